/* fuzz_name_filter.c - the kept filter of names. Its digests are made to hold, so that what is read behind
 * them is reached. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypt.h"
#include "intel/filter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(struct pk_slice bytes)
{
    static const char *const names[] = { "a", "example.com", "a.b.c.d.e.f.g.example", "", ".", "..",
        "xn--nxasmq6b.example" };
    struct pk_intel_filter *filter = NULL;
    struct pk_error err = { 0 };

    if (pk_intel_filter_open(bytes, NULL, &filter, &err) < 0) {
        if (err.text[0] == '\0') {
            abort();
        }
        return;
    }
    for (size_t i = 0; i < PK_COUNT(names); i++) {
        (void)pk_intel_filter_maybe(filter, names[i]);
    }
    if (pk_intel_filter_size(filter) != bytes.len) {
        abort();
    }
    pk_intel_filter_destroy(filter);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t parts[64 + PK_SHA256_SIZE];
    uint8_t *copy = malloc(size > 0 ? size : 1);

    if (copy == NULL) {
        return 0;
    }
    if (size > 0) {
        memcpy(copy, data, size);
    }
    ask(pk_slice_of(copy, size));
    if (size >= 96) {
        pk_sha256(pk_slice_of(copy, 0), copy + 32); /* of no sets */
        memcpy(parts, copy, 64);
        pk_sha256(pk_slice_of(copy + 96, size - 96), parts + 64);
        pk_sha256(pk_slice_of(parts, sizeof(parts)), copy + 64);
        ask(pk_slice_of(copy, size));
    }
    free(copy);
    return 0;
}
