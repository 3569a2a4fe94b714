/* A resolver's answer to a question that we asked. The first byte chooses the type. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "wire/dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pk_dns_answer answer;
    char text[PK_ADDRESS_TEXT];

    if (size < 1) {
        return 0;
    }
    if (pk_dns_parse(pk_slice_of(data + 1, size - 1), 0x1234, "a.test",
                data[0] & 1 ? PK_DNS_AAAA : PK_DNS_A, &answer) == PK_OK) {
        if (answer.count > PK_DNS_ADDRESSES_MAX || answer.count > answer.total) {
            abort();
        }
        for (size_t i = 0; i < answer.count; i++) {
            pk_address_text(&answer.addresses[i], text);
        }
    }
    return 0;
}
