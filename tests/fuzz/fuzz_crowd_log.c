/* fuzz_crowd_log.c - the crowd's log and its list of devices, as they lie on the disk. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "server/crowd_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TEXT_MAX (64UL * 1024)

static void need(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* What was read and written again is read as the same, and written as the same. */
static void same(const struct pk_crowd_line *line)
{
    struct pk_buffer one = pk_buffer_of(TEXT_MAX);
    struct pk_buffer two = pk_buffer_of(TEXT_MAX);
    struct pk_crowd_line back = { 0 };
    const char *at;

    pk_crowd_line_write(line, &one);
    at = one.ptr;
    need(pk_crowd_line_read(&at, &back, NULL) == PK_OK && *at == '\0');
    pk_crowd_line_write(&back, &two);
    need(strcmp(one.ptr, two.ptr) == 0);
    pk_buffer_finish(&one);
    pk_buffer_finish(&two);
}

static void read_lines(const char *text)
{
    struct pk_crowd_line line = { 0 };
    const char *before = text;

    while (pk_crowd_line_read(&text, &line, NULL) == PK_OK) {
        need(text > before);
        before = text;
        same(&line);
    }
}

static void read_devices(struct pk_slice bytes)
{
    struct pk_crowd_devices devices = { 0 };
    struct pk_buffer out = pk_buffer_of(16 * TEXT_MAX);

    if (pk_crowd_devices_read(&devices, bytes, NULL) == PK_OK) {
        struct pk_crowd_devices back = { 0 };

        pk_crowd_devices_write(&devices, &out);
        need(pk_crowd_devices_read(&back, pk_buffer_slice(&out), NULL) == PK_OK);
        need(back.count == devices.count);
        pk_crowd_devices_finish(&back);
    }
    pk_buffer_finish(&out);
    pk_crowd_devices_finish(&devices);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text;

    if (size == 0 || size > TEXT_MAX) {
        return 0;
    }
    text = malloc(size + 1);
    need(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    if (data[0] == 0) {
        read_devices(pk_slice_of(data + 1, size - 1));
    } else {
        read_lines(text);
    }
    free(text);
    return 0;
}
