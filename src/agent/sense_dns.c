/* How the network's name servers answer: one job a server. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "agent/http_message.h"
#include "agent/probe_dns.h"
#include "agent/sense_round.h"
#include "base/arena.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/crypt.h"

#define TLS_PORT 443

static size_t count_servers(const struct pk_sense *sense)
{
    return sense->resolv.count;
}

/* --- which names -------------------------------------------------------------------------- */

struct name_list {
    struct pk_sense *sense;
    struct pk_arena *arena;
    struct pk_dns_name *items;
    size_t count;
};

static struct pk_dns_name *add_name(struct name_list *list, const char *name, uint16_t port)
{
    struct pk_address address;
    struct pk_dns_name *to;

    if (pk_address_parse(name, 0, &address) == PK_OK || strchr(name, '.') == NULL ||
            strlen(name) >= PK_DNS_NAME_MAX) {
        return NULL; /* an address, or a name that only its own network knows */
    }
    for (size_t i = 0; i < list->count; i++) {
        if (strcasecmp(list->items[i].name, name) == 0) {
            return &list->items[i];
        }
    }
    if (list->count == PK_DNS_NAMES_MAX) {
        return NULL;
    }
    to = &list->items[list->count];
    to->name = pk_arena_strdup(list->arena, name);
    to->port = port;
    to->split = pk_trust_has_zone(&list->sense->trust->split_zones, name);
    if (to->name == NULL) {
        return NULL;
    }
    list->count++;
    return to;
}

static void add_url(struct name_list *list, const char *text)
{
    struct pk_http_url url;

    if (pk_http_url_parse(text, &url) == PK_OK) {
        (void)add_name(list, url.host, TLS_PORT);
    }
}

/* The most wanted first: what people sign in to. */
static void list_names(struct name_list *list)
{
    const struct pk_sense *sense = list->sense;
    const struct pk_page *pages = sense->set.pages.items;

    for (size_t i = 0; i < sense->trust->hosts.count; i++) {
        char host[PK_DNS_NAME_MAX];
        uint16_t port;
        struct pk_dns_name *name;

        if (pk_host_split(sense->trust->hosts.items[i], TLS_PORT, host, sizeof(host), &port) < 0) {
            continue;
        }
        name = add_name(list, host, port);
        if (name != NULL) {
            name->own = true;
        }
    }
    for (size_t i = 0; i < sense->set.redirects.count; i++) {
        add_url(list, sense->set.redirects.items[i]);
    }
    for (size_t i = 0; i < sense->target_count; i++) {
        const struct pk_sense_target *target = &sense->targets[i];
        struct pk_dns_name *name = add_name(list, target->host, target->port);

        if (name != NULL && target->own_ca != NULL) {
            name->own_ca = target->own_ca;
            name->own = true;
        }
    }
    add_url(list, sense->set.probe_url);
    for (size_t i = 0; i < sense->set.pages.count; i++) {
        add_url(list, pages[i].url);
    }
}

/* --- what is remembered ------------------------------------------------------------------- */

static void subject_of(const struct pk_dns_name *name, char out[PK_KNOWN_TEXT])
{
    (void)snprintf(out, PK_KNOWN_TEXT, "%s:%u", name->name, name->port);
}

static struct pk_dns_memory *find_memory(struct pk_sense *sense, const char *name)
{
    for (size_t i = 0; i < PK_DNS_NAMES_MAX; i++) {
        if (strcasecmp(sense->names.memory[i].name, name) == 0) {
            return &sense->names.memory[i];
        }
    }
    return NULL;
}

/* What was proved on earlier days. */
static void recall(const struct pk_sense *sense, struct pk_dns_name *name)
{
    struct pk_dns_memory *m = &name->memory;
    char subject[PK_KNOWN_TEXT];
    const char *text;

    (void)snprintf(m->name, sizeof(m->name), "%s", name->name);
    subject_of(name, subject);
    for (size_t i = 0; i < PK_DNS_PROVEN_MAX; i++) {
        text = pk_known_at(sense->known, subject, PK_KNOWN_ADDRESS, i);
        if (text == NULL) {
            break;
        }
        if (pk_address_parse(text, 0, &m->proven[m->proven_count]) == PK_OK) {
            m->proven_count++;
        }
    }
    m->proven_next = m->proven_count % PK_DNS_PROVEN_MAX;
}

static void note_proven(struct pk_sense *sense, const struct pk_dns_name *name)
{
    char subject[PK_KNOWN_TEXT];
    char text[PK_ADDRESS_TEXT];

    subject_of(name, subject);
    for (size_t i = 0; i < name->memory.proven_count; i++) {
        pk_known_note(sense->known, subject, PK_KNOWN_ADDRESS,
                pk_address_text(&name->memory.proven[i], text));
    }
}

