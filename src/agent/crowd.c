#include "agent/crowd.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/crowd_store.h"
#include "agent/crowd_text.h"
#include "agent/identity.h"
#include "agent/loop.h"
#include "agent/settings.h"
#include "agent/uplink.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/crypt.h"
#include "base/event.h"
#include "base/sign.h"
#include "crowd/key.h"

#define REFRESH_MS (24 * PK_HOUR_MS)
#define RETRY_MS   (10 * PK_MINUTE_MS)
#define LOOK_MS    PK_HOUR_MS /* what has faded ends within this */
#define KEY_GAP_MS (10 * PK_MINUTE_MS)
#define FILTER_MAX (PK_FILTER16_MAX + PK_FILTER16_HEAD + PK_SIGN_SIZE)
#define KEY_MAX    4096
#define ARENA_MAX  (64UL * 1024)
#define THINGS_MAX 2 /* a network is asked as an access point and as a site */

enum want {
    WANT_KEY = 1 << 3, /* above the classes' bits */
    WANT_ANSWER = 1 << 4,
};

struct joined {
    char network[PK_NETWORK_ID]; /* "": none */
    struct pk_crowd_key things[THINGS_MAX];
    bool asked[THINGS_MAX]; /* the second stage, on this visit */
    size_t count;
    bool open; /* a finding was made */
};

struct pk_agent_crowd {
    struct pk_loop *loop;
    const struct pk_agent_settings *settings;
    const struct pk_identity *identity;
    struct pk_agent_crowd_hooks hooks;
    struct pk_uplink *uplink; /* NULL: alone */
    struct pk_crowd_store *store;
    struct pk_timer refresh;
    struct pk_timer look;
    unsigned classes; /* that are kept, a bit each */
    unsigned wants;   /* classes and enum want */
    unsigned fetching;
    bool lost;       /* the server cannot go on from where we are: the filters first */
    bool failed;     /* the refresh timer tries again */
    bool complained; /* about a signature, since the last that held */
    int64_t key_ms;  /* monotonic: when the key was asked for last */
    struct joined joined;
    struct pk_crowd_key in_question;
};

static void next(struct pk_agent_crowd *c);
static void judge(struct pk_agent_crowd *c);

static int64_t now_s(void)
{
    return pk_clock_ms() / PK_SECOND_MS;
}

/* ---- trouble ------------------------------------------------------------------------------------- */

/* A signature that does not hold: perhaps the server has a new key. */
static void doubt(struct pk_agent_crowd *c, const struct pk_error *err)
{
    int64_t now_ms = pk_clock_monotonic_ms();

    if (!c->complained) {
        c->hooks.trouble(c->hooks.ctx, err->text);
        c->complained = true;
    }
    if (err->code == PK_ECRYPTO && (c->key_ms == 0 || now_ms - c->key_ms > KEY_GAP_MS)) {
        c->wants |= WANT_KEY;
    }
}

static void try_later(struct pk_agent_crowd *c, int64_t ms)
{
    c->failed = true;
    pk_loop_arm(c->loop, &c->refresh, ms);
}

/* ---- fetching ------------------------------------------------------------------------------------ */

static void tell_filter(struct pk_agent_crowd *c, enum pk_share_class class)
{
    const struct pk_filter16 *filter = pk_crowd_store_filter(c->store, class);
    char text[160];
    char made[PK_TIME_TEXT];

    (void)snprintf(text, sizeof(text), "knows %u bad things of class %s", filter->fuse.count,
            pk_share_class_names[class]);
    c->hooks.event(c->hooks.ctx,
            json_pack("{s:s, s:s, s:I, s:I, s:I, s:s}", "what", "filter", "class",
                    pk_share_class_names[class], "keys", (json_int_t)filter->fuse.count, "epoch",
                    (json_int_t)filter->epoch, "seq", (json_int_t)filter->base, "made",
                    pk_time_format(filter->made_s * PK_SECOND_MS, made)),
            text);
}

static int take_key(struct pk_agent_crowd *c, struct pk_slice body, struct pk_error *err)
{
    int rc = pk_crowd_store_take_key(c->store, body, pk_clock_ms(), err);

    if (rc == PK_OK) {
        c->complained = false;
        for (unsigned class = 0; class < PK_SHARE_CLASSES; class ++) {
            bool there = pk_crowd_store_filter(c->store, (enum pk_share_class) class) != NULL;

            c->wants |= !there ? c->classes & 1U << class : 0;
        }
    }
    return rc;
}

