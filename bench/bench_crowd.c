/* bench_crowd - what the crowd's memory costs, on one core.
 *
 *   bench_crowd world FILE            a simulated world (obs.jsonl), read into memory first: a sighting of each kind
 *   bench_crowd keys COUNT FILE       made-up networks, masts and files until there are COUNT keys: cost on the way,
 *                                     memory, then the checkpoint to FILE, back from it, and on
 *   bench_crowd filter COUNT          a device's filter of COUNT access points: a look-up
 *
 * JSON lines. Times are processor time of the thread, but for the spread of single calls and for the checkpoint. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/line_source.h"
#include "cli/sim_line.h"
#include "crowd/crowd.h"
#include "crowd/filter16.h"

#define MEMORY_MAX (16ULL * 1024 * 1024 * 1024)
#define DAY_S      86400
#define FIRST_S    (20500LL * DAY_S)
#define KINDS      6
#define PROBE      200000UL
#define TAG        "bench"

#define THINGS_EACH 25 /* things a device */
#define CHUNK       1000

static const char *const kind_names[KINDS] = { "enrolment", "join", "mast", "app", "posture",
    "incident" };

struct world {
    struct pk_sighting *rows;
    size_t count, room;
};

static double clock_ns(clockid_t clock)
{
    struct timespec t;

    (void)clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double cpu_ns(void)
{
    return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

static double wall_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

static struct pk_crowd *create(void)
{
    struct pk_crowd_settings settings = { .trusting = true, .memory_max = MEMORY_MAX };
    struct pk_crowd *crowd = NULL;

    return pk_crowd_create(&settings, &crowd, NULL) < 0 ? NULL : crowd;
}

static uint64_t keys_of(const struct pk_crowd *crowd, struct pk_crowd_counts *counts)
{
    pk_crowd_count(crowd, counts);
    return counts->points + counts->sites + counts->networks + counts->masts + counts->apps;
}

static void print_memory(const struct pk_crowd *crowd)
{
    struct pk_crowd_counts c;
    uint64_t keys = keys_of(crowd, &c);

    (void)printf("\"keys\":%llu,\"points\":%llu,\"sites\":%llu,\"networks\":%llu,\"masts\":%llu,"
                 "\"files\":%llu,\"devices\":%llu,\"suspects\":%llu,\"bytes\":%llu,"
                 "\"profile_bytes\":%llu",
            (unsigned long long)keys, (unsigned long long)c.points, (unsigned long long)c.sites,
            (unsigned long long)c.networks, (unsigned long long)c.masts, (unsigned long long)c.apps,
            (unsigned long long)c.devices, (unsigned long long)c.suspects,
            (unsigned long long)c.bytes, (unsigned long long)c.point_bytes);
}

/* ---- a simulated world ---- */

static int read_world(const char *file, struct world *out)
{
    struct pk_line_source *source = NULL;
    struct pk_error err = { 0 };
    struct pk_slice text;
    bool more = true;
    int rc = pk_line_source_open(file, &source, &err);

    while (rc == PK_OK) {
        struct pk_sim_line line;

        rc = pk_line_source_next(source, &text, &more, &err);
        if (rc < 0 || !more) {
            break;
        }
        if (text.len == 0) {
            continue;
        }
        if (out->count == out->room) {
            size_t room = out->room != 0 ? out->room * 2 : 65536;
            struct pk_sighting *rows = realloc(out->rows, room * sizeof(*rows));

            if (rows == NULL) {
                rc = pk_error_set(&err, PK_ENOMEM, "out of memory");
                break;
            }
            out->rows = rows;
            out->room = room;
        }
        rc = pk_sim_line_read(text, &line, &err);
        out->rows[out->count] = line.sighting;
        out->count += rc == PK_OK;
    }
    pk_line_source_close(source);
    if (rc < 0) {
        (void)fprintf(stderr, "bench_crowd: '%s' line %zu: %s\n", file, out->count + 1, err.text);
    }
    return rc;
}

/* The whole world with no clock between the calls. Nanoseconds; *bad: sightings whose device was told. */
static double take_all(struct pk_crowd *crowd, const struct world *w, size_t *bad)
{
    struct pk_crowd_opinion opinion;
    double from = cpu_ns();

    *bad = 0;
    for (size_t i = 0; i < w->count; i++) {
        if (pk_crowd_take(crowd, &w->rows[i], &opinion) < 0) {
            return NAN;
        }
        *bad += opinion.after;
    }
    return cpu_ns() - from;
}

static int by_size(const void *a, const void *b)
{
    float x = *(const float *)a;
    float y = *(const float *)b;

    return (x > y) - (x < y);
}

/* The same once more, each call by the clock: what share each kind has, and how they spread. The clock itself costs some
 * 25 ns a call; so the mean of a kind is its share of the unclocked run. */
static int take_each(const struct world *w, double total_ns)
{
    struct pk_crowd *crowd = create();
    struct pk_crowd_opinion opinion;
    float *took[KINDS] = { NULL };
    size_t count[KINDS] = { 0 };
    double sum[KINDS] = { 0 };
    double all = 0;
    int rc = crowd != NULL ? PK_OK : PK_ENOMEM;

    for (int k = 0; k < KINDS && rc == PK_OK; k++) {
        took[k] = malloc(w->count * sizeof(float));
        rc = took[k] != NULL ? PK_OK : PK_ENOMEM;
    }
    for (size_t i = 0; i < w->count && rc == PK_OK; i++) {
        double from = wall_ns();
        double took_ns;
        unsigned k = w->rows[i].kind;

        rc = pk_crowd_take(crowd, &w->rows[i], &opinion);
        took_ns = wall_ns() - from;
        took[k][count[k]++] = (float)took_ns;
        sum[k] += took_ns;
        all += took_ns;
    }
    for (int k = 0; k < KINDS && rc == PK_OK; k++) {
        size_t n = count[k];

        if (n == 0) {
            continue;
        }
        qsort(took[k], n, sizeof(float), by_size);
        (void)printf("{\"kind\":\"%s\",\"count\":%zu,\"mean_us\":%.3f,\"p50_us\":%.3f,"
                     "\"p99_us\":%.3f}\n",
                kind_names[k], n, sum[k] / all * total_ns / 1e3 / (double)n,
                (double)took[k][n / 2] / 1e3, (double)took[k][n - 1 - n / 100] / 1e3);
    }
    for (int k = 0; k < KINDS; k++) {
        free(took[k]);
    }
    pk_crowd_destroy(crowd);
    return rc;
}

/* Asking alone, of the access points and files of the sightings, in their order: what is thought of them now.
 * Microseconds each. */
static double ask_all(
        const struct pk_crowd *crowd, const struct pk_sighting *rows, size_t count, size_t *known)
{
    int64_t now_s = rows[count - 1].at_s;
    struct pk_crowd_opinion opinion;
    size_t asked = 0;
    double from = cpu_ns();

    *known = 0;
    for (size_t i = 0; i < count; i++) {
        const struct pk_sighting *s = &rows[i];
        struct pk_crowd_key key = { 0 };

        if (s->kind == PK_SIGHTING_NETWORK) {
            key = (struct pk_crowd_key){ s->network.network, s->network.point, PK_CROWD_POINT };
        } else if (s->kind == PK_SIGHTING_APP) {
            key = (struct pk_crowd_key){ s->app.file, 0, PK_CROWD_APP };
        } else {
            continue;
        }
        *known += pk_crowd_ask(crowd, &key, now_s, &opinion);
        asked++;
    }
    return (cpu_ns() - from) / 1e3 / (double)(asked != 0 ? asked : 1);
}

static int bench_world(const char *file)
{
    struct world w = { 0 };
    struct pk_crowd *crowd = create();
    size_t bad = 0;
    size_t known = 0;
    double took = NAN;
    double ask_us;

    if (crowd == NULL || read_world(file, &w) < 0 || w.count == 0) {
        pk_crowd_destroy(crowd);
        free(w.rows);
        return 3;
    }
    took = take_all(crowd, &w, &bad);
    (void)printf("{\"kind\":\"all\",\"count\":%zu,\"mean_us\":%.3f,\"per_s\":%.0f,\"told\":%zu,",
            w.count, took / 1e3 / (double)w.count, (double)w.count / took * 1e9, bad);
    print_memory(crowd);
    (void)printf("}\n");
    ask_us = ask_all(crowd, w.rows, w.count, &known);
    (void)printf("{\"kind\":\"ask\",\"known\":%zu,\"mean_us\":%.3f}\n", known, ask_us);
    pk_crowd_destroy(crowd);
    if (take_each(&w, took) < 0) {
        took = NAN;
    }
    free(w.rows);
    return isnan(took) ? 3 : 0;
}

/* ---- made-up keys ---- */

static uint64_t dice(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15); /* SplitMix64: Steele, Lea, Flood 2014 */

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint64_t number(uint64_t of, uint64_t what)
{
    uint64_t state = of * 16 + what;

    return dice(&state) | 1;
}

/* The n-th access point: seven of ten are somebody's own network (a name, a place, one access point), three belong to
 * chains of 200 at 20 places. */
static void make_join(uint64_t n, uint64_t luck, struct pk_sighting *s)
{
    uint64_t name = n % 10 < 7 ? n : (n / 2000) * 10 + n % 10;
    uint64_t site = n % 10 < 7 ? n : (n / 100) * 10 + n % 10;
    struct pk_sight_network *w = &s->network;

    s->kind = PK_SIGHTING_NETWORK;
    s->place = 1024 + (uint32_t)(number(site, 1) % 20000) * 32;
    s->city = s->place & ~1023U;
    w->network = number(name, 2);
    w->point = number(n, 3) & 0xffffffffffff;
    w->gateway = number(site, 4) & 0xffffffffffff;
    w->resolver = (uint32_t)number(number(site, 5) % 40, 6);
    w->lease = (uint32_t)number(number(name, 7) % 200, 8);
    w->egress = 1000 + (uint32_t)(number(site, 9) % 300);
    w->security = n % 10 < 7 ? PK_SIGHT_WPA2 : PK_SIGHT_OPEN;
    w->dbm = (int16_t)(-40 - (int)(luck % 40));
    w->check_count = 3;
    for (uint8_t h = 0; h < w->check_count; h++) {
        w->checks[h] = (struct pk_sight_check){ (uint32_t)number(h, 10), h, PK_SIGHT_INTACT };
    }
}

static void make_mast(uint64_t n, struct pk_sighting *s)
{
    struct pk_sight_mast *m = &s->mast;

    s->kind = PK_SIGHTING_MAST;
    s->place = 1024 + (uint32_t)(number(n / 30, 1) % 20000) * 32;
    s->city = s->place & ~1023U;
    m->cell = number(n, 11) & 0xfffffff;
    m->plmn = 26201 + (uint32_t)(n % 3);
    m->area = 100 + s->place % 4000;
    m->arfcn = 1300 + (uint32_t)(n % 5) * 100;
    m->pci = (uint16_t)(n % 504);
    m->dbm = -90;
    m->neighbours = 4;
    m->radio = 4;
    m->cipher = 2;
}

static void make_app(uint64_t n, struct pk_sighting *s)
{
    struct pk_sight_app *a = &s->app;

    s->kind = PK_SIGHTING_APP;
    a->file = number(n, 12);
    a->package = number(n / 8, 13);
    a->signer = number(n / 24, 14);
    a->version = (uint32_t)(n % 8) + 1;
    a->permissions = number(n / 8, 15) & 0xff;
    a->source = PK_SIGHT_FROM_PLAY;
    a->risk = 5;
}

/* The n-th thing as one of the devices meets it: five of ten are access points, three masts, two files. */
static struct pk_sighting make(uint64_t n, int64_t at_s, uint64_t devices, uint64_t *luck)
{
    struct pk_sighting s = { .at_s = at_s };
    uint64_t row = n / 10;

    s.device = number(dice(luck) % devices, 0);
    s.tenant = (uint32_t)(s.device % 50);
    if (n % 10 < 5) {
        make_join(row * 5 + n % 10, dice(luck), &s);
    } else if (n % 10 < 8) {
        make_mast(row * 3 + n % 10 - 5, &s);
    } else {
        make_app(row * 2 + n % 10 - 8, &s);
    }
    return s;
}

/* One device for every 25 things; the new ones are old enough to be heard. */
static int enrol(struct pk_crowd *crowd, uint64_t from, uint64_t to)
{
    struct pk_crowd_opinion opinion;
    int rc = PK_OK;

    for (uint64_t d = from / THINGS_EACH; d < 1 + to / THINGS_EACH && rc == PK_OK; d++) {
        struct pk_sighting s = {
            .kind = PK_SIGHTING_DEVICE, .device = number(d, 0), .at_s = FIRST_S + (int64_t)from / 4
        };

        s.tenant = (uint32_t)(s.device % 50);
        s.enrolment.enrolled_s = FIRST_S - 100LL * DAY_S - (int64_t)(d % 1000) * 3600;
        s.enrolment.asn = 1000 + (uint32_t)(d % 300);
        s.enrolment.attestation = PK_ATTESTED_HARDWARE;
        rc = pk_crowd_take(crowd, &s, &opinion);
    }
    return rc;
}

/* Things that are known, by chance: what most sightings are. Made before, taken by the processor's clock. */
static double probe(struct pk_crowd *crowd, const struct pk_sighting *rows, size_t count)
{
    struct pk_crowd_opinion opinion;
    double from = cpu_ns();

    for (size_t i = 0; i < count; i++) {
        if (pk_crowd_take(crowd, &rows[i], &opinion) < 0) {
            return NAN;
        }
    }
    return (cpu_ns() - from) / 1e3 / (double)count;
}

static void make_known(struct pk_sighting *rows, uint64_t things, uint64_t *luck, int64_t at_s)
{
    for (size_t i = 0; i < PROBE; i++) {
        rows[i] = make(
                dice(luck) % (things != 0 ? things : 1), at_s, 1 + things / THINGS_EACH, luck);
    }
}

static int write_file(void *ctx, const void *bytes, size_t len)
{
    return fwrite(bytes, 1, len, ctx) == len ? PK_OK : -EIO;
}

static int save(const struct pk_crowd *crowd, const char *file)
{
    struct pk_slice tag = { (const uint8_t *)TAG, sizeof(TAG) - 1 };
    struct pk_error err = { 0 };
    double wall = wall_ns();
    double cpu = cpu_ns();
    double written;
    FILE *out = fopen(file, "wbe");
    int rc = out != NULL ? pk_crowd_save(crowd, tag, write_file, out, &err) : -errno;
    bool good;

    if (out == NULL) {
        return rc;
    }
    good = rc == PK_OK && fflush(out) == 0;
    written = wall_ns();
    good = good && fsync(fileno(out)) == 0;
    (void)printf(
            "{\"kind\":\"save\",\"bytes\":%ld,\"write_s\":%.3f,\"fsync_s\":%.3f,\"cpu_s\":%.3f}\n",
            ftell(out), (written - wall) / 1e9, (wall_ns() - written) / 1e9,
            (cpu_ns() - cpu) / 1e9);
    good = fclose(out) == 0 && good;
    return good ? PK_OK : -EIO;
}

static struct pk_crowd *load(const char *file)
{
    struct pk_crowd_settings settings = { .trusting = true, .memory_max = MEMORY_MAX };
    struct pk_crowd *crowd = NULL;
    struct pk_buffer tag = pk_buffer_of(64);
    struct pk_error err = { 0 };
    struct stat st;
    double wall = wall_ns();
    double cpu = cpu_ns();
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    void *bytes = MAP_FAILED;

    if (fd >= 0 && fstat(fd, &st) == 0) {
        bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    }
    if (bytes != MAP_FAILED) {
        if (pk_crowd_load((struct pk_slice){ bytes, (size_t)st.st_size }, &settings, &crowd, &tag,
                    &err) < 0) {
            (void)fprintf(stderr, "bench_crowd: %s\n", err.text);
            crowd = NULL;
        }
        (void)munmap(bytes, (size_t)st.st_size);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    pk_buffer_finish(&tag);
    (void)printf("{\"kind\":\"load\",\"wall_s\":%.3f,\"cpu_s\":%.3f}\n", (wall_ns() - wall) / 1e9,
            (cpu_ns() - cpu) / 1e9);
    return crowd;
}

static bool same(const struct pk_crowd_opinion *a, const struct pk_crowd_opinion *b)
{
    return a->before == b->before && a->after == b->after && a->hard == b->hard &&
            a->score == b->score && a->log_odds == b->log_odds && a->devices == b->devices &&
            a->groups == b->groups && a->clean == b->clean && a->since_s == b->since_s &&
            a->reason_count == b->reason_count;
}

/* The one that was loaded goes on as the one that was saved: the same opinions, and how fast. */
static int go_on(struct pk_crowd *crowd, struct pk_crowd *loaded, const struct pk_sighting *rows)
{
    struct pk_crowd_opinion one;
    struct pk_crowd_opinion other;
    size_t differ = 0;
    double took = probe(loaded, rows, PROBE / 2);

    if (isnan(probe(crowd, rows, PROBE / 2))) {
        return PK_ENOMEM;
    }
    for (size_t i = PROBE / 2; i < PROBE; i++) {
        if (pk_crowd_take(crowd, &rows[i], &one) < 0 ||
                pk_crowd_take(loaded, &rows[i], &other) < 0) {
            return PK_ENOMEM;
        }
        differ += !same(&one, &other);
    }
    (void)printf("{\"kind\":\"replay\",\"mean_us\":%.3f,\"per_s\":%.0f,\"differ\":%zu}\n", took,
            1e6 / took, differ);
    return PK_OK;
}

/* Until there are so many keys; *things: what was met. */
static int grow(struct pk_crowd *crowd, uint64_t keys, struct pk_sighting *rows, uint64_t *things,
        uint64_t *luck)
{
    static const uint64_t steps[] = { 100000, 300000, 1000000, 2000000, 5000000, 10000000 };
    struct pk_crowd_counts c;
    struct pk_crowd_opinion opinion;
    uint64_t before = 0;

    for (size_t k = 0; before < keys; k++) {
        uint64_t until = k < sizeof(steps) / sizeof(steps[0]) && steps[k] < keys ? steps[k] : keys;
        double cpu = 0;
        double known_us;
        double ask_us;
        size_t known;
        uint64_t met = *things;

        while (keys_of(crowd, &c) < until) {
            double from;

            if (enrol(crowd, *things, *things + CHUNK) < 0) {
                return PK_ENOMEM;
            }
            for (size_t i = 0; i < CHUNK; i++) {
                rows[i] = make(*things + i, FIRST_S + (int64_t)(*things + i) / 4,
                        1 + *things / THINGS_EACH, luck);
            }
            from = cpu_ns();
            for (size_t i = 0; i < CHUNK; i++) {
                if (pk_crowd_take(crowd, &rows[i], &opinion) < 0) {
                    return PK_ENOMEM;
                }
            }
            cpu += cpu_ns() - from;
            *things += CHUNK;
        }
        before = until;
        make_known(rows, *things, luck, FIRST_S + (int64_t)*things / 4);
        known_us = probe(crowd, rows, PROBE);
        ask_us = ask_all(crowd, rows, PROBE, &known);
        (void)printf("{\"kind\":\"grow\",\"new_us\":%.3f,\"known_us\":%.3f,\"ask_us\":%.3f,",
                cpu / 1e3 / (double)(*things - met), known_us, ask_us);
        print_memory(crowd);
        (void)printf("}\n");
        (void)fflush(stdout);
    }
    return PK_OK;
}

static int bench_keys(uint64_t keys, const char *file)
{
    struct pk_crowd *crowd = create();
    struct pk_crowd *loaded = NULL;
    struct pk_sighting *rows = calloc(PROBE, sizeof(*rows));
    uint64_t things = 0;
    uint64_t luck = 1;
    int rc = crowd != NULL && rows != NULL ? PK_OK : PK_ENOMEM;

    if (rc == PK_OK) {
        rc = grow(crowd, keys, rows, &things, &luck);
    }
    if (rc == PK_OK) {
        rc = save(crowd, file);
    }
    if (rc == PK_OK) {
        loaded = load(file);
        make_known(rows, things, &luck, FIRST_S + (int64_t)things / 4 + 60);
        rc = loaded != NULL ? go_on(crowd, loaded, rows) : PK_EMALF;
    }
    if (rc < 0) {
        (void)fprintf(stderr, "bench_crowd: %s\n", pk_code_text(rc));
    }
    pk_crowd_destroy(loaded);
    pk_crowd_destroy(crowd);
    free(rows);
    return rc < 0 ? 3 : 0;
}

/* ---- a device's filter ---- */

/* Fingerprint and look-up, half of them in the set. */
static int bench_filter(size_t count)
{
    struct pk_filter16 filter = { .class = PK_SHARE_NETWORK };
    struct pk_print_key key;
    uint64_t *keys = calloc(count, sizeof(*keys));
    size_t kept = count;
    size_t maybe = 0;
    size_t asks = 2 * count;
    double from;
    int rc = keys != NULL ? PK_OK : PK_ENOMEM;

    pk_print_key_of((struct pk_slice){ (const uint8_t *)TAG, sizeof(TAG) - 1 }, 1, &key);
    for (size_t i = 0; i < count && rc == PK_OK; i++) {
        struct pk_crowd_key thing = { number(i, 2), number(i, 3) & 0xffffffffffff, PK_CROWD_POINT };

        keys[i] = pk_print_of(&key, &thing);
    }
    if (rc == PK_OK) {
        rc = pk_fuse_build(keys, &kept, count > PK_FILTER16_WIDE ? 8 : 16, &filter.fuse, NULL);
    }
    free(keys);
    if (rc < 0) {
        return 3;
    }
    from = cpu_ns();
    for (size_t i = 0; i < asks; i++) {
        size_t n = i * 7919 % asks;
        struct pk_crowd_key thing = { number(n, 2), number(n, 3) & 0xffffffffffff, PK_CROWD_POINT };

        maybe += pk_filter16_maybe(&filter, pk_print_of(&key, &thing));
    }
    (void)printf("{\"kind\":\"filter\",\"count\":%zu,\"bytes\":%zu,\"look_us\":%.4f,"
                 "\"false_rate\":%.6f}\n",
            kept, pk_fuse_size(&filter.fuse), (cpu_ns() - from) / 1e3 / (double)asks,
            (double)(maybe - kept) / (double)(asks - kept));
    pk_fuse_finish(&filter.fuse);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "world") == 0) {
        return bench_world(argv[2]);
    }
    if (argc == 4 && strcmp(argv[1], "keys") == 0) {
        return bench_keys(strtoull(argv[2], NULL, 10), argv[3]);
    }
    if (argc == 3 && strcmp(argv[1], "filter") == 0 && strtoull(argv[2], NULL, 10) > 0) {
        return bench_filter(strtoull(argv[2], NULL, 10));
    }
    (void)fputs("usage: bench_crowd world FILE | keys COUNT FILE | filter COUNT\n", stderr);
    return 2;
}
