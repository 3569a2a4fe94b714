/* late.h - who has to wait before the next try, and until when. Kept in memory: after a restart everything is tried
 * at once. One thread; plain data. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>

#define PK_LATE_MAX 512 /* keys at a time */
#define PK_LATE_KEY 65

struct pk_late {
    size_t count;
    struct {
        char key[PK_LATE_KEY]; /* a hash: addresses can be longer */
        int64_t until_ms;
        int64_t wait_ms; /* the newest pause, which doubles */
    } rows[PK_LATE_MAX];
};

/* Has this one to wait still? */
bool pk_late_waits(const struct pk_late *late, const char *key, int64_t now_ms);
/* One more try has failed. The pause doubles from min_ms to max_ms, is jitter/65536 of a half longer or shorter than that,
 * and never shorter than asked_ms. false: there is no room for another key. */
bool pk_late_add(struct pk_late *late, const char *key, int64_t now_ms, int64_t min_ms,
        int64_t max_ms, int64_t asked_ms, uint16_t jitter);
void pk_late_done(struct pk_late *late, const char *key);
/* When the next one may be tried; INT64_MAX: nobody waits. */
int64_t pk_late_next(const struct pk_late *late);
