#include "agent/names.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/alert.h"
#include "agent/block_server.h"
#include "agent/loop.h"
#include "agent/name_lists.h"
#include "agent/name_model.h"
#include "agent/names_system.h"
#include "agent/names_tell.h"
#include "agent/rights.h"
#include "agent/sense.h"
#include "agent/settings.h"
#include "agent/stub.h"
#include "agent/watch_files.h"
#include "base/clock.h"
#include "base/crypt.h"
#include "base/file.h"
#include "intel/places.h"

#define BLOCKED_TTL_S 5 /* a name that is allowed again shall work soon */
#define ALLOWED_MS    (30 * PK_MINUTE_MS)
#define ALLOWED_MAX   32
#define RETRY_MS      (10 * PK_SECOND_MS) /* a port that was taken */
#define LISTS_MS      (2 * PK_SECOND_MS)  /* after the set of indicators was replaced */
#define RESOLV_FILE   "/etc/resolv.conf"
/* Firefox asks for it to learn whether names are filtered here; then it leaves its own DNS over HTTPS off
 * (support.mozilla.org/kb/canary-domain-use-application-dnsnet). */
#define FIREFOX_CANARY "use-application-dns.net"

struct allowed {
    char name[254];
    int64_t until_ms; /* monotonic */
};

struct pk_agent_names {
    struct pk_loop *loop;
    const struct pk_agent_settings *settings;
    struct pk_names_hooks hooks;
    struct pk_address listen;
    struct pk_address page_at;
    struct pk_stub *stub;         /* NULL: the port is taken */
    struct pk_block_server *page; /* NULL: the same */
    struct pk_names_system *system;
    struct pk_names_tell *tell;
    struct pk_name_lists *lists; /* NULL: they could not be read */
    struct pk_file_watch *watch;
    struct pk_timer retry;
    struct pk_timer reload;
    struct pk_name_decision last; /* behind the answer that is being made */
    char text[PK_RELAY_TEXT_MAX];
    struct allowed allowed[ALLOWED_MAX];
    uint8_t secret[PK_SHA256_SIZE]; /* of the form "go on anyway" */
    char on_path[PATH_MAX];
    char filter_path[PATH_MAX];
    char open_path[PATH_MAX];
    char why[320]; /* what does not work; "" */
};

static const char *resolv_file(const struct pk_agent_settings *settings)
{
    return settings->resolv_file != NULL ? settings->resolv_file : RESOLV_FILE;
}

/* --- deciding ----------------------------------------------------------------------------- */

/* What the person's "go on" opens: all that the list means by it. */
static const char *scope_of(const struct pk_name_decision *d, const char *name)
{
    return d->by == PK_NAME_BY_LIST && d->hit.kind == PK_INTEL_DOMAIN ? d->hit.indicator : name;
}

static bool is_below(const char *name, const char *domain)
{
    size_t len = strlen(name);
    size_t tail = strlen(domain);

    return len >= tail && strcmp(name + len - tail, domain) == 0 &&
            (len == tail || name[len - tail - 1] == '.');
}

static bool is_allowed(const struct pk_agent_names *names, const char *name)
{
    int64_t now_ms = pk_clock_monotonic_ms();

    for (size_t i = 0; i < ALLOWED_MAX; i++) {
        if (names->allowed[i].until_ms > now_ms && is_below(name, names->allowed[i].name)) {
            return true;
        }
    }
    return false;
}

static void allow(struct pk_agent_names *names, const char *name)
{
    struct allowed *oldest = &names->allowed[0];

    for (size_t i = 1; i < ALLOWED_MAX; i++) {
        if (names->allowed[i].until_ms < oldest->until_ms) {
            oldest = &names->allowed[i];
        }
    }
    (void)snprintf(oldest->name, sizeof(oldest->name), "%s", name);
    oldest->until_ms = pk_clock_monotonic_ms() + ALLOWED_MS;
}

static const struct pk_trust_names *rules_now(const struct pk_agent_names *names)
{
    const struct pk_sense *sense = *names->hooks.sense;

    return sense != NULL ? pk_sense_trust(sense)->names : names->settings->trust->names;
}

static void decide(struct pk_agent_names *names, const char *name, struct pk_name_decision *out)
{
    const struct pk_name_rules rules = {
        .trust = rules_now(names),
        .lists = names->lists,
        .model = pk_name_model,
    };

    pk_name_decide(&rules, name, out);
}

