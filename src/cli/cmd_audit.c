/* picket audit - who did what. */
#include "cli/group.h"

static int list(struct pk_cli *cli, struct pk_error *err)
{
    static const struct pk_column columns[] = {
        { "AT", "at" },
        { "ACTOR", "actor" },
        { "ACT", "act" },
        { "TARGET", "target" },
        { "DETAIL", "detail" },
        { NULL, NULL },
    };

    return pk_cli_list(cli, "/audit", columns, err);
}

int pk_cmd_audit(int argc, char **argv)
{
    static const struct pk_verb verbs[] = {
        { "list", NULL, PK_OPT_LIST, 0, list, "newest first; filters: actor act target q" },
        { NULL },
    };
    static const struct pk_group group = { "audit", verbs };

    return pk_group_run(&group, argc, argv);
}
