/* probe_portal.h - does a captive portal hold the device? The network's own word (RFC 8908 API, announced
 * by RFC 8910), a page that must be empty, and hosts that can prove their names are three witnesses;
 * what they say together is concluded in one place. */
#pragma once

#include "agent/probe_env.h"

/* What came instead of the empty page. */
enum pk_portal_page {
    PK_PORTAL_PAGE_SILENT,   /* no answer */
    PK_PORTAL_PAGE_EMPTY,    /* as it must be */
    PK_PORTAL_PAGE_REPLACED, /* another page, a redirect, 511 */
    PK_PORTAL_PAGE_ODD,      /* an error: the site's own trouble, or a proxy's */
};

/* The witnesses. */
struct pk_portal_words {
    enum pk_tri api; /* YES: it says that the device is held */
    enum pk_portal_page page;
    enum pk_tri https; /* check hosts prove their names; UNKNOWN: some do, or not asked */
    enum pk_tri other; /* another check page comes as it must */
};

/* A portal is in the way of everything: it replaces pages *and* lets no host prove its name. Whoever
 * replaces pages while the hosts' proofs pass is no portal but tampers, whatever an API says, and must not
 * be covered by the word "captive". Returns the index into pk_portal_state_names. */
int pk_portal_conclude(const struct pk_portal_words *words);

struct pk_portal_host {
    const char *host;
    uint16_t port;
};

struct pk_portal_ask {
    const char *api;                    /* URL of the DHCP option 114; NULL or "": none */
    const char *probe_url;              /* answers 204 with nothing */
    const char *other;                  /* another page, which leads to https; NULL: none */
    const struct pk_portal_host *hosts; /* that can prove their names; at most 2 are asked */
    size_t host_count;
};

struct pk_portal_result {
    struct pk_obs_portal obs;
    int64_t again_ms; /* the API says that the state ends by itself in so many ms; 0: unknown */
};

/* NULL when memory is short or cancelled. */
struct pk_portal_result *pk_probe_portal(
        const struct pk_probe_env *env, const struct pk_portal_ask *ask);

/* The API's answer (RFC 8908 section 5). url: where it was asked. false: it is none. */
bool pk_portal_api_read(struct pk_slice body, const char *url, struct pk_arena *arena,
        enum pk_tri *captive, struct pk_portal_result *out);
/* Where <meta http-equiv="refresh"> leads; NULL: there is none. */
const char *pk_portal_refresh_host(struct pk_slice page, struct pk_arena *arena);
