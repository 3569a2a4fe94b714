/* bench_store - what a report of 20 observations costs the store and the journal.
 *
 *   bench_store URL_OF_STORE URL_OF_JOURNAL [REPORTS]
 *
 * Both databases must be empty. Prints one line a figure: wall time, and CPU time of this process
 * (for PostgreSQL the server's own CPU is not in it). */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/crypt.h"
#include "base/zpack.h"
#include "journal/journal.h"
#include "store/db.h"
#include "store/store.h"

#define DEVICES      2000
#define OBSERVATIONS 20
#define COMMIT_EVERY 64 /* reports of one transaction of the pipeline */
#define NOW          INT64_C(1795000000000)

static struct pk_error err;

static void must(int rc)
{
    if (rc < 0) {
        (void)fprintf(stderr, "bench_store: %s (%s)\n", err.text, pk_code_text(rc));
        _exit(3); /* the writer may still be running */
    }
}

static double seconds(clockid_t clock)
{
    struct timespec t;

    (void)clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct stopwatch {
    double wall;
    double cpu;
};

static struct stopwatch start(void)
{
    return (struct stopwatch){ seconds(CLOCK_MONOTONIC), seconds(CLOCK_PROCESS_CPUTIME_ID) };
}

static void stop(const struct stopwatch *from, const char *what, int count)
{
    double wall = seconds(CLOCK_MONOTONIC) - from->wall;
    double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - from->cpu;

    (void)printf("%-44s %7d in %6.2f s: %8.0f/s, %6.1f us CPU each\n", what, count, wall,
            (double)count / wall, cpu * 1e6 / (double)count);
}

static void device_id(int i, char out[PK_ID_TEXT])
{
    (void)snprintf(out, PK_ID_TEXT, "%08x-0000-4000-8000-%012d", (unsigned)i * 2654435761U, i);
}

/* ---- the journal ---- */

static struct pk_slice pack(const char *text, struct pk_buffer *out)
{
    struct pk_zpack *z = pk_zpack_create(pk_zpack_report_dictionary(), 3);

    must(z == NULL ? PK_ENOMEM : pk_zpack_pack(z, pk_slice_str(text), out));
    pk_zpack_destroy(z);
    return pk_buffer_slice(out);
}

static char *report_text(void)
{
    json_t *list = json_array();
    json_t *report;
    char *text;

    for (int i = 1; i <= OBSERVATIONS; i++) {
        char noise[2 * 20 + 1]; /* real reports shrink to about a fifth */

        pk_random_hex(20, noise);
        (void)json_array_append_new(list,
                json_pack("{s:i, s:s, s:s, s:s, s:{s:s, s:i, s:s, s:s, s:s}}", "seq", i, "at",
                        "2026-11-18T11:06:40.000Z", "kind", "tls", "on", "net-0123456789abcdef",
                        "tls", "host", "canary.example.org", "port", 443, "address", noise,
                        "outcome", "ok", "version", "TLSv1.3"));
    }
    report = json_pack("{s:i, s:o}", "v", 1, "observations", list);
    text = pk_json_text(report);
    json_decref(report);
    return text;
}

static struct pk_entry *make_entry(int number, struct pk_slice packed)
{
    struct pk_arena *arena = pk_arena_create((size_t)1 << 16);
    struct pk_entry *e = arena == NULL ? NULL : pk_arena_alloc(arena, 1, sizeof(*e));
    struct pk_observation *items;
    char id[PK_ID_TEXT];

    must(e == NULL ? PK_ENOMEM : PK_OK);
    device_id(number % DEVICES, id);
    items = pk_arena_alloc(arena, OBSERVATIONS, sizeof(*items));
    for (int i = 0; i < OBSERVATIONS; i++) {
        items[i].seq = (int64_t)(number / DEVICES) * OBSERVATIONS + i + 1;
    }
    e->arena = arena;
    e->device = pk_arena_strdup(arena, id);
    e->received_ms = NOW;
    e->last_seq = items[OBSERVATIONS - 1].seq;
    e->packed = packed;
    e->report.observations = (struct pk_array){ items, OBSERVATIONS };
    return e;
}

static _Atomic int stored;

static void on_done(
        struct pk_entry *entry, enum pk_append_result result, int rc, int64_t acked_seq, void *ctx)
{
    must(result == PK_APPEND_STORED ? PK_OK : PK_EIO);
    atomic_fetch_add(&stored, 1);
    pk_entry_destroy(entry);
}

static void bench_journal(const char *url, int reports)
{
    struct pk_buffer buffer = pk_buffer_of((size_t)1 << 20);
    char *text = report_text();
    struct pk_slice packed = pack(text, &buffer);
    struct pk_journal *journal;
    struct stopwatch from;

    (void)printf("report: %d observations, %zu bytes of JSON, %zu packed\n", OBSERVATIONS,
            strlen(text), packed.len);
    must(pk_journal_open(url, &journal, &err));
    from = start();
    for (int i = 0; i < reports; i++) {
        struct pk_entry *entry = make_entry(i, packed);

        while (pk_journal_append(journal, entry, on_done, NULL) == PK_EBUSY) {
            (void)usleep(200);
        }
    }
    while (atomic_load(&stored) < reports) {
        (void)usleep(200);
    }
    stop(&from, "journal: reports made durable", reports);
    pk_journal_close(journal);
    free(text);
    pk_buffer_finish(&buffer);
}

/* ---- the store ---- */

static void add_devices(struct pk_store *store)
{
    json_t *risk = json_pack("{s:i, s:s, s:s, s:[{s:s, s:f, s:s}]}", "score", 12, "level", "low",
            "at", "2026-11-18T11:06:40.000Z", "parts", "vector", "vulnerability", "points", 12.0,
            "reason", "Security updates wait for 9 days");
    json_t *posture = json_pack("{s:s, s:s, s:s, s:s, s:b, s:b, s:[]}", "platform", "linux",
            "os_name", "Debian GNU/Linux", "os_version", "12 (bookworm)", "kernel", "6.1.0-18",
            "disk_encrypted", 1, "screen_lock", 1, "root_signs");
    json_t *network = json_pack("{s:s, s:s, s:s, s:s, s:[s,s]}", "id", "net-0123456789abcdef",
            "kind", "wifi", "security", "wpa2", "gateway", "192.0.2.1", "dns", "192.0.2.1",
            "192.0.2.2");

    must(pk_store_begin(store, &err));
    for (int i = 0; i < DEVICES; i++) {
        char id[PK_ID_TEXT];
        struct pk_device d = { .id = id,
            .name = id,
            .group = "default",
            .risk = risk,
            .posture = posture,
            .network = network };

        device_id(i, id);
        must(pk_device_add(store, &d, &err));
    }
    must(pk_store_commit(store, &err));
    json_decref(risk);
    json_decref(posture);
    json_decref(network);
}

static void one_report(struct pk_store *store, int i, bool seen_only)
{
    struct pk_arena *arena = pk_arena_create((size_t)1 << 20);
    struct pk_device device;
    struct pk_array open;
    char id[PK_ID_TEXT];

    device_id(i % DEVICES, id);
    must(pk_device_get(store, id, arena, &device, &err));
    must(pk_incident_open_of(store, id, NULL, arena, &open, &err));
    device.seen_ms = NOW + i;
    device.acked_seq += OBSERVATIONS;
    if (seen_only) {
        must(pk_device_put_seen(store, id, device.seen_ms, device.acked_seq, &err));
    } else {
        must(pk_device_put_state(store, &device, &err));
    }
    must(pk_progress_put(store, i % PK_PARTITIONS, i, &err));
    pk_arena_destroy(arena);
}

static void bench_reports(struct pk_store *store, const char *what, int reports, bool seen_only)
{
    struct stopwatch from = start();

    for (int i = 0; i < reports; i++) {
        if (i % COMMIT_EVERY == 0) {
            must(pk_store_begin(store, &err));
        }
        one_report(store, i, seen_only);
        if (i % COMMIT_EVERY == COMMIT_EVERY - 1 || i == reports - 1) {
            must(pk_store_commit(store, &err));
        }
    }
    stop(&from, what, reports);
}

int main(int argc, char **argv)
{
    int reports = argc > 3 ? (int)strtol(argv[3], NULL, 10) : 20000;
    struct pk_store *store;

    if (argc < 3 || reports < 1) {
        (void)fprintf(stderr, "usage: bench_store URL_OF_STORE URL_OF_JOURNAL [REPORTS]\n");
        return 2;
    }
    bench_journal(argv[2], reports);
    must(pk_store_open(argv[1], &store, &err));
    add_devices(store);
    bench_reports(store, "store: report that changes nothing, put_state", reports, false);
    bench_reports(store, "store: report that changes nothing, put_seen", reports, true);
    pk_store_close(store);
    return 0;
}
