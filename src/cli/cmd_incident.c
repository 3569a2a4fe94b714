/* picket incident - what happened, and what a person makes of it. */
#include "cli/group.h"

static int list(struct pk_cli *cli, struct pk_error *err)
{
    static const struct pk_column columns[] = {
        { "ID", "id" },
        { "UPDATED", "updated_at" },
        { "SEVERITY", "severity" },
        { "STATE", "state" },
        { "DEVICE", "device.name" },
        { "THREAT", "threat" },
        { "TITLE", "title" },
        { NULL, NULL },
    };

    return pk_cli_list(cli, "/incidents", columns, err);
}

static int show(struct pk_cli *cli, struct pk_error *err)
{
    return pk_cli_show(cli, "/incidents", err);
}

static int dismiss(struct pk_cli *cli, struct pk_error *err)
{
    return pk_cli_act(cli, "/incidents", "/dismiss", "dismissed", err);
}

static int reopen(struct pk_cli *cli, struct pk_error *err)
{
    return pk_cli_act(cli, "/incidents", "/reopen", "reopened", err);
}

int pk_cmd_incident(int argc, char **argv)
{
    static const struct pk_verb verbs[] = {
        { "list", NULL, PK_OPT_LIST, 0, list,
                "filters: state severity vector threat device subject q" },
        { "show", "ID", 0, 0, show, "one incident with its evidence and time line" },
        { "dismiss", "ID", PK_OPT_REASON, PK_OPT_REASON, dismiss, "say that it is none" },
        { "reopen", "ID", PK_OPT_REASON, PK_OPT_REASON, reopen, "open it again" },
        { NULL },
    };
    static const struct pk_group group = { "incident", verbs };

    return pk_group_run(&group, argc, argv);
}
