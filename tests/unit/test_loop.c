/* Timers, descriptors, signals and jobs of the agent's loop, on real descriptors. */
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "agent/loop.h"
#include "check.h"

struct seen {
    struct pk_loop *loop;
    char order[16];
    size_t count;
    struct pk_timer a, b, c;
    int pipe[2];
    atomic_int running, most;
    int jobs_done;
};

static void note(struct seen *s, char what)
{
    assert_true(s->count < sizeof(s->order) - 1);
    s->order[s->count++] = what;
}

static void on_a(void *ctx)
{
    note(ctx, 'a');
}

static void on_b(void *ctx)
{
    note(ctx, 'b');
}

static void on_stop(void *ctx)
{
    struct seen *s = ctx;

    pk_loop_stop(s->loop);
}

static struct seen *set_up(struct seen *s)
{
    *s = (struct seen){ 0 };
    assert_int_equal(pk_loop_create(&s->loop, NULL), PK_OK);
    return s;
}

static void run(struct seen *s)
{
    struct pk_timer limit;

    pk_timer_init(&limit, on_stop, s);
    pk_loop_arm(s->loop, &limit, 5000);
    assert_int_equal(pk_loop_run(s->loop, NULL), PK_OK);
    pk_loop_disarm(s->loop, &limit);
}

static void test_timers(void **state)
{
    struct seen s;

    (void)state;
    set_up(&s);
    pk_timer_init(&s.a, on_a, &s);
    pk_timer_init(&s.b, on_b, &s);
    pk_timer_init(&s.c, on_stop, &s);
    pk_loop_arm(s.loop, &s.c, 60);
    pk_loop_arm(s.loop, &s.b, 30);
    pk_loop_arm(s.loop, &s.a, 90);
    pk_loop_arm(s.loop, &s.a, 10); /* moved */
    pk_loop_arm_sooner(s.loop, &s.a, 40);
    run(&s);
    assert_string_equal(s.order, "ab");
    pk_loop_destroy(s.loop);
}

static void test_disarm(void **state)
{
    struct seen s;

    (void)state;
    set_up(&s);
    pk_timer_init(&s.a, on_a, &s);
    pk_timer_init(&s.c, on_stop, &s);
    pk_loop_arm(s.loop, &s.a, 5);
    pk_loop_arm(s.loop, &s.c, 30);
    pk_loop_disarm(s.loop, &s.a);
    assert_false(s.a.armed);
    run(&s);
    assert_int_equal(s.count, 0);
    pk_loop_destroy(s.loop);
}

static void on_pipe(void *ctx, uint32_t events)
{
    struct seen *s = ctx;

    note(s, events & EPOLLIN ? 'i' : '?');
    pk_loop_remove(s->loop, s->pipe[0]); /* from inside its own callback */
    pk_loop_arm(s->loop, &s->c, 20);
}

static void test_descriptor(void **state)
{
    struct seen s;

    (void)state;
    set_up(&s);
    pk_timer_init(&s.c, on_stop, &s);
    assert_int_equal(pipe(s.pipe), 0);
    assert_int_equal(pk_loop_add(s.loop, s.pipe[0], EPOLLIN, on_pipe, &s, NULL), PK_OK);
    assert_int_equal(pk_loop_add(s.loop, s.pipe[0], EPOLLIN, on_pipe, &s, NULL), PK_EEXIST);
    assert_int_equal(write(s.pipe[1], "x", 1), 1);
    run(&s);
    assert_string_equal(s.order, "i"); /* still readable, but no longer watched */
    pk_loop_destroy(s.loop);
    (void)close(s.pipe[0]);
    (void)close(s.pipe[1]);
}

static void on_usr1(void *ctx, int signo)
{
    struct seen *s = ctx;

    assert_int_equal(signo, SIGUSR1);
    note(s, 's');
    pk_loop_stop(s->loop);
}

static void test_signal(void **state)
{
    struct seen s;

    (void)state;
    set_up(&s);
    assert_int_equal(pk_loop_signal(s.loop, SIGUSR2, on_usr1, &s, NULL), PK_OK);
    assert_int_equal(pk_loop_signal(s.loop, SIGUSR1, on_usr1, &s, NULL), PK_OK);
    kill(getpid(), SIGUSR1);
    run(&s);
    assert_string_equal(s.order, "s");
    pk_loop_destroy(s.loop);
}

static void job(void *ctx)
{
    struct seen *s = ctx;
    int now = atomic_fetch_add(&s->running, 1) + 1;
    int most = atomic_load(&s->most);

    while (now > most && !atomic_compare_exchange_weak(&s->most, &most, now)) {
    }
    usleep(20000);
    atomic_fetch_sub(&s->running, 1);
}

static void job_done(void *ctx)
{
    struct seen *s = ctx;

    if (++s->jobs_done == 3 * PK_LOOP_THREADS) {
        pk_loop_stop(s->loop);
    }
}

static void test_jobs(void **state)
{
    struct seen s;

    (void)state;
    set_up(&s);
    for (int i = 0; i < 3 * PK_LOOP_THREADS; i++) {
        assert_int_equal(pk_loop_work(s.loop, job, job_done, &s, NULL), PK_OK);
    }
    run(&s);
    assert_int_equal(s.jobs_done, 3 * PK_LOOP_THREADS);
    assert_int_equal(atomic_load(&s.most), PK_LOOP_THREADS);
    assert_int_equal(pk_loop_work(s.loop, job, job_done, &s, NULL), PK_EBUSY);
    pk_loop_destroy(s.loop);
}

static void wait_for_cancel(void *ctx)
{
    struct seen *s = ctx;
    struct pollfd fd = { .fd = pk_loop_cancel_fd(s->loop), .events = POLLIN };

    assert_int_equal(poll(&fd, 1, 5000), 1);
}

static void test_cancel(void **state)
{
    struct seen s;
    int accepted = 0;

    (void)state;
    set_up(&s);
    while (pk_loop_work(s.loop, wait_for_cancel, job_done, &s, NULL) == PK_OK) {
        accepted++;
    }
    assert_int_equal(accepted, PK_LOOP_THREADS + PK_LOOP_JOBS);
    pk_loop_destroy(s.loop);
    assert_int_equal(s.jobs_done, accepted); /* each ctx came back */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timers),
        cmocka_unit_test(test_disarm),
        cmocka_unit_test(test_descriptor),
        cmocka_unit_test(test_signal),
        cmocka_unit_test(test_jobs),
        cmocka_unit_test(test_cancel),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
