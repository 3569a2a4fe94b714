/* picket token - API tokens of programs. */
#include "cli/group.h"

static int list(struct pk_cli *cli, struct pk_error *err)
{
    static const struct pk_column columns[] = {
        { "ID", "id" },
        { "NAME", "name" },
        { "ROLE", "role" },
        { "CREATED", "created_at" },
        { "EXPIRES", "expires_at" },
        { "LAST USED", "last_used_at" },
        { NULL, NULL },
    };

    return pk_cli_list(cli, "/tokens", columns, err);
}

static int create(struct pk_cli *cli, struct pk_error *err)
{
    json_t *body = json_pack("{s:s, s:s}", "name", cli->args[0], "role", cli->role);
    json_t *token = NULL;
    int rc;

    if (cli->ttl_s > 0) {
        (void)json_object_set_new(body, "ttl_s", json_integer(cli->ttl_s));
    }
    rc = body == NULL ? pk_error_set(err, PK_EINVAL, "the name is not UTF-8 text")
                      : pk_rest_call(cli->rest, "POST", "/tokens", NULL, body, 0, &token, err);
    if (rc == PK_OK && cli->json) {
        pk_print_json(stdout, token);
    } else if (rc == PK_OK) {
        /* Alone on standard output, so that a script can keep it. */
        (void)puts(json_string_value(json_object_get(token, "token")));
        (void)fputs("This is shown once.\n", stderr);
    }
    json_decref(token);
    json_decref(body);
    return rc < 0 ? rc : PK_EXIT_FINE;
}

static int remove_one(struct pk_cli *cli, struct pk_error *err)
{
    return pk_cli_remove(cli, "/tokens", err);
}

int pk_cmd_token(int argc, char **argv)
{
    static const struct pk_verb verbs[] = {
        { "list", NULL, PK_OPT_LIST, 0, list, "filters: name role q" },
        { "create", "NAME", PK_OPT_ROLE | PK_OPT_TTL, PK_OPT_ROLE, create,
                "make one; it is shown once" },
        { "remove", "ID", 0, 0, remove_one, "it stops to work at once" },
        { NULL },
    };
    static const struct pk_group group = { "token", verbs };

    return pk_group_run(&group, argc, argv);
}
