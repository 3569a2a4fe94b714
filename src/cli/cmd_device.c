/* picket device - what is protected. */
#include "cli/group.h"

static int list(struct pk_cli *cli, struct pk_error *err)
{
    static const struct pk_column columns[] = {
        { "ID", "id" },
        { "NAME", "name" },
        { "PLATFORM", "platform" },
        { "SYSTEM", "os.version" },
        { "STATUS", "status" },
        { "RISK", "risk.score" },
        { "LEVEL", "risk.level" },
        { "OPEN", "open_incidents" },
        { "LAST SEEN", "last_seen_at" },
        { NULL, NULL },
    };

    return pk_cli_list(cli, "/devices", columns, err);
}

static int show(struct pk_cli *cli, struct pk_error *err)
{
    return pk_cli_show(cli, "/devices", err);
}

static int revoke(struct pk_cli *cli, struct pk_error *err)
{
    return pk_cli_act(cli, "/devices", "/revoke", "revoked", err);
}

int pk_cmd_device(int argc, char **argv)
{
    static const struct pk_verb verbs[] = {
        { "list", NULL, PK_OPT_LIST, 0, list, "filters: status platform level group q" },
        { "show", "ID", 0, 0, show, "one device with its risk, posture and incidents" },
        { "revoke", "ID", PK_OPT_REASON, PK_OPT_REASON, revoke, "refuse its certificate" },
        { NULL },
    };
    static const struct pk_group group = { "device", verbs };

    return pk_group_run(&group, argc, argv);
}
