/* observation_network.h - the bodies of observations about networks: raw facts, from which the judges
 * (defense/network/) conclude. Whatever a judgement needs stands in the observation itself: also what
 * was there before, what the organisation allows, what an old holder answered.
 *
 * Addresses are text (RFC 5952), hardware addresses "02:00:5e:00:53:01" in lower case, fingerprints hex
 * in lower case. NULL, empty and UNKNOWN mean: not known. */
#pragma once

#include "base/schema.h"

enum pk_network_event {
    PK_NETWORK_JOINED,
    PK_NETWORK_CHANGED,
    PK_NETWORK_LEFT,
};

struct pk_obs_network {
    int event;        /* enum pk_network_event */
    int link;         /* index into "unknown", "wifi", "wired", "cellular", "vpn" */
    int security;     /* index into "unknown", "open", "owe", "wep", "wpa", "wpa2", "wpa3", "eap" */
    const char *name; /* SSID or "wired (eth0)": NEVER leaves; for this device's own texts */
    const char *bssid;   /* of the access point */
    const char *gateway; /* address */
    const char *gateway_mac;
    struct pk_strings dns; /* resolvers the network handed out */
    const char *dhcp_server;
    const char *place; /* coarse: geohash of 5 letters, about 5 km; NULL: not known */
    /* Compared with what this device learnt of the network on clean visits, and with the
     * organisation's list; UNKNOWN on a first visit. */
    int64_t visits;            /* clean ones before this; 0: the first */
    int security_before;       /* the best that it had, index as security */
    enum pk_tri bssid_known;   /* this access point was met under this name */
    enum pk_tri maker_known;   /* its maker (first half of the BSSID) was */
    enum pk_tri gateway_known; /* this router (hardware address) was met here */
    enum pk_tri listed; /* the name is on the organisation's list: do BSSID and security fit? */
    int64_t signal_dbm; /* of the access point; 0: not known */
};

/* Raw facts about who claims the gateway's address (ARP, RFC 826; with an IPv6 address: NDP, RFC 4861). When a second claimant appears
 * the agent asks both: a router that was replaced is silent, a router that is impersonated still
 * answers. */
struct pk_obs_gateway {
    const char *address;
    const char *mac;        /* what the neighbour table holds now */
    const char *mac_before; /* learnt at joining; same as mac when nothing changed */
    const char *mac_rival;  /* another hardware address that claims it; NULL: none seen */
    int64_t probes;         /* questions asked to the old holder after the change */
    int64_t old_answers;    /* of which the old holder answered */
    int64_t rival_claims;   /* frames in the last 10 s by which the rival claimed the address */
    int64_t unasked_claims; /* of which nobody had asked for */
    int64_t link_lost_ms;   /* before the change the link was down this long; 0: it was not */
    int64_t rival_asks; /* it asked who has the address while it claimed it: it has refuted itself */
    struct pk_strings rival_also; /* other addresses the rival holds */
    enum pk_tri
            rival_known; /* the rival was this network's router on an earlier clean visit (VRRP) */
    int64_t rival_answers; /* answers of the rival to our questions */
    int64_t pushed_claims; /* of the unasked: told to everybody (gratuitous ARP) */
    /* Each was sent an echo request to the address that may not be forwarded (TTL 1): YES, it
     * answered, so it holds the address; NO, it would have forwarded it. */
    enum pk_tri old_holds;
    enum pk_tri rival_holds;
};

/* One name with a known owner, asked of the network's resolver and of the trusted one. */
struct pk_dns_check {
    const char *name; /* a check host or one of the organisation's own: never a visited one */
    int64_t rcode;    /* RFC 1035; -1: no answer */
    struct pk_strings addresses;
    int64_t trusted_rcode; /* -1: none could be had */
    struct pk_strings trusted_addresses;
    struct pk_strings known;   /* addresses that proved to be its own on other days or networks */
    enum pk_tri secure;        /* the trusted answer is signed (DNSSEC) and was verified */
    enum pk_tri proves;        /* a host at `addresses` showed a valid certificate for the name */
    struct pk_strings second;  /* a second, different answer to one question came after the first */
    int64_t second_ms;         /* so long after it */
    bool split;                /* the name lies in one of the organisation's split zones */
    bool on_link;              /* one of `addresses` is on the device's own link */
    enum pk_tri second_proves; /* as proves, of the second answer */
    /* The same name server gave the trusted answer when it was asked over TCP: what came over UDP was
     * not its own. */
    enum pk_tri tcp_right;
    bool own;          /* one of the organisation's own hosts */
    bool refused;      /* proves is NO because nobody listens there */
    const char *shown; /* when proves is NO: what stands there instead, in the verifier's words */
};

