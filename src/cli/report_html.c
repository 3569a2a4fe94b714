/* One self-contained page: no script, no link to load anything, and every text of a file escaped. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "cli/report.h"
#include "cli/report_css.h"

#define PERMISSION_PREFIX "android.permission."
#define NAMES_SHOWN       200UL

static const char *const verdict_words[] = {
    [PK_VERDICT_CLEAN] = "Nothing bad found",
    [PK_VERDICT_UNWANTED] = "Unwanted",
    [PK_VERDICT_SUSPICIOUS] = "Suspicious",
    [PK_VERDICT_MALICIOUS] = "Malicious",
    [PK_VERDICT_MALFORMED] = "Broken file",
};

static const int worst_first[] = { PK_VERDICT_MALICIOUS, PK_VERDICT_SUSPICIOUS, PK_VERDICT_UNWANTED,
    PK_VERDICT_MALFORMED, PK_VERDICT_CLEAN };

/* What to do, for people who do not read on. */
static const char *const advice[] = {
    [PK_VERDICT_CLEAN] = "No reason was found against using it.",
    [PK_VERDICT_UNWANTED] =
            "It works as its maker says, but is not wanted on work devices. Remove it, or add an "
            "exception with a reason.",
    [PK_VERDICT_SUSPICIOUS] =
            "Do not install it before somebody who knows apps has read the reasons below.",
    [PK_VERDICT_MALICIOUS] =
            "Remove it from every device, and take work access away until it is gone.",
    [PK_VERDICT_MALFORMED] = "No device can use this file as it stands. If somebody sent it, treat "
                             "it as suspicious.",
};

static void put(FILE *to, const char *text)
{
    for (; text != NULL && *text != '\0'; text++) {
        switch (*text) {
        case '&':
            (void)fputs("&amp;", to);
            break;
        case '<':
            (void)fputs("&lt;", to);
            break;
        case '>':
            (void)fputs("&gt;", to);
            break;
        case '"':
            (void)fputs("&quot;", to);
            break;
        case '\'':
            (void)fputs("&#39;", to);
            break;
        default:
            (void)fputc(*text, to);
        }
    }
}

static void fact(FILE *to, const char *label, const char *text)
{
    if (text == NULL || text[0] == '\0') {
        return;
    }
    (void)fprintf(to, "<dt>%s</dt><dd>", label);
    put(to, text);
    (void)fputs("</dd>\n", to);
}

static void chips(FILE *to, const struct pk_strings *list, const char *strip)
{
    size_t n = strlen(strip);

    (void)fputs("<ul class=\"chips\">", to);
    for (size_t i = 0; i < list->count && i < NAMES_SHOWN; i++) {
        const char *text = list->items[i];

        (void)fputs("<li class=\"mono\">", to);
        put(to, strncmp(text, strip, n) == 0 ? text + n : text);
        (void)fputs("</li>", to);
    }
    if (list->count > NAMES_SHOWN) {
        (void)fprintf(to, "<li>and %zu more</li>", list->count - NAMES_SHOWN);
    }
    (void)fputs("</ul>\n", to);
}

static void begin_details(FILE *to, const char *title, size_t count)
{
    (void)fprintf(to, "<details><summary>%s (%zu)</summary>\n", title, count);
}

static const char *name_of(const struct pk_app_report *r)
{
    const char *slash = r->file != NULL ? strrchr(r->file, '/') : NULL;

    if (r->label != NULL && r->label[0] != '\0') {
        return r->label;
    }
    if (r->package != NULL && r->package[0] != '\0') {
        return r->package;
    }
    return slash != NULL ? slash + 1 : r->file != NULL ? r->file : "file";
}

static void put_techniques(FILE *to, const struct pk_strings *attack)
{
    for (size_t i = 0; i < attack->count; i++) {
        (void)fputs(i > 0 ? ", " : "", to);
        put(to, attack->items[i]);
    }
}

/* Findings that weigh, or those that do not. */
static void findings(FILE *to, const struct pk_app_report *r, bool deciding)
{
    const struct pk_app_finding *items = r->findings.items;

    (void)fputs("<div "
                "class=\"scroll\"><table><thead><tr><th>Finding</th><th>Evidence</"
                "th><th>ATT&amp;CK</th>"
                "<th>Severity</th></tr></thead><tbody>\n",
            to);
    for (size_t i = 0; i < r->findings.count; i++) {
        if ((items[i].weight > PK_APP_WEIGHT_NONE && items[i].excepted == NULL) != deciding) {
            continue;
        }
        (void)fputs("<tr><td>", to);
        put(to, items[i].title);
        (void)fputs("<br><code class=\"quiet\">", to);
        put(to, items[i].rule);
        (void)fputs("</code></td><td>", to);
        put(to, items[i].evidence);
        if (items[i].excepted != NULL) {
            (void)fputs("<br><em>Excepted: ", to);
            put(to, items[i].excepted);
            (void)fputs("</em>", to);
        }
        (void)fputs("</td><td class=\"ids\">", to);
        put_techniques(to, &items[i].attack);
        (void)fprintf(to, "</td><td class=\"nowrap\">%s</td></tr>\n",
                pk_severity_name((enum pk_severity)items[i].severity));
    }
    (void)fputs("</tbody></table></div>\n", to);
}

