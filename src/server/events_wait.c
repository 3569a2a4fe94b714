#include "server/events_wait.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/event.h"
#include "server/server.h"

/* Another process can write into the same store (picketd --issue-enrollment does): look at it this
 * often while someone waits. */
#define LOOK_MS INT64_C(1000)
/* Of one round of answers. */
#define ROUND_ARENA_MAX (64UL * 1024 * 1024)

struct waiter {
    struct waiter *next;
    struct pk_request *request;
    struct pk_events_wish wish;
    int64_t deadline_ms; /* monotonic */
};

struct pk_events_wait {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t thread;
    struct pk_server *server;
    struct waiter *waiters;
    unsigned count;
    bool look; /* there may be news for somebody */
    bool stopping;
    bool joined;
};

/* The answer to the wish before: readers mostly stand at the same place. */
struct batch {
    struct pk_events_wish wish;
    json_t *body;
    int64_t next;
    bool empty;
};

static bool same_wish(const struct pk_events_wish *a, const struct pk_events_wish *b)
{
    return a->after == b->after && a->limit == b->limit && a->audit == b->audit &&
            strcmp(a->scope, b->scope) == 0;
}

static int batch_fill(
        struct batch *batch, struct pk_store *store, const struct pk_events_wish *wish)
{
    struct pk_arena *arena;
    struct pk_error err;
    json_t *items = NULL;
    int rc;

    if (batch->body != NULL && same_wish(&batch->wish, wish)) {
        return PK_OK;
    }
    json_decref(batch->body);
    *batch = (struct batch){ .wish = *wish };
    arena = pk_arena_create(ROUND_ARENA_MAX);
    rc = arena == NULL ? pk_error_set(&err, PK_ENOMEM, "out of memory")
                       : pk_events_read(store, wish, arena, &items, &batch->next, &err);
    if (rc == PK_OK) {
        batch->empty = json_array_size(items) == 0;
        batch->body = pk_events_body(items, batch->next);
        rc = batch->body == NULL ? PK_ENOMEM : PK_OK;
    } else {
        pk_event(PK_WARN, "api.events_unread", { "why", err.text });
    }
    pk_arena_destroy(arena);
    return rc;
}

static void refuse(struct pk_request *request)
{
    pk_reply_header(request, "Retry-After", "5");
    pk_reply_problem(request, 503, "unavailable", "the event stream cannot be read now", NULL);
}

/* Answers one reader, or returns false: nothing for it yet. */
static bool serve(struct waiter *w, struct pk_store *store, struct batch *batch, int64_t now_ms)
{
    if (store == NULL || batch_fill(batch, store, &w->wish) < 0) {
        refuse(w->request);
        return true;
    }
    if (batch->empty && now_ms < w->deadline_ms) {
        w->wish.after = batch->next;
        return false;
    }
    pk_reply_json(w->request, 200, json_incref(batch->body));
    return true;
}

/* Serves a list of readers; returns those who go on waiting. */
static struct waiter *serve_all(struct pk_events_wait *wait, struct waiter *list)
{
    struct pk_error err;
    struct pk_store *store = pk_server_store(wait->server, &err);
    struct waiter *left = NULL;
    struct batch batch = { 0 };
    int64_t now_ms = pk_clock_monotonic_ms();

    if (store == NULL) {
        pk_event(PK_ERROR, "api.no_store", { "why", err.text });
    }
    while (list != NULL) {
        struct waiter *w = list;

        list = w->next;
        if (serve(w, store, &batch, now_ms)) {
            free(w);
        } else {
            w->next = left;
            left = w;
        }
    }
    json_decref(batch.body);
    return left;
}

static unsigned count_of(const struct waiter *list)
{
    unsigned count = 0;

    for (; list != NULL; list = list->next) {
        count++;
    }
    return count;
}

/* Until there may be news, the first reader's time is up, or it is time to look. Locked. */
static void sleep_locked(struct pk_events_wait *wait)
{
    int64_t until_ms = pk_clock_monotonic_ms() + LOOK_MS;
    struct timespec until;

    if (wait->waiters == NULL) {
        (void)pthread_cond_wait(&wait->wake, &wait->lock);
        return;
    }
    for (const struct waiter *w = wait->waiters; w != NULL; w = w->next) {
        until_ms = w->deadline_ms < until_ms ? w->deadline_ms : until_ms;
    }
    until = (struct timespec){ .tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000 };
    if (pthread_cond_timedwait(&wait->wake, &wait->lock, &until) == ETIMEDOUT) {
        wait->look = true;
    }
}

