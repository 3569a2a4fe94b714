#include "crowd/share.h"

#include <stdlib.h>

#include "crowd/kanon.h"
#include "crowd/share_book.h"

#define HOUR_S INT64_C(3600)
#define STEP   (UINT64_C(1) << 24)

/* How long what is said holds on a device that hears nothing more. A withdrawal comes when the crowd thinks
 * otherwise; this is for devices that cannot hear it. */
static const uint16_t ttl_hours[PK_SHARE_CLASSES] = {
    [PK_SHARE_NETWORK] = 30 * 24,
    [PK_SHARE_MAST] = 14 * 24,
    [PK_SHARE_APP] = 90 * 24,
};

struct said {
    struct pk_delta delta; /* ttl_hours: from at_s on */
    int64_t at_s;
};

struct pk_share {
    struct pk_print_key key;
    uint8_t secret[64];
    size_t secret_len;
    struct pk_share_book books[PK_SHARE_CLASSES];
    struct said *said; /* by number */
    size_t said_count;
    size_t said_cap;
    struct pk_kanon kanon;
    uint64_t floor; /* number before the first of said */
    uint64_t seq;
};

int pk_share_create(struct pk_slice secret, uint32_t epoch, uint32_t least, struct pk_share **out)
{
    struct pk_share *share = calloc(1, sizeof(*share));

    if (share == NULL) {
        return PK_ENOMEM;
    }
    share->kanon = pk_kanon_default;
    share->kanon.least[PK_KANON_VIEW] = least;
    share->secret_len = secret.len < sizeof(share->secret) ? secret.len : sizeof(share->secret);
    if (share->secret_len > 0) {
        memcpy(share->secret, secret.ptr, share->secret_len);
    }
    pk_print_key_of(pk_slice_of(share->secret, share->secret_len), epoch, &share->key);
    *out = share;
    return PK_OK;
}

void pk_share_destroy(struct pk_share *share)
{
    if (share == NULL) {
        return;
    }
    for (int c = 0; c < PK_SHARE_CLASSES; c++) {
        pk_share_book_finish(&share->books[c]);
    }
    free(share->said);
    free(share);
}

uint32_t pk_share_epoch(const struct pk_share *share)
{
    return share->key.epoch;
}

uint64_t pk_share_seq(const struct pk_share *share)
{
    return share->seq;
}

size_t pk_share_count(const struct pk_share *share, enum pk_share_class class)
{
    return share->books[class].count;
}

/* ---- taking ------------------------------------------------------------------------------------ */

static void forget_said(struct pk_share *share, size_t count)
{
    if (count == 0) {
        return;
    }
    share->floor = share->said[count - 1].delta.seq;
    share->said_count -= count;
    memmove(share->said, share->said + count, share->said_count * sizeof(share->said[0]));
}

static int room_to_say(struct pk_share *share)
{
    size_t cap = share->said_cap > 0 ? 2 * share->said_cap : 64;
    struct said *grown;

    if (share->said_count == PK_SHARE_KEEP) {
        forget_said(share, PK_SHARE_KEEP / 4);
    }
    if (share->said_count < share->said_cap) {
        return PK_OK;
    }
    grown = reallocarray(share->said, cap, sizeof(*grown));
    if (grown == NULL) {
        return PK_ENOMEM;
    }
    share->said = grown;
    share->said_cap = cap;
    return PK_OK;
}

static uint16_t capped(uint32_t n)
{
    return n > UINT16_MAX ? UINT16_MAX : (uint16_t)n;
}

static struct pk_share_thing thing_of(
        const struct pk_share *share, uint64_t print, const struct pk_crowd_change *change)
{
    return (struct pk_share_thing){
        .key = change->key,
        .print = print,
        .since_s = change->at_s,
        .devices = capped(pk_kanon_sum(&share->kanon, PK_KANON_VIEW, change->devices)),
        .groups = capped(pk_kanon_sum(&share->kanon, PK_KANON_VIEW, change->groups)),
        .score = pk_share_score(change->log_odds),
        .cause = change->cause < PK_PREFIX_NO_CAUSE ? change->cause : PK_PREFIX_NO_CAUSE,
    };
}

/* A number so far behind the last cannot be told in 24 bits. */
static void mind_the_step(struct pk_share *share, uint64_t seq)
{
    uint64_t before = share->said_count > 0 ? share->said[share->said_count - 1].delta.seq
                                            : share->floor;

    if (share->seq == 0 || seq - before >= STEP) {
        forget_said(share, share->said_count);
        share->floor = seq - 1; /* what was before is in the filters */
    }
}

