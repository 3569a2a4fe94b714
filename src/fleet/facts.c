#include "fleet/facts.h"

#include "base/crypt.h"

/* Indexes into the names of observation.c. */
enum {
    SENSOR_ON,
    EVENT_STARTED = 0,
    LINK_CELLULAR = 3,
    PORTAL_NONE = 1,
    PORTAL_CAPTIVE = 2,
    VIA_API = 1,
    VIA_HTTP = 2,
};

static struct pk_observation base(const struct pk_fact *fact, int kind)
{
    return (struct pk_observation){
        .seq = fact->seq,
        .at_ms = fact->at_ms,
        .kind = kind,
        .network = fact->network,
    };
}

static json_t *wire(const struct pk_observation *o)
{
    return pk_observation_encode(o, true);
}

json_t *pk_fact_started(const struct pk_fact *fact, const char *version)
{
    struct pk_sensor sensors[] = {
        { .name = "posture", .state = SENSOR_ON },
        { .name = "wifi", .state = SENSOR_ON },
        { .name = "arp", .state = SENSOR_ON },
        { .name = "dns", .state = SENSOR_ON },
        { .name = "tls", .state = SENSOR_ON },
        { .name = "portal", .state = SENSOR_ON },
    };
    struct pk_obs_agent agent = {
        .event = EVENT_STARTED,
        .version = version,
        .sensors = { .items = sensors, .count = PK_COUNT(sensors) },
    };
    struct pk_observation o = base(fact, PK_OBS_AGENT);

    o.agent = &agent;
    return wire(&o);
}

json_t *pk_fact_posture(const struct pk_fact *fact, const struct pk_obs_posture *posture)
{
    struct pk_obs_posture copy = *posture;
    struct pk_observation o = base(fact, PK_OBS_POSTURE);

    o.posture = &copy;
    return wire(&o);
}

json_t *pk_fact_joined(const struct pk_fact *fact, const struct pk_fact_router *router, int link,
        int security, const char *bssid, const char *geohash)
{
    const char *resolvers[] = { router->resolver };
    struct pk_obs_network net = {
        .event = PK_NETWORK_JOINED,
        .link = link,
        .security = security,
        .bssid = bssid,
        .place = geohash,
    };
    struct pk_observation o = base(fact, PK_OBS_NETWORK);

    if (link != LINK_CELLULAR) {
        net.gateway = router->address;
        net.gateway_mac = router->mac;
        net.dhcp_server = router->address;
        net.dns = (struct pk_strings){ .items = resolvers, .count = 1 };
    }
    o.net = &net;
    return wire(&o);
}

json_t *pk_fact_left(const struct pk_fact *fact, int link)
{
    struct pk_obs_network net = { .event = PK_NETWORK_LEFT, .link = link };
    struct pk_observation o = base(fact, PK_OBS_NETWORK);

    o.net = &net;
    return wire(&o);
}

json_t *pk_fact_gateway(const struct pk_fact *fact, const struct pk_fact_router *router,
        const char *rival, bool spoofed)
{
    struct pk_obs_gateway gateway = {
        .address = router->address,
        .mac = rival != NULL ? rival : router->mac,
        .mac_before = router->mac,
        .mac_rival = rival,
        .probes = rival != NULL ? 3 : 0,
        .old_answers = spoofed ? 3 : 0,
        .rival_claims = spoofed ? 5 : 0,
        .unasked_claims = spoofed ? 5 : 0,
        .link_lost_ms = rival != NULL && !spoofed ? 41000 : 0,
    };
    struct pk_observation o = base(fact, PK_OBS_GATEWAY);

    o.gateway = &gateway;
    return wire(&o);
}

json_t *pk_fact_dns(
        const struct pk_fact *fact, const struct pk_fact_router *router, const char *address)
{
    const char *addresses[] = { address };
    struct pk_obs_dns dns = {
        .resolver = router->resolver,
        .nx_probes = 3,
        .nx_answered = address != NULL ? 3 : 0,
        .nx_addresses = { .items = addresses, .count = address != NULL ? 1 : 0 },
        .trusted_nx = PK_TRI_YES,
        .captive = PK_TRI_NO,
    };
    struct pk_observation o = base(fact, PK_OBS_DNS);

    o.dns = &dns;
    return wire(&o);
}

json_t *pk_fact_tls(const struct pk_fact *fact, const char *host, const struct pk_array *chain)
{
    struct pk_obs_tls tls = {
        .host = host,
        .port = 443,
        .outcome = chain != NULL ? PK_TLS_UNTRUSTED : PK_TLS_OK,
        .error = chain != NULL ? "self-signed certificate in certificate chain" : NULL,
        .version = "TLSv1.3",
        .trust = chain != NULL ? PK_TLS_TRUST_UNKNOWN : PK_TLS_TRUST_PUBLIC,
        .captive = PK_TRI_NO,
    };
    struct pk_observation o = base(fact, PK_OBS_TLS);

    if (chain != NULL) {
        tls.chain = *chain;
    }
    o.tls = &tls;
    return wire(&o);
}

json_t *pk_fact_portal(const struct pk_fact *fact, bool captive, const char *host)
{
    struct pk_obs_portal portal = {
        .state = captive ? PORTAL_CAPTIVE : PORTAL_NONE,
        .via = captive && host != NULL ? VIA_API : VIA_HTTP,
        .host = captive ? host : NULL,
        .status = captive ? 302 : 204,
    };
    struct pk_observation o = base(fact, PK_OBS_PORTAL);

    o.portal = &portal;
    return wire(&o);
}

json_t *pk_fact_choice(
        const struct pk_fact *fact, const char *threat, int choice, const char *alert)
{
    struct pk_obs_choice body = { .threat = threat, .choice = choice, .alert = alert };
    struct pk_observation o = base(fact, PK_OBS_CHOICE);

    o.choice = &body;
    return wire(&o);
}

void pk_fact_network_id(const char *key_hex, const char *name, char out[PK_NETWORK_ID])
{
    uint8_t key[32];

    if (pk_unhex(key_hex, key, sizeof(key)) < 0) {
        memset(key, 0, sizeof(key));
    }
    pk_network_id(pk_slice_of(key, sizeof(key)), name, out);
}
