/* repeat.h - the device says nothing twice: an observation that tells the same as the last one of
 * its kind and place need not travel again until some hours have passed. Loop thread. */
#pragma once

#include <stdint.h>
#include <stdbool.h>

#include "base/slice.h"
#include "model/observation.h"

#define PK_REPEAT_PLACES 32
#define PK_REPEAT_MS     INT64_C(14400000) /* 4 h: then the same counts as news again */

struct pk_repeat {
    struct {
        uint64_t place; /* 0: free */
        uint64_t content;
        int64_t at_ms;
    } rows[PK_REPEAT_PLACES];
};

enum pk_repeat_kind {
    PK_REPEAT_NEW,   /* never said, or something else was said */
    PK_REPEAT_OLD,   /* the same was said, but hours ago: worth saying when there is occasion */
    PK_REPEAT_KNOWN, /* the same was said, or something was said less than gap_ms ago */
};

/* What of several things of its kind an observation is about: a host, a router, a page. */
const char *pk_repeat_about(const struct pk_observation *obs);

/* place: what it is about (kind, network, host); content: what it says. Unless KNOWN it is
 * remembered as said now. The oldest place gives way when there are too many. */
enum pk_repeat_kind pk_repeat_judge(struct pk_repeat *table, struct pk_slice place,
        struct pk_slice content, int64_t gap_ms, int64_t now_ms);
