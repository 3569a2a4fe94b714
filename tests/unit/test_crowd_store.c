/* What an agent holds of the crowd: whose words it takes, in which order, and what it concludes from them. */
#include <stdio.h>
#include <unistd.h>

#include "agent/crowd_store.h"
#include "agent/crowd_vouch.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/sign.h"
#include "check.h"
#include "crowd/share.h"
#include "server/x509.h"

#define NOW    INT64_C(1800000000)
#define NOW_MS (NOW * 1000)

static const uint8_t secret[32] = { 9, 8, 7 };

/* A server's side, and a device that reads what it says. */
struct world {
    char dir[64];
    char ca_file[96];
    EVP_PKEY *ca_key;
    X509 *ca;
    struct pk_signer signer;
    struct pk_share *share;
    struct pk_crowd_store *store;
};

static struct pk_slice secret_slice(void)
{
    return pk_slice_of(secret, sizeof(secret));
}

static struct pk_crowd_key thing(uint64_t n)
{
    return (struct pk_crowd_key){ .kind = PK_CROWD_POINT, .a = n, .b = n + 1 };
}

static void say(struct world *w, uint64_t seq, uint64_t n, bool bad)
{
    struct pk_crowd_change change = { .key = thing(n),
        .bad = bad,
        .log_odds = 4,
        .at_s = NOW,
        .devices = 12,
        .groups = 6,
        .cause = PK_SIGHT_STRIPPING };

    assert_int_equal(pk_share_take(w->share, seq, &change), PK_OK);
}

static X509 *certificate(struct world *w, EVP_PKEY *key, const char *extended)
{
    const struct pk_x509_profile profile = { .common_name = "test",
        .not_before_ms = NOW_MS - PK_DAY_MS,
        .not_after_ms = NOW_MS + PK_DAY_MS,
        .basic = extended != NULL ? "critical,CA:FALSE" : "critical,CA:TRUE",
        .key_usage = extended != NULL ? "critical,digitalSignature" : "critical,keyCertSign",
        .extended = extended };
    X509 *made = pk_x509_make(&profile, key, extended != NULL ? w->ca : NULL, w->ca_key);

    assert_non_null(made);
    return made;
}

static size_t der_of(X509 *x, uint8_t out[4096])
{
    unsigned char *at = out;
    int len = i2d_X509(x, &at);

    X509_free(x);
    assert_true(len > 0 && len <= 4096);
    return (size_t)len;
}

static size_t key_der(struct world *w, const char *extended, uint8_t out[4096])
{
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(
            EVP_PKEY_ED25519, NULL, w->signer.key, sizeof(w->signer.key));
    size_t len = der_of(certificate(w, key, extended), out);

    EVP_PKEY_free(key);
    return len;
}

static void open_store(struct world *w)
{
    pk_crowd_store_close(w->store);
    assert_int_equal(
            pk_crowd_store_open(w->dir, secret_slice(), w->ca_file, &w->store, NULL), PK_OK);
}

static int take_filter(struct world *w)
{
    struct pk_buffer out = pk_buffer_of(PK_FILTER16_MAX);
    int rc;

    assert_int_equal(pk_share_filter(w->share, PK_SHARE_NETWORK, NOW, &out, NULL), PK_OK);
    assert_int_equal(pk_sign_buffer(&w->signer, &out), PK_OK);
    rc = pk_crowd_store_take_filter(w->store, pk_buffer_slice(&out), PK_SHARE_NETWORK, NOW, NULL);
    pk_buffer_finish(&out);
    return rc;
}

static int take_batch(struct world *w, uint64_t since)
{
    struct pk_buffer out = pk_buffer_of(PK_DELTA_BYTES);
    struct pk_delta_head head;
    int rc;

    assert_int_equal(pk_share_batch(w->share, since, 4096, NOW, &out, &head), PK_OK);
    assert_int_equal(pk_sign_buffer(&w->signer, &out), PK_OK);
    rc = pk_crowd_store_take_batch(w->store, pk_buffer_slice(&out), NOW, NULL, NULL);
    pk_buffer_finish(&out);
    return rc;
}

static enum pk_crowd_said ask_at(struct world *w, uint64_t n, int64_t at_s)
{
    struct pk_crowd_key key = thing(n);
    struct pk_crowd_verdict v;

