/* The same opinions from the same sightings, also across a save and a load; damaged memory; who is forgotten. */
#include "base/buffer.h"
#include "crowd/table.h"
#include "crowd_world.h"

/* --- the same from the same, at rest ------------------------------------------------------- */

static uint64_t seed;

static uint32_t dice(uint32_t sides)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 33) % sides;
}

/* Anything of any kind, of a small world where things meet again. */
static struct pk_sighting any(int64_t at_s)
{
    struct pk_sighting s = { .at_s = at_s,
        .device = 1 + dice(120),
        .tenant = dice(4) * dice(2),
        .place = 1 + dice(6),
        .kind = PK_SIGHTING_NETWORK };
    uint32_t kind = dice(20);

    s.city = 1 + s.place / 4;
    if (kind == 0) {
        s.kind = PK_SIGHTING_DEVICE;
        s.enrolment = (struct pk_sight_device){ .enrolled_s = at_s - dice(50) * DAY,
            .asn = 64500 + dice(40),
            .attestation = (uint8_t)(dice(4) ? PK_ATTESTED_HARDWARE : dice(3)) };
    } else if (kind < 4) {
        s.kind = PK_SIGHTING_MAST;
        s.mast = (struct pk_sight_mast){ .cell = dice(40),
            .plmn = 26201,
            .area = 1 + dice(3),
            .arfcn = 1300 + dice(2),
            .dbm = (int16_t)(-110 + (int)dice(60)),
            .neighbours = (uint16_t)dice(8),
            .radio = (uint8_t)(2 + dice(4)),
            .cipher = (int8_t)(dice(4) - 1),
            .flags = (uint8_t)(dice(20) ? 0 : dice(4)) };
    } else if (kind < 8) {
        s.kind = PK_SIGHTING_APP;
        s.app = (struct pk_sight_app){ .package = 1 + dice(30),
            .file = 1 + dice(60),
            .signer = 1 + dice(12),
            .permissions = dice(256),
            .version = dice(9),
            .source = (uint8_t)dice(10),
            .risk = (uint8_t)(dice(8) ? dice(20) : dice(101)) };
    } else if (kind == 8) {
        s.kind = PK_SIGHTING_POSTURE;
        s.posture = (struct pk_sight_posture){ .root = !dice(20), .unknown_sources = !dice(3) };
    } else if (kind == 9) {
        s.kind = PK_SIGHTING_INCIDENT;
        s.incident = (struct pk_sight_incident){ .network = 1 + dice(25),
            .point = 1 + dice(60),
            .file = 1 + dice(60),
            .attack = (uint8_t)dice(4),
            .confidence = (uint8_t)dice(101) };
    } else {
        s.network = net_at(1 + dice(60), !dice(12));
        s.network.network = 1 + s.network.point % 25;
        s.network.resolver = 70 + !dice(15);
        s.network.flags = (uint8_t)(dice(25) ? 0 : dice(8));
    }
    return s;
}

static bool same_float(float a, float b)
{
    uint32_t x;
    uint32_t y;

    memcpy(&x, &a, sizeof(x));
    memcpy(&y, &b, sizeof(y));
    return x == y; /* to the last bit, nothing that only compares equal */
}

static void hold_same(const struct pk_crowd_opinion *a, const struct pk_crowd_opinion *b)
{
    assert_true(a->key.a == b->key.a && a->key.b == b->key.b && a->key.kind == b->key.kind);
    assert_true(a->before == b->before && a->after == b->after && a->hard == b->hard);
    assert_true(same_float(a->score, b->score) && same_float(a->log_odds, b->log_odds));
    assert_true(a->devices == b->devices && a->groups == b->groups && a->clean == b->clean);
    assert_true(a->since_s == b->since_s);
    assert_int_equal(a->reason_count, b->reason_count);
    for (size_t i = 0; i < a->reason_count; i++) {
        assert_int_equal(a->reasons[i].term, b->reasons[i].term);
        assert_true(same_float(a->reasons[i].weight, b->reasons[i].weight));
        assert_memory_equal(&a->reasons[i].a, &b->reasons[i].a, sizeof(double));
        assert_memory_equal(&a->reasons[i].b, &b->reasons[i].b, sizeof(double));
    }
}

