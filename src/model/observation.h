/* observation.h - a dated, non-private fact from one device. The rows of the schema tables in
 * observation.c are the list of everything that can leave a device, with its privacy class. */
#pragma once

#include "base/schema.h"
#include "model/observation_network.h"

enum pk_observation_kind {
    PK_OBS_AGENT,    /* the agent started, stops, or one of its senses changed */
    PK_OBS_POSTURE,  /* state of the device itself */
    PK_OBS_NETWORK,  /* joined, changed, left a network */
    PK_OBS_GATEWAY,  /* who answers for the gateway's address */
    PK_OBS_DNS,      /* how the given resolver answers questions with known answers */
    PK_OBS_TLS,      /* a handshake with a host whose certificate is known or verifiable */
    PK_OBS_PORTAL,   /* does something stand between the device and the internet, by consent */
    PK_OBS_CHOICE,   /* what the person did with an alert */
    PK_OBS_APPS,     /* which apps are there, and what changed */
    PK_OBS_LEASE,    /* what the network's DHCP server handed out, and who else offers */
    PK_OBS_ROUTERS,  /* who says to be an IPv6 router (router advertisements) */
    PK_OBS_REDIRECT, /* somebody told the device to take another way (ICMP redirect) */
    PK_OBS_HTTP,     /* how a plain-HTTP page arrives whose content, or redirect, is known */
    PK_OBS_PROXY,    /* a proxy script that the network hands out */
    PK_OBS_WIFI,     /* access points that say to be a network which this device knows */
    PK_OBS_CELL,     /* the serving cell, and what it asked for */
    PK_OBS_NAME,     /* a harmful name was asked for and blocked, or warned of */
    PK_OBS_DRILL,    /* a simulated threat that the administrator asked for */
};
#define PK_OBS_KIND_COUNT 18

struct pk_sensor {
    const char *name; /* "arp" "dns" "tls" "portal" "posture" "wifi" */
    int state;        /* index into "on", "limited", "off" */
    const char *why;  /* when not "on": what is missing, e.g. "no permission (CAP_NET_RAW)" */
};

struct pk_obs_agent {
    int event; /* index into "started", "stopping", "sensors" */
    const char *version;
    const char *language;    /* that the person reads: "de"; NULL: not told */
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

enum pk_drill_state {
    PK_DRILL_STARTED,
    PK_DRILL_ENDED,
};

/* Nothing happened: a rehearsal of the way from a finding to the person and back. */
struct pk_obs_drill {
    const char *ask; /* number of the server's question: without one there is no drill */
    const char *threat;
    const char *subject; /* PK_DRILL_SUBJECT */
    int state;           /* enum pk_drill_state */
};
#define PK_DRILL_SUBJECT "Picket drill"

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
    struct pk_obs_lease *lease;
    struct pk_obs_routers *routers;
    struct pk_obs_redirect *redirect;
    struct pk_obs_http *http;
    struct pk_obs_proxy *proxy;
    struct pk_obs_wifi *wifi;
    struct pk_obs_cell *cell;
    struct pk_obs_name *name;
    struct pk_obs_drill *drill;
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
