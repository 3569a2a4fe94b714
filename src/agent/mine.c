#include "agent/mine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/https.h"
#include "agent/identity.h"
#include "agent/ledger.h"
#include "agent/settings.h"
#include "base/clock.h"
#include "base/file.h"

#define ANSWER_MAX    (64UL * 1024 * 1024)
#define PAGE_MAX      (8UL * 1024 * 1024)
#define CALL_MS       (60 * PK_SECOND_MS)
#define LOOK_MS       (5 * PK_SECOND_MS)
#define PAGES_MAX     10000 /* of an export: a server that never ends is none of ours */
#define LAST_USUAL    1
#define EXIT_FINE     0
#define EXIT_IS_USAGE 2
#define EXIT_FAILED   3

/* ---- one connection --------------------------------------------------------------------------------- */

struct talk {
    struct pk_identity *id;
    struct pk_https *link;
    SSL_CTX *tls;
    struct pk_https_addresses to;
};

static void hang_up(struct talk *t)
{
    pk_https_destroy(t->link);
    SSL_CTX_free(t->tls);
    pk_identity_destroy(t->id);
}

static int call_up(struct talk *t, const struct pk_agent_settings *settings, struct pk_error *err)
{
    const char *url = settings->server->url;
    char host[PK_HTTPS_HOST];
    int port = 0;
    int rc = pk_identity_load(settings->state_dir, &t->id, err);

    if (rc == PK_OK && !pk_identity_enrolled(t->id)) {
        return pk_error_set(err, PK_ENOENT, "this device is not enrolled with a server");
    }
    url = rc == PK_OK && url == NULL ? pk_identity_url(t->id) : url;
    if (rc == PK_OK) {
        rc = pk_https_url(url, host, &port, err);
    }
    if (rc == PK_OK) {
        rc = pk_https_lookup(host, port, &t->to, err);
    }
    if (rc == PK_OK) {
        rc = pk_identity_tls(t->id, &t->tls, err);
    }
    return rc < 0 ? rc : pk_https_create(host, port, t->tls, &t->link, err);
}

/* The words of a problem document, or the status. */
static int refused(const struct pk_http_answer *answer, struct pk_error *err)
{
    json_t *problem = NULL;
    const char *detail = NULL;
    int rc;

    if (answer->body.len > 0 &&
            pk_json_parse(answer->body.ptr, answer->body.len, &problem, NULL) == PK_OK) {
        detail = json_string_value(json_object_get(problem, "detail"));
    }
    rc = detail != NULL
            ? pk_error_set(err, PK_EPEER, "the server says: %s", detail)
            : pk_error_set(err, PK_EPEER, "the server answered with status %d", answer->status);
    json_decref(problem);
    return rc;
}

static int ask(struct talk *t, const char *method, const char *target, int64_t timeout_ms,
        json_t **out, struct pk_error *err)
{
    struct pk_https_request request = {
        .method = method, .target = target, .timeout_ms = timeout_ms, .body_max = PAGE_MAX
    };
    const struct pk_http_answer *answer;
    int rc = pk_https_call(t->link, &t->to, &request, err);

    if (rc < 0) {
        return rc;
    }
    answer = pk_https_answer(t->link);
    if (answer->status / 100 != 2 || answer->body.len == 0) {
        return refused(answer, err);
    }
    rc = pk_json_parse(answer->body.ptr, answer->body.len, out, err);
    if (rc == PK_OK && !json_is_object(*out)) {
        json_decref(*out);
        *out = NULL;
        rc = pk_error_set(err, PK_EMALF, "the server's answer is no object");
    }
    return rc;
}

static int fail(const struct pk_error *err)
{
    (void)fprintf(stderr, "picket-agent: %s\n", err->text);
    return EXIT_FAILED;
}

/* ---- the ledger ------------------------------------------------------------------------------------- */

int pk_mine_call(const struct pk_agent_settings *settings, const char *method, const char *target,
        int64_t timeout_ms, json_t **out, struct pk_error *err)
{
    struct talk t = { 0 };
    int rc = call_up(&t, settings, err);

    if (rc == PK_OK) {
        rc = ask(&t, method, target, timeout_ms, out, err);
    }
    hang_up(&t);
    return rc;
}

int pk_mine_ledger(const struct pk_agent_settings *settings, int64_t timeout_ms, json_t **out,
        struct pk_error *err)
{
    return pk_mine_call(settings, "GET", "/v1/ledger", timeout_ms, out, err);
}

/* Leaves the newest `last` reports. */
static void keep_last(json_t *ledger, int64_t last)
{
    json_t *reports = json_object_get(ledger, "reports");

    while (last >= 0 && (int64_t)json_array_size(reports) > last) {
        (void)json_array_remove(reports, json_array_size(reports) - 1);
    }
}

static int print_json(const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT);
    int result = text != NULL && puts(text) >= 0 ? EXIT_FINE : EXIT_FAILED;

    free(text);
    return result;
}

