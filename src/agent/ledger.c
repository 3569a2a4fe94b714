#include "agent/ledger.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "model/observation.h"

#define FILE_MAX (512UL * 1024)

static int path_of(char out[PATH_MAX], const char *dir, const char *name, struct pk_error *err)
{
    if (snprintf(out, PATH_MAX, "%s/%s", dir, name) >= PATH_MAX) {
        return pk_error_set(err, -ENAMETOOLONG, "'%s' is too long a path", dir);
    }
    return PK_OK;
}

/* A JSON file; one that is not there, or not whole, is nothing. */
static json_t *read_json(const char *path)
{
    struct pk_buffer text = pk_buffer_of(FILE_MAX);
    json_t *out = NULL;

    if (pk_file_read(path, &text, NULL) == PK_OK && text.len > 0 &&
            pk_json_parse(text.ptr, text.len, &out, NULL) < 0) {
        out = NULL;
    }
    pk_buffer_finish(&text);
    return out;
}

static void count_up(json_t *object, const char *key, json_int_t by)
{
    json_int_t n = json_integer_value(json_object_get(object, key));

    (void)json_object_set_new(object, key, json_integer(n + by));
}

/* The day's row, made when it is new; the oldest goes when there are too many. */
static json_t *day_row(json_t *ledger, const char *day)
{
    json_t *days = json_object_get(ledger, "days");
    json_t *last;

    if (!json_is_array(days)) {
        days = json_array();
        (void)json_object_set_new(ledger, "days", days);
    }
    last = json_array_get(days, json_array_size(days) - 1);
    if (last != NULL) {
        const char *name = json_string_value(json_object_get(last, "day"));

        if (name != NULL && strcmp(name, day) == 0) {
            return last;
        }
    }
    while (json_array_size(days) >= PK_LEDGER_DAYS) {
        (void)json_array_remove(days, 0);
    }
    (void)json_array_append_new(days, json_pack("{s:s, s:{}}", "day", day, "kinds"));
    return json_array_get(days, json_array_size(days) - 1);
}

static int note_counts(
        json_t *ledger, const json_t *report, size_t sent_bytes, int64_t at_ms, json_int_t *number)
{
    const json_t *list = json_object_get(report, "observations");
    char day[PK_TIME_TEXT];
    json_t *row;
    json_t *kinds;

    pk_time_format(at_ms, day)[10] = '\0';
    row = day_row(ledger, day);
    kinds = json_object_get(row, "kinds");
    if (row == NULL || kinds == NULL) {
        return PK_ENOMEM;
    }
    count_up(row, "reports", 1);
    count_up(row, "bytes", (json_int_t)sent_bytes);
    count_up(row, "observations", (json_int_t)json_array_size(list));
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *kind = json_string_value(json_object_get(json_array_get(list, i), "kind"));

        if (kind != NULL) {
            count_up(kinds, kind, 1);
        }
    }
    count_up(ledger, "last", 1);
    *number = json_integer_value(json_object_get(ledger, "last"));
    return PK_OK;
}

/* Reports live in a ring of files, so that noting one does not rewrite all. */
static int keep_report(const char *dir, json_int_t number, struct pk_slice report, json_t *parsed,
        int64_t at_ms, struct pk_error *err)
{
    char name[32];
    char path[PATH_MAX];
    char at[PK_TIME_TEXT];
    json_t *kept;
    char *text;
    int rc = path_of(path, dir, "ledger", err);

    if (rc == PK_OK) {
        rc = pk_file_mkdirs(path, 0700, err);
    }
    (void)snprintf(name, sizeof(name), "ledger/%02d.json", (int)(number % PK_LEDGER_REPORTS));
    if (rc == PK_OK) {
        rc = path_of(path, dir, name, err);
    }
    if (rc < 0) {
        return rc;
    }
    kept = json_pack("{s:I, s:s}", "number", number, "at", pk_time_format(at_ms, at));
    if (report.len <= PK_LEDGER_TEXT) {
        (void)json_object_set(kept, "report", parsed);
    }
    text = pk_json_text(kept);
    rc = text != NULL ? pk_file_write(path, pk_slice_str(text), 0600, err)
                      : pk_error_set(err, PK_ENOMEM, "out of memory");
    free(text);
    json_decref(kept);
    return rc;
}

int pk_ledger_note(const char *state_dir, struct pk_slice report, size_t sent_bytes, int64_t at_ms,
        struct pk_error *err)
{
    char path[PATH_MAX];
    json_t *ledger = NULL;
    json_t *parsed = NULL;
    json_int_t number = 0;
    char *text = NULL;
    int rc = path_of(path, state_dir, "ledger.json", err);

