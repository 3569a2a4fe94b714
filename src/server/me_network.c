/* The network that the device is on, as far as its person may know it: never its name (that stays on the device), nothing
 * of who else met it. */
#include <string.h>

#include "base/clock.h"
#include "crowd/kanon.h"
#include "model/foresight.h"
#include "risk/hazard_reasons.h"
#include "server/me_call.h"
#include "server/view.h"
#include "store/networks.h"

/* What was looked at, in the words of the page: which observations say so, and which threats say that it failed. */
struct check {
    const char *name;
    enum pk_observation_kind kind;
    const char *const *threats; /* NULL-terminated prefixes */
};

static const char *const router[] = { "network.arp_spoof", "network.ndp_spoof",
    "network.dhcp_rogue", "network.ra_rogue", "network.icmp_redirect", NULL };
static const char *const names[] = { "network.dns_hijack", "network.dns_spoof", NULL };
static const char *const secure[] = { "network.tls_untrusted_ca", "network.tls_installed_ca",
    "network.tls_downgrade", NULL };
static const char *const pages[] = { "network.ssl_strip", "network.content_tamper",
    "network.wpad_inject", NULL };

static const struct check checks[] = {
    { "router", PK_OBS_GATEWAY, router },
    { "names", PK_OBS_DNS, names },
    { "secure", PK_OBS_TLS, secure },
    { "pages", PK_OBS_HTTP, pages },
};

static bool fails(const struct pk_me_items *items, const struct check *check, const char *network)
{
    for (size_t n = 0; n < items->count; n++) {
        const struct pk_incident *i = &items->rows[n];

        for (size_t k = 0; check->threats[k] != NULL; k++) {
            if (strcmp(i->threat->id, check->threats[k]) == 0 && i->subject != NULL &&
                    strcmp(i->subject, network) == 0) {
                return true;
            }
        }
    }
    return false;
}

/* When this was observed on this network last, by whichever device. */
static int64_t seen_at(const struct pk_array *facts, enum pk_observation_kind kind)
{
    const struct pk_network_fact *rows = facts->items;
    int64_t at_ms = 0;

    for (size_t n = 0; n < facts->count; n++) {
        at_ms = rows[n].kind == (int)kind && rows[n].at_ms > at_ms ? rows[n].at_ms : at_ms;
    }
    return at_ms;
}

static json_t *checks_view(struct pk_me_call *call, const struct pk_me_items *items,
        const char *network, int64_t joined_ms)
{
    struct pk_array facts = { 0 };
    json_t *list = json_array();

    if (pk_network_facts(call->store, network, call->arena, &facts, NULL) < 0) {
        facts = (struct pk_array){ 0 };
    }
    for (size_t c = 0; c < PK_COUNT(checks); c++) {
        /* A fact that is newer than that is not written again. */
        bool run = seen_at(&facts, checks[c].kind) + PK_NETWORK_FACT_MS >= joined_ms;
        bool bad = fails(items, &checks[c], network);

        (void)json_array_append_new(list,
                json_pack("{s:s, s:s}", "check", checks[c].name, "state",
                        bad           ? "failed"
                                : run ? "passed"
                                      : "open"));
    }
    return list;
}

/* Enough others were here, so that saying it tells of nobody. */
static bool is_known(struct pk_me_call *call, const char *network)
{
    const struct pk_settings *s = &call->server->settings;
    struct pk_kanon kanon = pk_privacy_kanon(
            s->privacy, s->crowd->min_devices, s->exchange->min_devices);
    struct pk_network_row row;
    struct pk_kanon_thing thing = { 0 };

    if (pk_network_get(call->store, network, call->arena, &row, NULL) < 0) {
        return false;
    }
    thing.devices = (uint32_t)row.devices;
    thing.own = row.name != NULL;
    thing.security = PK_KANON_OPEN; /* whether it is a home does not matter to who sits in it */
    return pk_kanon_ask(&kanon, PK_KANON_VIEW, &thing) == PK_KANON_SHOWN;
}

/* {"standing","attacks","joins"} of where it is now, or null. Numbers below k devices are 0 already. */
static json_t *zone_view(const struct pk_device *d)
{
    const json_t *zone = json_object_get(d->foresight, "zone");
    const char *standing = json_string_value(json_object_get(zone, "standing"));

    if (standing == NULL) {
        return json_null();
    }
    return json_pack("{s:s, s:I, s:I}", "standing", standing, "attacks",
            json_integer_value(json_object_get(zone, "attacks")), "joins",
            json_integer_value(json_object_get(zone, "joins")));
}

json_t *pk_me_network_view(struct pk_me_call *call, const struct pk_me_items *items)
{
    const struct pk_device *d = &call->device;
    const char *id = json_string_value(json_object_get(d->network, "id"));
    const char *at = json_string_value(json_object_get(d->network, "at"));
    const char *link = json_string_value(json_object_get(d->network, "link"));
    const char *security = json_string_value(json_object_get(d->network, "security"));
    int64_t joined_ms = 0;

    if (id == NULL) {
        return json_null();
    }
    if (at == NULL || pk_time_parse(at, &joined_ms) < 0) {
        joined_ms = 0;
    }
    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:b, s:o}", "id", id, "link",
            link != NULL ? link : "unknown", "security", security != NULL ? security : "unknown",
            "joined_at", pk_view_time(joined_ms), "checks", checks_view(call, items, id, joined_ms),
            "known", (int)is_known(call, id), "zone", zone_view(d));
}

json_t *pk_me_outlook_view(const struct pk_me_call *call)
{
    const struct pk_device *d = &call->device;
    json_t *lowers = json_array();
    const json_t *reason;
    size_t n;

    json_array_foreach (json_object_get(d->foresight, "reasons"), n, reason) {
        const char *text = json_string_value(json_object_get(reason, "lowers"));
        enum pk_hazard_remedy remedy = text != NULL ? pk_hazard_remedy_of(text)
                                                    : PK_HAZARD_NO_REMEDY;

        if (remedy != PK_HAZARD_NO_REMEDY) { /* the page has the words in its languages */
            (void)json_array_append_new(lowers, json_string(pk_hazard_remedy_names[remedy]));
        }
    }
    return json_pack("{s:s, s:o}", "level", pk_outlook_names[d->outlook], "lowers", lowers);
}
