/* Layer 3 of 2G, with and without its link layer. The first byte chooses the channel. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "wire/cell_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum pk_gsmtap_channel channels[] = { PK_GSMTAP_GSM_COMMON,
        PK_GSMTAP_GSM_DEDICATED };
    struct pk_cell_messages out = { 0 };
    char words[PK_CELL_WORDS];
    struct pk_gsmtap tap = { .version = 2 };

    if (size < 1) {
        return 0;
    }
    tap.channel = channels[data[0] % PK_COUNT(channels)];
    tap.uplink = (data[0] & 0x80) != 0;
    tap.payload = pk_slice_of(data + 1, size - 1);
    pk_cell_decode(&tap, &out);
    if (out.count > PK_CELL_MESSAGES_MAX) {
        abort();
    }
    for (size_t i = 0; i < out.count; i++) {
        if (strlen(pk_cell_words(&out.items[i], words)) >= PK_CELL_WORDS ||
                strlen(out.items[i].plmn) > 6 || strlen(out.items[i].former) > 5) {
            abort();
        }
    }
    return 0;
}
