/* The exchange between organisations: words and messages to the byte, what may leave, and a hub that is
 * lied to. */
#include <math.h>
#include <stdio.h>

#include "base/crypt.h"
#include "check.h"
#include "crowd/exchange_message.h"
#include "crowd/exchange_trust.h"

#define NOW INT64_C(1795000000) /* 2026-11-18 */
#define DAY 86400
#define POINT                                                    \
    (struct pk_crowd_key)                                        \
    {                                                            \
        .a = 0x1111, .b = 0x02005e100001, .kind = PK_CROWD_POINT \
    }

static const uint8_t epoch_key[PK_EXCHANGE_KEY_SIZE] = { 1, 2, 3 };

static struct pk_signer signer_of(uint8_t seed)
{
    uint8_t secret[PK_SIGN_KEY_SIZE];
    struct pk_signer s;

    memset(secret, seed, sizeof(secret));
    assert_int_equal(pk_signer_of(secret, &s), PK_OK);
    return s;
}

/* RFC 8032 section 7.1, test 2. */
static void test_ed25519(void **state)
{
    uint8_t secret[32];
    uint8_t want[64];
    uint8_t key[32];
    uint8_t got[64];
    const uint8_t message[] = { 0x72 };
    struct pk_signer s;

    (void)state;
    assert_int_equal(pk_unhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
                             secret, 32),
            0);
    assert_int_equal(
            pk_unhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", key, 32),
            0);
    assert_int_equal(pk_unhex("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                              "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
                             want, 64),
            0);
    assert_int_equal(pk_signer_of(secret, &s), PK_OK);
    assert_memory_equal(s.key, key, 32);
    assert_int_equal(pk_sign(&s, pk_slice_of(message, 1), got), PK_OK);
    assert_memory_equal(got, want, 64);
    assert_true(pk_sign_holds(key, pk_slice_of(message, 1), got));
    got[5] ^= 1;
    assert_false(pk_sign_holds(key, pk_slice_of(message, 1), got));
}

static void test_blind(void **state)
{
    struct pk_crowd_key one = POINT;
    struct pk_crowd_key other = POINT;
    struct pk_crowd_key app = { .a = 0x02005e100001, .kind = PK_CROWD_APP };
    struct pk_crowd_key site = { .a = 1, .b = 2, .kind = PK_CROWD_SITE };
    const uint8_t other_key[PK_EXCHANGE_KEY_SIZE] = { 9 };
    uint8_t digest[32];
    uint8_t text[24] = "point\0\0\0\0\0\0\0\0\0\0\0\0\0\x02\x00\x5e\x10\x00\x01";

    (void)state;
    other.a = 0x2222; /* the other organisation's name for the network */
    assert_int_equal(pk_exchange_blind(epoch_key, &one), pk_exchange_blind(epoch_key, &other));
    pk_hmac_sha256(pk_slice_of(epoch_key, 32), pk_slice_of(text, 24), digest);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(pk_exchange_blind(epoch_key, &one) >> (56 - 8 * i) & 0xff, digest[i]);
    }
    assert_int_not_equal(pk_exchange_blind(epoch_key, &one), pk_exchange_blind(other_key, &one));
    assert_int_not_equal(pk_exchange_blind(epoch_key, &one), pk_exchange_blind(epoch_key, &app));
    assert_int_equal(pk_exchange_blind(epoch_key, &site), 0);
}

static void test_coarse(void **state)
{
    static const struct {
        uint64_t count;
        uint32_t k, want;
    } rows[] = { { 0, 10, 0 }, { 9, 10, 0 }, { 9, 1, 0 }, { 10, 10, 10 }, { 19, 10, 10 },
        { 20, 10, 20 }, { 49, 10, 20 }, { 50, 10, 50 }, { 99, 10, 50 }, { 100, 10, 100 },
        { 30, 40, 0 }, { 40, 40, 20 }, { 1234567, 10, 1000000 }, { UINT64_MAX, 10, 1000000000 } };
    char city[5];

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        assert_int_equal(pk_exchange_round_devices(rows[i].count, rows[i].k), rows[i].want);
    }
    assert_int_equal(pk_exchange_round_lo(3.3F), 7);
    assert_int_equal(pk_exchange_round_lo(INFINITY), 18);
    assert_int_equal(pk_exchange_round_lo(-INFINITY), -18);
    assert_int_equal(pk_exchange_round_lo(NAN), 0);
    assert_true(fabsf(pk_exchange_lo_at(8, 24, NOW - DAY, NOW) - 2) < 1e-5F);
    pk_exchange_city_text(pk_exchange_city("u33db"), city);
    assert_string_equal(city, "u33d"); /* the fifth character, 5 km, stays here */
    assert_int_equal(pk_exchange_city("u33"), 0);
    assert_int_equal(pk_exchange_city("aaaa"), 0);
    assert_int_equal(pk_exchange_city(NULL), 0);
}

