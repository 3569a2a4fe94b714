/* store.h - devices, incidents, actions, events, tokens, users and audit at rest.
 *
 * A store is one connection and belongs to one thread at a time; every thread that needs one opens
 * its own. Functions named *_add and *_put write inside the caller's transaction when one is open
 * (pk_store_begin), else in one of their own. Results live in the given arena. Times are ms.
 * PK_ENOENT: no such row. */
#pragma once

#include "model/action.h"
#include "model/foresight.h"
#include "model/incident.h"
#include "model/observation.h"

struct pk_store;
struct pk_db;

/* Opens and migrates (schema version in the table `meta`; a newer one than ours is refused). */
PK_MUST_USE int pk_store_open(const char *url, struct pk_store **out, struct pk_error *err);
void pk_store_close(struct pk_store *store);
struct pk_db *pk_store_db(struct pk_store *store);

PK_MUST_USE int pk_store_begin(struct pk_store *store, struct pk_error *err);
PK_MUST_USE int pk_store_commit(struct pk_store *store, struct pk_error *err);
void pk_store_rollback(struct pk_store *store);

/* ---- devices ---------------------------------------------------------------------------- */

struct pk_device {
    const char *id; /* UUID, also in its certificate */
    const char *name;
    const char *group;
    int platform;      /* enum pk_platform */
    const char *model; /* these follow the newest posture; "" when unknown */
    const char *os_name;
    const char *os_version;
    const char *kernel;
    const char *patch; /* NULL when unknown */
    const char *agent; /* version */
    int64_t enrolled_ms;
    int64_t seen_ms;   /* 0: never reported */
    int64_t acked_seq; /* newest observation the pipeline has worked in */
    int64_t risk_score;
    int risk_level;
    json_t *risk;                /* pk_risk as JSON, NULL before the first */
    json_t *posture;             /* newest posture body + "at", NULL */
    json_t *network;             /* newest network body + "id", "at", "portal"; NULL when on none */
    const char *cert_serial;     /* hex, of the certificate in force */
    const char *cert_serial_old; /* still good until cert_overlap_ms after a renewal; NULL */
    int64_t cert_not_after_ms;
    int64_t cert_overlap_ms;
    int64_t revoked_ms; /* 0: not */
    const char *revoked_by;
    const char *revoked_why;
    int64_t open_incidents; /* computed by the readers, not written */
    int ownership;          /* enum pk_ownership: told at enrolment */
    const char *mail;       /* of its user, told at enrolment; NULL: not known */
    const char *language;   /* of its user, "de"; "" when unknown */
    double p7, p30;         /* chance of an attack within 7 and 30 days; -1: unknown */
    int outlook;            /* enum pk_outlook: p7 as people are told */
    int zone;               /* enum pk_zone_standing: of where it is now */
    json_t *foresight;      /* pk_foresight as JSON, NULL before the first */
    int64_t measures;       /* bits of enum pk_measure that are in force */
    int64_t guard_ms;       /* up to when its policy was worked out */
    int64_t due_ms;         /* when the policy has to look again; 0: only on news */
    int64_t lag_ms;         /* how far its clock is behind ours: a device lives on its own time */
};

PK_MUST_USE int pk_device_add(
        struct pk_store *store, const struct pk_device *device, struct pk_error *err);
PK_MUST_USE int pk_device_get(struct pk_store *store, const char *id, struct pk_arena *arena,
        struct pk_device *out, struct pk_error *err);
/* Writes what reports change: platform .. agent, seen_ms, acked_seq, risk*, posture, network, language, p7 ..
 * foresight, measures .. lag_ms. */
PK_MUST_USE int pk_device_put_state(
        struct pk_store *store, const struct pk_device *device, struct pk_error *err);
/* What was told of each device's future, in the order of the ids, behind after ("": from the first). */
struct pk_foresight_told {
    const char *id;
    double p7;
    int outlook; /* enum pk_outlook */
    int zone;    /* enum pk_zone_standing */
    int risk;    /* score */
};
PK_MUST_USE int pk_device_foresights(struct pk_store *store, const char *after, int64_t limit,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err);
/* How the level of a device's risk changed since then, oldest first: the facts that its policy decided from (kind
 * PK_FACT_RISK of policy/facts.h). */
