/* exchange.h - the exchange between organisations' servers at rest: of a hub its members and what they say, of
 * a member its hubs, what it says and what it heard. The rules of store.h hold: one connection, one thread;
 * what writes joins the caller's transaction.
 *
 * A word is kept as its bytes (crowd/exchange_word.h); this room does not look inside. Ids are blinded. */
#pragma once

#include "base/slice.h"
#include "store/store.h"

#define PK_EXCHANGE_BLOB 36 /* bytes of a word */

/* ---- hub: members --------------------------------------------------------------------------------- */

struct pk_exchange_member {
    const char *id;  /* 32 hex digits: of its key */
    const char *key; /* 64 hex digits */
    const char *name;
    bool vouched;
    double a, b; /* its record */
    int64_t seq; /* of its newest message */
    int64_t joined_ms;
    int64_t seen_ms;
    int64_t words; /* these three only when they were counted: what it says now */
    int64_t confirmed;
    int64_t contradicted;
};
PK_MUST_USE int pk_exchange_member_add(
        struct pk_store *store, const struct pk_exchange_member *member, struct pk_error *err);
PK_MUST_USE int pk_exchange_member_get(struct pk_store *store, const char *id,
        struct pk_arena *arena, struct pk_exchange_member *out, struct pk_error *err);
/* By time of joining; counted: with what they say. items: struct pk_exchange_member. */
PK_MUST_USE int pk_exchange_members(struct pk_store *store, bool counted, struct pk_arena *arena,
        struct pk_array *out, struct pk_error *err);
/* Takes the number of a message: PK_EEXIST when one as large was taken before. */
PK_MUST_USE int pk_exchange_member_seq(
        struct pk_store *store, const char *id, int64_t seq, int64_t at_ms, struct pk_error *err);
PK_MUST_USE int pk_exchange_member_record(
        struct pk_store *store, const char *id, double a, double b, struct pk_error *err);
/* Invited again: name and vouched are new, its record stays. */
PK_MUST_USE int pk_exchange_member_renew(struct pk_store *store, const char *id, const char *name,
        bool vouched, struct pk_error *err);
PK_MUST_USE int pk_exchange_member_vouch(
        struct pk_store *store, const char *id, bool vouched, struct pk_error *err);
/* With all it said; the things it spoke of count as changed. */
PK_MUST_USE int pk_exchange_member_remove(
        struct pk_store *store, const char *id, struct pk_error *err);

struct pk_exchange_invite {
    const char *secret_sha256;
    const char *name; /* of the organisation that is invited */
    bool vouched;
    int64_t created_ms;
    int64_t expires_ms;
    const char *created_by;
};
PK_MUST_USE int pk_exchange_invite_add(
        struct pk_store *store, const struct pk_exchange_invite *invite, struct pk_error *err);
/* Takes it: it works once. PK_ENOENT: unknown, used or expired. */
PK_MUST_USE int pk_exchange_invite_take(struct pk_store *store, const char *secret_sha256,
        int64_t now_ms, struct pk_arena *arena, struct pk_exchange_invite *out,
        struct pk_error *err);

/* ---- hub: what members say --------------------------------------------------------------------------- */

struct pk_exchange_thing {
    int64_t id;      /* unsigned in the word */
    int64_t changed; /* grows with every change of anything */
    int kind;
    int epoch;
};

struct pk_exchange_statement {
    struct pk_exchange_thing thing;
    const char *member;
    int64_t at_ms;
    int ruling; /* enum pk_exchange_ruling, of the newest look */
    uint8_t word[PK_EXCHANGE_BLOB];
};
/* Takes the place of what the member said of the thing before; the thing has changed. */
PK_MUST_USE int pk_exchange_state(struct pk_store *store,
        const struct pk_exchange_statement *statement, struct pk_error *err);
/* The member says nothing of it any more. */
PK_MUST_USE int pk_exchange_unstate(struct pk_store *store, const char *member,
        const struct pk_exchange_thing *thing, struct pk_error *err);
PK_MUST_USE int pk_exchange_count_of(
        struct pk_store *store, const char *member, int64_t *out, struct pk_error *err);
/* What all say of a thing, newest first, at most limit. items: struct pk_exchange_statement. */
PK_MUST_USE int pk_exchange_statements_of(struct pk_store *store,
        const struct pk_exchange_thing *thing, int64_t limit, struct pk_arena *arena,
        struct pk_array *out, struct pk_error *err);
PK_MUST_USE int pk_exchange_statement_rule(struct pk_store *store, const char *member,
        const struct pk_exchange_thing *thing, int ruling, struct pk_error *err);
/* Things that changed behind `after`, in that order. items: struct pk_exchange_thing. */
PK_MUST_USE int pk_exchange_changed_after(struct pk_store *store, int64_t after, int64_t limit,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err);
/* All things that the member speaks of count as changed: its weight has. */
PK_MUST_USE int pk_exchange_touch_of(
        struct pk_store *store, const char *member, struct pk_error *err);
/* Drops statements that are older than before_ms, and things that nobody speaks of since then. */
PK_MUST_USE int pk_exchange_trim(
        struct pk_store *store, int64_t before_ms, int64_t *count, struct pk_error *err);

/* ---- member: hubs -------------------------------------------------------------------------------------- */

