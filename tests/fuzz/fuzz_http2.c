/* fuzz_http2.c - what a resolver that is asked over HTTPS, or who claims to be one, sends. The first byte
 * says in what pieces the rest arrives: the result must not depend on it. */
#include <stdlib.h>
#include <string.h>

#include "wire/http2.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int feed(struct pk_http2 *h, const uint8_t *data, size_t size, size_t step)
{
    int rc = pk_http2_init(h);

    for (size_t i = 0; i < 3 && rc == PK_OK; i++) {
        rc = pk_http2_post(
                h, "dns.test", "/dns-query", "application/dns-message", pk_slice_of("question", 8));
    }
    if (rc < 0) {
        abort();
    }
    for (size_t at = 0; at < size && rc == PK_OK; at += step) {
        rc = pk_http2_feed(h, pk_slice_of(data + at, size - at < step ? size - at : step));
        pk_buffer_clear(&h->out); /* as it is sent */
    }
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct pk_http2 whole;
    static struct pk_http2 pieces;
    int a;
    int b;

    if (size == 0) {
        return 0;
    }
    a = feed(&whole, data + 1, size - 1, 1024);
    b = feed(&pieces, data + 1, size - 1, 1U + data[0] % 16U);
    if (a != b || whole.count != pieces.count) {
        abort();
    }
    for (size_t i = 0; i < whole.count; i++) {
        const struct pk_http2_stream *x = &whole.streams[i];
        const struct pk_http2_stream *y = &pieces.streams[i];

        if (x->done != y->done || x->failed != y->failed || x->body.len != y->body.len ||
                x->body.len > PK_HTTP2_BODY_MAX ||
                (x->body.len > 0 && memcmp(x->body.ptr, y->body.ptr, x->body.len) != 0)) {
            abort();
        }
    }
    pk_http2_finish(&whole);
    pk_http2_finish(&pieces);
    return 0;
}
