/* Check pages over plain HTTP: those that must lead to https, those that must not change. One job a page.
 * What a clean visit showed is learnt: of a page its content, of a redirect that there is one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agent/page_store.h"
#include "agent/probe_http.h"
#include "agent/sense_round.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/crypt.h"

#define URLS_MAX    8
#define URL_TEXT    300
#define FRESH_MS    (6 * PK_SECOND_MS) /* an answer about the portal counts so long */
#define TOGETHER_MS PK_MINUTE_MS       /* changes of several pages that belong together */

struct page_state {
    struct pk_sense_told told;
    char visit_sha256[65];           /* as it came first on this visit */
    struct pk_address visit_address; /* that led to https first on this visit */
    char stored_sha256[65];
    char changes[96]; /* in words, when it was last changed */
    char host[128];
    int64_t changed_ms;
    bool held; /* what came was held back once */
};

struct pk_sense_http {
    struct pk_page_store *store;
    struct page_state pages[URLS_MAX];
    int64_t rechecked_ms;
    int64_t stripped_ms; /* when a redirect to https was last missing */
    size_t turn;         /* which page a quiet round asks for */
    unsigned generation; /* of the network that was asked on last, and one; 0: none */
    bool joining;        /* its first round is under way */
};

struct copy { /* of what was learnt, for the thread */
    struct pk_http_check check;
    struct pk_page_known known[PK_KNOWN_VALUES_MAX + 1];
};

/* --- which pages -------------------------------------------------------------------------- */

/* Without settings: the first canary's own front page, as far as it is known to lead to https. */
static const struct pk_sense_target *default_target(const struct pk_sense *sense)
{
    for (size_t i = 0; i < sense->target_count; i++) {
        if (sense->targets[i].own_ca == NULL && sense->targets[i].port == 443) {
            return &sense->targets[i];
        }
    }
    return NULL;
}

static size_t redirect_count(const struct pk_sense *sense)
{
    return sense->set.redirects.count > 0 ? sense->set.redirects.count
                                          : default_target(sense) != NULL;
}

static size_t count_pages(const struct pk_sense *sense)
{
    size_t count = redirect_count(sense) + sense->set.pages.count;

    return count < URLS_MAX ? count : URLS_MAX;
}

static struct pk_sense_http *state_of(struct pk_sense *sense)
{
    if (sense->http == NULL) {
        sense->http = calloc(1, sizeof(*sense->http));
        if (sense->http != NULL) {
            sense->http->store = pk_page_store_create(sense->set.state_dir);
        }
    }
    return sense->http != NULL && sense->http->store != NULL ? sense->http : NULL;
}

/* --- asking ------------------------------------------------------------------------------- */

static bool prepare_redirect(
        const struct pk_sense *sense, const struct pk_sense_job *job, struct pk_http_check *check)
{
    char url[URL_TEXT];

    check->role = PK_HTTP_REDIRECT;
    check->set = sense->set.redirects.count > 0;
    if (check->set) {
        check->url = sense->set.redirects.items[job->which];
        check->https_before = PK_TRI_YES;
        return true;
    }
    snprintf(url, sizeof(url), "http://%s/", default_target(sense)->host);
    check->url = pk_arena_strdup(job->env.arena, url);
    if (check->url == NULL) {
        return false;
    }
    check->https_before = pk_known_has(sense->known, check->url, PK_KNOWN_HTTPS, "yes");
    return true;
}

/* "length sha256[ stamp]" */
static bool read_known(const char *text, struct pk_arena *arena, struct pk_page_known *out)
{
    char *sha256;
    char *stamp;
    long long length = strtoll(text, &sha256, 10);
    size_t len;

    sha256 += *sha256 == ' ';
    len = strspn(sha256, "0123456789abcdef");
    if (len != 64) {
        return false;
    }
    stamp = sha256 + len;
    stamp += *stamp == ' ';
    *out = (struct pk_page_known){ pk_arena_strndup(arena, sha256, len),
        pk_arena_strndup(arena, stamp, strspn(stamp, "0123456789abcdef")), length };
    return out->sha256 != NULL && out->stamp != NULL;
}

static bool is_known(const struct copy *copy, struct pk_slice body)
{
    char hex[PK_SHA256_HEX];

    pk_sha256_hex(body, hex);
    for (size_t i = 0; i < copy->check.known_count; i++) {
        if (strcasecmp(copy->known[i].sha256, hex) == 0) {
            return true;
        }
    }
    return false;
}

