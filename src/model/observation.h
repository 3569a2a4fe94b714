/* observation.h - a dated, non-private fact from one device. The rows of the schema tables in
 * observation.c are the list of everything that can leave a device, with its privacy class. */
#pragma once

#include "base/schema.h"

enum pk_observation_kind {
    PK_OBS_AGENT,   /* the agent started, stops, or one of its senses changed */
    PK_OBS_POSTURE, /* state of the device itself */
    PK_OBS_NETWORK, /* joined, changed, left a network */
    PK_OBS_GATEWAY, /* who answers for the gateway's address */
    PK_OBS_DNS,     /* how the given resolver answers questions with known answers */
    PK_OBS_TLS,     /* a handshake with a host whose certificate is known or verifiable */
    PK_OBS_PORTAL,  /* does something stand between the device and the internet, by consent */
    PK_OBS_CHOICE,  /* what the person did with an alert */
    PK_OBS_APPS,    /* which apps are there, and what changed */
};
#define PK_OBS_KIND_COUNT 9

struct pk_sensor {
    const char *name; /* "arp" "dns" "tls" "portal" "posture" "wifi" */
    int state;        /* index into "on", "limited", "off" */
    const char *why;  /* when not "on": what is missing, e.g. "no permission (CAP_NET_RAW)" */
};

struct pk_obs_agent {
    int event; /* index into "started", "stopping", "sensors" */
    const char *version;
    struct pk_array sensors; /* struct pk_sensor */
};

enum pk_platform {
    PK_PLATFORM_LINUX,
    PK_PLATFORM_ANDROID,
    PK_PLATFORM_IOS,
};

struct pk_obs_posture {
    int platform;           /* enum pk_platform */
    const char *model;      /* maker and model, "" when unknown */
    const char *os_name;    /* "Debian GNU/Linux" */
    const char *os_version; /* "12 (bookworm)" */
    const char *kernel;
    const char *patch;       /* "YYYY-MM-DD": newest security update that is installed */
    int64_t updates_waiting; /* security updates known and not installed; -1 unknown */
    enum pk_tri disk_encrypted;
    enum pk_tri screen_lock;
    enum pk_tri developer_mode;
    struct pk_strings root_signs; /* what suggests that the system's protection is off */
};

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
};

/* Raw facts about who claims the gateway's address (ARP, RFC 826). When a second claimant appears
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
    struct pk_strings rival_also; /* other addresses the rival holds */
};

