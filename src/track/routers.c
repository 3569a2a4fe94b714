#include "track/routers.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define STEPS       3
#define SOLICITS    3 /* at joining (RFC 4861: MAX_RTR_SOLICITATIONS) */
#define FLIPS       2 /* a router that is restarted takes its word back once */
#define FLIP_MS     PK_MINUTE_MS
#define SILENT_MAX  3 /* rounds until the old ones count as replaced */
#define AGAIN_MS    4000
#define FRAMES_KEPT 16
#define QUIET_FRAME 254

static const int64_t step_ms[STEPS + 1] = { 0, 150, 300, PK_ROUTERS_ROUND_MS };
static const int64_t solicit_ms[SOLICITS] = { 0, 1000, 2500 };

struct router {
    struct pk_routers_entry entry; /* entry.forged is that of the row made of `other` */
    int64_t heard_at[FRAMES_KEPT]; /* a ring, for entry.frames */
    size_t heard_next;
    unsigned solicited; /* since it was heard last */
    bool asked_yet;     /* in this round */
    /* Other words than before, in its name: */
    bool doubted;
    int64_t doubt_ms;
    struct pk_nd_router other;
    uint8_t other_mac[6];
    unsigned flips;
    int64_t flip_ms;
    int64_t forged_ms; /* last time that the others' words were heard; 0: they are not forged */
    uint8_t frame[QUIET_FRAME];
    size_t frame_len;
};

struct pk_routers {
    const struct pk_routers_ops *ops;
    void *ctx;
    bool joined;
    bool base;
    int64_t join_ms;
    size_t solicits;
    bool asking;
    bool must_report;
    int64_t round_ms;
    size_t step;
    unsigned silent_rounds;
    int64_t trust_ms; /* when newcomers belong here; 0: there are none */
    size_t count;
    struct router list[PK_ROUTERS_MAX];
    struct pk_routers_entry rows[2 * PK_ROUTERS_MAX]; /* what others see */
    size_t row_count;
};

struct pk_routers *pk_routers_create(const struct pk_routers_ops *ops, void *ctx)
{
    struct pk_routers *t = calloc(1, sizeof(*t));

    if (t != NULL) {
        t->ops = ops;
        t->ctx = ctx;
    }
    return t;
}

void pk_routers_destroy(struct pk_routers *t)
{
    free(t);
}

static struct router *find(struct pk_routers *t, const uint8_t address[16])
{
    for (size_t i = 0; i < t->count; i++) {
        if (memcmp(t->list[i].entry.address, address, 16) == 0) {
            return &t->list[i];
        }
    }
    return NULL;
}

static void forget(struct pk_routers *t, size_t index)
{
    memmove(&t->list[index], &t->list[index + 1], (t->count - index - 1) * sizeof(t->list[0]));
    t->count--;
}

static bool is_newcomer(const struct router *r)
{
    return r->entry.known == PK_TRI_NO;
}

/* --- what they say ------------------------------------------------------------------------ */

static bool has_prefix(const struct pk_nd_router *ra, const struct pk_nd_prefix *p)
{
    for (size_t i = 0; i < ra->prefix_count && i < PK_ND_LIST_MAX; i++) {
        if (ra->prefixes[i].bits == p->bits &&
                memcmp(ra->prefixes[i].address, p->address, 16) == 0) {
            return true;
        }
    }
    return false;
}

static bool has_server(const struct pk_nd_router *ra, const struct pk_nd_server *s)
{
    for (size_t i = 0; i < ra->server_count && i < PK_ND_LIST_MAX; i++) {
        if (memcmp(ra->servers[i].address, s->address, 16) == 0) {
            return true;
        }
    }
    return false;
}

/* Nothing in `more` that `said` has not. A router may split its options over several messages, so what
 * is missing means nothing (RFC 4861, 6.2.3). */
static bool says_nothing_new(const struct pk_nd_router *said, const struct pk_nd_router *more)
{
    if (said->preference != more->preference ||
            (said->lifetime_s == 0) != (more->lifetime_s == 0)) {
        return false;
    }
    for (size_t i = 0; i < more->prefix_count && i < PK_ND_LIST_MAX; i++) {
        if (more->prefixes[i].valid_s > 0 && !has_prefix(said, &more->prefixes[i])) {
            return false;
        }
    }
    for (size_t i = 0; i < more->server_count && i < PK_ND_LIST_MAX; i++) {
        if (more->servers[i].lifetime_s > 0 && !has_server(said, &more->servers[i])) {
            return false;
        }
    }
    return true;
}

