/* What the crowd shares with devices: fingerprints, deltas, filters, second-stage answers. */
#include <stdio.h>

#include "base/crypt.h"
#include "base/le.h"
#include "base/sign.h"
#include "check.h"
#include "crowd/share.h"

#define NOW INT64_C(1800000000)

static const uint8_t secret[32] = { 1, 2, 3, 4, 5, 6, 7, 8 };

static struct pk_slice secret_slice(void)
{
    return pk_slice_of(secret, sizeof(secret));
}

/* The vectors of the paper's reference code: key 0..15, input 0..n-1. */
static void test_siphash(void **state)
{
    static const struct {
        size_t len;
        uint64_t hash;
    } rows[] = {
        { 0, UINT64_C(0x726fdb47dd0e0e31) },
        { 1, UINT64_C(0x74f839c593dc67fd) },
        { 7, UINT64_C(0xab0200f58b01d137) },
        { 8, UINT64_C(0x93f5f5799a932462) },
        { 15, UINT64_C(0xa129ca6149be45e5) },
        { 63, UINT64_C(0x958a324ceb064572) },
    };
    uint8_t key[PK_SIPHASH_KEY];
    uint8_t in[64];

    (void)state;
    for (uint8_t i = 0; i < 64; i++) {
        in[i] = i;
        key[i % 16] = i % 16;
    }
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        uint8_t *heap = pk_test_dup(in, rows[i].len);

        assert_int_equal(pk_siphash(key, pk_slice_of(heap, rows[i].len)), rows[i].hash);
        free(heap);
    }
}

/* RFC 8032, 7.1, TEST 3. */
static void test_sign(void **state)
{
    uint8_t secret_key[PK_SIGN_KEY_SIZE];
    uint8_t wanted[PK_SIGN_SIZE];
    uint8_t got[PK_SIGN_SIZE];
    const uint8_t said[] = { 0xaf, 0x82 };
    struct pk_signer signer;

    (void)state;
    assert_int_equal(pk_unhex("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
                             secret_key, sizeof(secret_key)),
            PK_OK);
    assert_int_equal(pk_unhex("6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
                              "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
                             wanted, sizeof(wanted)),
            PK_OK);
    assert_int_equal(pk_signer_of(secret_key, &signer), PK_OK);
    assert_int_equal(pk_sign(&signer, pk_slice_of(said, sizeof(said)), got), PK_OK);
    assert_memory_equal(got, wanted, sizeof(got));
    assert_true(pk_sign_holds(signer.key, pk_slice_of(said, sizeof(said)), got));
    got[63] ^= 1;
    assert_false(pk_sign_holds(signer.key, pk_slice_of(said, sizeof(said)), got));
    pk_signer_finish(&signer);
}

static struct pk_crowd_key thing(uint64_t n)
{
    return (struct pk_crowd_key){ .kind = PK_CROWD_POINT, .a = n, .b = n * 7 };
}

static struct pk_crowd_change change(uint64_t n, bool bad)
{
    return (struct pk_crowd_change){ .key = thing(n),
        .bad = bad,
        .log_odds = 3.5F,
        .at_s = NOW,
        .devices = 5,
        .groups = 3,
        .cause = 0 };
}

static void test_print(void **state)
{
    struct pk_print_key key;
    struct pk_print_key next;
    struct pk_crowd_key one = {
        .kind = PK_CROWD_POINT, .a = UINT64_C(0x0123456789abcdef), .b = UINT64_C(0x021122334455)
    };
    struct pk_crowd_key other = one;

    (void)state;
    pk_print_key_of(secret_slice(), 1, &key);
    pk_print_key_of(secret_slice(), 2, &next);
    other.kind = PK_CROWD_SITE;
    /* Golden: docs/protocol.md shows the same numbers. */
    assert_int_equal(pk_print_of(&key, &one), UINT64_C(0x443772f3293831e9));
    assert_int_not_equal(pk_print_of(&next, &one), pk_print_of(&key, &one));
    assert_int_not_equal(pk_print_of(&key, &other), pk_print_of(&key, &one));
    assert_int_equal(pk_share_score(3.5F), 56);
    assert_int_equal(pk_share_score(-1.0F), 0);
    assert_int_equal(pk_share_score(99.0F), 255);
    assert_true(pk_share_confidence(56) > 0.97 && pk_share_confidence(56) < 0.971);
}