static void say(
        struct pk_share *share, uint64_t seq, uint64_t print, const struct pk_crowd_change *change)
{
    mind_the_step(share, seq);
    share->said[share->said_count++] = (struct said){
        .delta = {
            .seq = seq,
            .print40 = pk_print_40(print),
            .kind = change->key.kind,
            .bad = change->bad,
            .score = change->bad ? pk_share_score(change->log_odds) : 0,
            .ttl_hours = change->bad ? ttl_hours[pk_share_class_of(change->key.kind)] : 0,
        },
        .at_s = change->at_s,
    };
}

int pk_share_take(struct pk_share *share, uint64_t seq, const struct pk_crowd_change *change)
{
    uint64_t print = pk_print_of(&share->key, &change->key);
    struct pk_share_book *book = &share->books[pk_share_class_of(change->key.kind)];
    struct pk_share_thing thing = thing_of(share, print, change);

    if (seq <= share->seq) {
        return PK_OK;
    }
    if (room_to_say(share) < 0 || (change->bad && pk_share_book_put(book, &thing) < 0)) {
        return PK_ENOMEM;
    }
    if (!change->bad) {
        pk_share_book_remove(book, print);
    }
    say(share, seq, print, change);
    share->seq = seq;
    return PK_OK;
}

void pk_share_reach(struct pk_share *share, uint64_t seq)
{
    if (seq > share->seq) {
        forget_said(share, share->said_count);
        share->floor = seq;
        share->seq = seq;
    }
}

static void make_print(void *ctx, struct pk_share_thing *thing)
{
    const struct pk_print_key *key = ctx;

    thing->print = pk_print_of(key, &thing->key);
}

int pk_share_turn(struct pk_share *share, uint32_t epoch)
{
    struct pk_share_book fresh[PK_SHARE_CLASSES] = { 0 };
    struct pk_print_key key;
    int rc = PK_OK;

    pk_print_key_of(pk_slice_of(share->secret, share->secret_len), epoch, &key);
    for (int c = 0; c < PK_SHARE_CLASSES && rc == PK_OK; c++) {
        rc = pk_share_book_copy(&share->books[c], make_print, &key, &fresh[c]);
    }
    for (int c = 0; c < PK_SHARE_CLASSES; c++) {
        if (rc == PK_OK) {
            pk_share_book_finish(&share->books[c]);
            share->books[c] = fresh[c];
        } else {
            pk_share_book_finish(&fresh[c]);
        }
    }
    if (rc == PK_OK) {
        share->key = key;
        share->said_count = 0;
        share->floor = share->seq;
    }
    return rc;
}

void pk_share_age(struct pk_share *share, int64_t now_s)
{
    size_t old = 0;

    while (old < share->said_count && share->said[old].at_s < now_s - PK_SHARE_KEEP_S) {
        old++;
    }
    forget_said(share, old);
}

/* ---- telling ----------------------------------------------------------------------------------- */

