#include "server/lockout.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypt.h"

#define SLOTS 8192 /* a power of two; when two share a slot they share the wait */

struct slot {
    int64_t newest_ms;
    int64_t until_ms;
    int wrong;
};

struct pk_lockout {
    pthread_mutex_t lock;
    uint8_t seed[16]; /* so that nobody can choose names that fall together */
    struct slot slots[SLOTS];
};

struct pk_lockout *pk_lockout_create(void)
{
    struct pk_lockout *lockout = calloc(1, sizeof(*lockout));

    if (lockout != NULL && pthread_mutex_init(&lockout->lock, NULL) != 0) {
        free(lockout);
        return NULL;
    }
    if (lockout != NULL) {
        pk_random(lockout->seed, sizeof(lockout->seed));
    }
    return lockout;
}

void pk_lockout_destroy(struct pk_lockout *lockout)
{
    if (lockout != NULL) {
        (void)pthread_mutex_destroy(&lockout->lock);
        free(lockout);
    }
}

static struct slot *slot_of(struct pk_lockout *lockout, char kind, const char *name)
{
    uint8_t key[sizeof(lockout->seed) + 1];
    uint8_t mac[PK_SHA256_SIZE];

    memcpy(key, lockout->seed, sizeof(lockout->seed));
    key[sizeof(lockout->seed)] = (uint8_t)kind;
    pk_hmac_sha256(pk_slice_of(key, sizeof(key)), pk_slice_str(name), mac);
    return &lockout->slots[((size_t)mac[0] << 8 | mac[1]) % SLOTS];
}

static bool is_local(const char *address)
{
    return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0 ||
            strncmp(address, "::ffff:127.", 11) == 0;
}

static int64_t wait_of(const struct slot *slot, int64_t now_ms)
{
    int64_t wait = slot->until_ms - now_ms;

    /* longer: the clock was set back */
    return wait < 0 || wait > PK_LOCKOUT_MAX_MS ? 0 : wait;
}

int64_t pk_lockout_wait(
        struct pk_lockout *lockout, const char *account, const char *address, int64_t now_ms)
{
    int64_t by_address;
    int64_t by_account;

    (void)pthread_mutex_lock(&lockout->lock);
    by_address = wait_of(slot_of(lockout, 'a', address), now_ms);
    by_account = wait_of(slot_of(lockout, 'n', account), now_ms);
    (void)pthread_mutex_unlock(&lockout->lock);
    if (is_local(address)) {
        return by_address > PK_LOCKOUT_LOCAL_MS ? PK_LOCKOUT_LOCAL_MS : by_address;
    }
    return by_address > by_account ? by_address : by_account;
}

static void note(struct slot *slot, int64_t now_ms, int64_t max_ms)
{
    int64_t wait = 1000;

    if (now_ms - slot->newest_ms > PK_LOCKOUT_FORGET_MS || now_ms < slot->newest_ms) {
        slot->wrong = 0;
    }
    slot->wrong += slot->wrong < 64 ? 1 : 0;
    slot->newest_ms = now_ms;
    for (int i = PK_LOCKOUT_FREE; i < slot->wrong && wait < max_ms; i++) {
        wait *= 2;
    }
    wait = wait > max_ms ? max_ms : wait;
    slot->until_ms = slot->wrong > PK_LOCKOUT_FREE ? now_ms + wait : now_ms;
}

void pk_lockout_wrong(
        struct pk_lockout *lockout, const char *account, const char *address, int64_t now_ms)
{
    (void)pthread_mutex_lock(&lockout->lock);
    note(slot_of(lockout, 'a', address), now_ms,
            is_local(address) ? PK_LOCKOUT_LOCAL_MS : PK_LOCKOUT_MAX_MS);
    note(slot_of(lockout, 'n', account), now_ms, PK_LOCKOUT_MAX_MS);
    (void)pthread_mutex_unlock(&lockout->lock);
}

void pk_lockout_right(struct pk_lockout *lockout, const char *account, const char *address)
{
    (void)pthread_mutex_lock(&lockout->lock);
    *slot_of(lockout, 'a', address) = (struct slot){ 0 };
    *slot_of(lockout, 'n', account) = (struct slot){ 0 };
    (void)pthread_mutex_unlock(&lockout->lock);
}
