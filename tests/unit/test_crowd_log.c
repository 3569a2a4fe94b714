/* The crowd's order on paper: lines that are read back exactly, whom it was introduced to. */
#include <math.h>

#include "check.h"
#include "server/crowd_internal.h"

static struct pk_error err;

static struct pk_crowd_line again(const struct pk_crowd_line *line)
{
    struct pk_buffer text = pk_buffer_of(4096);
    struct pk_crowd_line out = { 0 };
    const char *at;

    pk_crowd_line_write(line, &text);
    assert_int_equal(text.rc, PK_OK);
    at = text.ptr;
    assert_int_equal(pk_crowd_line_read(&at, &out, &err), PK_OK);
    assert_int_equal(*at, '\0');
    assert_int_equal(pk_crowd_line_read(&at, &out, &err), PK_ENOENT);
    pk_buffer_finish(&text);
    return out;
}

static void test_lines_exactly(void **state)
{
    struct pk_crowd_line e = { .kind = PK_LINE_ENTRIES, .partition = 15, .upto = INT64_MAX };
    struct pk_crowd_line x = { .kind = PK_LINE_SKIPPED, .partition = 0, .upto = 1 };
    struct pk_crowd_line t = { .kind = PK_LINE_TICK, .at_s = -5 };
    struct pk_crowd_line h = { .kind = PK_LINE_HEARD,
        .key = { .a = UINT64_MAX, .b = 1, .kind = PK_CROWD_SIGNER },
        .tenant = UINT32_MAX,
        .log_odds = 1.1F / 3,
        .trust = nextafterf(0.7F, 1),
        .at_s = 1795000000 };
    struct pk_crowd_line d = { .kind = PK_LINE_DEVICE,
        .device = { .id = "91c8eed1-ebc7-4051-88b4-c22ff244e3d2",
                .tenant = 7,
                .enrolment = { .enrolled_s = 1790000000,
                        .asn = 64496,
                        .attestation = PK_ATTESTED_HARDWARE,
                        .ios = true } } };
    struct pk_crowd_line got;

    (void)state;
    got = again(&e);
    assert_int_equal(got.kind, PK_LINE_ENTRIES);
    assert_int_equal(got.partition, 15);
    assert_true(got.upto == INT64_MAX);
    assert_int_equal(again(&x).kind, PK_LINE_SKIPPED);
    assert_true(again(&t).at_s == -5);
    got = again(&h);
    assert_true(got.key.a == UINT64_MAX && got.key.b == 1 && got.key.kind == PK_CROWD_SIGNER);
    assert_true(got.log_odds == h.log_odds && got.trust == h.trust); /* to the last bit */
    assert_true(got.tenant == UINT32_MAX && got.at_s == 1795000000);
    got = again(&d);
    assert_memory_equal(&got.device.enrolment, &d.device.enrolment, sizeof(d.device.enrolment));
    assert_string_equal(got.device.id, d.device.id);
    assert_int_equal(got.device.tenant, 7);
    d.kind = PK_LINE_FORGET;
    got = again(&d);
    assert_int_equal(got.kind, PK_LINE_FORGET);
    assert_string_equal(got.device.id, d.device.id);
}

static void test_lines_bad(void **state)
{
    static const char *const rows[] = { "z 1\n", "e\n", "e 1\n", "e 16 1\n", "e -1 1\n", "e 1 1",
        "e 1 1 \n", "e  1 1\n", "e 1 x\n", "e 1 99999999999999999999\n", "t\n", "t x\n", "t 1 2\n",
        "f\n", "f \n", "h 5 0 0 0 1 1 1\n", "h 0 0 0 0 1 1\n", "h 0 0 0 0 . 1 1\n",
        "d a 1 1 1 3 0\n", "d a 1 1 1 1 2\n", "d a 4294967296 1 1 1 0\n", "\n", " e 1 1\n",
        "f 0123456789012345678901234567890123456789\n" };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_crowd_line out = { .upto = 77 };
        uint8_t *heap = pk_test_dup(rows[i], strlen(rows[i]) + 1);
        const char *at = (const char *)heap;

        if (pk_crowd_line_read(&at, &out, &err) != PK_EMALF) {
            fail_msg("'%s' is taken", rows[i]);
        }
        assert_true(at == (const char *)heap);
        assert_int_equal(out.upto, 77);
        free(heap);
    }
}

/* ---- whom it was introduced to ---- */

static struct pk_crowd_device device(int n)
{
    struct pk_crowd_device d = { .tenant = (uint32_t)n };

    d.enrolment.enrolled_s = 1000 + n;
    d.enrolment.ios = n % 2 == 0;
    (void)snprintf(d.id, sizeof(d.id), "device-%d", n);
    return d;
}

static const struct pk_crowd_device *find(const struct pk_crowd_devices *all, int n)
{
    struct pk_crowd_device d = device(n);

    return pk_crowd_devices_find(all, pk_crowd_hash(d.id));
}

static void test_devices(void **state)
{
    enum {
        N = 3000
    };
    struct pk_crowd_devices all = { 0 };
    struct pk_crowd_devices back = { 0 };
    struct pk_buffer bytes = pk_buffer_of(1024UL * 1024);

    (void)state;
    assert_null(find(&all, 1));
    for (int i = 0; i < N; i++) {
        struct pk_crowd_device d = device(i);

        assert_int_equal(pk_crowd_devices_put(&all, &d), PK_OK);
        assert_int_equal(pk_crowd_devices_put(&all, &d), PK_OK); /* again: no other one */
    }
    assert_int_equal(all.count, N);
    for (int i = 0; i < N; i += 3) {
        struct pk_crowd_device d = device(i);

        pk_crowd_devices_drop(&all, pk_crowd_hash(d.id));
        pk_crowd_devices_drop(&all, pk_crowd_hash(d.id));
    }
    for (int i = 0; i < N; i++) {
        const struct pk_crowd_device *d = find(&all, i);

        assert_int_equal(d != NULL, i % 3 != 0);
        assert_true(d == NULL || (d->tenant == (uint32_t)i && d->enrolment.enrolled_s == 1000 + i));
    }
    pk_crowd_devices_write(&all, &bytes);
    assert_int_equal(pk_crowd_devices_read(&back, pk_buffer_slice(&bytes), &err), PK_OK);
    assert_int_equal(back.count, all.count);
    assert_string_equal(find(&back, 2)->id, "device-2");
    assert_true(find(&back, 2)->enrolment.ios && find(&back, 3) == NULL);
    pk_crowd_devices_finish(&back);
    for (size_t cut = 1; cut < 58; cut++) {
        struct pk_slice some = pk_slice_of(bytes.ptr, 58 * 4 - cut);

        assert_int_equal(pk_crowd_devices_read(&back, some, &err), PK_EMALF);
    }
    memset(bytes.ptr + 18, 'x', PK_CROWD_DEVICE_TEXT); /* an id without an end */
    assert_int_equal(pk_crowd_devices_read(&back, pk_slice_of(bytes.ptr, 58), &err), PK_EMALF);
    pk_crowd_devices_finish(&back);
    pk_crowd_devices_finish(&all);
    pk_buffer_finish(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_exactly),
        cmocka_unit_test(test_lines_bad),
        cmocka_unit_test(test_devices),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
