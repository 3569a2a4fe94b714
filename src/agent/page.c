/* The person's own page: a one-time link from the server, and the network's name behind its '#', where only the browser of
 * this device sees it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/control.h"
#include "agent/identity.h"
#include "agent/mine.h"
#include "agent/settings.h"
#include "agent/spool.h"
#include "base/clock.h"

#define CALL_MS       (30 * PK_SECOND_MS)
#define STATUS_MS     (2 * PK_SECOND_MS)
#define STATUS_MAX    (1024UL * 1024)
#define LINK_MAX      2048
#define ITEM_MAX      40
#define EXIT_FINE     0
#define EXIT_IS_USAGE 2
#define EXIT_FAILED   3

static int fail(const struct pk_error *err)
{
    (void)fprintf(stderr, "picket-agent: %s\n", err->text);
    return EXIT_FAILED;
}

/* RFC 3986: all but the unreserved characters as %XX. */
static void put_escaped(struct pk_buffer *out, const char *text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";

    for (; *text != '\0'; text++) {
        if (strchr(plain, *text) != NULL) {
            (void)pk_buffer_putc(out, *text);
        } else {
            (void)pk_buffer_printf(out, "%%%02X", (unsigned)(unsigned char)*text);
        }
    }
}

/* What a browser calls a fragment never leaves it: the page shows the name, the server does not learn it. */
static void put_network(const struct pk_agent_settings *settings, struct pk_buffer *link)
{
    struct pk_buffer answer = pk_buffer_of(STATUS_MAX);
    struct pk_error err;
    json_t *status = NULL;

    if (pk_control_ask(settings->state_dir, "status", STATUS_MS, &answer, &err) == PK_OK &&
            pk_json_parse(answer.ptr, answer.len, &status, &err) == PK_OK) {
        const json_t *network = json_object_get(status, "network");
        const char *id = json_string_value(json_object_get(network, "id"));
        const char *name = json_string_value(json_object_get(network, "name"));

        if (id != NULL && name != NULL && strcmp(id, name) != 0) {
            (void)pk_buffer_puts(link, "&net=");
            put_escaped(link, id);
            (void)pk_buffer_puts(link, "&name=");
            put_escaped(link, name);
        }
    }
    json_decref(status);
    pk_buffer_finish(&answer);
}

/* The desktop's own opener; the link is one argument, and https alone. */
static int open_in_browser(const char *link)
{
    if (strncmp(link, "https://", strlen("https://")) != 0) {
        (void)fputs("picket-agent: the server's link is no https link\n", stderr);
        return EXIT_FAILED;
    }
    (void)fflush(stdout);
    (void)execlp("xdg-open", "xdg-open", link, (char *)NULL);
    (void)fprintf(stderr, "picket-agent: there is no xdg-open here; open this link yourself:\n%s\n",
            link);
    return EXIT_FAILED;
}

static int show(const struct pk_mine_options *o, const json_t *answer, const char *link)
{
    if (o->json) {
        json_t *out = json_pack(
                "{s:s, s:O*}", "url", link, "expires_at", json_object_get(answer, "expires_at"));
        char *text = json_dumps(out, JSON_COMPACT);
        int result = text != NULL && puts(text) >= 0 ? EXIT_FINE : EXIT_FAILED;

        free(text);
        json_decref(out);
        return result;
    }
    if (o->open) {
        return open_in_browser(link);
    }
    return printf("%s\n", link) >= 0 ? EXIT_FINE : EXIT_FAILED;
}

/* The incident of an alert's link, https://HOST:PORT/me#item=ID; else what was given. Where the link leads is not
 * asked: the page is opened at the own server. */
static const char *item_of(const char *given)
{
    const char *place = strncmp(given, "https://", strlen("https://")) == 0
            ? strstr(given, "/me#item=")
            : NULL;

    return place != NULL ? place + strlen("/me#item=") : given;
}

int pk_page_command(const struct pk_agent_settings *settings, const struct pk_mine_options *o)
{
    struct pk_buffer link = pk_buffer_of(LINK_MAX);
    struct pk_error err = { 0 };
    char target[32 + ITEM_MAX] = "/v1/page";
    json_t *answer = NULL;
    const char *url;
    int result;

    if (o->file != NULL) {
        const char *item = item_of(o->file);

        if (item[0] == '\0' || strlen(item) >= ITEM_MAX ||
                strspn(item, "0123456789abcdefghijklmnopqrstuvwxyz-") != strlen(item)) {
            (void)fputs("picket-agent: page takes the id of an incident, the link of an alert, or "
                        "nothing\n",
                    stderr);
            return EXIT_IS_USAGE;
        }
        (void)snprintf(target, sizeof(target), "/v1/page?item=%s", item);
    }
    if (pk_mine_call(settings, "POST", target, CALL_MS, &answer, &err) < 0) {
        return fail(&err);
    }
    url = json_string_value(json_object_get(answer, "url"));
    (void)pk_buffer_puts(&link, url != NULL ? url : "");
    put_network(settings, &link);
    if (url == NULL || link.rc < 0) {
        (void)fputs("picket-agent: the server's answer holds no link\n", stderr);
        result = EXIT_FAILED;
    } else {
        result = show(o, answer, link.ptr);
    }
    pk_buffer_finish(&link);
    json_decref(answer);
    return result;
}

/* ---- leave ------------------------------------------------------------------------------------------ */

static bool person_agrees(void)
{
    char line[16];

    (void)fputs("This device will be taken off its server: the organisation sees nothing new of "
                "it, and its\n"
                "work access may end. What the server holds stays there until it is erased "
                "(\"picket-agent\n"
                "erase\" asks for that). Type \"leave\" to go on: ",
            stdout);
    (void)fflush(stdout);
    return fgets(line, sizeof(line), stdin) != NULL && strcmp(line, "leave\n") == 0;
}

/* A running agent hears of it from the server and forgets by itself; without one it is done here. */
static int forget_here(const struct pk_agent_settings *settings, struct pk_error *err)
{
    struct pk_identity *id = NULL;
    struct pk_spool *spool = NULL;
    int rc = pk_spool_open(settings->state_dir, (size_t)settings->report->spool_bytes, &spool, err);

    if (rc == PK_EBUSY) {
        return PK_OK;
    }
    if (rc == PK_OK) {
        rc = pk_spool_ack(spool, pk_spool_next(spool) - 1, err);
    }
    if (rc == PK_OK) {
        rc = pk_identity_load(settings->state_dir, &id, err);
    }
    if (rc == PK_OK) {
        rc = pk_identity_forget(id, err);
    }
    pk_identity_destroy(id);
    pk_spool_close(spool);
    return rc;
}

int pk_leave_command(const struct pk_agent_settings *settings, const struct pk_mine_options *o)
{
    struct pk_error err = { 0 };
    json_t *answer = NULL;

    if (!o->yes && isatty(STDIN_FILENO) != 1) {
        (void)fputs("picket-agent: leave needs --yes where nobody can be asked\n", stderr);
        return EXIT_IS_USAGE;
    }
    if (!o->yes && !person_agrees()) {
        (void)puts("Nothing was changed.");
        return EXIT_FINE;
    }
    if (pk_mine_call(settings, "POST", "/v1/me/leave", CALL_MS, &answer, &err) < 0) {
        return fail(&err);
    }
    json_decref(answer);
    if (forget_here(settings, &err) < 0) {
        return fail(&err);
    }
    (void)puts("This device left its server. The agent goes on watching, alone.");
    return EXIT_FINE;
}