struct pk_obs_dns {
    const char *resolver;
    int64_t nx_probes;              /* random names that cannot exist, asked */
    int64_t nx_answered;            /* of which got an address */
    struct pk_strings nx_addresses; /* which ones, at most 4 */
    int64_t nx_raced;       /* made-up names to which two different answers came to one question */
    enum pk_tri trusted_nx; /* the trusted resolver says "no such name" to the same names */
    int64_t timeouts;
    enum pk_tri captive; /* a portal held the device at that moment */
    int trusted_via; /* index into "none", "udp", "tcp", "dot", "doh": only the last two prove */
    enum pk_tri resolver_known; /* this network handed it out on an earlier clean visit */
    struct pk_array checks;     /* struct pk_dns_check */
    enum pk_tri on_link;        /* the name server stands on the device's own link */
    enum pk_tri router;         /* it is the router */
    /* The router's place is contested, or router or DHCP server are new on a network that is known:
     * who answers is perhaps not who is asked. */
    enum pk_tri contested;
    struct pk_strings
            nat64; /* prefixes by which it makes IPv6 addresses (RFC 7050): "64:ff9b::/96" */
    bool gone;     /* the network does not name it any more */
};

enum pk_tls_outcome {
    PK_TLS_OK,
    PK_TLS_UNTRUSTED, /* chain does not lead to a trusted root (or is self-signed) */
    PK_TLS_EXPIRED,   /* or not yet valid */
    PK_TLS_WRONG_NAME,
    PK_TLS_INVALID,     /* another defect of the chain */
    PK_TLS_PIN,         /* verifies, but is not the key that must be there */
    PK_TLS_FAILED,      /* handshake broke off without a certificate */
    PK_TLS_UNREACHABLE, /* no connection: refused, reset, timed out, name not found */
};

struct pk_certificate {
    const char *subject; /* RFC 2253 */
    const char *issuer;
    const char *sha256; /* of the DER, hex */
    const char *spki_sha256;
    int64_t not_before_ms;
    int64_t not_after_ms;
    const char *pem;
};

/* Why the chain's root is trusted by the system. */
enum pk_tls_trust {
    PK_TLS_TRUST_UNKNOWN,
    PK_TLS_TRUST_PUBLIC,   /* it came with the system */
    PK_TLS_TRUST_ORIGINAL, /* it was in the store before the agent was, and vouches for check hosts */
    PK_TLS_TRUST_INSTALLED, /* somebody added it */
    PK_TLS_TRUST_ALLOWED,   /* the organisation's own inspection authority, by its list */
    PK_TLS_TRUST_OWN,       /* our server's own CA, for our server */
};

struct pk_obs_tls {
    const char *host; /* a canary host or one of the organisation's own: never a visited one */
    int64_t port;
    const char *address;
    int outcome;       /* enum pk_tls_outcome */
    const char *error; /* the verifier's words */
    const char *version;
    struct pk_array
            chain; /* struct pk_certificate, leaf first; PEM only when not OK or not public */
    enum pk_tri captive;
    int trust;               /* enum pk_tls_trust, when OK */
    const char *root_sha256; /* of the DER of the root that vouched; NULL: none */
    enum pk_tri root_known;  /* that root vouched for this host before, on clean visits */
    const char *lookalike; /* a trusted authority of this very name exists, but with another key */
    const char *version_before; /* the newest that this host ever spoke with this device; NULL */
    const char *cipher;         /* suite, OpenSSL's name */
    enum pk_tri weak;           /* the suite is one that no such host should choose */
    enum pk_tri fallback;       /* the first hello (1.3) was cut off, an older one went through */
    enum pk_tri name_fits;      /* the certificate names the host */
    bool own;                   /* one of the organisation's own hosts */
    bool pinned;                /* our own server: only its own authority may vouch for it */
};

