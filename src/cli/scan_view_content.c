/* What an app brings and whom it talks to: packers, trackers, libraries, hosts. */
#include <stdlib.h>
#include <string.h>

#include "cli/print.h"
#include "cli/scan_view_parts.h"

#define HOSTS_SHOWN     16
#define LIBRARIES_SHOWN 24
#define TEXT_SIZE       512

/* A text that grows; NULL ends it quietly, since a view that lacks a line is better than none. */
struct list {
    FILE *to;
    char *text;
    size_t size;
    size_t count;
};

static void begin(struct list *list)
{
    *list = (struct list){ 0 };
    list->to = open_memstream(&list->text, &list->size);
}

static void add(struct list *list, const char *a, const char *b, const char *c)
{
    if (list->to != NULL) {
        (void)fprintf(list->to, "%s%s%s%s", list->count > 0 ? ", " : "", a, b, c);
        list->count++;
    }
}

/* Shows it under its label, with how many were left out, and frees it. */
static void end(struct list *list, FILE *to, const struct pk_scan_style *style, const char *label,
        size_t more)
{
    if (list->to == NULL) {
        return;
    }
    if (more > 0) {
        (void)fprintf(list->to, " and %zu more", more);
    }
    (void)fclose(list->to);
    if (list->count > 0) {
        pk_view_fact(to, style, label, list->text);
    }
    free(list->text);
}

static void put_packers(
        FILE *to, const struct pk_scan_style *style, const struct pk_app_report *report)
{
    struct list list;

    begin(&list);
    for (size_t i = 0; i < report->packers.count; i++) {
        add(&list, report->packers.items[i], "", "");
    }
    end(&list, to, style, "packed by", 0);
}

static void put_sdks(FILE *to, const struct pk_scan_style *style,
        const struct pk_app_report *report, bool trackers, const char *label)
{
    const struct pk_app_sdk *sdks = report->sdks.items;
    struct list list;

    begin(&list);
    for (size_t i = 0; i < report->sdks.count; i++) {
        if (sdks[i].tracker == trackers) {
            add(&list, sdks[i].name, trackers ? ": " : "",
                    trackers ? pk_app_sdk_kind_name(sdks[i].kind) : "");
        }
    }
    end(&list, to, style, label, 0);
}

/* Those with holes one by one, the others in a row. */
static void put_libraries(
        FILE *to, const struct pk_scan_style *style, const struct pk_app_report *report)
{
    const struct pk_app_library *rows = report->libraries.items;
    const char *label = "holes";
    struct list list;
    size_t more = 0;
    char text[TEXT_SIZE];

    for (size_t i = 0; i < report->libraries.count; i++) {
        if (rows[i].cves.count > 0) {
            char more_text[40] = "";

            if (rows[i].cves.count > 1) {
                (void)snprintf(
                        more_text, sizeof(more_text), " and %zu more", rows[i].cves.count - 1);
            }
            (void)snprintf(text, sizeof(text), "%.100s %.60s: %.24s%s, fixed in %.60s",
                    rows[i].name, rows[i].version, rows[i].cves.items[0], more_text,
                    rows[i].fixed != NULL ? rows[i].fixed : "?");
            pk_view_fact(to, style, label, text);
            label = "";
        }
    }
    begin(&list);
    for (size_t i = 0; i < report->libraries.count; i++) {
        if (rows[i].cves.count == 0 && list.count < LIBRARIES_SHOWN) {
            add(&list, rows[i].name, " ", rows[i].version);
        } else if (rows[i].cves.count == 0) {
            more++;
        }
    }
    end(&list, to, style, "libraries", more);
}

static void put_hosts(
        FILE *to, const struct pk_scan_style *style, const struct pk_app_report *report)
{
    const struct pk_app_host *hosts = report->hosts.items;
    size_t count = report->hosts.count;
    struct list list;

    begin(&list);
    for (size_t i = 0; i < count && i < HOSTS_SHOWN; i++) {
        add(&list, hosts[i].name, hosts[i].cleartext ? " (http)" : "", "");
    }
    end(&list, to, style, "hosts", count > HOSTS_SHOWN ? count - HOSTS_SHOWN : 0);
}

void pk_view_content(
        FILE *to, const struct pk_scan_style *style, const struct pk_app_report *report)
{
    if (report->packers.count + report->sdks.count + report->libraries.count +
                    report->hosts.count ==
            0) {
        return;
    }
    pk_view_heading(to, style, "content");
    put_packers(to, style, report);
    put_sdks(to, style, report, true, "trackers");
    put_sdks(to, style, report, false, "SDKs");
    put_libraries(to, style, report);
    put_hosts(to, style, report);
    pk_view_fact(to, style, "plain HTTP",
            report->hosts.count == 0                  ? NULL
                    : report->cleartext == PK_TRI_YES ? "possible"
                    : report->cleartext == PK_TRI_NO  ? "switched off"
                                                      : NULL);
}
