#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "agent/identity.h"
#include "agent/renewal.h"
#include "agent/settings.h"
#include "agent/spool.h"
#include "agent/uplink_internal.h"
#include "base/clock.h"
#include "base/crypt.h"
#include "base/event.h"
#include "base/schema.h"

#define BACKOFF_MIN_MS (1 * PK_SECOND_MS)
#define BACKOFF_MAX_MS (5 * PK_MINUTE_MS)
#define RETRY_MAX_S    3600 /* a server's Retry-After counts up to here */
#define REPORT_MS      (60 * PK_SECOND_MS)
#define WAIT_SLACK_MS  (30 * PK_SECOND_MS)
#define REST_MAX_MS    1000 /* the next wait after a word to everybody begins within this */
#define QUICK_MS       (2 * PK_SECOND_MS) /* an empty wait that ends sooner is an odd one */
#define ANSWER_MAX     (256UL * 1024)

static void on_ready(void *ctx, uint32_t events);

static const char *url_of(const struct pk_uplink *u)
{
    return u->settings->server->url != NULL ? u->settings->server->url
                                            : pk_identity_url(u->identity);
}

static void tell_trouble(struct pk_uplink *u, const char *what)
{
    if (strcmp(u->trouble, what) == 0) {
        return;
    }
    (void)snprintf(u->trouble, sizeof(u->trouble), "%s", what);
    u->hooks.trouble(u->hooks.ctx, what);
}

/* Grows the pause and begins it; least_ms is what the server asked for (0: nothing). */
static void back_off(struct pk_uplink *u, const char *why, int64_t least_ms)
{
    uint32_t random;
    int64_t pause_ms;

    u->state.connected = false;
    (void)snprintf(u->state.last_error, sizeof(u->state.last_error), "%s", why);
    u->backoff_ms = u->backoff_ms == 0 ? BACKOFF_MIN_MS : u->backoff_ms * 2;
    u->backoff_ms = u->backoff_ms > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : u->backoff_ms;
    pk_random(&random, sizeof(random)); /* so that a fleet does not come back at once */
    pause_ms = u->backoff_ms / 2 + (int64_t)(random % (uint64_t)(u->backoff_ms / 2 + 1));
    pause_ms = pause_ms < least_ms ? least_ms : pause_ms;
    pk_event(PK_DEBUG, "uplink.pause", { "ms", PK_NUM(pause_ms) }, { "why", why });
    pk_loop_arm(u->loop, &u->backoff, pause_ms);
}

static void worked(struct pk_uplink *u)
{
    u->backoff_ms = 0;
    u->state.connected = true;
    u->state.last_ok_ms = pk_clock_ms();
    u->state.last_error[0] = '\0';
    u->trouble[0] = '\0';
}

/* Registers what the connection waits for now; a closed one is taken out. */
static void follow(struct pk_uplink_channel *ch)
{
    struct pk_loop *loop = ch->uplink->loop;
    int fd = ch->https != NULL ? pk_https_fd(ch->https) : -1;
    uint32_t events = ch->https != NULL ? pk_https_events(ch->https) : 0;
    struct pk_error err;

    if (ch->fd >= 0) {
        pk_loop_remove(loop, ch->fd);
        ch->fd = -1;
    }
    if (fd >= 0 && ch->job != NOTHING) {
        if (pk_loop_add(loop, fd, events, on_ready, ch, &err) == PK_OK) {
            ch->fd = fd;
            ch->events = events;
        }
        pk_loop_arm(loop, &ch->deadline, pk_https_deadline(ch->https) - pk_clock_monotonic_ms());
    } else {
        pk_loop_disarm(loop, &ch->deadline);
    }
}

/* Before pk_https_step() may close the descriptor. */
static void unfollow(struct pk_uplink_channel *ch)
{
    if (ch->fd >= 0) {
        pk_loop_remove(ch->uplink->loop, ch->fd);
        ch->fd = -1;
    }
}

static void end_batch(struct pk_uplink *u)
{
    pk_batch_finish(&u->batch);
    u->batch = (struct pk_batch){ 0 };
}

