/* scan_floor - what any scanner of APKs pays at least, in one process without a sandbox: read the file,
 * hash it, inflate what must be looked into. bench/scan.py prints `picket scan` as a multiple of it.
 *
 *     scan_floor ROUNDS FILE...
 *
 * One JSON object: CPU ms of all files by stage, the median of the rounds. It trusts its input. */
#include <fcntl.h>
#include <libdeflate.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum stage {
    STAGE_READ,
    STAGE_SHA256,
    STAGE_INFLATE, /* and the way there through the directory */
    STAGE_DEX_SUMS,
    STAGE_COUNT,
};

#define ROUNDS_MAX 101
#define END_SIZE   22U

struct floor {
    struct libdeflate_decompressor *inflater;
    double ms[STAGE_COUNT][ROUNDS_MAX];
    size_t round;
    size_t inflated; /* bytes, of the last round */
    size_t dex;
};

static double cpu_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static unsigned le16(const uint8_t *p)
{
    return p[0] | (unsigned)p[1] << 8;
}

static uint32_t le32(const uint8_t *p)
{
    return le16(p) | (uint32_t)le16(p + 2) << 16;
}

static uint8_t *slurp(const char *path, size_t *len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    uint8_t *bytes;

    if (fd < 0 || fstat(fd, &st) < 0) {
        perror(path);
        exit(3); /* NOLINT(concurrency-mt-unsafe): no threads */
    }
    *len = (size_t)st.st_size;
    bytes = malloc(*len + 1);
    if (bytes == NULL || read(fd, bytes, *len) != (ssize_t)*len) {
        perror(path);
        exit(3); /* NOLINT(concurrency-mt-unsafe): no threads */
    }
    (void)close(fd);
    return bytes;
}

static bool is_dex(const uint8_t *name, size_t len)
{
    return len >= 11 && memcmp(name, "classes", 7) == 0 && memcmp(name + len - 4, ".dex", 4) == 0;
}

static bool is_needed(const uint8_t *name, size_t len)
{
    return is_dex(name, len) || (len == 19 && memcmp(name, "AndroidManifest.xml", 19) == 0) ||
            (len == 14 && memcmp(name, "resources.arsc", 14) == 0) ||
            (len > 9 && memcmp(name, "META-INF/", 9) == 0);
}

/* The central directory, or NULL. */
static const uint8_t *directory(const uint8_t *file, size_t len, size_t *count)
{
    for (size_t i = len >= END_SIZE ? len - END_SIZE : 0; i > 0; i--) {
        if (le32(file + i) == 0x06054b50 && le32(file + i + 16) < len) {
            *count = le16(file + i + 10);
            return file + le32(file + i + 16);
        }
    }
    return NULL;
}

static void dex_sums(struct floor *f, const uint8_t *dex, size_t len)
{
    static volatile uint32_t sink;
    unsigned char digest[EVP_MAX_MD_SIZE];
    double begun = cpu_ms();

    if (len > 32) {
        sink = libdeflate_adler32(1, dex + 12, len - 12);
        (void)sink;
        (void)EVP_Digest(dex + 32, len - 32, digest, NULL, EVP_sha1(), NULL);
        f->dex += len;
    }
    f->ms[STAGE_DEX_SUMS][f->round] += cpu_ms() - begun;
}

static void inflate_entry(struct floor *f, const uint8_t *file, size_t len, const uint8_t *record)
{
    const uint8_t *local = file + le32(record + 42);
    size_t packed = le32(record + 20);
    size_t plain = le32(record + 24);
    const uint8_t *data;
    uint8_t *out;
    double begun = cpu_ms();

    if (le32(record + 42) + 30UL > len) {
        return;
    }
    data = local + 30 + le16(local + 26) + le16(local + 28);
    out = malloc(plain + 1);
    if (out == NULL || data + packed > file + len) {
        free(out);
        return;
    }
    if (le16(record + 10) == 8) {
        (void)libdeflate_deflate_decompress(f->inflater, data, packed, out, plain, NULL);
        f->inflated += plain;
    } else {
        memcpy(out, data, packed < plain ? packed : plain);
    }
    f->ms[STAGE_INFLATE][f->round] += cpu_ms() - begun;
    if (is_dex(record + 46, le16(record + 28))) {
        dex_sums(f, out, plain);
    }
    free(out);
}

static void one_file(struct floor *f, const char *path)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    double begun = cpu_ms();
    double then;
    size_t len;
    size_t count = 0;
    uint8_t *file = slurp(path, &len);
    const uint8_t *record;

    then = cpu_ms();
    f->ms[STAGE_READ][f->round] += then - begun;
    (void)EVP_Digest(file, len, digest, NULL, EVP_sha256(), NULL);
    begun = cpu_ms();
    f->ms[STAGE_SHA256][f->round] += begun - then;
    record = directory(file, len, &count);
    f->ms[STAGE_INFLATE][f->round] += cpu_ms() - begun;
    for (size_t i = 0; record != NULL && i < count; i++) {
        if (record + 46 > file + len || le32(record) != 0x02014b50) {
            break;
        }
        if (is_needed(record + 46, le16(record + 28))) {
            inflate_entry(f, file, len, record);
        }
        record += 46 + le16(record + 28) + le16(record + 30) + le16(record + 32);
    }
    free(file);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    static const char *const names[] = { "read", "sha256", "inflate", "dex_sums" };
    static struct floor f;
    size_t rounds = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;

    if (rounds < 1 || rounds > ROUNDS_MAX) {
        (void)fputs("usage: scan_floor ROUNDS FILE...\n", stderr);
        return 2;
    }
    f.inflater = libdeflate_alloc_decompressor();
    for (f.round = 0; f.round < rounds; f.round++) {
        f.inflated = 0;
        f.dex = 0;
        for (int i = 2; i < argc; i++) {
            one_file(&f, argv[i]);
        }
    }
    (void)printf("{\"files\":%d,\"inflated\":%zu,\"dex\":%zu", argc - 2, f.inflated, f.dex);
    for (int s = 0; s < STAGE_COUNT; s++) {
        qsort(f.ms[s], rounds, sizeof(double), compare);
        (void)printf(",\"%s\":%.3f", names[s], f.ms[s][rounds / 2]);
    }
    (void)puts("}");
    libdeflate_free_decompressor(f.inflater);
    return 0;
}
