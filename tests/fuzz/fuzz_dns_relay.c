/* fuzz_dns_relay.c - what programs ask the forwarder, and what resolvers answer. Two bytes say where the
 * question ends and the answer begins. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/dns_relay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In a block of its own, so that one byte too many is seen. */
static uint8_t *copy_of(const uint8_t *data, size_t len)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);

    if (copy == NULL) {
        abort();
    }
    if (len > 0) {
        memcpy(copy, data, len);
    }
    return copy;
}

static void make(struct pk_slice question, const struct pk_relay_query *query)
{
    static const uint8_t page[4] = { 127, 0, 0, 153 };
    const struct pk_relay_made rows[] = {
        { .address4 = page, .ttl = 5, .why = PK_RELAY_WHY_BLOCKED, .text = "because" },
        { .rcode = PK_DNS_NXDOMAIN, .ttl = 5, .why = PK_RELAY_WHY_NONE },
        { .rcode = query->rcode, .why = PK_RELAY_WHY_NONE },
    };

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        uint8_t *out = malloc(PK_RELAY_MADE_MAX);
        size_t len = pk_relay_make(question, query, &rows[i], out);

        if (len < 12 || len > PK_RELAY_MADE_MAX ||
                pk_relay_id(pk_slice_of(out, len)) != query->id) {
            abort();
        }
        /* What is made here is an answer to that question. */
        if (query->question_end > 0 && (query->flags & 0x7800) == 0 &&
                !pk_relay_answers(
                        question, query->question_end, query->id, pk_slice_of(out, len))) {
            abort();
        }
        free(out);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pk_relay_query query;
    uint8_t out[PK_RELAY_MADE_MAX];
    uint8_t *question;
    uint8_t *answer;
    size_t len;
    enum pk_relay_todo todo;

    if (size < 2) {
        return 0;
    }
    len = ((size_t)data[0] << 8 | data[1]) % (size - 1);
    question = copy_of(data + 2, len);
    answer = copy_of(data + 2 + len, size - 2 - len);
    todo = pk_relay_read(pk_slice_of(question, len), &query);
    if (strlen(query.name) >= PK_DNS_NAME_MAX || query.answer_max < PK_RELAY_PLAIN_MAX ||
            query.question_end > len || (todo == PK_RELAY_FORWARD && query.question_end < 17)) {
        abort();
    }
    if (todo != PK_RELAY_DROP) {
        make(pk_slice_of(question, len), &query);
    }
    if (todo == PK_RELAY_FORWARD) {
        struct pk_slice got = pk_slice_of(answer, size - 2 - len);

        if (pk_relay_answers(pk_slice_of(question, len), query.question_end, query.id, got) &&
                pk_relay_cut(pk_slice_of(question, len), &query, got, out) > sizeof(out)) {
            abort();
        }
    }
    free(question);
    free(answer);
    return 0;
}
