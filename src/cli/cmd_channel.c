/* picket channel - the ways by which Picket tells people and programs. */
#include <stdlib.h>

#include "cli/group.h"

static int list(struct pk_cli *cli, struct pk_error *err)
{
    static const struct pk_column columns[] = {
        { "NAME", "name" },
        { "KIND", "kind" },
        { "ADDRESS", "address" },
        { "PENDING", "pending" },
        { "LAST OK", "last_ok_at" },
        { "LAST ERROR", "last_error" },
        { NULL, NULL },
    };

    return pk_cli_table(cli, "/channels", NULL, columns, err);
}

static int send_test(struct pk_cli *cli, const char *name, const char *to, struct pk_error *err)
{
    char *escaped = pk_rest_escape(name);
    json_t *body = json_pack("{s:s*}", "to", to);
    json_t *answer = NULL;
    char path[400];
    int rc = escaped != NULL && body != NULL ? PK_OK
                                             : pk_error_set(err, PK_ENOMEM, "out of memory");

    if (rc == PK_OK) {
        (void)snprintf(path, sizeof(path), "/channels/%.300s/test", escaped);
        rc = pk_rest_call(cli->rest, "POST", path, NULL, body, 0, &answer, err);
    }
    free(escaped);
    json_decref(body);
    if (rc < 0) {
        return rc;
    }
    if (cli->json) {
        pk_print_json(stdout, answer);
    } else {
        (void)puts("A test is on its way; `picket channel list` says how it went.");
    }
    json_decref(answer);
    return PK_EXIT_FINE;
}

static int test(struct pk_cli *cli, struct pk_error *err)
{
    return send_test(cli, cli->args[0], NULL, err);
}

static int mail(struct pk_cli *cli, struct pk_error *err)
{
    return send_test(cli, "mail", cli->args[0], err);
}

int pk_cmd_channel(int argc, char **argv)
{
    static const struct pk_verb verbs[] = {
        { "list", NULL, 0, 0, list, "each way: what waits, when it last worked, what is wrong" },
        { "test", "NAME", 0, 0, test, "send a test by a webhook or to the SOC" },
        { "mail", "ADDRESS", 0, 0, mail, "send a test letter" },
        { NULL },
    };
    static const struct pk_group group = { "channel", verbs };

    return pk_group_run(&group, argc, argv);
}