/* ---- deltas ------------------------------------------------------------------------------------ */

static const struct pk_delta golden_deltas[] = {
    { .seq = UINT64_C(0x01fffffe),
            .print40 = UINT64_C(0x1122334455),
            .kind = PK_CROWD_POINT,
            .bad = true,
            .score = 56,
            .ttl_hours = 720 },
    { .seq = UINT64_C(0x02000003),
            .print40 = UINT64_C(0xaabbccddee),
            .kind = PK_CROWD_APP,
            .bad = false },
};
static const uint8_t golden_batch[] = {
    'K', 'D', 1, 1, 7, 0, 0, 0, 0xf0, 0xff, 0xff, 0x01, 0, 0, 2, 0,       /* head */
    0x00, 0x55, 0x44, 0x33, 0x22, 0x11, 56, 0xd0, 0x02, 0xfe, 0xff, 0xff, /* turned bad */
    0x83, 0xee, 0xdd, 0xcc, 0xbb, 0xaa, 0, 0, 0, 0x03, 0x00, 0x00,        /* withdrawn */
};

struct heard {
    struct pk_delta items[64];
    size_t count;
};

static void hear(void *ctx, const struct pk_delta *delta)
{
    struct heard *h = ctx;

    assert_true(h->count < 64);
    h->items[h->count++] = *delta;
}

static void test_delta_golden(void **state)
{
    struct pk_delta_head head = {
        .epoch = 7, .base = UINT64_C(0x01fffff0), .count = 2, .more = true
    };
    struct pk_buffer out = pk_buffer_of(1024);
    uint8_t bytes[sizeof(golden_batch) + PK_SIGN_SIZE] = { 0 };
    struct heard heard = { .count = 0 };
    uint8_t *heap;

    (void)state;
    assert_int_equal(pk_delta_write(&head, golden_deltas, &out), PK_OK);
    assert_int_equal(out.len, sizeof(golden_batch));
    assert_memory_equal(out.ptr, golden_batch, sizeof(golden_batch));
    memcpy(bytes, golden_batch, sizeof(golden_batch));
    heap = pk_test_dup(bytes, sizeof(bytes));
    head = (struct pk_delta_head){ 0 };
    assert_int_equal(pk_delta_read(pk_slice_of(heap, sizeof(bytes)), &head, hear, &heard), PK_OK);
    assert_int_equal(heard.count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(heard.items[i].seq, golden_deltas[i].seq);
        assert_int_equal(heard.items[i].print40, golden_deltas[i].print40);
        assert_int_equal(heard.items[i].kind, golden_deltas[i].kind);
        assert_int_equal(heard.items[i].bad, golden_deltas[i].bad);
        assert_int_equal(heard.items[i].score, golden_deltas[i].score);
        assert_int_equal(heard.items[i].ttl_hours, golden_deltas[i].ttl_hours);
    }
    assert_int_equal(head.last, golden_deltas[1].seq);
    assert_true(head.more);
    free(heap);
    pk_buffer_finish(&out);
}