static bool tells_name(const struct pk_agent_names *names)
{
    const struct pk_trust_names *rules = rules_now(names);

    return rules != NULL && rules->tell_name;
}

static void explain(struct pk_agent_names *names, const struct pk_name_decision *d)
{
    static const char *const kinds[] = { "a known phishing site",
        "a host that controls harmful apps", "a known malware site",
        "closed by your organisation" };

    if (d->by == PK_NAME_BY_LIST) {
        (void)snprintf(names->text, sizeof(names->text), "Picket: %s (list: %s)", kinds[d->what],
                d->hit.source);
    } else {
        (void)snprintf(names->text, sizeof(names->text), "Picket: %s",
                d->by == PK_NAME_BY_MODEL ? "looks like a phishing site" : kinds[d->what]);
    }
}

static bool filters(const struct pk_trust_names *rules)
{
    return rules != NULL && (rules->phishing != PK_BLOCK_OFF || rules->control != PK_BLOCK_OFF);
}

/* struct pk_stub_hooks */
static bool on_ask(void *ctx, const char *name, struct pk_relay_made *made)
{
    struct pk_agent_names *names = ctx;
    struct pk_name_decision *d = &names->last;

    if (name[0] == FIREFOX_CANARY[0] && strcmp(name, FIREFOX_CANARY) == 0 &&
            filters(rules_now(names))) {
        *made = (struct pk_relay_made){
            .rcode = PK_DNS_NXDOMAIN, .ttl = BLOCKED_TTL_S, .why = PK_RELAY_WHY_NONE
        };
        return true;
    }
    decide(names, name, d);
    if (d->action == PK_NAME_PASS || (d->action == PK_NAME_WARN && is_allowed(names, name))) {
        return false;
    }
    explain(names, d);
    *made = (struct pk_relay_made){
        .rcode = names->page != NULL ? PK_DNS_NOERROR : PK_DNS_NXDOMAIN,
        .address4 = names->page != NULL && names->page_at.family == AF_INET ? names->page_at.bytes
                                                                            : NULL,
        .ttl = BLOCKED_TTL_S,
        .why = d->by == PK_NAME_BY_POLICY ? PK_RELAY_WHY_FILTERED : PK_RELAY_WHY_BLOCKED,
        .text = names->text,
    };
    pk_names_tell_note(names->tell, name, d,
            d->action == PK_NAME_WARN ? PK_NAME_WARNED : PK_NAME_BLOCKED, tells_name(names));
    return true;
}

/* --- the page ----------------------------------------------------------------------------- */

/* Only our own page knows it: another site cannot read what stands there. Good for one or two half hours. */
static void token_of(
        const struct pk_agent_names *names, const char *host, int64_t age, char out[PK_SHA256_HEX])
{
    uint8_t mac[PK_SHA256_SIZE];
    char text[320];

    (void)snprintf(text, sizeof(text), "%lld %s",
            (long long)(pk_clock_monotonic_ms() / ALLOWED_MS - age), host);
    pk_hmac_sha256(pk_slice_of(names->secret, sizeof(names->secret)), pk_slice_str(text), mac);
    pk_hex(pk_slice_of(mac, sizeof(mac)), out);
}

static void on_look(void *ctx, const char *host, struct pk_page_facts *out)
{
    struct pk_agent_names *names = ctx;

    *out = (struct pk_page_facts){ .language = pk_agent_settings_language(names->settings),
        .tells_name = tells_name(names) };
    decide(names, host, &out->decision);
    if (out->decision.action == PK_NAME_BLOCK) {
        out->state = PK_PAGE_BLOCKED;
    } else if (out->decision.action == PK_NAME_WARN) {
        out->state = is_allowed(names, host) ? PK_PAGE_GONE_ON : PK_PAGE_WARNED;
        token_of(names, host, 0, out->token);
    }
}

/* Opens a name that is only warned of. False: it is not one. */
static bool go_on(struct pk_agent_names *names, const char *name)
{
    struct pk_name_decision d;

    decide(names, name, &d);
    if (d.action != PK_NAME_WARN) {
        return false;
    }
    allow(names, scope_of(&d, name));
    pk_names_tell_note(names->tell, name, &d, PK_NAME_CONTINUED, tells_name(names));
    return true;
}

