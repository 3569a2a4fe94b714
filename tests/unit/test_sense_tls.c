/* The sense for TLS without a network: whom it asks when, what it makes of the answers of a host on the
 * loopback, and what it keeps to itself until it is sure. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/roots_read.h"
#include "agent/sense_tls.h"
#include "base/arena.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/crypt.h"
#include "base/file.h"
#include "check.h"
#include "probe_servers.h"

#define PASS_MS 20000 /* longer than any doubt */

static struct probe_world world;

struct stage {
    struct pk_sense sense;
    struct pk_trust trust;
    const char *hosts[8];
    const char *allowed[2];
    char store[64];
    size_t told;
    struct pk_obs_tls last; /* strings of it are constants only */
    bool has_lookalike, has_pem;
};

static void on_observation(const struct pk_observation *o, void *ctx)
{
    struct stage *stage = ctx;
    const struct pk_certificate *chain = o->tls->chain.items;

    stage->told++;
    stage->last = *o->tls;
    stage->has_lookalike = o->tls->lookalike != NULL;
    stage->has_pem = o->tls->chain.count > 0 && chain[0].pem != NULL;
}

static void copy_file(const char *from, const char *to, const char *mode)
{
    struct pk_buffer text = pk_buffer_of(1 << 16);
    FILE *out = fopen(to, mode);

    assert_int_equal(pk_file_read(from, &text, NULL), PK_OK);
    assert_non_null(out);
    assert_int_equal(fwrite(text.ptr, 1, text.len, out), text.len);
    assert_int_equal(fclose(out), 0);
    pk_buffer_finish(&text);
}

/* A store that has just changed makes the sense careful. */
static void age(const char *path)
{
    struct timespec at[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = 1000 } };

    assert_int_equal(utimensat(AT_FDCWD, path, at, 0), 0);
}

static void set_stage(struct stage *stage, size_t canaries)
{
    static const char *const names[] = { "canary.test", "b.test", "c.test", "d.test", "e.test" };
    struct pk_sense *sense = &stage->sense;

    memset(stage, 0, sizeof(*stage));
    (void)snprintf(stage->store, sizeof(stage->store), "%s/store.pem", world.folder);
    copy_file(world.roots, stage->store, "w");
    age(stage->store);
    assert_int_equal(pk_loop_create(&sense->loop, NULL), PK_OK);
    sense->gateway = pk_gateway_create(&pk_sense_gateway_ops, sense);
    assert_int_equal(pk_known_open(NULL, &sense->known, NULL), PK_OK);
    sense->trust = &stage->trust;
    sense->set.ca_file = stage->store;
    sense->sink = on_observation;
    sense->ctx = stage;
    for (size_t i = 0; i < canaries; i++) {
        sense->targets[i] = (struct pk_sense_target){ .host = names[i], .port = world.tls_port };
    }
    sense->target_count = canaries;
    stage->trust.hosts.items = stage->hosts;
    stage->trust.inspection_cas.items = stage->allowed;
    assert_int_equal(pk_sense_tls_create(sense, NULL, NULL), PK_OK);
}

static void end_stage(struct stage *stage)
{
    pk_sense_tls_destroy(&stage->sense);
    pk_known_close(stage->sense.known);
    pk_gateway_destroy(stage->sense.gateway);
    pk_loop_destroy(stage->sense.loop);
    (void)unlink(stage->store);
}

/* One round with its first host only, as the loop and a thread would run it. True: it was told. */
static bool ask(struct stage *stage, enum tls_mode mode)
{
    const struct pk_probe_kind *kind = &pk_sense_tls_probe;
    struct pk_sense_job job = { .sense = &stage->sense, .kind = kind };
    size_t told = stage->told;

    atomic_store(&world.tls_mode, mode);
    job.env = (struct pk_probe_env){ .server_count = 1,
        .roots = { .file = stage->store },
        .deadline = pk_deadline_in(2000, -1),
        .arena = pk_arena_create(1 << 20) };
    job.env.servers[0] = world.dns_address;
    assert_true(kind->count(&stage->sense) >= 1);
    assert_true(kind->prepare(&stage->sense, &job));
    job.result = kind->run(&job);
    assert_non_null(job.result);
    job.loud = true;
    kind->tell(&stage->sense, &job);
    pk_arena_destroy(job.env.arena);
    return stage->told > told;
}

