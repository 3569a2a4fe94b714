/* probe_dns_round.h - inside of the probe of a name server: what probe_dns.c (asking, telling) and
 * probe_dns_settle.c (is it true?) share. */
#pragma once

#include "agent/probe_dns.h"
#include "wire/address_kind.h"

#define PK_DNS_LIST_MAX     8
#define PK_DNS_MADE_UP_MAX  4
#define PK_DNS_PREFIXES_MAX 4
#define PK_DNS_LINKS_MAX    8

struct pk_dns_list {
    struct pk_address items[PK_DNS_LIST_MAX];
    size_t count;
};

/* A prefix on the link, of either family. */
struct pk_dns_link {
    struct pk_address prefix;
    unsigned bits;
};

/* One checked name. */
struct pk_dns_row {
    struct pk_dns_name *name;
    struct pk_dns_question *a, *aaaa; /* NULL: not asked */
    struct pk_dns_list first, second; /* addresses of both kinds */
    int second_ms;                    /* -1: no second answer */
    bool suspect;                     /* an address is left that nothing speaks for */
    enum pk_tri proves, second_proves;
    enum pk_tri tcp_right;
};

struct pk_dns_round {
    const struct pk_probe_env *env;
    struct pk_dns_probe *probe;
    const char *made_up[PK_DNS_MADE_UP_MAX];
    size_t made_up_count;
    const char *perhaps; /* of which, the last: may exist; NULL: none */
    size_t timeouts;
    size_t raced;                             /* made-up names with two different answers */
    const char *invented[PK_DNS_MADE_UP_MAX]; /* the made-up names that got an address */
    size_t invented_count;
    bool ask_made_up; /* the trusted resolver's word on them is needed */
    struct pk_dns_list inventions;
    struct pk_dns_question questions[PK_DNS_QUESTIONS_MAX];
    size_t question_count;
    struct pk_dns_question *nat64; /* NULL: not asked */
    struct pk_nat64 prefixes[PK_DNS_PREFIXES_MAX];
    size_t prefix_count;
    struct pk_dns_row rows[PK_DNS_NAMES_MAX];
    struct pk_dns_link links[PK_DNS_LINKS_MAX];
    size_t link_count;
    int64_t now_ms;
    size_t proofs;             /* handshakes that were made */
    enum pk_dns_via via;       /* the weakest way by which a trusted answer that is used came */
    enum pk_dns_via asked_via; /* in this round */
};

bool pk_dns_list_has(
        const struct pk_address *items, size_t count, const struct pk_address *address);
/* Is there a trusted answer that still counts? */
bool pk_dns_trusted_holds(const struct pk_dns_memory *memory, int64_t now_ms);
void pk_dns_read_links(struct pk_dns_round *r);
bool pk_dns_on_link(const struct pk_dns_round *r, const struct pk_address *address);

/* Finds out about every address what can be found out: by memory, by the trusted resolver, by a
 * certificate; fills in the rows and the memories. */
void pk_dns_settle(struct pk_dns_round *r);