struct pk_risk_then {
    int64_t at_ms;
    int level; /* enum pk_risk_level */
};
PK_MUST_USE int pk_device_risks(struct pk_store *store, const char *device, int64_t since_ms,
        int64_t limit, struct pk_arena *arena, struct pk_array *out, struct pk_error *err);
/* Writes seen_ms and acked_seq alone: the cheap way when a report has changed nothing else. */
PK_MUST_USE int pk_device_put_seen(struct pk_store *store, const char *id, int64_t seen_ms,
        int64_t acked_seq, struct pk_error *err);
/* Writes the language that its user chose. PK_ENOENT: no such device. */
PK_MUST_USE int pk_device_put_language(
        struct pk_store *store, const char *id, const char *language, struct pk_error *err);
/* Writes cert_*. */
PK_MUST_USE int pk_device_put_certificate(
        struct pk_store *store, const struct pk_device *device, struct pk_error *err);
PK_MUST_USE int pk_device_revoke(struct pk_store *store, const char *id, int64_t at_ms,
        const char *by, const char *why, struct pk_error *err);
/* Calls each for every device (for caches at start); stops when each returns < 0. */
PK_MUST_USE int pk_device_each(struct pk_store *store,
        int (*each)(const struct pk_device *device, void *ctx), void *ctx, struct pk_error *err);

/* ---- lists: one way to page, filter and sort --------------------------------------------- */

struct pk_filter {
    const char *field;        /* checked against the list's own table; unknown: PK_EUNKNOWN */
    struct pk_strings values; /* any of them */
};

struct pk_query {
    int64_t limit;      /* 1..500 */
    const char *cursor; /* opaque, from next; NULL: from the start */
    const char *sort;   /* field, "-field" descending; NULL: the list's default */
    const struct pk_filter *filters;
    size_t filter_count;
    int64_t now_ms; /* for filters like status */
};

struct pk_page {
    const char *next; /* cursor, NULL at the end */
    int64_t total;
    size_t count;
    void *items; /* array of what the list is of */
};

/* Devices are "silent" when enrolled and not seen for this long. */
#define PK_DEVICE_SILENT_MS (INT64_C(7) * 86400000)

/* filters: status(active|silent|never|revoked) platform level outlook access(blocked|free) group q;
 * sorts: name last_seen_at risk outlook enrolled_at. items: struct pk_device. */
PK_MUST_USE int pk_device_list(struct pk_store *store, const struct pk_query *query,
        struct pk_arena *arena, struct pk_page *out, struct pk_error *err);

/* ---- incidents --------------------------------------------------------------------------- */

/* With the name of its device, for lists. */
struct pk_incident_row {
    struct pk_incident incident;
    const char *device_name;
};

/* The newest incident of this device, threat and subject, whatever its state. */
PK_MUST_USE int pk_incident_find(struct pk_store *store, const char *device, const char *threat,
        const char *subject, struct pk_arena *arena, struct pk_incident *out, struct pk_error *err);
/* Open and mitigated ones of a device; subject NULL: any. items: struct pk_incident. */
PK_MUST_USE int pk_incident_open_of(struct pk_store *store, const char *device, const char *subject,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err);
/* Inserts or updates by id. */
PK_MUST_USE int pk_incident_put(
        struct pk_store *store, const struct pk_incident *incident, struct pk_error *err);
PK_MUST_USE int pk_incident_get(struct pk_store *store, const char *id, struct pk_arena *arena,
        struct pk_incident_row *out, struct pk_error *err);
/* filters: state severity vector threat device subject q; sorts: updated_at opened_at severity;
 * default -updated_at. items: struct pk_incident_row. */
PK_MUST_USE int pk_incident_list(struct pk_store *store, const struct pk_query *query,
        struct pk_arena *arena, struct pk_page *out, struct pk_error *err);

/* The time line of an incident: what happened to it, oldest first. */
struct pk_timeline_row {
    int64_t at_ms;
    const char *what; /* detected seen told sent resolved reopened dismissed mitigated
                         held merged reminded measure lifted admins would */
    const char *by;   /* "agent", "policy NAME", a person's name, a target's name */
    const char *detail;
};
PK_MUST_USE int pk_timeline_add(struct pk_store *store, const char *incident,
        const struct pk_timeline_row *row, struct pk_error *err);