static size_t count_deciding(const struct pk_app_report *r)
{
    const struct pk_app_finding *items = r->findings.items;
    size_t count = 0;

    for (size_t i = 0; i < r->findings.count; i++) {
        count += items[i].weight > PK_APP_WEIGHT_NONE && items[i].excepted == NULL ? 1 : 0;
    }
    return count;
}

static void all_findings(FILE *to, const struct pk_app_report *r)
{
    size_t deciding = count_deciding(r);

    if (deciding > 0) {
        (void)fputs("<h3>What decided</h3>\n", to);
        findings(to, r, true);
    }
    if (r->findings.count > deciding) {
        begin_details(to, "What else was seen; harmless apps do such things, too",
                r->findings.count - deciding);
        findings(to, r, false);
        (void)fputs("</details>\n", to);
    }
}

static void hits(FILE *to, const struct pk_app_report *r)
{
    const struct pk_app_hit *items = r->hits.items;

    if (r->hits.count == 0) {
        return;
    }
    (void)fputs("<h3>Known from threat intelligence</h3>\n<div "
                "class=\"scroll\"><table><thead><tr><th>What</th><th>Family"
                "</th><th>Source</th><th>Date</th></tr></thead><tbody>\n",
            to);
    for (size_t i = 0; i < r->hits.count; i++) {
        (void)fputs("<tr><td>", to);
        put(to, items[i].kind);
        (void)fputs(" <code>", to);
        put(to, items[i].value);
        (void)fputs("</code></td><td>", to);
        put(to, items[i].family != NULL ? items[i].family : items[i].category);
        (void)fputs("</td><td>", to);
        put(to, items[i].source);
        (void)fputs("</td><td class=\"nowrap\">", to);
        put(to, items[i].date);
        (void)fputs("</td></tr>\n", to);
    }
    (void)fputs("</tbody></table></div>\n", to);
}

static void identity(FILE *to, const struct pk_app_report *r)
{
    const struct pk_app_signer *signer = r->signature != NULL && r->signature->signers.count > 0
            ? r->signature->signers.items
            : NULL;
    char number[96];

    (void)fputs("<h3>What it is</h3>\n<dl>\n", to);
    fact(to, "Kind", pk_app_kind_name(r->kind));
    fact(to, r->kind == PK_APP_IPA ? "Bundle" : "Package", r->package);
    if (r->version_name != NULL && r->version_name[0] != '\0') {
        (void)snprintf(
                number, sizeof(number), "%.60s (%" PRId64 ")", r->version_name, r->version_code);
        fact(to, "Version", number);
    }
    if (r->target_sdk > 0) {
        (void)snprintf(number, sizeof(number), "API level %" PRId64 " (from %" PRId64 " on)",
                r->target_sdk, r->min_sdk);
        fact(to, "Made for", number);
    }
    (void)snprintf(number, sizeof(number), "%" PRId64 " bytes", r->size);
    fact(to, "Size", number);
    fact(to, "SHA-256", r->sha256);
    if (signer != NULL) {
        fact(to, "Signed by", signer->subject);
        fact(to, "Certificate", signer->sha256);
    }
    fact(to, "Signature", r->signed_by);
    fact(to, "Plain HTTP",
            r->cleartext == PK_TRI_YES          ? "allowed"
                    : r->cleartext == PK_TRI_NO ? "not allowed"
                                                : NULL);
    fact(to, "Debuggable", r->debuggable ? "yes: anybody with a cable can read its data" : NULL);
    fact(to, "File", r->file);
    (void)fputs("</dl>\n", to);
}

static void sdks(FILE *to, const struct pk_app_report *r)
{
    const struct pk_app_sdk *items = r->sdks.items;

    if (r->sdks.count == 0) {
        return;
    }
    begin_details(to, "Other people's code in it", r->sdks.count);
    (void)fputs("<ul class=\"chips\">", to);
    for (size_t i = 0; i < r->sdks.count; i++) {
        (void)fputs("<li>", to);
        put(to, items[i].name);
        (void)fprintf(to, " <span class=\"quiet\">%s%s</span></li>",
                pk_app_sdk_kind_name(items[i].kind), items[i].tracker ? ", tracker" : "");
    }
    (void)fputs("</ul></details>\n", to);
}

