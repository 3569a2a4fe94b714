/* fuzz_zpack.c - the packed body of a report: whatever arrives, no more comes out than allowed. */
#include <stdint.h>
#include <stdlib.h>

#include "base/zpack.h"

#define OUT_MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct pk_zpack *pack; /* costly to make; one thread */

    if (pack == NULL) {
        pack = pk_zpack_create(pk_zpack_report_dictionary(), 3);
    }
    struct pk_buffer out = pk_buffer_of(OUT_MAX);
    int rc = pk_zpack_unpack(pack, pk_slice_of(data, size), &out);
    if (pack == NULL || rc > 0 || out.len > OUT_MAX) {
        abort();
    }
    pk_buffer_finish(&out);
    return 0;
}
