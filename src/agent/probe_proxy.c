#include "agent/probe_proxy.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "agent/http_get.h"
#include "agent/link_names.h"
#include "agent/probe_pac.h"
#include "base/arena.h"
#include "base/crypt.h"

#define LABEL_LETTERS 12
#define NAME_BYTES    PK_DNS_NAME_MAX
/* Some only hand the script to those who read such scripts. */
#define PAC_AGENT "WinHttp-Autoproxy-Service/5.1"

static void random_label(char out[LABEL_LETTERS + 1])
{
    uint8_t bytes[LABEL_LETTERS];

    pk_random(bytes, sizeof(bytes));
    for (size_t i = 0; i < LABEL_LETTERS; i++) {
        out[i] = (char)('a' + bytes[i] % 26);
    }
    out[LABEL_LETTERS] = '\0';
}

static enum pk_tri on_link(const struct pk_proxy_ask *ask, const struct pk_address *address)
{
    uint32_t a;
    uint32_t own;
    uint32_t mask = ask->prefix >= 32 ? UINT32_MAX : ~(UINT32_MAX >> ask->prefix);

    if (ask->own.family != AF_INET || address->family != AF_INET) {
        return PK_TRI_UNKNOWN;
    }
    if (pk_address_same(address, &ask->router)) {
        return PK_TRI_NO;
    }
    a = (uint32_t)address->bytes[0] << 24 | (uint32_t)address->bytes[1] << 16 |
            (uint32_t)address->bytes[2] << 8 | address->bytes[3];
    own = (uint32_t)ask->own.bytes[0] << 24 | (uint32_t)ask->own.bytes[1] << 16 |
            (uint32_t)ask->own.bytes[2] << 8 | ask->own.bytes[3];
    return (a & mask) == (own & mask) ? PK_TRI_YES : PK_TRI_NO;
}

/* --- the script --------------------------------------------------------------------------- */

static enum pk_tri proxies_on_link(const struct pk_probe_env *env, const struct pk_proxy_ask *ask,
        const struct pk_strings *proxies)
{
    enum pk_tri said = PK_TRI_UNKNOWN;

    for (size_t i = 0; i < proxies->count; i++) {
        struct pk_address address;
        char host[PK_HTTP_HOST_MAX];
        uint16_t port;

        if (pk_host_split(proxies->items[i], 80, host, sizeof(host), &port) < 0 ||
                pk_dns_resolve(env->servers, env->server_count, host, port, &env->deadline,
                        &address) < 0) {
            continue;
        }
        if (on_link(ask, &address) == PK_TRI_YES) {
            return PK_TRI_YES;
        }
        said = PK_TRI_NO;
    }
    return said;
}

static void take_script(const struct pk_probe_env *env, const struct pk_proxy_ask *ask,
        struct pk_slice body, struct pk_obs_proxy *offer)
{
    char hex[PK_SHA256_HEX];
    struct pk_pac pac;

    if (pk_pac_read(body, env->arena, &pac) < 0 || !pac.is_script) {
        return; /* somebody's page for everything */
    }
    pk_sha256_hex(body, hex);
    offer->sha256 = pk_arena_strdup(env->arena, hex);
    offer->proxies = pac.proxies;
    offer->direct = pac.direct;
    offer->proxy_on_link = proxies_on_link(env, ask, &pac.proxies);
}

static void fetch_script(
        const struct pk_probe_env *env, const struct pk_proxy_ask *ask, struct pk_obs_proxy *offer)
{
    const char *const agents[] = { NULL, PAC_AGENT };
    struct pk_address address;
    struct pk_http_url url;

    if (pk_http_url_parse(offer->url, &url) < 0) {
        return;
    }
    if (pk_dns_resolve(env->servers, env->server_count, url.host, url.port, &env->deadline,
                &address) == PK_OK) {
        offer->on_link = on_link(ask, &address);
    }
    for (size_t i = 0; i < PK_COUNT(agents) && offer->sha256 == NULL; i++) {
        const struct pk_http_ask how = { .agent = agents[i] };
        struct pk_http_got got;

        if (pk_http_get(env, &url, &how, &got) < 0) {
            return;
        }
        offer->status = got.head.status;
        if (got.head.status == 200 && got.whole) {
            take_script(env, ask, got.body, offer);
        }
    }
}

/* --- the ways ----------------------------------------------------------------------------- */

static struct pk_obs_proxy *add(struct pk_proxy_found *out, enum pk_proxy_source source)
{
    struct pk_obs_proxy *offer = &out->offers[out->count];

    if (out->count == PK_PROXY_OFFERS_MAX) {
        return NULL;
    }
    *offer = (struct pk_obs_proxy){ .source = (int)source };
    out->count++;
    return offer;
}

