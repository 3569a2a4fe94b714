#include "server/report_html.h"

#include <stdio.h>

#include "respond/html.h"

const char *const pk_report_kind_names[] = { "security", "actions", "compliance", NULL };

static const char style[] =
        "body{margin:0 auto;max-width:820px;padding:24px;color:#1b1f24;background:#fff;"
        "font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}"
        "h1{font-size:24px;margin:0 0 4px}h2{font-size:18px;margin:28px 0 8px;"
        "border-bottom:1px solid #d0d7de;padding-bottom:4px}"
        "p{margin:0 0 8px}.by{color:#57606a}"
        "table{border-collapse:collapse;width:100%;margin:0 0 12px}"
        "th,td{text-align:left;padding:4px 12px 4px 0;border-bottom:1px solid #eaeef2;"
        "vertical-align:top}th{font-weight:600}td.n,th.n{text-align:right}"
        ".tiles{display:flex;flex-wrap:wrap;gap:12px;margin:16px 0}"
        ".tile{border:1px solid #d0d7de;border-radius:8px;padding:10px 14px;min-width:110px}"
        ".tile b{display:block;font-size:24px;line-height:1.2}"
        "svg{display:block;width:100%;height:90px}"
        "@page{size:A4;margin:16mm}"
        "@media print{body{padding:0;font-size:11pt;max-width:none}"
        "h2{break-after:avoid}tr,.tile{break-inside:avoid}}";

const char *pk_report_title(int kind)
{
    static const char *const titles[] = { "State of security", "Recommended actions",
        "Compliance by group" };

    return titles[kind];
}

static void raw(struct pk_buffer *out, const char *text)
{
    (void)pk_buffer_puts(out, text);
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text != NULL ? text : "";
}

/* A number, or a dash for what is not known. */
static void number(struct pk_buffer *out, const json_t *value)
{
    if (json_is_integer(value)) {
        (void)pk_buffer_printf(out, "%lld", (long long)json_integer_value(value));
    } else {
        raw(out, "&ndash;");
    }
}

static void cell(struct pk_buffer *out, const json_t *row, const char *key)
{
    const json_t *value = json_object_get(row, key);

    if (json_is_string(value)) {
        raw(out, "<td>");
        pk_html_put(out, json_string_value(value));
    } else {
        raw(out, "<td class=n>");
        number(out, value);
    }
    raw(out, "</td>");
}

static void tile(struct pk_buffer *out, const json_t *value, const char *label)
{
    raw(out, "<div class=tile><b>");
    number(out, value);
    raw(out, "</b>");
    pk_html_put(out, label);
    raw(out, "</div>");
}

struct column {
    const char *key;
    const char *heading;
    bool is_text;
};

static void table(struct pk_buffer *out, const json_t *rows, const struct column *columns,
        size_t count, const char *none)
{
    if (json_array_size(rows) == 0) {
        raw(out, "<p>");
        pk_html_put(out, none);
        raw(out, "</p>");
        return;
    }
    raw(out, "<table><thead><tr>");
    for (size_t c = 0; c < count; c++) {
        raw(out, columns[c].is_text ? "<th scope=col>" : "<th scope=col class=n>");
        pk_html_put(out, columns[c].heading);
        raw(out, "</th>");
    }
    raw(out, "</tr></thead><tbody>\n");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        raw(out, "<tr>");
        for (size_t c = 0; c < count; c++) {
            cell(out, json_array_get(rows, i), columns[c].key);
        }
        raw(out, "</tr>\n");
    }
    raw(out, "</tbody></table>");
}

/* ---- parts ----------------------------------------------------------------------------------------- */

static void put_numbers(struct pk_buffer *out, const json_t *f)
{
    const json_t *devices = json_object_get(f, "devices");
    const json_t *levels = json_object_get(f, "levels");
    const json_t *incidents = json_object_get(f, "incidents");

    raw(out, "<h2>In numbers</h2><div class=tiles>");
    tile(out, json_object_get(f, "score"), "security score of 100");
    tile(out, json_object_get(devices, "total"), "devices");
    tile(out, json_object_get(devices, "active"), "heard of within 7 days");
    tile(out, json_object_get(levels, "critical"), "at critical risk");
    tile(out, json_object_get(levels, "high"), "at high risk");
    tile(out, json_object_get(incidents, "open"), "open incidents");
    raw(out, "</div>");
}

