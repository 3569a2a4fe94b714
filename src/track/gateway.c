#include "track/gateway.h"

#include <stdlib.h>
#include <string.h>

#define CLAIMS_KEPT     128
#define CLAIM_WINDOW_MS 10000
#define ASKED_MS        1000 /* an answer that comes later was not asked for */
#define STEPS           3
#define SILENT_MAX      5 /* rounds without any answer until the table is believed */
#define TWINS_SURE      3 /* rounds in which both answer: a takeover would be over */
#define TWINS_MS        1000
#define AGAIN_MS        4000
/* The first question waits a moment: where a standby router takes over (VRRP), the old one may
 * still answer while the new one announces itself. */
static const int64_t step_ms[STEPS + 1] = { 100, 225, 350, PK_GATEWAY_ROUND_MS };

struct claim {
    int64_t at_ms;
    bool unasked;
    bool pushed;
};

struct pk_gateway {
    const struct pk_gateway_ops *ops;
    void *ctx;
    bool joined;
    bool can_ask;
    uint8_t own[6];
    uint8_t learnt[6];
    bool has_learnt;
    uint8_t table[6];
    bool has_table;
    uint8_t rival[6];
    bool has_rival;
    struct claim claims[CLAIMS_KEPT]; /* a ring */
    size_t claim_next;
    int64_t last_claim_ms;
    int64_t longest_gap_ms; /* between unasked claims of this rival */
    int64_t last_unasked_ms;
    size_t claim_count; /* of the unasked */
    bool rival_spoke;   /* it answered our questions */
    uint8_t twin[6];    /* another port of the learnt one: it may speak, too */
    bool has_twin;
    /* The round of questions that runs: */
    bool asking;
    bool must_report;
    int64_t round_ms;
    size_t step;
    int64_t probes, old_answers, rival_answers;
    int64_t answers_open; /* replies that others may still give unblamed */
    int64_t asked_ms;
    enum pk_tri old_holds, rival_holds;
    int silent_rounds;
    int twin_rounds;
    bool doubtful; /* one single answer of the old holder: ask once more */
    struct pk_gateway_facts told;
    bool told_once;
};

static bool same(const uint8_t a[6], const uint8_t b[6])
{
    return memcmp(a, b, 6) == 0;
}

struct pk_gateway *pk_gateway_create(const struct pk_gateway_ops *ops, void *ctx)
{
    struct pk_gateway *g = calloc(1, sizeof(*g));

    if (g != NULL) {
        g->ops = ops;
        g->ctx = ctx;
    }
    return g;
}

void pk_gateway_destroy(struct pk_gateway *gateway)
{
    free(gateway);
}

static void listen_quietly(struct pk_gateway *g)
{
    g->ops->listen(g->ctx, g->has_learnt ? g->learnt : NULL);
}

static void learn(struct pk_gateway *g, const uint8_t mac[6])
{
    memcpy(g->learnt, mac, 6);
    g->has_learnt = true;
    g->ops->learnt(g->ctx, mac);
}

static void begin_round(struct pk_gateway *g, int64_t now)
{
    if (g->asking) {
        return;
    }
    g->asking = true;
    g->round_ms = now;
    g->step = 0;
    g->probes = g->old_answers = g->rival_answers = 0;
    g->old_holds = g->rival_holds = PK_TRI_UNKNOWN;
    g->ops->listen(g->ctx, NULL); /* now the old holder is heard, too */
    g->ops->wake(g->ctx, step_ms[0]);
}

static int64_t count_claims(
        const struct pk_gateway *g, int64_t now, bool unasked_only, bool pushed_only)
{
    int64_t count = 0;

    for (size_t i = 0; i < CLAIMS_KEPT; i++) {
        const struct claim *c = &g->claims[i];

        count += c->at_ms != 0 && now - c->at_ms < CLAIM_WINDOW_MS &&
                (c->unasked || !unasked_only) && (c->pushed || !pushed_only);
    }
    return count;
}

static struct pk_gateway_facts gather(const struct pk_gateway *g, int64_t now)
{
    struct pk_gateway_facts f = { .has_rival = g->has_rival,
        .probes = g->probes,
        .old_answers = g->old_answers,
        .rival_claims = count_claims(g, now, false, false),
        .unasked_claims = count_claims(g, now, true, false),
        .pushed_claims = count_claims(g, now, true, true),
        .rival_answers = g->rival_answers,
        .old_holds = g->old_holds,
        .rival_holds = g->rival_holds };