void pk_uplink_drop(struct pk_uplink_channel *ch)
{
    struct pk_uplink *u = ch->uplink;
    uint64_t in;
    uint64_t out;

    unfollow(ch);
    pk_loop_disarm(u->loop, &ch->deadline);
    if (ch->job == REPORTING) {
        end_batch(u);
    }
    ch->job = NOTHING; /* a wish that was under way stays one */
    if (ch->https != NULL) {
        pk_https_close(ch->https);
        pk_https_traffic(ch->https, &in, &out);
        u->state.bytes_in += in;
        u->state.bytes_out += out;
        pk_https_destroy(ch->https);
        ch->https = NULL;
    }
}

/* Returns how many were new. */
static size_t take_commands(struct pk_uplink *u, const json_t *commands)
{
    size_t fresh = 0;

    for (size_t i = 0; i < json_array_size(commands); i++) {
        const json_t *one = json_array_get(commands, i);
        const char *id = json_string_value(json_object_get(one, "id"));

        if (!pk_seen_is_id(id)) {
            continue;
        }
        if (pk_seen_note(&u->seen, id)) {
            fresh++;
            u->hooks.command(u->hooks.ctx, one);
        }
    }
    return fresh;
}

/* Settings of an answer. True: there were news. */
static bool take_settings(struct pk_uplink *u, const json_t *settings)
{
    const char *key = json_string_value(json_object_get(settings, "network_key"));
    const char *version = json_string_value(json_object_get(settings, "trust_version"));
    const json_t *trust = json_object_get(settings, "trust");

    if (key != NULL) {
        u->hooks.network_key(u->hooks.ctx, key);
    }
    if (version == NULL || trust == NULL ||
            strcmp(version, u->hooks.trust_version(u->hooks.ctx)) == 0) {
        return false;
    }
    u->hooks.trust(u->hooks.ctx, version, trust);
    return true;
}

/* The path with its query ("" for none) and the commands that are done. */
static void put_target(
        struct pk_uplink_channel *ch, const char *path, const char *query, struct pk_buffer *out)
{
    struct pk_buffer seen = pk_buffer_of(2048);

    (void)pk_buffer_printf(out, "%s%s%s", path, query[0] != '\0' ? "?" : "", query);
    ch->seen_sent = pk_seen_list(&ch->uplink->seen, &seen);
    if (ch->seen_sent) {
        (void)pk_buffer_printf(out, "%sseen=%s", query[0] != '\0' ? "&" : "?", seen.ptr);
    }
    pk_buffer_finish(&seen);
}

static int open_channel(struct pk_uplink_channel *ch, struct pk_error *err)
{
    struct pk_uplink *u = ch->uplink;
    int rc = PK_OK;

    if (ch->https != NULL) {
        return PK_OK;
    }
    if (u->tls == NULL) {
        rc = pk_identity_tls(u->identity, &u->tls, err);
        if (rc == PK_OK && u->settings->server->ca != NULL &&
                SSL_CTX_load_verify_file(u->tls, u->settings->server->ca) != 1) {
            rc = pk_error_set(
                    err, PK_ECRYPTO, "'%s' cannot be used as a CA", u->settings->server->ca);
        }
        if (rc < 0) {
            return rc;
        }
    }
    return pk_https_create(u->host, u->port, u->tls, &ch->https, err);
}

void pk_uplink_request(struct pk_uplink_channel *ch, enum pk_uplink_job job,
        const struct pk_https_request *request)
{
    struct pk_uplink *u = ch->uplink;
    struct pk_error err = { 0 };
    int64_t now_ms = pk_clock_monotonic_ms();
    int rc = open_channel(ch, &err);

    if (rc == PK_OK) {
        rc = pk_https_start(ch->https, &u->to, request, now_ms, &err);
    }
    ch->job = job;
    ch->began_ms = now_ms;
    if (rc < 0) {
        u->to.count = 0;
        pk_uplink_drop(ch);
        back_off(u, err.text, 0);
        return;
    }
    follow(ch);
    if (pk_https_events(ch->https) != EPOLLOUT) {
        on_ready(ch, 0); /* a kept connection can send at once */
    }
}

