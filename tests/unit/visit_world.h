/* visit_world.h - devices that report, and the sightings that are made of it; for the tests of visits. */
#pragma once

#include "check.h"
#include "crowd/visit.h"
#include "defense/defense.h"

#define NET   "net-0123456789abcdef"
#define POINT "02:00:5e:00:53:01"
#define DAY   INT64_C(86400000)
#define HOUR  INT64_C(3600000)

struct world {
    struct pk_visits *visits;
    int64_t now_ms;
    size_t count; /* sightings since the last clear() */
    struct pk_sighting told[256];
};

static inline void on_told(void *ctx, const struct pk_sighting *s)
{
    struct world *w = ctx;

    assert_true(w->count < PK_COUNT(w->told));
    w->told[w->count++] = *s;
}

static inline struct world begin(size_t devices_max)
{
    struct world w = { .now_ms = 1000 * DAY };
    const struct pk_visits_settings settings = { .devices_max = devices_max,
        .judge = pk_defense_judge };

    assert_int_equal(pk_visits_create(&settings, &w.visits, NULL), PK_OK);
    return w;
}

static inline void report_as(
        struct world *w, const char *id, struct pk_observation *o, size_t count)
{
    const struct pk_visit_device device = { .id = id,
        .tenant = 7,
        .enrolment = { .enrolled_s = 5, .asn = 64500, .attestation = PK_ATTESTED_HARDWARE } };

    for (size_t i = 0; i < count; i++) {
        o[i].at_ms = o[i].at_ms != 0 ? o[i].at_ms : w->now_ms;
        o[i].network = o[i].network != NULL ? o[i].network : NET;
    }
    assert_int_equal(pk_visits_take(w->visits, &device, o, count, w->now_ms, on_told, w), PK_OK);
}

/* The sightings of one kind that a report of the first device gives. */
static inline size_t report(struct world *w, struct pk_observation *o, size_t count)
{
    w->count = 0;
    report_as(w, "device-1", o, count);
    return w->count;
}

static inline struct pk_obs_network joined(void)
{
    static const char *dns[] = { "192.0.2.53", "2001:db8::53" };

    return (struct pk_obs_network){ .event = PK_NETWORK_JOINED,
        .link = 1,
        .security = 5,
        .bssid = POINT,
        .gateway = "192.0.2.1",
        .gateway_mac = "02:00:5e:00:53:aa",
        .dns = { .items = dns, .count = 2 },
        .place = "u33db",
        .signal_dbm = -70 };
}

static inline struct pk_certificate leaf(char digit)
{
    static char digests[128][65];
    char *text = digests[(unsigned char)digit & 127];

    memset(text, digit, 64);
    return (struct pk_certificate){
        .subject = "CN=host", .issuer = "CN=ca", .sha256 = text, .spki_sha256 = text
    };
}

static inline struct pk_obs_tls proven(const char *host, struct pk_certificate *chain)
{
    return (struct pk_obs_tls){ .host = host,
        .port = 443,
        .outcome = PK_TLS_OK,
        .trust = PK_TLS_TRUST_PUBLIC,
        .name_fits = PK_TRI_YES,
        .captive = PK_TRI_NO,
        .chain = { .items = chain, .count = 1 } };
}

static inline struct pk_obs_tls forged(const char *host, struct pk_certificate *chain)
{
    struct pk_obs_tls tls = proven(host, chain);

    tls.outcome = PK_TLS_UNTRUSTED;
    tls.trust = PK_TLS_TRUST_UNKNOWN;
    return tls;
}

#define OBS_NET(x)                         \
    {                                      \
        .kind = PK_OBS_NETWORK, .net = (x) \
    }
#define OBS_TLS(x)                     \
    {                                  \
        .kind = PK_OBS_TLS, .tls = (x) \
    }
#define OBS_PORTAL(x)                        \
    {                                        \
        .kind = PK_OBS_PORTAL, .portal = (x) \
    }
#define OBS_GATEWAY(x)                         \
    {                                          \
        .kind = PK_OBS_GATEWAY, .gateway = (x) \
    }
#define OBS_LEASE(x)                       \
    {                                      \
        .kind = PK_OBS_LEASE, .lease = (x) \
    }

static inline size_t joins(struct world *w)
{
    struct pk_obs_network net = joined();
    struct pk_observation o[] = { OBS_NET(&net) };

    return report(w, o, 1);
}

static inline size_t checks(struct world *w, const struct pk_obs_tls *tls)
{
    struct pk_obs_tls copy = *tls;
    struct pk_observation o[] = { OBS_TLS(&copy) };

    return report(w, o, 1);
}