static void time_passes(struct stage *stage)
{
    stage->sense.tls->hosts[0].doubt_since_ms -= PASS_MS;
}

static void learn(struct stage *stage)
{
    pk_known_settle(stage->sense.known, "net-0123456789abcdef", 1);
}

/* --- whom to ask -------------------------------------------------------------------------- */

static size_t choose(struct stage *stage, size_t *own)
{
    struct pk_sense_tls *tls = stage->sense.tls;

    pk_tls_hosts_update(tls);
    pk_tls_hosts_choose(tls, pk_clock_monotonic_ms());
    *own = 0;
    for (size_t i = 0; i < tls->chosen_count; i++) {
        *own += tls->hosts[tls->chosen[i]].own;
    }
    return tls->chosen_count;
}

static void test_join_asks_few(void **state)
{
    struct stage stage;
    size_t own;

    (void)state;
    set_stage(&stage, 2);
    assert_int_equal(choose(&stage, &own), 2);
    stage.trust.hosts.count = 5;
    for (size_t i = 0; i < 5; i++) {
        stage.hosts[i] = (const char *[]){ "m.test", "n.test:8443", "bad.test:99999", "o.test",
            "canary.test" }[i];
    }
    assert_int_equal(choose(&stage, &own), 2); /* one of each kind */
    assert_int_equal(own, 1);
    stage.sense.tls->joined = true;
    assert_int_equal(choose(&stage, &own), 6); /* suspicion: all; canary.test stands there once */
    end_stage(&stage);
}

static void test_turn_takes_turns(void **state)
{
    struct stage stage;
    size_t seen = 0;
    size_t own;

    (void)state;
    set_stage(&stage, 5);
    stage.sense.tls->joined = stage.sense.tls->turn = true;
    for (size_t i = 0; i < 5; i++) {
        size_t which;

        assert_int_equal(choose(&stage, &own), 1);
        which = stage.sense.tls->chosen[0];
        stage.sense.tls->hosts[which].asked_ms = 1 + (int64_t)i;
        seen |= 1UL << which;
    }
    assert_int_equal(seen, 31);
    stage.sense.tls->hosts[3].bad = true; /* what was odd comes first */
    assert_int_equal(choose(&stage, &own), 1);
    assert_int_equal(stage.sense.tls->chosen[0], 3);
    end_stage(&stage);
}

static void test_all_is_not_often(void **state)
{
    struct stage stage;
    size_t own;

    (void)state;
    set_stage(&stage, 5);
    stage.sense.tls->joined = true;
    assert_int_equal(choose(&stage, &own), 5);
    stage.sense.tls->asked_ms = pk_clock_monotonic_ms();
    assert_int_equal(choose(&stage, &own), 4);
    stage.sense.tls->doubts = true;
    assert_int_equal(choose(&stage, &own), 0);
    stage.sense.tls->hosts[2].doubt = PK_TLS_DOUBT_ROOT;
    assert_int_equal(choose(&stage, &own), 1);
    end_stage(&stage);
}

/* The organisation's list changes while the agent runs: rows that stay remember, others go. */
static void test_hosts_change(void **state)
{
    struct stage stage;
    struct pk_sense_tls *tls;
    size_t own;

    (void)state;
    set_stage(&stage, 1);
    tls = stage.sense.tls;
    stage.hosts[0] = "m.test";
    stage.hosts[1] = "n.test";
    stage.trust.hosts.count = 2;
    (void)choose(&stage, &own);
    pk_tls_hosts_find(tls, "n.test", 443)->asked_ms = 77;
    stage.hosts[0] = "n.test";
    stage.hosts[1] = "canary.test:7";
    (void)choose(&stage, &own);
    assert_int_equal(tls->count, 3);
    assert_null(pk_tls_hosts_find(tls, "m.test", 443));
    assert_int_equal(pk_tls_hosts_find(tls, "n.test", 443)->asked_ms, 77);
    assert_true(pk_tls_hosts_find(tls, "canary.test", 7)->own);
    stage.trust.hosts.count = 0;
    (void)choose(&stage, &own);
    assert_int_equal(tls->count, 1);
    assert_false(tls->hosts[0].own);
    end_stage(&stage);
}