    if (rc == PK_OK) {
        rc = pk_json_parse((const char *)report.ptr, report.len, &parsed, err);
    }
    if (rc < 0) {
        return rc;
    }
    ledger = read_json(path);
    if (!json_is_object(ledger)) {
        json_decref(ledger);
        ledger = json_object();
    }
    rc = note_counts(ledger, parsed, sent_bytes, at_ms, &number);
    if (rc == PK_OK) {
        rc = keep_report(state_dir, number, report, parsed, at_ms, err);
    }
    text = rc == PK_OK ? pk_json_text(ledger) : NULL;
    if (text != NULL) {
        rc = pk_file_write(path, pk_slice_str(text), 0600, err);
    }
    free(text);
    json_decref(parsed);
    json_decref(ledger);
    return rc;
}

static const char *privacy_word(enum pk_privacy privacy)
{
    switch (privacy) {
    case PK_PRIVACY_NEVER:
        return "never";
    case PK_PRIVACY_BLIND:
        return "hashed";
    case PK_PRIVACY_NONE:
    case PK_PRIVACY_COLLECT:
        break;
    }
    return "sent";
}

/* Every leaf of the tables that say what can leave a device. Depth: the tables' own, at most 3. */
static void put_fields(const struct pk_schema *schema, const char *before, json_t *out, int depth)
{
    for (size_t i = 0; i < schema->count; i++) {
        const struct pk_field *f = &schema->fields[i];
        char path[160];

        (void)snprintf(path, sizeof(path), "%s%s%s%s", before, before[0] != '\0' ? "." : "",
                f->name, f->type == PK_TYPE_OBJECTS ? "[]" : "");
        if (f->sub != NULL && depth > 0) {
            put_fields(f->sub, path, out, depth - 1);
            continue;
        }
        (void)json_array_append_new(out,
                json_pack("{s:s, s:s, s:s}", "field", path, "privacy", privacy_word(f->privacy),
                        "meaning", f->help != NULL ? f->help : ""));
    }
}

static int newest_first(const void *a, const void *b)
{
    json_int_t x = json_integer_value(json_object_get(*(json_t *const *)a, "number"));
    json_int_t y = json_integer_value(json_object_get(*(json_t *const *)b, "number"));

    return x < y ? 1 : x > y ? -1 : 0;
}

static json_t *read_reports(const char *state_dir)
{
    json_t *found[PK_LEDGER_REPORTS];
    json_t *out = json_array();
    size_t count = 0;

    for (int i = 0; i < PK_LEDGER_REPORTS; i++) {
        char name[32];
        char path[PATH_MAX];
        json_t *one;

        (void)snprintf(name, sizeof(name), "ledger/%02d.json", i);
        if (path_of(path, state_dir, name, NULL) == PK_OK && (one = read_json(path)) != NULL) {
            found[count++] = one;
        }
    }
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): pointers are what is sorted */
    qsort(found, count, sizeof(found[0]), newest_first);
    for (size_t i = 0; i < count; i++) {
        (void)json_array_append_new(out, found[i]);
    }
    return out;
}

int pk_ledger_read(const char *state_dir, json_t **out, struct pk_error *err)
{
    char path[PATH_MAX];
    json_t *ledger;
    json_t *days;
    json_t *fields = json_array();
    int rc = path_of(path, state_dir, "ledger.json", err);

    if (rc < 0) {
        json_decref(fields);
        return rc;
    }
    ledger = read_json(path);
    days = json_object_get(ledger, "days");
    put_fields(&pk_observation_schema, "", fields, 3);
    *out = json_pack(
            "{s:O?, s:o, s:o}", "days", days, "reports", read_reports(state_dir), "fields", fields);
    if (days == NULL) {
        (void)json_object_set_new(*out, "days", json_array());
    }
    json_decref(ledger);
    return PK_OK;
}

static void print_days(const json_t *days, struct pk_buffer *out)
{
    if (json_array_size(days) == 0) {
        (void)pk_buffer_puts(out, "Nothing was sent so far.\n");
        return;
    }
    (void)pk_buffer_puts(out, "Sent, by day\n");
    for (size_t i = json_array_size(days); i > 0; i--) {
        json_t *row = json_array_get(days, i - 1);
        const char *kind;
        json_t *n;

        (void)pk_buffer_printf(out, "  %s  %5lld observations in %lld reports, %lld bytes:",
                json_string_value(json_object_get(row, "day")),
                (long long)json_integer_value(json_object_get(row, "observations")),
                (long long)json_integer_value(json_object_get(row, "reports")),
                (long long)json_integer_value(json_object_get(row, "bytes")));
        json_object_foreach (json_object_get(row, "kinds"), kind, n) {
            (void)pk_buffer_printf(out, " %s %lld", kind, (long long)json_integer_value(n));
        }
        (void)pk_buffer_putc(out, '\n');
    }
}