static size_t first_after(const struct pk_share *share, uint64_t since)
{
    size_t low = 0;
    size_t high = share->said_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (share->said[middle].delta.seq <= since) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static uint16_t hours_left(const struct said *said, int64_t now_s)
{
    int64_t left = said->delta.ttl_hours - (now_s - said->at_s) / HOUR_S;

    left = left > said->delta.ttl_hours ? said->delta.ttl_hours : left;
    return said->delta.bad && left < 1 ? 1 : left < 0 ? 0 : (uint16_t)left;
}

int pk_share_batch(const struct pk_share *share, uint64_t since, size_t max, int64_t now_s,
        struct pk_buffer *out, struct pk_delta_head *head)
{
    size_t from = first_after(share, since);
    size_t count = share->said_count - from;
    struct pk_delta *deltas;
    int rc;

    if (since > share->seq || since < share->floor) {
        return PK_ENOENT;
    }
    max = max > PK_DELTA_MAX ? PK_DELTA_MAX : max;
    *head = (struct pk_delta_head){ .epoch = share->key.epoch,
        .base = since,
        .last = since,
        .more = count > max,
        .count = (uint16_t)(count > max ? max : count) };
    deltas = calloc(head->count + 1UL, sizeof(*deltas));
    if (deltas == NULL) {
        return PK_ENOMEM;
    }
    for (size_t i = 0; i < head->count; i++) {
        deltas[i] = share->said[from + i].delta;
        deltas[i].ttl_hours = hours_left(&share->said[from + i], now_s);
        head->last = deltas[i].seq;
    }
    rc = pk_delta_write(head, deltas, out);
    free(deltas);
    return rc == PK_EBOUNDS ? PK_ENOENT : rc; /* since lies 2^24 numbers back */
}

struct prints {
    uint64_t *items;
    size_t count;
};

static void gather(void *ctx, const struct pk_share_thing *thing)
{
    struct prints *prints = ctx;

    prints->items[prints->count++] = thing->print;
}

int pk_share_filter(const struct pk_share *share, enum pk_share_class class, int64_t now_s,
        struct pk_buffer *out, struct pk_error *err)
{
    const struct pk_share_book *book = &share->books[class];
    struct prints prints = { .items = calloc(book->count + 1, sizeof(uint64_t)) };
    struct pk_filter16 filter = {
        .class = (uint8_t) class,
        .epoch = share->key.epoch,
        .base = share->seq,
        .made_s = now_s,
        .until_s = now_s + PK_SHARE_GOOD_S,
    };
    int rc;

    if (prints.items == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    pk_share_book_range(book, 0, 0, gather, &prints);
    rc = pk_fuse_build(prints.items, &prints.count, prints.count > PK_FILTER16_WIDE ? 8 : 16,
            &filter.fuse, err);
    free(prints.items);
    if (rc == PK_OK) {
        rc = pk_filter16_write(&filter, out);
        pk_fuse_finish(&filter.fuse);
    }
    return rc;
}

struct answer {
    struct pk_prefix_thing *items;
    size_t count;
    int64_t now_s;
    uint16_t ttl_hours;
};

static void count_one(void *ctx, const struct pk_share_thing *thing)
{
    size_t *count = ctx;

    (void)thing;
    (*count)++;
}

static void put_one(void *ctx, const struct pk_share_thing *t)
{
    struct answer *a = ctx;

    if (a->count == PK_PREFIX_MAX) {
        return;
    }
    a->items[a->count++] = (struct pk_prefix_thing){
        .print = t->print,
        .since_h = t->since_s > 0 ? (uint32_t)(t->since_s / HOUR_S) : 0,
        .devices = t->devices,
        .groups = t->groups,
        .ttl_hours = a->ttl_hours,
        .score = t->score,
        .cause = t->cause,
        .kind = t->key.kind,
    };
}

/* The widest prefix that has enough things behind it. */
static size_t widen(const struct pk_share_book *book, uint32_t prefix, unsigned *bits)
{
    size_t count;

    for (;;) {
        count = 0;
        pk_share_book_range(
                book, pk_prefix_of((uint64_t)prefix << 32, *bits), *bits, count_one, &count);
        if (count >= PK_PREFIX_LEAST || *bits == 0) {
            return count;
        }
        (*bits)--;
    }
}

int pk_share_prefix(const struct pk_share *share, enum pk_share_class class, uint32_t prefix,
        unsigned bits, int64_t now_s, struct pk_buffer *out)
{
    const struct pk_share_book *book = &share->books[class];
    struct answer answer = { .now_s = now_s, .ttl_hours = ttl_hours[class] };
    struct pk_prefix_head head;
    size_t count;
    int rc;

    if (bits > PK_PREFIX_BITS_MAX) {
        return PK_EBOUNDS;
    }
    bits = bits < pk_prefix_bits(book->count) ? bits : pk_prefix_bits(book->count);
    count = widen(book, prefix, &bits);
    prefix = pk_prefix_of((uint64_t)prefix << 32, bits);
    answer.items = calloc(count + 1, sizeof(*answer.items));
    if (answer.items == NULL) {
        return PK_ENOMEM;
    }
    pk_share_book_range(book, prefix, bits, put_one, &answer);
    head = (struct pk_prefix_head){
        .seq = share->seq,
        .made_s = now_s,
        .epoch = share->key.epoch,
        .prefix = prefix,
        .count = (uint16_t)answer.count,
        .class = (uint8_t) class,
        .bits = (uint8_t)bits,
    };
    rc = pk_prefix_write(&head, answer.items, out);
    free(answer.items);
    return rc;
}