static int take_filter(struct pk_agent_crowd *c, enum pk_share_class class, struct pk_slice body,
        struct pk_error *err)
{
    int rc = pk_crowd_store_take_filter(c->store, body, class, now_s(), err);

    if (rc == PK_OK) {
        c->complained = false;
        c->lost = false;
        tell_filter(c, class);
    }
    return rc;
}

static int take_answer(struct pk_agent_crowd *c, struct pk_slice body, struct pk_error *err)
{
    return pk_crowd_store_take_answer(c->store, body, &c->in_question, now_s(), err);
}

static int take_one(
        struct pk_agent_crowd *c, unsigned what, struct pk_slice body, struct pk_error *err)
{
    if (what == WANT_KEY) {
        return take_key(c, body, err);
    }
    if (what == WANT_ANSWER) {
        return take_answer(c, body, err);
    }
    return take_filter(c, (enum pk_share_class)__builtin_ctz(what), body, err);
}

/* 304: we have it. 404, 410: this server has none (yet), or the answer was of another epoch. */
static void taken(void *ctx, int status, struct pk_slice body)
{
    struct pk_agent_crowd *c = ctx;
    unsigned what = c->fetching;
    struct pk_error err = { 0 };
    int rc = PK_OK;

    c->fetching = 0;
    c->wants &= ~what;
    if (status == 200) {
        rc = take_one(c, what, body, &err);
        if (rc < 0 && rc != PK_EEXIST) {
            doubt(c, &err);
            try_later(c, RETRY_MS);
        }
    } else if (status == 410) {
        c->wants |= c->classes;
    } else if (status == 304) {
        c->lost = false;
    } else {
        try_later(c, status == 404 ? REFRESH_MS : RETRY_MS);
    }
    pk_event(PK_DEBUG, "crowd.taken", { "what", PK_NUM(what) }, { "status", PK_NUM(status) },
            { "why", rc < 0 ? err.text : NULL });
    judge(c);
    next(c);
}

static int ask_filter(struct pk_agent_crowd *c, enum pk_share_class class)
{
    const struct pk_filter16 *filter = pk_crowd_store_filter(c->store, class);
    char target[96];
    char headers[96] = "";

    (void)snprintf(
            target, sizeof(target), "/v1/crowd/filter?class=%s", pk_share_class_names[class]);
    if (filter != NULL) {
        (void)snprintf(headers, sizeof(headers), "If-None-Match: \"%u-%llu-%s\"\r\n", filter->epoch,
                (unsigned long long)filter->base, pk_share_class_names[class]);
    }
    return pk_uplink_fetch(c->uplink, target, headers, FILTER_MAX, taken, c);
}

static int ask_answer(struct pk_agent_crowd *c)
{
    char query[96];
    char target[128];
    int rc = pk_crowd_store_question(c->store, &c->in_question, query, sizeof(query));

    if (rc < 0) {
        return rc;
    }
    (void)snprintf(target, sizeof(target), "/v1/crowd/keys?%s", query);
    return pk_uplink_fetch(c->uplink, target, "", PK_PREFIX_BYTES, taken, c);
}

/* The key first: nothing can be taken without it. Then what may warn now. */
static unsigned most_urgent(const struct pk_agent_crowd *c)
{
    if ((c->wants & WANT_KEY) != 0) {
        return WANT_KEY;
    }
    if ((c->wants & WANT_ANSWER) != 0) {
        return WANT_ANSWER;
    }
    return c->wants & (0U - c->wants);
}

static void next(struct pk_agent_crowd *c)
{
    unsigned what = most_urgent(c);
    int rc;

    if (c->uplink == NULL || c->fetching != 0 || what == 0) {
        return;
    }
    c->fetching = what; /* before: an answer may come at once */
    if (what == WANT_KEY) {
        c->key_ms = pk_clock_monotonic_ms();
        rc = pk_uplink_fetch(c->uplink, "/v1/crowd/key", "", KEY_MAX, taken, c);
    } else if (what == WANT_ANSWER) {
        rc = ask_answer(c);
    } else {
        rc = ask_filter(c, (enum pk_share_class)__builtin_ctz(what));
    }
    if (rc < 0) {
        c->fetching = 0;
        c->wants &= ~what;
        try_later(c, RETRY_MS);
    }
}

static void on_refresh(void *ctx)
{
    struct pk_agent_crowd *c = ctx;

    c->failed = false;
    c->wants |= c->classes;
    if (!pk_crowd_store_has_key(c->store)) {
        c->wants |= WANT_KEY;
    }
    pk_loop_arm(c->loop, &c->refresh, REFRESH_MS);
    next(c);
}

