/* name_decide.h - what becomes of a name that is asked for: the organisation's lists first, then the lists
 * of harmful names, then the model of look-alikes, which can only warn. Pure: the same name under the same
 * rules and lists has the same answer. When in doubt the name resolves. */
#pragma once

#include "intel/set.h"
#include "model/trust.h"

struct pk_name_lists;

/* Indexes of pk_name_what_names, pk_name_by_names (model/observation_network.h). */
enum pk_name_what {
    PK_NAME_PHISHING,
    PK_NAME_CONTROL,
    PK_NAME_MALWARE,
    PK_NAME_DENIED,
};
enum pk_name_by {
    PK_NAME_BY_LIST,
    PK_NAME_BY_MODEL,
    PK_NAME_BY_POLICY,
};
enum pk_name_did {
    PK_NAME_BLOCKED,
    PK_NAME_WARNED,
    PK_NAME_CONTINUED,
};

#define PK_NAME_REASONS_MAX 4
#define PK_NAME_REASON      120

/* What a model thinks of a name by its looks. Words without the name itself: they leave the device. */
struct pk_name_opinion {
    int score;      /* 0-100 */
    int warn_from;  /* of the model: the score from which to warn */
    char brand[64]; /* whose site it imitates; "" */
    char reasons[PK_NAME_REASONS_MAX][PK_NAME_REASON];
    size_t reason_count;
};

struct pk_name_rules {
    const struct pk_trust_names *trust; /* NULL: nothing is blocked */
    const struct pk_name_lists *lists;  /* NULL: none */
    /* The one place where a model of names is asked, for each name that no list knows: false when it has
     * no opinion. Runs in the loop, so it has microseconds. NULL: there is no model. */
    bool (*model)(const char *name, struct pk_name_opinion *out);
};

enum pk_name_action {
    PK_NAME_PASS,
    PK_NAME_WARN, /* blocked until the person goes on anyway */
    PK_NAME_BLOCK,
};

struct pk_name_decision {
    enum pk_name_action action;
    enum pk_name_what what;
    enum pk_name_by by;
    struct pk_intel_hit hit;        /* by list; texts live as long as the lists */
    struct pk_name_opinion opinion; /* by model */
};

/* name: lower case, no last dot. */
void pk_name_decide(
        const struct pk_name_rules *rules, const char *name, struct pk_name_decision *out);