static void test_delta_bad(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
        int rc;
    } rows[] = {
        { 0, 'X', PK_EMALF },    /* magic */
        { 2, 2, PK_EMALF },      /* version */
        { 3, 2, PK_EMALF },      /* unknown flag */
        { 14, 3, PK_ETRUNC },    /* more deltas than there are */
        { 14, 1, PK_EMALF },     /* fewer */
        { 15, 0x20, PK_ELIMIT }, /* far too many */
        { 16, 0x10, PK_EMALF },  /* unknown operation */
        { 16, 0x05, PK_EMALF },  /* unknown kind */
        { 25, 0xf0, PK_EMALF },  /* the number of base itself: see below */
    };
    uint8_t bytes[sizeof(golden_batch) + PK_SIGN_SIZE] = { 0 };
    struct heard heard = { .count = 0 };
    struct pk_delta_head head = { .epoch = 99 };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        uint8_t *heap;

        memcpy(bytes, golden_batch, sizeof(golden_batch));
        bytes[rows[i].at] = rows[i].value;
        heap = pk_test_dup(bytes, sizeof(bytes));
        assert_int_equal(
                pk_delta_read(pk_slice_of(heap, sizeof(bytes)), &head, hear, &heard), rows[i].rc);
        free(heap);
    }
    for (size_t len = 0; len < sizeof(bytes); len++) {
        uint8_t *heap;

        memcpy(bytes, golden_batch, sizeof(golden_batch));
        heap = pk_test_dup(bytes, len);
        assert_int_equal(pk_delta_read(pk_slice_of(heap, len), &head, hear, &heard), PK_ETRUNC);
        free(heap);
    }
    assert_int_equal(heard.count, 0); /* all or nothing */
    assert_int_equal(head.epoch, 99);
}

static void test_delta_write_bounds(void **state)
{
    struct pk_delta two[2] = { { .seq = 5, .kind = PK_CROWD_POINT }, { .seq = 5 } };
    struct pk_delta_head head = { .base = 4, .count = 2 };
    struct pk_buffer out = pk_buffer_of(1024);

    (void)state;
    assert_int_equal(pk_delta_write(&head, two, &out), PK_EBOUNDS); /* does not grow */
    two[1].seq = 5 + (UINT64_C(1) << 24);
    assert_int_equal(pk_delta_write(&head, two, &out), PK_EBOUNDS); /* cannot be told */
    two[1].seq = 6;
    two[1].kind = PK_CROWD_KINDS;
    assert_int_equal(pk_delta_write(&head, two, &out), PK_EBOUNDS);
    assert_int_equal(out.len, 0);
    pk_buffer_finish(&out);
}

/* ---- the server's book --------------------------------------------------------------------------- */

static void read_batch(const struct pk_share *share, uint64_t since, struct pk_delta_head *head,
        struct heard *heard)
{
    struct pk_buffer out = pk_buffer_of(PK_DELTA_BYTES);
    struct pk_delta_head said;
    uint8_t none[PK_SIGN_SIZE] = { 0 };

    heard->count = 0;
    assert_int_equal(pk_share_batch(share, since, 32, NOW, &out, &said), PK_OK);
    assert_int_equal(pk_buffer_put(&out, none, sizeof(none)), PK_OK);
    assert_int_equal(pk_delta_read(pk_buffer_slice(&out), head, hear, heard), PK_OK);
    assert_int_equal(head->last, said.last);
    pk_buffer_finish(&out);
}

static void test_share_batches(void **state)
{
    struct pk_share *share = NULL;
    struct pk_crowd_change one = change(1, true);
    struct pk_buffer out = pk_buffer_of(PK_DELTA_BYTES);
    struct pk_delta_head head;
    struct heard heard;

    (void)state;
    assert_int_equal(pk_share_create(secret_slice(), 1, 5, &share), PK_OK);
    read_batch(share, 0, &head, &heard);
    assert_int_equal(heard.count, 0);
    for (uint64_t seq = 11; seq <= 60; seq++) {
        one = change(seq, true);
        assert_int_equal(pk_share_take(share, seq, &one), PK_OK);
        assert_int_equal(pk_share_take(share, seq, &one), PK_OK); /* again: passed over */
    }
    assert_int_equal(pk_share_count(share, PK_SHARE_NETWORK), 50);
    assert_int_equal(pk_share_batch(share, 9, 32, NOW, &out, &head), PK_ENOENT);  /* before all */
    assert_int_equal(pk_share_batch(share, 61, 32, NOW, &out, &head), PK_ENOENT); /* never given */
    read_batch(share, 10, &head, &heard);
    assert_int_equal(heard.count, 32);
    assert_true(head.more);
    read_batch(share, head.last, &head, &heard);
    assert_int_equal(heard.count, 18);
    assert_false(head.more);
    assert_int_equal(head.last, 60);
    one = change(11, false);
    assert_int_equal(pk_share_take(share, 61, &one), PK_OK);
    read_batch(share, 60, &head, &heard);
    assert_int_equal(heard.count, 1);
    assert_false(heard.items[0].bad);
    assert_int_equal(pk_share_count(share, PK_SHARE_NETWORK), 49);
    pk_share_age(share, NOW + PK_SHARE_KEEP_S + 1);
    assert_int_equal(pk_share_batch(share, 60, 32, NOW, &out, &head), PK_ENOENT);
    read_batch(share, 61, &head, &heard); /* who knows all has missed nothing */
    assert_int_equal(heard.count, 0);
    pk_share_reach(share, 70);
    assert_int_equal(pk_share_batch(share, 69, 32, NOW, &out, &head), PK_ENOENT);
    read_batch(share, 70, &head, &heard);
    assert_int_equal(heard.count, 0);
    pk_buffer_finish(&out);
    pk_share_destroy(share);
}