static bool on_go_on(void *ctx, const char *host, const char *token)
{
    struct pk_agent_names *names = ctx;
    bool right = false;

    for (int64_t age = 0; age < 2; age++) {
        char expected[PK_SHA256_HEX];

        token_of(names, host, age, expected);
        right |= pk_secret_eq(expected, token);
    }
    return right && go_on(names, host);
}

/* --- putting it together ------------------------------------------------------------------ */

static void complain(struct pk_agent_names *names, const char *what)
{
    (void)snprintf(names->why, sizeof(names->why), "%s", what);
    names->hooks.trouble(names->hooks.ctx, what);
}

static void on_servers(void *ctx, const struct pk_resolv *resolv)
{
    struct pk_agent_names *names = ctx;

    if (names->stub != NULL) {
        pk_stub_servers(names->stub, resolv->servers, resolv->count);
    }
}

static void on_system_trouble(void *ctx, const char *what)
{
    complain(ctx, what);
}

static bool is_on(const struct pk_agent_names *names)
{
    struct pk_buffer text = pk_buffer_of(16);
    bool on = pk_file_read(names->on_path, &text, NULL) == PK_OK && text.len > 0 &&
            text.ptr[0] == '1';

    pk_buffer_finish(&text);
    return on;
}

static int set_on(const struct pk_agent_names *names, bool on, struct pk_error *err)
{
    return pk_file_write(names->on_path, pk_slice_str(on ? "1\n" : "0\n"), 0600, err);
}

static int start_stub(struct pk_agent_names *names, struct pk_error *err)
{
    const struct pk_stub_hooks hooks = { .ask = on_ask, .ctx = names };
    const struct pk_resolv *resolv = pk_names_system_servers(names->system);
    bool raised = pk_rights_raise(PK_RIGHT_PORT);
    int rc = pk_stub_create(
            names->loop, &names->listen, names->settings->names->rate, &hooks, &names->stub, err);

    if (raised) {
        pk_rights_lower(PK_RIGHT_PORT);
    }
    if (rc == PK_OK) {
        pk_stub_servers(names->stub, resolv->servers, resolv->count);
    }
    return rc;
}

static int start_page(struct pk_agent_names *names, struct pk_error *err)
{
    const struct pk_block_hooks hooks = { .look = on_look, .go_on = on_go_on, .ctx = names };
    bool raised = pk_rights_raise(PK_RIGHT_PORT);
    int rc = pk_block_server_create(names->loop, &names->page_at, &hooks, &names->page, err);

    if (raised) {
        pk_rights_lower(PK_RIGHT_PORT);
    }
    return rc;
}

/* Whatever can be had now; the rest is tried again while it is missing. */
static void start_listening(struct pk_agent_names *names)
{
    struct pk_error err;
    bool first = names->why[0] == '\0';
    int rc = PK_OK;

    if (names->stub == NULL) {
        rc = start_stub(names, &err);
    }
    if (rc == PK_OK && names->page == NULL) {
        rc = start_page(names, &err);
    }
    if (rc == PK_OK) {
        names->why[0] = '\0';
    } else {
        if (first) {
            complain(names, err.text);
        }
        pk_loop_arm(names->loop, &names->retry, RETRY_MS);
    }
    if (names->stub == NULL || !is_on(names)) { /* what an earlier agent left behind */
        rc = pk_names_system_restore(names->system, &err);
    } else if (pk_names_system_state(names->system) != PK_NAMES_CONTESTED) {
        rc = pk_names_system_install(names->system, &err);
    }
    if (rc < 0 && names->why[0] == '\0') {
        complain(names, err.text);
    }
}

static void on_retry(void *ctx)
{
    start_listening(ctx);
}

static void read_lists(struct pk_agent_names *names)
{
    struct pk_name_lists *lists = NULL;
    struct pk_error err;

    if (pk_name_lists_open(names->settings->apps->intel, names->filter_path, &lists, &err) < 0) {
        complain(names, err.text); /* with the old ones, if there are any */
        return;
    }
    pk_name_lists_close(names->lists);
    names->lists = lists;
}

static void on_reload(void *ctx)
{
    read_lists(ctx);
}

static void on_set(void *ctx, unsigned id)
{
    struct pk_agent_names *names = ctx;

    (void)id;
    pk_loop_arm(names->loop, &names->reload, LISTS_MS);
}