static void take_sha(void *ctx, struct pk_slice der)
{
    pk_sha256_hex(der, ctx);
}

static void root_sha(const char *path, char out[PK_SHA256_HEX])
{
    struct pk_buffer text = pk_buffer_of(1 << 16);

    assert_int_equal(pk_file_read(path, &text, NULL), PK_OK);
    pk_roots_each(pk_buffer_slice(&text), take_sha, out);
    pk_buffer_finish(&text);
}

/* --- what answers mean -------------------------------------------------------------------- */

static void test_clean_visit(void **state)
{
    struct stage stage;

    (void)state;
    set_stage(&stage, 1);
    assert_true(ask(&stage, TLS_GOOD));
    assert_int_equal(stage.last.trust, PK_TLS_TRUST_ORIGINAL);
    assert_int_equal(stage.last.root_known, PK_TRI_UNKNOWN);
    assert_false(stage.has_pem);
    learn(&stage);
    assert_true(ask(&stage, TLS_GOOD));
    assert_int_equal(stage.last.root_known, PK_TRI_YES);
    assert_string_equal(stage.last.version_before, "TLSv1.3");
    assert_true(ask(&stage, TLS_FOREIGN)); /* at once */
    assert_int_equal(stage.last.outcome, PK_TLS_UNTRUSTED);
    assert_true(stage.has_pem);
    assert_false(stage.has_lookalike);
    assert_true(ask(&stage, TLS_LOOKALIKE));
    assert_true(stage.has_lookalike);
    end_stage(&stage);
}

/* An authority that was in the store before, and never vouched for this host. */
static void test_strange_root(void **state)
{
    struct stage stage;
    char sha256[PK_SHA256_HEX];
    char key[80];

    (void)state;
    set_stage(&stage, 2);
    (void)snprintf(key, sizeof(key), "b.test:%u", world.tls_port);
    pk_known_note(stage.sense.known, key, PK_KNOWN_VERSION, "TLSv1.3");
    learn(&stage);
    assert_true(ask(&stage, TLS_OTHER)); /* first visit: nothing is known */
    pk_known_forget_notes(stage.sense.known);
    stage.sense.tls->hosts[0].asked_ms = 0;
    assert_true(ask(&stage, TLS_GOOD));
    learn(&stage);
    stage.sense.tls->turn = true; /* the same host again */
    stage.sense.tls->hosts[1].asked_ms = INT64_MAX;
    assert_false(ask(&stage, TLS_OTHER));
    time_passes(&stage);
    assert_true(ask(&stage, TLS_OTHER));
    assert_int_equal(stage.last.trust, PK_TLS_TRUST_ORIGINAL);
    assert_int_equal(stage.last.root_known, PK_TRI_NO);
    assert_true(stage.has_pem);
    learn(&stage); /* it is not learnt */
    assert_true(ask(&stage, TLS_OTHER));
    assert_int_equal(stage.last.root_known, PK_TRI_NO);
    /* The same authority vouches for another check host on clean visits: a change of supplier. */
    root_sha(world.other_roots, sha256);
    pk_known_note(stage.sense.known, key, PK_KNOWN_ROOT, sha256);
    learn(&stage);
    assert_true(ask(&stage, TLS_OTHER));
    assert_int_equal(stage.last.root_known, PK_TRI_UNKNOWN);
    end_stage(&stage);
}

static void test_installed(void **state)
{
    struct stage stage;

    (void)state;
    set_stage(&stage, 1);
    assert_true(ask(&stage, TLS_GOOD));
    learn(&stage);
    copy_file(world.foreign_roots, stage.store, "a");
    assert_false(ask(&stage, TLS_FOREIGN)); /* perhaps it is just being allowed */
    time_passes(&stage);
    assert_true(ask(&stage, TLS_FOREIGN));
    assert_int_equal(stage.last.outcome, PK_TLS_OK);
    assert_int_equal(stage.last.trust, PK_TLS_TRUST_INSTALLED);
    assert_int_equal(stage.last.root_known, PK_TRI_NO);
    assert_true(stage.has_pem);
    assert_true(ask(&stage, TLS_GOOD)); /* good news need no second look */
    assert_int_equal(stage.last.trust, PK_TLS_TRUST_ORIGINAL);
    end_stage(&stage);
}

