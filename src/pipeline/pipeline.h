/* pipeline.h - the circle for one report: judge, keep, fuse, decide, write down what to do.
 *
 * The same code runs in picketd's workers and in `picket replay`. It reads and writes the store
 * inside the caller's transaction and gets every time from the report, so the same reports give the
 * same incidents on every machine. A report that is applied twice changes nothing: what the device
 * row says is acknowledged (acked_seq) is skipped. */
#pragma once

#include "journal/journal.h"
#include "policy/policy.h"
#include "store/store.h"

struct pk_mistake;
struct pk_shelf; /* knowledge.h */
struct pk_text_overrides;

struct pk_pipeline {
    /* May be replaced while the pipeline runs; each use reads it anew, what was there before lives on for a
     * while (life.c). */
    const struct pk_policy *_Atomic policy;
    const struct pk_text_overrides *_Atomic texts; /* likewise; NULL: the catalogue's words */
    const char *const *siem_targets;               /* names; each gets its own row in the outbox */
    size_t siem_count;
    struct pk_shelf *shelf; /* what apps are judged by; NULL: nothing is known of any */
    bool asks;              /* files that nobody has read are wanted from devices */
    bool crowd;             /* there is a crowd that takes words about apps (store/crowd_rows.h) */
    bool mail;              /* there is a relay: letters can be written */
    /* "https://host:port" of the server, for links to the person's page; NULL: there is none, and no links. May be
     * replaced while the pipeline runs, when the port is known; what was there before lives on. */
    const char *_Atomic origin;
    struct pk_strings hooks; /* names of the webhooks of the settings */
    /* Is the device connected and waits for commands? NULL: nobody knows, so it is woken. */
    bool (*listens)(void *ctx, const char *device);
    void *listens_ctx;
};

/* What the caller has to wake after COMMIT. */
struct pk_pipeline_news {
    bool events;   /* the event stream grew */
    bool commands; /* the device of the report has a new command */
    bool siem;     /* the outbox grew: for the SOC, by mail, for webhooks, push */
    bool apps;     /* a file is wanted, or has to be pushed */
    bool crowd;    /* there are new words for the crowd */
};

/* A window on what happens, for replay and tests; any function may be NULL. */
struct pk_pipeline_watch {
    void (*finding)(const char *device, const struct pk_finding *finding, void *ctx);
    void (*incident)(const struct pk_incident *incident, enum pk_incident_change change, void *ctx);
    void (*risk)(const char *device, const struct pk_risk *risk, void *ctx);
    void (*action)(const struct pk_action *action, void *ctx);
    void *ctx;
};

/* Applies the entry's new observations. A device that is not in the store (any more) is skipped.
 * The caller has begun a transaction and commits it, or rolls everything back on an error. news is
 * added to, never reset; watch may be NULL. */
PK_MUST_USE int pk_pipeline_apply(const struct pk_pipeline *pipeline, struct pk_store *store,
        const struct pk_entry *entry, const struct pk_pipeline_watch *watch,
        struct pk_pipeline_news *news, struct pk_error *err);

/* What fell due for the device's policy up to at_ms, on its own clock; again: its policy or its row changed, all
 * is worked out anew. Inside the caller's transaction. PK_ENOENT: no such device. */
PK_MUST_USE int pk_pipeline_wait(const struct pk_pipeline *pipeline, struct pk_store *store,
        const char *device, int64_t at_ms, bool again, struct pk_pipeline_news *news,
        struct pk_error *err);

/* A person dismissed or reopened this incident, which is written already: the risk of its device is
 * fused anew, and the SOC hears of it when the policy wants that. A drill that is dismissed ends at once: its alert is
 * taken back and the device is told to stop (news->commands). Inside the caller's transaction.
 * PK_ENOENT: no such device. */
PK_MUST_USE int pk_pipeline_verdict(const struct pk_pipeline *pipeline, struct pk_store *store,
        const struct pk_incident *incident, enum pk_incident_change change, int64_t now_ms,
        struct pk_pipeline_news *news, struct pk_error *err);

/* An entry of the memory for false positives begins: this incident of the device is dismissed if it fits; or it has
 * ended: what it dismissed comes back, unless another entry says the same. Inside the caller's transaction;
 * news is added to. */
PK_MUST_USE int pk_pipeline_mistake(const struct pk_pipeline *pipeline, struct pk_store *store,
        const struct pk_mistake *mistake, bool ended, const char *device, const char *incident,
        int64_t now_ms, struct pk_pipeline_news *news, struct pk_error *err);

/* Somebody else than the device found this out about it, or takes it back: kept as if its own report had said
 * so. One about a network that the device has left meanwhile is kept as over. Inside the caller's transaction; news is added to. PK_ENOENT: no such device. */
PK_MUST_USE int pk_pipeline_finding(const struct pk_pipeline *pipeline, struct pk_store *store,
        const char *device, const struct pk_finding *finding, struct pk_pipeline_news *news,
        struct pk_error *err);

/* What will probably happen to the device, computed elsewhere: into its row, and the risk, which holds a part of
 * it, is fused anew. Inside the caller's transaction; news is added to. PK_ENOENT: no such device. */
PK_MUST_USE int pk_pipeline_foresee(const struct pk_pipeline *pipeline, struct pk_store *store,
        const char *device, const struct pk_foresight *foresight, int64_t now_ms,
        struct pk_pipeline_news *news, struct pk_error *err);