static bool has_address(const struct pk_dns_memory *m, const struct pk_address *address)
{
    for (size_t i = 0; i < m->proven_count; i++) {
        if (pk_address_same(&m->proven[i], address)) {
            return true;
        }
    }
    return false;
}

/* Another job may have come back meanwhile: nothing that is proved gets lost. */
static void merge_memory(struct pk_dns_memory *to, const struct pk_dns_memory *from)
{
    struct pk_dns_memory old = *to;

    *to = *from;
    for (size_t i = 0; i < old.proven_count; i++) {
        if (!has_address(to, &old.proven[i]) && to->proven_count < PK_DNS_PROVEN_MAX) {
            to->proven[to->proven_count++] = old.proven[i];
        }
    }
    to->proven_next = to->proven_count % PK_DNS_PROVEN_MAX;
}

static void keep_memories(struct pk_sense *sense, const struct pk_dns_probe *probe)
{
    for (size_t i = 0; i < probe->count; i++) {
        const struct pk_dns_name *name = &probe->names[i];
        struct pk_dns_memory *to = find_memory(sense, name->name);

        if (to == NULL) { /* the one at its place belongs to a name that is checked no more */
            to = &sense->names.memory[i];
            *to = name->memory;
        } else {
            merge_memory(to, &name->memory);
        }
        if (!sense->attacked) {
            note_proven(sense, name);
        }
    }
    sense->names.made_up = probe->made_up;
    if (probe->trusted.last != PK_DNS_VIA_NONE) {
        sense->names.last_via = probe->trusted.last;
    }
}

/* --- before ------------------------------------------------------------------------------- */

static bool is_served(const struct pk_sense *sense, const char *server)
{
    char text[PK_ADDRESS_TEXT];

    for (size_t i = 0; i < sense->resolv.count; i++) {
        if (strcmp(pk_address_text(&sense->resolv.servers[i], text), server) == 0) {
            return true;
        }
    }
    return false;
}

/* What was wrong with a name server ends when the network does not name it any more. */
static void tell_gone(struct pk_sense *sense, const struct name_list *list)
{
    for (size_t i = 0; i < PK_PROBE_SERVERS_MAX; i++) {
        const char *server = sense->names.server[i];
        struct pk_dns_check *checks;

        if (!sense->names.odd[i] || is_served(sense, server)) {
            continue;
        }
        checks = pk_arena_alloc(list->arena, list->count + 1, sizeof(*checks));
        if (checks == NULL) {
            return;
        }
        for (size_t k = 0; k < list->count; k++) {
            checks[k] = (struct pk_dns_check){
                .name = list->items[k].name, .rcode = -1, .trusted_rcode = -1
            };
        }
        struct pk_obs_dns dns = {
            .resolver = server, .gone = true, .checks = { .items = checks, .count = list->count }
        };

        sense->names.odd[i] = false;
        pk_sense_tell(sense, &(struct pk_observation){ .kind = PK_OBS_DNS, .dns = &dns });
    }
}

static bool prepare(struct pk_sense *sense, struct pk_sense_job *job)
{
    struct pk_arena *arena = job->env.arena;
    struct pk_dns_probe *probe = pk_arena_alloc(arena, 1, sizeof(*probe));
    struct name_list list = { .sense = sense, .arena = arena };

    list.items = pk_arena_alloc(arena, PK_DNS_NAMES_MAX, sizeof(*list.items));
    if (probe == NULL || list.items == NULL) {
        return false;
    }
    list_names(&list);
    for (size_t i = 0; i < list.count; i++) {
        const struct pk_dns_memory *memory = find_memory(sense, list.items[i].name);

        if (memory != NULL) {
            list.items[i].memory = *memory;
        } else {
            recall(sense, &list.items[i]);
        }
    }
    *probe = (struct pk_dns_probe){
        .server = sense->resolv.servers[job->which],
        .domain = sense->set.probe_domain,
        .trusted = { .address = sense->trusted,
                .name = sense->set.resolver_name,
                .roots = job->env.roots,
                .last = sense->names.last_via },
        .names = list.items,
        .count = list.count,
        .made_up = sense->names.made_up,
        .link = sense->state.index,
        .ipv6 = sense->state.gateway6.family != 0,
        .brief = job->which > 0,
        .few = sense->few,
    };
    if (job->which == 0) {
        tell_gone(sense, &list);
    }
    job->in = probe;
    return true;
}

static void *run(struct pk_sense_job *job)
{
    return pk_probe_dns(&job->env, job->in);
}

/* --- after -------------------------------------------------------------------------------- */

