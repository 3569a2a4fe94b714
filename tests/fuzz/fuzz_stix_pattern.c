/* fuzz_stix_pattern.c - patterns of STIX: values come out whole, or the pattern is refused. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "intel/stix_pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int take(void *to, const struct pk_stix_term *term)
{
    size_t *count = to;

    if (term->kind >= PK_INTEL_KIND_COUNT || strlen(term->value) >= sizeof(term->value) ||
            strlen(term->path) >= sizeof(term->path)) {
        abort();
    }
    (*count)++;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t combined = 0;
    size_t count = 0;
    char *copy = malloc(size > 0 ? size : 1);

    if (copy == NULL) {
        return 0;
    }
    memcpy(copy, data, size);
    if (pk_stix_pattern(copy, size, take, &count, &combined) == 0 && count > PK_STIX_TERMS_MAX) {
        abort();
    }
    free(copy);
    return 0;
}