/* ---- the network that the device is on --------------------------------------------------------------- */

static void make_finding(struct pk_agent_crowd *c, const struct pk_crowd_verdict *verdict)
{
    struct pk_arena *arena = pk_arena_create(ARENA_MAX);
    struct pk_findings findings = { .count = 0 };

    if (arena != NULL &&
            pk_findings_add(&findings, arena, "network.known_bad", c->joined.network,
                    pk_crowd_text_sure(&verdict->heard), "network.known_bad/shared",
                    pk_crowd_text_evidence(verdict, now_s()), pk_clock_ms()) == PK_OK) {
        c->joined.open = true;
        c->hooks.findings(c->hooks.ctx, &findings);
    }
    pk_arena_destroy(arena);
}

static void clear_finding(struct pk_agent_crowd *c)
{
    struct pk_findings findings = { .count = 0 };

    if (!c->joined.open) {
        return;
    }
    c->joined.open = false;
    if (pk_findings_clear(&findings, "network.known_bad", c->joined.network, pk_clock_ms()) ==
            PK_OK) {
        c->hooks.findings(c->hooks.ctx, &findings);
    }
}

/* Once a visit: the answer is kept, and pushed words come by themselves. */
static void confirm(struct pk_agent_crowd *c, size_t index)
{
    if (c->joined.asked[index] || c->uplink == NULL || (c->wants & WANT_ANSWER) != 0) {
        return;
    }
    c->joined.asked[index] = true;
    c->in_question = c->joined.things[index];
    c->wants |= WANT_ANSWER;
    next(c);
}

static void judge(struct pk_agent_crowd *c)
{
    struct pk_crowd_verdict worst = { .said = PK_CROWD_NOTHING };
    size_t maybe = THINGS_MAX;

    for (size_t i = 0; i < c->joined.count; i++) {
        struct pk_crowd_verdict v;

        pk_crowd_store_ask(c->store, &c->joined.things[i], now_s(), &v);
        if (v.said == PK_CROWD_BAD &&
                (worst.said != PK_CROWD_BAD || v.heard.score > worst.heard.score)) {
            worst = v;
        }
        if ((v.said == PK_CROWD_MAYBE || (v.said == PK_CROWD_BAD && v.heard.devices == 0)) &&
                !c->joined.asked[i]) {
            maybe = i; /* also for what a short word does not tell: how many, since when */
        }
    }
    if (worst.said == PK_CROWD_BAD) {
        make_finding(c, &worst);
    } else {
        clear_finding(c);
    }
    if (maybe < THINGS_MAX) {
        confirm(c, maybe);
    }
}

static void on_look(void *ctx)
{
    struct pk_agent_crowd *c = ctx;

    judge(c);
    pk_loop_arm(c->loop, &c->look, LOOK_MS);
}

void pk_agent_crowd_network(struct pk_agent_crowd *crowd, const struct pk_observation *obs)
{
    struct joined now = { .count = 0 };
    const struct pk_obs_network *n = obs->net;

    if (n->event != PK_NETWORK_LEFT && obs->network != NULL) {
        (void)snprintf(now.network, sizeof(now.network), "%s", obs->network);
        now.things[now.count++] = pk_crowd_key_of_point(obs->network, n->bssid);
        if (n->place != NULL) {
            now.things[now.count++] = pk_crowd_key_of_site(obs->network, n->place);
        }
    }
    if (strcmp(now.network, crowd->joined.network) != 0) {
        clear_finding(crowd);
    } else {
        now.open = crowd->joined.open;
        for (size_t i = 0; i < now.count && i < crowd->joined.count; i++) {
            now.asked[i] = crowd->joined.asked[i] && now.things[i].b == crowd->joined.things[i].b;
        }
    }
    crowd->joined = now;
    judge(crowd);
}

/* ---- words of the server ------------------------------------------------------------------------------ */

void pk_agent_crowd_place(const struct pk_agent_crowd *crowd, char *out, size_t size)
{
    uint32_t epoch;
    uint64_t seq;

    out[0] = '\0';
    if (!crowd->lost && pk_crowd_store_place(crowd->store, crowd->classes, &epoch, &seq)) {
        (void)snprintf(out, size, "%u.%llu", epoch, (unsigned long long)seq);
    }
}

static void tell_heard(struct pk_agent_crowd *c, const struct pk_delta_head *head)
{
    c->hooks.event(c->hooks.ctx,
            json_pack("{s:s, s:I, s:I, s:I}", "what", "words", "epoch", (json_int_t)head->epoch,
                    "seq", (json_int_t)head->last, "count", (json_int_t)head->count),
            NULL);
}

