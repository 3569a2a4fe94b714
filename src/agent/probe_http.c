#include "agent/probe_http.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "agent/http_get.h"
#include "agent/page_diff.h"
#include "base/arena.h"
#include "base/crypt.h"

#define HOPS_MAX 4
#define CLOSER_MS \
    6000 /* for what is asked only because something is odd: attackers' tools are slow */
/* Who tampers often does so with browsers' pages only: that is what is asked first. */
#define BROWSER "Mozilla/5.0 (Linux; Android 14; K) AppleWebKit/537.36 Mobile Safari/537.36"

void pk_page_stamp(const struct pk_http_head *head, char out[PK_PAGE_STAMP])
{
    char hex[PK_SHA256_HEX];
    const char *mark = head->modified[0] != '\0' ? head->modified : head->etag;

    out[0] = '\0';
    if (*mark != '\0') {
        pk_sha256_hex(pk_slice_str(mark), hex);
        snprintf(out, PK_PAGE_STAMP, "%.16s", hex);
    }
}

static const char *hash_of(struct pk_slice body, struct pk_arena *arena)
{
    char hex[PK_SHA256_HEX];

    pk_sha256_hex(body, hex);
    return pk_arena_strdup(arena, hex);
}

static void name_between(unsigned between, struct pk_arena *arena, struct pk_strings *out)
{
    out->items = between != 0 ? pk_arena_alloc(arena, 16, sizeof(*out->items)) : NULL;
    for (unsigned i = 0; pk_http_between[i] != NULL && out->items != NULL; i++) {
        if ((between & 1U << i) != 0) {
            out->items[out->count++] = pk_http_between[i];
        }
    }
}

/* --- a page that leads to https ----------------------------------------------------------- */

enum trail_end {
    TRAIL_SILENT, /* no answer, or an error: says nothing */
    TRAIL_SECURE,
    TRAIL_PLAIN, /* ends without https: a page, or redirects without end */
};

struct trail {
    enum trail_end end;
    int64_t status;
    const char *location; /* scheme and host of the last redirect */
    const char *host;     /* where it ended */
    struct pk_slice body;
    struct pk_address address; /* of the first host */
    unsigned between;
    bool away; /* a redirect led to another host without TLS */
};

static int step(const struct pk_probe_env *env, struct pk_http_url *url, const char *agent,
        struct trail *out)
{
    const struct pk_http_ask how = { .accept = "text/html,*/*", .agent = agent };
    struct pk_http_got got;
    struct pk_http_url next;
    int rc = pk_http_get(env, url, &how, &got);

    if (rc < 0) {
        return rc;
    }
    if (out->address.family == 0) {
        out->address = got.address;
    }
    out->status = got.head.status;
    out->between |= got.head.between;
    out->host = pk_arena_strdup(env->arena, url->host);
    if (got.head.status / 100 == 3 && got.head.has_location &&
            pk_http_url_join(url, got.head.location, &next) == PK_OK) {
        out->location = pk_arena_printf(
                env->arena, "%s://%s", next.tls ? "https" : "http", next.host);
        out->end = next.tls ? TRAIL_SECURE : TRAIL_PLAIN;
        out->away = out->away || (!next.tls && strcasecmp(next.host, url->host) != 0);
        *url = next;
        return next.tls ? PK_OK : 1; /* and further */
    }
    out->end = got.head.status / 100 == 2 && got.whole && got.body.len > 0 ? TRAIL_PLAIN
                                                                           : TRAIL_SILENT;
    out->body = got.body;
    return PK_OK;
}

/* A way that breaks off tells nothing, unless it led back to the same host without TLS: that is what
 * strippers answer first. */
static void broken_off(struct trail *trail, const char *asked, const char *next)
{
    bool back = trail->location != NULL && strcasecmp(asked, next) == 0;

    *trail = (struct trail){
        .end = back ? TRAIL_PLAIN : TRAIL_SILENT,
        .status = back ? trail->status : 0,
        .location = back ? trail->location : NULL,
        .host = back ? trail->host : NULL,
        .away = trail->away,
        .address = trail->address,
    };
}

static void follow(
        const struct pk_probe_env *env, const char *text, const char *agent, struct trail *out)
{
    struct pk_http_url asked;
    struct pk_http_url url;
    int rc = 1;

    *out = (struct trail){ .end = TRAIL_SILENT };
    if (pk_http_url_parse(text, &asked) < 0) {
        return;
    }
    url = asked;
    for (int hop = 0; hop < HOPS_MAX && rc == 1; hop++) {
        rc = step(env, &url, agent, out);
    }
    if (rc < 0) {
        broken_off(out, asked.host, url.host);
    }
}

