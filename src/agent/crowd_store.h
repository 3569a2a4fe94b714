/* crowd_store.h - what this device holds of the crowd: filters, what was heard since, and whose signature they
 * carry. Works without a server from what it has; every file is replaced as a whole, so that an end at any
 * moment leaves the old or the new. Loop thread, or a command that only reads. */
#pragma once

#include "agent/crowd_heard.h"
#include "crowd/filter16.h"

struct pk_crowd_store;

/* Opens STATE_DIR/crowd. secret: the deployment's key of network ids (print.h); copied. ca_file: PEM, who
 * vouches for the server's key; NULL: nothing new can be taken. What cannot be read, or is signed by
 * nobody we know, counts as not there. PK_ENOMEM. */
PK_MUST_USE int pk_crowd_store_open(const char *state_dir, struct pk_slice secret,
        const char *ca_file, struct pk_crowd_store **out, struct pk_error *err);
void pk_crowd_store_close(struct pk_crowd_store *store); /* NULL is fine */

/* How far it has heard. false: filters of one epoch are not there, so it cannot go on from anywhere. */
bool pk_crowd_store_place(
        const struct pk_crowd_store *store, unsigned classes, uint32_t *epoch, uint64_t *seq);
bool pk_crowd_store_has_key(const struct pk_crowd_store *store);
/* NULL: none. */
const struct pk_filter16 *pk_crowd_store_filter(
        const struct pk_crowd_store *store, enum pk_share_class class);

/* ---- taking what the server sent; nothing changes when it fails ---------------------------------- */

/* PK_ECRYPTO: nobody vouches for it. */
PK_MUST_USE int pk_crowd_store_take_key(
        struct pk_crowd_store *store, struct pk_slice der, int64_t now_ms, struct pk_error *err);
/* PK_ECRYPTO: the signature does not hold. PK_EEXIST: it is older than what was taken before. PK_EMALF ... */
PK_MUST_USE int pk_crowd_store_take_filter(struct pk_crowd_store *store, struct pk_slice bytes,
        enum pk_share_class class, int64_t now_s, struct pk_error *err);
/* PK_EEXIST: all of it was heard before. PK_ENOENT: something between was not, or it is of another epoch.
 * head (NULL is fine): what it said of itself. */
PK_MUST_USE int pk_crowd_store_take_batch(struct pk_crowd_store *store, struct pk_slice bytes,
        int64_t now_s, struct pk_delta_head *head, struct pk_error *err);
/* The second stage for one thing, whose fingerprint must lie in the answer's range: it is there, or it
 * is not bad. PK_EEXIST: the answer is older than what was heard. */
PK_MUST_USE int pk_crowd_store_take_answer(struct pk_crowd_store *store, struct pk_slice bytes,
        const struct pk_crowd_key *thing, int64_t now_s, struct pk_error *err);

/* ---- asking -------------------------------------------------------------------------------------- */

enum pk_crowd_said {
    PK_CROWD_NOTHING, /* nothing is known against it */
    PK_CROWD_MAYBE,   /* the filter says so: to be confirmed */
    PK_CROWD_BAD,
};

struct pk_crowd_verdict {
    enum pk_crowd_said said;
    struct pk_heard heard; /* when BAD */
    int64_t made_s;        /* of the filter that was asked; 0: there is none */
};

/* From what is here alone. */
void pk_crowd_store_ask(const struct pk_crowd_store *store, const struct pk_crowd_key *thing,
        int64_t now_s, struct pk_crowd_verdict *out);

/* "class=network&epoch=7&bits=3&prefix=a0000000": what to ask the server to confirm it. PK_ENOENT: there is no
 * filter. */
PK_MUST_USE int pk_crowd_store_question(const struct pk_crowd_store *store,
        const struct pk_crowd_key *thing, char *out, size_t size);
