#include "agent/repeat.h"

#include "base/crypt.h"

static uint64_t hash_of(struct pk_slice in)
{
    uint8_t digest[PK_SHA256_SIZE];
    uint64_t value = 0;

    pk_sha256(in, digest);
    memcpy(&value, digest, sizeof(value));
    return value | 1; /* never 0: that is a free row */
}

static size_t find(const struct pk_repeat *table, uint64_t place, size_t *oldest)
{
    *oldest = 0;
    for (size_t i = 0; i < PK_REPEAT_PLACES; i++) {
        if (table->rows[i].place == place) {
            return i;
        }
        if (table->rows[i].at_ms < table->rows[*oldest].at_ms) {
            *oldest = i;
        }
    }
    return PK_REPEAT_PLACES;
}

const char *pk_repeat_about(const struct pk_observation *obs)
{
    switch (obs->kind) {
    case PK_OBS_TLS:
        return obs->tls->host;
    case PK_OBS_GATEWAY:
        return obs->gateway->address;
    case PK_OBS_DNS:
        return obs->dns->resolver;
    case PK_OBS_HTTP:
        return obs->http->url;
    default:
        return "";
    }
}

enum pk_repeat_kind pk_repeat_judge(struct pk_repeat *table, struct pk_slice place,
        struct pk_slice content, int64_t gap_ms, int64_t now_ms)
{
    enum pk_repeat_kind kind = PK_REPEAT_NEW;
    uint64_t where = hash_of(place);
    uint64_t what = hash_of(content);
    size_t oldest;
    size_t row = find(table, where, &oldest);

    if (row < PK_REPEAT_PLACES) {
        int64_t age_ms = now_ms - table->rows[row].at_ms;
        bool same = table->rows[row].content == what;

        if (age_ms >= 0 && (age_ms < gap_ms || (same && age_ms < PK_REPEAT_MS))) {
            return PK_REPEAT_KNOWN;
        }
        kind = same ? PK_REPEAT_OLD : PK_REPEAT_NEW;
    } else {
        row = oldest;
    }
    table->rows[row].place = where;
    table->rows[row].content = what;
    table->rows[row].at_ms = now_ms;
    return kind;
}
