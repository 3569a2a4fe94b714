#include "server/wait.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/event.h"
#include "server/commands.h"
#include "server/crowd_share.h"
#include "server/devices.h"
#include "server/http_same.h"
#include "server/peer.h"
#include "server/trust_push.h"

#define TABLE_SIZE    8192 /* chains of waits by device */
#define ANSWER_MEMORY (1024UL * 1024)

struct wait {
    struct wait *next; /* in its chain */
    struct pk_request *request;
    struct pk_peer peer;
    int64_t until_ms; /* monotonic */
    size_t heap_at;
    char trust[PK_TRUST_VERSION]; /* that the device has; "": it does not ask */
    struct pk_share_heard crowd;  /* how far it has heard */
    struct pk_same *push;         /* its answer; NULL: look what it is */
    struct wait *due;             /* in the list of those that have news */
};

struct pk_waits {
    struct pk_server *server;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t thread;
    bool ends;
    struct wait *table[TABLE_SIZE];
    /* Counts the notes for the devices of a chain. Who saw no commands and then finds the number
     * changed looks again, so that no note falls between looking and waiting. */
    uint64_t notes[TABLE_SIZE];
    struct wait **heap; /* earliest end first */
    size_t count;
    size_t heap_cap;
    struct wait *due;
    struct wait **due_end;
};

static size_t chain_of(const char *device)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (; *device != '\0'; device++) {
        h = (h ^ (unsigned char)*device) * UINT64_C(0x100000001b3);
    }
    return (size_t)(h ^ (h >> 32)) % TABLE_SIZE;
}

/* ---- the heap, under the lock ---------------------------------------------------------------- */

static void heap_set(struct pk_waits *waits, size_t at, struct wait *wait)
{
    waits->heap[at] = wait;
    wait->heap_at = at;
}

