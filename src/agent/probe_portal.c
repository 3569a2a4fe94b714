#include "agent/probe_portal.h"

#include <ctype.h>
#include <jansson.h>
#include <string.h>
#include <strings.h>

#include "agent/http_get.h"
#include "base/arena.h"
#include "base/schema.h"

#define ANSWER_MAX       (16UL * 1024)
#define API_TYPE         "application/captive+json"
#define UNRESTRICTED     "urn:ietf:params:capport:unrestricted"
#define NETWORK_REQUIRED 511 /* RFC 6585: Network Authentication Required */
#define HOSTS_MAX        2
#define REFRESH_SPAN     512 /* bytes of one meta element */

enum state {
    STATE_UNKNOWN,
    STATE_NONE,
    STATE_CAPTIVE
};
enum via {
    VIA_NONE,
    VIA_API,
    VIA_HTTP
};

int pk_portal_conclude(const struct pk_portal_words *w)
{
    switch (w->page) {
    case PK_PORTAL_PAGE_EMPTY:
        /* Some networks let the test through and nothing else: their API's word counts then. */
        return w->api == PK_TRI_YES && w->https == PK_TRI_NO ? STATE_CAPTIVE : STATE_NONE;
    case PK_PORTAL_PAGE_REPLACED:
        if (w->https == PK_TRI_YES) {
            return STATE_NONE; /* tampering */
        }
        if (w->api == PK_TRI_YES) {
            return STATE_CAPTIVE;
        }
        /* One page replaced, others not: that is a choice, and portals do not choose. */
        return w->other == PK_TRI_YES || w->https == PK_TRI_UNKNOWN ? STATE_UNKNOWN : STATE_CAPTIVE;
    case PK_PORTAL_PAGE_SILENT:
    case PK_PORTAL_PAGE_ODD:
        if (w->api == PK_TRI_YES) {
            return w->https == PK_TRI_YES ? STATE_NONE : STATE_CAPTIVE;
        }
        return w->api == PK_TRI_NO ? STATE_NONE : STATE_UNKNOWN;
    }
    return STATE_UNKNOWN;
}

/* --- the API ------------------------------------------------------------------------------ */

static int64_t seconds_of(const json_t *body, const char *key)
{
    const json_t *value = json_object_get(body, key);

    if (!json_is_number(value) || json_number_value(value) <= 0 || json_number_value(value) > 1e6) {
        return 0;
    }
    return (int64_t)(json_number_value(value) * 1000);
}

bool pk_portal_api_read(struct pk_slice body, const char *url, struct pk_arena *arena,
        enum pk_tri *captive, struct pk_portal_result *out)
{
    json_t *json = NULL;
    const json_t *said;
    const char *page;
    struct pk_http_url where;
    bool holds;

    if (pk_json_parse((const char *)body.ptr, body.len, &json, NULL) < 0) {
        return false;
    }
    said = json_object_get(json, "captive");
    if (!json_is_boolean(said)) {
        json_decref(json);
        return false;
    }
    holds = json_is_true(said);
    page = json_string_value(json_object_get(json, "user-portal-url"));
    if ((page != NULL && pk_http_url_parse(page, &where) == PK_OK) ||
            pk_http_url_parse(url, &where) == PK_OK) {
        out->obs.host = pk_arena_strdup(arena, where.host);
    }
    out->again_ms = holds ? 0 : seconds_of(json, "seconds-remaining");
    *captive = holds ? PK_TRI_YES : PK_TRI_NO;
    json_decref(json);
    return true;
}

/* Only a server that proves a name of its own may speak for the network (RFC 8908 section 4.1): an address
 * or plain http is refused. */
static bool is_api(const char *text, struct pk_http_url *url)
{
    struct pk_address address;

    return text != NULL && *text != '\0' && strcmp(text, UNRESTRICTED) != 0 &&
            pk_http_url_parse(text, url) == PK_OK && url->tls &&
            pk_address_parse(url->host, 0, &address) < 0;
}

static enum pk_tri ask_api(
        const struct pk_probe_env *env, const char *api, struct pk_portal_result *out)
{
    static const struct pk_http_ask how = { .accept = API_TYPE, .body_max = ANSWER_MAX };
    struct pk_probe_env part = *env;
    struct pk_http_got got;
    struct pk_http_url url;
    enum pk_tri captive = PK_TRI_UNKNOWN;

    if (!is_api(api, &url)) {
        return PK_TRI_UNKNOWN;
    }
    /* A part of the time: the other witnesses must have their turn, too. */
    part.deadline.at_ms -= pk_deadline_left_ms(&env->deadline) * 3 / 5;
    if (pk_http_get(&part, &url, &how, &got) == PK_OK && got.head.status == 200 && got.whole &&
            strcmp(got.head.content_type, API_TYPE) == 0 &&
            pk_portal_api_read(got.body, api, env->arena, &captive, out)) {
        out->obs.via = VIA_API;
        out->obs.status = got.head.status;
    }
    return captive;
}

/* --- the page ----------------------------------------------------------------------------- */

static const char *find_text(const char *in, size_t len, const char *what)
{
    size_t what_len = strlen(what);

    for (size_t i = 0; i + what_len <= len; i++) {
        if (strncasecmp(in + i, what, what_len) == 0) {
            return in + i;
        }
    }
    return NULL;
}