/* The newer head; lists are joined as long as there is room. */
static void merge(struct pk_nd_router *said, const struct pk_nd_router *more)
{
    said->preference = more->preference;
    said->lifetime_s = more->lifetime_s;
    said->managed = more->managed;
    said->other = more->other;
    said->prefix_count = said->prefix_count > PK_ND_LIST_MAX ? PK_ND_LIST_MAX : said->prefix_count;
    said->server_count = said->server_count > PK_ND_LIST_MAX ? PK_ND_LIST_MAX : said->server_count;
    for (size_t i = 0; i < more->prefix_count && i < PK_ND_LIST_MAX; i++) {
        if (!has_prefix(said, &more->prefixes[i]) && said->prefix_count < PK_ND_LIST_MAX) {
            said->prefixes[said->prefix_count++] = more->prefixes[i];
        }
    }
    for (size_t i = 0; i < more->server_count && i < PK_ND_LIST_MAX; i++) {
        if (more->servers[i].lifetime_s > 0 && !has_server(said, &more->servers[i]) &&
                said->server_count < PK_ND_LIST_MAX) {
            said->servers[said->server_count++] = more->servers[i];
        }
    }
}

/* --- rounds of questions ------------------------------------------------------------------ */

static void begin_round(struct pk_routers *t, int64_t now)
{
    if (t->asking || t->base) {
        return;
    }
    t->asking = true;
    t->round_ms = now;
    t->step = 0;
    for (size_t i = 0; i < t->count; i++) {
        t->list[i].asked_yet = false;
    }
    t->ops->listen(t->ctx);
    t->ops->wake(t->ctx, 1);
}

static void solicit(struct pk_routers *t)
{
    for (size_t i = 0; i < t->count; i++) {
        t->list[i].solicited++;
    }
    t->ops->solicit(t->ctx);
}

static void ask_all(struct pk_routers *t)
{
    for (size_t i = 0; i < t->count; i++) {
        struct router *r = &t->list[i];

        if (!r->entry.has_mac) {
            continue;
        }
        if (!r->asked_yet) {
            r->entry.answers = PK_TRI_UNKNOWN;
            r->asked_yet = true;
        }
        if (r->entry.answers != PK_TRI_YES) {
            t->ops->ask(t->ctx, r->entry.address, r->entry.mac);
        }
    }
}

static int64_t frames_in_minute(const struct router *r, int64_t now)
{
    int64_t frames = 0;

    for (size_t i = 0; i < FRAMES_KEPT; i++) {
        frames += r->heard_at[i] != 0 && now - r->heard_at[i] < PK_MINUTE_MS;
    }
    return frames;
}

static void report(struct pk_routers *t, int64_t now)
{
    t->row_count = 0;
    for (size_t i = 0; i < t->count; i++) {
        struct router *r = &t->list[i];

        r->entry.frames = frames_in_minute(r, now);
        t->rows[t->row_count++] = r->entry;
        if (r->forged_ms != 0) {
            struct pk_routers_entry *row = &t->rows[t->row_count++];

            *row = r->entry;
            row->forged = true;
            row->said = r->other;
            memcpy(row->mac, r->other_mac, 6);
        }
    }
    t->must_report = false;
    t->ops->report(t->ctx);
}

static bool any_newcomer(const struct pk_routers *t)
{
    for (size_t i = 0; i < t->count; i++) {
        if (is_newcomer(&t->list[i])) {
            return true;
        }
    }
    return false;
}

/* When nobody of the known ones has answered: NO. UNKNOWN: there is none to ask. */
static enum pk_tri known_live(const struct pk_routers *t)
{
    enum pk_tri live = PK_TRI_UNKNOWN;

    for (size_t i = 0; i < t->count; i++) {
        const struct pk_routers_entry *e = &t->list[i].entry;

        if (e->known == PK_TRI_YES && e->has_mac && e->said.lifetime_s > 0) {
            live = e->answers == PK_TRI_YES || live == PK_TRI_YES ? PK_TRI_YES : PK_TRI_NO;
        }
    }
    return live;
}

/* Removes newcomers that have gone; true when one was. */
static bool drop_gone(struct pk_routers *t, int64_t now)
{
    bool gone = false;

    for (size_t i = t->count; i-- > 0;) {
        struct router *r = &t->list[i];

        if (is_newcomer(r) && r->solicited >= SOLICITS &&
                now - r->entry.last_ms >= PK_ROUTERS_GONE_MS) {
            forget(t, i);
            gone = true;
        } else if (r->forged_ms != 0 && now - r->forged_ms >= PK_ROUTERS_GONE_MS) {
            r->forged_ms = 0;
            r->flips = 0;
            gone = true;
        }
    }
    return gone;
}