static void *run(void *ctx)
{
    struct pk_events_wait *wait = ctx;

    (void)pthread_mutex_lock(&wait->lock);
    while (!wait->stopping) {
        struct waiter *list = wait->waiters;
        struct waiter *left;
        struct waiter **end = &wait->waiters;

        if (!wait->look || list == NULL) {
            wait->look = false;
            sleep_locked(wait);
            continue;
        }
        wait->look = false;
        wait->waiters = NULL;
        (void)pthread_mutex_unlock(&wait->lock);
        left = serve_all(wait, list);
        (void)pthread_mutex_lock(&wait->lock);
        while (*end != NULL) {
            end = &(*end)->next;
        }
        *end = left;
        wait->count = count_of(wait->waiters);
    }
    (void)pthread_mutex_unlock(&wait->lock);
    return NULL;
}

static int start(struct pk_events_wait *wait)
{
    pthread_condattr_t attr;
    int rc = pthread_mutex_init(&wait->lock, NULL);

    if (rc != 0 || (rc = pthread_condattr_init(&attr)) != 0) {
        return -rc;
    }
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    rc = pthread_cond_init(&wait->wake, &attr);
    (void)pthread_condattr_destroy(&attr);
    return rc != 0 ? -rc : -pthread_create(&wait->thread, NULL, run, wait);
}

int pk_events_wait_create(
        struct pk_server *server, struct pk_events_wait **out, struct pk_error *err)
{
    struct pk_events_wait *wait = calloc(1, sizeof(*wait));
    int rc;

    if (wait == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    wait->server = server;
    rc = start(wait);
    if (rc < 0) {
        free(wait);
        return pk_error_set(err, rc, "cannot start the thread of the event stream");
    }
    *out = wait;
    return PK_OK;
}

void pk_events_wait_stop(struct pk_events_wait *wait)
{
    struct waiter *list;

    (void)pthread_mutex_lock(&wait->lock);
    wait->stopping = true;
    (void)pthread_cond_signal(&wait->wake);
    (void)pthread_mutex_unlock(&wait->lock);
    if (wait->joined) {
        return;
    }
    (void)pthread_join(wait->thread, NULL);
    wait->joined = true;
    list = wait->waiters;
    wait->waiters = NULL;
    while (list != NULL) {
        struct waiter *w = list;

        list = w->next;
        refuse(w->request);
        free(w);
    }
}

void pk_events_wait_destroy(struct pk_events_wait *wait)
{
    if (wait == NULL) {
        return;
    }
    pk_events_wait_stop(wait);
    (void)pthread_cond_destroy(&wait->wake);
    (void)pthread_mutex_destroy(&wait->lock);
    free(wait);
}

int pk_events_wait_add(struct pk_events_wait *wait, struct pk_request *request,
        const struct pk_events_wish *wish, int64_t wait_ms)
{
    struct waiter *w = calloc(1, sizeof(*w));
    int rc = PK_OK;

    if (w == NULL) {
        return PK_ENOMEM;
    }
    *w = (struct waiter){
        .request = request,
        .wish = *wish,
        .deadline_ms = pk_clock_monotonic_ms() + wait_ms,
    };
    (void)pthread_mutex_lock(&wait->lock);
    if (wait->stopping || wait->count >= PK_EVENTS_WAITERS_MAX) {
        rc = PK_EBUSY;
    } else {
        pk_request_suspend(request);
        w->next = wait->waiters;
        wait->waiters = w;
        wait->count++;
        /* Something may have been committed since the caller looked. */
        wait->look = true;
        (void)pthread_cond_signal(&wait->wake);
    }
    (void)pthread_mutex_unlock(&wait->lock);
    if (rc < 0) {
        free(w);
    }
    return rc;
}

void pk_events_wait_changed(struct pk_events_wait *wait)
{
    (void)pthread_mutex_lock(&wait->lock);
    wait->look = true;
    (void)pthread_cond_signal(&wait->wake);
    (void)pthread_mutex_unlock(&wait->lock);
}

unsigned pk_events_wait_count(struct pk_events_wait *wait)
{
    unsigned count;

    (void)pthread_mutex_lock(&wait->lock);
    count = wait->count;
    (void)pthread_mutex_unlock(&wait->lock);
    return count;
}
