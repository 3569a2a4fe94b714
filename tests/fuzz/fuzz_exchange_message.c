/* fuzz_exchange_message.c - a message of another organisation's server: what is read is written again to the
 * same bytes, so nothing is read that the form does not say. */
#include <stdint.h>
#include <stdlib.h>

#include "crowd/exchange_message.h"
#include "crowd/exchange_trust.h"

#define ARENA_MAX (1024UL * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hold(bool good)
{
    if (!good) {
        abort();
    }
}

/* A hub makes one word of them all, whatever they say. */
static void combine(const struct pk_exchange_message *m)
{
    struct pk_exchange_claim claims[PK_EXCHANGE_CLAIMS_MAX] = { 0 };
    struct pk_exchange_word out;
    size_t count = 0;

    for (; count < m->word_count && count < PK_EXCHANGE_CLAIMS_MAX; count++) {
        claims[count] = (struct pk_exchange_claim){
            .word = m->words[count], .weight = 0.6F, .told_s = m->at_s
        };
    }
    if (pk_exchange_combine(claims, count, m->at_s, &out)) {
        hold(out.id != 0 && out.verdict < PK_EXCHANGE_VERDICTS &&
                (out.devices == 0 || out.devices >= PK_EXCHANGE_K));
    }
    for (size_t i = 0; i < count; i++) {
        hold(pk_exchange_rule(claims, count, i, m->at_s) <= PK_EXCHANGE_OUTVOTED);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct pk_signer signer;
    struct pk_arena *arena = pk_arena_create(ARENA_MAX);
    struct pk_buffer again = pk_buffer_of(PK_EXCHANGE_SIZE_MAX);
    struct pk_exchange_message m;

    if (signer.finger_text[0] == '\0') {
        hold(pk_signer_of((const uint8_t[PK_SIGN_KEY_SIZE]){ 7 }, &signer) == PK_OK);
    }
    hold(arena != NULL);
    if (pk_exchange_message_read(pk_slice_of(data, size), arena, &m, NULL) == PK_OK) {
        hold(pk_exchange_message_write(&m, &signer, &again) == PK_OK);
        hold(again.len == size && memcmp(again.ptr, data, size - PK_SIGN_SIZE) == 0);
        hold(pk_exchange_message_check(
                     pk_slice_of(data, size), &m, signer.key, m.to, m.at_s, NULL) <= PK_OK);
        combine(&m);
    }
    pk_buffer_finish(&again);
    pk_arena_destroy(arena);
    return 0;
}