static bool is_new(const struct pk_sense *sense, enum pk_known_list list, const char *value)
{
    return pk_known_has(sense->known, sense->network, list, value) == PK_TRI_NO;
}

/* Is it certain that who answers is who was asked? */
static enum pk_tri contested(const struct pk_sense *sense)
{
    const uint8_t *mac = pk_gateway_learnt(sense->gateway);
    char text[PK_MAC_TEXT];

    if (pk_gateway_odd(sense->gateway) ||
            (mac != NULL && is_new(sense, PK_KNOWN_GATEWAY, pk_mac_text(mac, text))) ||
            (sense->lease.server[0] != '\0' && is_new(sense, PK_KNOWN_DHCP, sense->lease.server))) {
        return PK_TRI_YES;
    }
    return mac != NULL ? PK_TRI_NO : PK_TRI_UNKNOWN;
}

static enum pk_tri is_router(const struct pk_sense *sense, const struct pk_address *server)
{
    if (pk_address_same(server, &sense->state.gateway) ||
            pk_address_same(server, &sense->state.gateway6)) {
        return PK_TRI_YES;
    }
    return server->family == AF_INET && sense->state.gateway.family == AF_INET ? PK_TRI_NO
                                                                               : PK_TRI_UNKNOWN;
}

/* What a round said, without what differs from round to round by itself. */
static void digest(const struct pk_obs_dns *dns, bool odd, char out[96])
{
    struct pk_buffer text = pk_buffer_of(16UL * 1024);
    const struct pk_dns_check *checks = dns->checks.items;
    char hash[PK_SHA256_HEX];

    (void)pk_buffer_printf(&text, "%d %d %d", dns->nx_answered > 0, dns->timeouts == dns->nx_probes,
            dns->trusted_nx);
    for (size_t i = 0; i < dns->checks.count && odd; i++) {
        const struct pk_dns_check *c = &checks[i];

        (void)pk_buffer_printf(&text, " %s %d %d %d %d", c->name, c->proves, c->second_proves,
                c->tcp_right, c->second.count > 0);
        for (size_t k = 0; k < c->addresses.count; k++) {
            (void)pk_buffer_printf(&text, " %s", c->addresses.items[k]);
        }
    }
    pk_sha256_hex(pk_buffer_slice(&text), hash);
    pk_buffer_finish(&text);
    (void)snprintf(out, 96, "%d %d %d %.16s", (int)dns->captive, (int)dns->resolver_known,
            (int)dns->contested, hash);
}

static void tell_dns(struct pk_sense *sense, struct pk_sense_job *job)
{
    const struct pk_dns_probe *probe = job->in;
    struct pk_obs_dns *dns = job->result;
    bool answers = dns->timeouts < dns->nx_probes;
    char text[96];

    keep_memories(sense, probe);
    /* Somebody diverts the traffic, but these questions took the honest way (the table flaps): the
     * answers say nothing about the other way. */
    if (!job->loud && !probe->odd && pk_gateway_odd(sense->gateway) &&
            !pk_gateway_diverted(sense->gateway)) {
        return;
    }
    /* One good round between bad ones is luck: the end is told when it lasts. */
    if (!job->loud && !probe->odd && sense->names.odd[job->which] &&
            !sense->names.better[job->which]) {
        sense->names.better[job->which] = answers;
        return;
    }
    sense->names.better[job->which] = false;
    dns->captive = pk_sense_captive(sense);
    dns->router = is_router(sense, &probe->server);
    dns->contested = contested(sense);
    dns->resolver_known = pk_known_has(sense->known, sense->network, PK_KNOWN_DNS, dns->resolver);
    (void)snprintf(sense->names.server[job->which], PK_ADDRESS_TEXT, "%s", dns->resolver);
    if (probe->odd || answers) { /* silence ends nothing */
        sense->names.odd[job->which] = probe->odd;
    }
    if (!probe->odd && answers) {
        pk_known_note(sense->known, sense->network, PK_KNOWN_DNS, dns->resolver);
    }
    digest(dns, probe->odd, text);
    if (pk_sense_is_news(&sense->told_dns[job->which], text, !probe->odd, job->loud)) {
        pk_sense_tell(sense, &(struct pk_observation){ .kind = PK_OBS_DNS, .dns = dns });
    }
}

static void forget(struct pk_sense *sense)
{
    memset(sense->told_dns, 0, sizeof(sense->told_dns));
    memset(sense->names.odd, 0, sizeof(sense->names.odd));
    memset(sense->names.better, 0, sizeof(sense->names.better));
}

const struct pk_probe_kind pk_sense_dns_probe = {
    .probe = PK_PROBE_DNS,
    .after_portal = true,
    .count = count_servers,
    .prepare = prepare,
    .run = run,
    .tell = tell_dns,
    .forget = forget,
};
