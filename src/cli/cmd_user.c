/* picket user - people who open the console. */
#include <stdio.h>
#include <string.h>

#include "cli/group.h"

#define GROUPS_MAX 16

/* {"name"?,"role","groups"?} as the options say; --group may hold several names with commas. NULL: not UTF-8. */
static json_t *body_of(const struct pk_cli *cli, const char *name)
{
    json_t *body = json_pack("{s:s, s:s*}", "role", cli->role, "name", name);
    json_t *groups = pk_cli_words(cli->group, GROUPS_MAX);

    if (groups == NULL) {
        json_decref(body);
        return NULL;
    }
    if (json_array_size(groups) > 0) {
        (void)json_object_set(body, "groups", groups);
    }
    json_decref(groups);
    return body;
}

static int send(struct pk_cli *cli, const char *method, const char *path, json_t *body,
        json_t **answer, struct pk_error *err)
{
    int rc = body == NULL ? pk_error_set(err, PK_EINVAL, "the name is not UTF-8 text")
                          : pk_rest_call(cli->rest, method, path, NULL, body, 0, answer, err);

    json_decref(body);
    return rc;
}

static int signin_link(struct pk_cli *cli, struct pk_error *err)
{
    json_t *link = NULL;
    int rc = send(cli, "POST", "/users/signin-link", body_of(cli, cli->args[0]), &link, err);

    if (rc == PK_OK && cli->json) {
        pk_print_json(stdout, link);
    } else if (rc == PK_OK) {
        (void)puts(json_string_value(json_object_get(link, "url")));
        (void)fputs("It works once, within 15 minutes.\n", stderr);
    }
    json_decref(link);
    return rc < 0 ? rc : PK_EXIT_FINE;
}

static int list(struct pk_cli *cli, struct pk_error *err)
{
    static const struct pk_column columns[] = {
        { "ID", "id" },
        { "NAME", "name" },
        { "ROLE", "role" },
        { "BY", "source" },
        { "LAST SEEN", "last_seen_at" },
        { "DISABLED", "disabled_at" },
        { NULL, NULL },
    };

    return pk_cli_list(cli, "/people", columns, err);
}

static int add(struct pk_cli *cli, struct pk_error *err)
{
    json_t *person = NULL;
    int rc = send(cli, "POST", "/people", body_of(cli, cli->args[0]), &person, err);

    if (rc == PK_OK && cli->json) {
        pk_print_json(stdout, person);
    } else if (rc == PK_OK) {
        (void)puts(json_string_value(json_object_get(person, "id")));
    }
    json_decref(person);
    return rc < 0 ? rc : PK_EXIT_FINE;
}

/* The id goes into a path: only what ids are made of. */
static int act(struct pk_cli *cli, const char *method, const char *what, json_t *body,
        json_t **answer, struct pk_error *err)
{
    char path[128];

    if (strlen(cli->args[0]) > 64 ||
            strspn(cli->args[0], "0123456789abcdef-") != strlen(cli->args[0])) {
        json_decref(body);
        return pk_error_set(err, PK_EINVAL, "this is no id: see picket user list");
    }
    (void)snprintf(path, sizeof(path), "/people/%s%s", cli->args[0], what);
    if (body != NULL) {
        return send(cli, method, path, body, answer, err);
    }
    return pk_rest_call(cli->rest, method, path, NULL, NULL, 0, answer, err);
}

static int run(struct pk_cli *cli, const char *method, const char *what, json_t *body,
        struct pk_error *err)
{
    json_t *answer = NULL;
    int rc = act(cli, method, what, body, &answer, err);

    if (rc == PK_OK && cli->json && answer != NULL) {
        pk_print_json(stdout, answer);
    }
    json_decref(answer);
    return rc < 0 ? rc : PK_EXIT_FINE;
}

static int change(struct pk_cli *cli, struct pk_error *err)
{
    return run(cli, "PUT", "", body_of(cli, NULL), err);
}

static int disable(struct pk_cli *cli, struct pk_error *err)
{
    return run(cli, "POST", "/disable", NULL, err);
}

static int enable(struct pk_cli *cli, struct pk_error *err)
{
    return run(cli, "POST", "/enable", NULL, err);
}

static int sign_out(struct pk_cli *cli, struct pk_error *err)
{
    return run(cli, "DELETE", "/sessions", NULL, err);
}

static int remove_one(struct pk_cli *cli, struct pk_error *err)
{
    return pk_cli_remove(cli, "/people", err);
}

static int codes(struct pk_cli *cli, struct pk_error *err)
{
    json_t *made = NULL;
    const json_t *recovery;
    int rc = act(cli, "POST", "/codes", NULL, &made, err);

    if (rc == PK_OK && cli->json) {
        pk_print_json(stdout, made);
    } else if (rc == PK_OK) {
        recovery = json_object_get(made, "recovery");
        (void)puts(json_string_value(json_object_get(made, "url")));
        for (size_t i = 0; i < json_array_size(recovery); i++) {
            (void)puts(json_string_value(json_array_get(recovery, i)));
        }
        (void)fputs("This is shown once.\n", stderr);
    }
    json_decref(made);
    return rc < 0 ? rc : PK_EXIT_FINE;
}

int pk_cmd_user(int argc, char **argv)
{
    static const struct pk_verb verbs[] = {
        { "list", NULL, PK_OPT_LIST, 0, list, "filters: name role issuer q" },
        { "add", "NAME", PK_OPT_ROLE | PK_OPT_GROUP, PK_OPT_ROLE, add,
                "add somebody; --group: whose devices they see" },
        { "change", "ID", PK_OPT_ROLE | PK_OPT_GROUP, PK_OPT_ROLE, change,
                "another role, other groups; holds at once" },
        { "disable", "ID", 0, 0, disable, "let somebody in no more; sessions end at once" },
        { "enable", "ID", 0, 0, enable, "let somebody in again" },
        { "remove", "ID", 0, 0, remove_one, "with all sessions" },
        { "codes", "ID", 0, 0, codes, "new one-time codes; shown once" },
        { "sign-out", "ID", 0, 0, sign_out, "end all sessions" },
        { "signin-link", "NAME", PK_OPT_ROLE | PK_OPT_GROUP, PK_OPT_ROLE, signin_link,
                "make a one-time link that opens the console" },
        { NULL },
    };
    static const struct pk_group group = { "user", verbs };

    return pk_group_run(&group, argc, argv);
}
