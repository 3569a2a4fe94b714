/* probe_dns.h - does a name server of the network tell the truth? It is asked for random names that
 * cannot exist and for check hosts. What it says is compared with a resolver that nobody can forge,
 * and where the two differ the host at the given address must prove the name by its certificate. What
 * was proved once is remembered: then a quiet round costs a few small packets and no handshake. */
#pragma once

#include "agent/dns_trusted.h"
#include "agent/probe_env.h"

#define PK_DNS_NAMES_MAX  12 /* names that are checked */
#define PK_DNS_PROVEN_MAX 8  /* addresses remembered of each */
#define PK_DNS_SHOWN      96

/* What is known of one name, whatever the network. */
struct pk_dns_memory {
    char name[PK_DNS_NAME_MAX];
    struct pk_address proven[PK_DNS_PROVEN_MAX];
    size_t proven_count;
    size_t proven_next; /* to be overwritten when it is full */
    struct pk_dns_answer trusted;
    enum pk_dns_via trusted_via; /* NONE: not asked yet */
    int64_t trusted_ms;          /* monotonic, as all below; */
    int64_t control_ms;          /* the host at a trusted address was asked for a proof; 0: never */
    bool control_ok;             /* and gave it */
    struct pk_address doubted;   /* this one did not prove itself */
    enum pk_tri doubted_is;      /* NO, or UNKNOWN: it could not be reached */
    bool doubted_refused;        /* nobody listens there */
    int64_t doubted_ms;
    char doubted_shown[PK_DNS_SHOWN];
    struct pk_address tcp_server; /* this name server was asked over TCP as well */
    enum pk_tri tcp_right;
    int64_t tcp_ms;
};

struct pk_dns_name {
    const char *name;
    uint16_t port;      /* where it speaks TLS */
    const char *own_ca; /* the only roots that may vouch for it; NULL: the system's */
    bool own, split;    /* as in struct pk_dns_check */
    struct pk_dns_memory memory;
};

/* The trusted resolver's word on an invented address. */
struct pk_dns_made_up {
    struct pk_address address;
    enum pk_tri trusted_nx;
    int64_t at_ms;
};

struct pk_dns_probe {
    struct pk_address server;
    const char *domain;            /* random names below it do not exist; NULL: none is known */
    struct pk_dns_trusted trusted; /* in, out */
    struct pk_dns_name *names;     /* in, out: their memories */
    size_t count;                  /* at most PK_DNS_NAMES_MAX */
    struct pk_dns_made_up made_up; /* in, out */
    int link;                      /* index of the interface; 0: none */
    bool ipv6;                     /* also ask for IPv6 addresses */
    bool few;                      /* a quiet round: all kinds of made-up names, few true ones */
    bool brief;                    /* a further name server of the network: fewer questions */
    bool odd;                      /* out: something is not as it should be */
};

/* NULL when memory is short. captive and what only the loop knows is left unknown. */
struct pk_obs_dns *pk_probe_dns(const struct pk_probe_env *env, struct pk_dns_probe *probe);
