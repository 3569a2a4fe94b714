/* The link watch in a network namespace of its own: join, a short loss, a real loss, a poisoned
 * neighbour table. Without root in a user namespace; where that is forbidden, too, the test says so. */
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include "agent/loop.h"
#include "agent/watch_link.h"
#include "check.h"

struct seen {
    struct pk_loop *loop;
    struct pk_link_watch *watch;
    struct pk_timer limit;
    struct pk_link_state states[16];
    size_t count;
    uint8_t neighbour[6];
    size_t neighbours;
    size_t wanted; /* stop when so many states were told */
    bool stop_at_neighbour;
    const char *command;
};

static struct seen seen;

static void shell(const char *command)
{
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): fixed text, our own namespace */
}

static void on_changed(void *ctx, const struct pk_link_state *state)
{
    struct seen *s = ctx;

    assert_true(s->count < 16);
    s->states[s->count++] = *state;
    if (s->count == s->wanted) {
        pk_loop_stop(s->loop);
    }
}

static void on_neighbour(void *ctx, const uint8_t mac[6])
{
    struct seen *s = ctx;

    memcpy(s->neighbour, mac, 6);
    s->neighbours++;
    if (s->stop_at_neighbour) {
        pk_loop_stop(s->loop);
    }
}

static void on_limit(void *ctx)
{
    struct seen *s = ctx;

    pk_loop_stop(s->loop);
}

static const struct pk_link_handlers handlers = { on_changed, on_neighbour };

static void on_shell(void *ctx)
{
    shell(((struct seen *)ctx)->command);
}

/* Runs the loop until `wanted` states were told, at most ms; command is run after 50 ms. */
static void run(struct seen *s, size_t wanted, int64_t ms, const char *command)
{
    struct pk_timer timer;

    s->wanted = wanted;
    s->command = command;
    pk_timer_init(&timer, on_shell, s);
    pk_timer_init(&s->limit, on_limit, s);
    if (command != NULL) {
        pk_loop_arm(s->loop, &timer, 50);
    }
    pk_loop_arm(s->loop, &s->limit, ms);
    assert_int_equal(pk_loop_run(s->loop, NULL), PK_OK);
    pk_loop_disarm(s->loop, &timer);
    pk_loop_disarm(s->loop, &s->limit);
}

#define UP                                                                                  \
    "ip link add va type veth peer name vb && ip link set va address 02:00:00:00:00:0a && " \
    "ip link set vb up && ip link set va up && ip addr add 192.0.2.10/24 dev va && "        \
    "ip route add default via 192.0.2.1 && "                                                \
    "ip neigh replace 192.0.2.1 lladdr 02:00:00:00:00:01 dev va && "                        \
    "ip neigh replace 192.0.2.66 lladdr 02:00:00:00:00:66 dev va"

static void begin(const char *command)
{
    shell("ip link del va 2>/dev/null; true");
    shell(command);
    seen = (struct seen){ 0 };
    assert_int_equal(pk_loop_create(&seen.loop, NULL), PK_OK);
    assert_int_equal(
            pk_link_watch_create(seen.loop, NULL, 100, &handlers, &seen, &seen.watch, NULL), PK_OK);
}

static void finish(void)
{
    pk_link_watch_destroy(seen.watch);
    pk_loop_destroy(seen.loop);
}

static void test_join(void **state)
{
    char text[PK_ADDRESS_TEXT];
    uint8_t mac[6];

    (void)state;
    begin(UP);
    run(&seen, 1, 2000, NULL);
    assert_int_equal(seen.count, 1);
    assert_true(seen.states[0].up);
    assert_string_equal(seen.states[0].name, "va");
    assert_int_equal(seen.states[0].kind, 2); /* wired */
    assert_int_equal(seen.states[0].prefix, 24);
    assert_string_equal(pk_address_text(&seen.states[0].gateway, text), "192.0.2.1");
    assert_string_equal(pk_address_text(&seen.states[0].address, text), "192.0.2.10");
    assert_memory_equal(seen.states[0].mac, ((uint8_t[]){ 2, 0, 0, 0, 0, 10 }), 6);
    assert_true(pk_link_gateway_mac(&seen.states[0], mac));
    assert_memory_equal(mac, ((uint8_t[]){ 2, 0, 0, 0, 0, 1 }), 6);
    assert_int_equal(pk_link_lost_ms(seen.watch), 0);
    finish();
}

static void test_nothing(void **state)
{
    (void)state;
    begin("true");
    run(&seen, 1, 2000, NULL);
    assert_int_equal(seen.count, 1);
    assert_false(seen.states[0].up);
    finish();
}

static void test_short_loss(void **state)
{
    (void)state;
    begin(UP);
    run(&seen, 2, 4000,
            "(sleep 0.5; ip link set vb down; sleep 0.3; ip link set vb up) >/dev/null 2>&1 &");
    assert_int_equal(seen.count, 2);
    assert_true(seen.states[0].up);
    assert_true(seen.states[1].up); /* never told as a loss */
    assert_true(seen.states[1].epoch > seen.states[0].epoch);
    assert_in_range(pk_link_lost_ms(seen.watch), 200, 2000);
    finish();
}

static void test_loss(void **state)
{
    (void)state;
    begin(UP);
    run(&seen, 2, 8000, "(sleep 0.5; ip link set vb down) >/dev/null 2>&1 &");
    assert_int_equal(seen.count, 2);
    assert_true(seen.states[0].up);
    assert_false(seen.states[1].up);
    assert_true(pk_link_lost_ms(seen.watch) >= 2500);
    finish();
}

static void test_neighbour(void **state)
{
    (void)state;
    begin(UP);
    seen.stop_at_neighbour = true;
    run(&seen, 0, 3000,
            "(sleep 0.5; ip neigh replace 192.0.2.66 lladdr 02:00:00:00:00:67 dev va; "
            "ip neigh replace 192.0.2.1 lladdr 02:00:00:00:00:66 dev va) >/dev/null 2>&1 &");
    assert_int_equal(seen.neighbours, 1); /* the other neighbour's change is none of ours */
    assert_memory_equal(seen.neighbour, ((uint8_t[]){ 2, 0, 0, 0, 0, 0x66 }), 6);
    finish();
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_join),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_short_loss),
        cmocka_unit_test(test_loss),
        cmocka_unit_test(test_neighbour),
    };

    if (unshare(CLONE_NEWNET) < 0) {
        if (geteuid() != 0) { /* once more, as root of a user namespace */
            execlp("unshare", "unshare", "--user", "--map-root-user", argv[0], (char *)NULL);
        }
        puts("1..0 # SKIP needs the right to make a network namespace");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
