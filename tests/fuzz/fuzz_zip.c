/* fuzz_zip.c - an archive: whatever arrives, slices stay inside the file, the names are found, and both
 * ways of reading an entry give the same bytes within the budget. */
#include <stdint.h>
#include <stdlib.h>

#include "formats/limits.h"
#include "formats/zip.h"

#define PLAIN_MAX (8UL * 1024 * 1024) /* keeps one run short */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void require_inside(struct pk_slice file, struct pk_slice part)
{
    require(part.len == 0 ||
            (part.ptr >= file.ptr && part.len <= (size_t)(file.ptr + file.len - part.ptr)));
}

/* What pk_zip_read() gave, as pk_zip_stream() hands it on. */
struct expected {
    struct pk_slice left;
};

static int compare(void *ctx, struct pk_slice piece)
{
    struct expected *expected = ctx;

    require(piece.len <= expected->left.len &&
            memcmp(piece.ptr, expected->left.ptr, piece.len) == 0);
    expected->left.ptr += piece.len;
    expected->left.len -= piece.len;
    return PK_OK;
}

static int ignore(void *ctx, struct pk_slice piece)
{
    (void)ctx;
    (void)piece;
    return PK_OK;
}

static void read_entry(struct pk_zip *zip, const struct pk_zip_entry *entry)
{
    struct pk_zip_bytes bytes = { 0 };
    struct pk_error err = { 0 };
    int rc = pk_zip_read(zip, entry, &bytes, &err);

    if (rc == PK_OK) {
        struct expected expected = { .left = bytes.bytes };

        require(bytes.bytes.len == entry->plain_size);
        require(pk_zip_stream(zip, entry, compare, &expected, &err) == PK_OK);
        require(expected.left.len == 0);
    } else if (rc != PK_ELIMIT) {
        require(pk_zip_stream(zip, entry, ignore, NULL, &err) == rc);
    }
    pk_zip_release(&bytes);
}

static void read_archive(struct pk_zip *zip)
{
    char name[256];

    require(zip->directory_offset + zip->directory_size <= zip->end_offset);
    zip->plain_left = zip->plain_left < PLAIN_MAX ? zip->plain_left : PLAIN_MAX;
    for (size_t i = 0; i < zip->count; i++) {
        const struct pk_zip_entry *entry = &zip->entries[i];

        require_inside(zip->file, entry->name);
        require_inside(zip->file, entry->data);
        if (entry->name.len < sizeof(name) && memchr(entry->name.ptr, 0, entry->name.len) == NULL) {
            memcpy(name, entry->name.ptr, entry->name.len);
            name[entry->name.len] = '\0';
            const struct pk_zip_entry *found = pk_zip_find(zip, name);
            require(found != NULL && found <= entry && pk_slice_eq(found->name, entry->name));
        }
        read_entry(zip, entry);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pk_arena *arena = pk_arena_create(PK_SCAN_ARENA_MAX);
    struct pk_anomalies anomalies;
    struct pk_zip zip;

    require(arena != NULL && pk_anomalies_init(&anomalies, arena) == PK_OK);
    if (pk_zip_open(pk_slice_of(data, size), arena, &anomalies, &zip, NULL) == PK_OK) {
        read_archive(&zip);
    }
    pk_arena_destroy(arena);
    return 0;
}