static void libraries(FILE *to, const struct pk_app_report *r)
{
    const struct pk_app_library *items = r->libraries.items;

    if (r->libraries.count == 0) {
        return;
    }
    begin_details(to, "Libraries whose version is known", r->libraries.count);
    (void)fputs("<div class=\"scroll\"><table><thead><tr><th>Library</th><th>Version</th><th>Known "
                "holes</th><th>Fixed in</th>"
                "</tr></thead><tbody>\n",
            to);
    for (size_t i = 0; i < r->libraries.count; i++) {
        (void)fputs("<tr><td>", to);
        put(to, items[i].name);
        (void)fputs("</td><td>", to);
        put(to, items[i].version);
        (void)fputs("</td><td>", to);
        put_techniques(to, &items[i].cves);
        (void)fputs("</td><td>", to);
        put(to, items[i].fixed);
        (void)fputs("</td></tr>\n", to);
    }
    (void)fputs("</tbody></table></div></details>\n", to);
}

static void leaks(FILE *to, const struct pk_app_report *r)
{
    const struct pk_app_leak *items = r->leaks.items;

    if (r->leaks.count == 0) {
        return;
    }
    begin_details(to, "Private data that its code carries out", r->leaks.count);
    (void)fputs("<div class=\"scroll\"><table><thead><tr><th>Data</th><th>To</th><th>Read "
                "in</th><th>Sent in</th>"
                "</tr></thead><tbody>\n",
            to);
    for (size_t i = 0; i < r->leaks.count; i++) {
        (void)fputs("<tr><td>", to);
        put(to, items[i].data);
        (void)fputs("</td><td>", to);
        put(to, items[i].to);
        (void)fputs("</td><td class=\"mono\">", to);
        put(to, items[i].source_in);
        (void)fputs("</td><td class=\"mono\">", to);
        put(to, items[i].sink_in);
        (void)fputs("</td></tr>\n", to);
    }
    (void)fputs("</tbody></table></div></details>\n", to);
}

static void hosts(FILE *to, const struct pk_app_report *r)
{
    const struct pk_app_host *items = r->hosts.items;

    if (r->hosts.count == 0) {
        return;
    }
    begin_details(to, "Hosts that it names", r->hosts.count);
    (void)fputs("<ul class=\"chips\">", to);
    for (size_t i = 0; i < r->hosts.count && i < NAMES_SHOWN; i++) {
        (void)fputs("<li class=\"mono\">", to);
        put(to, items[i].name);
        (void)fputs(
                items[i].cleartext ? " <span class=\"quiet\">plain HTTP</span></li>" : "</li>", to);
    }
    (void)fputs("</ul></details>\n", to);
}

static void model(FILE *to, const struct pk_app_report *r)
{
    const struct pk_app_model *m = r->model;
    const struct pk_app_model_part *parts = m != NULL ? m->parts.items : NULL;

    if (m == NULL || m->parts.count == 0) {
        return;
    }
    begin_details(to, "What the classifier looked at", m->parts.count);
    (void)fprintf(to, "<p>Probability %.1f %%%s</p><dl>\n", m->probability * 100,
            m->familiar ? "" : "; it does not know apps of this kind, so this does not count");
    for (size_t i = 0; i < m->parts.count; i++) {
        char weight[32];

        (void)snprintf(weight, sizeof(weight), "%+.2f", parts[i].weight);
        (void)fprintf(to, "<dt>%s</dt><dd>", weight);
        put(to, parts[i].text);
        (void)fputs("</dd>\n", to);
    }
    (void)fputs("</dl></details>\n", to);
}

static void reasons(FILE *to, const struct pk_app_report *r)
{
    (void)fputs("<h3>Why</h3>\n<ul class=\"why\">\n", to);
    for (size_t i = 0; i < r->reasons.count; i++) {
        (void)fputs("<li>", to);
        put(to, r->reasons.items[i]);
        (void)fputs("</li>\n", to);
    }
    (void)fputs("</ul>\n", to);
}

static void head(FILE *to, const struct pk_app_report *r)
{
    const char *verdict = pk_app_verdict_name(r->verdict);

    (void)fputs("<section class=\"card\">\n<div class=\"head\"><div><h2>", to);
    put(to, name_of(r));
    (void)fputs("</h2><p class=\"quiet\">", to);
    put(to, r->package != NULL && r->package[0] != '\0' ? r->package : pk_app_kind_name(r->kind));
    (void)fputc(' ', to);
    put(to, r->version_name);
    (void)fprintf(to, "</p></div><span class=\"badge v-%s\">%s</span></div>\n", verdict,
            verdict_words[r->verdict]);
}