static void start_wait(struct pk_uplink *u)
{
    struct pk_buffer target = pk_buffer_of(4096);
    struct pk_https_request request = { .method = "GET", .body_max = ANSWER_MAX };
    char query[32];
    char headers[128];
    char crowd[PK_UPLINK_PLACE] = "";

    u->hooks.crowd_place(u->hooks.ctx, crowd);
    u->deaf = crowd[0] == '\0';
    (void)snprintf(headers, sizeof(headers), "Picket-Trust: %.16s\r\n%s%s%s",
            u->hooks.trust_version(u->hooks.ctx), crowd[0] != '\0' ? "Picket-Crowd: " : "", crowd,
            crowd[0] != '\0' ? "\r\n" : "");
    request.headers = headers;
    (void)snprintf(query, sizeof(query), "timeout=%lld", (long long)u->settings->report->wait_s);
    put_target(&u->wait, "/v1/wait", query, &target);
    request.target = target.ptr;
    request.timeout_ms = u->settings->report->wait_s * PK_SECOND_MS + WAIT_SLACK_MS;
    if (target.rc == PK_OK) {
        pk_uplink_request(&u->wait, WAITING, &request);
    }
    pk_buffer_finish(&target);
}

/* Puts the next batch together. False: nothing to send. */
static bool next_batch(struct pk_uplink *u)
{
    struct pk_error err;

    if (u->batch_max == 0) {
        u->batch_max = (size_t)u->settings->report->max_batch;
    }
    if (pk_batch_build(u->spool, u->batch_max, pk_clock_ms(), &u->batch, &err) < 0) {
        tell_trouble(u, err.text);
        return false;
    }
    if (u->batch.expired > 0 && pk_spool_ack(u->spool, u->batch.expired_seq, &err) < 0) {
        tell_trouble(u, err.text);
    }
    if (u->batch.count == 0) {
        end_batch(u);
        return false;
    }
    return true;
}

void pk_uplink_report(struct pk_uplink *u, struct pk_uplink_channel *ch)
{
    struct pk_buffer packed = pk_buffer_of(PK_BATCH_BYTES);
    struct pk_buffer target = pk_buffer_of(4096);
    struct pk_https_request request = {
        .method = "POST",
        .headers = "Content-Type: application/json\r\nContent-Encoding: zstd\r\n",
        .timeout_ms = REPORT_MS,
        .body_max = ANSWER_MAX,
    };
    struct pk_error err;

    u->due = false;
    pk_loop_disarm(u->loop, &u->delay);
    if (!next_batch(u)) {
        return;
    }
    put_target(ch, "/v1/report", "", &target);
    if (pk_batch_pack(&u->batch, &packed, &err) == PK_OK && target.rc == PK_OK) {
        request.target = target.ptr;
        request.body = pk_buffer_slice(&packed);
        u->batch_bytes = packed.len;
        pk_uplink_request(ch, REPORTING, &request);
    } else {
        end_batch(u);
    }
    pk_buffer_finish(&target);
    pk_buffer_finish(&packed);
}

/* One observation that the server will never take must not hold back all others. */
static void on_refused(struct pk_uplink *u, int status)
{
    struct pk_error err;
    char text[160];

    if (u->batch.count > 1) {
        u->batch_max = u->batch.count / 2;
        u->due = true;
        return;
    }
    (void)snprintf(text, sizeof(text),
            "the server refused observation %lld (status %d); it is dropped",
            (long long)u->batch.last_seq, status);
    tell_trouble(u, text);
    if (pk_spool_ack(u->spool, u->batch.last_seq, &err) < 0) {
        tell_trouble(u, err.text);
    }
    u->due = true;
}

void pk_uplink_acked(struct pk_uplink *u, const struct pk_http_answer *answer)
{
    json_t *in = NULL;
    struct pk_error err;
    int64_t before = pk_spool_state(u->spool).acked;
    int64_t acked;

    if (answer->body.len == 0 || pk_json_parse(answer->body.ptr, answer->body.len, &in, &err) < 0) {
        back_off(u, "the server's answer is no JSON", 0);
        return;
    }
    acked = json_integer_value(json_object_get(in, "acked"));
    if (acked >= pk_spool_next(u->spool) && pk_spool_skip(u->spool, acked + 1, &err) == PK_OK) {
        tell_trouble(u,
                "the server knows higher numbers than this state folder, which seems to be "
                "an old copy; what waited in it counts as known");
    }
    if (acked <= before || pk_spool_ack(u->spool, acked, &err) < 0) {
        back_off(u, "the server's answer acknowledges nothing", 0);
        json_decref(in);
        return;
    }
    worked(u);
    u->state.reports++;
    u->state.last_report_ms = u->state.last_ok_ms;
    u->batch_max = 0;
    u->hooks.reported(
            u->hooks.ctx, pk_buffer_slice(&u->batch.json), u->batch.count, u->batch_bytes);
    (void)take_settings(u, json_object_get(in, "settings"));
    (void)take_commands(u, json_object_get(in, "commands"));
    json_decref(in);
    /* What came meanwhile has its own time; what did not fit goes at once. */
    u->due = u->due || (pk_spool_state(u->spool).pending > 0 && !u->delay.armed);
}

