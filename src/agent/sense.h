/* sense.h - what the device can notice by itself about its network and its own state. Facts only:
 * the judge (defense/) says what they mean.
 *
 * Asleep until the system says that something changed (netlink, ARP frames that contradict what is
 * known, watched files); then the probes run beside the loop and each complete observation goes to
 * the sink. Loop thread only. */
#pragma once

#include "model/observation.h"

struct pk_loop;
struct pk_sense;
struct pk_trust;

/* A page over plain HTTP whose content is known. */
struct pk_page {
    const char *url;
    const char *sha256; /* of its body; NULL: learnt where it is the same on clean visits */
};

/* Strings are copied. NULL means: the default in brackets. */
struct pk_sense_settings {
    struct pk_strings canaries; /* "host" or "host:port" whose certificates everybody can verify */
    const char *own_server;     /* "host[:port]" of our server, checked against own_ca; [none] */
    const char *own_ca;         /* PEM file: the only roots that may vouch for own_server */
    const char *probe_url;      /* http://... that answers 204 with nothing */
    const char *resolver;       /* trusted resolver, "address[:port]" or "[v6]:port"; [none] */
    const char
            *resolver_name; /* its name in certificates: then it is asked by DoT or DoH; [none] */
    struct pk_strings redirects; /* "http://host/..." that must lead to https */
    struct pk_array pages;       /* struct pk_page: pages over plain HTTP that must not change */
    const char *place_file;      /* where it is now, as a file; [none] */
    const char *place;           /* where the device is, coarsely: geohash of 5 letters; [none] */
    const char *state_dir;       /* where is kept what was learnt of networks; [in memory only] */
    const char *probe_domain;    /* random names below it do not exist; [none] */
    const char *ca_file;         /* roots that the system trusts [OpenSSL's own places] */
    const char *ca_dir;
    const char *wifi_file;  /* the Wi-Fi card's report, TSV: connected bssid ssid freq signal
                                   * security; [none: the sensor is "limited"] */
    const char *cell_file;  /* what a modem's helper, or a Rayhunter, says of mobile networks, JSON
                                   * lines; [none: the sensor is "limited"] */
    const char *lease_file; /* the DHCP client's lease, key=value: dns serverid opt114 wpad */
    /* Their folders must be there; the files may come later and are watched. */
    const char *resolv_file;     /* [/etc/resolv.conf] */
    const char *interface;       /* [the one that carries the default route] */
    struct pk_slice network_key; /* names networks: pk_network_id() */
    int64_t probe_ms;            /* deadline of one probe; 0: 4000 */
    int64_t settle_ms;           /* quiet time before a network counts as joined; 0: 200 */
    int64_t dns_every_ms;     /* a few small packets while a network is new, then ever more rarely;
                                  * 0: 30 s */
    int64_t tls_every_ms;     /* canaries are asked at least this often; 0: 30 min */
    int64_t posture_every_ms; /* 0: 24 h */
};

/* Public hosts that are used when the settings name none. NULL-terminated. */
extern const char *const pk_sense_canaries[];
#define PK_SENSE_PROBE_URL "http://connectivitycheck.gstatic.com/generate_204"

/* The sink gets a complete observation without seq, valid until it returns. It may call anything
 * below but pk_sense_destroy(). */
PK_MUST_USE int pk_sense_create(struct pk_loop *loop, const struct pk_sense_settings *settings,
        void (*sink)(const struct pk_observation *obs, void *ctx), void *ctx, struct pk_sense **out,
        struct pk_error *err);
/* Before the loop is destroyed. NULL is fine. */
void pk_sense_destroy(struct pk_sense *sense);

/* Begins: watches are set, posture is read, a network that is there is joined. What cannot be had
 * (no permission, no file) is a sensor that is "limited", not an error. */
PK_MUST_USE int pk_sense_start(struct pk_sense *sense, struct pk_error *err);

enum pk_probe {
    PK_PROBE_GATEWAY = 1 << 0,
    PK_PROBE_PORTAL = 1 << 1,
    PK_PROBE_DNS = 1 << 2,
    PK_PROBE_TLS = 1 << 3,
    PK_PROBE_POSTURE = 1 << 4,
    PK_PROBE_HTTP = 1 << 5,
    PK_PROBE_PROXY = 1 << 6,
    PK_PROBE_LEASE = 1 << 7,
    PK_PROBE_ROUTERS = 1 << 8,
    PK_PROBE_WIFI = 1 << 9,
};
#define PK_PROBE_ALL 1023U
/* What a change of the network's inside may have made worse: all that is asked of hosts beyond it. */
#define PK_PROBE_WEB \
    ((unsigned)(PK_PROBE_PORTAL | PK_PROBE_DNS | PK_PROBE_TLS | PK_PROBE_HTTP | PK_PROBE_PROXY))

/* Runs these probes now; done (NULL is fine) is called once when all of them have reported, also
 * when there is no network to ask. One such call at a time: PK_EBUSY. */
PK_MUST_USE int pk_sense_check(struct pk_sense *sense, unsigned probes, void (*done)(void *ctx),
        void *ctx, struct pk_error *err);

/* Findings of these probes are open: they are asked again every few seconds, so that the end is
 * noticed. 0: nothing is open, nothing is polled. */
void pk_sense_watch(struct pk_sense *sense, unsigned probes);

/* An attack is open: nothing that is seen meanwhile is learnt as this network's way. */
void pk_sense_attacked(struct pk_sense *sense, bool open);

/* What the organisation trusts; copied, and what it concerns is asked anew when it differs. */
PK_MUST_USE int pk_sense_set_trust(
        struct pk_sense *sense, const struct pk_trust *trust, struct pk_error *err);

/* What it trusts now; never NULL, valid until it is set anew. */
const struct pk_trust *pk_sense_trust(const struct pk_sense *sense);

/* How each sense fares now: array of struct pk_sensor, valid until the next call into sense. When
 * it changes the sink gets an observation PK_OBS_AGENT with event "sensors". */
struct pk_array pk_sense_sensors(struct pk_sense *sense);

/* Id of the network the device is on, NULL: none. Valid until the next callback. */
const char *pk_sense_network(const struct pk_sense *sense);
