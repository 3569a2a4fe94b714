/* picket threat - the catalogue. It is built in: no server is asked. */
#include <string.h>

#include "cli/group.h"
#include "model/threat.h"

static json_t *strings(const char *const *items, size_t count)
{
    json_t *list = json_array();

    for (size_t i = 0; i < count; i++) {
        (void)json_array_append_new(list, json_string(items[i]));
    }
    return list;
}

static json_t *view(const struct pk_threat *t)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:s, s:o, s:o}", "id", t->id,
            "vector", pk_vector_name(t->vector), "severity", pk_severity_name(t->severity),
            "urgency", pk_urgency_name(t->urgency), "title", t->title, "why", t->why, "next",
            strings(t->next, t->next_count), "admin", t->admin, "ends_when", t->ends_when, "attack",
            strings(t->attack, t->attack_count), "nist", strings(t->nist, t->nist_count));
}

static int list(struct pk_cli *cli, struct pk_error *err)
{
    static const struct pk_column columns[] = {
        { "ID", "id" },
        { "SEVERITY", "severity" },
        { "TELLS", "urgency" },
        { "TITLE", "title" },
        { NULL, NULL },
    };
    json_t *items = json_array();

    (void)err;
    for (size_t i = 0; i < pk_threat_count(); i++) {
        (void)json_array_append_new(items, view(pk_threat_at(i)));
    }
    if (cli->json) {
        json_t *all = json_pack(
                "{s:O, s:I}", "items", items, "total", (json_int_t)json_array_size(items));

        pk_print_json(stdout, all);
        json_decref(all);
    } else {
        pk_print_table(stdout, columns, items);
    }
    json_decref(items);
    return PK_EXIT_FINE;
}

static int show(struct pk_cli *cli, struct pk_error *err)
{
    const struct pk_threat *threat = pk_threat_find(cli->args[0]);
    json_t *object;

    if (threat == NULL) {
        return pk_error_set(err, PK_ENOENT, "there is no threat '%s'", cli->args[0]);
    }
    object = view(threat);
    (cli->json ? pk_print_json : pk_print_tree)(stdout, object);
    json_decref(object);
    return PK_EXIT_FINE;
}

int pk_cmd_threat(int argc, char **argv)
{
    static const struct pk_verb verbs[] = {
        { "list", NULL, 0, 0, list, "all threats that Picket knows" },
        { "show", "ID", 0, 0, show, "one with its texts, ATT&CK and NIST ids" },
        { NULL },
    };
    static const struct pk_group group = { "threat", verbs };

    return pk_group_run(&group, argc, argv);
}