/* A clean app among many. */
static void line(FILE *to, const struct pk_app_report *r)
{
    (void)fputs("<tr><td>", to);
    put(to, name_of(r));
    (void)fputs("</td><td>", to);
    put(to, r->version_name);
    (void)fputs("</td><td class=\"mono\">", to);
    put(to, r->file);
    (void)fputs("</td></tr>\n", to);
}

/* The whole of one app; in a list of many, clean ones are a line each. The first character is the app's place in
 * worst_first, the second says which form follows. */
static void html_part(FILE *to, const struct pk_app_report *r, bool only)
{
    const char *verdict = pk_app_verdict_name(r->verdict);

    for (size_t i = 0; i < PK_COUNT(worst_first); i++) {
        if (worst_first[i] == r->verdict) {
            (void)fputc((int)('0' + i), to);
        }
    }
    if (!only && r->verdict == PK_VERDICT_CLEAN) {
        (void)fputc('l', to);
        line(to, r);
        return;
    }
    (void)fputc('c', to);
    head(to, r);
    (void)fprintf(to, "<p class=\"advice v-%s\">%s</p>\n", verdict, advice[r->verdict]);
    reasons(to, r);
    hits(to, r);
    all_findings(to, r);
    leaks(to, r);
    sdks(to, r);
    hosts(to, r);
    libraries(to, r);
    if (r->permissions.count > 0) {
        begin_details(to, "Permissions that it asks for", r->permissions.count);
        chips(to, &r->permissions, PERMISSION_PREFIX);
        (void)fputs("</details>\n", to);
    }
    model(to, r);
    identity(to, r);
    (void)fputs("</section>\n", to);
}

static void summary(FILE *to, const struct pk_scan_tally *tally)
{
    (void)fputs("<ul class=\"tally\">\n", to);
    for (size_t i = 0; i < PK_COUNT(worst_first); i++) {
        if (tally->verdicts[worst_first[i]] > 0) {
            (void)fprintf(to, "<li class=\"v-%s\"><strong>%zu</strong>%s</li>\n",
                    pk_app_verdict_name(worst_first[i]), tally->verdicts[worst_first[i]],
                    verdict_words[worst_first[i]]);
        }
    }
    if (tally->failed > 0) {
        (void)fprintf(to, "<li class=\"v-malformed\"><strong>%zu</strong>Could not be read</li>\n",
                tally->failed);
    }
    (void)fputs("</ul>\n", to);
}

/* All parts of one form; true when there were some. */
static bool put_parts(FILE *to, char *const *parts, size_t count, char form)
{
    bool some = false;

    for (size_t rank = 0; rank < PK_COUNT(worst_first); rank++) {
        for (size_t i = 0; i < count; i++) {
            if (parts[i] != NULL && parts[i][0] == (char)('0' + rank) && parts[i][1] == form) {
                if (!some && form == 'l') {
                    (void)fputs("<section class=\"card\"><h2>Nothing bad found</h2><div "
                                "class=\"scroll\"><table>"
                                "<thead><tr><th>App</th><th>Version</th><th>File</th></tr></"
                                "thead><tbody>\n",
                            to);
                }
                some = true;
                (void)fputs(parts[i] + 2, to);
            }
        }
    }
    return some;
}

static void html_document(
        FILE *to, char *const *parts, size_t count, const struct pk_scan_tally *tally)
{
    struct pk_slice css = pk_report_css();
    char at[PK_TIME_TEXT];
    time_t now = (time_t)(pk_clock_ms() / 1000);
    struct tm utc;

    if (gmtime_r(&now, &utc) == NULL ||
            strftime(at, sizeof(at), "%e %B %Y, %H:%M UTC", &utc) == 0) {
        (void)pk_time_format(pk_clock_ms(), at);
    }
    (void)fputs("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                "style-src 'unsafe-inline'\">\n"
                "<title>Picket: report on apps</title>\n<style>\n",
            to);
    (void)fwrite(css.ptr, 1, css.len, to);
    (void)fprintf(to,
            "</style>\n</head>\n<body>\n<main>\n<header>\n<h1>Report on %zu app file%s</h1>\n"
            "<p class=\"quiet\">Made by Picket %s on %s. The files were read, not run.</p>\n",
            tally->scanned, tally->scanned == 1 ? "" : "s", PK_VERSION, at);
    summary(to, tally);
    (void)fputs("</header>\n", to);
    (void)put_parts(to, parts, count, 'c');
    if (put_parts(to, parts, count, 'l')) {
        (void)fputs("</tbody></table></div></section>\n", to);
    }
    (void)fputs("</main>\n</body>\n</html>\n", to);
}

const struct pk_report_form pk_report_html = { "html", html_part, html_document };
