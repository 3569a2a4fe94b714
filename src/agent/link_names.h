/* link_names.h - the questions that devices call into a link when no name server knows a name. All are sent
 * at the same time and answers are collected for a moment. Blocking: for jobs beside the loop. */
#pragma once

#include "agent/net.h"

enum pk_link_way {
    PK_LINK_LLMNR,
    PK_LINK_MDNS,
    PK_LINK_NETBIOS,
};
#define PK_LINK_WAYS 3

struct pk_link_answer {
    bool answered;
    struct pk_address from;    /* who answers */
    struct pk_address address; /* and what it says */
};

/* Asks for name on all ways; out[way] is filled. address: own IPv4 address, prefix its length in bits. */
void pk_link_ask(const char *name, unsigned interface, const struct pk_address *address,
        unsigned prefix, const struct pk_deadline *deadline,
        struct pk_link_answer out[PK_LINK_WAYS]);
