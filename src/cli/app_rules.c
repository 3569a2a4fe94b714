/* picket app rules check FILE - is the document of lists, exceptions and rules as it should be? Needs no server.
 * picket app rules attributes - what a rule can ask. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/app_local.h"
#include "cli/command.h"
#include "cli/print.h"
#include "defense/reputation/lists.h"

#define ARENA_MAX (128UL * 1024 * 1024)

static const char usage[] =
        "usage: picket app rules check [--json] FILE...\n"
        "       picket app rules attributes [--json]\n"
        "Checks documents with the organisation's lists, exceptions and rules for unwanted apps, "
        "or\n"
        "tells what a rule can ask of an app. Try a document: picket scan --lists FILE APP...\n"
        "Exit status: 0 fine, 1 a document is wrong, 2 wrong usage, 3 it cannot be read.\n";

static size_t over(const struct pk_app_lists *lists, int64_t now_ms)
{
    const struct pk_app_exception *exceptions = lists->exceptions.items;
    const struct pk_array *both[] = { &lists->allow, &lists->deny };
    size_t count = 0;

    for (size_t i = 0; i < lists->exceptions.count; i++) {
        count += exceptions[i].expires != 0 && exceptions[i].expires <= now_ms;
    }
    for (size_t n = 0; n < PK_COUNT(both); n++) {
        const struct pk_app_listed *items = both[n]->items;

        for (size_t i = 0; i < both[n]->count; i++) {
            count += items[i].until != 0 && items[i].until <= now_ms;
        }
    }
    return count;
}

static void tell(const char *file, const struct pk_app_lists *lists, bool json)
{
    size_t ended = over(lists, pk_clock_ms());

    if (json) {
        json_t *row = json_pack("{s:s, s:b, s:I, s:I, s:I, s:I, s:I}", "file", file, "ok", 1,
                "allow", (json_int_t)lists->allow.count, "deny", (json_int_t)lists->deny.count,
                "exceptions", (json_int_t)lists->exceptions.count, "unwanted",
                (json_int_t)lists->unwanted.count, "expired", (json_int_t)ended);

        pk_print_json(stdout, row);
        json_decref(row);
        return;
    }
    (void)pk_print_text(stdout, file, SIZE_MAX);
    (void)printf(": fine; %zu allowed, %zu denied, %zu exceptions, %zu rules", lists->allow.count,
            lists->deny.count, lists->exceptions.count, lists->unwanted.count);
    (void)printf(ended > 0 ? "; %zu of them have expired\n" : "\n", ended);
}

static void tell_wrong(const char *file, const struct pk_error *err, bool json)
{
    if (json) {
        json_t *row = json_pack("{s:s, s:b, s:i, s:s, s:s}", "file", file, "ok", 0, "line",
                err->line, "path", err->path, "error", err->text);

        pk_print_json(stdout, row);
        json_decref(row);
        return;
    }
    (void)pk_print_text(stderr, err->text, SIZE_MAX);
    (void)fputc('\n', stderr);
}

/* enum pk_exit */
static int check(const char *file, bool json)
{
    struct pk_arena *arena = pk_arena_create(ARENA_MAX);
    struct pk_app_lists lists;
    struct pk_error err = { 0 };
    int rc = arena == NULL ? pk_error_set(&err, PK_ENOMEM, "out of memory")
                           : pk_app_lists_load(file, arena, &lists, &err);

    if (rc == PK_OK) {
        tell(file, &lists, json);
    } else {
        tell_wrong(file, &err, json);
    }
    pk_arena_destroy(arena);
    /* What the system said is a failure, what the document says is news. */
    return rc == PK_OK                          ? PK_EXIT_FINE
            : rc > PK_ETRUNC && rc != PK_EEXIST ? PK_EXIT_FAILED
                                                : PK_EXIT_NEWS;
}

static const char *type_name(enum pk_type type)
{
    switch (type) {
    case PK_TYPE_TRI:
    case PK_TYPE_BOOL:
        return "true or false";
    case PK_TYPE_INT:
    case PK_TYPE_REAL:
        return "number";
    case PK_TYPE_STRINGS:
        return "list";
    case PK_TYPE_OBJECT:
        return "{data, to}";
    default:
        return "text";
    }
}

static void attributes(bool json)
{
    const struct pk_schema *schema = &pk_app_condition_schema;
    json_t *rows = json_array();

    for (size_t i = 0; i < schema->count; i++) {
        const struct pk_field *f = &schema->fields[i];

        if (json) {
            (void)json_array_append_new(rows,
                    json_pack("{s:s, s:s, s:s}", "name", f->name, "type", type_name(f->type),
                            "help", f->help));
        } else {
            (void)printf("%-18s %-14s %s\n", f->name, type_name(f->type), f->help);
        }
    }
    if (json) {
        pk_print_json(stdout, rows);
    }
    json_decref(rows);
}

int pk_app_local_rules(int argc, char **argv)
{
    bool json = false;
    int result = PK_EXIT_FINE;
    int files = 0;

    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            (void)fputs(usage, stdout);
            return PK_EXIT_FINE;
        }
        if (argv[i][0] == '-' && strcmp(argv[i], "--json") != 0) {
            (void)fprintf(stderr, "picket app rules: there is no option %s\n%s", argv[i], usage);
            return PK_EXIT_USAGE;
        }
        json = json || argv[i][0] == '-';
        files += argv[i][0] != '-';
    }
    if ((strcmp(argv[1], "check") == 0) != (files > 0)) {
        (void)fputs(usage, stderr);
        return PK_EXIT_USAGE;
    }
    if (files == 0) {
        attributes(json);
        return PK_EXIT_FINE;
    }
    for (int i = 2; i < argc; i++) {
        int rc = argv[i][0] != '-' ? check(argv[i], json) : PK_EXIT_FINE;

        /* A wrong document is told before one that is not there. */
        result = rc == PK_EXIT_NEWS || result == PK_EXIT_NEWS ? PK_EXIT_NEWS
                : rc > result                                 ? rc
                                                              : result;
    }
    return result;
}
