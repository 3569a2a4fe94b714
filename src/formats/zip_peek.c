/* A look at how an entry begins, without reading it. */
#include "formats/zip_internal.h"

size_t pk_zip_peek(struct pk_zip *zip, const struct pk_zip_entry *entry, uint8_t *out, size_t size)
{
    size_t len = entry->data.len < size ? entry->data.len : size;

    if (entry->data.ptr == NULL || len == 0) {
        return 0;
    }
    /* Of a bogus method the bytes as they stand: the platform takes them as stored. */
    if (entry->method != PK_ZIP_DEFLATED) {
        memcpy(out, entry->data.ptr, len);
        return len;
    }
    return pk_inflate_head(zip->inflater, entry->data, out, size);
}
