/* picket enrollment - letting devices in. */
#include "cli/group.h"

static int list(struct pk_cli *cli, struct pk_error *err)
{
    static const struct pk_column columns[] = {
        { "ID", "id" },
        { "LABEL", "label" },
        { "GROUP", "group" },
        { "LEFT", "uses_left" },
        { "OF", "uses" },
        { "EXPIRES", "expires_at" },
        { "BY", "created_by" },
        { NULL, NULL },
    };

    return pk_cli_list(cli, "/enrollments", columns, err);
}

static json_t *body_of(const struct pk_cli *cli)
{
    json_t *body = json_object();

    if (cli->label != NULL) {
        (void)json_object_set_new(body, "label", json_string(cli->label));
    }
    if (cli->group != NULL) {
        (void)json_object_set_new(body, "group", json_string(cli->group));
    }
    if (cli->ttl_s > 0) {
        (void)json_object_set_new(body, "ttl_s", json_integer(cli->ttl_s));
    }
    if (cli->uses > 0) {
        (void)json_object_set_new(body, "uses", json_integer(cli->uses));
    }
    return body;
}

static int create(struct pk_cli *cli, struct pk_error *err)
{
    json_t *body = body_of(cli);
    json_t *made = NULL;
    int rc = pk_rest_call(cli->rest, "POST", "/enrollments", NULL, body, 0, &made, err);

    if (rc == PK_OK && cli->json) {
        pk_print_json(stdout, made);
    } else if (rc == PK_OK) {
        (void)puts(json_string_value(json_object_get(made, "url")));
        (void)fputs("This is shown once. On the device: picket-agent enroll 'URL'\n", stderr);
    }
    json_decref(made);
    json_decref(body);
    return rc < 0 ? rc : PK_EXIT_FINE;
}

static int remove_one(struct pk_cli *cli, struct pk_error *err)
{
    return pk_cli_remove(cli, "/enrollments", err);
}

int pk_cmd_enrollment(int argc, char **argv)
{
    static const struct pk_verb verbs[] = {
        { "list", NULL, PK_OPT_LIST, 0, list, "filters: label group q" },
        { "create", NULL, PK_OPT_ENROL | PK_OPT_TTL, 0, create, "make a link; it is shown once" },
        { "remove", "ID", 0, 0, remove_one, "it lets nobody in any more" },
        { NULL },
    };
    static const struct pk_group group = { "enrollment", verbs };

    return pk_group_run(&group, argc, argv);
}