    pk_crowd_store_ask(w->store, &key, at_s, &v);
    return v.said;
}

static enum pk_crowd_said ask(struct world *w, uint64_t n)
{
    return ask_at(w, n, NOW);
}

static uint64_t place(struct world *w)
{
    uint32_t epoch = 0;
    uint64_t seq = 0;

    return pk_crowd_store_place(w->store, 1U << PK_SHARE_NETWORK, &epoch, &seq) ? seq : UINT64_MAX;
}

static int make_world(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    uint8_t seed[PK_SIGN_KEY_SIZE] = { 5 };
    uint8_t der[4096];
    char *pem;

    assert_non_null(w);
    (void)snprintf(w->dir, sizeof(w->dir), "/tmp/picket-crowd-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    (void)snprintf(w->ca_file, sizeof(w->ca_file), "%s/ca.pem", w->dir);
    w->ca_key = pk_x509_new_key();
    w->ca = certificate(w, w->ca_key, NULL);
    pem = pk_x509_pem(w->ca);
    assert_int_equal(pk_file_write(w->ca_file, pk_slice_str(pem), 0600, NULL), PK_OK);
    free(pem);
    assert_int_equal(pk_signer_of(seed, &w->signer), PK_OK);
    assert_int_equal(pk_share_create(secret_slice(), 1, 5, &w->share), PK_OK);
    open_store(w);
    assert_int_equal(pk_crowd_store_take_key(w->store,
                             pk_slice_of(der, key_der(w, "codeSigning", der)), NOW_MS, NULL),
            PK_OK);
    *state = w;
    return 0;
}

static int end_world(void **state)
{
    struct world *w = *state;
    char command[128];

    pk_crowd_store_close(w->store);
    pk_share_destroy(w->share);
    X509_free(w->ca);
    EVP_PKEY_free(w->ca_key);
    (void)snprintf(command, sizeof(command), "rm -r %s", w->dir);
    /* NOLINTNEXTLINE(cert-env33-c,concurrency-mt-unsafe): a name that mkdtemp made */
    assert_int_equal(system(command), 0);
    free(w);
    return 0;
}

static void test_vouch(void **state)
{
    struct world *w = *state;
    uint8_t key[PK_SIGN_KEY_SIZE];
    uint8_t der[4096];
    struct pk_error err;
    EVP_PKEY *other = pk_x509_new_key();
    size_t len = key_der(w, "codeSigning", der);

    assert_int_equal(pk_crowd_vouch(pk_slice_of(der, len), w->ca_file, NOW_MS, key, &err), PK_OK);
    assert_memory_equal(key, w->signer.key, sizeof(key));
    assert_int_equal(
            pk_crowd_vouch(pk_slice_of(der, len - 1), w->ca_file, NOW_MS, key, &err), PK_ECRYPTO);
    assert_int_equal(
            pk_crowd_vouch(pk_slice_of(der, len), w->ca_file, NOW_MS + 9 * PK_DAY_MS, key, &err),
            PK_ECRYPTO); /* over */
    assert_int_equal(pk_crowd_vouch(pk_slice_of(der, len), w->ca_file, 0, key, &err), PK_OK);
    assert_int_equal(
            pk_crowd_vouch(pk_slice_of(der, len), "/nowhere", NOW_MS, key, &err), PK_ECRYPTO);
    len = key_der(w, "clientAuth", der); /* a device's */
    assert_int_equal(
            pk_crowd_vouch(pk_slice_of(der, len), w->ca_file, NOW_MS, key, &err), PK_ECRYPTO);
    len = key_der(w, "codeSigning,clientAuth", der);
    assert_int_equal(
            pk_crowd_vouch(pk_slice_of(der, len), w->ca_file, NOW_MS, key, &err), PK_ECRYPTO);
    len = der_of(certificate(w, other, "codeSigning"), der); /* of P-256 */
    assert_int_equal(
            pk_crowd_vouch(pk_slice_of(der, len), w->ca_file, NOW_MS, key, &err), PK_ECRYPTO);
    EVP_PKEY_free(other);
}

static void test_order(void **state)
{
    struct world *w = *state;

    say(w, 1, 100, true);
    assert_int_equal(take_batch(w, 0), PK_ENOENT); /* without a base it goes on from nowhere */
    assert_int_equal(take_filter(w), PK_OK);
    assert_int_equal(place(w), 1);
    assert_int_equal(ask(w, 100), PK_CROWD_MAYBE);
    assert_int_equal(ask(w, 200), PK_CROWD_NOTHING);
    say(w, 2, 200, true);
    say(w, 3, 300, true);
    say(w, 4, 300, false);
    assert_int_equal(take_batch(w, 2), PK_ENOENT); /* 2 was not heard */
    assert_int_equal(ask(w, 200), PK_CROWD_NOTHING);
    assert_int_equal(take_batch(w, 0), PK_OK); /* from before: only what is new counts */
    assert_int_equal(place(w), 4);
    assert_int_equal(ask(w, 100), PK_CROWD_MAYBE);
    assert_int_equal(ask(w, 200), PK_CROWD_BAD);
    assert_int_equal(ask(w, 300), PK_CROWD_NOTHING);
    assert_int_equal(take_batch(w, 1), PK_EEXIST); /* replayed */
    say(w, 5, 100, false);
    assert_int_equal(take_batch(w, 4), PK_OK);
    assert_int_equal(ask(w, 100), PK_CROWD_NOTHING); /* the word counts more than the filter */
    open_store(w);
    assert_int_equal(place(w), 5);
    assert_int_equal(ask(w, 200), PK_CROWD_BAD);
    assert_int_equal(ask_at(w, 200, NOW + 31 * 86400), PK_CROWD_NOTHING); /* faded */
}

static void test_base(void **state)
{
    struct world *w = *state;

    assert_int_equal(take_filter(w), PK_OK);
    say(w, 1, 100, true);
    say(w, 2, 200, true);
    assert_int_equal(take_batch(w, 0), PK_OK);
    assert_int_equal(take_filter(w), PK_OK); /* nothing was missed: what is bad stays so */
    assert_int_equal(ask(w, 100), PK_CROWD_BAD);
    say(w, 3, 100, false);
    say(w, 4, 400, true);
    assert_int_equal(take_filter(w), PK_OK); /* words were missed, and one was a withdrawal */
    assert_int_equal(place(w), 4);
    assert_int_equal(ask(w, 100), PK_CROWD_NOTHING);
    assert_int_equal(ask(w, 200), PK_CROWD_MAYBE);
    assert_int_equal(ask(w, 400), PK_CROWD_MAYBE);
    assert_int_equal(ask_at(w, 400, NOW + PK_SHARE_GOOD_S + 1), PK_CROWD_NOTHING); /* too old */
}

static void test_epoch(void **state)
{
    struct world *w = *state;
    uint32_t epoch = 0;
    uint64_t seq = 0;

    assert_int_equal(take_filter(w), PK_OK);
    say(w, 1, 100, true);
    assert_int_equal(take_batch(w, 0), PK_OK);
    assert_int_equal(pk_share_turn(w->share, 2), PK_OK);
    say(w, 2, 200, true);
    assert_int_equal(take_batch(w, 1), PK_ENOENT); /* of an epoch whose base is not here */
    assert_int_equal(ask(w, 100), PK_CROWD_BAD);
    assert_int_equal(take_filter(w), PK_OK);
    assert_true(pk_crowd_store_place(w->store, 1U << PK_SHARE_NETWORK, &epoch, &seq));
    assert_int_equal(epoch, 2);
    assert_int_equal(seq, 2);
    assert_int_equal(ask(w, 100), PK_CROWD_MAYBE);
    assert_int_equal(pk_share_turn(w->share, 1), PK_OK); /* an old filter must not come back */
    assert_int_equal(take_filter(w), PK_EEXIST);
}

static int answer_for(struct world *w, uint64_t n, const char *question)
{
    struct pk_buffer out = pk_buffer_of(PK_PREFIX_BYTES);
    struct pk_crowd_key key = thing(n);
    unsigned bits;
    uint32_t prefix;
    int rc;

    bits = (unsigned)strtoul(strstr(question, "bits=") + strlen("bits="), NULL, 10);
    prefix = (uint32_t)strtoul(strstr(question, "prefix=") + strlen("prefix="), NULL, 16);
    assert_int_equal(pk_share_prefix(w->share, PK_SHARE_NETWORK, prefix, bits, NOW, &out), PK_OK);
    assert_int_equal(pk_sign_buffer(&w->signer, &out), PK_OK);
    rc = pk_crowd_store_take_answer(w->store, pk_buffer_slice(&out), &key, NOW, NULL);
    pk_buffer_finish(&out);
    return rc;
}

static void test_second_stage(void **state)
{
    struct world *w = *state;
    struct pk_crowd_verdict v;
    char question[96];
    struct pk_crowd_key key = thing(7);
    struct pk_crowd_key far;
    uint64_t n = 0;

    for (uint64_t i = 1; i <= 3000; i++) {
        say(w, i, i, true);
    }
    assert_int_equal(take_filter(w), PK_OK);
    assert_int_equal(ask(w, 7), PK_CROWD_MAYBE);
    assert_int_equal(pk_crowd_store_question(w->store, &key, question, sizeof(question)), PK_OK);
    assert_non_null(strstr(question, "bits=4&")); /* 3000 / 16 = 187 to choose from */
    assert_int_equal(answer_for(w, 7, question), PK_OK);
    pk_crowd_store_ask(w->store, &key, NOW, &v);
    assert_int_equal(v.said, PK_CROWD_BAD);
    assert_int_equal(v.heard.devices, 10); /* of 12: told in steps */
    assert_int_equal(v.heard.groups, 5);
    assert_int_equal(v.heard.cause, PK_SIGHT_STRIPPING);
    assert_int_equal(v.heard.since_h, NOW / 3600);
    /* A "maybe" that is none: remembered, so that it is not asked again. */
    do {
        n++;
        far = thing(1000000 + n);
        pk_crowd_store_ask(w->store, &far, NOW, &v);
    } while (v.said != PK_CROWD_MAYBE && n < 10000000);
    assert_int_equal(v.said, PK_CROWD_MAYBE);
    assert_int_equal(pk_crowd_store_question(w->store, &far, question, sizeof(question)), PK_OK);
    assert_int_equal(answer_for(w, 1000000 + n, question), PK_OK);
    assert_int_equal(ask(w, 1000000 + n), PK_CROWD_NOTHING);
    /* An answer to another question says nothing. */
    assert_int_equal(pk_crowd_store_question(w->store, &key, question, sizeof(question)), PK_OK);
    for (n = 1; n < 100; n++) {
        char other[96];

        far = thing(n);
        assert_int_equal(pk_crowd_store_question(w->store, &far, other, sizeof(other)), PK_OK);
        if (strcmp(other, question) != 0) {
            assert_int_equal(answer_for(w, n, question), PK_EMALF);
            break;
        }
    }
    assert_true(n < 100);
}

static void test_full(void **state)
{
    struct pk_heard_list list = { 0 };
    struct pk_buffer out = pk_buffer_of(PK_HEARD_FILE);

    (void)state;
    for (uint64_t i = 0; i < PK_HEARD_MAX + 5; i++) {
        struct pk_heard heard = { .print40 = i, .until_s = NOW + 1, .bad = true, .seq = i };

        if (i < 20 || i > PK_HEARD_MAX - 20) { /* each put looks through all */
            assert_int_equal(pk_heard_put(&list, &heard), PK_OK);
        } else {
            list.items = realloc(list.items, PK_HEARD_MAX * sizeof(*list.items));
            assert_non_null(list.items);
            list.cap = PK_HEARD_MAX;
            list.items[list.count++] = heard;
        }
    }
    assert_int_equal(list.count, PK_HEARD_MAX);
    assert_null(pk_heard_find(&list, PK_CROWD_POINT, UINT64_C(2) << 24, NOW)); /* gave way */
    assert_non_null(pk_heard_find(&list, PK_CROWD_POINT, UINT64_C(7) << 24, NOW));
    assert_int_equal(pk_heard_write(&list, &out), PK_OK);
    assert_int_equal(out.len, PK_HEARD_FILE);
    pk_heard_finish(&list);
    pk_buffer_finish(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_vouch, make_world, end_world),
        cmocka_unit_test_setup_teardown(test_order, make_world, end_world),
        cmocka_unit_test_setup_teardown(test_base, make_world, end_world),
        cmocka_unit_test_setup_teardown(test_epoch, make_world, end_world),
        cmocka_unit_test_setup_teardown(test_second_stage, make_world, end_world),
        cmocka_unit_test(test_full),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