static void prepare_content(struct pk_sense *sense, const struct pk_sense_job *job,
        const struct pk_sense_http *state, struct copy *copy)
{
    const struct pk_page *page = (const struct pk_page *)sense->set.pages.items +
            (job->which - redirect_count(sense));
    struct pk_http_check *check = &copy->check;
    const char *value;

    check->role = PK_HTTP_CONTENT;
    check->url = page->url;
    check->set = page->sha256 != NULL;
    check->known = copy->known;
    for (size_t i = 0; i < PK_KNOWN_VALUES_MAX &&
            (value = pk_known_at(sense->known, page->url, PK_KNOWN_CONTENT, i)) != NULL;
            i++) {
        check->known_count += read_known(value, job->env.arena, &copy->known[check->known_count]);
    }
    if (check->set) {
        /* The organisation's word replaces all that was learnt; what is known of that form stays. */
        struct pk_page_known set = { page->sha256, "", 0 };

        for (size_t i = 0; i < check->known_count; i++) {
            set = strcasecmp(copy->known[i].sha256, page->sha256) == 0 ? copy->known[i] : set;
        }
        copy->known[0] = set;
        check->known_count = 1;
    }
    check->before = pk_page_store_get(state->store, page->url, job->env.arena);
    if (check->before.len > 0 && !is_known(copy, check->before)) {
        check->before = pk_slice_of(NULL, 0);
    }
    if (sense->set.redirects.count > 0) {
        check->redirect = sense->set.redirects.items[0];
    }
    if (default_target(sense) != NULL) {
        check->proves = default_target(sense)->host;
    }
}

static bool is_learnt(const struct pk_sense *sense, size_t which)
{
    const struct pk_page *pages = sense->set.pages.items;

    return pk_known_at(sense->known, pages[which].url, PK_KNOWN_CONTENT, 0) != NULL;
}

/* A quiet round, and the first one on a network, ask the redirects and one page, in turn, beside those of which
 * nothing is known yet. */
static bool is_left_out(struct pk_sense *sense, size_t which)
{
    struct pk_sense_http *http = sense->http;
    size_t first = redirect_count(sense);

    if (which == 0) {
        http->joining = http->generation != sense->generation + 1;
        http->generation = sense->generation + 1;
        http->turn++;
    }
    if ((!sense->few && (!http->joining || sense->attacked)) || which < first) {
        return false;
    }
    return which != first + http->turn % (count_pages(sense) - first) &&
            is_learnt(sense, which - first);
}

static bool prepare(struct pk_sense *sense, struct pk_sense_job *job)
{
    struct copy *copy = pk_arena_alloc(job->env.arena, 1, sizeof(*copy));
    const struct pk_sense_http *state = state_of(sense);

    if (copy == NULL || state == NULL) {
        return false;
    }
    job->in = &copy->check;
    if (is_left_out(sense, job->which)) {
        return false;
    }
    if (job->which < redirect_count(sense)) {
        return prepare_redirect(sense, job, &copy->check);
    }
    prepare_content(sense, job, state, copy);
    return true;
}

static void *run(struct pk_sense_job *job)
{
    return pk_probe_http(&job->env, job->in);
}

/* --- learning ----------------------------------------------------------------------------- */

static void learn(
        struct pk_sense *sense, struct page_state *page, const struct pk_http_found *found)
{
    char value[PK_KNOWN_TEXT];

    if (sense->portal_state != PK_PORTAL_NONE) {
        return; /* before a sign-in everything is somebody else's page */
    }
    if (found->obs.role == PK_HTTP_REDIRECT) {
        if (found->good) {
            page->visit_address = found->address;
            pk_known_note(sense->known, found->obs.url, PK_KNOWN_HTTPS, "yes");
        }
        return;
    }
    if (found->obs.sha256 == NULL) {
        return;
    }
    snprintf(value, sizeof(value), "%lld %s %s", (long long)found->obs.length, found->obs.sha256,
            found->stamp);
    pk_known_note(sense->known, found->obs.url, PK_KNOWN_CONTENT, value);
    if (page->visit_sha256[0] == '\0') {
        snprintf(page->visit_sha256, sizeof(page->visit_sha256), "%s", found->obs.sha256);
    }
    if (!found->odd && strcmp(page->stored_sha256, found->obs.sha256) != 0) {
        pk_page_store_put(sense->http->store, found->obs.url, found->body);
        snprintf(page->stored_sha256, sizeof(page->stored_sha256), "%s", found->obs.sha256);
    }
}

/* --- telling ------------------------------------------------------------------------------ */

static void join_names(const struct pk_strings *names, char *out, size_t max)
{
    size_t len = 0;

    out[0] = '\0';
    for (size_t i = 0; i < names->count && len < max - 1; i++) {
        len += (size_t)snprintf(out + len, max - len, "%s ", names->items[i]);
    }
}

/* Pages of other hosts that were changed alike, a moment ago: nobody but the network can do that. */
static int64_t count_also(
        struct pk_sense_http *state, struct page_state *page, const struct pk_http_found *found)
{
    int64_t now = pk_clock_monotonic_ms();
    int64_t count = 0;

    if (!found->odd || found->obs.changes.count == 0) {
        page->changes[0] = '\0';
        return 0;
    }
    join_names(&found->obs.changes, page->changes, sizeof(page->changes));
    snprintf(page->host, sizeof(page->host), "%s", found->end_host != NULL ? found->end_host : "");
    page->changed_ms = now;
    for (size_t i = 0; i < URLS_MAX; i++) {
        const struct page_state *other = &state->pages[i];

        count += other != page && other->changes[0] != '\0' &&
                strcmp(other->changes, page->changes) == 0 &&
                strcasecmp(other->host, page->host) != 0 && now - other->changed_ms < TOGETHER_MS;
    }
    return count;
}