static uint64_t random_key(uint64_t *state)
{
    *state += UINT64_C(0x9e3779b97f4a7c15);
    return pk_fuse_mix(*state);
}

static void test_share_turn(void **state)
{
    struct pk_share *share = NULL;
    struct pk_buffer out = pk_buffer_of(65536);
    struct pk_crowd_change one;
    struct pk_delta_head head;
    struct pk_filter16 filter;
    struct pk_print_key key;
    uint8_t none[PK_SIGN_SIZE] = { 0 };

    (void)state;
    assert_int_equal(pk_share_create(secret_slice(), 1, 5, &share), PK_OK);
    for (uint64_t n = 1; n <= 300; n++) {
        one = change(n, true);
        assert_int_equal(pk_share_take(share, n, &one), PK_OK);
    }
    assert_int_equal(pk_share_turn(share, 2), PK_OK);
    assert_int_equal(pk_share_batch(share, 299, 32, NOW, &out, &head), PK_ENOENT);
    assert_int_equal(pk_share_filter(share, PK_SHARE_NETWORK, NOW, &out, NULL), PK_OK);
    assert_int_equal(pk_buffer_put(&out, none, sizeof(none)), PK_OK);
    assert_int_equal(pk_filter16_read(pk_buffer_slice(&out), &filter), PK_OK);
    assert_int_equal(filter.epoch, 2);
    assert_int_equal(filter.base, 300);
    assert_int_equal(filter.fuse.count, 300);
    assert_int_equal(filter.fuse.width, 16);
    pk_print_key_of(secret_slice(), 2, &key);
    for (uint64_t n = 1; n <= 300; n++) {
        struct pk_crowd_key k = thing(n);

        assert_true(pk_filter16_maybe(&filter, pk_print_of(&key, &k)));
    }
    pk_buffer_finish(&out);
    pk_share_destroy(share);
}

/* ---- filters ------------------------------------------------------------------------------------- */