struct pk_obs_portal {
    int state;        /* index into "unknown", "none", "captive" */
    int via;          /* index into "none", "api", "http": RFC 8908 API, or redirected probe */
    const char *host; /* of the portal */
    int64_t status;   /* HTTP status of the probe, 0: no answer */
    int64_t held_s;   /* it has held the device so long */
    enum pk_tri https_works; /* a check host proved its name at the same time; asked when odd */
};

/* DHCP (RFC 2131, 8415): what the lease says, what it said before on this network, who else offers. */
struct pk_lease_offer {
    const char *server; /* server identifier */
    const char *server_mac;
    const char *router;
    struct pk_strings dns;
    const char *wpad;
    enum pk_tri known; /* it gave leases here on clean visits */
};

struct pk_obs_lease {
    const char *server;
    const char *router;
    struct pk_strings dns;
    const char *wpad; /* option 252 */
    /* On this network before: earlier in this visit, or on clean visits. NULL, none: not known. */
    const char *server_before;
    const char *router_before;
    struct pk_strings dns_before;
    const char *wpad_before;
    enum pk_tri server_known;        /* a server that gave leases here on clean visits */
    enum pk_tri server_is_router;    /* it is the router itself, by hardware address */
    enum pk_tri server_before_alive; /* asked (ARP): the one before is still there */
    enum pk_tri router_before_alive;
    enum pk_tri dns_on_link; /* a name server stands on this link and is not the router */
    struct pk_array offers;  /* struct pk_lease_offer: all that answered our question, this visit */
    int64_t asked;           /* questions we sent */
    int64_t link_lost_ms;    /* as in pk_obs_gateway */
    const char *sender_mac;  /* hardware address that sent the lease's last message */
    const char *server_mac; /* who answers for the server's address (ARP); NULL: not on this link */
    const char *router_mac;
    const char *server_mac_before;
    const char *router_mac_before;
    /* 8 hex digits: which options the server sends and in what order, and how it leases: says what software it
     * is, not what it handed out (pk_dhcp_traits()). NULL: the lease was not heard. */
    const char *options;
};

/* IPv6 routers on the link, by their advertisements (RFC 4861, 4191, 8106). */
struct pk_router6 {
    const char *address; /* link-local */
    const char *mac;
    int64_t preference; /* -1 low, 0, 1 high */
    int64_t lifetime_s; /* 0: no default router */
    struct pk_strings prefixes;
    struct pk_strings dns;
    enum pk_tri known;      /* met on this network before (this visit's start, or clean visits) */
    enum pk_tri is_gateway; /* the same equipment as the IPv4 router, by hardware address */
    enum pk_tri answers;    /* it answers a neighbour solicitation now */
    enum pk_tri dns_known;  /* its name servers are ones that the network has anyway */
    int64_t age_s;          /* heard first so long ago */
    int64_t frames;         /* advertisements in the last minute */
    bool odd;               /* malformed, hop limit not 255, or sent in another's name */
};

struct pk_obs_routers {
    struct pk_array routers; /* struct pk_router6 */
    enum pk_tri ipv6_before; /* the network had IPv6 routers on earlier visits */
    int64_t link_lost_ms;
};

/* ICMP redirect (RFC 792 type 5, RFC 4861 section 8). The destination is somebody's visited
 * address: it has no field. */
struct pk_obs_redirect {
    const char *from; /* who claims to send it */
    const char *from_mac;
    const char *target;     /* the other way */
    const char *target_mac; /* when it is known */
    bool ipv6;
    enum pk_tri from_router; /* address and hardware address are the router's */
    enum pk_tri target_on_link;
    enum pk_tri target_router; /* the target is a router that is known here */
    enum pk_tri ours;          /* it quotes a packet that we sent */
    int64_t count;             /* in the last minute */
};

