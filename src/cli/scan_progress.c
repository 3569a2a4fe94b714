#include "cli/scan_progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

#define LEAST_FILES 4
#define BAR_WIDTH   24U
#define EVERY_MS    100

struct pk_scan_progress pk_scan_progress_begin(size_t total)
{
    return (struct pk_scan_progress){
        .on = total >= LEAST_FILES && isatty(STDERR_FILENO) == 1,
        .total = total,
        .begun_ms = pk_clock_monotonic_ms(),
    };
}

void pk_scan_progress_show(struct pk_scan_progress *p, size_t done, size_t bad)
{
    int64_t now_ms = pk_clock_monotonic_ms();
    double rate;
    char bar[BAR_WIDTH + 1];

    if (!p->on || now_ms - p->drawn_ms < EVERY_MS) {
        return;
    }
    p->drawn_ms = now_ms;
    rate = now_ms > p->begun_ms ? (double)done * 1000.0 / (double)(now_ms - p->begun_ms) : 0;
    for (size_t i = 0; i < BAR_WIDTH; i++) {
        bar[i] = i < done * BAR_WIDTH / p->total ? '#' : '.';
    }
    bar[BAR_WIDTH] = '\0';
    (void)fprintf(stderr, "\r\033[K[%s] %zu of %zu", bar, done, p->total);
    if (rate > 0) {
        int64_t left_s = (int64_t)((double)(p->total - done) / rate);

        (void)fprintf(stderr, ", %.0f a second, %" PRId64 ":%02" PRId64 " left", rate, left_s / 60,
                left_s % 60);
    }
    if (bad > 0) {
        (void)fprintf(stderr, ", %zu with bad news", bad);
    }
    (void)fflush(stderr);
    p->shown = true;
}

void pk_scan_progress_clear(struct pk_scan_progress *p)
{
    if (p->shown) {
        (void)fputs("\r\033[K", stderr);
        (void)fflush(stderr);
        p->shown = false;
    }
}