    memcpy(f.mac, g->has_table ? g->table : g->learnt, 6);
    memcpy(f.mac_before, g->learnt, 6);
    memcpy(f.mac_rival, g->rival, 6);
    if (!g->has_rival) { /* a calm picture; the table may lag behind by one event */
        memcpy(f.mac, g->learnt, 6);
    }
    return f;
}

/* Would a reader conclude something else from b than from a? */
static bool differs(const struct pk_gateway_facts *a, const struct pk_gateway_facts *b)
{
    return a->has_rival != b->has_rival || (a->has_rival && !same(a->mac_rival, b->mac_rival)) ||
            !same(a->mac_before, b->mac_before) || (a->old_answers > 0) != (b->old_answers > 0) ||
            (a->rival_holds != PK_TRI_NO && b->rival_holds == PK_TRI_NO) ||
            (a->has_rival && (a->unasked_claims > 0) != (b->unasked_claims > 0) &&
                    b->unasked_claims > 0);
}

static void report(struct pk_gateway *g, int64_t now)
{
    struct pk_gateway_facts facts = gather(g, now);

    if (!g->has_learnt || (!g->must_report && g->told_once && !differs(&g->told, &facts))) {
        return;
    }
    g->must_report = false;
    g->told = facts;
    g->told_once = true;
    g->ops->report(g->ctx, &facts);
}

static void calm_down(struct pk_gateway *g, int64_t now)
{
    g->has_rival = false;
    g->silent_rounds = g->twin_rounds = 0;
    report(g, now);
}

static void move_to_rival(struct pk_gateway *g, int64_t now)
{
    if (!g->has_table || same(g->table, g->learnt)) {
        memcpy(g->table, g->rival, 6);
        g->has_table = true;
    }
    report(g, now); /* while "before" still names the old one */
    learn(g, g->rival);
    memset(g->claims, 0, sizeof(g->claims));
    g->has_rival = false;
    g->silent_rounds = g->twin_rounds = 0;
    g->probes = g->old_answers = 0; /* they were about the old one */
    /* The calm picture ends what the change began; not in the same breath. */
    g->last_claim_ms = now;
    g->ops->wake(g->ctx, PK_GATEWAY_CALM_MS);
}

/* A rival who claimed once or rarely may be at work still when nothing was heard for a while. */
static int64_t calm_ms(const struct pk_gateway *g)
{
    int64_t wait = g->longest_gap_ms * 5 / 2;

    if (g->claim_count < 3 && !g->rival_spoke) {
        return PK_GATEWAY_RARE_MS;
    }
    wait = wait < PK_GATEWAY_CALM_MS ? PK_GATEWAY_CALM_MS : wait;
    return wait > PK_GATEWAY_RARE_MS ? PK_GATEWAY_RARE_MS : wait;
}

/* What a forged frame did to the neighbour table counts as long as it is there, but a table that
 * nobody uses is not mended for ever. */
static bool is_quiet(const struct pk_gateway *g, int64_t now)
{
    int64_t quiet = now - g->last_claim_ms;

    return quiet >= calm_ms(g) && g->rival_answers == 0 &&
            (!g->has_table || same(g->table, g->learnt) ||
                    (g->can_ask && quiet >= PK_GATEWAY_RARE_MS));
}

static void ask_again(struct pk_gateway *g, int64_t now)
{
    int64_t quiet = now - g->last_claim_ms;
    int64_t left = PK_GATEWAY_CALM_MS - quiet;

    if (left <= AGAIN_MS && calm_ms(g) > quiet) { /* one who claims rarely */
        left = calm_ms(g) - quiet;
        left = left > PK_GATEWAY_CALM_MS ? PK_GATEWAY_CALM_MS : left;
    }
    g->ops->wake(g->ctx, left > AGAIN_MS ? left : AGAIN_MS);
}

/* Both answer: where the one whom we learnt only hands packets on, it was the attacker who came
 * first. */
static void put_right(struct pk_gateway *g)
{
    uint8_t mac[6];

    if (g->old_holds == PK_TRI_NO && g->rival_holds == PK_TRI_YES) {
        memcpy(mac, g->learnt, 6);
        learn(g, g->rival);
        memcpy(g->rival, mac, 6);
        g->old_holds = PK_TRI_YES;
        g->rival_holds = PK_TRI_NO;
    }
}

