/* wait.h - GET /v1/wait: requests that sleep until their device has a command. One thread answers
 * them all, so that whoever has news (a pipeline worker, a person's call) only leaves a note. */
#pragma once

#include "server/server.h"

#define PK_WAIT_MAX_S     1800
#define PK_WAIT_DEFAULT_S 1500
#define PK_SEEN_MAX       64 /* ids in one ?seen= */

struct pk_waits;

/* Starts the thread. */
PK_MUST_USE int pk_waits_create(
        struct pk_server *server, struct pk_waits **out, struct pk_error *err);
/* Answers every wait with 503 and takes no new ones; ends the thread. */
void pk_waits_stop(struct pk_waits *waits);
void pk_waits_destroy(struct pk_waits *waits);

/* The device has something new to hear. Any thread; NULL is fine. */
void pk_waits_notify(struct pk_waits *waits, const char *device);
/* Something that concerns all devices is new: every wait looks whether it has to be answered. */
void pk_waits_notify_all(struct pk_waits *waits);
/* The crowd said something: body (a whole answer; taken over, NULL is fine) goes to every wait of this epoch that has
 * heard up to base; those that heard less, or of another epoch, look for themselves. Others sleep on. */
void pk_waits_push(
        struct pk_waits *waits, uint32_t epoch, uint64_t base, uint64_t last, json_t *body);
/* Does this device wait right now? Any thread; NULL is fine. */
bool pk_waits_has(struct pk_waits *waits, const char *device);
unsigned pk_waits_count(struct pk_waits *waits);

void pk_wait_handler(struct pk_request *request, void *server);
