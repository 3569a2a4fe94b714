/* fuzz_axml.c - binary XML, the manifest and what apksig reads of it: every text is clean UTF-8, the
 * events end, and nothing is read outside the document. */
#include <stdint.h>
#include <stdlib.h>

#include "formats/android/axml.h"
#include "formats/android/manifest.h"

#define ARENA_MAX (32UL * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text)
{
    const uint8_t *p = (const uint8_t *)text;

    while (*p != 0) {
        size_t n = *p < 0x80 ? 1 : *p >> 5 == 6 ? 2 : *p >> 4 == 14 ? 3 : *p >> 3 == 30 ? 4 : 0;

        if (n == 0 || (n == 3 && p[0] == 0xed && p[1] >= 0xa0)) {
            abort();
        }
        for (size_t i = 1; i < n; i++) {
            if ((p[i] & 0xc0) != 0x80) {
                abort();
            }
        }
        p += n;
    }
}

static void read_events(struct pk_slice in, struct pk_arena *arena, struct pk_anomalies *anomalies)
{
    struct pk_axml doc;
    size_t events = 0;

    if (pk_axml_open(in, arena, anomalies, &doc, NULL) < 0) {
        return;
    }
    while (pk_axml_next(&doc) > PK_AXML_END) {
        check_text(pk_axml_text(&doc, doc.name));
        check_text(pk_axml_text(&doc, doc.ns));
        for (size_t i = 0; i < doc.attribute_count; i++) {
            struct pk_axml_attribute a = pk_axml_attribute(&doc, i);

            check_text(pk_axml_text(&doc, a.name));
            check_text(pk_axml_text(&doc, a.ns));
            if (a.type == PK_RES_STRING) {
                check_text(pk_axml_text(&doc, a.data));
            }
        }
        if (++events > in.len) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pk_slice in = pk_slice_of(data, size);
    struct pk_arena *arena = pk_arena_create(ARENA_MAX);
    struct pk_anomalies anomalies;
    struct pk_manifest m;
    struct pk_error err = { 0 };
    int level;

    if (arena == NULL || pk_anomalies_init(&anomalies, arena) < 0) {
        pk_arena_destroy(arena);
        return 0;
    }
    read_events(in, arena, &anomalies);
    if (pk_manifest_parse(in, NULL, arena, &anomalies, &m, &err) == PK_OK) {
        check_text(m.package);
        check_text(m.label);
        for (size_t i = 0; i < m.permissions.count; i++) {
            check_text(m.permissions.items[i]);
        }
    } else if (err.text[0] == '\0') {
        abort();
    }
    (void)!pk_manifest_apksig_min_sdk(in, arena, &level, &err);
    (void)!pk_manifest_apksig_target_sdk(in, arena, &level, &err);
    (void)!pk_manifest_apksig_sandbox(in, arena, &level, &err);
    pk_arena_destroy(arena);
    return 0;
}
