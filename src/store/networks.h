/* networks.h - networks that devices met, who met them, and what was seen of them, at rest. The rules of
 * store.h hold: one connection, one thread; what writes joins the caller's transaction.
 *
 * A network that fewer than min_devices devices met, where nothing bad was found and that is not on the
 * organisation's list, is somebody's home or café: lists, cells and visits leave it out. */
#pragma once

#include "store/store.h"

/* By how bad a network is: its worst open incident. Infos do not count. */
enum pk_network_standing {
    PK_NETWORK_UNKNOWN,
    PK_NETWORK_CLEAN,
    PK_NETWORK_LOW,
    PK_NETWORK_MEDIUM,
    PK_NETWORK_HIGH,
    PK_NETWORK_CRITICAL,
};
extern const char *const pk_network_verdict_names[]; /* by standing: "unknown" "clean" "bad" ... */

struct pk_network_row {
    char id[PK_ID_TEXT];
    const char *name;   /* by the organisation's list; NULL: not on it */
    int link;           /* index into pk_link_names */
    int security;       /* index into pk_security_names, as seen last */
    int standing;       /* enum pk_network_standing */
    const char *threat; /* of the worst open incident; NULL */
    int64_t first_ms;
    int64_t last_ms;
    int64_t checked_ms; /* a device checked it; 0: never */
    int64_t bad_ms;     /* an attack (medium or worse) was seen on it; 0: never */
    const char *bad_threat;
    const char *place; /* newest, geohash of 5 letters; NULL */
    /* Kept by the functions below, not by pk_network_put(). */
    int64_t devices;
    int64_t points; /* BSSIDs */
    int64_t makers; /* of those */
    int64_t gateways;
    int64_t resolvers;
    int64_t places;
};

PK_MUST_USE int pk_network_get(struct pk_store *store, const char *id, struct pk_arena *arena,
        struct pk_network_row *out, struct pk_error *err);
/* Inserts or updates by id. */
PK_MUST_USE int pk_network_put(
        struct pk_store *store, const struct pk_network_row *row, struct pk_error *err);
/* Draws standing and threat from the incidents that are open now. */
PK_MUST_USE int pk_network_judge(struct pk_store *store, const char *id, struct pk_error *err);

/* The device is on it; joined: a new visit. */
PK_MUST_USE int pk_network_visit(struct pk_store *store, const char *id, const char *device,
        int64_t at_ms, bool joined, struct pk_error *err);

/* How many networks it has met. */
PK_MUST_USE int pk_network_count_of(
        struct pk_store *store, const char *device, int64_t *out, struct pk_error *err);

enum pk_network_trait {
    PK_TRAIT_POINT, /* BSSID */
    PK_TRAIT_MAKER, /* its first half */
    PK_TRAIT_GATEWAY,
    PK_TRAIT_RESOLVER,
    PK_TRAIT_PLACE,
};
#define PK_TRAIT_COUNT      5
#define PK_TRAIT_VALUES_MAX 64 /* of a kind and network; the one not seen for longest goes */

struct pk_network_trait_row {
    int kind; /* enum pk_network_trait */
    const char *value;
    int64_t first_ms;
    int64_t last_ms;
};
PK_MUST_USE int pk_network_trait_put(struct pk_store *store, const char *id, int kind,
        const char *value, int64_t at_ms, struct pk_error *err);
/* items: struct pk_network_trait_row, by kind, newest first. */
PK_MUST_USE int pk_network_traits(struct pk_store *store, const char *id, struct pk_arena *arena,
        struct pk_array *out, struct pk_error *err);

/* What was observed last, by kind and part (a check host; "" for the others). */
struct pk_network_fact {
    int kind; /* enum pk_observation_kind */
    const char *part;
    int64_t at_ms;
    json_t *body;
};
#define PK_NETWORK_PARTS_MAX 16
/* Written when what is there is older by PK_NETWORK_FACT_MS. */
#define PK_NETWORK_FACT_MS INT64_C(300000)
PK_MUST_USE int pk_network_fact_put(struct pk_store *store, const char *id,
        const struct pk_network_fact *fact, struct pk_error *err);
/* items: struct pk_network_fact. */
PK_MUST_USE int pk_network_facts(struct pk_store *store, const char *id, struct pk_arena *arena,
        struct pk_array *out, struct pk_error *err);

/* The organisation's own, from the policy: replaces all. */
struct pk_network_name {
    const char *id;
    const char *name;
};
PK_MUST_USE int pk_network_names_put(struct pk_store *store, const struct pk_network_name *names,
        size_t count, struct pk_error *err);

/* Removes at most limit networks that were not seen since before_ms and where nothing is open. */
PK_MUST_USE int pk_network_forget(struct pk_store *store, int64_t before_ms, int64_t limit,
        int64_t *count, struct pk_error *err);

/* ---- lists --------------------------------------------------------------------------------------- */

/* filters: verdict(unknown|clean|bad) severity place listed(yes|no) link security device q; sorts: verdict last_seen_at
 * first_seen_at last_bad_at devices; default -verdict. items: struct pk_network_row. */
PK_MUST_USE int pk_network_list(struct pk_store *store, const struct pk_query *query,
        int64_t min_devices, struct pk_arena *arena, struct pk_page *out, struct pk_error *err);
/* Is this row shown to people? */
bool pk_network_shown(const struct pk_network_row *row, int64_t min_devices);

struct pk_network_device {
    char device[PK_ID_TEXT];
    const char *name;
    int64_t first_ms;
    int64_t last_ms;
    int64_t visits;
    int64_t open; /* incidents of this device on this network */
};
/* Devices that met it. filters: q; sorts: last_seen_at visits; default -last_seen_at. items: struct
 * pk_network_device. */
PK_MUST_USE int pk_network_device_list(struct pk_store *store, const char *id,
        const struct pk_query *query, struct pk_arena *arena, struct pk_page *out,
        struct pk_error *err);

/* Where they are, coarsely; only networks that lists show. */
struct pk_network_cell {
    const char *place;
    int64_t networks;
    int64_t bad;      /* where something is open */
    int64_t standing; /* the worst */
    int64_t devices;  /* the largest number on one of them */
};
#define PK_NETWORK_CELLS_MAX 2000
PK_MUST_USE int pk_network_cells(struct pk_store *store, int64_t min_devices,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err);

struct pk_network_counts {
    int64_t all;
    int64_t shown;
    int64_t placed; /* shown ones with a place */
    int64_t bad;
};
PK_MUST_USE int pk_network_count(struct pk_store *store, int64_t min_devices,
        struct pk_network_counts *out, struct pk_error *err);