/* Incidents a day as bars; the table behind says the same in numbers. */
static void put_days(struct pk_buffer *out, const json_t *f)
{
    static const struct column columns[] = { { "day", "Day", true }, { "opened", "Opened", false },
        { "resolved", "Resolved", false }, { "devices", "Devices", false } };
    const json_t *days = json_object_get(f, "days");
    size_t count = json_array_size(days);
    json_int_t most = 1;

    for (size_t i = 0; i < count; i++) {
        json_int_t n = json_integer_value(json_object_get(json_array_get(days, i), "opened"));

        most = n > most ? n : most;
    }
    raw(out, "<h2>Trend</h2>");
    if (count > 0) {
        (void)pk_buffer_printf(out,
                "<svg viewBox=\"0 0 %zu 90\" preserveAspectRatio=none role=img "
                "aria-label=\"incidents opened a day, the table below has the numbers\">",
                count * 20);
        for (size_t i = 0; i < count; i++) {
            json_int_t n = json_integer_value(json_object_get(json_array_get(days, i), "opened"));
            double height = n > 0 ? 80.0 * (double)n / (double)most : 0;

            (void)pk_buffer_printf(out,
                    "<rect x=%zu y=%.1f width=14 height=%.1f fill=\"#1f5fbf\"/>", i * 20 + 3,
                    85 - height, height);
        }
        raw(out, "</svg>");
    }
    table(out, days, columns, 4, "There are no days yet.");
}

static void put_actions(struct pk_buffer *out, const json_t *f)
{
    static const struct column columns[] = { { "text", "What", true }, { "do", "Do", true },
        { "devices", "Devices", false }, { "gain", "Points", false } };

    raw(out, "<h2>Recommended actions</h2>");
    table(out, json_object_get(f, "actions"), columns, 4, "Nothing needs to be done.");
}

static void put_threats(struct pk_buffer *out, const json_t *f)
{
    static const struct column columns[] = { { "title", "Threat", true }, { "open", "Open", false },
        { "devices", "Devices", false } };

    raw(out, "<h2>Top threats</h2>");
    table(out, json_object_get(f, "threats"), columns, 3, "No incident is open.");
}

static void put_groups(struct pk_buffer *out, const json_t *f)
{
    static const struct column columns[] = { { "name", "Group", true },
        { "devices", "Devices", false }, { "active_percent", "Active %", false },
        { "low_percent", "Low or guarded risk %", false }, { "open", "Open incidents", false },
        { "patch_days", "Median patch age, days", false }, { "score", "Score", false } };

    raw(out, "<h2>By group</h2>");
    table(out, json_object_get(f, "groups"), columns, 7, "There are no devices.");
}

int pk_report_html(int kind, const json_t *facts, struct pk_buffer *out, struct pk_error *err)
{
    raw(out, "<!DOCTYPE html>\n<html lang=en><head><meta charset=utf-8><title>");
    pk_html_put(out, pk_report_title(kind));
    raw(out, "</title><meta name=viewport content=\"width=device-width\"><style>");
    raw(out, style);
    raw(out, "</style></head><body>\n<h1>");
    pk_html_put(out, pk_report_title(kind));
    raw(out, "</h1><p class=by>");
    pk_html_put(out, text_of(facts, "server"));
    raw(out, ", ");
    pk_html_put(out, text_of(facts, "at"));
    raw(out, ", ");
    pk_html_put(out, text_of(facts, "group")[0] != '\0' ? "group " : "all groups");
    pk_html_put(out, text_of(facts, "group"));
    raw(out, "</p>\n");
    if (kind == PK_REPORT_SECURITY) {
        put_numbers(out, facts);
        put_days(out, facts);
    }
    if (kind != PK_REPORT_COMPLIANCE) {
        put_actions(out, facts);
        put_threats(out, facts);
    }
    if (kind != PK_REPORT_ACTIONS) {
        put_groups(out, facts);
    }
    raw(out, "</body></html>\n");
    if (out->rc < 0 || out->len > PK_REPORT_HTML_MAX) {
        return pk_error_set(err, PK_ELIMIT, "the report is too long");
    }
    return PK_OK;
}