/* Never misses, and of a million others takes as few for known as the paper says. */
static void check_filter(size_t count, unsigned width, size_t others, double rate_max)
{
    uint64_t *keys = calloc(count + 1, sizeof(*keys));
    struct pk_filter16 filter = {
        .class = PK_SHARE_APP, .epoch = 3, .base = 9, .made_s = NOW, .until_s = NOW + 1
    };
    struct pk_filter16 read;
    struct pk_buffer out = pk_buffer_of(PK_FILTER16_MAX);
    uint8_t none[PK_SIGN_SIZE] = { 0 };
    uint64_t seed = 1;
    size_t false_hits = 0;
    size_t kept = count;
    uint8_t *heap;

    assert_non_null(keys);
    for (size_t i = 0; i < count; i++) {
        keys[i] = random_key(&seed);
    }
    assert_int_equal(pk_fuse_build(keys, &kept, width, &filter.fuse, NULL), PK_OK);
    assert_int_equal(kept, count);
    assert_int_equal(pk_filter16_write(&filter, &out), PK_OK);
    assert_int_equal(pk_buffer_put(&out, none, sizeof(none)), PK_OK);
    heap = pk_test_dup(out.ptr, out.len);
    assert_int_equal(pk_filter16_read(pk_slice_of(heap, out.len), &read), PK_OK);
    for (size_t i = 0; i < count; i++) {
        assert_true(pk_filter16_maybe(&read, keys[i]));
    }
    for (size_t i = 0; i < others; i++) {
        false_hits += pk_filter16_maybe(&read, random_key(&seed));
    }
    (void)printf("# %zu keys, width %u: %zu bytes, %.2f bits a key, %zu of %zu others taken "
                 "for known (1 in %.0f)\n",
            count, width, out.len, count > 0 ? 8.0 * (double)out.len / (double)count : 0.0,
            false_hits, others, false_hits > 0 ? (double)others / (double)false_hits : 0.0);
    assert_true((double)false_hits <= rate_max * (double)others);
    free(heap);
    free(keys);
    pk_fuse_finish(&filter.fuse);
    pk_buffer_finish(&out);
}

static void test_filter_sizes(void **state)
{
    (void)state;
    check_filter(0, 16, 1000, 0);
    check_filter(1, 16, 100000, 3e-4);
    check_filter(2, 8, 100000, 2e-2);
    check_filter(1000, 16, 1000000, 6e-5);
    check_filter(10000, 16, 1000000, 5e-5);
    check_filter(100000, 16, 1000000, 5e-5);
    check_filter(1000000, 16, 1000000, 5e-5);
    check_filter(1000000, 8, 1000000, 5e-3);
}

static void test_filter_bad(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
    } rows[] = {
        { 0, 'X' },
        { 7, 2 },
        { 12, 3 },
        { 13, 9 },
        { 13, 8 },
        { 20, 3 },
        { 20, 0 },
        { 23, 1 },
        { 24, 0 },
        { 26, 1 },
        { 28, 1 },
        { 46, 1 },
        { 55, 0x80 },
        { 56, 0 },
    };
    uint64_t keys[] = { 5, 6, 7 };
    size_t count = 3;
    struct pk_filter16 filter = { .made_s = NOW, .until_s = NOW };
    struct pk_filter16 out_filter = { .epoch = 77 };
    struct pk_buffer out = pk_buffer_of(65536);
    uint8_t none[PK_SIGN_SIZE] = { 0 };

    (void)state;
    assert_int_equal(pk_fuse_build(keys, &count, 16, &filter.fuse, NULL), PK_OK);
    assert_int_equal(pk_filter16_write(&filter, &out), PK_OK);
    assert_int_equal(pk_buffer_put(&out, none, sizeof(none)), PK_OK);
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        uint8_t *heap = pk_test_dup(out.ptr, out.len);

        heap[rows[i].at] = rows[i].value;
        if (rows[i].at == 56) {
            memset(heap + 56, 0, 8); /* good until before it was made */
        }
        assert_true(pk_filter16_read(pk_slice_of(heap, out.len), &out_filter) < 0);
        free(heap);
    }
    for (size_t len = 0; len < out.len; len++) {
        uint8_t *heap = pk_test_dup(out.ptr, len);

        assert_true(pk_filter16_read(pk_slice_of(heap, len), &out_filter) < 0);
        free(heap);
    }
    assert_int_equal(out_filter.epoch, 77);
    pk_fuse_finish(&filter.fuse);
    pk_buffer_finish(&out);
}

/* ---- second stage -------------------------------------------------------------------------------- */

struct found {
    uint64_t wanted;
    size_t count;
    bool there;
    struct pk_prefix_thing thing;
};

static void look(void *ctx, const struct pk_prefix_thing *t)
{
    struct found *f = ctx;

    f->count++;
    if (t->print == f->wanted) {
        f->there = true;
        f->thing = *t;
    }
}

