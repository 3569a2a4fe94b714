/* apps.h - apps, their files, who has them, and what people say about them, at rest. The rules of
 * store.h hold: one connection, one thread; *_put joins the caller's transaction. */
#pragma once

#include "base/slice.h"
#include "model/app_report.h"
#include "store/store.h"

/* What an app is held for, by how bad that is: the verdicts in order, and "nobody has looked yet". */
enum pk_app_standing {
    PK_STANDING_UNKNOWN,
    PK_STANDING_CLEAN,
    PK_STANDING_UNWANTED,
    PK_STANDING_MALFORMED,
    PK_STANDING_SUSPICIOUS,
    PK_STANDING_MALICIOUS,
};
extern const char *const pk_app_standing_names[]; /* NULL-terminated */

enum pk_app_standing pk_app_standing_of(int verdict); /* enum pk_app_verdict */

/* ---- apps: a package and who signed it ------------------------------------------------------- */

struct pk_app_row {
    char id[PK_ID_TEXT]; /* pk_app_id() */
    const char *package;
    const char *signer;  /* "" unknown */
    const char *label;   /* "" unknown */
    const char *version; /* of the newest file */
    int64_t version_code;
    int standing; /* the worst of its files that devices have */
    double score;
    const char *threat; /* the worst file's, NULL */
    int64_t devices;    /* that have it now */
    int64_t versions;   /* files that were ever seen */
    int64_t first_ms;
    int64_t last_ms;
};

/* "app-" and 20 hex digits of the SHA-256 of both. NULL counts as "". */
void pk_app_id(const char *package, const char *signer, char out[PK_ID_TEXT]);

PK_MUST_USE int pk_app_get(struct pk_store *store, const char *id, struct pk_arena *arena,
        struct pk_app_row *out, struct pk_error *err);
/* Makes the row when there is none, with what the item says; else leaves it. *fresh: it was made. */
PK_MUST_USE int pk_app_add(
        struct pk_store *store, const struct pk_app_row *row, bool *fresh, struct pk_error *err);
/* One more or one less device has it; last_ms moves forward to at_ms. */
PK_MUST_USE int pk_app_count_device(struct pk_store *store, const char *id, int64_t change,
        int64_t at_ms, struct pk_error *err);
/* Counts its devices anew: files were found to belong to it, or not to. */
PK_MUST_USE int pk_app_recount(struct pk_store *store, const char *id, struct pk_error *err);
/* Takes the row away when neither a file nor a copy belongs to it any more. */
PK_MUST_USE int pk_app_drop_empty(struct pk_store *store, const char *id, struct pk_error *err);
/* Draws version, label, standing, score, threat and the number of versions again from its files and
 * from what single devices' copies are held for. */
PK_MUST_USE int pk_app_refresh(struct pk_store *store, const char *id, struct pk_error *err);
/* All apps and files that a device has were seen there now; written at most once an hour each. */
PK_MUST_USE int pk_app_seen_on(
        struct pk_store *store, const char *device, int64_t at_ms, struct pk_error *err);
/* filters: verdict package installer device threat q; sorts: verdict name package devices first_seen_at
 * last_seen_at; default -verdict. items: struct pk_app_row. */
PK_MUST_USE int pk_app_list(struct pk_store *store, const struct pk_query *query,
        struct pk_arena *arena, struct pk_page *out, struct pk_error *err);

/* ---- files: analysed once for all ------------------------------------------------------------- */

enum pk_app_file_state {
    PK_FILE_WANTED,    /* some device should send it */
    PK_FILE_ASKED,     /* one was asked */
    PK_FILE_UPLOADING, /* it is here and waits for the reader, or is being read */
    PK_FILE_ANALYSED,  /* its report is in the store */
    PK_FILE_FAILED,    /* it could not be had or read: `error` says why */
};
extern const char *const pk_app_file_state_names[]; /* NULL-terminated */

struct pk_app_file {
    const char *sha256;
    const char *app; /* id */
    const char *package;
    const char *label;
    const char *version;
    int64_t version_code;
    const char *signer;
    int64_t size; /* 0 unknown */
    int state;    /* enum pk_app_file_state */
    const char *error;
    int standing;
    double score;
    const char *threat; /* in the catalogue, NULL */
    json_t *reasons;    /* array of sentences, NULL */
    int64_t devices;    /* that have it now */
    int64_t first_ms;
    int64_t last_ms;
    int64_t judged_ms; /* 0: never */
    int64_t knowledge; /* which state of lists and indicators it was judged by */
    int64_t judgement; /* grows when devices have to be judged again */
    bool push;         /* some device may not have heard of the newest judgement */
    int64_t asked_ms;
    const char *asked_device; /* NULL: none */
    int64_t asks;             /* devices that were asked so far */
    const char *uploaded_by;  /* a person or token; NULL: a device */
    int64_t risk;        /* 0-100: how bad its content looks to the reader alone; -1: not known */
    int64_t permissions; /* pk_visit_permissions() of what it asks for, as bits */
};

