/* Check pages over plain HTTP. A redirect to https that is missing, or links that lost their "s", keep
 * people on pages that all can read: SSL stripping. A page that was changed on its way shows that somebody
 * can put anything into any page. What sites and go-betweens do honestly - new content, outages, errors,
 * caches, sign-in pages - is told apart by asking in several ways before (agent/probe_http.c). */
#include <string.h>
#include <strings.h>

#include "defense/defense.h"

#define STRIP  "network.ssl_strip"
#define TAMPER "network.content_tamper"

enum {
    ROLE_REDIRECT,
    ROLE_CONTENT
}; /* pk_http_role_names */

static int clear_part(const struct pk_observation *o, const char *threat, struct pk_findings *out)
{
    int rc = pk_findings_clear(out, threat, o->network, o->at_ms);

    if (rc == PK_OK) {
        pk_findings_part(out, o->http->url);
    }
    return rc;
}

static json_t *list_of(const struct pk_strings *in)
{
    json_t *out = in->count > 0 ? json_array() : NULL;

    for (size_t i = 0; i < in->count; i++) {
        (void)json_array_append_new(out, json_string(in->items[i]));
    }
    return out;
}

static void put(json_t *evidence, const char *key, json_t *value)
{
    if (value != NULL) {
        (void)json_object_set_new(evidence, key, value);
    }
}

static void put_tri(json_t *evidence, const char *key, enum pk_tri value)
{
    if (value != PK_TRI_UNKNOWN) {
        (void)json_object_set_new(evidence, key, json_boolean(value == PK_TRI_YES));
    }
}

static int found(const struct pk_observation *o, const char *threat, double confidence,
        const char *rule, json_t *evidence, struct pk_arena *arena, struct pk_findings *out)
{
    int rc = pk_findings_add(out, arena, threat, o->network, confidence, rule, evidence, o->at_ms);

    if (rc == PK_OK) {
        pk_findings_part(out, o->http->url);
    }
    return rc;
}

/* --- pages that lead to https ------------------------------------------------------------- */

/* To another host than the one that was asked; "www." makes no other host. */
static bool leads_away(const struct pk_obs_http *h)
{
    const char *asked = strstr(h->url, "//");
    const char *to = h->location != NULL ? strstr(h->location, "//") : NULL;
    size_t len;

    if (asked == NULL || to == NULL) {
        return false;
    }
    asked += 2;
    to += 2;
    asked += strncasecmp(asked, "www.", 4) == 0 ? 4 : 0;
    to += strncasecmp(to, "www.", 4) == 0 ? 4 : 0;
    len = strcspn(asked, "/:?");
    return strlen(to) != len || strncasecmp(asked, to, len) != 0;
}

/* 0: nothing can be said. */
static double redirect_confidence(const struct pk_obs_http *h)
{
    if (h->elsewhere == PK_TRI_YES) {
        return 0.6; /* like a sign-in page, though https passes */
    }
    if (h->https_works != PK_TRI_YES) {
        /* A portal that lets the connectivity test through leads away; a blocked or forged name has
         * another address and a page of its own. With all of them https does not work either. */
        return h->this_visit && !leads_away(h) && h->captive == PK_TRI_NO ? 0.82 : 0;
    }
    if (h->repeats == PK_TRI_NO) {
        return 0.75; /* once so, once so */
    }
    if (h->captive == PK_TRI_YES) {
        return 0.7;
    }
    return h->set ? 0.96 : 0.85; /* a site may give up its redirect; not against its owner's word */
}

static int judge_redirect(
        const struct pk_observation *o, struct pk_arena *arena, struct pk_findings *out)
{
    const struct pk_obs_http *h = o->http;
    bool page = h->status / 100 == 2 && h->length > 0;
    bool plain = h->status / 100 == 3 && h->location != NULL;
    double confidence = redirect_confidence(h);
    json_t *evidence;

    if (h->location != NULL && strncmp(h->location, "https://", 8) == 0) {
        return clear_part(o, STRIP, out);
    }
    if (h->https_before != PK_TRI_YES || h->captive == PK_TRI_YES || (!page && !plain) ||
            confidence <= 0) {
        return PK_OK; /* an error, an outage and silence prove nothing */
    }
    evidence = json_pack("{s:s, s:s, s:s, s:I, s:s*, s:s*}", "seen",
            page ? "A page that always leads to its secure form came as an open one"
                 : "A page that always leads to its secure form leads to open ones only",
            "page", h->url, "expected", "a redirect to https", "status", (json_int_t)h->status,
            "location", h->location, "came_instead", h->added);
    put(evidence, "links_to", list_of(&h->added_hosts));
    put_tri(evidence, "came_twice", h->repeats);
    put_tri(evidence, "secure_form_works", h->https_works);
    return found(o, STRIP, confidence, "network.ssl_strip/redirect", evidence, arena, out);
}

/* --- pages that must not change ----------------------------------------------------------- */