/* A refusal that is no trouble: the person took the device off the server. */
static bool says_left(const struct pk_http_answer *answer)
{
    const char *type;
    json_t *problem = NULL;
    bool left;

    if (answer->status != 403 || answer->body.len == 0 ||
            pk_json_parse(answer->body.ptr, answer->body.len, &problem, NULL) < 0) {
        return false;
    }
    type = json_string_value(json_object_get(problem, "type"));
    left = type != NULL && strcmp(type, "urn:picket:error:left") == 0;
    json_decref(problem);
    return left;
}

/* What every answer that is not a success means. */
static void on_refusal(struct pk_uplink *u, const struct pk_http_answer *answer)
{
    int64_t least_ms = answer->retry_after_s;
    char text[160];

    if (says_left(answer)) {
        u->hooks.left(u->hooks.ctx);
        return;
    }
    least_ms = least_ms < 0 ? 0 : least_ms > RETRY_MAX_S ? RETRY_MAX_S : least_ms;
    (void)snprintf(text, sizeof(text), "the server answered with status %d", answer->status);
    if (answer->status == 401 || answer->status == 403) {
        (void)snprintf(text, sizeof(text),
                "the server refuses this device (status %d): its certificate is revoked or unknown",
                answer->status);
        u->backoff_ms = BACKOFF_MAX_MS;
        tell_trouble(u, text);
    }
    back_off(u, text, least_ms * PK_SECOND_MS);
}

static void on_report_answer(struct pk_uplink *u, const struct pk_http_answer *answer)
{
    if (answer->status == 200) {
        pk_uplink_acked(u, answer);
    } else if (answer->status == 400 || answer->status == 413 || answer->status == 415 ||
            answer->status == 422) {
        on_refused(u, answer->status);
    } else {
        u->due = true;
        on_refusal(u, answer);
    }
    end_batch(u);
}

/* A word of the crowd is told to all devices at once. When each came back at once, too, those who are still to be told
 * would have to stand back for those who were; what is said meanwhile the next wait brings. */
static void rest(struct pk_uplink *u)
{
    uint32_t random = 0;

    pk_random(&random, sizeof(random));
    pk_loop_arm(u->loop, &u->rest, (int64_t)(random % (REST_MAX_MS + 1)));
}

static void on_wait_answer(struct pk_uplink *u, const struct pk_http_answer *answer)
{
    bool quick = pk_clock_monotonic_ms() - u->wait.began_ms < QUICK_MS;
    bool news = false;
    bool for_all = false;
    json_t *in = NULL;
    struct pk_error err;

    if (answer->status != 200 && answer->status != 204) {
        on_refusal(u, answer);
        return;
    }
    if (answer->status == 200 && answer->body.len > 0 &&
            pk_json_parse(answer->body.ptr, answer->body.len, &in, &err) == PK_OK) {
        news = take_commands(u, json_object_get(in, "commands")) > 0;
        news = take_settings(u, json_object_get(in, "settings")) || news;
        if (json_object_get(in, "crowd") != NULL) {
            for_all = !news;
            news = u->hooks.crowd(u->hooks.ctx, json_object_get(in, "crowd")) || news;
        }
        json_decref(in);
    }
    if (!news && quick) { /* a second agent under our name, or a server gone wrong */
        back_off(u, "the waiting connection ends at once", 0);
        return;
    }
    worked(u);
    if (for_all) {
        rest(u);
    }
    u->due = u->due || pk_spool_state(u->spool).pending > 0; /* ride on the open connection */
}

