#include "server/limits.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypt.h"

#define WAYS  8  /* buckets of a set: where one name may live */
#define LOCKS 16 /* sets share locks */

struct bucket {
    uint64_t name; /* hash; 0: free */
    int64_t at_ms;
    double tokens;
};

struct set {
    struct bucket ways[WAYS];
};

struct pk_limits {
    double per_ms;
    double burst;
    uint64_t seed; /* so that nobody can choose names that fall together */
    unsigned mask;
    struct set *sets;
    pthread_mutex_t locks[LOCKS];
};

struct pk_limits *pk_limits_create(int64_t per_minute, int64_t burst, unsigned slots)
{
    struct pk_limits *limits = calloc(1, sizeof(*limits));
    unsigned sets = 1;

    while (sets < (slots + WAYS - 1) / WAYS && sets < (1U << 24)) {
        sets *= 2;
    }
    if (limits == NULL) {
        return NULL;
    }
    limits->sets = calloc(sets, sizeof(*limits->sets));
    if (limits->sets == NULL) {
        free(limits);
        return NULL;
    }
    limits->per_ms = (double)per_minute / 60000.0;
    limits->burst = (double)burst;
    limits->mask = sets - 1;
    pk_random(&limits->seed, sizeof(limits->seed));
    for (unsigned i = 0; i < LOCKS; i++) {
        pthread_mutex_init(&limits->locks[i], NULL);
    }
    return limits;
}

void pk_limits_destroy(struct pk_limits *limits)
{
    if (limits == NULL) {
        return;
    }
    for (unsigned i = 0; i < LOCKS; i++) {
        pthread_mutex_destroy(&limits->locks[i]);
    }
    free(limits->sets);
    free(limits);
}

/* FNV-1a from a secret start, then MurmurHash3's finalizer. */
static uint64_t hash(uint64_t seed, const char *who)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325) ^ seed;

    for (; *who != '\0'; who++) {
        h = (h ^ (unsigned char)*who) * UINT64_C(0x100000001b3);
    }
    h = (h ^ (h >> 33)) * UINT64_C(0xff51afd7ed558ccd);
    h = (h ^ (h >> 33)) * UINT64_C(0xc4ceb9fe1a85ec53);
    h ^= h >> 33;
    return h != 0 ? h : 1;
}

static double tokens_at(const struct pk_limits *limits, const struct bucket *b, int64_t now_ms)
{
    double since = now_ms > b->at_ms ? (double)(now_ms - b->at_ms) : 0;
    double tokens = b->tokens + since * limits->per_ms;

    return tokens < limits->burst ? tokens : limits->burst;
}

/* The bucket of this name; a new one replaces a free one or the fullest. */
static struct bucket *find(
        const struct pk_limits *limits, struct set *set, uint64_t name, int64_t now_ms)
{
    struct bucket *fullest = &set->ways[0];

    for (int i = 0; i < WAYS; i++) {
        struct bucket *b = &set->ways[i];

        if (b->name == name) {
            return b;
        }
        if (fullest->name != 0 &&
                (b->name == 0 ||
                        tokens_at(limits, b, now_ms) > tokens_at(limits, fullest, now_ms))) {
            fullest = b;
        }
    }
    *fullest = (struct bucket){ .name = name, .at_ms = now_ms, .tokens = limits->burst };
    return fullest;
}

static bool look(
        struct pk_limits *limits, const char *who, int64_t now_ms, int *retry_s, double take)
{
    uint64_t name = hash(limits->seed, who);
    unsigned index = (unsigned)name & limits->mask;
    pthread_mutex_t *lock = &limits->locks[index % LOCKS];
    struct bucket *b;
    bool has;

    pthread_mutex_lock(lock);
    b = find(limits, &limits->sets[index], name, now_ms);
    b->tokens = tokens_at(limits, b, now_ms);
    b->at_ms = now_ms > b->at_ms ? now_ms : b->at_ms;
    has = b->tokens >= 1;
    if (has) {
        b->tokens -= take;
    } else {
        *retry_s = limits->per_ms > 0 ? (int)((1 - b->tokens) / limits->per_ms / 1000) + 1 : 3600;
    }
    pthread_mutex_unlock(lock);
    return has;
}

bool pk_limits_take(struct pk_limits *limits, const char *who, int64_t now_ms, int *retry_s)
{
    return look(limits, who, now_ms, retry_s, 1);
}

bool pk_limits_has(struct pk_limits *limits, const char *who, int64_t now_ms, int *retry_s)
{
    return look(limits, who, now_ms, retry_s, 0);
}

void pk_limits_address(const char *address, char out[PK_LIMITS_ADDRESS])
{
    unsigned char six[16];
    char net[INET6_ADDRSTRLEN];

    if (inet_pton(AF_INET6, address, six) != 1) {
        (void)snprintf(out, PK_LIMITS_ADDRESS, "%.60s", address);
        return;
    }
    memset(six + 8, 0, 8);
    (void)inet_ntop(AF_INET6, six, net, sizeof(net));
    (void)snprintf(out, PK_LIMITS_ADDRESS, "%s/64", net);
}
