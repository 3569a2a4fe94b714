/* fuzz_crowd_heard.c - the file of what an agent heard of the crowd. Its digest is made to hold, so that what is
 * read behind it is reached. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/crowd_heard.h"
#include "base/crypt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_one(struct pk_slice in)
{
    struct pk_heard_list list = { 0 };
    struct pk_heard_list again = { 0 };
    struct pk_buffer out = pk_buffer_of(PK_HEARD_FILE);

    if (pk_heard_read(in, &list) < 0) {
        return;
    }
    (void)pk_heard_find(&list, PK_CROWD_POINT, 1, 0);
    /* What was read can be written; a thing that stood there twice is there once. */
    if (pk_heard_write(&list, &out) < 0 || pk_heard_read(pk_buffer_slice(&out), &again) < 0 ||
            again.count != list.count || again.seq != list.seq) {
        abort();
    }
    pk_heard_finish(&list);
    pk_heard_finish(&again);
    pk_buffer_finish(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);

    if (copy == NULL) {
        return 0;
    }
    if (size > 0) {
        memcpy(copy, data, size);
    }
    read_one(pk_slice_of(copy, size));
    if (size >= PK_SHA256_SIZE) {
        pk_sha256(pk_slice_of(copy, size - PK_SHA256_SIZE), copy + size - PK_SHA256_SIZE);
        read_one(pk_slice_of(copy, size));
    }
    free(copy);
    return 0;
}