static void ask_dhcp(
        const struct pk_probe_env *env, const struct pk_proxy_ask *ask, struct pk_proxy_found *out)
{
    const char *url = ask->dhcp_url + strspn(ask->dhcp_url, " ");
    struct pk_http_url parsed;
    struct pk_obs_proxy *offer;
    struct pk_address server;

    if (pk_http_url_parse(url, &parsed) < 0) {
        return; /* none, or a blank to stop devices from asking further */
    }
    offer = add(out, PK_PROXY_DHCP);
    if (offer == NULL) {
        return;
    }
    offer->url = url;
    offer->server = *ask->dhcp_server != '\0' ? ask->dhcp_server : NULL;
    if (pk_address_parse(ask->dhcp_server, 0, &server) == PK_OK && ask->router.family != 0) {
        offer->server_router = pk_address_same(&server, &ask->router) ? PK_TRI_YES : PK_TRI_NO;
    }
    fetch_script(env, ask, offer);
}

/* "wpad" below the network's domain. The resolver that gives an address for everything is no offer: another
 * judge has it; only a script behind that address is one. */
static void ask_dns(
        const struct pk_probe_env *env, const struct pk_proxy_ask *ask, struct pk_proxy_found *out)
{
    struct pk_dns_question q[2] = { 0 };
    struct pk_obs_proxy *offer;
    char label[LABEL_LETTERS + 1];
    char names[2][NAME_BYTES];
    char text[PK_ADDRESS_TEXT];

    if (env->server_count == 0 || *ask->domain == '\0') {
        return;
    }
    random_label(label);
    if (snprintf(names[0], NAME_BYTES, "wpad.%s", ask->domain) >= NAME_BYTES ||
            snprintf(names[1], NAME_BYTES, "%s.%s", label, ask->domain) >= NAME_BYTES) {
        return;
    }
    q[0] = (struct pk_dns_question){
        .server = env->servers[0], .name = names[0], .type = PK_DNS_A
    };
    pk_dns_ask(q, 1, &env->deadline);
    if (q[0].rc != PK_OK || q[0].answer.count == 0) {
        return;
    }
    q[1] = q[0];
    q[1].name = names[1];
    pk_dns_ask(q + 1, 1, &env->deadline);
    offer = add(out, PK_PROXY_DNS);
    if (offer == NULL) {
        return;
    }
    offer->url = pk_arena_printf(env->arena, "http://%s/wpad.dat", names[0]);
    offer->server = pk_arena_strdup(env->arena, pk_address_text(&env->servers[0], text));
    offer->server_router = ask->router.family == 0            ? PK_TRI_UNKNOWN
            : pk_address_same(&env->servers[0], &ask->router) ? PK_TRI_YES
                                                              : PK_TRI_NO;
    offer->answers_all = q[1].rc != PK_OK ? PK_TRI_UNKNOWN
            : q[1].answer.count > 0       ? PK_TRI_YES
                                          : PK_TRI_NO;
    if (offer->url != NULL) {
        fetch_script(env, ask, offer);
    }
}

static void ask_link(
        const struct pk_probe_env *env, const struct pk_proxy_ask *ask, struct pk_proxy_found *out)
{
    struct pk_link_answer wpad[PK_LINK_WAYS];
    struct pk_link_answer made_up[PK_LINK_WAYS];
    char label[LABEL_LETTERS + 1];
    char text[PK_ADDRESS_TEXT];

    out->asked_link = true;
    pk_link_ask("wpad", ask->interface, &ask->own, ask->prefix, &env->deadline, wpad);
    if (!wpad[0].answered && !wpad[1].answered && !wpad[2].answered) {
        return; /* the usual case costs one question a way */
    }
    random_label(label);
    pk_link_ask(label, ask->interface, &ask->own, ask->prefix, &env->deadline, made_up);
    for (int i = 0; i < PK_LINK_WAYS; i++) {
        struct pk_obs_proxy *offer = wpad[i].answered
                ? add(out, (enum pk_proxy_source)(PK_PROXY_LLMNR + i))
                : NULL;

        if (offer == NULL) {
            continue;
        }
        offer->server = pk_arena_strdup(env->arena, pk_address_text(&wpad[i].from, text));
        offer->url = pk_arena_printf(
                env->arena, "http://%s/wpad.dat", pk_address_text(&wpad[i].address, text));
        offer->answers_all = made_up[i].answered ? PK_TRI_YES : PK_TRI_NO;
        if (offer->url != NULL) {
            fetch_script(env, ask, offer);
        }
    }
}

struct pk_proxy_found *pk_probe_proxy(
        const struct pk_probe_env *env, const struct pk_proxy_ask *ask)
{
    struct pk_proxy_found *out = pk_arena_alloc(env->arena, 1, sizeof(*out));

    if (out == NULL) {
        return NULL;
    }
    ask_dhcp(env, ask, out);
    ask_dns(env, ask, out);
    if (ask->ask_link && ask->own.family == AF_INET) {
        ask_link(env, ask, out);
    }
    return out;
}
