#include "crowd/exchange_message.h"

#include "base/crypt.h"

#define MAGIC 0x504b5831U /* "PKX1" */
#define CONTEXT \
    "picket exchange 1" /* with its NUL: so that no other signature of the key is one of these */
#define TEXT_MAX    (sizeof(CONTEXT) + PK_EXCHANGE_SIZE_MAX)
#define EPOCH_MIN_S 60U
#define EPOCH_MAX_S (366U * 86400U)

static void put_be(struct pk_buffer *out, uint64_t value, int bytes)
{
    uint8_t b[8];

    for (int i = 0; i < bytes; i++) {
        b[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
    }
    (void)pk_buffer_put(out, b, (size_t)bytes);
}

static void put_head(struct pk_buffer *out, const struct pk_exchange_message *m)
{
    put_be(out, MAGIC, 4);
    put_be(out, m->kind, 1);
    put_be(out, m->flags, 1);
    put_be(out, m->wait_s, 2);
    (void)pk_buffer_put(out, m->from, sizeof(m->from));
    (void)pk_buffer_put(out, m->to, sizeof(m->to));
    put_be(out, m->seq, 8);
    put_be(out, (uint64_t)m->at_s, 8);
    put_be(out, m->cursor, 8);
    put_be(out, m->epoch, 4);
    put_be(out, m->epoch_s, 4);
    put_be(out, m->key_count, 2);
    put_be(out, m->word_count, 2);
    put_be(out, m->refused, 2);
    put_be(out, 0, 2);
}

/* What is signed: the context, then the message. Kept in *text until the caller ends it. */
static int signed_text(struct pk_slice message, struct pk_buffer *text)
{
    (void)pk_buffer_put(text, CONTEXT, sizeof(CONTEXT));
    return pk_buffer_put(text, message.ptr, message.len);
}

int pk_exchange_message_write(const struct pk_exchange_message *message,
        const struct pk_signer *signer, struct pk_buffer *out)
{
    struct pk_buffer body = pk_buffer_of(PK_EXCHANGE_SIZE_MAX);
    struct pk_buffer text = pk_buffer_of(TEXT_MAX);
    uint8_t signature[PK_SIGN_SIZE];
    int rc = message->word_count > PK_EXCHANGE_WORDS_MAX ||
                    message->key_count > PK_EXCHANGE_KEYS_MAX
            ? PK_ELIMIT
            : PK_OK;

    if (rc == PK_OK) {
        put_head(&body, message);
        for (size_t i = 0; i < message->key_count; i++) {
            put_be(&body, message->keys[i].epoch, 2);
            put_be(&body, 0, 2);
            (void)pk_buffer_put(&body, message->keys[i].key, PK_EXCHANGE_KEY_SIZE);
        }
        for (size_t i = 0; i < message->word_count; i++) {
            (void)pk_exchange_word_write(&body, &message->words[i]);
        }
        rc = body.rc < 0 ? body.rc : signed_text(pk_buffer_slice(&body), &text);
    }
    if (rc == PK_OK) {
        rc = pk_sign(signer, pk_buffer_slice(&text), signature);
    }
    if (rc == PK_OK) {
        (void)pk_buffer_put(out, body.ptr, body.len);
        rc = pk_buffer_put(out, signature, sizeof(signature));
    }
    pk_buffer_finish(&body);
    pk_buffer_finish(&text);
    return rc;
}

/* ---- reading ------------------------------------------------------------------------------------------ */

static void read_finger(struct pk_reader *in, uint8_t out[PK_SIGN_FINGER])
{
    struct pk_slice s = pk_read_slice(in, PK_SIGN_FINGER);

    if (s.ptr != NULL) {
        memcpy(out, s.ptr, PK_SIGN_FINGER);
    }
}

struct head {
    uint32_t magic;
    uint32_t epoch;
    uint16_t zero;
};

static bool says_fit(const struct pk_exchange_message *m)
{
    return m->flags == 0 && m->wait_s <= PK_EXCHANGE_WAIT_MAX_S && m->key_count == 0 &&
            m->epoch_s == 0 && m->refused == 0;
}

static bool news_fit(const struct pk_exchange_message *m)
{
    return (m->flags & ~(unsigned)PK_EXCHANGE_MORE) == 0 && m->wait_s == 0 &&
            m->epoch_s >= EPOCH_MIN_S && m->epoch_s <= EPOCH_MAX_S;
}

static int read_head(struct pk_reader *in, struct pk_exchange_message *m)
{
    struct head h = { .magic = pk_read_be32(in) };

    m->kind = pk_read_u8(in);
    m->flags = pk_read_u8(in);
    m->wait_s = pk_read_be16(in);
    read_finger(in, m->from);
    read_finger(in, m->to);
    m->seq = pk_read_be64(in);
    m->at_s = (int64_t)pk_read_be64(in);
    m->cursor = pk_read_be64(in);
    h.epoch = pk_read_be32(in);
    m->epoch_s = pk_read_be32(in);
    m->key_count = pk_read_be16(in);
    m->word_count = pk_read_be16(in);
    m->refused = pk_read_be16(in);
    h.zero = pk_read_be16(in);
    m->epoch = (uint16_t)h.epoch;
    if (in->rc < 0) {
        return in->rc;
    }
    if (m->word_count > PK_EXCHANGE_WORDS_MAX || m->key_count > PK_EXCHANGE_KEYS_MAX) {
        return in->rc = PK_ELIMIT;
    }
    if (h.magic != MAGIC || h.zero != 0 || h.epoch > UINT16_MAX || m->at_s < 0 ||
            m->seq > INT64_MAX || m->cursor > INT64_MAX ||
            !(m->kind == PK_EXCHANGE_SAY                  ? says_fit(m)
                            : m->kind == PK_EXCHANGE_NEWS ? news_fit(m)
                                                          : false)) {
        in->rc = PK_EMALF;
    }
    return in->rc;
}

static void read_keys(struct pk_reader *in, struct pk_exchange_message *m)
{
    for (size_t i = 0; i < m->key_count; i++) {
        struct pk_slice key;

        m->keys[i].epoch = pk_read_be16(in);
        if (pk_read_be16(in) != 0 && in->rc == PK_OK) {
            in->rc = PK_EMALF;
        }
        key = pk_read_slice(in, PK_EXCHANGE_KEY_SIZE);
        if (key.ptr != NULL) {
            memcpy(m->keys[i].key, key.ptr, PK_EXCHANGE_KEY_SIZE);
        }
    }
}

static int fail(struct pk_error *err, int rc, size_t at)
{
    int code = pk_error_set(err, rc, "no message of an exchange: %s at byte %zu",
            rc == PK_ETRUNC           ? "it ends inside a field"
                    : rc == PK_ELIMIT ? "it holds too much"
                    : rc == PK_ENOMEM ? "memory is short"
                                      : "it contradicts itself",
            at);

    if (err != NULL) {
        err->offset = at;
    }
    return code;
}

int pk_exchange_message_read(struct pk_slice bytes, struct pk_arena *arena,
        struct pk_exchange_message *out, struct pk_error *err)
{
    struct pk_exchange_message m = { 0 };
    struct pk_reader in;

    if (bytes.len > PK_EXCHANGE_SIZE_MAX) {
        return fail(err, PK_ELIMIT, bytes.len);
    }
    if (bytes.len < PK_EXCHANGE_HEAD_SIZE + PK_SIGN_SIZE) {
        return fail(err, PK_ETRUNC, bytes.len);
    }
    in = pk_reader_of(pk_slice_of(bytes.ptr, bytes.len - PK_SIGN_SIZE));
    if (read_head(&in, &m) < 0) {
        return fail(err, in.rc, in.pos);
    }
    read_keys(&in, &m);
    m.words = pk_arena_alloc(arena, m.word_count + 1, sizeof(*m.words));
    if (m.words == NULL) {
        return fail(err, PK_ENOMEM, in.pos);
    }
    for (size_t i = 0; i < m.word_count && in.rc == PK_OK; i++) {
        in.rc = pk_exchange_word_read(&in, m.kind == PK_EXCHANGE_NEWS, &m.words[i]);
    }
    if (in.rc == PK_OK && pk_reader_left(&in) != 0) {
        in.rc = PK_EMALF;
    }
    if (in.rc < 0) {
        return fail(err, in.rc, in.pos);
    }
    *out = m;
    return PK_OK;
}

int pk_exchange_message_check(struct pk_slice bytes, const struct pk_exchange_message *message,
        const uint8_t key[PK_SIGN_KEY_SIZE], const uint8_t self[PK_SIGN_FINGER], int64_t now_s,
        struct pk_error *err)
{
    struct pk_buffer text = pk_buffer_of(TEXT_MAX);
    uint8_t finger[PK_SIGN_FINGER];
    bool holds;

    pk_sign_finger(key, finger);
    if (memcmp(finger, message->from, sizeof(finger)) != 0) {
        return pk_error_set(err, PK_ECRYPTO, "the message names another sender");
    }
    if (memcmp(self, message->to, PK_SIGN_FINGER) != 0) {
        return pk_error_set(err, PK_ECRYPTO, "the message is for another server");
    }
    holds = bytes.len > PK_SIGN_SIZE &&
            signed_text(pk_slice_of(bytes.ptr, bytes.len - PK_SIGN_SIZE), &text) == PK_OK &&
            pk_sign_holds(key, pk_buffer_slice(&text), bytes.ptr + bytes.len - PK_SIGN_SIZE);
    pk_buffer_finish(&text);
    if (!holds) {
        return pk_error_set(err, PK_ECRYPTO, "the signature does not hold");
    }
    if (message->at_s < now_s - PK_EXCHANGE_SKEW_S || message->at_s > now_s + PK_EXCHANGE_SKEW_S) {
        return pk_error_set(err, PK_ETIMEDOUT,
                "the message is of another time: %lld s off; do both clocks go right?",
                (long long)(message->at_s - now_s));
    }
    return PK_OK;
}

/* ---- epochs -------------------------------------------------------------------------------------------- */

uint16_t pk_exchange_epoch_at(int64_t now_s, uint32_t epoch_s)
{
    return (uint16_t)((now_s / (epoch_s > 0 ? epoch_s : 1)) & 0xffff);
}

void pk_exchange_epoch_key(const uint8_t secret[PK_EXCHANGE_KEY_SIZE], uint16_t epoch,
        uint8_t out[PK_EXCHANGE_KEY_SIZE])
{
    const uint8_t text[] = { 'e', 'p', 'o', 'c', 'h', 0, (uint8_t)(epoch >> 8), (uint8_t)epoch };

    pk_hmac_sha256(pk_slice_of(secret, PK_EXCHANGE_KEY_SIZE), pk_slice_of(text, sizeof(text)), out);
}
