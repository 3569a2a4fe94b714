/* byte_rules.h - rules on bytes that users bring along (YARA), as the reader asks them. The engine behind it is linked
 * only into picket-scan-yara, which is started only when there are such rules. */
#pragma once

#include "base/error.h"
#include "base/slice.h"
#include "model/app_report.h"

/* One rule that matched; everything ends with the call. */
struct pk_byte_hit {
    const char *rule;
    const char *space; /* the rule file */
    const char *const *tags;
    size_t tag_count;
    const char *const *strings; /* "$a at 0x120" */
    size_t string_count;
    /* Of the rule's meta: description, severity, verdict, attack ("T1406, T1407"); as written. */
    const char *description; /* NULL: none */
    int severity;            /* enum pk_severity; medium when it does not say */
    int weight;              /* enum pk_app_weight; suspicious when it does not say */
    const char *attack;      /* NULL: none */
};
typedef void (*pk_byte_sink)(void *ctx, const struct pk_byte_hit *hit);

struct pk_byte_rules {
    void *engine;
    /* Matches all rules on the bytes; `file` is for rules that ask for the external variable `entry`. PK_ELIMIT: the
     * engine's own limit (time, matches) was reached; PK_ENOMEM. */
    int (*match)(const struct pk_byte_rules *rules, struct pk_slice bytes, const char *file,
            pk_byte_sink sink, void *ctx);
};
