/* picket report - the state of security as a page, and plans that send it by mail. */
#include <stdlib.h>

#include "cli/group.h"

#define RECIPIENTS_MAX 1000 /* the server tells how many it takes */

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
        { "TO", "recipients" },
        { "NEXT", "next_at" },
        { "LAST", "last_at" },
        { "ERROR", "error" },
        { NULL, NULL },
    };

    return pk_cli_table(cli, "/report-plans", NULL, columns, err);
}

static int add_plan(struct pk_cli *cli, struct pk_error *err)
{
    json_t *made = NULL;
    json_t *body;
    int rc;

    if (cli->every == NULL || cli->to == NULL) {
        return pk_error_set(
                err, PK_EINVAL, "%s is missing", cli->every == NULL ? "--every" : "--to");
    }
    body = json_pack("{s:s, s:s, s:s*, s:o}", "kind", cli->args[0], "every", cli->every, "group",
            cli->group, "recipients", pk_cli_words(cli->to, RECIPIENTS_MAX));
    rc = body != NULL ? pk_rest_call(cli->rest, "POST", "/report-plans", NULL, body, 0, &made, err)
                      : pk_error_set(err, PK_EINVAL, "this is not UTF-8 text");
    if (rc == PK_OK && cli->json) {
        pk_print_json(stdout, made);
    } else if (rc == PK_OK) {
        (void)printf("%s: first sent at %s\n", json_string_value(json_object_get(made, "id")),
                json_string_value(json_object_get(made, "next_at")));
    }
    json_decref(made);
    json_decref(body);
    return rc < 0 ? rc : PK_EXIT_FINE;
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
        { "add", "KIND", PK_OPT_PLAN, 0, add_plan, "a plan: send it again and again" },
        { "remove", "ID", 0, 0, remove_plan, "a plan" },
        { NULL },
    };
    static const struct pk_group group = { "report", verbs };

    return pk_group_run(&group, argc, argv);
}
