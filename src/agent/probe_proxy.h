/* probe_proxy.h - who offers a proxy script here? By DHCP (option 252), as the name "wpad" in DNS, or as an
 * answer of a neighbour to the questions that devices call into the link for that name (LLMNR RFC 4795,
 * multicast DNS RFC 6762, NetBIOS RFC 1002). A made-up name is asked for beside it: who answers to that,
 * too, is no such host but somebody who answers to everything. */
#pragma once

#include "agent/probe_env.h"

#define PK_PROXY_OFFERS_MAX 5

enum pk_proxy_source { /* pk_proxy_source_names */
    PK_PROXY_NONE,
    PK_PROXY_DHCP,
    PK_PROXY_DNS,
    PK_PROXY_LLMNR,
    PK_PROXY_MDNS,
    PK_PROXY_NETBIOS,
    PK_PROXY_SYSTEM,
};

struct pk_proxy_ask {
    const char *dhcp_url;    /* option 252; "": none */
    const char *dhcp_server; /* "" : not known */
    const char *domain;      /* of the network; "": none */
    bool ask_link;           /* call into the link, too */
    unsigned interface;
    struct pk_address own, router; /* IPv4; family 0: none */
    unsigned prefix;               /* of own, in bits */
};

/* One offer; known, server_known, allowed and captive are the caller's. */
struct pk_proxy_found {
    struct pk_obs_proxy offers[PK_PROXY_OFFERS_MAX];
    size_t count;
    bool asked_link;
};

/* NULL when memory is short or cancelled. */
struct pk_proxy_found *pk_probe_proxy(
        const struct pk_probe_env *env, const struct pk_proxy_ask *ask);
