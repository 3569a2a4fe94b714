/* Answers to names that were called into the link: NetBIOS and LLMNR, for the ids and names of the corpus. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "wire/dns.h"
#include "wire/nbns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pk_slice in = pk_slice_of(data, size);
    uint16_t id = size >= 2 ? (uint16_t)(data[0] << 8 | data[1]) : 0;
    struct pk_dns_answer answer;
    struct pk_address address = { 0 };

    if (pk_nbns_parse(in, id, "wpad", &address) == PK_OK && address.family != AF_INET) {
        abort();
    }
    if (pk_dns_parse(in, id, "wpad", PK_DNS_A, &answer) == PK_OK &&
            answer.count > PK_DNS_ADDRESSES_MAX) {
        abort();
    }
    return 0;
}