struct pk_obs_dns {
    const char *resolver;
    int64_t nx_probes;              /* random names that cannot exist, asked */
    int64_t nx_answered;            /* of which got an address */
    struct pk_strings nx_addresses; /* which ones, at most 4 */
    enum pk_tri trusted_nx;         /* the trusted resolver says "no such name" to the same names */
    int64_t timeouts;
    enum pk_tri captive; /* a portal held the device at that moment */
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

struct pk_obs_tls {
    const char *host; /* a canary host or one of the organisation's own: never a visited one */
    int64_t port;
    const char *address;
    int outcome;       /* enum pk_tls_outcome */
    const char *error; /* the verifier's words */
    const char *version;
    struct pk_array chain; /* struct pk_certificate, leaf first; PEM only when not OK */
    enum pk_tri captive;
};

struct pk_obs_portal {
    int state;        /* index into "unknown", "none", "captive" */
    int via;          /* index into "none", "api", "http": RFC 8908 API, or redirected probe */
    const char *host; /* of the portal */
    int64_t status;   /* HTTP status of the probe, 0: no answer */
};

struct pk_obs_choice {
    const char *threat;
    int choice;        /* index into "shown", "closed", "acted", "ignored", "mistake" */
    const char *alert; /* id of the server's alert, NULL for a local one */
};

/* To whom an app belongs: on a phone with a work profile its personal side is nobody's business. */
enum pk_app_profile_kind {
    PK_APP_OF_DEVICE, /* the organisation's device, no profiles */
    PK_APP_OF_WORK,
    PK_APP_OF_PERSON,
};

/* One app file. Several files of one package (an old download beside a new one) are several items. */
struct pk_app_item {
    const char *package;
    const char *version;
    int64_t version_code;
    const char *sha256;    /* of the file; NULL: not known */
    const char *signer;    /* SHA-256 of the signing certificate; NULL: not known */
    const char *installer; /* package of the store; "" by hand; NULL: not known */
    enum pk_tri system;    /* it came with the system */
    int profile;           /* enum pk_app_profile_kind */
    const char *label;     /* as the person knows it; of a personal app only when it is harmful */
    int64_t size;          /* of the file, 0: not known */
};

enum pk_apps_event {
    PK_APPS_ALL,     /* everything between two names */
    PK_APPS_CHANGED, /* what is new, and what is gone */
};

#define PK_APPS_MAX        100 /* items of one observation */
#define PK_APP_PACKAGE_MAX 255
#define PK_APP_LABEL_MAX   100
#define PK_APP_VERSION_MAX 100

/* Items stand in the order of package and file (by bytes), each once. A long list
 * comes in several observations, each of which stands alone: "all" says that of the packages behind
 * `after` up to and with `upto` there are exactly these. "changed" says of each package among the items
 * that it has exactly these files now. So what comes twice changes nothing, and what is lost is made
 * good by the next. */
struct pk_obs_apps {
    int event;                 /* enum pk_apps_event */
    const char *after;         /* "all": NULL: from the first one on */
    const char *upto;          /* "all": NULL: to the last one */
    struct pk_array items;     /* struct pk_app_item */
    struct pk_strings removed; /* "changed": packages that are gone */
};

struct pk_observation {
    int64_t seq; /* per device, from 1, strictly growing */
    int64_t at_ms;
    int kind; /* enum pk_observation_kind */
    /* The network it was made on: "net-" and 16 hex digits, a keyed hash; NULL: none. */
    const char *network;
    /* Exactly the one that kind names is set. */
    struct pk_obs_agent *agent;
    struct pk_obs_posture *posture;
    struct pk_obs_network *net;
    struct pk_obs_gateway *gateway;
    struct pk_obs_dns *dns;
    struct pk_obs_tls *tls;
    struct pk_obs_portal *portal;
    struct pk_obs_choice *choice;
    struct pk_obs_apps *apps;
};

/* What a device posts: POST /v1/report. */
struct pk_report {
    int64_t v;                    /* 1 */
    struct pk_array observations; /* struct pk_observation, 1..PK_REPORT_MAX, seq ascending */
};
#define PK_REPORT_MAX       512
#define PK_REPORT_APPS_MAX  2000            /* apps in all observations of a report */
#define PK_REPORT_BYTES_MAX (1024UL * 1024) /* unpacked */

extern const struct pk_schema pk_observation_schema;
extern const struct pk_schema pk_report_schema;
extern const char *const pk_observation_kind_names[];
extern const char *const pk_platform_names[];
extern const char *const pk_link_names[];
extern const char *const pk_security_names[];
extern const char *const pk_tls_outcome_names[];
extern const char *const pk_portal_state_names[];
extern const char *const pk_app_profile_names[];

/* Decodes and checks what a table cannot say: the body that the kind names is there and no other;
 * sequence numbers grow; nothing is there that must never leave a device. The report lives in the
 * arena. */
PK_MUST_USE int pk_report_decode(
        const json_t *in, struct pk_arena *arena, struct pk_report *out, struct pk_error *err);
PK_MUST_USE int pk_observation_decode(
        const json_t *in, struct pk_arena *arena, struct pk_observation *out, struct pk_error *err);

/* wire: without the fields that never leave the device. The caller owns the result. */
json_t *pk_observation_encode(const struct pk_observation *in, bool wire);

/* "net-" + 16 hex digits: HMAC-SHA256 of the network's identity under the deployment's key, cut.
 * identity: for Wi-Fi the SSID; otherwise prefix and gateway hardware address. */
#define PK_NETWORK_ID 21
void pk_network_id(struct pk_slice key, const char *identity, char out[PK_NETWORK_ID]);