/* A check page over plain HTTP. */
struct pk_obs_http {
    const char *url;           /* of the settings: never a visited one */
    int role;                  /* index into "redirect", "content" */
    int64_t status;            /* 0: no answer */
    const char *location;      /* where it redirects to, scheme and host only */
    enum pk_tri https_before;  /* the host is known to send everybody to https */
    const char *sha256;        /* of the body */
    const char *sha256_before; /* as it must be: by the settings, or as learnt on clean visits */
    int64_t length;
    int64_t length_before;
    const char *added;             /* what stands there and should not, a part; NULL */
    struct pk_strings added_hosts; /* hosts that it leads to */
    struct pk_strings headers;     /* headers that an honest answer does not have, names only */
    int64_t learnt_on;             /* number of networks on which the comparison was learnt */
    enum pk_tri captive;
    bool set;                  /* what must come stands in the settings; else it was learnt */
    bool this_visit;           /* earlier on this very visit it (this address) was as it must be */
    enum pk_tri repeats;       /* asked once more, as another program: the same */
    enum pk_tri elsewhere;     /* it leads away, to where the connectivity test page leads, too */
    enum pk_tri https_works;   /* the host proved its name over TLS at the same time */
    const char *sha256_secure; /* of the same page by that way */
    enum pk_tri unchanged;     /* its own mark (ETag, Last-Modified) is that of the one before */
    enum pk_tri stripped;      /* meanwhile a check host that leads to https did not */
    struct pk_strings changes; /* kinds of changes, pk_page_change_names */
    int64_t variants;          /* different contents that were learnt of it */
    int64_t also;              /* pages of other hosts that changed alike, at the same time */
};

struct pk_obs_proxy {
    int source;         /* index into "none", "dhcp", "dns", "llmnr", "mdns", "netbios", "system" */
    const char *url;    /* of the script */
    const char *server; /* who handed it out */
    enum pk_tri server_known;
    enum pk_tri allowed; /* on the organisation's list */
    enum pk_tri known;   /* the network handed out this very address on clean visits */
    enum pk_tri on_link; /* the script's host stands on this link and is not the router */
    int64_t status;      /* of fetching it; 0: no answer */
    const char *sha256;
    struct pk_strings proxies; /* "host:port" that it names */
    enum pk_tri proxy_on_link; /* one of them stands on this link */
    enum pk_tri answers_all;   /* who says to be "wpad" also says to be a made-up name */
    enum pk_tri captive;
    enum pk_tri direct;        /* the script leads nowhere: it only says DIRECT */
    enum pk_tri server_router; /* who handed it out is the router */
};

/* One access point that carries the name of the joined network, or of one that is known or listed.
 * Others are nobody's business. */
struct pk_wifi_point {
    const char *network; /* pk_network_id() of its name */
    const char *bssid;
    int security; /* index into pk_security_names */
    int cipher;   /* index into "unknown", "none", "wep", "tkip", "ccmp", "gcmp" */
    int64_t freq_mhz;
    int64_t signal_dbm;
    int security_before; /* the best that this name is known for */
    enum pk_tri bssid_known;
    enum pk_tri maker_known;
    enum pk_tri listed; /* fits the organisation's list; NO: the name is listed, this is not */
    enum pk_tri mfp;    /* management frames are protected (802.11w) */
    bool connected;
    bool doubled; /* the same BSSID twice, with other traits: a clone */
};

struct pk_obs_wifi {
    struct pk_array points; /* struct pk_wifi_point */
    int64_t deauths; /* deauthentications and disassociations in window_s, where one can hear */
    int64_t deauth_targets; /* stations that they were sent to; broadcast counts as one */
    const char *deauth_bssid;
    int64_t window_s;
};

enum pk_radio {
    PK_RADIO_UNKNOWN,
    PK_RADIO_2G,
    PK_RADIO_3G,
    PK_RADIO_4G,
    PK_RADIO_5G,
};

enum pk_cell_end { /* pk_cell_end_names */
    PK_CELL_END_NONE,
    PK_CELL_END_REJECT,
    PK_CELL_END_RELEASE,
    PK_CELL_END_DETACH,
    PK_CELL_END_SILENCE, /* it said no more */
    PK_CELL_END_GONE,    /* the device went to another cell */
};