int pk_mine_ledger_command(
        const struct pk_agent_settings *settings, const struct pk_mine_options *o)
{
    struct pk_buffer page = pk_buffer_of(ANSWER_MAX);
    struct pk_error why = { 0 };
    struct pk_error err = { 0 };
    json_t *ledger = NULL;
    json_t *held = NULL;
    int result;

    if (pk_ledger_read(settings->state_dir, &ledger, &err) < 0) {
        return fail(&err);
    }
    keep_last(ledger, o->last);
    if (o->offline || pk_mine_ledger(settings, LOOK_MS, &held, &why) < 0) {
        held = json_null();
    }
    (void)json_object_set_new(ledger, "server", held);
    if (o->json) {
        result = print_json(ledger);
    } else {
        pk_ledger_print(ledger, o->last >= 0 ? (size_t)o->last : LAST_USUAL, why.text, &page);
        result = page.rc == PK_OK && fputs(page.ptr, stdout) >= 0 ? EXIT_FINE : EXIT_FAILED;
    }
    pk_buffer_finish(&page);
    json_decref(ledger);
    return result;
}

/* ---- export ----------------------------------------------------------------------------------------- */

/* Adds the reports of a page to those of the first one. */
static void join(json_t *all, json_t *page)
{
    (void)json_array_extend(json_object_get(all, "reports"), json_object_get(page, "reports"));
    (void)json_object_set(all, "next", json_object_get(page, "next"));
}

static int fetch_all(struct talk *t, json_t **out, struct pk_error *err)
{
    json_t *all = NULL;
    int64_t before = -1;
    int rc = ask(t, "GET", "/v1/me/export", CALL_MS, &all, err);

    for (int n = 0; rc == PK_OK && json_is_integer(json_object_get(all, "next")); n++) {
        int64_t next = json_integer_value(json_object_get(all, "next"));
        char target[64];
        json_t *page = NULL;

        if (n == PAGES_MAX || next <= before) {
            rc = pk_error_set(err, PK_ELIMIT, "the server's export does not end");
            break;
        }
        before = next;
        (void)snprintf(target, sizeof(target), "/v1/me/export?after=%lld", (long long)next);
        rc = ask(t, "GET", target, CALL_MS, &page, err);
        if (rc == PK_OK) {
            join(all, page);
        }
        json_decref(page);
    }
    if (rc < 0) {
        json_decref(all);
        return rc;
    }
    (void)json_object_del(all, "next");
    *out = all;
    return PK_OK;
}

int pk_mine_export_command(
        const struct pk_agent_settings *settings, const struct pk_mine_options *o)
{
    struct pk_error err = { 0 };
    struct talk t = { 0 };
    json_t *all = NULL;
    char *text = NULL;
    int rc;

    if (access(o->file, F_OK) == 0) {
        (void)fprintf(stderr, "picket-agent: '%s' is there already\n", o->file);
        return EXIT_FAILED;
    }
    rc = call_up(&t, settings, &err);
    if (rc == PK_OK) {
        rc = fetch_all(&t, &all, &err);
    }
    hang_up(&t);
    text = rc == PK_OK ? json_dumps(all, JSON_INDENT(1)) : NULL;
    if (rc == PK_OK && text == NULL) {
        rc = pk_error_set(&err, PK_ENOMEM, "out of memory");
    }
    if (rc == PK_OK) {
        rc = pk_file_write(o->file, pk_slice_str(text), 0600, &err);
    }
    if (rc == PK_OK) {
        (void)printf("'%s' holds everything that the server has about this device: %zu reports, "
                     "%zu bytes.\n",
                o->file, json_array_size(json_object_get(all, "reports")), strlen(text));
    }
    free(text);
    json_decref(all);
    return rc < 0 ? fail(&err) : EXIT_FINE;
}

/* ---- erase ------------------------------------------------------------------------------------------ */

static bool person_agrees(void)
{
    char line[16];

    (void)fputs("Everything that the server holds about this device will be erased, and it will\n"
                "have to be enrolled again to be protected. Type \"erase\" to go on: ",
            stdout);
    (void)fflush(stdout);
    return fgets(line, sizeof(line), stdin) != NULL && strcmp(line, "erase\n") == 0;
}

int pk_mine_erase_command(const struct pk_agent_settings *settings, const struct pk_mine_options *o)
{
    struct pk_error err = { 0 };
    struct talk t = { 0 };
    json_t *answer = NULL;
    const char *state;
    int rc;

    if (!o->yes && isatty(STDIN_FILENO) != 1) {
        (void)fputs("picket-agent: erase needs --yes where nobody can be asked\n", stderr);
        return EXIT_IS_USAGE;
    }
    if (!o->yes && !person_agrees()) {
        (void)puts("Nothing was asked for.");
        return EXIT_FINE;
    }
    rc = call_up(&t, settings, &err);
    if (rc == PK_OK) {
        rc = ask(&t, "POST", "/v1/me/erase", CALL_MS, &answer, &err);
    }
    hang_up(&t);
    if (rc < 0) {
        return fail(&err);
    }
    state = json_string_value(json_object_get(answer, "state"));
    if (o->json) {
        (void)print_json(answer);
    } else if (state != NULL && strcmp(state, "asked") == 0) {
        (void)puts(
                "The server was asked to erase everything about this device. An administrator has "
                "to agree;\n\"picket-agent ledger\" says how it stands.");
    } else {
        (void)puts(
                "The server is erasing everything about this device and refuses it from now on.\n"
                "What lies on the device itself stays: it is yours.");
    }
    json_decref(answer);
    return EXIT_FINE;
}
