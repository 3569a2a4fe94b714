#include "fleet/latency.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

void pk_latency_add(struct pk_latency *latency, double ms)
{
    if (latency->count == latency->room) {
        size_t room = latency->room == 0 ? 4096 : 2 * latency->room;
        double *grown = reallocarray(latency->ms, room, sizeof(*grown));

        if (grown == NULL) {
            return;
        }
        latency->ms = grown;
        latency->room = room;
    }
    latency->ms[latency->count++] = ms;
}

static int ascending(const void *a, const void *b)
{
    const double *x = a;
    const double *y = b;

    return *x < *y ? -1 : *x > *y;
}

/* Nearest rank, to a hundredth of a millisecond. */
static double at(const struct pk_latency *latency, double part)
{
    size_t rank = latency->count == 0 ? 0 : (size_t)(part * (double)(latency->count - 1) + 0.5);

    return latency->count == 0 ? 0 : floor(latency->ms[rank] * 100 + 0.5) / 100;
}

json_t *pk_latency_json(struct pk_latency *latency)
{
    if (latency->count > 0) {
        qsort(latency->ms, latency->count, sizeof(*latency->ms), ascending);
    }
    return json_pack("{s:I, s:f, s:f, s:f, s:f}", "n", (json_int_t)latency->count, "p50",
            at(latency, 0.5), "p90", at(latency, 0.9), "p99", at(latency, 0.99), "max",
            at(latency, 1.0));
}

void pk_latency_finish(struct pk_latency *latency)
{
    free(latency->ms);
    *latency = (struct pk_latency){ 0 };
}

double pk_latency_now(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec * 1000.0 + (double)ts.tv_nsec / 1e6;
}
