/* bench_foresee - what a midnight costs the store: every device's prediction with its reasons, its risk fused anew and
 * its policy worked out, 32 devices in a transaction, as the crowd's thread does.
 *
 *   bench_foresee URL_OF_STORE [DEVICES]
 *
 * The database must be empty; the built-in policy holds. Prints wall time and CPU time of this process. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "pipeline/pipeline.h"
#include "risk/foresight.h"

#define AT_ONCE 32
#define NOW     INT64_C(1795392000000)

static struct pk_error err;

static void must(int rc)
{
    if (rc < 0) {
        (void)fprintf(stderr, "bench_foresee: %s (%s)\n", err.text, pk_code_text(rc));
        _exit(3);
    }
}

static double seconds(clockid_t clock)
{
    struct timespec t;

    (void)clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void id_of(int i, char out[40])
{
    (void)snprintf(out, 40, "%08x-0000-4000-8000-000000000000", (unsigned)i * 2654435761U);
}

static void enrol(struct pk_store *store, int count)
{
    must(pk_store_begin(store, &err));
    for (int i = 0; i < count; i++) {
        char id[40];
        struct pk_device device = { .id = id,
            .name = "device",
            .group = "default",
            .enrolled_ms = NOW - INT64_C(40) * 86400000,
            .seen_ms = NOW - 3600000 };

        id_of(i, id);
        must(pk_device_add(store, &device, &err));
    }
    must(pk_store_commit(store, &err));
}

static void tell(const struct pk_pipeline *pipeline, struct pk_store *store, int i, int round)
{
    struct pk_foresight_reason reasons[3] = {
        { "joins open networks about 4.1 times a week, 2.3 times as often as a typical device", 2.1,
                "Use mobile data or the VPN: -1.4 points" },
        { "apps from outside the official stores: 2 in the last month", 0.9, NULL },
        { "no attack on it in 31 days", -1.2, NULL },
    };
    struct pk_foresight f = { .at_ms = NOW + round,
        .p7 = 0.01 + 0.0001 * (i % 1000) + 0.01 * round,
        .p30 = 0.2,
        .reasons = { .items = reasons, .count = 3 } };
    struct pk_pipeline_news news = { 0 };
    char id[40];

    f.outlook = pk_outlook_of(f.p7, PK_OUTLOOK_UNKNOWN);
    id_of(i, id);
    must(pk_pipeline_foresee(pipeline, store, id, &f, NOW + round, &news, &err));
}

int main(int argc, char **argv)
{
    int count = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 100000;
    struct pk_pipeline pipeline = { 0 };
    struct pk_policy *policy;
    struct pk_slice text = pk_policy_default_text();
    struct pk_store *store;

    if (argc < 2 || count < 1) {
        (void)fprintf(stderr, "usage: bench_foresee URL [DEVICES]\n");
        return 2;
    }
    must(pk_policy_parse("default", (const char *)text.ptr, text.len, &policy, &err));
    pipeline.policy = policy;
    must(pk_store_open(argv[1], &store, &err));
    enrol(store, count);
    for (int round = 0; round < 2; round++) {
        double wall = seconds(CLOCK_MONOTONIC);
        double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);

        for (int i = 0; i < count; i++) {
            if (i % AT_ONCE == 0) {
                must(pk_store_begin(store, &err));
            }
            tell(&pipeline, store, i, round);
            if (i % AT_ONCE == AT_ONCE - 1 || i == count - 1) {
                must(pk_store_commit(store, &err));
            }
        }
        wall = seconds(CLOCK_MONOTONIC) - wall;
        cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
        (void)printf("%s: %d devices in %.2f s, %.1f us CPU each\n", round == 0 ? "first" : "again",
                count, wall, cpu * 1e6 / count);
    }
    pk_store_close(store);
    pk_policy_destroy(policy);
    return 0;
}