/* An attack on an open network that two independent groups saw. */
static struct pk_exchange_facts attack(void)
{
    return (struct pk_exchange_facts){
        .opinion = { .key = POINT, .before = true, .log_odds = 4.2F, .devices = 3, .groups = 2 },
        .devices = 3,
        .security = PK_KANON_OPEN,
        .network_devices = 30,
        .place = "u33db",
        .first_s = NOW - 7200,
        .last_s = NOW,
        .cause = 0,
    };
}

static void test_tell(void **state)
{
    struct pk_exchange_facts f = attack();
    struct pk_exchange_word w;

    (void)state;
    assert_int_equal(pk_exchange_tell(&f, 10, NOW, &w), PK_EXCHANGE_MAY);
    assert_int_equal(w.verdict, PK_EXCHANGE_BAD);
    assert_int_equal(w.lo, 8);
    assert_int_equal(w.devices, 0); /* three are too few to be told, as is where */
    assert_int_equal(w.city, 0);
    assert_int_equal(w.flags, PK_EXCHANGE_GROUPS);
    assert_int_equal(w.first_h, (NOW - 7200) / 3600);

    f.opinion.groups = 1;
    assert_int_equal(pk_exchange_tell(&f, 10, NOW, &w), PK_EXCHANGE_FEW);
    f.opinion.groups = 2;
    f.opinion.log_odds = 3;
    assert_int_equal(pk_exchange_tell(&f, 10, NOW, &w), PK_EXCHANGE_FEW);
    f.opinion.devices = 12;
    assert_int_equal(pk_exchange_tell(&f, 10, NOW, &w), PK_EXCHANGE_MAY);
    assert_int_equal(w.devices, 10);
    assert_int_equal(w.city, pk_exchange_city("u33d"));
    f.opinion.devices = 9;
    assert_int_equal(pk_exchange_tell(&f, 1, NOW, &w), PK_EXCHANGE_FEW); /* k cannot be set lower */

    f = attack(); /* what we only heard is not ours to confirm */
    f.heard = 1;
    f.heard_lo = 2;
    assert_int_equal(pk_exchange_tell(&f, 10, NOW, &w), PK_EXCHANGE_FEW);
    f.opinion.groups = 3; /* two of our own, and what they add is enough by itself */
    f.opinion.log_odds = 5.2F;
    assert_int_equal(pk_exchange_tell(&f, 10, NOW, &w), PK_EXCHANGE_MAY);
    assert_int_equal(w.lo, 6);

    f = attack(); /* a home is never told of, however surely it is attacked */
    f.security = PK_KANON_PROTECTED;
    f.network_devices = 5;
    assert_int_equal(pk_exchange_tell(&f, 10, NOW, &w), PK_EXCHANGE_HOME);
    f.network_devices = 6;
    assert_int_equal(pk_exchange_tell(&f, 10, NOW, &w), PK_EXCHANGE_MAY);
    f.network_devices = 1;
    f.security = PK_KANON_UNKNOWN; /* not on record */
    assert_int_equal(pk_exchange_tell(&f, 10, NOW, &w), PK_EXCHANGE_HOME);
    f = attack();
    f.opinion.key.kind = PK_CROWD_SITE;
    assert_int_equal(pk_exchange_tell(&f, 10, NOW, &w), PK_EXCHANGE_KIND);
}