static int watch_lists(struct pk_agent_names *names, struct pk_error *err)
{
    const char *given = names->settings->apps->intel;
    char path[PATH_MAX];
    int rc = pk_file_watch_create(names->loop, on_set, names, &names->watch, err);

    if (rc == PK_OK) { /* a folder that is not there has no set either */
        (void)!pk_file_watch_add(
                names->watch, given != NULL ? given : pk_intel_local_path(path), 0, NULL);
    }
    return rc;
}

static bool is_loopback(const struct pk_address *a)
{
    static const uint8_t one[16] = { [15] = 1 };

    return a->family == AF_INET ? a->bytes[0] == 127 : memcmp(a->bytes, one, 16) == 0;
}

static int read_address(const char *key, const char *text, uint16_t port, struct pk_address *out,
        struct pk_error *err)
{
    if (pk_address_parse(text, port, out) < 0 || !is_loopback(out)) {
        return pk_error_set(err, PK_EINVAL, "names.%s: '%s' is no loopback address", key, text);
    }
    return PK_OK;
}

static int read_settings(struct pk_agent_names *names, struct pk_error *err)
{
    const struct pk_names_settings *s = names->settings->names;
    const char *state = names->settings->state_dir;
    int rc = read_address("listen", s->listen, 53, &names->listen, err);

    names->page_at = names->listen;
    names->page_at.port = 80;
    if (rc == PK_OK && s->page != NULL) {
        rc = read_address("page", s->page, 80, &names->page_at, err);
    }
    (void)snprintf(names->on_path, sizeof(names->on_path), "%s/names-on", state);
    (void)snprintf(names->filter_path, sizeof(names->filter_path), "%s/names.filter", state);
    (void)snprintf(names->open_path, sizeof(names->open_path), "%s/names-open.json", state);
    return rc;
}

static int build(struct pk_agent_names *names, struct pk_error *err)
{
    const struct pk_names_system_hooks system = {
        .servers = on_servers, .trouble = on_system_trouble, .ctx = names
    };
    const struct pk_names_tell_hooks tell = { .observation = names->hooks.observation,
        .ctx = names->hooks.ctx };
    int rc = read_settings(names, err);

    if (rc == PK_OK) {
        rc = pk_names_tell_create(names->loop, names->open_path, &tell, &names->tell, err);
    }
    if (rc == PK_OK) {
        rc = pk_names_system_create(names->loop, resolv_file(names->settings), &names->listen,
                &system, &names->system, err);
    }
    if (rc == PK_OK) {
        rc = watch_lists(names, err);
    }
    if (rc < 0) {
        return rc;
    }
    read_lists(names);
    start_listening(names);
    return PK_OK;
}

int pk_agent_names_create(struct pk_loop *loop, const struct pk_agent_settings *settings,
        const struct pk_names_hooks *hooks, struct pk_agent_names **out, struct pk_error *err)
{
    struct pk_agent_names *names;
    int rc;

    if (settings->names->listen == NULL) {
        struct pk_error bad;

        if (pk_names_left_behind(resolv_file(settings)) &&
                pk_names_repair(resolv_file(settings), &bad) < 0) {
            hooks->trouble(hooks->ctx, bad.text);
        }
        return PK_OK;
    }
    names = calloc(1, sizeof(*names));
    if (names == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    names->loop = loop;
    names->settings = settings;
    names->hooks = *hooks;
    pk_timer_init(&names->retry, on_retry, names);
    pk_timer_init(&names->reload, on_reload, names);
    pk_random(names->secret, sizeof(names->secret));
    rc = build(names, err);
    if (rc < 0) {
        pk_agent_names_destroy(names);
        return rc;
    }
    *out = names;
    return PK_OK;
}

void pk_agent_names_destroy(struct pk_agent_names *names)
{
    if (names == NULL) {
        return;
    }
    pk_names_system_destroy(names->system); /* first: nobody shall be sent to a closed door */
    pk_loop_disarm(names->loop, &names->retry);
    pk_loop_disarm(names->loop, &names->reload);
    pk_block_server_destroy(names->page);
    pk_stub_destroy(names->stub);
    pk_names_tell_destroy(names->tell);
    pk_file_watch_destroy(names->watch);
    pk_name_lists_close(names->lists);
    free(names);
}

bool pk_names_alert(const struct pk_obs_name *name, const char *language, struct pk_alert *out)
{
    const struct pk_threat *threat = pk_threat_find(
            name->what == PK_NAME_PHISHING ? "network.phishing_site" : "network.c2_traffic");

    if (threat == NULL || name->seen == NULL || name->what == PK_NAME_DENIED ||
            name->did == PK_NAME_CONTINUED) {
        return false;
    }
    pk_alert_of_threat(threat, name->seen, language, false, out);
    return true;
}

/* --- answering the command ---------------------------------------------------------------- */

static json_t *put_servers(const struct pk_agent_names *names)
{
    const struct pk_resolv *resolv = pk_names_system_servers(names->system);
    json_t *list = json_array();
    char text[PK_ADDRESS_TEXT];

    for (size_t i = 0; i < resolv->count; i++) {
        (void)json_array_append_new(list, json_string(pk_address_text(&resolv->servers[i], text)));
    }
    return list;
}

static json_t *put_counts(const struct pk_agent_names *names)
{
    struct pk_stub_counts c = { 0 };

    if (names->stub != NULL) {
        c = pk_stub_counts(names->stub);
    }
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "questions", (json_int_t)c.questions,
            "blocked", (json_int_t)c.made, "forwarded", (json_int_t)c.forwarded, "failed",
            (json_int_t)c.failed, "limited", (json_int_t)c.limited, "wrong_answers",
            (json_int_t)c.wrong);
}

