#include "respond/late.h"

#include <stdio.h>

#include "base/crypt.h"

static void name_of(const char *key, char out[PK_LATE_KEY])
{
    pk_sha256_hex(pk_slice_str(key), out);
}

static size_t find(const struct pk_late *late, const char *name)
{
    size_t i = 0;

    while (i < late->count && strcmp(late->rows[i].key, name) != 0) {
        i++;
    }
    return i;
}

bool pk_late_waits(const struct pk_late *late, const char *key, int64_t now_ms)
{
    char name[PK_LATE_KEY];
    size_t at;

    if (late->count == 0) {
        return false;
    }
    name_of(key, name);
    at = find(late, name);
    return at < late->count && late->rows[at].until_ms > now_ms;
}

bool pk_late_add(struct pk_late *late, const char *key, int64_t now_ms, int64_t min_ms,
        int64_t max_ms, int64_t asked_ms, uint16_t jitter)
{
    char name[PK_LATE_KEY];
    int64_t wait_ms;
    size_t at;

    name_of(key, name);
    at = find(late, name);
    if (at == late->count) {
        if (late->count == PK_LATE_MAX) {
            return false;
        }
        (void)snprintf(late->rows[at].key, PK_LATE_KEY, "%s", name);
        late->rows[at].wait_ms = 0;
        late->count++;
    }
    wait_ms = late->rows[at].wait_ms == 0 ? min_ms : 2 * late->rows[at].wait_ms;
    wait_ms = wait_ms > max_ms ? max_ms : wait_ms;
    late->rows[at].wait_ms = wait_ms;
    wait_ms = wait_ms * 3 / 4 + wait_ms * jitter / 65536 / 2;
    late->rows[at].until_ms = now_ms + (asked_ms > wait_ms ? asked_ms : wait_ms);
    return true;
}

void pk_late_done(struct pk_late *late, const char *key)
{
    char name[PK_LATE_KEY];
    size_t at;

    if (late->count == 0) {
        return;
    }
    name_of(key, name);
    at = find(late, name);
    if (at < late->count) {
        late->rows[at] = late->rows[--late->count];
    }
}

int64_t pk_late_next(const struct pk_late *late)
{
    int64_t next = INT64_MAX;

    for (size_t i = 0; i < late->count; i++) {
        next = late->rows[i].until_ms < next ? late->rows[i].until_ms : next;
    }
    return next;
}
