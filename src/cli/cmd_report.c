/* picket report - the state of security as a page, and plans that send it by mail. */
#include <stdlib.h>

#include "cli/group.h"

static int show(struct pk_cli *cli, struct pk_error *err)
{
    const struct pk_rest_param params[] = { { "group", cli->group }, { NULL, NULL } };
    char *kind = pk_rest_escape(cli->args[0]);
    json_t *page = NULL;
    char path[200];
    int rc = kind != NULL ? PK_OK : pk_error_set(err, PK_ENOMEM, "out of memory");

    if (rc == PK_OK) {
        (void)snprintf(path, sizeof(path), "/reports/%.100s", kind);
        rc = pk_rest_call(cli->rest, "GET", path, params, NULL, 60, &page, err);
    }
    free(kind);
    if (rc < 0) {
        return rc;
    }
    (void)fwrite(json_string_value(page), 1, json_string_length(page), stdout);
    json_decref(page);
    return PK_EXIT_FINE;
}

static int plans(struct pk_cli *cli, struct pk_error *err)
{
    static const struct pk_column columns[] = {
        { "ID", "id" },
        { "KIND", "kind" },
        { "GROUP", "group" },
        { "EVERY", "every" },
        { "NEXT", "next_at" },
        { "LAST", "last_at" },
        { "ERROR", "error" },
        { NULL, NULL },
    };
    json_t *answer = NULL;
    int rc = pk_rest_call(cli->rest, "GET", "/report-plans", NULL, NULL, 0, &answer, err);

    if (rc < 0) {
        return rc;
    }
    if (cli->json) {
        pk_print_json(stdout, answer);
    } else {
        pk_print_table(stdout, columns, json_object_get(answer, "items"));
    }
    json_decref(answer);
    return PK_EXIT_FINE;
}

static int remove_plan(struct pk_cli *cli, struct pk_error *err)
{
    return pk_cli_remove(cli, "/report-plans", err);
}

int pk_cmd_report(int argc, char **argv)
{
    static const struct pk_verb verbs[] = {
        { "show", "KIND", PK_OPT_GROUP, 0, show,
                "security, actions or compliance, as HTML on standard output" },
        { "plans", NULL, 0, 0, plans, "which reports are sent to whom" },
        { "remove", "ID", 0, 0, remove_plan, "a plan" },
        { NULL },
    };
    static const struct pk_group group = { "report", verbs };

    return pk_group_run(&group, argc, argv);
}
