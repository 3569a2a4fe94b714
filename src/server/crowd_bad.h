/* crowd_bad.h - what is bad now, as far as it may be shown. Belongs to one call. */
#pragma once

#include "server/crowd_door.h"

struct pk_crowd_bad {
    struct pk_crowd_opinion opinion;
    int cause; /* enum pk_sight_attack; 0xff: not known */
    bool bare; /* only that it is bad may be told */
};

struct pk_crowd_bad_list {
    struct pk_crowd_bad *items;
    size_t count;
    size_t hidden; /* that may not be shown */
    size_t by_kind[PK_CROWD_KINDS];
};

/* The worst so many are looked at. */
#define PK_CROWD_BAD_MAX 20000

/* only NULL: everything; else what it says yes to, before the door is asked. */
struct pk_crowd_bad_wish {
    bool (*wanted)(const struct pk_crowd_opinion *opinion, int cause, void *ctx);
    void *ctx;
};
PK_MUST_USE int pk_crowd_bad_gather(struct pk_crowd_door *door,
        const struct pk_crowd_bad_wish *only, struct pk_crowd_bad_list *out, struct pk_error *err);
void pk_crowd_bad_finish(struct pk_crowd_bad_list *list);
