/* erase.h - everything that is held about a device is taken out: asked for by the person or an administrator,
 * done by the thread of retention.h.
 *
 * The device is refused from the moment that an erasure begins. Its data go when everyone who reads the journal
 * has passed the device's last report, so that nobody writes about it afterwards: first what is long,
 * then the journal's entries, then the rest with the device itself in one transaction, last what the
 * files still hold of deleted rows. A crash in between is taken up again: each step may run twice. */
#pragma once

#include "journal/journal.h"
#include "server/server.h"
#include "store/personal.h"

struct pk_eraser {
    struct pk_server *server;
    struct pk_journal_reader *reader;
    char id[PK_ID_TEXT]; /* of the erasure under way; "": none */
    int64_t upto;        /* the device's last report is not behind this offset; -1: not known yet */
    struct pk_personal_place place;
    bool begun; /* said in the audit */
};

/* A step of what has begun. 1: there is more to do soon; 0: nothing; < 0. */
PK_MUST_USE int pk_eraser_step(
        struct pk_eraser *eraser, struct pk_store *store, struct pk_error *err);

/* Inside the caller's transaction: asks for it, or begins it when that may be. An erasure that was asked for before
 * is begun. *out: as it is now. After COMMIT: pk_erase_begun() when its state is PK_ERASURE_BEGUN.
 * PK_ENOENT: no such device. */
PK_MUST_USE int pk_erase_ask(struct pk_server *server, struct pk_store *store, const char *device,
        const char *by, bool begin, struct pk_arena *arena, struct pk_erasure *out,
        struct pk_error *err);
/* The person asks, on the page or through the agent: asked for or begun as the settings say, audited, and all that
 * follows. *out: as it is now. */
PK_MUST_USE int pk_erase_by_person(struct pk_server *server, struct pk_store *store,
        const char *device, struct pk_arena *arena, struct pk_erasure *out, struct pk_error *err);
/* The device is refused from now on, and the thread looks. */
void pk_erase_begun(struct pk_server *server, const char *device);

/* {"id","device":{...} or null,"state","asked_at","asked_by","done_at"} */
json_t *pk_erase_view(const struct pk_erasure *erasure, const char *device_name);

/* POST /v1/me/erase */
void pk_erase_handler(struct pk_request *request, void *server);