static int put(void *ctx, const void *bytes, size_t len)
{
    return pk_buffer_put(ctx, bytes, len);
}

static struct pk_buffer saved(const struct pk_crowd *crowd, const char *tag)
{
    struct pk_buffer bytes = pk_buffer_of(64UL << 20);

    assert_int_equal(pk_crowd_save(crowd, pk_slice_of(tag, strlen(tag)), put, &bytes, NULL), PK_OK);
    assert_int_equal(bytes.rc, PK_OK);
    return bytes;
}

#define STEPS 6000

/* Every so many sightings the crowd is saved and goes on from what was saved; 0: never. */
static struct pk_crowd *lived(unsigned reborn_each, struct pk_crowd_opinion *opinions)
{
    const struct pk_crowd_settings settings = { .trusting = true, .explaining = true };
    struct pk_crowd *crowd = NULL;

    seed = 2463534242U;
    assert_int_equal(pk_crowd_create(&settings, &crowd, NULL), PK_OK);
    for (unsigned i = 0; i < STEPS; i++) {
        struct pk_sighting s = any(T0 + (int64_t)i * 500);

        assert_int_equal(pk_crowd_take(crowd, &s, &opinions[i]), PK_OK);
        if (reborn_each != 0 && i % reborn_each == reborn_each - 1) {
            struct pk_buffer bytes = saved(crowd, "how far it came");
            struct pk_buffer tag = pk_buffer_of(100);

            pk_crowd_destroy(crowd);
            crowd = NULL;
            assert_int_equal(
                    pk_crowd_load(pk_buffer_slice(&bytes), &settings, &crowd, &tag, NULL), PK_OK);
            assert_string_equal(tag.ptr, "how far it came");
            pk_buffer_finish(&tag);
            pk_buffer_finish(&bytes);
        }
    }
    return crowd;
}

static void test_same_and_at_rest(void **state)
{
    static const unsigned reborn[] = { 0, 3000, 997, 111 };
    static struct pk_crowd_opinion one[STEPS];
    static struct pk_crowd_opinion two[STEPS];
    struct pk_crowd *crowd = lived(0, one);
    struct pk_buffer bytes = saved(crowd, "");
    unsigned before = 0;
    unsigned after = 0;

    (void)state;
    for (unsigned i = 0; i < STEPS; i++) {
        before += one[i].before;
        after += one[i].after;
    }
    assert_true(
            before > 50 && after > before && after < STEPS / 2); /* there was something to say */
    for (size_t r = 0; r < PK_COUNT(reborn); r++) {
        struct pk_crowd *other = lived(reborn[r], two);
        struct pk_buffer others = saved(other, "");

        for (unsigned i = 0; i < STEPS; i++) {
            hold_same(&one[i], &two[i]);
        }
        assert_int_equal(bytes.len, others.len);
        assert_memory_equal(bytes.ptr, others.ptr, bytes.len);
        pk_buffer_finish(&others);
        pk_crowd_destroy(other);
    }
    pk_buffer_finish(&bytes);
    pk_crowd_destroy(crowd);
}

static int load_rc(const char *bytes, size_t len)
{
    uint8_t *exact = pk_test_dup(bytes, len);
    struct pk_buffer tag = pk_buffer_of(1UL << 20);
    struct pk_crowd *crowd = NULL;
    int rc = pk_crowd_load(pk_slice_of(exact, len), NULL, &crowd, &tag, NULL);

    assert_int_equal(rc == PK_OK, crowd != NULL);
    pk_crowd_destroy(crowd);
    pk_buffer_finish(&tag);
    free(exact);
    return rc;
}

