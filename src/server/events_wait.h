/* events_wait.h - readers of the event stream that wait for news. One thread answers them all: it
 * sleeps until something is committed or the first reader's time is up. Any thread may call. */
#pragma once

#include <stdint.h>
#include <jansson.h>
#include <stdbool.h>

#include "base/arena.h"
#include "store/scope.h"

/* Waiting readers; more are told to come again (503). */
#define PK_EVENTS_WAITERS_MAX 1024
#define PK_EVENTS_WAIT_MAX_S  30

struct pk_events_wait;
struct pk_request;
struct pk_server;
struct pk_store;

/* What a reader wants. */
struct pk_events_wish {
    int64_t after;
    int64_t limit;
    bool audit;                /* may see what administrators did */
    char scope[PK_SCOPE_TEXT]; /* whose devices' events; "": all, and those of no device */
};

/* Reads once: *items (the caller owns it) holds at most wish->limit events after wish->after and
 * *next is the cursor behind what was looked at, whether or not it may be seen. */
PK_MUST_USE int pk_events_read(struct pk_store *store, const struct pk_events_wish *wish,
        struct pk_arena *arena, json_t **items, int64_t *next, struct pk_error *err);
/* {"items","next"}; items is taken over. */
json_t *pk_events_body(json_t *items, int64_t next);

/* The server is borrowed. */
PK_MUST_USE int pk_events_wait_create(
        struct pk_server *server, struct pk_events_wait **out, struct pk_error *err);
/* Answers everyone with 503 and ends the thread; later adds are refused. Twice is fine. */
void pk_events_wait_stop(struct pk_events_wait *wait);
void pk_events_wait_destroy(struct pk_events_wait *wait);

/* Suspends the request and answers it later: with events, or empty after wait_ms. PK_EBUSY: too
 * many wait, or the end is near; the request is not suspended. */
PK_MUST_USE int pk_events_wait_add(struct pk_events_wait *wait, struct pk_request *request,
        const struct pk_events_wish *wish, int64_t wait_ms);
void pk_events_wait_changed(struct pk_events_wait *wait);
unsigned pk_events_wait_count(struct pk_events_wait *wait);
