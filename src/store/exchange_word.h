/* exchange_word.h - a word's bytes in and out of a row. Only for the files of the exchange in this room. */
#pragma once

#include "store/exchange.h"
#include "store/room.h"

static inline void pk_put_exchange_word(struct pk_put *put, const uint8_t word[PK_EXCHANGE_BLOB])
{
    if (put->rc == PK_OK) {
        pk_bind_blob(put->stmt, ++put->next, pk_slice_of(word, PK_EXCHANGE_BLOB));
    }
}

/* PK_EMALF: the row holds something else. */
static inline int pk_get_exchange_word(
        struct pk_get *get, uint8_t out[PK_EXCHANGE_BLOB], struct pk_error *err)
{
    struct pk_slice bytes = pk_column_blob(get->stmt, get->next++);

    if (bytes.len != PK_EXCHANGE_BLOB) {
        return pk_error_set(err, PK_EMALF, "a word of an exchange has %zu bytes", bytes.len);
    }
    memcpy(out, bytes.ptr, PK_EXCHANGE_BLOB);
    return PK_OK;
}