/* *fresh: there was no such file. */
PK_MUST_USE int pk_app_file_add(
        struct pk_store *store, const struct pk_app_file *file, bool *fresh, struct pk_error *err);
PK_MUST_USE int pk_app_file_get(struct pk_store *store, const char *sha256, struct pk_arena *arena,
        struct pk_app_file *out, struct pk_error *err);
/* Writes everything but devices, first_ms and last_ms. */
PK_MUST_USE int pk_app_file_put(
        struct pk_store *store, const struct pk_app_file *file, struct pk_error *err);
PK_MUST_USE int pk_app_file_count_device(struct pk_store *store, const char *sha256, int64_t change,
        int64_t at_ms, struct pk_error *err);
/* Of an app, newest version first; items: struct pk_app_file. */
PK_MUST_USE int pk_app_file_of(struct pk_store *store, const char *app, int64_t limit,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err);
/* Files in this state that were asked for before then (asked_ms < before_ms), oldest first. */
PK_MUST_USE int pk_app_file_waiting(struct pk_store *store, int state, int64_t before_ms,
        int64_t limit, struct pk_arena *arena, struct pk_array *out, struct pk_error *err);
/* Files whose judgement is older than this state of knowledge, or that have to be pushed. */
PK_MUST_USE int pk_app_file_stale(struct pk_store *store, int64_t knowledge, int64_t limit,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err);
PK_MUST_USE int pk_app_file_count_stale(
        struct pk_store *store, int64_t knowledge, int64_t *out, struct pk_error *err);
PK_MUST_USE int pk_app_file_to_push(struct pk_store *store, int64_t limit, struct pk_arena *arena,
        struct pk_array *out, struct pk_error *err);
/* filters: state verdict package app device threat q; sorts: first_seen_at last_seen_at judged_at
 * verdict; default -last_seen_at. items: struct pk_app_file. */
PK_MUST_USE int pk_app_file_list(struct pk_store *store, const struct pk_query *query,
        struct pk_arena *arena, struct pk_page *out, struct pk_error *err);

/* The reader's report of a file, as it found it: JSON, kept packed. PK_ENOENT: none. */
#define PK_APP_REPORT_TEXT_MAX (48UL * 1024 * 1024)
PK_MUST_USE int pk_app_report_put(
        struct pk_store *store, const char *sha256, const json_t *report, struct pk_error *err);
/* Decoded into the arena. */
PK_MUST_USE int pk_app_report_get(struct pk_store *store, const char *sha256,
        struct pk_arena *arena, struct pk_app_report *out, struct pk_error *err);

/* ---- asking a device for a file --------------------------------------------------------------- */

struct pk_app_ask {
    const char *sha256;
    const char *device;
    int64_t action; /* the command in the outbox */
    int64_t at_ms;
    int64_t done_ms; /* 0: open */
};
PK_MUST_USE int pk_app_ask_put(
        struct pk_store *store, const struct pk_app_ask *ask, struct pk_error *err);
PK_MUST_USE int pk_app_ask_get(struct pk_store *store, const char *sha256, const char *device,
        struct pk_arena *arena, struct pk_app_ask *out, struct pk_error *err);
/* Ends every open ask for the file, with its command. */
PK_MUST_USE int pk_app_ask_end(
        struct pk_store *store, const char *sha256, int64_t at_ms, struct pk_error *err);
/* The device that should be asked: it has the file, is not revoked, was not asked for this file since
 * then, has fewer than open_max open asks, and was seen last. PK_ENOENT: none. */
PK_MUST_USE int pk_app_ask_whom(struct pk_store *store, const char *sha256, int64_t since_ms,
        int64_t open_max, char out[PK_ID_TEXT], struct pk_error *err);

/* ---- devices' apps ---------------------------------------------------------------------------- */

struct pk_device_app {
    const char *device;
    const char *device_name; /* by the readers */
    const char *package;
    const char *sha256; /* "" unknown */
    const char *app;
    const char *signer;
    const char *label;
    const char *version;
    int64_t version_code;
    const char *installer; /* "" by hand, NULL unknown */
    int system;            /* enum pk_tri */
    int profile;           /* enum pk_app_profile_kind */
    int64_t since_ms;      /* the package is there */
    int64_t version_ms;    /* this file is */
    int64_t gone_ms;       /* 0: it is there */
    int standing;          /* of this copy: its file's, and how it came here */
    const char *threat;    /* of the incident that stands for it, NULL */
    const char *subject;
    const char *excepted; /* the reason of the exception that holds it back, NULL */
    int64_t judgement;    /* of the file, that this device has heard of */
};

/* Of a device: packages behind after up to and with upto (NULL: no end), present ones only. In the order
 * of packages. items: struct pk_device_app. */
PK_MUST_USE int pk_device_app_range(struct pk_store *store, const char *device, const char *after,
        const char *upto, struct pk_arena *arena, struct pk_array *out, struct pk_error *err);
