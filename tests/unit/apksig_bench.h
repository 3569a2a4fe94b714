/* apksig_bench.h - APKs of tests/data/apksig under test, and changes to their signing blocks. */
#pragma once

#include "check.h"
#include "formats/android/apksig.h"

/* One verification. */
struct apksig_bench {
    struct pk_arena *arena;
    struct pk_anomalies anomalies;
    struct pk_zip zip;
    struct pk_zip_bytes manifest;
    struct pk_apksig_result result;
    bool opened; /* false: no archive at all */
    int rc;
};

/* What is asked. */
struct apksig_ask {
    int min_sdk;
    int max_sdk;
    const char *stamp_cert;
    struct pk_slice idsig;
};

/* tests/data/apksig/NAME in an exact heap block; the caller frees ptr. Ends the test when it is not there. */
struct pk_slice apksig_load(const char *name);

/* arena_max 0: as much as a scan has. End it with apksig_bench_close(). */
void apksig_bench_open(
        struct apksig_bench *b, struct pk_slice file, struct apksig_ask ask, size_t arena_max);
void apksig_bench_close(struct apksig_bench *b);

bool apksig_has_issue(const struct apksig_bench *b, const char *name, bool error);
bool apksig_has_anomaly(const struct apksig_bench *b, enum pk_anomaly_id id);

/* The APK with one more pair in its signing block, before or after the others; the caller frees ptr. */
struct pk_slice apksig_add_pair(
        struct pk_slice apk, uint32_t id, struct pk_slice value, bool first);
