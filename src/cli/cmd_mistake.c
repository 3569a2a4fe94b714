/* picket mistake - what people called a mistake, kept so that nobody has to say it twice. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/schema.h"
#include "cli/group.h"

#define LINE_MAX_BYTES (64UL * 1024)

static int list(struct pk_cli *cli, struct pk_error *err)
{
    static const struct pk_column columns[] = {
        { "ID", "id" },
        { "THREAT", "threat" },
        { "SUBJECT", "subject" },
        { "RULE", "rule" },
        { "FOR", "scope" },
        { "GROUP", "group" },
        { "DEVICE", "device.name" },
        { "EXPIRES", "expires_at" },
        { "USES", "uses" },
        { "BY", "created_by" },
        { "REASON", "reason" },
        { NULL, NULL },
    };

    return pk_cli_list(cli, "/mistakes", columns, err);
}

static json_t *body_of(const struct pk_cli *cli)
{
    const char *scope = cli->device != NULL ? "device" : cli->group != NULL ? "group" : "all";
    json_t *body = json_pack("{s:s, s:s, s:s, s:s*, s:s*, s:s*, s:s*}", "reason", cli->reason,
            "threat", cli->threat, "scope", scope, "device", cli->device, "group", cli->group,
            "subject", cli->subject, "rule", cli->rule);
    char until[PK_TIME_TEXT];

    if (body != NULL && cli->ttl_s > 0) {
        (void)json_object_set_new(body, "expires_at",
                json_string(pk_time_format(pk_clock_ms() + cli->ttl_s * INT64_C(1000), until)));
    }
    return body;
}

static int post(struct pk_cli *cli, const json_t *body, struct pk_error *err)
{
    json_t *made = NULL;
    int rc = pk_rest_call(cli->rest, "POST", "/mistakes", NULL, body, 300, &made, err);

    if (rc == PK_OK && cli->json) {
        pk_print_json(stdout, made);
    } else if (rc == PK_OK) {
        (void)printf("%s: %lld incidents dismissed\n",
                json_string_value(json_object_get(made, "id")),
                (long long)json_integer_value(json_object_get(made, "uses")));
    }
    json_decref(made);
    return rc;
}

static int add(struct pk_cli *cli, struct pk_error *err)
{
    json_t *body;
    int rc;

    if (cli->threat == NULL || (cli->device != NULL && cli->group != NULL)) {
        return pk_error_set(err, PK_EINVAL, "%s",
                cli->threat == NULL ? "--threat is missing" : "either --device or --group");
    }
    body = body_of(cli);
    rc = body != NULL ? post(cli, body, err) : pk_error_set(err, PK_ENOMEM, "out of memory");
    json_decref(body);
    return rc;
}

static int end(struct pk_cli *cli, struct pk_error *err)
{
    return pk_cli_remove(cli, "/mistakes", err);
}

/* ---- as JSON lines: a line is what "add" takes -------------------------------------------------------- */

static int print_line(const json_t *row)
{
    static const char *const keys[] = { "reason", "scope", "group", "threat", "subject", "rule",
        "expires_at" };
    const json_t *device = json_object_get(json_object_get(row, "device"), "id");
    json_t *line = json_object();
    char *text;

    for (size_t i = 0; i < PK_COUNT(keys); i++) {
        json_t *value = json_object_get(row, keys[i]);

        if (json_is_string(value)) {
            (void)json_object_set(line, keys[i], value);
        }
    }
    if (json_is_string(device)) {
        (void)json_object_set(line, "device", (json_t *)device);
    }
    text = json_dumps(line, JSON_COMPACT);
    json_decref(line);
    if (text == NULL || puts(text) < 0) {
        free(text);
        return PK_ENOMEM;
    }
    free(text);
    return PK_OK;
}

/* Those that hold; what has ended is history. */
static int export_all(struct pk_cli *cli, struct pk_error *err)
{
    char cursor[256] = "";
    int rc = PK_OK;

    do {
        struct pk_rest_param params[] = { { "limit", "500" }, { "filter", "active:yes" },
            { "cursor", cursor[0] != '\0' ? cursor : NULL }, { NULL, NULL } };
        json_t *page = NULL;
        const char *next;
        const json_t *row;
        size_t i;

        rc = pk_rest_call(cli->rest, "GET", "/mistakes", params, NULL, 0, &page, err);
        json_array_foreach (json_object_get(page, "items"), i, row) {
            rc = rc == PK_OK ? print_line(row) : rc;
        }
        next = json_string_value(json_object_get(page, "next_cursor"));
        (void)snprintf(cursor, sizeof(cursor), "%s", next != NULL ? next : "");
        json_decref(page);
    } while (rc == PK_OK && cursor[0] != '\0');
    return rc;
}

static int import_line(struct pk_cli *cli, const char *text, size_t number, struct pk_error *err)
{
    json_t *body = NULL;
    json_t *made = NULL;
    int rc = pk_json_parse(text, strlen(text), &body, err);

    if (rc == PK_OK) {
        rc = pk_rest_call(cli->rest, "POST", "/mistakes", NULL, body, 300, &made, err);
    }
    json_decref(body);
    json_decref(made);
    if (rc < 0) {
        (void)fprintf(stderr, "picket mistake: line %zu: %s\n", number, err->text);
    }
    return rc;
}

/* Every line stands alone: a bad one is told and the others are taken. */
static int import_all(struct pk_cli *cli, struct pk_error *err)
{
    FILE *in = strcmp(cli->args[0], "-") == 0 ? stdin : fopen(cli->args[0], "re");
    char *line = NULL;
    size_t room = 0;
    size_t number = 0;
    size_t good = 0;
    size_t bad = 0;
    ssize_t len;

    if (in == NULL) {
        return pk_error_set(err, -errno, "'%s': %s", cli->args[0], pk_code_text(-errno));
    }
    for (len = getline(&line, &room, in); len >= 0; len = getline(&line, &room, in)) {
        number++;
        if (len > 1 && (size_t)len < LINE_MAX_BYTES) {
            int rc = import_line(cli, line, number, err);

            good += rc == PK_OK;
            bad += rc < 0;
        } else {
            bad += len > 1;
        }
    }
    free(line);
    if (in != stdin) {
        (void)fclose(in);
    }
    (void)printf("%zu taken, %zu refused\n", good, bad);
    return bad > 0 ? PK_EXIT_FAILED : PK_EXIT_FINE;
}

int pk_cmd_mistake(int argc, char **argv)
{
    static const struct pk_verb verbs[] = {
        { "list", NULL, PK_OPT_LIST, 0, list, "filters: scope threat subject rule active q" },
        { "add", NULL, PK_OPT_REASON | PK_OPT_MISTAKE, PK_OPT_REASON, add,
                "from now on this is none; without --device and --group for everybody" },
        { "remove", "ID", 0, 0, end, "it is one again: what was dismissed comes back" },
        { "export", NULL, 0, 0, export_all, "what holds, as JSON lines" },
        { "import", "FILE", 0, 0, import_all, "such lines ('-': standard input)" },
        { NULL },
    };
    static const struct pk_group group = { "mistake", verbs };

    return pk_group_run(&group, argc, argv);
}