/* Two ports of one router, or a standby pair in the moment of a takeover: both hold the address. */
static bool conclude_twins(struct pk_gateway *g, int64_t now)
{
    if (g->rival_answers == 0 || g->old_holds != PK_TRI_YES || g->rival_holds != PK_TRI_YES) {
        g->twin_rounds = 0;
        return false;
    }
    if (count_claims(g, now, true, true) == 0) {
        report(g, now);
        memcpy(g->twin, g->rival, 6);
        g->has_twin = true;
        calm_down(g, now);
        return true;
    }
    if (++g->twin_rounds < TWINS_SURE) {
        g->ops->wake(g->ctx, TWINS_MS);
        return true;
    }
    return false;
}

/* Nobody answers. On a link in trouble the rival is not heard either; one who goes on claiming what it
 * does not answer for keeps the true one silent. */
static void conclude_silence(struct pk_gateway *g, int64_t now)
{
    g->silent_rounds++;
    if (g->silent_rounds == 1) {
        begin_round(g, now);
        return;
    }
    if (count_claims(g, now, true, false) >= 2) {
        g->probes *= 2; /* those of the silent round before count, too */
        report(g, now);
        ask_again(g, now);
        return;
    }
    if (g->silent_rounds >= SILENT_MAX) {
        move_to_rival(g, now);
        return;
    }
    g->ops->wake(g->ctx, AGAIN_MS);
}

static void conclude_rival(struct pk_gateway *g, int64_t now)
{
    if (g->old_answers == 1 && !g->doubtful) {
        g->doubtful = true;
        begin_round(g, now);
        return;
    }
    g->doubtful = false;
    put_right(g);
    if (g->old_answers > 0 && conclude_twins(g, now)) {
        return;
    }
    if (is_quiet(g, now) && (g->old_answers > 0 || g->silent_rounds > 0)) {
        calm_down(g, now);
        return;
    }
    if (g->old_answers > 0) {
        g->silent_rounds = 0;
        report(g, now);
        ask_again(g, now);
    } else if (!g->can_ask || (g->rival_answers > 0 && g->rival_holds != PK_TRI_NO)) {
        move_to_rival(g, now);
    } else if (g->rival_answers > 0) { /* it answers for an address that it does not hold */
        report(g, now);
        ask_again(g, now);
    } else {
        conclude_silence(g, now);
    }
}

static void end_round(struct pk_gateway *g, int64_t now)
{
    g->asking = false;
    listen_quietly(g);
    if (g->has_rival) {
        conclude_rival(g, now);
    } else {
        report(g, now);
    }
}

void pk_gateway_tick(struct pk_gateway *g, int64_t now)
{
    if (!g->joined) {
        return;
    }
    if (!g->asking) {
        if (g->has_rival) {
            begin_round(g, now);
        } else {
            report(g, now);
        }
        return;
    }
    while (g->step < STEPS && now - g->round_ms >= step_ms[g->step]) {
        size_t step = g->step++;

        if (g->can_ask) {
            g->asked_ms = now;
            g->answers_open++;
            g->probes++;
            /* First everybody, then only the one whom we know. */
            g->ops->ask(g->ctx, step == 0 || !g->has_learnt ? NULL : g->learnt);
            if (g->has_rival && g->rival_answers > 0 && g->ops->echo != NULL) {
                g->ops->echo(g->ctx, g->learnt, false);
                g->ops->echo(g->ctx, g->rival, true);
            }
        }
    }
    if (now - g->round_ms >= step_ms[STEPS]) {
        end_round(g, now);
        return;
    }
    g->ops->wake(g->ctx, g->round_ms + step_ms[g->step] - now);
}

static void see_rival(struct pk_gateway *g, const uint8_t mac[6], int64_t now)
{
    bool is_new = !g->has_rival || !same(g->rival, mac);

    memcpy(g->rival, mac, 6);
    g->has_rival = true;
    if (is_new) {
        g->claim_count = 0;
        g->longest_gap_ms = 0;
        g->rival_spoke = false;
        g->twin_rounds = g->silent_rounds = 0;
        g->doubtful = false;
        g->asking = false; /* answers from before the claim say nothing about it */
        g->ops->suspect(g->ctx);
        begin_round(g, now);
    }
}