static void test_allowed(void **state)
{
    struct stage stage;
    char sha256[PK_SHA256_HEX];

    (void)state;
    set_stage(&stage, 1);
    root_sha(world.foreign_roots, sha256);
    assert_true(ask(&stage, TLS_GOOD));
    learn(&stage);
    stage.allowed[0] = sha256;
    stage.trust.inspection_cas.count = 1;
    assert_true(ask(&stage, TLS_WITH_FOREIGN)); /* allowed, but not installed */
    assert_int_equal(stage.last.outcome, PK_TLS_UNTRUSTED);
    assert_int_equal(stage.last.trust, PK_TLS_TRUST_ALLOWED);
    assert_true(ask(&stage, TLS_FOREIGN)); /* who signed cannot be seen: a claim is no proof */
    assert_int_equal(stage.last.trust, PK_TLS_TRUST_UNKNOWN);
    copy_file(world.foreign_roots, stage.store, "a");
    assert_true(ask(&stage, TLS_FOREIGN));
    assert_int_equal(stage.last.outcome, PK_TLS_OK);
    assert_int_equal(stage.last.trust, PK_TLS_TRUST_ALLOWED);
    learn(&stage);
    stage.trust.inspection_cas.count = 0; /* the permission ends: nothing was learnt of it */
    assert_false(ask(&stage, TLS_FOREIGN));
    time_passes(&stage);
    assert_true(ask(&stage, TLS_FOREIGN));
    assert_int_equal(stage.last.trust, PK_TLS_TRUST_INSTALLED);
    end_stage(&stage);
}

/* Nothing but three times in a row counts. */
static void test_fallback(void **state)
{
    struct stage stage;

    (void)state;
    set_stage(&stage, 1);
    assert_true(ask(&stage, TLS_NO13)); /* nothing is known of the host yet: a failure, no more */
    assert_int_equal(stage.last.outcome, PK_TLS_FAILED);
    assert_true(ask(&stage, TLS_GOOD));
    learn(&stage);
    assert_false(ask(&stage, TLS_NO13));
    assert_false(ask(&stage, TLS_NO13));
    assert_true(ask(&stage, TLS_GOOD)); /* it was chance */
    assert_int_equal(stage.last.fallback, PK_TRI_NO);
    assert_false(ask(&stage, TLS_NO13));
    assert_false(ask(&stage, TLS_NO13));
    assert_true(ask(&stage, TLS_NO13));
    assert_int_equal(stage.last.fallback, PK_TRI_YES);
    assert_string_equal(stage.last.version, "TLSv1.2");
    assert_string_equal(stage.last.version_before, "TLSv1.3");
    end_stage(&stage);
}

/* A portal lets go between the handshake and its own answer: look again before it is told. */
static void test_portal_lets_go(void **state)
{
    struct stage stage;

    (void)state;
    set_stage(&stage, 1);
    stage.sense.portal_state = PK_PORTAL_CAPTIVE;
    assert_true(ask(&stage, TLS_SELF));
    assert_int_equal(stage.last.captive, PK_TRI_YES);
    stage.sense.portal_state = PK_PORTAL_NONE;
    assert_false(ask(&stage, TLS_SELF));
    assert_true(ask(&stage, TLS_GOOD));
    assert_false(ask(&stage, TLS_SELF));
    time_passes(&stage);
    assert_true(ask(&stage, TLS_SELF));
    assert_int_equal(stage.last.outcome, PK_TLS_UNTRUSTED);
    end_stage(&stage);
}

static int set_up(void **state)
{
    (void)state;
    return probe_world_start(&world);
}

static int tear_down(void **state)
{
    (void)state;
    probe_world_stop(&world);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_join_asks_few),
        cmocka_unit_test(test_turn_takes_turns),
        cmocka_unit_test(test_all_is_not_often),
        cmocka_unit_test(test_hosts_change),
        cmocka_unit_test(test_clean_visit),
        cmocka_unit_test(test_strange_root),
        cmocka_unit_test(test_installed),
        cmocka_unit_test(test_allowed),
        cmocka_unit_test(test_fallback),
        cmocka_unit_test(test_portal_lets_go),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