static void heap_up(struct pk_waits *waits, size_t at)
{
    struct wait *wait = waits->heap[at];

    while (at > 0 && waits->heap[(at - 1) / 2]->until_ms > wait->until_ms) {
        heap_set(waits, at, waits->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    heap_set(waits, at, wait);
}

static void heap_down(struct pk_waits *waits, size_t at)
{
    struct wait *wait = waits->heap[at];

    for (;;) {
        size_t child = 2 * at + 1;

        if (child + 1 < waits->count &&
                waits->heap[child + 1]->until_ms < waits->heap[child]->until_ms) {
            child++;
        }
        if (child >= waits->count || waits->heap[child]->until_ms >= wait->until_ms) {
            break;
        }
        heap_set(waits, at, waits->heap[child]);
        at = child;
    }
    heap_set(waits, at, wait);
}

static int heap_room(struct pk_waits *waits)
{
    size_t cap = waits->heap_cap > 0 ? waits->heap_cap * 2 : 1024;
    struct wait **grown;

    if (waits->count < waits->heap_cap) {
        return PK_OK;
    }
    grown = reallocarray(waits->heap, cap, sizeof(struct wait *));
    if (grown == NULL) {
        return PK_ENOMEM;
    }
    waits->heap = grown;
    waits->heap_cap = cap;
    return PK_OK;
}

/* ---- the table, under the lock --------------------------------------------------------------- */

static struct wait *find(struct pk_waits *waits, const char *device)
{
    struct wait *wait = waits->table[chain_of(device)];

    while (wait != NULL && strcmp(wait->peer.device, device) != 0) {
        wait = wait->next;
    }
    return wait;
}

/* Out of table and heap: from here it belongs to the caller alone. */
static void take(struct pk_waits *waits, struct wait *wait)
{
    struct wait **at = &waits->table[chain_of(wait->peer.device)];
    size_t hole = wait->heap_at;
    struct wait *last;

    while (*at != wait) {
        at = &(*at)->next;
    }
    *at = wait->next;
    last = waits->heap[--waits->count];
    if (last != wait) {
        heap_set(waits, hole, last);
        heap_up(waits, hole);
        heap_down(waits, last->heap_at);
    }
}

static void put(struct pk_waits *waits, struct wait *wait)
{
    size_t chain = chain_of(wait->peer.device);

    wait->next = waits->table[chain];
    waits->table[chain] = wait;
    heap_set(waits, waits->count++, wait);
    heap_up(waits, wait->heap_at);
}

/* ---- answers --------------------------------------------------------------------------------- */

static void reply_news(
        struct pk_request *request, json_t *commands, json_t *trust, json_t *crowd, int64_t now_ms)
{
    char now[PK_TIME_TEXT];
    json_t *body = json_pack(
            "{s:o, s:s}", "commands", commands, "now", pk_time_format(now_ms, now));

    if (trust != NULL && body != NULL) {
        (void)json_object_set_new(body, "settings", trust);
    }
    if (crowd != NULL && body != NULL) {
        (void)json_object_set_new(body, "crowd", crowd);
    }
    pk_reply_json(request, 200, body);
}

static void free_wait(struct wait *wait)
{
    pk_same_unref(wait->push);
    free(wait);
}

static void end(struct wait *wait)
{
    pk_reply_json(wait->request, 204, NULL);
    free_wait(wait);
}

/* It is put back when the news were not for it after all. */
static void look_for_news(struct pk_waits *waits, struct wait *wait)
{
    struct pk_server *server = waits->server;
    struct pk_arena *arena = pk_arena_create(ANSWER_MEMORY);
    struct pk_error err = { 0 };
    struct pk_store *store = pk_server_store(server, &err);
    json_t *commands = NULL;
    json_t *trust = pk_trust_push(server, wait->trust);
    json_t *crowd = pk_crowd_share_news(server->share, &wait->crowd);
    struct wait *other;

    if (arena == NULL || store == NULL ||
            pk_commands_pending(store, wait->peer.device, arena, &commands, &err) < 0) {
        err.code = err.code == PK_OK ? PK_ENOMEM : err.code;
        pk_reply_error(wait->request, &err);
        free_wait(wait);
    } else if (json_array_size(commands) > 0 || trust != NULL || crowd != NULL) {
        reply_news(wait->request, commands, trust, crowd, pk_server_now(server));
        commands = NULL;
        trust = NULL;
        crowd = NULL;
        free_wait(wait);
    } else {
        pthread_mutex_lock(&waits->lock);
        other = find(waits, wait->peer.device);
        if (other == NULL && heap_room(waits) == PK_OK) {
            put(waits, wait);
            wait = NULL;
        }
        pthread_mutex_unlock(&waits->lock);
        if (wait != NULL) {
            end(wait); /* a newer one came meanwhile */
        }
    }
    json_decref(commands);
    json_decref(trust);
    json_decref(crowd);
    pk_arena_destroy(arena);
}

/* News for this wait, which is out of the table. */
static void answer(struct pk_waits *waits, struct wait *wait)
{
    struct pk_server *server = waits->server;
    enum pk_device_answer is = pk_devices_check(
            server->devices, wait->peer.device, wait->peer.serial, pk_server_now(server));

    if (is == PK_DEVICE_LEFT) {
        pk_reply_problem(wait->request, 403, "left", "this device left the server", NULL);
        free_wait(wait);
    } else if (is != PK_DEVICE_GOOD) {
        pk_reply_problem(wait->request, 403, "forbidden", "the device was revoked", NULL);
        free_wait(wait);
    } else if (wait->push != NULL) {
        pk_reply_same(wait->request, wait->push);
        free_wait(wait);
    } else {
        look_for_news(waits, wait);
    }
}

static struct wait *next_due(struct pk_waits *waits)
{
    struct wait *wait = waits->due;

    if (wait != NULL) {
        waits->due = wait->due;
        if (waits->due == NULL) {
            waits->due_end = &waits->due;
        }
    }
    return wait;
}

static void sleep_until(struct pk_waits *waits)
{
    struct timespec until;
    int64_t at;

    if (waits->count == 0) {
        (void)pthread_cond_wait(&waits->wake, &waits->lock);
        return;
    }
    at = waits->heap[0]->until_ms;
    until = (struct timespec){ .tv_sec = at / 1000, .tv_nsec = at % 1000 * 1000000 };
    (void)pthread_cond_clockwait(&waits->wake, &waits->lock, CLOCK_MONOTONIC, &until);
}

static int64_t monotonic_ms(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void *run(void *arg)
{
    struct pk_waits *waits = arg;

    pthread_mutex_lock(&waits->lock);
    while (!waits->ends) {
        struct wait *wait = next_due(waits);

        if (wait != NULL) {
            pthread_mutex_unlock(&waits->lock);
            answer(waits, wait);
            pthread_mutex_lock(&waits->lock);
        } else if (waits->count > 0 && waits->heap[0]->until_ms <= monotonic_ms()) {
            wait = waits->heap[0];
            take(waits, wait);
            pthread_mutex_unlock(&waits->lock);
            end(wait);
            pthread_mutex_lock(&waits->lock);
        } else {
            sleep_until(waits);
        }
    }
    pthread_mutex_unlock(&waits->lock);
    return NULL;
}

int pk_waits_create(struct pk_server *server, struct pk_waits **out, struct pk_error *err)
{
    struct pk_waits *waits = calloc(1, sizeof(*waits));
    int rc;

    if (waits == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    waits->server = server;
    waits->due_end = &waits->due;
    pthread_mutex_init(&waits->lock, NULL);
    pthread_cond_init(&waits->wake, NULL);
    rc = pthread_create(&waits->thread, NULL, run, waits);
    if (rc != 0) {
        free(waits);
        return pk_error_set(err, -rc, "cannot start a thread: %s", pk_code_text(-rc));
    }
    *out = waits;
    return PK_OK;
}

static void refuse(struct pk_request *request)
{
    pk_reply_header(request, "Retry-After", "5");
    pk_reply_problem(request, 503, "unavailable", "the server stops", NULL);
}

void pk_waits_stop(struct pk_waits *waits)
{
    struct wait *wait;

    if (waits == NULL) {
        return;
    }
    pthread_mutex_lock(&waits->lock);
    waits->ends = true;
    pthread_cond_signal(&waits->wake);
    pthread_mutex_unlock(&waits->lock);
    pthread_join(waits->thread, NULL);
    pthread_mutex_lock(&waits->lock);
    for (wait = next_due(waits); wait != NULL; wait = next_due(waits)) {
        refuse(wait->request);
        free_wait(wait);
    }
    while (waits->count > 0) {
        wait = waits->heap[0];
        take(waits, wait);
        refuse(wait->request);
        free_wait(wait);
    }
    pthread_mutex_unlock(&waits->lock);
}

void pk_waits_destroy(struct pk_waits *waits)
{
    if (waits == NULL) {
        return;
    }
    pthread_mutex_destroy(&waits->lock);
    pthread_cond_destroy(&waits->wake);
    free(waits->heap);
    free(waits);
}

static void make_due(struct pk_waits *waits, struct wait *wait)
{
    take(waits, wait);
    wait->due = NULL;
    *waits->due_end = wait;
    waits->due_end = &wait->due;
}

void pk_waits_notify(struct pk_waits *waits, const char *device)
{
    struct wait *wait;

    if (waits == NULL) {
        return;
    }
    pthread_mutex_lock(&waits->lock);
    waits->notes[chain_of(device)]++;
    wait = find(waits, device);
    if (wait != NULL) {
        make_due(waits, wait);
        pthread_cond_signal(&waits->wake);
    }
    pthread_mutex_unlock(&waits->lock);
}

void pk_waits_notify_all(struct pk_waits *waits)
{
    if (waits == NULL) {
        return;
    }
    pthread_mutex_lock(&waits->lock);
    for (size_t chain = 0; chain < TABLE_SIZE; chain++) {
        waits->notes[chain]++;
    }
    while (waits->count > 0) {
        struct wait *wait = waits->heap[waits->count - 1]; /* the last leaves the others in place */

        make_due(waits, wait);
    }
    pthread_cond_signal(&waits->wake);
    pthread_mutex_unlock(&waits->lock);
}

/* Who waits for more than this says gets it; who missed something before looks for himself. */
static bool concerns(const struct wait *wait, uint32_t epoch, uint64_t last)
{
    return wait->crowd.asks && (wait->crowd.epoch != epoch || wait->crowd.seq < last);
}

/* The same for many, made once. NULL: each looks for himself. */
static struct pk_same *make_push(json_t *body)
{
    char *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
    struct pk_same *push = text != NULL ? pk_same_create("application/json", pk_slice_str(text))
                                        : NULL;

    free(text);
    json_decref(body);
    return push;
}

void pk_waits_push(
        struct pk_waits *waits, uint32_t epoch, uint64_t base, uint64_t last, json_t *body)
{
    struct pk_same *push = make_push(body);

    pthread_mutex_lock(&waits->lock);
    for (size_t chain = 0; chain < TABLE_SIZE; chain++) {
        struct wait *next;

        waits->notes[chain]++;
        for (struct wait *wait = waits->table[chain]; wait != NULL; wait = next) {
            next = wait->next;
            if (!concerns(wait, epoch, last)) {
                continue;
            }
            if (push != NULL && wait->crowd.epoch == epoch && wait->crowd.seq >= base) {
                wait->push = pk_same_ref(push);
            }
            make_due(waits, wait);
        }
    }
    pthread_cond_signal(&waits->wake);
    pthread_mutex_unlock(&waits->lock);
    pk_same_unref(push);
}

bool pk_waits_has(struct pk_waits *waits, const char *device)
{
    bool has;

    if (waits == NULL) {
        return false;
    }
    pthread_mutex_lock(&waits->lock);
    has = find(waits, device) != NULL;
    pthread_mutex_unlock(&waits->lock);
    return has;
}

unsigned pk_waits_count(struct pk_waits *waits)
{
    unsigned count;

    if (waits == NULL) {
        return 0;
    }
    pthread_mutex_lock(&waits->lock);
    count = (unsigned)waits->count;
    pthread_mutex_unlock(&waits->lock);
    return count;
}

static uint64_t notes_of(struct pk_waits *waits, const char *device)
{
    uint64_t notes;

    pthread_mutex_lock(&waits->lock);
    notes = waits->notes[chain_of(device)];
    pthread_mutex_unlock(&waits->lock);
    return notes;
}

/* Lets the request sleep. false: there was a note meanwhile, look again. */
static bool go_to_sleep(struct pk_waits *waits, struct wait *wait, uint64_t notes)
{
    struct wait *older = NULL;
    bool ends;
    bool done = false;

    pthread_mutex_lock(&waits->lock);
    ends = waits->ends || heap_room(waits) < 0;
    if (!ends && waits->notes[chain_of(wait->peer.device)] == notes) {
        older = find(waits, wait->peer.device);
        if (older != NULL) {
            take(waits, older);
        }
        pk_request_suspend(wait->request);
        put(waits, wait);
        done = true;
        if (wait->heap_at == 0) {
            pthread_cond_signal(&waits->wake);
        }
    }
    pthread_mutex_unlock(&waits->lock);
    if (older != NULL) {
        end(older);
    }
    if (ends) {
        refuse(wait->request);
        free_wait(wait);
    }
    return done || ends;
}

static int seconds_of(struct pk_request *request, int64_t *out)
{
    const char *text = pk_request_query(request, "timeout");
    char *end_of;

    *out = PK_WAIT_DEFAULT_S;
    if (text == NULL) {
        return PK_OK;
    }
    if (*text < '0' || *text > '9') {
        return PK_EMALF;
    }
    *out = strtol(text, &end_of, 10);
    return *end_of == '\0' && *out >= 1 && *out <= PK_WAIT_MAX_S ? PK_OK : PK_EBOUNDS;
}

static int known_query(const char *name, const char *value, void *ctx)
{
    const char **unknown = ctx;

    (void)value;
    if (strcmp(name, "timeout") == 0 || strcmp(name, "seen") == 0) {
        return PK_OK;
    }
    *unknown = name;
    return PK_EUNKNOWN;
}

/* Peer, query and acknowledged commands. NULL: answered. */
static struct wait *prepare(
        struct pk_request *request, struct pk_server *server, struct pk_store **store)
{
    struct pk_error err = { 0 };
    struct pk_peer peer;
    const char *unknown = NULL;
    struct wait *wait;
    int64_t seconds;

    if (!pk_peer_of(request, server, &peer)) {
        return NULL;
    }
    if (pk_request_query_each(request, known_query, &unknown) < 0) {
        pk_reply_problem(request, 400, "unknown_key", "unknown query parameter", unknown);
        return NULL;
    }
    if (seconds_of(request, &seconds) < 0) {
        pk_reply_problem(request, 400, "bad_request", "timeout must be from 1 to 1800", "timeout");
        return NULL;
    }
    *store = pk_server_store_for(server, request);
    if (*store == NULL) {
        return NULL;
    }
    if (pk_commands_seen(*store, peer.device, pk_request_query(request, "seen"),
                pk_server_now(server), &err) < 0) {
        pk_reply_error(request, &err);
        return NULL;
    }
    wait = calloc(1, sizeof(*wait));
    if (wait == NULL) {
        err.code = PK_ENOMEM;
        pk_reply_error(request, &err);
        return NULL;
    }
    wait->request = request;
    wait->peer = peer;
    pk_trust_known(request, wait->trust);
    wait->crowd = pk_share_heard_of(request);
    wait->until_ms = monotonic_ms() + seconds * PK_SECOND_MS;
    return wait;
}

void pk_wait_handler(struct pk_request *request, void *server)
{
    struct pk_server *s = server;
    struct pk_error err = { 0 };
    struct pk_store *store = NULL;
    struct wait *wait = prepare(request, s, &store);
    uint64_t notes;

    if (wait == NULL) {
        return;
    }
    do {
        json_t *commands = NULL;
        json_t *trust;
        json_t *crowd;

        notes = notes_of(s->waits, wait->peer.device);
        if (pk_commands_pending(
                    store, wait->peer.device, pk_request_arena(request), &commands, &err) < 0) {
            pk_reply_error(request, &err);
            free_wait(wait);
            return;
        }
        trust = pk_trust_push(s, wait->trust);
        crowd = pk_crowd_share_news(s->share, &wait->crowd);
        if (json_array_size(commands) > 0 || trust != NULL || crowd != NULL) {
            reply_news(request, commands, trust, crowd, pk_server_now(s));
            free_wait(wait);
            return;
        }
        json_decref(commands);
    } while (!go_to_sleep(s->waits, wait, notes));
}
