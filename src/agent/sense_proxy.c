/* Proxy scripts that the network offers. Devices are called on the link only on joins and changes, and while
 * somebody answers there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agent/probe_proxy.h"
#include "agent/sense_round.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/crypt.h"

#define SOURCES    7 /* pk_proxy_source_names */
#define FIRST_URLS 4
#define SURE_MS    2000 /* administrators' tools offer and allow within moments */

enum {
    LINK_CELLULAR = 3,
    LINK_VPN = 4
}; /* pk_link_names */

struct pk_sense_proxy {
    struct pk_sense *sense;
    struct pk_timer timer; /* to look again at what is new */
    char doubt[SOURCES][65];
    int64_t doubt_ms[SOURCES];
    struct pk_sense_told told[SOURCES];
    bool present[SOURCES];        /* was offered in the last round that asked */
    bool looked;                  /* this visit's first round is through */
    unsigned epoch;               /* of the link, when it was last called into */
    char first[FIRST_URLS][65];   /* what it showed, as keys of known.h */
    char server[PK_ADDRESS_TEXT]; /* of the first lease of this visit */
};

/* As the text or, when that is too long to be kept, its fingerprint. */
static const char *key_of(const char *url, char out[PK_KNOWN_TEXT])
{
    char hex[PK_SHA256_HEX];

    if (strlen(url) < 65) {
        snprintf(out, PK_KNOWN_TEXT, "%s", url);
    } else {
        pk_sha256_hex(pk_slice_str(url), hex);
        snprintf(out, PK_KNOWN_TEXT, "%s", hex);
        out[64] = '\0';
    }
    return out;
}

/* --- asking ------------------------------------------------------------------------------- */

static void on_timer(void *ctx)
{
    struct pk_sense_proxy *state = ctx;

    pk_sense_round(state->sense, PK_PROBE_PROXY, false);
}

static struct pk_sense_proxy *state_of(struct pk_sense *sense)
{
    if (sense->proxy == NULL) {
        sense->proxy = calloc(1, sizeof(*sense->proxy));
        if (sense->proxy != NULL) {
            sense->proxy->sense = sense;
            pk_timer_init(&sense->proxy->timer, on_timer, sense->proxy);
        }
    }
    return sense->proxy;
}

static bool seen_on_link(const struct pk_sense_proxy *state)
{
    return state->present[PK_PROXY_LLMNR] || state->present[PK_PROXY_MDNS] ||
            state->present[PK_PROXY_NETBIOS];
}

static bool prepare(struct pk_sense *sense, struct pk_sense_job *job)
{
    struct pk_proxy_ask *ask = pk_arena_alloc(job->env.arena, 1, sizeof(*ask));
    struct pk_sense_proxy *state = state_of(sense);
    bool anew;

    if (ask == NULL || state == NULL) {
        return false;
    }
    anew = job->loud || state->epoch != sense->state.epoch; /* the cable may lead elsewhere now */
    *ask = (struct pk_proxy_ask){
        .dhcp_url = pk_arena_strdup(job->env.arena, sense->lease.wpad),
        .dhcp_server = pk_arena_strdup(job->env.arena, sense->lease.server),
        .domain = pk_arena_strdup(job->env.arena,
                sense->lease.domain[0] != '\0' ? sense->lease.domain : sense->resolv.domain),
        .ask_link = (anew || seen_on_link(state)) && sense->state.kind != LINK_CELLULAR &&
                sense->state.kind != LINK_VPN,
        .interface = (unsigned)sense->state.index,
        .own = sense->state.address,
        .router = sense->state.gateway,
        .prefix = sense->state.prefix,
    };
    state->epoch = sense->state.epoch;
    job->in = ask;
    return ask->dhcp_url != NULL && ask->dhcp_server != NULL && ask->domain != NULL;
}

static void *run(struct pk_sense_job *job)
{
    return pk_probe_proxy(&job->env, job->in);
}

/* --- comparing ---------------------------------------------------------------------------- */

static enum pk_tri is_known(const struct pk_sense *sense, const char *key)
{
    const struct pk_sense_proxy *state = sense->proxy;

    if (pk_known_has(sense->known, sense->network, PK_KNOWN_WPAD, key) == PK_TRI_YES) {
        return PK_TRI_YES;
    }
    if (pk_known_visits(sense->known, sense->network) > 0) {
        return PK_TRI_NO;
    }
    for (size_t i = 0; i < FIRST_URLS && state->looked; i++) {
        if (strcmp(state->first[i], key) == 0) {
            return PK_TRI_UNKNOWN;
        }
    }
    return state->looked ? PK_TRI_NO : PK_TRI_UNKNOWN;
}

static enum pk_tri is_server_known(const struct pk_sense *sense, const struct pk_obs_proxy *offer)
{
    enum pk_tri known = PK_TRI_UNKNOWN;

    if (offer->server == NULL) {
        return PK_TRI_UNKNOWN;
    }
    if (offer->source == PK_PROXY_DHCP) {
        known = pk_known_has(sense->known, sense->network, PK_KNOWN_DHCP, offer->server);
        if (known == PK_TRI_UNKNOWN && sense->proxy->server[0] != '\0' &&
                strcmp(sense->proxy->server, offer->server) != 0) {
            known = PK_TRI_NO; /* the first one of this visit was another */
        }
    } else if (offer->source == PK_PROXY_DNS) {
        known = pk_known_has(sense->known, sense->network, PK_KNOWN_DNS, offer->server);
    }
    return known;
}

