/* The thread that looks, rests and looks again: by its time, when it is woken, after a failure, and to its end. */
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/clock.h"
#include "check.h"
#include "server/ticker.h"

#define PATIENCE_MS (20 * PK_SECOND_MS)

struct job {
    atomic_int looks;
    atomic_int fails; /* so many looks fail from now on */
    int64_t rest_ms;
};

#define assert_fine(call) assert_int_equal(call, PK_OK)

static struct pk_error err;

static int64_t look(void *ctx, struct pk_error *e)
{
    struct job *job = ctx;

    atomic_fetch_add(&job->looks, 1);
    if (atomic_load(&job->fails) > 0) {
        atomic_fetch_sub(&job->fails, 1);
        return pk_error_set(e, PK_EIO, "on purpose");
    }
    return job->rest_ms;
}

static bool comes_to(struct job *job, int looks)
{
    int64_t end_ms = pk_clock_monotonic_ms() + PATIENCE_MS;

    while (atomic_load(&job->looks) < looks && pk_clock_monotonic_ms() < end_ms) {
        (void)poll(NULL, 0, 2);
    }
    return atomic_load(&job->looks) >= looks;
}

static struct pk_ticker *start(struct job *job, int64_t retry_ms)
{
    const struct pk_ticker_job what = {
        .look = look, .ctx = job, .stuck = "test.stuck", .retry_ms = retry_ms
    };
    struct pk_ticker *ticker = NULL;

    assert_fine(pk_ticker_create(&what, &ticker, &err));
    assert_int_equal(atomic_load(&job->looks), 0);
    assert_fine(pk_ticker_start(ticker, &err));
    return ticker;
}

static void test_by_time(void **state)
{
    struct job job = { .rest_ms = 1 };
    struct pk_ticker *ticker = start(&job, PATIENCE_MS * 10);

    (void)state;
    assert_true(comes_to(&job, 5));
    pk_ticker_destroy(ticker);
}

/* It would rest for hours: only who wakes it makes it look, and the end does not wait for it. */
static void test_woken(void **state)
{
    struct job job = { .rest_ms = PK_DAY_MS };
    struct pk_ticker *ticker = start(&job, PK_DAY_MS);
    int64_t began_ms = pk_clock_monotonic_ms();
    int looks;

    (void)state;
    assert_true(comes_to(&job, 1));
    pk_ticker_wake(ticker);
    assert_true(comes_to(&job, 2));
    pk_ticker_stop(ticker);
    looks = atomic_load(&job.looks);
    pk_ticker_wake(ticker);
    pk_ticker_stop(ticker);
    assert_int_equal(atomic_load(&job.looks), looks);
    pk_ticker_destroy(ticker);
    assert_true(pk_clock_monotonic_ms() - began_ms < 3 * PATIENCE_MS);
}

static void test_goes_on_after_failures(void **state)
{
    struct job job = { .rest_ms = PK_DAY_MS };
    struct pk_ticker *ticker;

    (void)state;
    atomic_store(&job.fails, 3);
    ticker = start(&job, 1);
    assert_true(comes_to(&job, 4));
    assert_int_equal(atomic_load(&job.fails), 0);
    pk_ticker_destroy(ticker);
}

static void test_never_started(void **state)
{
    struct job job = { .rest_ms = 1 };
    const struct pk_ticker_job what = { .look = look, .ctx = &job, .stuck = "test.stuck" };
    struct pk_ticker *ticker = NULL;

    (void)state;
    assert_fine(pk_ticker_create(&what, &ticker, &err));
    pk_ticker_wake(ticker);
    pk_ticker_stop(ticker);
    pk_ticker_destroy(ticker);
    assert_int_equal(atomic_load(&job.looks), 0);
    pk_ticker_wake(NULL);
    pk_ticker_stop(NULL);
    pk_ticker_destroy(NULL);
}

static void test_after(void **state)
{
    static const int64_t rows[] = { 0, 1, 999, 1000, 1001, 86400999 };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct timespec before;
        struct timespec at;
        int64_t gap_ms;

        (void)clock_gettime(CLOCK_MONOTONIC, &before);
        at = pk_clock_after(rows[i]);
        assert_in_range(at.tv_nsec, 0, 999999999);
        gap_ms = (int64_t)(at.tv_sec - before.tv_sec) * 1000 +
                (at.tv_nsec - before.tv_nsec) / 1000000;
        assert_true(gap_ms >= rows[i] && gap_ms < rows[i] + PATIENCE_MS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_time),
        cmocka_unit_test(test_woken),
        cmocka_unit_test(test_goes_on_after_failures),
        cmocka_unit_test(test_never_started),
        cmocka_unit_test(test_after),
    };

    return cmocka_run_group_tests_name("ticker", tests, NULL, NULL);
}
