/* picket health - is the server well? Exit status 1 when it says that it is not. */
#include <string.h>

#include "cli/group.h"

static int health(struct pk_cli *cli, struct pk_error *err)
{
    json_t *answer = NULL;
    const char *status;
    int rc = pk_rest_call(cli->rest, "GET", "/health", NULL, NULL, 0, &answer, err);

    if (rc < 0) {
        return rc;
    }
    (cli->json ? pk_print_json : pk_print_tree)(stdout, answer);
    status = json_string_value(json_object_get(answer, "status"));
    rc = status != NULL && strcmp(status, "ok") == 0 ? PK_EXIT_FINE : PK_EXIT_NEWS;
    json_decref(answer);
    return rc;
}

int pk_cmd_health(int argc, char **argv)
{
    static const struct pk_verb verbs[] = {
        { "", NULL, 0, 0, health, "versions, journal, store, outbox; 1 when something is wrong" },
        { NULL },
    };
    static const struct pk_group group = { "health", verbs };

    return pk_group_run(&group, argc, argv);
}