static void test_damaged(void **state)
{
    struct pk_buffer bytes;
    struct world w;

    (void)state;
    begin(&w);
    a_used_cafe(&w);
    join(&w, 1, TWIN, true);
    bytes = saved(w.crowd, "tag");
    end(&w);
    assert_int_equal(load_rc(bytes.ptr, bytes.len), PK_OK);
    for (size_t len = 0; len < bytes.len; len += 1 + len / 97) {
        int rc = load_rc(bytes.ptr, len);

        assert_true(rc == PK_ETRUNC || rc == PK_EMALF);
    }
    for (size_t at = 0; at < bytes.len; at += 1 + at / 61) {
        bytes.ptr[at] ^= 0x20; /* of another version: byte 7; other records: 8 to 15 */
        assert_true(load_rc(bytes.ptr, bytes.len) != PK_OK);
        bytes.ptr[at] ^= 0x20;
    }
    assert_int_equal(pk_buffer_puts(&bytes, "more"), PK_OK);
    assert_int_equal(load_rc(bytes.ptr, bytes.len), PK_EMALF);
    pk_buffer_finish(&bytes);
}

static int full_disk(void *ctx, const void *bytes, size_t len)
{
    int *left = ctx;

    (void)bytes;
    (void)len;
    return (*left)-- > 0 ? 0 : -28;
}

static void test_no_room_to_save(void **state)
{
    struct world w;
    int left = 1000;
    int pieces;

    (void)state;
    begin(&w);
    a_used_cafe(&w);
    assert_int_equal(pk_crowd_save(w.crowd, pk_slice_of("t", 1), full_disk, &left, NULL), PK_OK);
    pieces = 1000 - left;
    for (int i = 0; i < pieces; i++) {
        left = i;
        assert_int_equal(pk_crowd_save(w.crowd, pk_slice_of("t", 1), full_disk, &left, NULL), -28);
    }
    end(&w);
}

/* --- forgotten ---------------------------------------------------------------------------- */

static bool holds(const struct pk_buffer *bytes, const void *what, size_t len)
{
    return memmem(bytes->ptr, bytes->len, what, len) != NULL;
}

/* Nothing by which it could be found again is left, and its word does not count any more. */
static void test_forget(void **state)
{
    uint64_t key = pk_crowd_mix(50, 7);
    uint32_t folded = (uint32_t)(key >> 32);
    struct pk_crowd_counts counts;
    struct pk_crowd_voice voice;
    struct pk_buffer bytes;
    struct world w;

    (void)state;
    begin(&w);
    a_used_cafe(&w);
    enrol(&w, 50, PK_ATTESTED_HARDWARE, 65001);
    join(&w, 50, TWIN, true);
    join(&w, 50, POINT, false);
    has_app(&w, 50, bad_app);
    assert_true(is_bad(&w, TWIN));
    assert_true(pk_crowd_voice(w.crowd, 50, w.now_s, &voice));
    bytes = saved(w.crowd, "");
    assert_true(holds(&bytes, &key, sizeof(key)) && holds(&bytes, &folded, sizeof(folded)));
    pk_buffer_finish(&bytes);
    pk_crowd_forget(w.crowd, 50);
    pk_crowd_forget(w.crowd, 50);
    pk_crowd_forget(w.crowd, 51); /* nobody */
    bytes = saved(w.crowd, "");
    assert_false(holds(&bytes, &key, sizeof(key)) || holds(&bytes, &folded, sizeof(folded)));
    assert_false(pk_crowd_voice(w.crowd, 50, w.now_s, &voice));
    pk_crowd_count(w.crowd, &counts);
    assert_int_equal(counts.devices, 12);
    join(&w, 3, TWIN, false);
    assert_false(w.o.before);
    assert_int_equal(load_rc(bytes.ptr, bytes.len), PK_OK);
    pk_buffer_finish(&bytes);
    end(&w);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_and_at_rest),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_no_room_to_save),
        cmocka_unit_test(test_forget),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
