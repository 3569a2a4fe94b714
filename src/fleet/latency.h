/* latency.h - many durations and their percentiles. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <jansson.h>

struct pk_latency {
    double *ms;
    size_t count;
    size_t room;
};

/* Lost when memory is short: a measurement, not a promise. */
void pk_latency_add(struct pk_latency *latency, double ms);
/* {"n","p50","p90","p99","max"} in ms; sorts. The caller owns it. */
json_t *pk_latency_json(struct pk_latency *latency);
void pk_latency_finish(struct pk_latency *latency);

/* Monotonic, in ms with fractions. */
double pk_latency_now(void);