/* The old ones have been silent for long enough: the newcomers are the network's routers now. */
static void take_over(struct pk_routers *t)
{
    for (size_t i = t->count; i-- > 0;) {
        struct pk_routers_entry *e = &t->list[i].entry;

        if (is_newcomer(&t->list[i])) {
            e->known = PK_TRI_YES;
        } else if (e->answers == PK_TRI_NO) {
            forget(t, i);
        }
    }
    t->silent_rounds = 0;
}

static void end_round(struct pk_routers *t, int64_t now)
{
    bool gone;

    t->asking = false;
    for (size_t i = 0; i < t->count; i++) {
        struct router *r = &t->list[i];

        if (r->asked_yet && r->entry.answers != PK_TRI_YES) {
            r->entry.answers = PK_TRI_NO;
        }
    }
    gone = drop_gone(t, now);
    t->ops->listen(t->ctx);
    if (any_newcomer(t) && known_live(t) == PK_TRI_NO) {
        report(t, now);
        if (++t->silent_rounds >= SILENT_MAX) {
            take_over(t);
            t->ops->listen(t->ctx);
            report(t, now);
        } else {
            t->ops->wake(t->ctx, AGAIN_MS);
        }
        return;
    }
    t->silent_rounds = 0;
    if (t->must_report || gone) {
        report(t, now);
    }
    if (any_newcomer(t) && t->trust_ms > now) {
        t->ops->wake(t->ctx, t->trust_ms - now);
    }
}

static void step_round(struct pk_routers *t, int64_t now)
{
    while (t->step < STEPS && now - t->round_ms >= step_ms[t->step]) {
        ask_all(t);
        t->step++;
    }
    if (now - t->round_ms >= step_ms[STEPS]) {
        end_round(t, now);
    } else {
        t->ops->wake(t->ctx, t->round_ms + step_ms[t->step] - now);
    }
}

/* --- words that differ -------------------------------------------------------------------- */

static void accept_other(struct router *r)
{
    r->doubted = false;
    merge(&r->entry.said, &r->other);
}

static void end_doubts(struct pk_routers *t, int64_t now)
{
    for (size_t i = 0; i < t->count; i++) {
        struct router *r = &t->list[i];

        if (r->doubted && now - r->doubt_ms >= PK_ROUTERS_DOUBT_MS) {
            accept_other(r); /* it did not take its new words back */
            t->must_report = true;
        }
    }
}

static int64_t next_doubt(const struct pk_routers *t, int64_t now)
{
    int64_t next = 0;

    for (size_t i = 0; i < t->count; i++) {
        const struct router *r = &t->list[i];
        int64_t in = r->doubt_ms + PK_ROUTERS_DOUBT_MS - now;

        if (r->doubted && (next == 0 || in < next)) {
            next = in > 0 ? in : 1;
        }
    }
    return next;
}

static void doubt(struct pk_routers *t, struct router *r, const struct pk_nd *nd,
        const uint8_t mac[6], int64_t now)
{
    if (r->forged_ms != 0) { /* they go on */
        r->forged_ms = now;
        r->other = nd->ra;
        memcpy(r->other_mac, mac, 6);
        return;
    }
    if (r->doubted) {
        return;
    }
    r->doubted = true;
    r->doubt_ms = now;
    r->other = nd->ra;
    memcpy(r->other_mac, mac, 6);
    r->frame_len = 0; /* its own words are news now */
    t->ops->listen(t->ctx);
    solicit(t); /* all: who borrows its hardware address takes what is sent to that alone */
    t->ops->wake(t->ctx, t->asking ? 1 : PK_ROUTERS_DOUBT_MS);
}

/* It repeats what it always said, after others had said something else in its name. */
static void repeated(struct pk_routers *t, struct router *r, int64_t now)
{
    if (!r->doubted || says_nothing_new(&r->other, &r->entry.said)) {
        return;
    }
    r->doubted = false;
    r->flips = now - r->flip_ms < FLIP_MS ? r->flips + 1 : 1;
    r->flip_ms = now;
    if (r->flips >= FLIPS) {
        r->forged_ms = now;
        t->must_report = true;
        begin_round(t, now);
    }
}

/* --- frames ------------------------------------------------------------------------------- */

static struct router *add(struct pk_routers *t, const uint8_t address[16], int64_t now)
{
    struct router *r;

    if (t->count == PK_ROUTERS_MAX) { /* a flood: the newcomers that are known suffice */
        return NULL;
    }
    r = &t->list[t->count++];
    *r = (struct router){ .entry = { .first_ms = now, .last_ms = now } };
    memcpy(r->entry.address, address, 16);
    return r;
}