static void test_tell_good(void **state)
{
    struct pk_exchange_facts f = attack();
    struct pk_exchange_word w;

    (void)state;
    f.opinion.before = false;
    f.devices = f.clean_devices = 30;
    assert_int_equal(pk_exchange_tell(&f, 10, NOW, &w), PK_EXCHANGE_NOTHING); /* nobody asked */
    f.accused = true;
    assert_int_equal(pk_exchange_tell(&f, 10, NOW, &w), PK_EXCHANGE_MAY);
    assert_int_equal(w.verdict, PK_EXCHANGE_CLEAN);
    assert_int_equal(w.devices, 20);
    assert_true(w.lo < 0);
    f.clean_devices = 9;
    assert_int_equal(pk_exchange_tell(&f, 10, NOW, &w), PK_EXCHANGE_FEW);
    f.accused = false;
    f.opinion.key = (struct pk_crowd_key){ .a = 7, .kind = PK_CROWD_APP };
    assert_int_equal(pk_exchange_tell(&f, 10, NOW, &w), PK_EXCHANGE_MAY);
    assert_int_equal(w.verdict, PK_EXCHANGE_KNOWN);
    f.devices = 9;
    assert_int_equal(pk_exchange_tell(&f, 10, NOW, &w), PK_EXCHANGE_FEW);
}

static struct pk_exchange_word word(void)
{
    return (struct pk_exchange_word){ .id = 0x0102030405060708,
        .first_h = 498000,
        .last_h = 498600,
        .city = 0x12345,
        .devices = 50,
        .epoch = 0x0ba7,
        .half_h = 60,
        .kind = PK_CROWD_POINT,
        .verdict = PK_EXCHANGE_BAD,
        .flags = PK_EXCHANGE_GROUPS,
        .cause = 0xff,
        .lo = 9 };
}

static void test_word_bytes(void **state)
{
    /* kind verdict flags cause lo devices | epoch half | voices | first | last | city | id */
    static const char golden[] = "000101ff0903"
                                 "0ba7003c"
                                 "000000000000"
                                 "00079950"
                                 "00079ba8"
                                 "00012345"
                                 "0102030405060708";
    struct pk_buffer out = pk_buffer_of(64);
    struct pk_exchange_word w = word();
    struct pk_exchange_word got;
    struct pk_reader in;
    char hex[80];

    (void)state;
    assert_int_equal(pk_exchange_word_write(&out, &w), PK_OK);
    assert_int_equal(out.len, PK_EXCHANGE_WORD_SIZE);
    pk_hex(pk_buffer_slice(&out), hex);
    assert_string_equal(hex, golden);
    in = pk_reader_of(pk_buffer_slice(&out));
    assert_int_equal(pk_exchange_word_read(&in, false, &got), PK_OK);
    assert_memory_equal(&got, &w, sizeof(w));
    pk_buffer_finish(&out);
}

/* What a word cannot mean is refused; the output stays as it was. */
static void test_word_bad(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
        bool hub_may;
    } rows[] = {
        { 0, PK_CROWD_SITE, false },                                    /* sites are not shared */
        { 0, PK_CROWD_KINDS, false }, { 1, PK_EXCHANGE_CLAIMED, true }, /* a hub's verdict */
        { 1, PK_EXCHANGE_VERDICTS, false }, { 2, PK_EXCHANGE_SEVERAL, true }, /* a hub's flag */
        { 2, 4, false }, { 4, 19, false },                                    /* more than 9.0 */
        { 4, (uint8_t)-19, false }, { 5, 26, false },                         /* no such step */
        { 5, 0, false },     /* a city without the number of devices */
        { 9, 0, false },     /* no half-life */
        { 8, 3, false },     /* 828 hours */
        { 11, 1, true },     /* a member has no voices */
        { 10, 1, false },    /* a voice without weight */
        { 17, 0xff, false }, /* first after last */
        { 24, 1, false },    /* no such city */
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        for (int hub = 0; hub < 2; hub++) {
            struct pk_buffer out = pk_buffer_of(64);
            struct pk_exchange_word w = word();
            struct pk_exchange_word got = { .id = 77 };
            struct pk_reader in;
            bool good = hub == 1 && rows[i].hub_may;

            assert_int_equal(pk_exchange_word_write(&out, &w), PK_OK);
            out.ptr[rows[i].at] = (char)rows[i].value;
            in = pk_reader_of(pk_buffer_slice(&out));
            assert_int_equal(pk_exchange_word_read(&in, hub == 1, &got), good ? PK_OK : PK_EMALF);
            assert_true(good || got.id == 77);
            pk_buffer_finish(&out);
        }
    }
}

