/* The hub's face: POST /v1/exchange/say, and the thread that answers who waits for news. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/event.h"
#include "server/exchange_internal.h"
#include "server/limits.h"

#define TRIM_MS     PK_HOUR_MS
#define TRIM_EPOCHS 3 /* statements are kept so long when they are not said again */
#define TRIM_MAX_H  (INT64_C(45) * 24)
#define WAITERS_MAX 4096

struct waiter {
    struct waiter *next;
    struct pk_request *request;
    struct pk_exchange_message asked; /* without its words */
    int64_t until_ms;                 /* monotonic */
};

struct pk_exchange_desk {
    struct pk_exchange *exchange;
    pthread_t thread;
    bool runs;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct waiter *waiters;
    size_t count;
    unsigned long turn; /* counts news */
    bool news;          /* since the thread looked */
    bool ends;
};

/* ---- answers -------------------------------------------------------------------------------------------- */

static void reply_news(struct pk_request *request, struct pk_buffer *bytes)
{
    size_t len = bytes->len;

    pk_reply_bytes(request, 200, PK_EXCHANGE_TYPE, pk_buffer_take(bytes), len);
}

static void reply_later(struct pk_request *request)
{
    pk_reply_problem(request, 503, "unavailable", "the server stops", NULL);
}

/* True: the waiter was answered, and is freed. */
static bool answer(struct pk_exchange_desk *desk, struct waiter *w, bool news, int64_t now_ms)
{
    struct pk_buffer bytes = pk_buffer_of(PK_EXCHANGE_SIZE_MAX);
    struct pk_error err = { 0 };
    struct pk_store *store;
    bool empty = true;

    if (!news && now_ms < w->until_ms) {
        return false;
    }
    store = pk_server_store(desk->exchange->server, &err);
    if (store == NULL ||
            pk_exchange_news(desk->exchange, store, &w->asked, 0, &bytes, &empty, &err) < 0) {
        pk_reply_error(w->request, &err);
    } else if (empty && now_ms < w->until_ms) {
        pk_buffer_finish(&bytes);
        return false;
    } else {
        reply_news(w->request, &bytes);
    }
    pk_buffer_finish(&bytes);
    free(w);
    return true;
}

static void answer_all(struct pk_exchange_desk *desk, bool news)
{
    int64_t now_ms = pk_clock_monotonic_ms();
    struct waiter *all;
    struct waiter *stay = NULL;
    size_t count = 0;

    pthread_mutex_lock(&desk->lock);
    all = desk->waiters;
    desk->waiters = NULL;
    desk->count = 0;
    pthread_mutex_unlock(&desk->lock);
    while (all != NULL) {
        struct waiter *w = all;

        all = w->next;
        if (!answer(desk, w, news, now_ms)) {
            w->next = stay;
            stay = w;
            count++;
        }
    }
    pthread_mutex_lock(&desk->lock);
    while (stay != NULL) {
        struct waiter *w = stay;

        stay = w->next;
        w->next = desk->waiters;
        desk->waiters = w;
    }
    desk->count += count;
    pthread_mutex_unlock(&desk->lock);
}

static void trim(struct pk_exchange_desk *desk)
{
    int64_t hours = desk->exchange->settings->epoch_hours * TRIM_EPOCHS;
    struct pk_error err = { 0 };
    struct pk_store *store = pk_server_store(desk->exchange->server, &err);
    int64_t now_ms = pk_server_now(desk->exchange->server);
    int64_t count = 0;

    hours = hours > TRIM_MAX_H ? TRIM_MAX_H : hours;
    if (store == NULL || pk_exchange_trim(store, now_ms - hours * PK_HOUR_MS, &count, &err) < 0) {
        pk_event(PK_ERROR, "exchange.trim", { "why", err.text });
    } else if (count > 0) {
        pk_event(PK_INFO, "exchange.trimmed", { "words", PK_NUM(count) });
    }
}

