/* exchange_message.h - what travels between a member's server and its hub: one signed envelope with words.
 *
 * Every message names sender and receiver, carries a number that grows, the time, and ends with the sender's
 * Ed25519 signature over all that is before it; so it cannot be altered, replayed or passed on to another
 * hub, whoever carries it. Numbers are big-endian. docs/exchange.md has the bytes. Pure. */
#pragma once

#include "base/arena.h"
#include "base/sign.h"
#include "crowd/exchange_word.h"

#define PK_EXCHANGE_TYPE      "application/vnd.picket.exchange"
#define PK_EXCHANGE_HEAD_SIZE 80U
#define PK_EXCHANGE_EPOCH_KEY 36U   /* bytes of one key in a message */
#define PK_EXCHANGE_WORDS_MAX 1000U /* of a message: 36 kB, told and read in a moment */
#define PK_EXCHANGE_KEYS_MAX  3U    /* the epoch before, this one, the next */
#define PK_EXCHANGE_SIZE_MAX                                                \
    (PK_EXCHANGE_HEAD_SIZE + PK_EXCHANGE_KEYS_MAX * PK_EXCHANGE_EPOCH_KEY + \
            PK_EXCHANGE_WORDS_MAX * PK_EXCHANGE_WORD_SIZE + PK_SIGN_SIZE)
#define PK_EXCHANGE_SKEW_S     300 /* a message is this old at most, and this far ahead */
#define PK_EXCHANGE_WAIT_MAX_S 60U

enum pk_exchange_kind {
    PK_EXCHANGE_SAY = 1,  /* member to hub: my words; is there news? */
    PK_EXCHANGE_NEWS = 2, /* hub to member: the answer */
};

enum pk_exchange_message_flag {
    PK_EXCHANGE_MORE = 1, /* news: more waits behind the cursor */
};

struct pk_exchange_epoch {
    uint16_t epoch;
    uint8_t key[PK_EXCHANGE_KEY_SIZE];
};

struct pk_exchange_message {
    uint8_t kind; /* enum pk_exchange_kind */
    uint8_t flags;
    uint16_t wait_s; /* say: how long the answer may be held back until there is news */
    uint8_t from[PK_SIGN_FINGER];
    uint8_t to[PK_SIGN_FINGER];
    uint64_t seq; /* say: larger than in any message before; news: that of the message it answers */
    int64_t at_s;
    uint64_t cursor;  /* say: all news up to here is durable with us; news: where its words end */
    uint16_t epoch;   /* news: the one in force */
    uint32_t epoch_s; /* news: how long an epoch lasts; say: 0 */
    uint16_t refused; /* news: so many of the words were not taken: over the member's share */
    size_t key_count; /* news */
    struct pk_exchange_epoch keys[PK_EXCHANGE_KEYS_MAX];
    size_t word_count;
    struct pk_exchange_word *words;
};

/* Appends the message, signed. PK_ELIMIT: too many words; PK_ECRYPTO, PK_ENOMEM. */
PK_MUST_USE int pk_exchange_message_write(const struct pk_exchange_message *message,
        const struct pk_signer *signer, struct pk_buffer *out);

/* Reads the bytes strictly: all of them, nothing unknown; words live in the arena. The signature is NOT checked:
 * who sent it stands in from. PK_ETRUNC, PK_EMALF, PK_ELIMIT, PK_ENOMEM. */
PK_MUST_USE int pk_exchange_message_read(struct pk_slice bytes, struct pk_arena *arena,
        struct pk_exchange_message *out, struct pk_error *err);

/* Is it signed with this key, by the one whose key it is, to us, of this time? The sentence says what not.
 * PK_ECRYPTO: not the sender's or not for us; PK_ETIMEDOUT: of another time. */
PK_MUST_USE int pk_exchange_message_check(struct pk_slice bytes,
        const struct pk_exchange_message *message, const uint8_t key[PK_SIGN_KEY_SIZE],
        const uint8_t self[PK_SIGN_FINGER], int64_t now_s, struct pk_error *err);

/* The number of the epoch, and the key that a hub derives for it from its secret. */
uint16_t pk_exchange_epoch_at(int64_t now_s, uint32_t epoch_s);
void pk_exchange_epoch_key(const uint8_t secret[PK_EXCHANGE_KEY_SIZE], uint16_t epoch,
        uint8_t out[PK_EXCHANGE_KEY_SIZE]);
