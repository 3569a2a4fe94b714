/* picket user - people who open the console. */
#include "cli/group.h"

static int signin_link(struct pk_cli *cli, struct pk_error *err)
{
    json_t *body = json_pack("{s:s, s:s}", "name", cli->args[0], "role", cli->role);
    json_t *link = NULL;
    int rc = body == NULL
            ? pk_error_set(err, PK_EINVAL, "the name is not UTF-8 text")
            : pk_rest_call(cli->rest, "POST", "/users/signin-link", NULL, body, 0, &link, err);

    if (rc == PK_OK && cli->json) {
        pk_print_json(stdout, link);
    } else if (rc == PK_OK) {
        (void)puts(json_string_value(json_object_get(link, "url")));
        (void)fputs("It works once, within 15 minutes.\n", stderr);
    }
    json_decref(link);
    json_decref(body);
    return rc < 0 ? rc : PK_EXIT_FINE;
}

int pk_cmd_user(int argc, char **argv)
{
    static const struct pk_verb verbs[] = {
        { "signin-link", "NAME", PK_OPT_ROLE, PK_OPT_ROLE, signin_link,
                "make a one-time link that opens the console" },
        { NULL },
    };
    static const struct pk_group group = { "user", verbs };

    return pk_group_run(&group, argc, argv);
}