PK_MUST_USE int pk_timeline_of(struct pk_store *store, const char *incident, struct pk_arena *arena,
        struct pk_array *out, struct pk_error *err);

/* ---- actions: the outbox ----------------------------------------------------------------- */

/* Sets action->id. */
PK_MUST_USE int pk_action_add(
        struct pk_store *store, struct pk_action *action, struct pk_error *err);
/* Pending ones of a kind and target, oldest first, id > after. items: struct pk_action. */
PK_MUST_USE int pk_action_pending(struct pk_store *store, int kind, const char *target,
        int64_t after, int64_t limit, struct pk_arena *arena, struct pk_array *out,
        struct pk_error *err);
/* The same over all targets of the kind. */
PK_MUST_USE int pk_action_pending_of(struct pk_store *store, int kind, int64_t after, int64_t limit,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err);
/* Marks id (state, attempts + 1 when failed, done_ms, error). Unknown id: PK_ENOENT. */
PK_MUST_USE int pk_action_mark(struct pk_store *store, int64_t id, int state, int64_t at_ms,
        const char *error, struct pk_error *err);
/* Marks all pending ones of a target with id <= upto as delivered. */
PK_MUST_USE int pk_action_delivered(struct pk_store *store, int kind, const char *target,
        int64_t upto, int64_t at_ms, struct pk_error *err);
/* Alerts of a device, newest first. items: struct pk_action. */
PK_MUST_USE int pk_action_of_device(struct pk_store *store, const char *device, int64_t limit,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err);
/* Of a kind and target, newest first, whatever their state. items: struct pk_action. */
PK_MUST_USE int pk_action_newest(struct pk_store *store, int kind, const char *target,
        int64_t limit, struct pk_arena *arena, struct pk_array *out, struct pk_error *err);
/* Of an incident, oldest first. items: struct pk_action. */
PK_MUST_USE int pk_action_of_incident(struct pk_store *store, const char *incident, int64_t limit,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err);
PK_MUST_USE int pk_action_get(struct pk_store *store, int64_t id, struct pk_arena *arena,
        struct pk_action *out, struct pk_error *err);
/* Alerts created for the device since then: the alert budget. */
PK_MUST_USE int pk_action_count_since(struct pk_store *store, int kind, const char *target,
        int64_t since_ms, int64_t *out, struct pk_error *err);

struct pk_target_state {
    const char *target;
    int kind;
    int64_t pending;
    int64_t last_ok_ms;
    const char *last_error; /* of the newest attempt when it failed, else NULL */
};
/* One row a target of the SOC. items: struct pk_target_state. */
PK_MUST_USE int pk_target_states(
        struct pk_store *store, struct pk_arena *arena, struct pk_array *out, struct pk_error *err);
/* The state of one: pending of its rows (target NULL: all of the kind) and its book under name; zeros when nothing was
 * ever sent. */
PK_MUST_USE int pk_target_state(struct pk_store *store, int kind, const char *target,
        const char *name, struct pk_arena *arena, struct pk_target_state *out,
        struct pk_error *err);
PK_MUST_USE int pk_target_note(struct pk_store *store, int kind, const char *target, int64_t at_ms,
        const char *error, struct pk_error *err);

/* ---- events: the lossless ordered stream of the API --------------------------------------- */

struct pk_event_row {
    int64_t id; /* the cursor; ascending in commit order, without gaps that fill later */
    int64_t at_ms;
    const char *type; /* "incident.opened" ... see docs/api.md */
    const char *device;
    const char *incident;
    json_t *detail;
};
PK_MUST_USE int pk_event_add(
        struct pk_store *store, const struct pk_event_row *row, struct pk_error *err);
PK_MUST_USE int pk_event_after(struct pk_store *store, int64_t after, int64_t limit,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err);
PK_MUST_USE int pk_event_newest(struct pk_store *store, int64_t *out, struct pk_error *err);

/* ---- enrolment, people, machines ----------------------------------------------------------- */

