/* channel.h - a way out of Picket behind a struct of functions: a partner is one file.
 *
 * The dispatcher owns order, retries, back-off and the books; a channel only knows how to hand over a few rows of the
 * outbox. All calls on one channel come from one thread. */
#pragma once

#include <stdbool.h>

#include "model/action.h"

struct pk_store;

/* Who speaks: the same in everything. Borrowed, outlives the channels. */
struct pk_origin {
    const char *host;    /* of this node */
    const char *version; /* of Picket */
    const char *
            url; /* of this server as people open it, without a slash at the end; NULL: links are left out */
};

enum pk_sent {
    PK_SENT_NOT,     /* not tried, or nobody knows: the row stays */
    PK_SENT_OK,      /* the other side has it */
    PK_SENT_REFUSED, /* it can never be sent: given up, with error */
    PK_SENT_LATER,   /* it alone has to wait (channels with rows apart), with error */
};

struct pk_sending {
    const struct pk_action *action; /* borrowed */
    /* The rest is set by the channel. */
    enum pk_sent result;
    int64_t wait_ms; /* the other side asks for so long a pause; 0: it does not say */
    struct pk_error error;
};

struct pk_channel_ops {
    /* stop_fd becomes readable when the program ends: every wait ends early then. Reads no file and opens no
     * connection: that may fail and is tried again by send. */
    int (*create)(const void *settings, const struct pk_origin *origin, int stop_fd, void **out,
            struct pk_error *err);
    /* Sends in order. < 0 and *err: the channel as a whole does not work now; what has no result is sent again. */
    int (*send)(void *self, struct pk_store *store, struct pk_sending *rows, size_t count,
            struct pk_error *err);
    void (*destroy)(void *self);
};

/* Rows in one send: what a failure makes us repeat at most. */
#define PK_CHANNEL_BATCH 256

struct pk_channel {
    const struct pk_channel_ops *ops;
    const void *settings;
    const char *name;   /* in the books of targets, the console and the log */
    const char *target; /* of the rows; NULL: all rows of the kind */
    int kind;           /* enum pk_action_kind */
    /* Rows of different people do not wait for each other: one that has to wait holds back only those of the same
     * target (mail) or device (push). Otherwise the queue is strictly in order. */
    bool apart;
    size_t batch;       /* 1..PK_CHANNEL_BATCH */
    int64_t give_up_ms; /* a row that had to wait for longer than that is given up; 0: never */
};