static bool take_words(struct pk_agent_crowd *c, const char *text)
{
    size_t max = strlen(text) / 4 * 3 + 3;
    uint8_t *bytes = max <= PK_DELTA_BYTES + 3 ? malloc(max) : NULL;
    struct pk_delta_head head = { 0 };
    struct pk_error err = { 0 };
    size_t len = 0;
    int rc;

    if (bytes == NULL || pk_unbase64(pk_slice_str(text), bytes, max, &len) < 0) {
        rc = pk_error_set(&err, PK_EMALF, "the crowd's words are too long or garbled");
    } else {
        rc = pk_crowd_store_take_batch(c->store, pk_slice_of(bytes, len), now_s(), &head, &err);
    }
    free(bytes);
    if (rc == PK_OK) {
        c->complained = false;
        tell_heard(c, &head);
        judge(c);
        return true;
    }
    if (rc == PK_ENOENT) {
        return true; /* the next wait says how far we are, and the server tells the rest */
    }
    if (rc != PK_EEXIST) {
        doubt(c, &err);
        next(c);
    }
    return false;
}

bool pk_agent_crowd_words(struct pk_agent_crowd *crowd, const json_t *words)
{
    const char *batch = json_string_value(json_object_get(words, "batch"));

    if (json_is_true(json_object_get(words, "base"))) {
        crowd->lost = true;
        crowd->wants |= crowd->classes;
        next(crowd);
        return true;
    }
    return batch != NULL && take_words(crowd, batch);
}

/* ---- life ---------------------------------------------------------------------------------------------- */

static int open_store(struct pk_agent_crowd *c, struct pk_error *err)
{
    return pk_crowd_store_open(c->settings->state_dir, pk_identity_network_key(c->identity),
            c->settings->server->ca != NULL ? c->settings->server->ca
                                            : pk_identity_ca_file(c->identity),
            &c->store, err);
}

int pk_agent_crowd_create(struct pk_loop *loop, const struct pk_agent_settings *settings,
        const struct pk_identity *identity, const struct pk_agent_crowd_hooks *hooks,
        struct pk_agent_crowd **out, struct pk_error *err)
{
    struct pk_agent_crowd *c = calloc(1, sizeof(*c));
    int rc;

    if (c == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    c->loop = loop;
    c->settings = settings;
    c->identity = identity;
    c->hooks = *hooks;
    c->classes = 1U << PK_SHARE_NETWORK;
    pk_timer_init(&c->refresh, on_refresh, c);
    pk_timer_init(&c->look, on_look, c);
    rc = open_store(c, err);
    if (rc < 0) {
        free(c);
        return rc;
    }
    pk_loop_arm(loop, &c->look, LOOK_MS);
    *out = c;
    return PK_OK;
}

void pk_agent_crowd_destroy(struct pk_agent_crowd *crowd)
{
    if (crowd == NULL) {
        return;
    }
    pk_loop_disarm(crowd->loop, &crowd->refresh);
    pk_loop_disarm(crowd->loop, &crowd->look);
    pk_crowd_store_close(crowd->store);
    free(crowd);
}

void pk_agent_crowd_start(struct pk_agent_crowd *crowd, struct pk_uplink *uplink)
{
    crowd->uplink = uplink;
    on_refresh(crowd);
}

void pk_agent_crowd_rekey(struct pk_agent_crowd *crowd)
{
    struct pk_crowd_store *old = crowd->store;
    struct pk_error err;

    if (open_store(crowd, &err) < 0) {
        crowd->store = old;
        crowd->hooks.trouble(crowd->hooks.ctx, err.text);
        return;
    }
    pk_crowd_store_close(old);
}

json_t *pk_agent_crowd_status(const struct pk_agent_crowd *crowd)
{
    const struct pk_filter16 *filter = pk_crowd_store_filter(crowd->store, PK_SHARE_NETWORK);
    char made[PK_TIME_TEXT];
    uint32_t epoch = 0;
    uint64_t seq = 0;

    if (filter == NULL) {
        return NULL;
    }
    (void)pk_crowd_store_place(crowd->store, crowd->classes, &epoch, &seq);
    return json_pack("{s:I, s:I, s:I, s:s, s:b}", "epoch", (json_int_t)epoch, "seq",
            (json_int_t)seq, "networks", (json_int_t)filter->fuse.count, "made",
            pk_time_format(filter->made_s * PK_SECOND_MS, made), "good", filter->until_s > now_s());
}