static bool has_change(const struct pk_obs_http *h, const char *name)
{
    for (size_t i = 0; i < h->changes.count; i++) {
        if (strcmp(h->changes.items[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* Changes that do something, not words alone. */
static bool is_active(const struct pk_obs_http *h)
{
    static const char *const kinds[] = { "script", "frame", "form", "insecure", "handler",
        "refresh", "account" };

    for (size_t i = 0; i < PK_COUNT(kinds); i++) {
        if (has_change(h, kinds[i])) {
            return true;
        }
    }
    return false;
}

/* What was learnt may itself be a changed page: on one other network only, and now there is less. */
static bool may_be_healed(const struct pk_obs_http *h)
{
    return !h->set && !h->this_visit && h->learnt_on < 2 && !is_active(h);
}

/* 0: nothing can be said. */
static double content_confidence(const struct pk_obs_http *h)
{
    bool active = is_active(h);
    bool sure_before = h->set || h->this_visit || h->learnt_on > 1;

    if (has_change(h, "replaced") && (h->captive != PK_TRI_NO || h->elsewhere == PK_TRI_YES)) {
        return 0; /* a sign-in page */
    }
    if (h->sha256_secure != NULL && strcmp(h->sha256_secure, h->sha256_before) == 0) {
        return 0.97; /* the secure way proves what the page is */
    }
    if (may_be_healed(h) && h->unchanged != PK_TRI_YES) {
        return 0;
    }
    if (h->also > 0 && has_change(h, "replaced")) {
        return h->https_works == PK_TRI_YES ? 0.85 : 0; /* no portal lets proofs pass */
    }
    if (h->also > 0 && (active || sure_before)) {
        return active ? 0.95 : 0.85;
    }
    if (h->unchanged == PK_TRI_YES) { /* says to be the same version, and is not */
        return active || sure_before ? 0.93 : 0.6;
    }
    if (h->set) {
        return has_change(h, "replaced") ? 0.7 : 0.9;
    }
    if (h->repeats == PK_TRI_NO || h->variants > 3 || has_change(h, "replaced")) {
        return 0; /* it changes all the time, or a filter put its own page there */
    }
    if (h->unchanged == PK_TRI_NO) {
        return active ? 0.6 : 0; /* it says to be a new version */
    }
    return active && sure_before ? 0.85 : active ? 0.7 : 0;
}

static const char *content_words(const struct pk_obs_http *h)
{
    return has_change(h, "script")     ? "A known page came with a script that is not its own"
            : has_change(h, "frame")   ? "A known page came with a frame that is not its own"
            : has_change(h, "form")    ? "A known page came with a form that is not its own"
            : has_change(h, "account") ? "A known page came with another account number"
            : has_change(h, "insecure")
            ? "A known page came with its secure links turned into open ones"
            : has_change(h, "replaced") ? "Another page came in place of a known one"
                                        : "A known page came changed";
}

static int tell_content(const struct pk_observation *o, double confidence, struct pk_arena *arena,
        struct pk_findings *out)
{
    const struct pk_obs_http *h = o->http;
    /* Links that lost their "s" while redirects are missing are the work of one and the same tool. */
    bool strip = has_change(h, "insecure") && h->stripped == PK_TRI_YES && !has_change(h, "script");
    json_t *evidence = json_pack("{s:s, s:s, s:s*, s:s*, s:s*, s:I, s:I}", "seen", content_words(h),
            "page", h->url, "added", h->added, "sha256", h->sha256, "sha256_expected",
            h->sha256_before, "bytes", (json_int_t)h->length, "bytes_expected",
            (json_int_t)h->length_before);

    put(evidence, "leads_to", list_of(&h->added_hosts));
    put(evidence, "changes", list_of(&h->changes));
    put(evidence, "headers_of_go_betweens", list_of(&h->headers));
    put_tri(evidence, "came_twice", h->repeats);
    put_tri(evidence, "says_to_be_unchanged", h->unchanged);
    if (h->also > 0) {
        put(evidence, "other_pages_changed_alike", json_integer(h->also));
    }
    return found(o, strip ? STRIP : TAMPER, confidence,
            strip            ? "network.ssl_strip/links"
                    : h->set ? "network.content_tamper/fixed"
                             : "network.content_tamper/learnt",
            evidence, arena, out);
}

static int judge_content(
        const struct pk_observation *o, struct pk_arena *arena, struct pk_findings *out)
{
    const struct pk_obs_http *h = o->http;
    double confidence;
    int rc;

    if (h->status != 200 || h->sha256 == NULL || h->sha256_before == NULL) {
        return PK_OK;
    }
    if (strcasecmp(h->sha256, h->sha256_before) == 0 ||
            (h->sha256_secure != NULL && strcmp(h->sha256, h->sha256_secure) == 0)) {
        rc = clear_part(o, TAMPER, out); /* as it was, or its owner changed it */
        return rc == PK_OK ? clear_part(o, STRIP, out) : rc;
    }
    if (h->captive == PK_TRI_YES) {
        return PK_OK;
    }
    confidence = content_confidence(h);
    return confidence > 0 ? tell_content(o, confidence, arena, out) : PK_OK;
}

int pk_judge_http(const struct pk_observation *o, struct pk_arena *arena, struct pk_findings *out)
{
    if (o->network == NULL) {
        return PK_OK;
    }
    return o->http->role == ROLE_REDIRECT ? judge_redirect(o, arena, out)
                                          : judge_content(o, arena, out);
}