/* The round's own time may be used up by then. */
static struct pk_probe_env with_time(const struct pk_probe_env *env)
{
    struct pk_probe_env fresh = *env;

    fresh.deadline = pk_deadline_in(CLOSER_MS, env->deadline.cancel_fd);
    return fresh;
}

static void check_redirect(const struct pk_probe_env *env, const struct pk_http_check *check,
        struct pk_http_found *out)
{
    struct pk_probe_env fresh;
    struct pk_http_url url;
    struct trail first;
    struct trail second;

    follow(env, check->url, BROWSER, &first);
    out->obs.status = first.status;
    out->obs.location = first.location;
    out->obs.length = (int64_t)first.body.len;
    out->end_host = first.host;
    out->away = first.away;
    out->address = first.address;
    out->good = first.end == TRAIL_SECURE;
    out->odd = first.end == TRAIL_PLAIN && check->https_before == PK_TRI_YES;
    name_between(first.between, env->arena, &out->obs.headers);
    if (!out->odd || pk_http_url_parse(check->url, &url) < 0) {
        return;
    }
    out->obs.added = pk_page_summary(first.body, env->arena);
    fresh = with_time(env);
    out->obs.https_works = pk_https_proves(&fresh, url.host, 443);
    follow(&fresh, check->url, NULL, &second);
    out->obs.repeats = second.end == TRAIL_PLAIN ? PK_TRI_YES
            : second.end == TRAIL_SECURE         ? PK_TRI_NO
                                                 : PK_TRI_UNKNOWN;
}

/* --- a page that must not change ---------------------------------------------------------- */

static const struct pk_page_known *find_known(const struct pk_http_check *check, const char *sha256)
{
    for (size_t i = 0; i < check->known_count; i++) {
        if (strcasecmp(check->known[i].sha256, sha256) == 0) {
            return &check->known[i];
        }
    }
    return NULL;
}

static enum pk_tri same_stamp(const struct pk_http_check *check, const char *stamp)
{
    enum pk_tri same = PK_TRI_UNKNOWN;

    for (size_t i = 0; i < check->known_count && *stamp != '\0'; i++) {
        if (check->known[i].stamp != NULL && *check->known[i].stamp != '\0') {
            if (strcmp(check->known[i].stamp, stamp) == 0) {
                return PK_TRI_YES;
            }
            same = PK_TRI_NO;
        }
    }
    return same;
}

static void take_diff(const struct pk_probe_env *env, const struct pk_http_check *check,
        struct pk_http_found *out, struct pk_page_diff *diff)
{
    *diff = (struct pk_page_diff){ .changes = 0 };
    if (check->before.len == 0) {
        out->obs.added = pk_page_summary(out->body, env->arena);
        return;
    }
    if (pk_page_compare(check->before, out->body, env->arena, diff) == PK_OK) {
        out->obs.added = diff->added;
        out->obs.added_hosts = diff->hosts;
        out->obs.changes = diff->names;
    }
}

/* Past caches: with a question mark of its own, by another program, on another connection. */
static void ask_again(const struct pk_probe_env *env, const struct pk_http_check *check,
        const struct pk_page_diff *diff, struct pk_http_found *out)
{
    static const struct pk_http_ask how = { .accept = "text/html,*/*" };
    struct pk_page_diff other = { .changes = 0 };
    struct pk_http_got got;
    struct pk_http_url url;
    const char *sha256;
    uint32_t number;
    size_t len;

    if (pk_http_url_parse(check->url, &url) < 0) {
        return;
    }
    pk_random(&number, sizeof(number));
    len = strlen(url.path);
    snprintf(url.path + len, sizeof(url.path) - len, "%c_=%08x",
            strchr(url.path, '?') != NULL ? '&' : '?', number);
    if (pk_http_get(env, &url, &how, &got) < 0 || got.head.status != 200 || !got.whole) {
        return;
    }
    sha256 = hash_of(got.body, env->arena);
    if (sha256 == NULL || out->obs.sha256 == NULL) {
        return;
    }
    out->obs.repeats = strcmp(sha256, out->obs.sha256) == 0 ? PK_TRI_YES : PK_TRI_NO;
    if (out->obs.repeats == PK_TRI_NO && find_known(check, sha256) == NULL &&
            check->before.len > 0 &&
            pk_page_compare(check->before, got.body, env->arena, &other) == PK_OK &&
            other.changes == diff->changes) {
        out->obs.repeats = PK_TRI_YES; /* in other words, but the same again */
    }
}