static void on_fetch_answer(struct pk_uplink *u, const struct pk_http_answer *answer)
{
    if (answer->status >= 500 || answer->status == 429 || answer->status == 401 ||
            answer->status == 403) {
        on_refusal(u, answer);
    } else {
        worked(u);
    }
    pk_uplink_fetched(u, answer->status, pk_buffer_slice(&answer->body));
}

static void on_done(struct pk_uplink_channel *ch)
{
    struct pk_uplink *u = ch->uplink;
    enum pk_uplink_job job = ch->job;
    const struct pk_http_answer *answer = pk_https_answer(ch->https);

    ch->job = NOTHING;
    if (ch->seen_sent && answer->status >= 200 && answer->status < 300) {
        pk_seen_said(&u->seen); /* commands below count anew */
    }
    u->handling = true;
    if (job == REPORTING) {
        on_report_answer(u, answer);
    } else if (job == FETCHING) {
        on_fetch_answer(u, answer);
    } else {
        on_wait_answer(u, answer);
    }
    u->handling = false;
    pk_https_trim(ch->https);
    if (ch == &u->report && !u->due && u->wish.target[0] == '\0') {
        pk_uplink_drop(ch); /* the waiting connection is enough for an idle agent */
    } else {
        follow(ch);
    }
    u->hooks.idle(u->hooks.ctx);
    if (u->moved) {
        pk_uplink_moved(u);
    } else {
        pk_uplink_pump(u);
    }
}

static void on_ready(void *ctx, uint32_t events)
{
    struct pk_uplink_channel *ch = ctx;
    struct pk_uplink *u = ch->uplink;
    struct pk_error err = { 0 };
    int rc;

    (void)events;
    if (ch->job == NOTHING) {
        return;
    }
    unfollow(ch);
    rc = pk_https_step(ch->https, pk_clock_monotonic_ms(), &err);
    if (rc == PK_EAGAIN) {
        follow(ch);
        return;
    }
    if (rc == PK_OK) {
        on_done(ch);
        return;
    }
    u->due = u->due || ch->job == REPORTING;
    u->to.count = 0; /* the server may have moved */
    if (ch->job == FETCHING) {
        pk_uplink_fetch_failed(u);
    }
    pk_uplink_drop(ch);
    if (rc == PK_ECRYPTO) {
        tell_trouble(u, err.text);
    }
    back_off(u, err.text, 0);
}

static void on_deadline(void *ctx)
{
    on_ready(ctx, 0);
}

static void look_up(void *ctx)
{
    struct pk_uplink_lookup *job = ctx;

    job->rc = pk_https_lookup(job->host, job->port, &job->found, &job->err);
}

static void looked_up(void *ctx)
{
    struct pk_uplink_lookup *job = ctx;
    struct pk_uplink *u = job->uplink;

    if (u != NULL) {
        u->lookup = NULL;
        if (job->rc == PK_OK) {
            u->to = job->found;
            pk_uplink_pump(u);
        } else {
            back_off(u, job->err.text, 0);
        }
    }
    free(job);
}

static void start_lookup(struct pk_uplink *u)
{
    struct pk_uplink_lookup *job = calloc(1, sizeof(*job));
    struct pk_error err = { .text = "out of memory" };

    if (job == NULL || pk_https_url(url_of(u), u->host, &u->port, &err) < 0) {
        free(job);
        back_off(u, err.text, 0);
        return;
    }
    job->uplink = u;
    memcpy(job->host, u->host, sizeof(job->host));
    job->port = u->port;
    u->lookup = job;
    if (pk_loop_work(u->loop, look_up, looked_up, job, &err) < 0) {
        u->lookup = NULL;
        free(job);
        back_off(u, err.text, 0);
    }
}

static void on_renewed(void *ctx)
{
    struct pk_uplink *u = ctx;

    SSL_CTX_free(u->tls);
    u->tls = NULL;
    pk_uplink_moved(u);
}

/* A wait that began before we knew from where to listen on would hear nothing of the crowd. */
static void mind_deafness(struct pk_uplink *u)
{
    char crowd[PK_UPLINK_PLACE] = "";

    if (u->wait.job == WAITING && u->deaf) {
        u->hooks.crowd_place(u->hooks.ctx, crowd);
        if (crowd[0] != '\0') {
            pk_uplink_drop(&u->wait);
        }
    }
}