static int ask(const struct pk_share *share, uint64_t print, unsigned bits, struct found *found,
        struct pk_prefix_head *head)
{
    struct pk_buffer out = pk_buffer_of(PK_PREFIX_BYTES);
    uint8_t none[PK_SIGN_SIZE] = { 0 };
    int rc = pk_share_prefix(share, PK_SHARE_NETWORK, pk_prefix_of(print, bits), bits, NOW, &out);

    *found = (struct found){ .wanted = print };
    if (rc == PK_OK) {
        uint8_t *heap;

        assert_int_equal(pk_buffer_put(&out, none, sizeof(none)), PK_OK);
        heap = pk_test_dup(out.ptr, out.len);
        assert_int_equal(pk_prefix_read(pk_slice_of(heap, out.len), head, look, found), PK_OK);
        free(heap);
    }
    pk_buffer_finish(&out);
    return rc;
}

/* A number of devices is told from as many on as the administrator wants. */
static void test_share_least(void **state)
{
    static const struct {
        uint32_t least, devices, groups;
    } rows[] = { { 2, 5, 2 }, { 5, 5, 0 }, { 6, 0, 0 } };
    const struct pk_crowd_key k = thing(1);
    const struct pk_crowd_change one = change(1, true);
    struct pk_print_key key;

    (void)state;
    pk_print_key_of(secret_slice(), 1, &key);
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_prefix_head head;
        struct found found;
        struct pk_share *share = NULL;

        assert_int_equal(pk_share_create(secret_slice(), 1, rows[i].least, &share), PK_OK);
        assert_int_equal(pk_share_take(share, 1, &one), PK_OK);
        assert_int_equal(ask(share, pk_print_of(&key, &k), 0, &found, &head), PK_OK);
        assert_true(found.there);
        assert_int_equal(found.thing.devices, rows[i].devices);
        assert_int_equal(found.thing.groups, rows[i].groups);
        pk_share_destroy(share);
    }
}

static void test_prefix_crowd(void **state)
{
    struct pk_share *share = NULL;
    struct pk_prefix_head head;
    struct pk_print_key key;
    struct found found;
    struct pk_crowd_key k = thing(17);
    size_t fewest = SIZE_MAX;

    (void)state;
    assert_int_equal(pk_prefix_bits(0), 0);
    assert_int_equal(pk_prefix_bits(199), 0);
    assert_int_equal(pk_prefix_bits(200), 1);
    assert_int_equal(pk_prefix_bits(SIZE_MAX), PK_PREFIX_BITS_MAX);
    assert_int_equal(pk_share_create(secret_slice(), 1, 5, &share), PK_OK);
    pk_print_key_of(secret_slice(), 1, &key);
    for (uint64_t n = 1; n <= 50000; n++) {
        struct pk_crowd_change one = change(n, true);

        assert_int_equal(pk_share_take(share, n, &one), PK_OK);
        if (n == 150) { /* few: who asks tells nothing and gets all */
            assert_int_equal(ask(share, pk_print_of(&key, &k), 0, &found, &head), PK_OK);
            assert_int_equal(found.count, 150);
            assert_true(found.there);
            assert_int_equal(ask(share, pk_print_of(&key, &k), 20, &found, &head), PK_OK);
            assert_int_equal(head.bits, 0);
        }
    }
    assert_int_equal(pk_prefix_bits(50000), 8);
    for (uint64_t n = 1; n <= 2000; n++) {
        k = thing(n);
        assert_int_equal(ask(share, pk_print_of(&key, &k), 8, &found, &head), PK_OK);
        assert_true(found.there);
        assert_int_equal(found.thing.devices, 5);
        assert_int_equal(found.thing.groups, 0); /* too few to be told */
        fewest = found.count < fewest ? found.count : fewest;
        k = thing(n + 1000000); /* not bad */
        assert_int_equal(ask(share, pk_print_of(&key, &k), 8, &found, &head), PK_OK);
        assert_false(found.there);
    }
    assert_true(fewest >= PK_PREFIX_LEAST);
    assert_int_equal(ask(share, 0, 20, &found, &head), PK_OK);
    assert_true(head.bits <= 8);
    assert_int_equal(ask(share, 0, 21, &found, &head), PK_EBOUNDS);
    pk_share_destroy(share);
}

