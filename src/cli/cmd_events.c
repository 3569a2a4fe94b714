/* picket events - the event stream: all of it, or as it happens. */
#include <stdlib.h>
#include <string.h>

#include "cli/group.h"

#define WAIT_S 25

static const char *text_at(const json_t *object, const char *key, const char *member)
{
    const char *text = json_string_value(json_object_get(json_object_get(object, key), member));

    return text != NULL ? text : "-";
}

/* One line a person can read. */
static json_t *line_of(const json_t *event)
{
    return json_pack("{s:O*, s:O*, s:O*, s:s, s:s}", "id", json_object_get(event, "id"), "at",
            json_object_get(event, "at"), "type", json_object_get(event, "type"), "device",
            text_at(event, "device", "name"), "what", text_at(event, "incident", "title"));
}

static void print(const struct pk_cli *cli, const json_t *items)
{
    const json_t *event;
    size_t n;

    json_array_foreach (items, n, event) {
        if (cli->json) {
            pk_print_json(stdout, event);
        } else {
            json_t *line = line_of(event);

            pk_print_row(stdout, line);
            json_decref(line);
        }
    }
    (void)fflush(stdout);
}

static int events(struct pk_cli *cli, struct pk_error *err)
{
    char *after = strdup(cli->after != NULL ? cli->after : "0");
    size_t count = 0;
    int rc = PK_OK;

    do {
        struct pk_rest_param params[] = {
            { "after", after },
            { "wait", cli->follow ? "25" : NULL },
            { "limit", "500" },
            { NULL, NULL },
        };
        json_t *answer = NULL;
        const char *next;

        rc = pk_rest_call(cli->rest, "GET", "/events", params, NULL, WAIT_S, &answer, err);
        if (rc == PK_OK) {
            print(cli, json_object_get(answer, "items"));
            count = json_array_size(json_object_get(answer, "items"));
            next = json_string_value(json_object_get(answer, "next"));
            free(after);
            after = next != NULL ? strdup(next) : NULL;
        }
        json_decref(answer);
    } while (rc == PK_OK && after != NULL && !ferror(stdout) && (cli->follow || count > 0));
    free(after);
    return rc < 0 ? rc : PK_EXIT_FINE;
}

int pk_cmd_events(int argc, char **argv)
{
    static const struct pk_verb verbs[] = {
        { "", NULL, PK_OPT_FOLLOW, 0, events, "one line an event; --json: one object a line" },
        { NULL },
    };
    static const struct pk_group group = { "events", verbs };

    return pk_group_run(&group, argc, argv);
}
