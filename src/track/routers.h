/* routers.h - who says to be an IPv6 router on this link (RFC 4861 section 6)? Those who were there when
 * we came are the network's own. When a further one appears, the own ones are asked whether they still
 * live: a router that was replaced is silent, one that is being outbid still answers. When a known router
 * suddenly says something else, it is asked to say it again: if it then repeats the old words, others
 * speak in its name. Pure: frames and time come in, questions and facts go out through struct
 * pk_routers_ops. */
#pragma once

#include "base/schema.h"
#include "wire/icmp6.h"

#define PK_ROUTERS_MAX      8
#define PK_ROUTERS_BASE_MS  4000  /* routers may wait 3.5 s before they answer (RFC 4861, 6.2.6) */
#define PK_ROUTERS_HEARD_MS 1000  /* when one has answered, the others have had their half second */
#define PK_ROUTERS_ROUND_MS 500   /* one round of questions */
#define PK_ROUTERS_DOUBT_MS 4500  /* waiting for a router's own words */
#define PK_ROUTERS_GONE_MS  20000 /* silent so long, though asked thrice */
#define PK_ROUTERS_TRUST_MS 600000 /* a newcomer that nobody minds belongs here now */

struct pk_routers_entry {
    uint8_t address[16];
    uint8_t mac[6];
    bool has_mac;
    enum pk_tri known;   /* here when we came, or on earlier visits */
    enum pk_tri answers; /* when it was asked last */
    bool heard;          /* by an advertisement; else only the kernel's route names it */
    bool forged;         /* the words of another, in the name of a known one */
    struct pk_nd_router said;
    int64_t first_ms, last_ms;
    int64_t frames; /* in the last minute */
};

struct pk_routers_ops {
    /* Asks all routers to announce themselves. */
    void (*solicit)(void *ctx);
    /* Asks who has the address, only this station. */
    void (*ask)(void *ctx, const uint8_t address[16], const uint8_t mac[6]);
    /* Was it a router here on earlier visits? UNKNOWN: there were none. */
    enum pk_tri (*known)(void *ctx, const uint8_t mac[6]);
    /* An attack is open: nobody becomes trusted. */
    bool (*attacked)(void *ctx);
    /* The picture is complete, or another one than before. */
    void (*report)(void *ctx);
    /* What is no news may be other frames now: pk_routers_listening(), pk_routers_quiet(). */
    void (*listen)(void *ctx);
    /* Call pk_routers_tick() in so many ms, instead of an earlier wish. */
    void (*wake)(void *ctx, int64_t in_ms);
};

struct pk_routers;

/* ops is borrowed. NULL when memory is short. */
struct pk_routers *pk_routers_create(const struct pk_routers_ops *ops, void *ctx);
void pk_routers_destroy(struct pk_routers *tracker); /* NULL is fine */

void pk_routers_join(struct pk_routers *tracker, int64_t now_ms);
void pk_routers_leave(struct pk_routers *tracker);
/* The kernel routes through this address; mac: as its table says, or NULL. */
void pk_routers_seed(
        struct pk_routers *tracker, const uint8_t address[16], const uint8_t *mac, int64_t now_ms);
/* Advertisements of routers and neighbours; others are passed over. frame: the whole of it, or empty. */
void pk_routers_frame(
        struct pk_routers *tracker, const struct pk_nd *nd, struct pk_slice frame, int64_t now_ms);
/* Asks again now; the result is reported even when nothing changed. */
void pk_routers_check(struct pk_routers *tracker, int64_t now_ms);
void pk_routers_tick(struct pk_routers *tracker, int64_t now_ms);

size_t pk_routers_count(const struct pk_routers *tracker);
const struct pk_routers_entry *pk_routers_at(const struct pk_routers *tracker, size_t index);
/* Questions are out: what the routers say of their own addresses is needed now. */
bool pk_routers_listening(const struct pk_routers *tracker);
/* The index-th one that is tracked, told or not yet; NULL behind the last. */
const uint8_t *pk_routers_address(const struct pk_routers *tracker, size_t index);
/* Somebody is here who was not, or speaks in another's name. */
bool pk_routers_odd(const struct pk_routers *tracker);
/* The last advertisement of the index-th router, when more of the same would be no news; else empty. */
struct pk_slice pk_routers_quiet(const struct pk_routers *tracker, size_t index);
