#include "apksig_bench.h"

#include <stdio.h>

#include "formats/limits.h"

struct pk_slice apksig_load(const char *name)
{
    const char *folder = getenv("PICKET_TEST_DATA");
    char path[512];
    uint8_t *bytes;
    long size;
    FILE *f;

    (void)snprintf(
            path, sizeof(path), "%s/apksig/%s", folder != NULL ? folder : "tests/data", name);
    f = fopen(path, "rb");
    if (f == NULL) {
        fail_msg("%s is not there", path);
    }
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    size = ftell(f);
    assert_true(size >= 0);
    rewind(f);
    bytes = malloc(size > 0 ? (size_t)size : 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, (size_t)size, f), size);
    (void)fclose(f);
    return pk_slice_of(bytes, (size_t)size);
}

void apksig_bench_open(
        struct apksig_bench *b, struct pk_slice file, struct apksig_ask ask, size_t arena_max)
{
    const struct pk_zip_entry *entry;

    memset(b, 0, sizeof(*b));
    b->arena = pk_arena_create(arena_max > 0 ? arena_max : PK_SCAN_ARENA_MAX);
    assert_non_null(b->arena);
    b->rc = pk_anomalies_init(&b->anomalies, b->arena);
    b->rc = b->rc < 0 ? b->rc : pk_zip_open(file, b->arena, &b->anomalies, &b->zip, NULL);
    b->opened = b->rc == PK_OK;
    if (!b->opened) {
        return;
    }
    entry = pk_zip_find(&b->zip, "AndroidManifest.xml");
    if (entry == NULL || pk_zip_read(&b->zip, entry, &b->manifest, NULL) < 0) {
        b->manifest = (struct pk_zip_bytes){ 0 };
    }
    const struct pk_apksig_input in = {
        .zip = &b->zip,
        .manifest = b->manifest.bytes,
        .min_sdk = ask.min_sdk,
        .max_sdk = ask.max_sdk,
        .stamp_cert = ask.stamp_cert,
        .idsig = ask.idsig,
    };
    b->rc = pk_apksig_verify(&in, b->arena, &b->anomalies, &b->result, NULL);
}

void apksig_bench_close(struct apksig_bench *b)
{
    pk_zip_release(&b->manifest);
    pk_arena_destroy(b->arena);
}

bool apksig_has_issue(const struct apksig_bench *b, const char *name, bool error)
{
    const struct pk_apksig_issue_met *met = b->result.met.items;

    for (size_t i = 0; i < b->result.met.count; i++) {
        if (met[i].error == error && strcmp(pk_apksig_issue_name(met[i].issue), name) == 0) {
            return true;
        }
    }
    return false;
}

bool apksig_has_anomaly(const struct apksig_bench *b, enum pk_anomaly_id id)
{
    return pk_anomaly_find(&b->anomalies, id) != NULL;
}

static uint64_t get_le(const uint8_t *p, unsigned bytes)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < bytes; i++) {
        value |= (uint64_t)p[i] << (8 * i);
    }
    return value;
}

static void put_le(uint8_t *p, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        p[i] = (uint8_t)(value >> (8 * i));
    }
}

struct pk_slice apksig_add_pair(struct pk_slice apk, uint32_t id, struct pk_slice value, bool first)
{
    static const uint8_t end_magic[] = { 'P', 'K', 5, 6 };
    size_t end = apk.len - 22; /* these APKs have no comment */
    size_t added = 12 + value.len;
    size_t directory;
    size_t block;
    size_t at;
    uint64_t size;
    uint8_t *out;

    assert_memory_equal(apk.ptr + end, end_magic, sizeof(end_magic));
    directory = (size_t)get_le(apk.ptr + end + 16, 4);
    assert_memory_equal(apk.ptr + directory - 16, "APK Sig Block 42", 16);
    size = get_le(apk.ptr + directory - 24, 8);
    block = directory - (size_t)size - 8;
    at = first ? block + 8 : directory - 24;
    out = malloc(apk.len + added);
    assert_non_null(out);
    memcpy(out, apk.ptr, at);
    put_le(out + at, 4 + value.len, 8);
    put_le(out + at + 8, id, 4);
    if (value.len > 0) {
        memcpy(out + at + 12, value.ptr, value.len);
    }
    memcpy(out + at + added, apk.ptr + at, apk.len - at);
    put_le(out + block, size + added, 8);
    put_le(out + directory + added - 24, size + added, 8);
    put_le(out + end + added + 16, directory + added, 4);
    return pk_slice_of(out, apk.len + added);
}