static struct pk_exchange_message message(
        const struct pk_signer *from, const struct pk_signer *to, struct pk_exchange_word *words)
{
    struct pk_exchange_message m = { .kind = PK_EXCHANGE_SAY,
        .wait_s = 20,
        .seq = 7,
        .at_s = NOW,
        .cursor = 5,
        .epoch = 3,
        .word_count = 2,
        .words = words };

    words[0] = words[1] = word();
    words[1].verdict = PK_EXCHANGE_CLEAN;
    words[1].lo = -6;
    memcpy(m.from, from->finger, sizeof(m.from));
    memcpy(m.to, to->finger, sizeof(m.to));
    return m;
}

static void test_message(void **state)
{
    struct pk_arena *arena = pk_arena_create(65536);
    struct pk_signer member = signer_of(1);
    struct pk_signer hub = signer_of(2);
    struct pk_signer stranger = signer_of(3);
    struct pk_exchange_word words[2];
    struct pk_exchange_message m = message(&member, &hub, words);
    struct pk_exchange_message got;
    struct pk_buffer out = pk_buffer_of(PK_EXCHANGE_SIZE_MAX);
    struct pk_error err = { 0 };

    (void)state;
    assert_int_equal(pk_exchange_message_write(&m, &member, &out), PK_OK);
    assert_int_equal(out.len, 80 + 2 * 36 + 64);
    assert_memory_equal(out.ptr, "PKX1\x01\x00\x00\x14", 8);
    assert_memory_equal(out.ptr + 8, member.finger, 16);
    assert_memory_equal(out.ptr + 24, hub.finger, 16);
    assert_memory_equal(out.ptr + 40, "\0\0\0\0\0\0\0\x07", 8);
    assert_int_equal(pk_exchange_message_read(pk_buffer_slice(&out), arena, &got, &err), PK_OK);
    assert_int_equal(got.word_count, 2);
    assert_memory_equal(got.words, words, sizeof(words));
    assert_int_equal(got.seq, 7);
    assert_int_equal(got.cursor, 5);
#define CHECK(k, self, at) \
    pk_exchange_message_check(pk_buffer_slice(&out), &got, (k).key, (self).finger, (at), &err)
    assert_int_equal(CHECK(member, hub, NOW), PK_OK);
    assert_int_equal(CHECK(stranger, hub, NOW), PK_ECRYPTO);
    assert_int_equal(CHECK(member, stranger, NOW), PK_ECRYPTO); /* passed on to another hub */
    assert_int_equal(CHECK(member, hub, NOW + 301), PK_ETIMEDOUT);
    assert_int_equal(CHECK(member, hub, NOW - 301), PK_ETIMEDOUT);
    for (size_t i = 0; i < out.len; i++) { /* no byte can be altered */
        out.ptr[i] ^= 4;
        assert_true(pk_exchange_message_read(pk_buffer_slice(&out), arena, &got, &err) < 0 ||
                CHECK(member, hub, NOW) < 0);
        out.ptr[i] ^= 4;
    }
    for (size_t len = 0; len < out.len; len++) { /* nor left out */
        uint8_t *heap = malloc(len + 1);

        memcpy(heap, out.ptr, len);
        assert_true(pk_exchange_message_read(pk_slice_of(heap, len), arena, &got, &err) < 0);
        free(heap);
    }
    pk_buffer_finish(&out);
    pk_arena_destroy(arena);
}

static void test_news(void **state)
{
    struct pk_arena *arena = pk_arena_create(65536);
    struct pk_signer member = signer_of(1);
    struct pk_signer hub = signer_of(2);
    struct pk_exchange_word words[2];
    struct pk_exchange_message m = message(&hub, &member, words);
    struct pk_exchange_message got;
    struct pk_buffer out = pk_buffer_of(PK_EXCHANGE_SIZE_MAX);

    (void)state;
    m.kind = PK_EXCHANGE_NEWS;
    m.wait_s = 0;
    m.flags = PK_EXCHANGE_MORE;
    m.epoch_s = 604800;
    m.key_count = 2;
    m.keys[0].epoch = 9;
    m.keys[1].epoch = 10;
    pk_exchange_epoch_key(epoch_key, 10, m.keys[1].key);
    words[0].voices[0] = (struct pk_exchange_voice){ .lo = 12, .weight = 159 };
    words[0].flags |= PK_EXCHANGE_SEVERAL;
    assert_int_equal(pk_exchange_message_write(&m, &hub, &out), PK_OK);
    assert_int_equal(pk_exchange_message_read(pk_buffer_slice(&out), arena, &got, NULL), PK_OK);
    assert_int_equal(got.key_count, 2);
    assert_memory_equal(got.keys[1].key, m.keys[1].key, 32);
    assert_int_equal(got.words[0].voices[0].weight, 159);
    assert_int_equal(got.epoch_s, 604800);
    m.word_count = PK_EXCHANGE_WORDS_MAX + 1;
    assert_int_equal(pk_exchange_message_write(&m, &hub, &out), PK_ELIMIT);
    pk_buffer_finish(&out);
    pk_arena_destroy(arena);
}