/* Begins whatever can begin now. */
void pk_uplink_pump(struct pk_uplink *u)
{
    if (!pk_identity_enrolled(u->identity) || u->backoff.armed || u->lookup != NULL ||
            u->handling || pk_loop_stopping(u->loop)) {
        return;
    }
    if (u->to.count == 0) {
        start_lookup(u);
        return;
    }
    pk_renewal_maybe(u->renewal, url_of(u), pk_clock_ms());
    if (u->due && u->report.job == NOTHING && u->wait.job != REPORTING) {
        bool ride = u->wait.job == NOTHING && u->report.https == NULL;

        pk_uplink_report(u, ride ? &u->wait : &u->report);
    }
    if (u->wish.target[0] != '\0' && !u->backoff.armed && u->to.count > 0) {
        pk_uplink_start_fetch(u);
    }
    mind_deafness(u);
    if (u->wait.job == NOTHING && !u->backoff.armed && !u->rest.armed && u->to.count > 0) {
        start_wait(u);
    }
}

static void on_delay(void *ctx)
{
    struct pk_uplink *u = ctx;

    u->due = true;
    pk_uplink_pump(u);
}

/* Of the pause after trouble, and of the rest: what stood back may begin. */
static void on_pause_over(void *ctx)
{
    pk_uplink_pump(ctx);
}

int pk_uplink_create(struct pk_loop *loop, const struct pk_agent_settings *settings,
        struct pk_identity *identity, struct pk_spool *spool, const struct pk_uplink_hooks *hooks,
        struct pk_uplink **out, struct pk_error *err)
{
    struct pk_uplink *u = calloc(1, sizeof(*u));

    if (u == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    u->loop = loop;
    u->settings = settings;
    u->identity = identity;
    u->spool = spool;
    u->hooks = *hooks;
    u->wait = (struct pk_uplink_channel){ .uplink = u, .fd = -1 };
    u->report = (struct pk_uplink_channel){ .uplink = u, .fd = -1 };
    u->renewal = pk_renewal_create(loop, identity, on_renewed, u);
    if (u->renewal == NULL) {
        free(u);
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    pk_timer_init(&u->wait.deadline, on_deadline, &u->wait);
    pk_timer_init(&u->report.deadline, on_deadline, &u->report);
    pk_timer_init(&u->delay, on_delay, u);
    pk_timer_init(&u->backoff, on_pause_over, u);
    pk_timer_init(&u->rest, on_pause_over, u);
    *out = u;
    return PK_OK;
}

void pk_uplink_destroy(struct pk_uplink *uplink)
{
    if (uplink == NULL) {
        return;
    }
    pk_uplink_drop(&uplink->wait);
    pk_uplink_drop(&uplink->report);
    pk_loop_disarm(uplink->loop, &uplink->delay);
    pk_loop_disarm(uplink->loop, &uplink->backoff);
    pk_loop_disarm(uplink->loop, &uplink->rest);
    if (uplink->lookup != NULL) {
        uplink->lookup->uplink = NULL;
    }
    pk_renewal_destroy(uplink->renewal);
    SSL_CTX_free(uplink->tls);
    end_batch(uplink);
    free(uplink);
}

void pk_uplink_start(struct pk_uplink *uplink)
{
    uplink->due = pk_spool_state(uplink->spool).pending > 0;
    pk_uplink_pump(uplink);
}

void pk_uplink_news(struct pk_uplink *uplink, int64_t within_ms)
{
    if (within_ms == 0) {
        uplink->due = true;
        pk_uplink_pump(uplink);
    } else if (within_ms > 0) {
        pk_loop_arm_sooner(uplink->loop, &uplink->delay, within_ms);
    }
}

void pk_uplink_moved(struct pk_uplink *uplink)
{
    bool reporting = uplink->report.job == REPORTING || uplink->wait.job == REPORTING;

    uplink->moved = uplink->handling;
    if (uplink->handling) {
        return;
    }
    uplink->due = uplink->due || reporting;
    uplink->to.count = 0;
    uplink->backoff_ms = 0;
    pk_uplink_drop(&uplink->wait);
    pk_uplink_drop(&uplink->report);
    pk_loop_disarm(uplink->loop, &uplink->backoff);
    pk_loop_disarm(uplink->loop, &uplink->rest);
    pk_uplink_pump(uplink);
}