struct pk_exchange_hub {
    const char *id; /* of its key */
    const char *key;
    const char *name;
    const char *url;
    const char *ca;   /* PEM that its certificate chains to; its pin was checked when joining */
    const char *keys; /* of epochs: "EPOCH:64 hex digits" with a space between; a secret */
    int64_t epoch;
    int64_t epoch_s;
    int64_t cursor; /* its news is known up to here */
    int64_t seq;    /* of our newest message */
    int64_t joined_ms;
    int64_t ok_ms;     /* newest answer; 0: never */
    const char *error; /* of the newest try when it failed, else NULL */
    int64_t waiting;   /* computed: words that it has not taken */
    int64_t told;      /* computed: words that it has */
    int64_t heard;     /* computed */
};
/* Inserts or replaces by id. */
PK_MUST_USE int pk_exchange_hub_put(
        struct pk_store *store, const struct pk_exchange_hub *hub, struct pk_error *err);
PK_MUST_USE int pk_exchange_hub_get(struct pk_store *store, const char *id, struct pk_arena *arena,
        struct pk_exchange_hub *out, struct pk_error *err);
PK_MUST_USE int pk_exchange_hubs(
        struct pk_store *store, struct pk_arena *arena, struct pk_array *out, struct pk_error *err);
/* Writes cursor, epoch, epoch_s, keys, seq, ok_ms; no error any more. */
PK_MUST_USE int pk_exchange_hub_progress(
        struct pk_store *store, const struct pk_exchange_hub *hub, struct pk_error *err);
PK_MUST_USE int pk_exchange_hub_failed(
        struct pk_store *store, const char *id, const char *error, struct pk_error *err);
/* With all that was said and heard. */
PK_MUST_USE int pk_exchange_hub_remove(
        struct pk_store *store, const char *id, struct pk_error *err);

/* ---- member: what it says and heard ---------------------------------------------------------------------- */

/* What is said of a thing of our own; the key is in clear here, and only here. */
struct pk_exchange_saying {
    const char *hub;
    int64_t a, b;
    int kind;
    int verdict;
    bool told; /* the hub has it */
    int epoch; /* it was told with */
    int64_t changed_ms;
    int64_t told_ms; /* 0: never */
    int64_t mark;    /* of the row: telling marks only what has not changed meanwhile */
    uint8_t word[PK_EXCHANGE_BLOB]; /* id and epoch are not in yet */
};
/* It waits to be told. */
PK_MUST_USE int pk_exchange_say(
        struct pk_store *store, const struct pk_exchange_saying *saying, struct pk_error *err);
/* PK_ENOENT. */
PK_MUST_USE int pk_exchange_saying_get(struct pk_store *store, const char *hub, int kind, int64_t a,
        int64_t b, struct pk_exchange_saying *out, struct pk_error *err);
/* Those that wait, oldest first. items: struct pk_exchange_saying. */
PK_MUST_USE int pk_exchange_waiting(struct pk_store *store, const char *hub, int64_t limit,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err);
/* The hub has it, unless it changed since it was read. */
PK_MUST_USE int pk_exchange_told(struct pk_store *store, const struct pk_exchange_saying *saying,
        int epoch, int64_t at_ms, struct pk_error *err);
/* Words of this verdict, newest first. items: struct pk_exchange_saying. */
PK_MUST_USE int pk_exchange_sayings(struct pk_store *store, const char *hub, int verdict,
        int64_t limit, struct pk_arena *arena, struct pk_array *out, struct pk_error *err);
PK_MUST_USE int pk_exchange_unsay(
        struct pk_store *store, const struct pk_exchange_saying *saying, struct pk_error *err);

struct pk_exchange_hearing {
    const char *hub;
    int64_t id;
    int kind;
    int epoch;
    int64_t at_ms;
    uint8_t word[PK_EXCHANGE_BLOB];
};
PK_MUST_USE int pk_exchange_hear(
        struct pk_store *store, const struct pk_exchange_hearing *hearing, struct pk_error *err);
PK_MUST_USE int pk_exchange_unhear(
        struct pk_store *store, const struct pk_exchange_hearing *hearing, struct pk_error *err);
/* All of a hub (NULL: of all), newest first. items: struct pk_exchange_hearing. */
PK_MUST_USE int pk_exchange_heard(struct pk_store *store, const char *hub, int64_t limit,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err);
/* All of a hub. */
PK_MUST_USE int pk_exchange_unhear_all(
        struct pk_store *store, const char *hub, struct pk_error *err);
PK_MUST_USE int pk_exchange_heard_trim(
        struct pk_store *store, const char *hub, int64_t before_ms, struct pk_error *err);

/* ---- member: its own things, to find what is heard about them ---------------------------------------------- */

/* An access point of a network that devices met. */
struct pk_exchange_point {
    const char *network;
    const char *bssid;
    int64_t first_ms;
};
/* Those met first since since_ms, at most limit, in that order. items: struct pk_exchange_point. */
PK_MUST_USE int pk_exchange_points(struct pk_store *store, int64_t since_ms, int64_t limit,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err);
/* Files of apps that at least so many devices have. */
struct pk_exchange_file {
    const char *sha256;
    const char *signer; /* "" unknown */
    int64_t devices;
    int64_t first_ms, last_ms;
};
/* The whole of a hash by its first 16 digits. PK_ENOENT. */
PK_MUST_USE int pk_exchange_file_of(struct pk_store *store, const char *begin,
        struct pk_arena *arena, struct pk_exchange_file *out, struct pk_error *err);
/* By first_ms, those at or behind since_ms. items: struct pk_exchange_file. */
PK_MUST_USE int pk_exchange_files(struct pk_store *store, int64_t least, int64_t since_ms,
        int64_t limit, struct pk_arena *arena, struct pk_array *out, struct pk_error *err);