static void ask_securely(const struct pk_probe_env *env, const struct pk_http_check *check,
        struct pk_http_found *out)
{
    static const struct pk_http_ask how = { .accept = "text/html,*/*", .agent = BROWSER };
    struct pk_http_got got;
    struct pk_http_url url;
    int rc;

    if (pk_http_url_parse(check->url, &url) < 0) {
        return;
    }
    url.tls = true;
    url.port = 443;
    rc = pk_http_get(env, &url, &how, &got);
    out->obs.https_works = rc == PK_OK ? PK_TRI_YES : PK_TRI_NO;
    if (rc == PK_OK && got.head.status == 200 && got.whole) {
        out->obs.sha256_secure = hash_of(got.body, env->arena);
    }
}

static void look_closer(const struct pk_probe_env *env, const struct pk_http_check *check,
        struct pk_http_found *out)
{
    struct pk_probe_env fresh = with_time(env);
    struct pk_page_diff diff;
    struct trail trail;

    take_diff(env, check, out, &diff);
    ask_again(&fresh, check, &diff, out);
    fresh = with_time(env);
    ask_securely(&fresh, check, out);
    if ((diff.changes & 1U << PK_PAGE_REPLACED) != 0 && out->obs.https_works != PK_TRI_YES &&
            check->proves != NULL) {
        fresh = with_time(env); /* behind a sign-in page no host could */
        out->obs.https_works = pk_https_proves(&fresh, check->proves, 443);
    }
    if ((diff.changes & 1U << PK_PAGE_INSECURE) != 0 && check->redirect != NULL) {
        fresh = with_time(env);
        follow(&fresh, check->redirect, BROWSER, &trail);
        out->obs.stripped = trail.end == TRAIL_PLAIN ? PK_TRI_YES
                : trail.end == TRAIL_SECURE          ? PK_TRI_NO
                                                     : PK_TRI_UNKNOWN;
    }
}

static void check_content(const struct pk_probe_env *env, const struct pk_http_check *check,
        struct pk_http_found *out)
{
    static const struct pk_http_ask how = { .accept = "text/html,*/*", .agent = BROWSER };
    const struct pk_page_known *known;
    struct pk_http_got got;
    struct pk_http_url url;

    if (pk_http_url_parse(check->url, &url) < 0 || pk_http_get(env, &url, &how, &got) < 0) {
        return;
    }
    out->obs.status = got.head.status;
    out->end_host = url.host[0] != '\0' ? pk_arena_strdup(env->arena, url.host) : NULL;
    if (got.head.location_host[0] != '\0') {
        out->obs.location = pk_arena_printf(env->arena, "%s://%s",
                got.head.location_tls ? "https" : "http", got.head.location_host);
        out->end_host = pk_arena_strdup(env->arena, got.head.location_host);
        out->away = got.head.status / 100 == 3 && !got.head.location_tls &&
                strcasecmp(got.head.location_host, url.host) != 0;
    }
    name_between(got.head.between, env->arena, &out->obs.headers);
    pk_page_stamp(&got.head, out->stamp);
    if (got.head.status != 200 || !got.whole) {
        return; /* a transfer that broke off says nothing */
    }
    out->body = got.body;
    out->obs.length = (int64_t)got.body.len;
    out->obs.sha256 = hash_of(got.body, env->arena);
    if (out->obs.sha256 == NULL || check->known_count == 0) {
        return;
    }
    known = find_known(check, out->obs.sha256);
    out->good = known != NULL;
    out->odd = known == NULL;
    known = known != NULL ? known : &check->known[0];
    out->obs.sha256_before = known->sha256;
    out->obs.length_before = known->length;
    out->obs.unchanged = same_stamp(check, out->stamp);
    if (out->odd) {
        look_closer(env, check, out);
    }
}

struct pk_http_found *pk_probe_http(
        const struct pk_probe_env *env, const struct pk_http_check *check)
{
    struct pk_http_found *out = pk_arena_alloc(env->arena, 1, sizeof(*out));

    if (out == NULL) {
        return NULL;
    }
    out->obs.url = check->url;
    out->obs.role = (int)check->role;
    out->obs.set = check->set;
    out->obs.https_before = check->https_before;
    out->obs.variants = (int64_t)check->known_count;
    if (check->role == PK_HTTP_REDIRECT) {
        check_redirect(env, check, out);
    } else {
        check_content(env, check, out);
    }
    return out;
}