struct pk_enrollment {
    const char *id;
    const char *secret_sha256; /* the token itself is never stored */
    const char *label;
    const char *group;
    int64_t uses;
    int64_t uses_left;
    int64_t created_ms;
    int64_t expires_ms;
    const char *created_by;
    int ownership;    /* enum pk_ownership */
    const char *mail; /* of the person; NULL */
};
PK_MUST_USE int pk_enrollment_add(
        struct pk_store *store, const struct pk_enrollment *e, struct pk_error *err);
/* Takes one use, atomically. PK_ENOENT: unknown, spent or expired. */
PK_MUST_USE int pk_enrollment_take(struct pk_store *store, const char *secret_sha256,
        int64_t now_ms, struct pk_arena *arena, struct pk_enrollment *out, struct pk_error *err);
PK_MUST_USE int pk_enrollment_list(struct pk_store *store, const struct pk_query *query,
        struct pk_arena *arena, struct pk_page *out, struct pk_error *err);
PK_MUST_USE int pk_enrollment_remove(struct pk_store *store, const char *id, struct pk_error *err);

/* As stored: never renumber. */
enum pk_role {
    PK_ROLE_NONE,
    PK_ROLE_VIEWER,    /* sees */
    PK_ROLE_RESPONDER, /* ... and works on incidents, apps and mistakes */
    PK_ROLE_OWNER,     /* everything */
    PK_ROLE_POLICY,    /* as responder, and writes policies and texts */
    PK_ROLE_PRIVACY,   /* sees, and answers for personal data: who looked, export, erasure, audit */
};
extern const char *const pk_role_names[]; /* NULL-terminated; [0] is "none" */
/* "admin" is what owners were called before; PK_ROLE_NONE: no such role. */
enum pk_role pk_role_of(const char *name);

enum pk_token_kind {
    PK_TOKEN_API,       /* bearer token of a program */
    PK_TOKEN_SIGNIN,    /* one-time link */
    PK_TOKEN_SESSION,   /* browser session */
    PK_TOKEN_PAGE_LINK, /* one-time link to the page of the person who carries a device */
    PK_TOKEN_PAGE,      /* session of that page */
};

struct pk_token {
    const char *id;
    int kind; /* enum pk_token_kind */
    const char *secret_sha256;
    const char *name; /* of the token, or of the person */
    int role;         /* enum pk_role */
    int64_t created_ms;
    int64_t expires_ms;       /* 0: never */
    int64_t used_ms;          /* 0: never */
    struct pk_strings groups; /* whose devices it sees; none: all */
    const char *person;       /* id of whose session it is; NULL: nobody's in the table of people */
    const char *address;      /* where a session was opened from; NULL unknown */
    const char *external;     /* session of the identity provider; NULL: none */
    const char *device;       /* of a page or its link: the only one that it is good for; NULL */
};
PK_MUST_USE int pk_token_add(
        struct pk_store *store, const struct pk_token *token, struct pk_error *err);
/* A session that nobody used for so long is over. */
#define PK_SESSION_IDLE_MS (INT64_C(2) * 3600000)
/* The live token of this kind; PK_ENOENT when unknown or expired. Not noted: what a page asks by itself is no
 * use of a session. */
PK_MUST_USE int pk_token_find(struct pk_store *store, int kind, const char *secret_sha256,
        int64_t now_ms, struct pk_arena *arena, struct pk_token *out, struct pk_error *err);
/* The same, and notes used_ms at most once a minute. */
PK_MUST_USE int pk_token_use(struct pk_store *store, int kind, const char *secret_sha256,
        int64_t now_ms, struct pk_arena *arena, struct pk_token *out, struct pk_error *err);
/* As use, and removes it: a one-time link works once, also when two come at the same moment. */
PK_MUST_USE int pk_token_take(struct pk_store *store, int kind, const char *secret_sha256,
        int64_t now_ms, struct pk_arena *arena, struct pk_token *out, struct pk_error *err);
PK_MUST_USE int pk_token_list(struct pk_store *store, int kind, const struct pk_query *query,
        struct pk_arena *arena, struct pk_page *out, struct pk_error *err);
PK_MUST_USE int pk_token_remove(
        struct pk_store *store, int kind, const char *id, struct pk_error *err);
