/* crowd_warned.h - devices that asked about a network before joining, and were warned: who does not join it within
 * the hour has heeded the warning. Part of what is replayed, so it changes only by lines of the log and by
 * sightings. The crowd's own thread. */
#pragma once

#include "base/buffer.h"
#include "base/reader.h"

#define PK_CROWD_WARNED_MAX 4096 /* then the oldest gives way */
#define PK_CROWD_WARNED_S   3600

struct pk_crowd_warning {
    uint64_t device, network;
    int64_t at_s;
};

struct pk_crowd_warned {
    struct pk_crowd_warning *items; /* in order of time of their lines */
    size_t count;
    size_t room;
};

/* Once for a device and network. PK_ENOMEM. */
PK_MUST_USE int pk_crowd_warned_add(
        struct pk_crowd_warned *warned, const struct pk_crowd_warning *warning);
/* It joined nevertheless. */
void pk_crowd_warned_joined(struct pk_crowd_warned *warned, uint64_t device, uint64_t network);
void pk_crowd_warned_forget(struct pk_crowd_warned *warned, uint64_t device);
/* Whose hour is over has heeded it. */
void pk_crowd_warned_tick(struct pk_crowd_warned *warned, int64_t now_s,
        void (*heeded)(void *ctx, const struct pk_crowd_warning *warning), void *ctx);
void pk_crowd_warned_finish(struct pk_crowd_warned *warned);

void pk_crowd_warned_write(const struct pk_crowd_warned *warned, struct pk_buffer *out);
/* PK_EMALF, PK_ENOMEM. */
PK_MUST_USE int pk_crowd_warned_read(struct pk_crowd_warned *warned, struct pk_slice bytes);
