/* bench_hazard - what a sighting and a prediction of risk cost.
 *
 *   bench_hazard [DEVICES]
 *
 * Devices (100,000) with some forty sightings each over eight weeks; then every device is predicted, five times. One
 * JSON line: nanoseconds a sighting (midnights included), a prediction (the fastest round), bytes a device. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "risk/hazard.h"

#define DEVICES  100000UL
#define DAYS     56LL
#define ROUNDS   5
#define DAY_S    86400
#define FIRST    (20000LL * DAY_S)
#define MARGIN_S 1e9

struct sum {
    const struct pk_hazard *hazard;
    int64_t now_s;
    double p;
    size_t count;
};

/* Processor time: the machine may have other work. */
static double now_ns(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static uint32_t dice(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33);
}

static void predict(void *ctx, uint64_t device, int64_t enrolled_s)
{
    struct sum *sum = ctx;
    struct pk_hazard_prediction is;

    (void)enrolled_s;
    if (pk_hazard_predict(sum->hazard, device, sum->now_s, &is)) {
        sum->p += is.p7;
        sum->count++;
    }
}

static size_t live(struct pk_hazard *h, size_t devices)
{
    static const struct pk_hazard_voice voice = { .weight = 1, .record = 0.9F, .visits = 3 };
    uint64_t seed = 1;
    size_t sightings = 0;

    for (int64_t day = 0; day < DAYS; day++) {
        for (size_t device = 1; device <= devices; device++) {
            struct pk_crowd_opinion opinion = { .log_odds = -INFINITY };
            struct pk_sighting s = { .device = device,
                .at_s = FIRST + day * DAY_S + (int64_t)device % DAY_S,
                .kind = PK_SIGHTING_NETWORK };
            uint32_t place = dice(&seed) % 1000;

            if (day != 0 && dice(&seed) % 10 < 3) {
                continue;
            }
            if (day == 0) {
                s.kind = PK_SIGHTING_DEVICE;
                s.enrolment.enrolled_s = FIRST - 60L * DAY_S;
            } else {
                s.place = 100 + place;
                s.city = 1 + place / 40;
                s.network.network = 1 + dice(&seed) % 50000;
                s.network.security = (uint8_t)(dice(&seed) % 4);
                opinion.after = opinion.hard = dice(&seed) % 200 == 0;
            }
            sightings++;
            if (pk_hazard_take(h, &s, &opinion, &voice) < 0) {
                return 0;
            }
        }
    }
    return sightings;
}

int main(int argc, char **argv)
{
    size_t devices = argc > 1 ? strtoul(argv[1], NULL, 10) : DEVICES;
    struct pk_hazard *h = NULL;
    struct pk_hazard_count count;
    struct sum sum = { .now_s = FIRST + DAYS * DAY_S };
    double from;
    double best = MARGIN_S;
    double taking;
    size_t sightings;

    if (pk_hazard_create(NULL, &h, NULL) < 0) {
        return 3;
    }
    from = now_ns();
    sightings = live(h, devices);
    taking = now_ns() - from;
    sum.hazard = h;
    for (int round = 0; round < ROUNDS; round++) {
        from = now_ns();
        sum.p = 0;
        sum.count = 0;
        pk_hazard_each(h, predict, &sum);
        best = fmin(best, (now_ns() - from) / (double)(sum.count != 0 ? sum.count : 1));
    }
    pk_hazard_count(h, &count);
    (void)printf("{\"devices\":%zu,\"sightings\":%zu,\"take_ns\":%.0f,\"predict_ns\":%.0f,"
                 "\"device_bytes\":%llu,\"bytes_each\":%.0f,\"mean_p7\":%.4f}\n",
            devices, sightings, taking / (double)(sightings != 0 ? sightings : 1), best,
            (unsigned long long)count.device_bytes, (double)count.bytes / (double)devices,
            sum.count != 0 ? sum.p / (double)sum.count : 0);
    pk_hazard_destroy(h);
    return 0;
}