static json_t *put_address(const struct pk_address *a)
{
    char text[PK_ADDRESS_TEXT];

    return json_sprintf(
            a->family == AF_INET6 ? "[%s]:%u" : "%s:%u", pk_address_text(a, text), a->port);
}

static json_t *status_of(const struct pk_agent_names *names)
{
    static const char *const states[] = { "off", "on", "contested" };
    const char *path = resolv_file(names->settings);

    return json_pack("{s:s, s:b, s:o, s:o, s:b, s:o, s:s, s:I, s:I, s:o, s:s*, s:s*}", "state",
            states[pk_names_system_state(names->system)], "listening", names->stub != NULL,
            "listen", put_address(&names->listen), "page", put_address(&names->page_at),
            "page_listening", names->page != NULL, "servers", put_servers(names), "file", path,
            "names_known",
            (json_int_t)(names->lists != NULL ? pk_name_lists_count(names->lists) : 0),
            "filter_bytes",
            (json_int_t)(names->lists != NULL ? pk_name_lists_filter_size(names->lists) : 0),
            "since_start", put_counts(names), "bypass", pk_names_bypass(path), "problem",
            names->why[0] != '\0' ? names->why : NULL);
}

static json_t *refuse(const char *why)
{
    return json_pack("{s:s}", "error", why);
}

static int switch_on(struct pk_agent_names *names, struct pk_error *err)
{
    int rc;

    if (names->stub == NULL) {
        return pk_error_set(err, PK_EBUSY, "%s", names->why);
    }
    rc = pk_names_system_install(names->system, err);
    if (rc == PK_OK && names->page != NULL) {
        names->why[0] = '\0'; /* of another program that rewrote the list */
    }
    return rc < 0 ? rc : set_on(names, true, err);
}

json_t *pk_agent_names_ask(struct pk_agent_names *names, const char *line)
{
    static const char allow_word[] = "allow ";
    struct pk_error err = { .text = "unknown command" };
    int rc = PK_OK;

    if (names == NULL) {
        return refuse("names.listen is not set in the agent's settings");
    }
    if (strcmp(line, "on") == 0) {
        rc = switch_on(names, &err);
    } else if (strcmp(line, "off") == 0) {
        rc = set_on(names, false, &err);
        if (rc == PK_OK) {
            rc = pk_names_system_restore(names->system, &err);
        }
    } else if (strncmp(line, allow_word, sizeof(allow_word) - 1) == 0) {
        rc = go_on(names, line + sizeof(allow_word) - 1)
                ? PK_OK
                : pk_error_set(&err, PK_EINVAL, "that name is not one that is only warned of");
    } else if (strcmp(line, "status") != 0) {
        rc = PK_EINVAL;
    }
    return rc < 0 ? refuse(err.text) : status_of(names);
}
