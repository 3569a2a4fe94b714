/* fuzz_jar_manifest.c - a manifest's text: sections follow each other without overlap, each has at least one
 * attribute, and what is read twice is the same. */
#include <stdint.h>
#include <stdlib.h>

#include "formats/android/jar_manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void check_section(struct pk_slice section, struct pk_buffer *joined)
{
    struct pk_jar_attrs attrs = pk_jar_attrs_of(section, joined);
    struct pk_jar_attr attr;
    struct pk_slice name;
    size_t count = 0;
    size_t bytes = 0;

    while (pk_jar_next_attr(&attrs, &attr) == PK_OK) {
        require(memmem(attr.name.ptr, attr.name.len, ": ", 2) == NULL);
        require(memchr(attr.name.ptr, '\n', attr.name.len) == NULL);
        require(memchr(attr.value.ptr, '\r', attr.value.len) == NULL);
        bytes += attr.name.len + attr.value.len;
        count++;
    }
    require(count > 0 && bytes <= section.len);
    if (pk_jar_section_name(section, joined, &name) == PK_OK) {
        struct pk_slice again;
        uint8_t *copy = malloc(name.len + 1);

        require(copy != NULL);
        memcpy(copy, name.ptr, name.len);
        name.ptr = copy;
        require(pk_jar_value(section, "name", joined, &again) == PK_OK && pk_slice_eq(name, again));
        free(copy);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pk_buffer joined = pk_buffer_of(size + 1);
    struct pk_jar_lines lines = pk_jar_lines_of(pk_slice_of(data, size));
    const uint8_t *end = data;
    struct pk_slice section;

    while (pk_jar_next_section(&lines, &section)) {
        require(section.ptr >= end && section.len > 0);
        end = section.ptr + section.len;
        require(end <= data + size);
        check_section(section, &joined);
    }
    pk_buffer_finish(&joined);
    return 0;
}