/* ---- a hub that is lied to ------------------------------------------------------------------------------ */

static struct pk_exchange_record member_of(bool vouched, int days)
{
    return (struct pk_exchange_record){ .a = PK_EXCHANGE_RECORD_A,
        .b = PK_EXCHANGE_RECORD_B,
        .joined_s = NOW - (int64_t)days * DAY,
        .vouched = vouched };
}

static struct pk_exchange_claim claim_of(
        const struct pk_exchange_record *record, enum pk_exchange_verdict verdict)
{
    struct pk_exchange_claim c = {
        .word = word(), .told_s = NOW, .weight = pk_exchange_weight(record, NOW, 14)
    };

    c.word.verdict = (uint8_t)verdict;
    c.word.lo = verdict == PK_EXCHANGE_BAD ? 12 : verdict == PK_EXCHANGE_CLEAN ? -6 : 0;
    return c;
}

static void test_newcomers(void **state)
{
    struct pk_exchange_record fresh = member_of(false, 0);
    struct pk_exchange_record week = member_of(false, 7);
    struct pk_exchange_record known = member_of(true, 0);
    struct pk_exchange_claim c[3];
    struct pk_exchange_word w;

    (void)state;
    assert_true(pk_exchange_weight(&fresh, NOW, 14) < PK_EXCHANGE_VOICE_MIN);
    assert_true(pk_exchange_weight(&week, NOW, 14) > 2 * pk_exchange_weight(&fresh, NOW, 14));
    assert_true(pk_exchange_weight(&known, NOW, 14) > 0.6F);
    c[0] = c[1] = c[2] = claim_of(&fresh, PK_EXCHANGE_BAD);
    assert_true(pk_exchange_combine(c, 3, NOW, &w)); /* three invented organisations */
    assert_int_equal(w.verdict, PK_EXCHANGE_CLAIMED);
    c[0] = claim_of(&known, PK_EXCHANGE_BAD);
    assert_true(pk_exchange_combine(c, 1, NOW, &w));
    assert_int_equal(w.verdict, PK_EXCHANGE_BAD);
    assert_int_equal(w.flags & PK_EXCHANGE_SEVERAL, 0);
    c[1] = claim_of(&known, PK_EXCHANGE_BAD);
    assert_true(pk_exchange_combine(c, 2, NOW, &w));
    assert_int_equal(w.verdict, PK_EXCHANGE_BAD);
    assert_int_equal(w.flags & PK_EXCHANGE_SEVERAL, PK_EXCHANGE_SEVERAL);
    assert_true(w.voices[0].weight > 150 && w.voices[1].weight > 150);
    c[0].skip = true; /* what it said itself is no news to it */
    assert_true(pk_exchange_combine(c, 2, NOW, &w));
    assert_int_equal(w.flags & PK_EXCHANGE_SEVERAL, 0);
    c[1].skip = true;
    assert_false(pk_exchange_combine(c, 2, NOW, &w));
}

static void test_decay(void **state)
{
    struct pk_exchange_record known = member_of(true, 100);
    struct pk_exchange_claim c[2] = { claim_of(&known, PK_EXCHANGE_BAD),
        claim_of(&known, PK_EXCHANGE_BAD) };
    struct pk_exchange_word w;

    (void)state;
    assert_true(pk_exchange_combine(c, 2, NOW + 60 * 3600, &w));
    assert_int_equal(w.verdict, PK_EXCHANGE_BAD);
    assert_true(pk_exchange_combine(c, 2, NOW + 4 * 60 * 3600, &w));
    assert_int_equal(w.verdict, PK_EXCHANGE_CLAIMED);
    assert_false(pk_exchange_combine(c, 2, NOW + 6 * 60 * 3600, &w));
}

