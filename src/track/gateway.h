/* gateway.h - who holds the gateway's address? The order of questions that tells a router which was
 * replaced (silent under its old hardware address) from one that is impersonated (still answers
 * there). Pure: frames and time come in, questions and facts go out through struct pk_gateway_ops,
 * so that tests run it on a clock of their own.
 *
 *   calm --rival claims, or the neighbour table changes--> asking --old holder answers--> contested
 *   asking --only the new one answers--> moved (the new one is learnt) --12 s quiet--> calm
 *   asking --nobody answers, yet the rival goes on claiming--> contested
 *   asking --both answer, and both hold the address--> calm (two ports of one router)
 *   contested --no claim for some time, nobody else answers when asked--> calm
 *
 * When both answer they are sent an echo request to the address that may not be forwarded: one that
 * holds the address answers, one that would hand the packet on says so. How long "some time" is depends
 * on how often the rival claimed: 12 s, or a minute for one who claims rarely. */
#pragma once

#include "model/observation.h"
#include "wire/arp.h"

#define PK_GATEWAY_CALM_MS 12000 /* without a claim; ettercap repeats its claims every 10 s */
#define PK_GATEWAY_RARE_MS \
    65000 /* the same for one who claims rarely: systems forget after 15-60 s */
#define PK_GATEWAY_ROUND_MS 500 /* one round of questions */

struct pk_gateway_facts {
    uint8_t mac[6];
    uint8_t mac_before[6];
    uint8_t mac_rival[6];
    bool has_rival;
    int64_t probes, old_answers, rival_claims, unasked_claims;
    int64_t rival_answers;
    int64_t pushed_claims; /* of the unasked: told to everybody */
    enum pk_tri old_holds, rival_holds;
};

/* What an echo request to the gateway's address, sent to a hardware address, brought. */
enum pk_gateway_echo {
    PK_GATEWAY_HOLDS,    /* an answer */
    PK_GATEWAY_FORWARDS, /* "time exceeded": it would have handed the packet on */
};

struct pk_gateway_ops {
    /* Asks who has the address; to NULL: everybody. */
    void (*ask)(void *ctx, const uint8_t *to);
    /* Sends that echo request with TTL 1 to the learnt one, or to the rival. NULL: cannot. */
    void (*echo)(void *ctx, const uint8_t to[6], bool rival);
    /* The frames that pk_gateway_frame() needs from now on; known as in pk_arp_filter(). */
    void (*listen)(void *ctx, const uint8_t *known);
    /* The holder is known (again), before anything else is reported of it. */
    void (*learnt)(void *ctx, const uint8_t mac[6]);
    /* The first sign of a rival, before anybody was asked. */
    void (*suspect)(void *ctx);
    /* The picture is complete, or another one than before. */
    void (*report)(void *ctx, const struct pk_gateway_facts *facts);
    /* Call pk_gateway_tick() in so many ms, instead of an earlier wish. */
    void (*wake)(void *ctx, int64_t in_ms);
};

struct pk_gateway;

/* ops is borrowed. NULL when memory is short. */
struct pk_gateway *pk_gateway_create(const struct pk_gateway_ops *ops, void *ctx);
void pk_gateway_destroy(struct pk_gateway *gateway);

/* A network was joined: forget the old one and ask. table: what the neighbour table says, or NULL.
 * can_ask false: there is no packet socket; the neighbour table alone is believed. */
void pk_gateway_join(struct pk_gateway *gateway, const uint8_t own_mac[6], const uint8_t *table,
        bool can_ask, int64_t now_ms);
void pk_gateway_leave(struct pk_gateway *gateway);

/* Somebody says by this frame that it holds the address. */
void pk_gateway_frame(struct pk_gateway *gateway, const struct pk_arp_frame *frame, int64_t now_ms);
/* An echo request came back in this way. */
void pk_gateway_echoed(struct pk_gateway *gateway, bool rival, enum pk_gateway_echo how);
/* The neighbour table holds this address now. */
void pk_gateway_neighbour(struct pk_gateway *gateway, const uint8_t mac[6], int64_t now_ms);
/* Asks again now; the result is reported even when nothing changed. False: there is no gateway. */
bool pk_gateway_check(struct pk_gateway *gateway, int64_t now_ms);
void pk_gateway_tick(struct pk_gateway *gateway, int64_t now_ms);

/* NULL while none is known. The rival: NULL when there is none. */
const uint8_t *pk_gateway_learnt(const struct pk_gateway *gateway);
const uint8_t *pk_gateway_rival(const struct pk_gateway *gateway);
/* A round of questions is under way. */
bool pk_gateway_asking(const struct pk_gateway *gateway);
/* Another one than the learnt one is at work. */
bool pk_gateway_odd(const struct pk_gateway *gateway);
/* The neighbour table holds another address than the learnt one: traffic flows there now. */
bool pk_gateway_diverted(const struct pk_gateway *gateway);