/* Gratuitous ARP (RFC 5227 section 3), or an answer to everybody. */
static bool is_pushed(const struct pk_arp_frame *frame)
{
    static const uint8_t everybody[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

    return frame->op == PK_ARP_REQUEST ? memcmp(frame->sender_ip, frame->target_ip, 4) == 0
                                       : same(frame->to, everybody);
}

static void note_rhythm(struct pk_gateway *g, int64_t now)
{
    if (g->claim_count++ > 0 && now - g->last_unasked_ms > g->longest_gap_ms) {
        g->longest_gap_ms = now - g->last_unasked_ms;
    }
    g->last_unasked_ms = now;
}

void pk_gateway_frame(struct pk_gateway *g, const struct pk_arp_frame *frame, int64_t now)
{
    const uint8_t *mac = frame->sender_mac;
    bool reply = frame->op == PK_ARP_REPLY && same(frame->target_mac, g->own);
    bool asked = reply && g->answers_open > 0 && now - g->asked_ms < ASKED_MS;

    if (!g->joined || same(mac, g->own)) {
        return;
    }
    if (!g->has_learnt) {
        learn(g, mac);
    }
    if (same(mac, g->learnt)) {
        g->old_answers += g->asking && reply && g->old_answers < g->probes;
        return;
    }
    g->answers_open -= asked;
    if (g->has_twin && same(mac, g->twin)) {
        return;
    }
    g->rival_answers += g->asking && asked;
    g->claims[g->claim_next] = (struct claim){ now, !asked, !asked && is_pushed(frame) };
    g->claim_next = (g->claim_next + 1) % CLAIMS_KEPT;
    see_rival(g, mac, now);
    g->rival_spoke |= asked;
    g->last_claim_ms = now;
    if (!asked) {
        note_rhythm(g, now);
        if (g->silent_rounds == 2 && !g->asking) {
            begin_round(g, now); /* nobody answered, and it goes on claiming */
        }
    }
}

void pk_gateway_echoed(struct pk_gateway *g, bool rival, enum pk_gateway_echo how)
{
    enum pk_tri *holds = rival ? &g->rival_holds : &g->old_holds;

    if (g->asking && *holds != PK_TRI_YES) {
        *holds = how == PK_GATEWAY_HOLDS ? PK_TRI_YES : PK_TRI_NO;
    }
}

void pk_gateway_neighbour(struct pk_gateway *g, const uint8_t mac[6], int64_t now)
{
    if (!g->joined) {
        return;
    }
    memcpy(g->table, mac, 6);
    g->has_table = true;
    if (!g->has_learnt) {
        learn(g, mac);
        listen_quietly(g);
    } else if (!same(mac, g->learnt) && !(g->has_twin && same(mac, g->twin))) {
        if (!g->can_ask) {
            g->last_claim_ms = now;
        }
        see_rival(g, mac, now);
    } else if (g->has_rival && !g->asking) {
        g->ops->wake(g->ctx, AGAIN_MS); /* mended: it may be over */
    }
}

void pk_gateway_join(struct pk_gateway *g, const uint8_t own_mac[6], const uint8_t *table,
        bool can_ask, int64_t now)
{
    const struct pk_gateway_ops *ops = g->ops;
    void *ctx = g->ctx;

    *g = (struct pk_gateway){ .ops = ops, .ctx = ctx, .joined = true, .can_ask = can_ask };
    memcpy(g->own, own_mac, 6);
    g->must_report = true;
    if (table != NULL) {
        memcpy(g->table, table, 6);
        g->has_table = true;
        learn(g, table);
    }
    begin_round(g, now);
}

void pk_gateway_leave(struct pk_gateway *g)
{
    g->joined = g->asking = g->has_rival = g->has_learnt = false;
}

bool pk_gateway_check(struct pk_gateway *g, int64_t now)
{
    if (!g->joined) {
        return false;
    }
    g->must_report = true;
    begin_round(g, now);
    return true;
}

const uint8_t *pk_gateway_learnt(const struct pk_gateway *g)
{
    return g->has_learnt ? g->learnt : NULL;
}

const uint8_t *pk_gateway_rival(const struct pk_gateway *g)
{
    return g->has_rival ? g->rival : NULL;
}

bool pk_gateway_odd(const struct pk_gateway *g)
{
    return g->has_rival;
}

bool pk_gateway_diverted(const struct pk_gateway *g)
{
    return g->has_table && g->has_learnt && !same(g->table, g->learnt) &&
            !(g->has_twin && same(g->table, g->twin));
}

bool pk_gateway_asking(const struct pk_gateway *g)
{
    return g->asking;
}