static void first_words(
        struct pk_routers *t, const struct pk_nd *nd, const uint8_t mac[6], int64_t now)
{
    struct router *r = add(t, nd->from, now);

    if (r == NULL) {
        return;
    }
    memcpy(r->entry.mac, mac, 6);
    r->entry.has_mac = true;
    r->entry.heard = true;
    r->entry.said = nd->ra;
    r->entry.known = t->base || t->ops->known(t->ctx, mac) == PK_TRI_YES ? PK_TRI_YES : PK_TRI_NO;
    r->heard_at[r->heard_next++] = now;
    if (t->base) {
        t->ops->wake(t->ctx, 1);
        return;
    }
    t->must_report = true;
    t->silent_rounds = 0;
    t->asking = false; /* answers from before say nothing about it */
    if (is_newcomer(r)) {
        t->trust_ms = now + PK_ROUTERS_TRUST_MS;
    }
    begin_round(t, now);
}

static void keep_frame(struct pk_routers *t, struct router *r, struct pk_slice frame)
{
    if (frame.len > QUIET_FRAME ||
            (frame.len == r->frame_len &&
                    (frame.len == 0 || memcmp(r->frame, frame.ptr, frame.len) == 0))) {
        return;
    }
    if (frame.len > 0) {
        memcpy(r->frame, frame.ptr, frame.len);
    }
    r->frame_len = frame.len;
    t->ops->listen(t->ctx);
}

static void router_frame(
        struct pk_routers *t, const struct pk_nd *nd, struct pk_slice frame, int64_t now)
{
    const uint8_t *mac = nd->has_source_mac ? nd->source_mac : nd->eth_from;
    struct router *r = find(t, nd->from);

    if (r == NULL) {
        first_words(t, nd, mac, now);
        r = find(t, nd->from);
        if (r != NULL && !is_newcomer(r)) {
            keep_frame(t, r, frame);
        }
        return;
    }
    if (!r->entry.heard) { /* so far the kernel's word only */
        if (!r->entry.has_mac) {
            memcpy(r->entry.mac, mac, 6);
            r->entry.has_mac = true;
        }
        r->entry.heard = true;
        r->entry.said = nd->ra;
        if (t->base) {
            t->ops->wake(t->ctx, 1);
        }
    } else if (t->base) {
        merge(&r->entry.said, &nd->ra);
    } else if (memcmp(mac, r->entry.mac, 6) != 0 || !says_nothing_new(&r->entry.said, &nd->ra)) {
        doubt(t, r, nd, mac, now);
        return;
    } else {
        repeated(t, r, now);
    }
    r->entry.last_ms = now;
    r->solicited = 0;
    r->heard_at[r->heard_next] = now;
    r->heard_next = (r->heard_next + 1) % FRAMES_KEPT;
    if (!is_newcomer(r) && !r->doubted && r->forged_ms == 0 && r->flips == 0) {
        keep_frame(t, r, frame);
    }
}

void pk_routers_frame(
        struct pk_routers *t, const struct pk_nd *nd, struct pk_slice frame, int64_t now)
{
    const uint8_t *address;
    const uint8_t *mac;
    struct router *r;

    if (!t->joined) {
        return;
    }
    if (nd->type == PK_ND_ROUTER && nd->has_mac) {
        router_frame(t, nd, frame, now);
    } else if (nd->type == PK_ND_NEIGHBOUR && nd->solicited && pk_nd_claim(nd, &address, &mac)) {
        r = find(t, address);
        if (r != NULL && r->entry.has_mac && memcmp(r->entry.mac, mac, 6) == 0) {
            r->entry.answers = PK_TRI_YES;
        }
    }
}

/* --- coming and going --------------------------------------------------------------------- */

void pk_routers_join(struct pk_routers *t, int64_t now)
{
    const struct pk_routers_ops *ops = t->ops;
    void *ctx = t->ctx;

    *t = (struct pk_routers){
        .ops = ops, .ctx = ctx, .joined = true, .base = true, .join_ms = now, .must_report = true
    };
    ops->wake(ctx, 1);
}

void pk_routers_leave(struct pk_routers *t)
{
    t->joined = t->base = t->asking = false;
    t->count = t->row_count = 0;
}

void pk_routers_seed(
        struct pk_routers *t, const uint8_t address[16], const uint8_t *mac, int64_t now)
{
    struct router *r = t->joined ? find(t, address) : NULL;