/* All of a device: links to its page and sessions of it. None is fine. */
PK_MUST_USE int pk_token_remove_of(
        struct pk_store *store, const char *device, struct pk_error *err);

struct pk_audit_row {
    int64_t id;
    int64_t at_ms;
    const char *actor;
    const char *act;    /* "incident.dismiss", "token.create", ... */
    const char *target; /* id */
    json_t *detail;     /* never a secret */
};
/* Also adds the event "audit". */
PK_MUST_USE int pk_audit_add(
        struct pk_store *store, const struct pk_audit_row *row, struct pk_error *err);
PK_MUST_USE int pk_audit_list(struct pk_store *store, const struct pk_query *query,
        struct pk_arena *arena, struct pk_page *out, struct pk_error *err);

/* ---- the pipeline's place in the journal ---------------------------------------------------- */

/* How far a partition of the journal has been worked in: written in the same transaction as its
 * effects, so that nothing is worked in twice. 0 before the first. */
PK_MUST_USE int pk_progress_get(
        struct pk_store *store, int64_t partition, int64_t *out, struct pk_error *err);
PK_MUST_USE int pk_progress_put(
        struct pk_store *store, int64_t partition, int64_t offset, struct pk_error *err);

/* ---- what a device has sent ------------------------------------------------------------------ */

struct pk_ledger_counts {
    int64_t reports;
    int64_t bytes;                      /* as they travelled; counted by day alone */
    int64_t by_kind[PK_OBS_KIND_COUNT]; /* observations */
};
PK_MUST_USE int pk_ledger_counts_add(struct pk_store *store, const char *device,
        const struct pk_ledger_counts *more, struct pk_error *err);
/* All zero when nothing was counted yet. */
PK_MUST_USE int pk_ledger_counts_get(struct pk_store *store, const char *device,
        struct pk_ledger_counts *out, struct pk_error *err);

struct pk_ledger_day {
    int64_t day; /* since 1970 */
    struct pk_ledger_counts counts;
};
PK_MUST_USE int pk_ledger_day_add(struct pk_store *store, const char *device, int64_t at_ms,
        const struct pk_ledger_counts *more, struct pk_error *err);
/* Newest first. items: struct pk_ledger_day. */
PK_MUST_USE int pk_ledger_days(struct pk_store *store, const char *device, int64_t limit,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err);

/* ---- numbers of the first page ------------------------------------------------------------- */

struct pk_count {
    const char *key;
    int64_t count;
    int64_t devices;
};
struct pk_day_count {
    char day[11]; /* YYYY-MM-DD */
    int64_t opened;
    int64_t resolved;
    int64_t devices;
};
struct pk_overview {
    int64_t devices, active, silent, never, revoked;
    int64_t levels[4];   /* by enum pk_risk_level, devices that are not revoked */
    int64_t outlooks[4]; /* by enum pk_outlook, devices that are not revoked */
    int64_t blocked;     /* with a measure in force */
    int64_t open, opened_24h, resolved_24h;
    int64_t by_severity[PK_SEVERITY_COUNT]; /* open ones */
    struct pk_day_count days[14];           /* oldest first */
    struct pk_array threats;                /* struct pk_count: open incidents by threat */
};
PK_MUST_USE int pk_store_overview(struct pk_store *store, int64_t now_ms, struct pk_arena *arena,
        struct pk_overview *out, struct pk_error *err);

/* What the database takes on its disk; counts of devices by what their certificates need. */
struct pk_store_size {
    int64_t bytes;
    int64_t ending; /* devices in use whose certificate ends within PK_CERTIFICATE_SOON_MS */
    int64_t ended;  /* the same: it ended already */
};
#define PK_CERTIFICATE_SOON_MS (INT64_C(14) * 86400000)
PK_MUST_USE int pk_store_size(
        struct pk_store *store, int64_t now_ms, struct pk_store_size *out, struct pk_error *err);

/* A secret or setting that the server made for itself: "network_key" ... NULL when absent. */
PK_MUST_USE int pk_meta_get(struct pk_store *store, const char *key, struct pk_arena *arena,
        const char **out, struct pk_error *err);
PK_MUST_USE int pk_meta_put(
        struct pk_store *store, const char *key, const char *value, struct pk_error *err);