/* Of one package, also gone ones. */
PK_MUST_USE int pk_device_app_package(struct pk_store *store, const char *device,
        const char *package, struct pk_arena *arena, struct pk_array *out, struct pk_error *err);
/* Inserts or updates by device, package and sha256. */
PK_MUST_USE int pk_device_app_put(
        struct pk_store *store, const struct pk_device_app *row, struct pk_error *err);
/* Present copies of a file whose judgement is older than this. */
PK_MUST_USE int pk_device_app_stale(struct pk_store *store, const char *sha256, int64_t judgement,
        int64_t limit, struct pk_arena *arena, struct pk_array *out, struct pk_error *err);
/* Present copies whose file is not known by its hash, that single devices' rules may hit; by device and
 * package behind this one. */
PK_MUST_USE int pk_device_app_unhashed(struct pk_store *store, const char *after_device,
        const char *after_package, int64_t limit, struct pk_arena *arena, struct pk_array *out,
        struct pk_error *err);
/* The copies of a file belong to another app than was thought: its report says so. */
PK_MUST_USE int pk_device_app_move(
        struct pk_store *store, const char *sha256, const char *app, struct pk_error *err);
/* filters: device app package sha256 present(yes|no) verdict installer q; sorts: since name; default
 * -since. items: struct pk_device_app. */
PK_MUST_USE int pk_device_app_list(struct pk_store *store, const struct pk_query *query,
        struct pk_arena *arena, struct pk_page *out, struct pk_error *err);

/* When the device last sent its whole list; 0: never. */
PK_MUST_USE int pk_inventory_put(
        struct pk_store *store, const char *device, int64_t at_ms, struct pk_error *err);
PK_MUST_USE int pk_inventory_get(
        struct pk_store *store, const char *device, int64_t *out, struct pk_error *err);

/* ---- what people say of apps ------------------------------------------------------------------- */

enum pk_exception_scope {
    PK_EXCEPTION_ALL,
    PK_EXCEPTION_GROUP,
    PK_EXCEPTION_DEVICE,
};
extern const char *const pk_exception_scope_names[]; /* NULL-terminated */

struct pk_exception_row {
    const char *id;
    const char *reason;
    int scope;          /* enum pk_exception_scope */
    const char *target; /* group or device, "" for all */
    const char *sha256; /* NULL: any, so do those below */
    const char *package;
    const char *signer;
    const char *team;
    const char *threat;
    const char *rule;
    int64_t created_ms;
    const char *created_by;
    int64_t expires_ms; /* 0: never */
};
PK_MUST_USE int pk_exception_add(
        struct pk_store *store, const struct pk_exception_row *row, struct pk_error *err);
PK_MUST_USE int pk_exception_get(struct pk_store *store, const char *id, struct pk_arena *arena,
        struct pk_exception_row *out, struct pk_error *err);
PK_MUST_USE int pk_exception_remove(struct pk_store *store, const char *id, struct pk_error *err);
/* Those that have not expired at that time; items: struct pk_exception_row. */
PK_MUST_USE int pk_exception_live(struct pk_store *store, int64_t now_ms, struct pk_arena *arena,
        struct pk_array *out, struct pk_error *err);
/* filters: scope package signer sha256 threat active(yes|no) q; sorts: created_at expires_at; default
 * -created_at. items: struct pk_exception_row. */
PK_MUST_USE int pk_exception_list(struct pk_store *store, const struct pk_query *query,
        struct pk_arena *arena, struct pk_page *out, struct pk_error *err);

/* A text that people change; every version stays. */
struct pk_document {
    int64_t version; /* from 1 */
    int64_t at_ms;
    const char *who;
    const char *text;
};
/* The newest; PK_ENOENT: none. */
PK_MUST_USE int pk_document_get(struct pk_store *store, const char *name, struct pk_arena *arena,
        struct pk_document *out, struct pk_error *err);
/* *version: the new one's number. */
PK_MUST_USE int pk_document_put(struct pk_store *store, const char *name,
        const struct pk_document *document, int64_t *version, struct pk_error *err);

/* One of them; PK_ENOENT. */
PK_MUST_USE int pk_document_version(struct pk_store *store, const char *name, int64_t version,
        struct pk_arena *arena, struct pk_document *out, struct pk_error *err);
/* The newest first. items: struct pk_document. */
PK_MUST_USE int pk_document_versions(struct pk_store *store, const char *name, int64_t limit,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err);

/* Bytes of any length, in parts; putting replaces what was there. */
PK_MUST_USE int pk_blob_put(
        struct pk_store *store, const char *name, struct pk_slice bytes, struct pk_error *err);
/* malloc'ed, the caller frees; NULL and 0 when there is none. */
PK_MUST_USE int pk_blob_get(struct pk_store *store, const char *name, size_t max, uint8_t **bytes,
        size_t *len, struct pk_error *err);