/* An odd answer counts only beside a fresh one about the portal: sessions end at any time. What came odd is
 * dropped then, and asked for anew behind the portal's answer. */
static bool must_wait(struct pk_sense *sense, struct pk_sense_http *state, bool odd)
{
    int64_t now = pk_clock_monotonic_ms();

    if (!odd || now - sense->portal_ms < FRESH_MS) {
        return false;
    }
    if (state->rechecked_ms < sense->portal_ms || now - state->rechecked_ms > 2 * FRESH_MS) {
        state->rechecked_ms = now;
        pk_sense_round(sense, PK_PROBE_PORTAL | PK_PROBE_HTTP, true);
    }
    return true;
}

static void compare_portal(const struct pk_sense *sense, struct pk_http_found *found)
{
    struct pk_obs_http *http = &found->obs;

    http->captive = pk_sense_captive(sense);
    if (found->odd && found->end_host != NULL) {
        const char *asked = strstr(http->url, "//");
        size_t len = strlen(found->end_host);

        asked = asked != NULL ? asked + 2 : http->url;
        http->elsewhere = sense->portal_host[0] != '\0' &&
                        strcasecmp(found->end_host, sense->portal_host) == 0 &&
                        strncasecmp(asked, found->end_host, len) != 0
                ? PK_TRI_YES
                : PK_TRI_NO;
    }
}

/* Links that lost their "s" are a stripper's work when redirects are missing, too; the redirect's answer may be on its way:
 * everything is asked once more first. */
static bool waits_for_redirect(
        struct pk_sense *sense, struct page_state *page, const struct pk_obs_http *http)
{
    bool insecure = false;

    for (size_t i = 0; i < http->changes.count; i++) {
        insecure |= strcmp(http->changes.items[i], "insecure") == 0;
    }
    if (!insecure || http->stripped == PK_TRI_YES || redirect_count(sense) == 0 || page->held) {
        page->held = page->held && insecure;
        return false;
    }
    page->held = true;
    sense->again |= PK_PROBE_HTTP;
    sense->loud |= PK_PROBE_HTTP;
    return true;
}

static void tell_http(struct pk_sense *sense, struct pk_sense_job *job)
{
    struct pk_sense_http *state = sense->http;
    struct page_state *page = &state->pages[job->which];
    struct pk_http_found *found = job->result;
    struct pk_obs_http *http = &found->obs;
    char text[96];

    /* The table flaps between two routers, and this connection took the honest way. */
    if (!job->loud && !found->odd && pk_gateway_odd(sense->gateway) &&
            !pk_gateway_diverted(sense->gateway)) {
        return;
    }
    if (must_wait(sense, state, found->odd || found->away)) {
        return;
    }
    compare_portal(sense, found);
    if (http->role == PK_HTTP_REDIRECT) {
        state->stripped_ms = found->odd ? pk_clock_monotonic_ms() : state->stripped_ms;
    } else if (http->stripped == PK_TRI_UNKNOWN && state->stripped_ms > 0 &&
            pk_clock_monotonic_ms() - state->stripped_ms < TOGETHER_MS) {
        http->stripped = PK_TRI_YES;
    }
    if (http->role != PK_HTTP_REDIRECT && waits_for_redirect(sense, page, http)) {
        return;
    }
    http->also = count_also(state, page, found);
    http->learnt_on = pk_known_visits(sense->known, http->url);
    http->this_visit = http->role == PK_HTTP_REDIRECT ? page->visit_address.family != 0 &&
                    pk_address_same(&page->visit_address, &found->address)
                                                      : http->sha256_before != NULL &&
                    strcasecmp(page->visit_sha256, http->sha256_before) == 0;
    learn(sense, page, found);
    snprintf(text, sizeof(text), "%d %d %d %d %.24s %.32s", (int)http->status, found->odd,
            (int)http->captive, (int)http->also, http->sha256 != NULL ? http->sha256 : "-",
            http->location != NULL ? http->location : "-");
    if (pk_sense_is_news(&page->told, text, !found->odd, job->loud)) {
        pk_sense_tell(sense, &(struct pk_observation){ .kind = PK_OBS_HTTP, .http = http });
    }
}

static void forget(struct pk_sense *sense)
{
    for (size_t i = 0; i < URLS_MAX && sense->http != NULL; i++) {
        struct page_state *page = &sense->http->pages[i];

        page->told = (struct pk_sense_told){ 0 };
        page->visit_sha256[0] = page->changes[0] = '\0';
        page->visit_address = (struct pk_address){ 0 };
        page->held = false;
        sense->http->stripped_ms = 0;
    }
}

void pk_sense_http_finish(struct pk_sense *sense)
{
    if (sense->http != NULL) {
        pk_page_store_destroy(sense->http->store);
        free(sense->http);
        sense->http = NULL;
    }
}

const struct pk_probe_kind pk_sense_http_probe = {
    .probe = PK_PROBE_HTTP,
    .after_portal = true,
    .count = count_pages,
    .prepare = prepare,
    .run = run,
    .tell = tell_http,
    .forget = forget,
};