static enum pk_tri is_allowed(const struct pk_trust *trust, const char *url)
{
    for (size_t i = 0; i < trust->pac_urls.count; i++) {
        if (strcasecmp(trust->pac_urls.items[i], url) == 0) {
            return PK_TRI_YES;
        }
    }
    return trust->pac_urls.count > 0 ? PK_TRI_NO : PK_TRI_UNKNOWN;
}

static void note(struct pk_sense *sense, const struct pk_obs_proxy *offer, const char *key)
{
    struct pk_sense_proxy *state = sense->proxy;

    if (offer->sha256 == NULL || sense->portal_state == PK_PORTAL_CAPTIVE) {
        return;
    }
    pk_known_note(sense->known, sense->network, PK_KNOWN_WPAD, key);
    for (size_t i = 0; i < FIRST_URLS && !state->looked; i++) {
        if (state->first[i][0] == '\0') {
            snprintf(state->first[i], sizeof(state->first[i]), "%s", key);
            return;
        }
    }
}

/* --- telling ------------------------------------------------------------------------------ */

/* What nobody allowed and nobody knows is looked at twice before it is told. */
static bool in_doubt(struct pk_sense *sense, const struct pk_obs_proxy *offer, const char *key)
{
    struct pk_sense_proxy *state = sense->proxy;
    int64_t now = pk_clock_monotonic_ms();

    if (offer->allowed == PK_TRI_YES || offer->known == PK_TRI_YES) {
        return false;
    }
    if (strcmp(state->doubt[offer->source], key) != 0) {
        snprintf(state->doubt[offer->source], sizeof(state->doubt[0]), "%s", key);
        state->doubt_ms[offer->source] = now;
    }
    if (now - state->doubt_ms[offer->source] >= SURE_MS) {
        return false;
    }
    pk_loop_arm(sense->loop, &state->timer, SURE_MS);
    sense->asking |= PK_PROBE_PROXY; /* until then nothing of this visit is learnt */
    return true;
}

static void tell_offer(struct pk_sense *sense, struct pk_obs_proxy *offer, bool loud)
{
    char key[PK_KNOWN_TEXT];
    char text[96];

    key_of(offer->url, key);
    offer->captive = pk_sense_captive(sense);
    offer->allowed = is_allowed(sense->trust, offer->url);
    offer->known = is_known(sense, key);
    offer->server_known = is_server_known(sense, offer);
    if (in_doubt(sense, offer, key)) {
        return;
    }
    note(sense, offer, key);
    snprintf(text, sizeof(text), "%d %d %d %d %.16s %.50s", (int)offer->known, (int)offer->allowed,
            (int)offer->status, (int)offer->captive, offer->sha256 != NULL ? offer->sha256 : "-",
            key);
    if (pk_sense_is_news(&sense->proxy->told[offer->source], text, false, loud)) {
        pk_sense_tell(sense, &(struct pk_observation){ .kind = PK_OBS_PROXY, .proxy = offer });
    }
}

/* What was offered on this way is not any more. */
static void tell_gone(struct pk_sense *sense, int source)
{
    struct pk_obs_proxy gone = { .source = source, .captive = pk_sense_captive(sense) };

    sense->proxy->told[source] = (struct pk_sense_told){ 0 };
    sense->proxy->doubt[source][0] = '\0';
    pk_sense_tell(sense, &(struct pk_observation){ .kind = PK_OBS_PROXY, .proxy = &gone });
}

static void tell_proxy(struct pk_sense *sense, struct pk_sense_job *job)
{
    struct pk_sense_proxy *state = sense->proxy;
    struct pk_proxy_found *found = job->result;
    bool now[SOURCES] = { false };

    sense->asking &= ~(unsigned)PK_PROBE_PROXY;
    for (size_t i = 0; i < found->count; i++) {
        now[found->offers[i].source] = true;
        if (found->offers[i].url != NULL) {
            tell_offer(sense, &found->offers[i], job->loud);
        }
    }
    for (int source = 0; source < SOURCES; source++) {
        bool asked = found->asked_link || source < PK_PROXY_LLMNR;

        if (state->present[source] && !now[source] && asked) {
            tell_gone(sense, source);
        }
        state->present[source] = asked ? now[source] : state->present[source];
    }
    if (found->count == 0 && found->asked_link && job->loud) {
        tell_gone(sense, PK_PROXY_NONE);
    }
    if (!state->looked) {
        state->looked = true;
        snprintf(state->server, sizeof(state->server), "%s", sense->lease.server);
    }
}

static void forget(struct pk_sense *sense)
{
    sense->asking &= ~(unsigned)PK_PROBE_PROXY;
    if (sense->proxy != NULL) {
        pk_loop_disarm(sense->loop, &sense->proxy->timer);
        *sense->proxy = (struct pk_sense_proxy){ .sense = sense };
        pk_timer_init(&sense->proxy->timer, on_timer, sense->proxy);
    }
}

void pk_sense_proxy_finish(struct pk_sense *sense)
{
    free(sense->proxy);
    sense->proxy = NULL;
}

const struct pk_probe_kind pk_sense_proxy_probe = {
    .probe = PK_PROBE_PROXY,
    .after_portal = true,
    .prepare = prepare,
    .run = run,
    .tell = tell_proxy,
    .forget = forget,
};