    if (!t->joined || !t->base) {
        return; /* later ones must be heard */
    }
    if (r == NULL) {
        r = add(t, address, now);
    }
    if (r == NULL || r->entry.has_mac) {
        return;
    }
    r->entry.said.lifetime_s = 1; /* it is a router, by the kernel's word */
    r->entry.known = PK_TRI_YES;
    if (mac != NULL) {
        memcpy(r->entry.mac, mac, 6);
        r->entry.has_mac = true;
    }
}

static void end_base(struct pk_routers *t, int64_t now)
{
    t->base = false;
    for (size_t i = t->count; i-- > 0;) { /* a route of the past that nobody stands for */
        if (!t->list[i].entry.heard && t->list[i].entry.answers != PK_TRI_YES) {
            forget(t, i);
        }
    }
    for (size_t i = 0; i < t->count; i++) {
        struct pk_routers_entry *e = &t->list[i].entry;

        e->known = e->has_mac && t->ops->known(t->ctx, e->mac) == PK_TRI_NO ? PK_TRI_NO
                                                                            : PK_TRI_YES;
    }
    if (any_newcomer(t)) {
        t->trust_ms = now + PK_ROUTERS_TRUST_MS;
    }
    begin_round(t, now);
}

static void step_base(struct pk_routers *t, int64_t now)
{
    int64_t age = now - t->join_ms;
    bool heard = false;
    int64_t next;

    for (size_t i = 0; i < t->count; i++) {
        heard |= t->list[i].entry.heard;
    }
    while (t->solicits < SOLICITS && age >= solicit_ms[t->solicits]) {
        if (!heard) {
            solicit(t);
        }
        t->solicits++;
        ask_all(t);
    }
    if (age >= (heard ? PK_ROUTERS_HEARD_MS : PK_ROUTERS_BASE_MS)) {
        end_base(t, now);
        return;
    }
    next = heard                     ? PK_ROUTERS_HEARD_MS
            : t->solicits < SOLICITS ? solicit_ms[t->solicits]
                                     : PK_ROUTERS_BASE_MS;
    t->ops->wake(t->ctx, next - age);
}

static void trust_newcomers(struct pk_routers *t, int64_t now)
{
    t->trust_ms = 0;
    if (!any_newcomer(t)) {
        return;
    }
    if (t->ops->attacked(t->ctx)) {
        t->trust_ms = now + PK_ROUTERS_TRUST_MS;
        t->ops->wake(t->ctx, PK_ROUTERS_TRUST_MS);
        return;
    }
    for (size_t i = 0; i < t->count; i++) {
        t->list[i].entry.known = PK_TRI_YES;
    }
    report(t, now);
    t->ops->listen(t->ctx);
}

void pk_routers_tick(struct pk_routers *t, int64_t now)
{
    int64_t next;

    if (!t->joined) {
        return;
    }
    if (t->base) {
        step_base(t, now);
        return;
    }
    end_doubts(t, now);
    if (t->asking) {
        step_round(t, now);
    } else if (t->must_report || t->silent_rounds > 0) {
        begin_round(t, now);
    } else if (t->trust_ms != 0 && now >= t->trust_ms) {
        trust_newcomers(t, now);
    }
    next = next_doubt(t, now);
    if (next > 0 && !t->asking) {
        t->ops->wake(t->ctx, next);
    }
}

void pk_routers_check(struct pk_routers *t, int64_t now)
{
    if (!t->joined || t->base) {
        return; /* the first picture is reported anyway */
    }
    t->must_report = true;
    if (pk_routers_odd(t)) {
        solicit(t);
    }
    begin_round(t, now);
}

size_t pk_routers_count(const struct pk_routers *t)
{
    return t->row_count;
}

const struct pk_routers_entry *pk_routers_at(const struct pk_routers *t, size_t index)
{
    return &t->rows[index];
}

bool pk_routers_listening(const struct pk_routers *t)
{
    return t->joined && (t->base || t->asking);
}

const uint8_t *pk_routers_address(const struct pk_routers *t, size_t index)
{
    return index < t->count ? t->list[index].entry.address : NULL;
}

bool pk_routers_odd(const struct pk_routers *t)
{
    for (size_t i = 0; i < t->count; i++) {
        if (is_newcomer(&t->list[i]) || t->list[i].forged_ms != 0) {
            return true;
        }
    }
    return false;
}

struct pk_slice pk_routers_quiet(const struct pk_routers *t, size_t index)
{
    if (index >= t->count) {
        return pk_slice_of(NULL, 0);
    }
    return pk_slice_of(t->list[index].frame, t->list[index].frame_len);
}