static void *run(void *arg)
{
    struct pk_exchange_desk *desk = arg;
    int64_t trimmed_ms = 0;

    for (;;) {
        struct timespec until;
        bool news;
        bool ends;

        if (trimmed_ms == 0 || pk_clock_monotonic_ms() - trimmed_ms >= TRIM_MS) {
            trim(desk);
            trimmed_ms = pk_clock_monotonic_ms();
        }
        until = pk_clock_after(200); /* deadlines are kept to a fifth of a second */
        pthread_mutex_lock(&desk->lock);
        while (!desk->ends && !desk->news &&
                pthread_cond_clockwait(&desk->wake, &desk->lock, CLOCK_MONOTONIC, &until) == 0) {
        }
        news = desk->news;
        ends = desk->ends;
        desk->news = false;
        pthread_mutex_unlock(&desk->lock);
        if (ends) {
            return NULL;
        }
        answer_all(desk, news);
    }
}

/* ---- the desk ------------------------------------------------------------------------------------------------ */

int pk_exchange_desk_start(
        struct pk_exchange *exchange, struct pk_exchange_desk **out, struct pk_error *err)
{
    struct pk_exchange_desk *desk = calloc(1, sizeof(*desk));
    int rc;

    if (desk == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    desk->exchange = exchange;
    (void)pthread_mutex_init(&desk->lock, NULL);
    (void)pthread_cond_init(&desk->wake, NULL);
    rc = pthread_create(&desk->thread, NULL, run, desk);
    if (rc != 0) {
        pk_exchange_desk_destroy(desk);
        return pk_error_set(err, -rc, "cannot start a thread: %s", pk_code_text(-rc));
    }
    desk->runs = true;
    *out = desk;
    return PK_OK;
}

void pk_exchange_desk_stop(struct pk_exchange_desk *desk)
{
    if (desk == NULL) {
        return;
    }
    pthread_mutex_lock(&desk->lock);
    desk->ends = true;
    (void)pthread_cond_broadcast(&desk->wake);
    pthread_mutex_unlock(&desk->lock);
    if (desk->runs) {
        pthread_join(desk->thread, NULL);
        desk->runs = false;
    }
    while (desk->waiters != NULL) {
        struct waiter *w = desk->waiters;

        desk->waiters = w->next;
        reply_later(w->request);
        free(w);
    }
}

void pk_exchange_desk_destroy(struct pk_exchange_desk *desk)
{
    if (desk != NULL) {
        pthread_mutex_destroy(&desk->lock);
        pthread_cond_destroy(&desk->wake);
        free(desk);
    }
}

void pk_exchange_desk_wake(struct pk_exchange_desk *desk)
{
    if (desk != NULL) {
        pthread_mutex_lock(&desk->lock);
        desk->news = true;
        desk->turn++;
        (void)pthread_cond_broadcast(&desk->wake);
        pthread_mutex_unlock(&desk->lock);
    }
}

unsigned long pk_exchange_desk_turn(struct pk_exchange_desk *desk)
{
    unsigned long turn;

    pthread_mutex_lock(&desk->lock);
    turn = desk->turn;
    pthread_mutex_unlock(&desk->lock);
    return turn;
}

void pk_exchange_members_changed(struct pk_exchange *exchange)
{
    pk_exchange_desk_wake(exchange->desk);
}

void pk_exchange_desk_keep(struct pk_exchange_desk *desk, struct pk_request *request,
        const struct pk_exchange_message *message, unsigned long turn)
{
    struct waiter *w = calloc(1, sizeof(*w));
    bool kept = false;

    if (w == NULL) {
        pk_reply_problem(request, 503, "unavailable", "memory is short", NULL);
        return;
    }
    w->request = request;
    w->asked = *message;
    w->asked.words = NULL;
    w->asked.word_count = 0;
    w->until_ms = pk_clock_monotonic_ms() + (int64_t)message->wait_s * PK_SECOND_MS;
    pk_request_suspend(request);
    pthread_mutex_lock(&desk->lock);
    if (!desk->ends && desk->count < WAITERS_MAX) {
        w->next = desk->waiters;
        desk->waiters = w;
        desk->count++;
        if (desk->turn != turn) {
            desk->news = true;
            (void)pthread_cond_broadcast(&desk->wake);
        }
        kept = true;
    }
    pthread_mutex_unlock(&desk->lock);
    if (!kept) {
        reply_later(request);
        free(w);
    }
}

/* ---- POST /v1/exchange/say -------------------------------------------------------------------------------------- */

struct saying {
    struct pk_exchange *exchange;
    struct pk_request *request;
    struct pk_store *store;
    struct pk_exchange_message message;
    char member[PK_SIGN_FINGER_AS];
};

static bool refuse(struct saying *s, int status, const char *name, const char *detail)
{
    pk_event(PK_WARN, "exchange.refused", { "address", pk_request_address(s->request) },
            { "member", s->member }, { "why", detail });
    pk_reply_problem(s->request, status, name, detail, NULL);
    return false;
}

/* Who it is, by the signature; false: it has been answered. */
static bool read_message(struct saying *s, struct pk_arena *arena)
{
    struct pk_slice body = pk_request_body(s->request);
    struct pk_server *server = s->exchange->server;
    struct pk_exchange_member member;
    struct pk_error err = { 0 };
    uint8_t key[PK_SIGN_KEY_SIZE];
    char seconds[16];
    int retry_s = 1;
    int rc = pk_exchange_message_read(body, arena, &s->message, &err);

    if (rc < 0 || s->message.kind != PK_EXCHANGE_SAY) {
        return refuse(s, 400, "bad_request", rc < 0 ? err.text : "this is not for a hub");
    }
    pk_hex(pk_slice_of(s->message.from, PK_SIGN_FINGER), s->member);
    s->store = pk_server_store_for(server, s->request);
    if (s->store == NULL) {
        return false;
    }
    rc = pk_exchange_member_get(s->store, s->member, arena, &member, &err);
    if (rc == PK_ENOENT) {
        return refuse(s, 403, "forbidden", "this server is no member of the exchange");
    }
    if (rc < 0 || pk_unhex(member.key, key, sizeof(key)) < 0) {
        pk_reply_error(s->request, &err);
        return false;
    }
    rc = pk_exchange_message_check(body, &s->message, key, s->exchange->signer.finger,
            pk_server_now(server) / PK_SECOND_MS, &err);
    if (rc < 0) {
        return refuse(s, 403, "forbidden", err.text);
    }
    if (!pk_limits_take(s->exchange->limits, s->member, pk_server_now(server), &retry_s)) {
        (void)snprintf(seconds, sizeof(seconds), "%d", retry_s);
        pk_reply_header(s->request, "Retry-After", seconds);
        return refuse(s, 429, "rate_limited", "too many messages of this member");
    }
    return true;
}

static void take_and_answer(struct saying *s)
{
    struct pk_buffer bytes = pk_buffer_of(PK_EXCHANGE_SIZE_MAX);
    struct pk_error err = { 0 };
    unsigned long turn;
    size_t refused = 0;
    bool empty = true;
    int rc = pk_exchange_take(s->exchange, s->store, &s->message, s->member, &refused, &err);

    if (rc == PK_EEXIST) {
        (void)refuse(s, 409, "conflict", err.text);
        return;
    }
    if (rc == PK_OK && s->message.word_count > 0) {
        pk_exchange_desk_wake(s->exchange->desk);
    }
    turn = pk_exchange_desk_turn(s->exchange->desk);
    if (rc == PK_OK) {
        rc = pk_exchange_news(s->exchange, s->store, &s->message, refused, &bytes, &empty, &err);
    }
    if (rc < 0) {
        pk_reply_error(s->request, &err);
    } else if (empty && s->message.wait_s > 0 && s->message.word_count == 0) {
        pk_exchange_desk_keep(s->exchange->desk, s->request, &s->message, turn);
    } else {
        reply_news(s->request, &bytes);
    }
    pk_buffer_finish(&bytes);
}

void pk_exchange_say_handler(struct pk_request *request, void *context)
{
    struct pk_server *server = context;
    struct saying s = { .exchange = server->exchange, .request = request };
    struct pk_arena *arena;

    if (s.exchange == NULL || s.exchange->desk == NULL) {
        pk_reply_problem(request, 404, "not_found", "this server is no hub", NULL);
        return;
    }
    if (!pk_server_admit(server, request)) {
        return;
    }
    arena = pk_arena_create(PK_EXCHANGE_ARENA_MAX);
    if (arena == NULL) {
        pk_reply_problem(request, 503, "unavailable", "memory is short", NULL);
        return;
    }
    if (read_message(&s, arena)) {
        take_and_answer(&s);
    }
    pk_arena_destroy(arena);
}
