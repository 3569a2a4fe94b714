#include "cli/scan_view.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "cli/print.h"
#include "cli/scan_view_parts.h"
#include "model/app_verdict.h"

#define REASONS_SHOWN 4 /* of a file in a list */
#define NAME_WIDTH    44

static const char *const verdict_colors[] = {
    [PK_VERDICT_CLEAN] = PK_COLOR_GREEN,
    [PK_VERDICT_UNWANTED] = PK_COLOR_YELLOW,
    [PK_VERDICT_SUSPICIOUS] = PK_COLOR_YELLOW,
    [PK_VERDICT_MALICIOUS] = PK_COLOR_RED,
    [PK_VERDICT_MALFORMED] = PK_COLOR_MAGENTA,
};

static const char *file_name(const struct pk_app_report *report)
{
    const char *name = report->file != NULL ? report->file : "";

    return strcmp(name, "-") == 0 ? "standard input" : name;
}

static void put_upper(FILE *to, const char *text)
{
    for (; *text != '\0'; text++) {
        (void)fputc(*text >= 'a' && *text <= 'z' ? *text - 'a' + 'A' : *text, to);
    }
}

/* In a list the sentence that all reports share is said once, below. */
static size_t reasons_of(const struct pk_app_report *report, bool all)
{
    size_t count = report->reasons.count;

    return !all && count > 0 && strcmp(report->reasons.items[count - 1], PK_APP_SCOPE) == 0
            ? count - 1
            : count;
}

static void put_reasons(
        FILE *to, const struct pk_scan_style *style, const struct pk_app_report *report, size_t max)
{
    size_t count = reasons_of(report, max == SIZE_MAX);

    for (size_t i = 0; i < count && i < max; i++) {
        pk_view_wrapped(to, style, "  - ", 4, report->reasons.items[i]);
    }
    if (count > max) {
        (void)fprintf(to, "  - and %zu more\n", count - max);
    }
}

void pk_scan_view(FILE *to, const struct pk_scan_style *style, const struct pk_app_report *report,
        const struct pk_scan_cost *cost)
{
    pk_view_color(to, style, verdict_colors[report->verdict]);
    put_upper(to, pk_app_verdict_name(report->verdict));
    pk_view_color(to, style, PK_COLOR_OFF);
    (void)fputs("  ", to);
    (void)pk_print_text(to, file_name(report), SIZE_MAX);
    (void)fputc('\n', to);
    put_reasons(to, style, report, SIZE_MAX);
    pk_view_hits(to, style, report);
    pk_view_identity(to, style, report);
    pk_view_signature(to, style, report->signature);
    pk_view_apple(to, style, report->apple);
    pk_view_parts(to, style, report);
    pk_view_permissions(to, style, report);
    pk_view_components(to, style, report);
    pk_view_code(to, style, report);
    pk_view_content(to, style, report);
    pk_view_plist(to, style, report);
    pk_view_findings(to, style, report);
    if (cost != NULL && cost->wall_ms > 0) {
        pk_view_color(to, style, PK_COLOR_DIM);
        (void)fprintf(to, "\nread in %.0f ms with %.0f MiB by a process that may do nothing else\n",
                cost->wall_ms, (double)cost->rss_peak / 1048576.0);
        pk_view_color(to, style, PK_COLOR_OFF);
    }
}

/* "com.example.app 1.2", or what kind of file it is. */
static size_t put_what(FILE *to, const struct pk_app_report *report)
{
    size_t n;

    if (report->package == NULL || report->package[0] == '\0') {
        return pk_print_text(to, pk_app_kind_name(report->kind), SIZE_MAX);
    }
    n = pk_print_text(to, report->package, NAME_WIDTH - 10);
    if (report->version_name != NULL && report->version_name[0] != '\0') {
        (void)fputc(' ', to);
        n += 1 + pk_print_text(to, report->version_name, NAME_WIDTH - 1 - n);
    }
    return n;
}

void pk_scan_view_line(
        FILE *to, const struct pk_scan_style *style, const struct pk_app_report *report)
{
    size_t n;

    pk_view_color(to, style, verdict_colors[report->verdict]);
    (void)fprintf(to, "%-11s", pk_app_verdict_name(report->verdict));
    pk_view_color(to, style, PK_COLOR_OFF);
    n = put_what(to, report);
    (void)fprintf(to, "%*s  ", (int)(n < NAME_WIDTH ? NAME_WIDTH - n : 0), "");
    (void)pk_print_text(to, file_name(report), SIZE_MAX);
    (void)fputc('\n', to);
    if (report->verdict != PK_VERDICT_CLEAN) {
        put_reasons(to, style, report, REASONS_SHOWN);
    }
}

void pk_scan_view_tally(
        FILE *to, const struct pk_scan_style *style, const struct pk_scan_tally *tally)
{
    const char *gap = ": ";

    (void)fprintf(to, "\n%zu file%s in %.1f s", tally->scanned, tally->scanned == 1 ? "" : "s",
            tally->seconds);
    for (int v = 0; v <= PK_VERDICT_MALFORMED; v++) {
        if (tally->verdicts[v] > 0) {
            (void)fputs(gap, to);
            pk_view_color(to, style, verdict_colors[v]);
            (void)fprintf(to, "%zu %s", tally->verdicts[v], pk_app_verdict_name(v));
            pk_view_color(to, style, PK_COLOR_OFF);
            gap = ", ";
        }
    }
    if (tally->failed > 0) {
        (void)fprintf(to, "; %zu could not be read", tally->failed);
    }
    (void)fputc('\n', to);
    pk_view_color(to, style, PK_COLOR_DIM);
    (void)fprintf(to, "%s.\n", PK_APP_SCOPE);
    pk_view_color(to, style, PK_COLOR_OFF);
}