static void print_fields(
        const json_t *fields, const char *privacy, const char *title, struct pk_buffer *out)
{
    (void)pk_buffer_printf(out, "\n%s\n", title);
    for (size_t i = 0; i < json_array_size(fields); i++) {
        const json_t *f = json_array_get(fields, i);

        if (strcmp(json_string_value(json_object_get(f, "privacy")), privacy) == 0) {
            (void)pk_buffer_printf(out, "  %-28s %s\n",
                    json_string_value(json_object_get(f, "field")),
                    json_string_value(json_object_get(f, "meaning")));
        }
    }
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text != NULL ? text : "-";
}

static long long number_of(const json_t *object, const char *key)
{
    return (long long)json_integer_value(json_object_get(object, key));
}

static void print_reports(const json_t *reports, size_t last, struct pk_buffer *out)
{
    for (size_t i = 0; i < json_array_size(reports) && i < last; i++) {
        const json_t *report = json_array_get(reports, i);
        char *text = json_dumps(json_object_get(report, "report"), JSON_INDENT(2));

        (void)pk_buffer_printf(out, "\nReport %lld, as it was sent at %s (%zu are kept)\n",
                number_of(report, "number"), text_of(report, "at"), json_array_size(reports));
        (void)pk_buffer_printf(out, "%s\n", text != NULL ? text : "  (too long to be kept)");
        free(text);
    }
}

static void print_looks(const json_t *looked, struct pk_buffer *out)
{
    (void)pk_buffer_puts(out, "\nWho looked at this device, or changed something (newest first)\n");
    for (size_t i = 0; i < json_array_size(looked); i++) {
        const json_t *look = json_array_get(looked, i);
        const char *role = json_string_value(json_object_get(look, "role"));

        (void)pk_buffer_printf(out, "  %s  %s%s%s%s  %s\n", text_of(look, "at"),
                text_of(look, "who"), role != NULL ? " (" : "", role != NULL ? role : "",
                role != NULL ? ")" : "", text_of(look, "what"));
    }
    if (json_array_size(looked) == 0) {
        (void)pk_buffer_puts(out, "  Nobody so far.\n");
    }
}

static void print_server(const json_t *held, const char *why, struct pk_buffer *out)
{
    const json_t *networks = json_object_get(held, "networks");
    const json_t *erasure = json_object_get(held, "erasure");

    if (!json_is_object(held)) {
        (void)pk_buffer_printf(out, "\nWho looked at this device is not known now%s%s.\n",
                why[0] != '\0' ? ": " : "", why);
        return;
    }
    (void)pk_buffer_printf(out,
            "\nThe server holds %lld reports with %lld observations in its counts "
            "(\"picket-agent export FILE\" gets everything).\n",
            number_of(held, "reports"), number_of(held, "observations"));
    (void)pk_buffer_printf(out,
            "It knows %lld networks that this device met. %lld of them count as homes, which "
            "others "
            "are never told of;\nof %lld other groups may see sums, of %lld other organisations.\n",
            number_of(networks, "met"), number_of(networks, "homes"), number_of(networks, "view"),
            number_of(networks, "exchange"));
    if (json_is_object(erasure)) {
        (void)pk_buffer_printf(out, "Erasure was asked for at %s: %s.\n",
                text_of(erasure, "asked_at"), text_of(erasure, "state"));
    }
    print_looks(json_object_get(held, "looked"), out);
}

void pk_ledger_print(const json_t *ledger, size_t last, const char *why, struct pk_buffer *out)
{
    const json_t *fields = json_object_get(ledger, "fields");

    print_days(json_object_get(ledger, "days"), out);
    print_reports(json_object_get(ledger, "reports"), last, out);
    print_server(json_object_get(ledger, "server"), why, out);
    print_fields(fields, "never", "Never leaves this device", out);
    (void)pk_buffer_puts(out,
            "  No pages you visit, messages, contacts, photos or places are looked at at all.\n");
    print_fields(fields, "hashed", "Leaves only as a keyed hash", out);
    print_fields(fields, "sent", "Can leave this device", out);
}