const char *pk_portal_refresh_host(struct pk_slice page, struct pk_arena *arena)
{
    const char *text = (const char *)page.ptr;
    const char *at = page.len > 0 ? find_text(text, page.len, "http-equiv") : NULL;
    char address[REFRESH_SPAN];
    struct pk_http_url url;
    size_t len;
    size_t kept = 0;

    if (at == NULL) {
        return NULL;
    }
    len = page.len - (size_t)(at - text);
    len = len < REFRESH_SPAN ? len : REFRESH_SPAN - 1;
    if (find_text(at, len, "refresh") == NULL) {
        return NULL;
    }
    at = find_text(at, len, "url=");
    if (at == NULL) {
        return NULL;
    }
    at += strlen("url=");
    len = page.len - (size_t)(at - text);
    while (kept < len && kept < sizeof(address) - 1 && !isspace((unsigned char)at[kept]) &&
            strchr("\"'>", at[kept]) == NULL) {
        address[kept] = at[kept];
        kept++;
    }
    address[kept] = '\0';
    return pk_http_url_parse(address, &url) == PK_OK ? pk_arena_strdup(arena, url.host) : NULL;
}

static enum pk_portal_page judge_page(const struct pk_http_got *got, const char *host)
{
    int status = got->head.status;

    if (status == 204) {
        return PK_PORTAL_PAGE_EMPTY;
    }
    if (status == NETWORK_REQUIRED) {
        return PK_PORTAL_PAGE_REPLACED;
    }
    if (status / 100 == 3) {
        /* A site that moved to https of its own accord is no portal. */
        return got->head.location_tls && strcasecmp(got->head.location_host, host) == 0
                ? PK_PORTAL_PAGE_ODD
                : PK_PORTAL_PAGE_REPLACED;
    }
    if (status / 100 == 2) {
        return got->whole && got->body.len == 0 ? PK_PORTAL_PAGE_ODD : PK_PORTAL_PAGE_REPLACED;
    }
    return PK_PORTAL_PAGE_ODD;
}

static enum pk_portal_page ask_page(
        const struct pk_probe_env *env, const char *probe_url, struct pk_portal_result *out)
{
    static const struct pk_http_ask how = { .body_max = ANSWER_MAX };
    struct pk_probe_env part = *env;
    enum pk_portal_page page;
    struct pk_http_got got;
    struct pk_http_url url;
    const char *host;

    part.deadline.at_ms -= pk_deadline_left_ms(&env->deadline) / 3;
    if (pk_http_url_parse(probe_url, &url) < 0 || pk_http_get(&part, &url, &how, &got) < 0) {
        return PK_PORTAL_PAGE_SILENT;
    }
    page = judge_page(&got, url.host);
    if (out->obs.via == VIA_NONE) {
        out->obs.via = VIA_HTTP;
        out->obs.status = got.head.status;
    }
    if (page == PK_PORTAL_PAGE_REPLACED && out->obs.host == NULL) {
        host = pk_portal_refresh_host(got.body, env->arena);
        out->obs.host = got.head.location_host[0] != '\0'
                ? pk_arena_strdup(env->arena, got.head.location_host)
                : host != NULL ? host
                               : pk_arena_strdup(env->arena, url.host);
    }
    return page;
}

/* --- the others --------------------------------------------------------------------------- */

static enum pk_tri ask_hosts(const struct pk_probe_env *env, const struct pk_portal_ask *ask)
{
    size_t count = ask->host_count < HOSTS_MAX ? ask->host_count : HOSTS_MAX;
    size_t asked = 0;
    size_t proved = 0;

    for (size_t i = 0; i < count; i++) {
        struct pk_probe_env part = *env;
        enum pk_tri proves;

        part.deadline.at_ms -= pk_deadline_left_ms(&env->deadline) * (int64_t)(count - i) /
                (int64_t)(count - i + 1);
        proves = pk_https_proves(&part, ask->hosts[i].host, ask->hosts[i].port);
        asked += proves != PK_TRI_UNKNOWN;
        proved += proves == PK_TRI_YES;
        if (proved == 1 && i == 0) {
            return PK_TRI_YES;
        }
    }
    return asked == 0 || proved > 0 ? PK_TRI_UNKNOWN : PK_TRI_NO;
}

static enum pk_tri ask_other(const struct pk_probe_env *env, const char *text)
{
    static const struct pk_http_ask how = { .body_max = ANSWER_MAX };
    struct pk_http_got got;
    struct pk_http_url url;

    if (text == NULL || pk_http_url_parse(text, &url) < 0 ||
            pk_http_get(env, &url, &how, &got) < 0) {
        return PK_TRI_UNKNOWN;
    }
    return got.head.status / 100 == 3 && got.head.location_tls &&
                    strcasecmp(got.head.location_host, url.host) == 0
            ? PK_TRI_YES
            : PK_TRI_NO;
}

struct pk_portal_result *pk_probe_portal(
        const struct pk_probe_env *env, const struct pk_portal_ask *ask)
{
    struct pk_portal_result *out = pk_arena_alloc(env->arena, 1, sizeof(*out));
    struct pk_portal_words words = { 0 };

    if (out == NULL) {
        return NULL;
    }
    words.api = ask_api(env, ask->api, out);
    words.page = ask_page(env, ask->probe_url, out);
    if (words.page == PK_PORTAL_PAGE_REPLACED || words.api == PK_TRI_YES) {
        words.https = ask_hosts(env, ask);
        if (words.https == PK_TRI_NO && words.api != PK_TRI_YES) {
            words.other = ask_other(env, ask->other);
        }
    }
    out->obs.state = pk_portal_conclude(&words);
    out->obs.https_works = words.https;
    if (out->obs.state != STATE_CAPTIVE && words.page != PK_PORTAL_PAGE_REPLACED) {
        out->obs.host = NULL;
    }
    return out;
}