static const uint8_t golden_answer[] = {
    'K', 'P', 1, 0, 2, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0x00, 0xd2, 0x49, 0x6b, 0, 0, 0, 0, 4, 0, 1,
    0, 0, 0, 0, 0xa0, /* head */
    0xef, 0xcd, 0xab, 0x89, 0x67, 0x45, 0x23, 0xa1, 0x20, 0xa1, 0x07, 0x00, 5, 0, 3, 0, 0xd0, 0x02,
    56, 0x11, /* one site, stripped */
};

static void test_prefix_golden(void **state)
{
    const struct pk_prefix_thing t = { .print = UINT64_C(0xa123456789abcdef),
        .since_h = 500000,
        .devices = 5,
        .groups = 3,
        .ttl_hours = 720,
        .score = 56,
        .cause = 1,
        .kind = PK_CROWD_SITE };
    struct pk_prefix_head head = { .seq = 9,
        .made_s = NOW,
        .epoch = 2,
        .prefix = 0xa0000000U,
        .count = 1,
        .class = PK_SHARE_NETWORK,
        .bits = 4 };
    struct pk_buffer out = pk_buffer_of(1024);
    uint8_t bytes[sizeof(golden_answer) + PK_SIGN_SIZE] = { 0 };
    struct found found = { .wanted = t.print };
    static const struct {
        size_t at;
        uint8_t value;
    } rows[] = { { 0, 'X' }, { 3, 3 }, { 14, 1 }, { 23, 0x80 }, { 24, 21 }, { 24, 2 }, { 25, 1 },
        { 26, 0 }, { 26, 2 }, { 27, 0xff }, { 31, 0xb0 }, { 39, 0xb1 }, { 51, 0x13 },
        { 51, 0x0f } };

    (void)state;
    assert_int_equal(pk_prefix_write(&head, &t, &out), PK_OK);
    assert_int_equal(out.len, sizeof(golden_answer));
    assert_memory_equal(out.ptr, golden_answer, sizeof(golden_answer));
    memcpy(bytes, golden_answer, sizeof(golden_answer));
    assert_int_equal(pk_prefix_read(pk_slice_of(bytes, sizeof(bytes)), &head, look, &found), PK_OK);
    assert_true(found.there);
    assert_int_equal(found.thing.since_h, 500000);
    assert_int_equal(found.thing.cause, 1);
    assert_int_equal(found.thing.kind, PK_CROWD_SITE);
    found.count = 0;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        uint8_t *heap = pk_test_dup(bytes, sizeof(bytes));

        heap[rows[i].at] = rows[i].value;
        assert_true(pk_prefix_read(pk_slice_of(heap, sizeof(bytes)), &head, look, &found) < 0);
        free(heap);
    }
    for (size_t len = 0; len < sizeof(bytes); len++) {
        uint8_t *heap = pk_test_dup(bytes, len);

        assert_true(pk_prefix_read(pk_slice_of(heap, len), &head, look, &found) < 0);
        free(heap);
    }
    assert_int_equal(found.count, 0);
    head.bits = 8;
    assert_int_equal(pk_prefix_write(&head, &t, &out), PK_EBOUNDS); /* outside the range */
    pk_buffer_finish(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_siphash),
        cmocka_unit_test(test_sign),
        cmocka_unit_test(test_print),
        cmocka_unit_test(test_delta_golden),
        cmocka_unit_test(test_delta_bad),
        cmocka_unit_test(test_delta_write_bounds),
        cmocka_unit_test(test_share_batches),
        cmocka_unit_test(test_share_turn),
        cmocka_unit_test(test_filter_sizes),
        cmocka_unit_test(test_filter_bad),
        cmocka_unit_test(test_share_least),
        cmocka_unit_test(test_prefix_crowd),
        cmocka_unit_test(test_prefix_golden),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
