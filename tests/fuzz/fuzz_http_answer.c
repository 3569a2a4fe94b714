/* fuzz_http_answer.c - what a server, or who claims to be one, answers the agent. The first byte
 * says in what pieces the rest arrives: the result must not depend on it. */
#include <stdlib.h>

#include "agent/http_answer.h"

#define BODY_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int feed(struct pk_http_answer *a, const uint8_t *data, size_t size, size_t step)
{
    size_t at = 0;
    int rc = PK_OK;

    while (rc == PK_OK && at < size && !a->done) {
        size_t n = size - at < step ? size - at : step;
        size_t used = 0;

        rc = pk_http_answer_feed(a, pk_slice_of(data + at, n), &used, NULL);
        if (used > n) {
            abort();
        }
        at += used;
    }
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct pk_http_answer whole;
    static struct pk_http_answer pieces;
    int a;
    int b;

    if (size == 0) {
        return 0;
    }
    pk_http_answer_init(&whole, BODY_MAX);
    pk_http_answer_init(&pieces, BODY_MAX);
    a = feed(&whole, data + 1, size - 1, size);
    b = feed(&pieces, data + 1, size - 1, 1U + data[0] % 16U);
    if (a != b || whole.done != pieces.done || whole.status != pieces.status ||
            (a == PK_OK && whole.body.len != pieces.body.len) || whole.body.len > BODY_MAX) {
        abort();
    }
    pk_http_answer_finish(&whole);
    pk_http_answer_finish(&pieces);
    return 0;
}
