/* report_html.h - the state of security as one HTML document: nothing is fetched, nothing runs, prints on A4. Pure. */
#pragma once

#include <jansson.h>

#include "base/buffer.h"

enum pk_report_kind {
    PK_REPORT_SECURITY,   /* everything */
    PK_REPORT_ACTIONS,    /* what to do next */
    PK_REPORT_COMPLIANCE, /* groups side by side */
};
extern const char *const pk_report_kind_names[]; /* NULL-terminated */
const char *pk_report_title(int kind);

#define PK_REPORT_HTML_MAX (1024UL * 1024)

/* facts: what pk_report_facts() gives; every text of it is foreign and is escaped. PK_ELIMIT: it grew beyond
 * PK_REPORT_HTML_MAX. */
PK_MUST_USE int pk_report_html(
        int kind, const json_t *facts, struct pk_buffer *out, struct pk_error *err);
