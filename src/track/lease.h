/* lease.h - who hands out this network's settings, and is the one before still there? The order of
 * questions around a DHCP lease: ARP (RFC 826) for the servers and routers that are named now and were
 * named before, DHCP for who else offers. Pure: messages and time come in, questions and facts go out
 * through struct pk_lease_ops, so that tests run it on a clock of their own.
 *
 * "Before" is the last lease under which all was well: it stays while a rogue one is in force, so that
 * the comparison, and its end, do not depend on the order of renewals. */
#pragma once

#include "model/observation.h"
#include "wire/address.h"
#include "wire/dhcp.h"

#define PK_LEASE_OFFERS_MAX   8
#define PK_LEASE_STATIONS_MAX 16 /* addresses asked for in one round */
#define PK_LEASE_NAMES_MAX    8
#define PK_LEASE_ROUND_MS     700 /* one round of questions */

/* What a lease or an offer says. */
struct pk_lease_terms {
    struct pk_address server; /* family 0: not told, as in all of these */
    struct pk_address router;
    struct pk_address names[PK_LEASE_NAMES_MAX];
    size_t name_count;
    char wpad[PK_DHCP_TEXT_MAX];
};

/* An address and who answers for it. */
struct pk_lease_station {
    struct pk_address address;
    bool asked;
    bool answered;
    uint8_t mac[6];
};

struct pk_lease_seen_offer {
    struct pk_lease_terms terms;
    uint8_t mac[6]; /* that sent it */
    int64_t at_ms;
};

struct pk_lease_facts {
    struct pk_lease_terms now;
    struct pk_lease_terms before;
    bool has_before;
    bool has_sender;
    uint8_t sender[6]; /* of the last message by which our lease came */
    /* Hardware addresses of the time when `before` was in force; all zero: not known. */
    uint8_t server_mac_before[6];
    uint8_t router_mac_before[6];
    struct pk_lease_seen_offer offers[PK_LEASE_OFFERS_MAX];
    size_t offer_count;
    struct pk_lease_station stations[PK_LEASE_STATIONS_MAX];
    size_t station_count;
    int64_t asked; /* DHCP questions */
};

struct pk_lease_ops {
    /* Asks by ARP who has an address of this link. */
    void (*ask_station)(void *ctx, const uint8_t address[4]);
    /* Asks by DHCP who offers settings. */
    void (*ask_servers)(void *ctx);
    void (*report)(void *ctx, const struct pk_lease_facts *facts);
    /* Call pk_lease_track_tick() in so many ms, instead of an earlier wish. */
    void (*wake)(void *ctx, int64_t in_ms);
};

struct pk_lease_track;

/* ops is borrowed. NULL when memory is short. */
struct pk_lease_track *pk_lease_track_create(const struct pk_lease_ops *ops, void *ctx);
void pk_lease_track_destroy(struct pk_lease_track *track);

/* A link was joined with this lease, own address and prefix length. same_network: what was before is
 * about this network, too. Asks and then reports. */
void pk_lease_track_join(struct pk_lease_track *track, const struct pk_lease_terms *terms,
        const struct pk_address *own, unsigned prefix, bool same_network, int64_t now_ms);
/* The link was lost and is back, perhaps elsewhere: until the lease's server is heard here, others are not judged
 * beside it. Asks and then reports. */
void pk_lease_track_relink(struct pk_lease_track *track, int64_t now_ms);
/* The lease is another one now; asks when it says something else. */
void pk_lease_track_change(
        struct pk_lease_track *track, const struct pk_lease_terms *terms, int64_t now_ms);
/* The link is left. What was before stays, for a return. */
void pk_lease_track_leave(struct pk_lease_track *track);
/* The present lease is the one to compare with from now on. */
void pk_lease_track_accept(struct pk_lease_track *track);
/* Asks now, and reports also when nothing is new. False: there is no lease. */
bool pk_lease_track_check(struct pk_lease_track *track, int64_t now_ms);

/* A server says this to us; ours: it is the answer by which our own lease came. */
void pk_lease_track_offer(struct pk_lease_track *track, const struct pk_dhcp *message,
        const uint8_t mac[6], bool ours, int64_t now_ms);
/* Somebody answers for this address. */
void pk_lease_track_station(
        struct pk_lease_track *track, const uint8_t address[4], const uint8_t mac[6]);
void pk_lease_track_tick(struct pk_lease_track *track, int64_t now_ms);
bool pk_lease_track_asking(const struct pk_lease_track *track);

/* Whether terms say the same, for who cares where traffic goes. */
bool pk_lease_terms_same(const struct pk_lease_terms *a, const struct pk_lease_terms *b);
void pk_lease_terms_of(const struct pk_dhcp *message, struct pk_lease_terms *out);
/* Who answered for this address in the facts' round; NULL: nobody, or it was not asked. */
const struct pk_lease_station *pk_lease_station_of(
        const struct pk_lease_facts *facts, const struct pk_address *address);
