/* fuzz_resolv_conf.c - any list of resolvers: with ours before the others, and back to what it was. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/lan_files.h"
#include "agent/resolv_conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pk_slice text = pk_slice_of(data, size);
    struct pk_buffer in = pk_buffer_of(4 * PK_RESOLV_BYTES);
    struct pk_buffer out = pk_buffer_of(4 * PK_RESOLV_BYTES);
    struct pk_resolv resolv;

    pk_resolv_parse(text, &resolv);
    if (resolv.count > PK_RESOLV_MAX) {
        abort();
    }
    if (pk_resolv_conf_is_ours(text)) {
        (void)pk_resolv_conf_restore(text, &out);
    } else if (memmem(data, size, PK_RESOLV_WAS, strlen(PK_RESOLV_WAS)) == NULL &&
            pk_resolv_conf_install(text, "127.0.0.153", &in) == PK_OK) {
        if (!pk_resolv_conf_is_ours(pk_buffer_slice(&in)) ||
                pk_resolv_conf_restore(pk_buffer_slice(&in), &out) < 0 || out.len < size ||
                out.len > size + 1 || (size > 0 && memcmp(out.ptr, data, size) != 0)) {
            abort();
        }
    }
    pk_buffer_finish(&in);
    pk_buffer_finish(&out);
    return 0;
}
