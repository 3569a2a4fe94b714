/* bench_intel - what a look-up in a set of indicators costs, beside an indexed table of SQLite in memory.
 *
 *   bench_intel SET [LOOKUPS]
 *
 * For each kind: values of the set in random order (hits), the same with one character changed (misses), and for
 * domains two labels before them. One JSON line a kind; nanoseconds for each look-up, the fastest of five rounds. */
#include <jansson.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/error.h"
#include "intel/set.h"

#define ROUNDS   5
#define VALUES   20000UL
#define MEMORY   (512UL * 1024 * 1024)
#define MARGIN_S 1e9

struct sample {
    const char **hit;
    const char **miss;
    const char **below; /* domains: "a.b." before them */
    size_t count;
};

/* Processor time: the machine may have other work. */
static double now_ns(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* The same sequence each time: runs are compared. */
static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* A character of the last label, path or digit changes into another of its sort. */
static char *changed(struct pk_arena *arena, const char *value)
{
    char *copy = pk_arena_strdup(arena, value);
    size_t at = strlen(copy) / 2;

    while (at > 0 && strchr("0123456789abcdefghijklmnopqrstuvwxyz", copy[at]) == NULL) {
        at--;
    }
    copy[at] = copy[at] == '9' ? '8' : copy[at] == 'f' ? 'e' : copy[at] >= 'a' ? 'f' : '9';
    return copy;
}

static void take_sample(const struct pk_intel_set *set, int kind, size_t want,
        struct pk_arena *arena, struct sample *out)
{
    uint64_t state = 88172645463325252;
    size_t rows = pk_intel_row_count(set);
    struct pk_intel_hit hit;

    out->hit = pk_arena_alloc(arena, want, sizeof(char *));
    out->miss = pk_arena_alloc(arena, want, sizeof(char *));
    out->below = pk_arena_alloc(arena, want, sizeof(char *));
    for (size_t tries = 0; out->count < want && tries < want * 100; tries++) {
        (void)pk_intel_row_at(set, next_random(&state) % rows, &hit);
        if (hit.good || (int)hit.kind != kind) {
            continue;
        }
        out->hit[out->count] = pk_arena_strdup(arena, hit.indicator);
        out->miss[out->count] = changed(arena, hit.indicator);
        out->below[out->count] = pk_arena_printf(arena, "cdn.a1.%s", hit.indicator);
        out->count++;
    }
}

/* Nanoseconds for each look-up; *found counts over one round. */
static double run_set(const struct pk_intel_set *set, int kind, const char **values, size_t count,
        size_t lookups, size_t *found)
{
    double best = MARGIN_S;

    for (int round = 0; round < ROUNDS; round++) {
        struct pk_intel_hit hit;
        double start = now_ns();
        size_t n = 0;

        for (size_t i = 0; i < lookups; i++) {
            n += pk_intel_find(set, (enum pk_intel_kind)kind, values[i % count], &hit) ? 1 : 0;
        }
        start = (now_ns() - start) / (double)lookups;
        best = start < best ? start : best;
        *found = n;
    }
    return best;
}

static sqlite3_stmt *fill_table(sqlite3 *db, const struct pk_intel_set *set)
{
    sqlite3_stmt *put = NULL;
    sqlite3_stmt *get = NULL;
    struct pk_intel_hit hit;

    (void)sqlite3_exec(db,
            "CREATE TABLE i(kind INTEGER, value TEXT, family TEXT, source TEXT,"
            " PRIMARY KEY(kind, value)) WITHOUT ROWID; BEGIN",
            NULL, NULL, NULL);
    (void)sqlite3_prepare_v2(db, "INSERT OR IGNORE INTO i VALUES(?,?,?,?)", -1, &put, NULL);
    for (size_t i = 0; pk_intel_row_at(set, i, &hit); i++) {
        if (hit.good) {
            continue;
        }
        (void)sqlite3_bind_int(put, 1, (int)hit.kind);
        (void)sqlite3_bind_text(put, 2, hit.indicator, -1, SQLITE_STATIC);
        (void)sqlite3_bind_text(put, 3, hit.family, -1, SQLITE_STATIC);
        (void)sqlite3_bind_text(put, 4, hit.source, -1, SQLITE_STATIC);
        (void)sqlite3_step(put);
        (void)sqlite3_reset(put);
    }
    (void)sqlite3_finalize(put);
    (void)sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    (void)sqlite3_prepare_v2(
            db, "SELECT family, source FROM i WHERE kind=? AND value=?", -1, &get, NULL);
    return get;
}

static double run_table(
        sqlite3_stmt *get, int kind, const char **values, size_t count, size_t lookups)
{
    double best = MARGIN_S;

    for (int round = 0; round < ROUNDS; round++) {
        double start = now_ns();

        for (size_t i = 0; i < lookups; i++) {
            (void)sqlite3_bind_int(get, 1, kind);
            (void)sqlite3_bind_text(get, 2, values[i % count], -1, SQLITE_STATIC);
            (void)sqlite3_step(get);
            (void)sqlite3_reset(get);
        }
        start = (now_ns() - start) / (double)lookups;
        best = start < best ? start : best;
    }
    return best;
}

static void measure(const struct pk_intel_set *set, sqlite3_stmt *get, int kind, size_t lookups)
{
    struct pk_arena *arena = pk_arena_create(MEMORY);
    struct sample s = { 0 };
    size_t found = 0;
    size_t none = 0;
    size_t below = 0;
    json_t *o;
    double hit;
    double miss;

    take_sample(set, kind, VALUES, arena, &s);
    if (s.count > 0) {
        hit = run_set(set, kind, s.hit, s.count, lookups, &found);
        miss = run_set(set, kind, s.miss, s.count, lookups, &none);
        o = json_pack("{s:s, s:I, s:f, s:f, s:f, s:f, s:b, s:I}", "kind", pk_intel_kind_name(kind),
                "values", (json_int_t)s.count, "hit_ns", hit, "miss_ns", miss, "sqlite_hit_ns",
                run_table(get, kind, s.hit, s.count, lookups), "sqlite_miss_ns",
                run_table(get, kind, s.miss, s.count, lookups), "all_found", found == lookups,
                "found_of_misses", (json_int_t)none);
        if (kind == PK_INTEL_DOMAIN) {
            (void)json_object_set_new(o, "below_ns",
                    json_real(run_set(set, kind, s.below, s.count, lookups, &below)));
        }
        (void)json_dumpf(o, stdout, JSON_COMPACT);
        (void)putchar('\n');
        json_decref(o);
    }
    pk_arena_destroy(arena);
}

int main(int argc, char **argv)
{
    size_t lookups = argc > 2 ? strtoul(argv[2], NULL, 10) : 200000;
    struct pk_intel_set *set = NULL;
    struct pk_error err = { 0 };
    sqlite3_stmt *get;
    sqlite3 *db = NULL;
    double start = now_ns();

    if (argc < 2 || lookups == 0 || pk_intel_set_load(argv[1], &set, &err) < 0) {
        (void)fprintf(stderr, "bench_intel: %s\n", argc < 2 ? "SET is missing" : err.text);
        return 3;
    }
    (void)printf("{\"load_us\":%.1f", (now_ns() - start) / 1000.0);
    start = now_ns();
    if (pk_intel_set_check(set, &err) < 0) {
        (void)fprintf(stderr, "bench_intel: %s\n", err.text);
        return 3;
    }
    (void)printf(",\"check_ms\":%.1f", (now_ns() - start) / 1e6);
    start = now_ns();
    (void)sqlite3_open(":memory:", &db);
    get = fill_table(db, set);
    (void)printf(",\"sqlite_fill_ms\":%.1f,\"sqlite_bytes\":%lld}\n", (now_ns() - start) / 1e6,
            (long long)sqlite3_memory_used());
    for (int kind = 0; kind < PK_INTEL_KIND_COUNT; kind++) {
        measure(set, get, kind, lookups);
    }
    (void)sqlite3_finalize(get);
    (void)sqlite3_close(db);
    pk_intel_set_destroy(set);
    return 0;
}