/* Honest members see 40 attacks and use 40 good places; one member lies about all of them, later two.
 * The hub's verdicts must stay right, and the liars' weight must go. */
static void lie(
        size_t honest, size_t liars, unsigned *wrong, float *liar_weight, float *honest_weight)
{
    struct pk_exchange_record r[8];
    size_t n = honest + liars;

    *wrong = 0;
    for (size_t i = 0; i < n; i++) {
        r[i] = member_of(false, 60);
    }
    for (int thing = 0; thing < 80; thing++) {
        bool bad = thing % 2 == 0;
        struct pk_exchange_claim c[8];
        struct pk_exchange_word w;
        bool told;

        for (size_t i = 0; i < n; i++) {
            c[i] = claim_of(&r[i], bad == (i < honest) ? PK_EXCHANGE_BAD : PK_EXCHANGE_CLEAN);
        }
        for (size_t i = 0; i < n; i++) {
            pk_exchange_learn(&r[i], PK_EXCHANGE_OPEN, pk_exchange_rule(c, n, i, NOW));
        }
        for (size_t i = 0; i < n; i++) {
            c[i].weight = pk_exchange_weight(&r[i], NOW, 14);
        }
        told = pk_exchange_combine(c, n, NOW, &w) && w.verdict == PK_EXCHANGE_BAD;
        *wrong += told != bad;
    }
    *honest_weight = pk_exchange_weight(&r[0], NOW, 14);
    *liar_weight = pk_exchange_weight(&r[n - 1], NOW, 14);
}

static void test_liars(void **state)
{
    static const struct {
        size_t honest, liars;
    } rows[] = { { 2, 1 }, { 3, 1 }, { 5, 2 } };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        unsigned wrong;
        float liar;
        float honest;

        lie(rows[i].honest, rows[i].liars, &wrong, &liar, &honest);
        print_message("%zu honest, %zu lying: %u of 80 wrong; weights %.3f and %.3f\n",
                rows[i].honest, rows[i].liars, wrong, (double)honest, (double)liar);
        assert_int_equal(wrong, 0);
        assert_true(honest > 0.84F); /* a record stops growing at 24 : 1 */
        assert_true(liar < 0.05F);
    }
}

/* One liar against one honest member: nobody can tell who is right, so neither may lose its trust. */
static void test_tie(void **state)
{
    struct pk_exchange_record r = member_of(true, 60);
    struct pk_exchange_claim c[2] = { claim_of(&r, PK_EXCHANGE_BAD),
        claim_of(&r, PK_EXCHANGE_CLEAN) };
    struct pk_exchange_word w;

    (void)state;
    assert_int_equal(pk_exchange_rule(c, 2, 0, NOW), PK_EXCHANGE_OPEN);
    assert_int_equal(pk_exchange_rule(c, 2, 1, NOW), PK_EXCHANGE_OPEN);
    assert_true(pk_exchange_combine(c, 2, NOW, &w));
    assert_int_equal(w.verdict, PK_EXCHANGE_CLAIMED);
}

/* A ruling that changes takes its old effect back. */
static void test_learn_again(void **state)
{
    struct pk_exchange_record r = member_of(true, 60);

    (void)state;
    pk_exchange_learn(&r, PK_EXCHANGE_OPEN, PK_EXCHANGE_CONTRADICTED);
    assert_true(r.b > PK_EXCHANGE_RECORD_B + 1.9);
    pk_exchange_learn(&r, PK_EXCHANGE_CONTRADICTED, PK_EXCHANGE_CONFIRMED);
    assert_true(fabs(r.b - PK_EXCHANGE_RECORD_B) < 1e-9);
    assert_true(fabs(r.a - PK_EXCHANGE_RECORD_A - 0.5) < 1e-9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ed25519),
        cmocka_unit_test(test_blind),
        cmocka_unit_test(test_coarse),
        cmocka_unit_test(test_tell),
        cmocka_unit_test(test_tell_good),
        cmocka_unit_test(test_word_bytes),
        cmocka_unit_test(test_word_bad),
        cmocka_unit_test(test_message),
        cmocka_unit_test(test_news),
        cmocka_unit_test(test_newcomers),
        cmocka_unit_test(test_decay),
        cmocka_unit_test(test_liars),
        cmocka_unit_test(test_tie),
        cmocka_unit_test(test_learn_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
