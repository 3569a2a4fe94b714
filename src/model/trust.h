/* trust.h - what an organisation trusts on networks: the same section `trust:` in the server's policy,
 * in agent.yaml and in what the server pushes to its devices. Judging needs only its outcome: the
 * agent compares, and the observation says "allowed" or "listed". */
#pragma once

#include "base/schema.h"

/* A network of the organisation. name and bssids are the administrator's own words and go to the
 * organisation's own devices; they never come back from one. */
struct pk_trust_network {
    const char *name;         /* SSID */
    struct pk_strings bssids; /* of its access points; none: any */
    int security;             /* index into pk_security_names: at least this; 0: not told */
    /* SHA-256 of the certificate (DER, hex) of the RADIUS server or CA that vouches for it; NULL. */
    const char *certificate;
};

enum pk_block_mode {
    PK_BLOCK_OFF,
    PK_BLOCK_WARN, /* the person may go on */
    PK_BLOCK_ON,
};

/* What the agent's own resolver does about names. */
struct pk_trust_names {
    int phishing;            /* enum pk_block_mode */
    int control;             /* of command-and-control hosts; enum pk_block_mode */
    bool lookalikes;         /* also names that only look like a brand's, by the model */
    struct pk_strings allow; /* domains, with all below them */
    struct pk_strings deny;
    bool tell_name; /* the harmful domain itself may be told to the server; else only the verdict */
};

struct pk_trust {
    struct pk_strings inspection_cas; /* SHA-256 of the DER of a CA, hex in lower case */
    struct pk_strings pac_urls;       /* proxy scripts of the organisation */
    struct pk_strings split_zones; /* DNS zones whose inside answers differ from the public ones */
    struct pk_strings hosts;  /* own hosts (mail, SSO, VPN) to check: "host" or "host:port" (TLS) */
    struct pk_array networks; /* struct pk_trust_network */
    struct pk_trust_names *names; /* never NULL after decoding */
};

#define PK_TRUST_LIST_MAX     64
#define PK_TRUST_NETWORKS_MAX 200
#define PK_TRUST_BSSIDS_MAX   500
#define PK_TRUST_TEXT_MAX     (128UL * 1024) /* of all of it as JSON: devices fetch it */

extern const struct pk_schema pk_trust_schema;
extern const char *const pk_block_mode_names[];

/* Is value in the list? Fingerprints in any case, with or without colons. */
bool pk_trust_has_certificate(const struct pk_strings *list, const char *sha256);
/* Is name one of these zones, or below one? Case and a trailing dot do not count. */
bool pk_trust_has_zone(const struct pk_strings *zones, const char *name);
/* The row of this SSID, or NULL. */
const struct pk_trust_network *pk_trust_network(const struct pk_trust *trust, const char *ssid);

/* What a type cannot say: fingerprints are 64 hex digits, addresses of scripts http(s), zones and hosts
 * names, BSSIDs hardware addresses, each network's name once. err->path says where, as "networks[1].bssids[0]". */
PK_MUST_USE int pk_trust_check(const struct pk_trust *trust, struct pk_error *err);

/* Several sources as one, in the arena: lists are united (the first ones first, each value once); of
 * networks of the same name, and of the modes of `names`, the last source counts; where a list becomes
 * too long the first values make room. NULL entries are passed over. */
PK_MUST_USE int pk_trust_merge(const struct pk_trust *const *sources, size_t count,
        struct pk_arena *arena, struct pk_trust *out, struct pk_error *err);
