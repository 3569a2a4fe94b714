/* fuzz_dns_stream.c - answers of a name server over a connection, in pieces: the first byte says how
 * long they are. */
#include <stdlib.h>

#include "agent/dns_stream.h"

#define QUESTIONS 3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pk_dns_question questions[QUESTIONS] = {
        { .name = "a.test", .type = PK_DNS_A, .rc = PK_ETIMEDOUT },
        { .name = "a.test", .type = PK_DNS_AAAA, .rc = PK_ETIMEDOUT },
        { .name = "b.test", .type = PK_DNS_A, .rc = PK_ETIMEDOUT },
    };
    struct pk_buffer in = pk_buffer_of(8192);
    size_t waiting = QUESTIONS;
    size_t answered = 0;
    size_t step;
    int rc = PK_OK;

    if (size == 0) {
        return 0;
    }
    step = 1U + data[0] * 8U;
    for (size_t at = 1; at < size && rc == PK_OK && waiting > 0; at += step) {
        rc = pk_buffer_put(&in, data + at, size - at < step ? size - at : step);
        if (rc == PK_OK) {
            rc = pk_dns_stream_take(questions, QUESTIONS, 0x1234, &in, &waiting);
        }
    }
    for (size_t i = 0; i < QUESTIONS; i++) {
        answered += questions[i].rc == PK_OK;
        if (questions[i].rc == PK_OK && questions[i].answer.count > PK_DNS_ADDRESSES_MAX) {
            abort();
        }
    }
    if (answered + waiting != QUESTIONS) {
        abort();
    }
    pk_buffer_finish(&in);
    return 0;
}