/* The serving cell, and what happened in it. No IMSI, IMEI or phone number has a field. */
struct pk_obs_cell {
    int radio;        /* enum pk_radio */
    const char *plmn; /* MCC and MNC, 5 or 6 digits */
    int64_t area;     /* LAC or TAC; -1 unknown, as below */
    int64_t cell;     /* CI, ECI or NCI */
    int64_t pci;      /* PSC, PCI */
    int64_t arfcn;
    int64_t signal_dbm; /* 0: unknown */
    int64_t neighbours; /* cells that it announces or that are heard */
    int cipher;         /* index into "unknown", "null", "weak", "strong": of the connection */
    int integrity;      /* the same */
    int layer;          /* of the null cipher: index into "none", "rrc", "nas" */
    const char *place;  /* coarse, as in pk_obs_network */
    int identity;       /* asked for: index into "none", "temporary", "imsi", "imei" */
    enum pk_tri authenticated;  /* the network proved itself before or after that */
    int64_t reject_cause;       /* of an attach, update or service reject; -1: none */
    int redirect;               /* released with redirection to: enum pk_radio; 0: none */
    enum pk_tri sib_downgrade;  /* SIB6/7 prefer 3G/2G to the own cell */
    enum pk_tri sib_incomplete; /* SIB1 announces fewer than two others */
    enum pk_tri known;          /* the crowd knows this cell at this place */
    int64_t area_known;         /* cells of this area that were seen here before; -1 unknown */
    enum pk_tri asked;    /* the device itself had begun the connection: attach, update, call */
    enum pk_tri home;     /* it says to be of the carrier that the device was with; NO: roaming */
    enum pk_tri accepted; /* the connection led to service */
    enum pk_tri refused;  /* the SIM did not accept the network's proof (authentication failure) */
    enum pk_tri after_proof; /* the identity was asked for in clear after the network's proof */
    bool both;               /* IMSI and IMEI were asked for */
    bool emergency;          /* an emergency call, or emergency service only */
    bool voice;              /* a call that needs an older generation */
    int ended;   /* index into "none", "reject", "release", "detach", "silence", "gone" */
    int prefers; /* enum pk_radio: older generation that its SIBs rate above all 4G cells; 0: none */
    int cipher_before;      /* best that this cell or carrier was met with here, index as cipher */
    int64_t arfcn_before;   /* the cell was met on this channel before; -1 unknown */
    int64_t update_minutes; /* how often it makes devices report; 0 never; -1 unknown */
    int64_t reselect_db;    /* how much stronger it makes itself look; -1 unknown */
    struct pk_strings left; /* cells that were told of, and left more than an hour ago */
    int source;             /* index into "modem", "rayhunter", "snoopsnitch", "capture", "sim" */
    int alarm; /* the worst of the alarms: index into "none", "low", "medium", "high" */
    struct pk_strings alarms; /* what the source itself called it */
    struct pk_strings frames; /* evidence: decoded signalling in words, in order, no identities */
};

#define PK_CELL_KEY 64
/* What a cell is called as a part of a finding: "4g 26201 1234 5678", unknown numbers as "?". */
const char *pk_cell_key(const struct pk_obs_cell *cell, char out[PK_CELL_KEY]);
/* Something about it is out of the ordinary; what that means is for the judge to say. */
bool pk_cell_is_odd(const struct pk_obs_cell *cell);
/* Texts of other programs may hold an IMSI, IMEI, TMSI or phone number: every run of eight or more digits,
 * also hexadecimal ones, becomes "#". In place. */
void pk_cell_hide(char *text);

/* A name was asked for that is harmful. Names that are not are told to nobody. */
struct pk_obs_name {
    int what;           /* index into "phishing", "control", "malware", "denied" */
    int did;            /* index into "blocked", "warned", "continued" */
    int by;             /* index into "list", "model", "policy" */
    const char *source; /* of the list */
    const char *family; /* or brand that it imitates */
    const char *date;   /* of the list's entry */
    const char *reference;
    int64_t score;             /* of the model, 0-100; -1: none */
    const char *domain;        /* only when the policy says so */
    const char *seen;          /* the domain, for this device's own texts: NEVER leaves */
    int64_t count;             /* times in the last hour */
    struct pk_strings reasons; /* of the model, in words without the name */
};

extern const char *const pk_link_names[];
extern const char *const pk_security_names[];
extern const char *const pk_tls_outcome_names[];
extern const char *const pk_tls_trust_names[];
extern const char *const pk_portal_state_names[];
extern const char *const pk_dns_via_names[];
extern const char *const pk_http_role_names[];
extern const char *const pk_proxy_source_names[];
extern const char *const pk_wifi_cipher_names[];
extern const char *const pk_radio_names[];
extern const char *const pk_cell_cipher_names[];
extern const char *const pk_cell_layer_names[];
extern const char *const pk_cell_identity_names[];
extern const char *const pk_cell_source_names[];
extern const char *const pk_cell_end_names[];
extern const char *const pk_cell_alarm_names[];
extern const char *const pk_name_what_names[];
extern const char *const pk_name_did_names[];
extern const char *const pk_name_by_names[];
