/* `picket-agent names`: asks the running agent; without one it can still tell and repair. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/control.h"
#include "agent/names.h"
#include "agent/names_system.h"
#include "agent/settings.h"
#include "base/clock.h"
#include "base/file.h"

#define ASK_MS      (10 * PK_SECOND_MS)
#define ANSWER_MAX  (64UL * 1024)
#define RESOLV_FILE "/etc/resolv.conf"

enum {
    FINE = 0,
    BAD_NEWS = 1,
    USAGE = 2,
    FAILED = 3,
};

static int fail(const char *why)
{
    (void)fprintf(stderr, "picket-agent: %s\n", why);
    return FAILED;
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text != NULL ? text : "";
}

static long long number_of(const json_t *object, const char *key)
{
    return (long long)json_integer_value(json_object_get(object, key));
}

static void print_servers(const json_t *list)
{
    (void)printf("  Asks       ");
    for (size_t i = 0; i < json_array_size(list); i++) {
        (void)printf("%s%s", i > 0 ? ", " : "", json_string_value(json_array_get(list, i)));
    }
    (void)printf("%s\n", json_array_size(list) == 0 ? "nobody: no name server is known" : "");
}

static void print_status(const json_t *status)
{
    static const char *const lines[][2] = {
        { "on", "Names are checked on this device" },
        { "off", "Names are not checked: 'picket-agent names on' starts it" },
        { "contested", "Names are not checked: another program keeps rewriting the list" },
        { "left behind", "No agent runs, but its name server is still in the list" },
    };
    const char *state = text_of(status, "state");
    const json_t *counts = json_object_get(status, "since_start");

    for (size_t i = 0; i < PK_COUNT(lines); i++) {
        if (strcmp(lines[i][0], state) == 0) {
            (void)printf("%s\n\n", lines[i][1]);
        }
    }
    (void)printf("  List       %s\n", text_of(status, "file"));
    if (json_is_true(json_object_get(status, "listening"))) {
        (void)printf("  Listens    %s, page at %s%s\n", text_of(status, "listen"),
                text_of(status, "page"),
                json_is_true(json_object_get(status, "page_listening")) ? ""
                                                                        : " (cannot be opened)");
        print_servers(json_object_get(status, "servers"));
        (void)printf("  Knows      %lld harmful names\n", number_of(status, "names_known"));
        (void)printf("  Counted    %lld questions, %lld blocked, %lld failed since the start\n",
                number_of(counts, "questions"), number_of(counts, "blocked"),
                number_of(counts, "failed"));
    }
    if (text_of(status, "bypass")[0] != '\0') {
        (void)printf("  Careful    %s\n", text_of(status, "bypass"));
    }
    if (text_of(status, "problem")[0] != '\0') {
        (void)printf("  Problem    %s\n", text_of(status, "problem"));
    }
}

static int show(const json_t *status, bool json)
{
    const char *state = text_of(status, "state");
    bool bad = strcmp(state, "contested") == 0 || strcmp(state, "left behind") == 0 ||
            text_of(status, "problem")[0] != '\0';

    if (json_object_get(status, "error") != NULL) {
        return fail(text_of(status, "error"));
    }
    if (json) {
        char *text = json_dumps(status, JSON_COMPACT);

        (void)puts(text != NULL ? text : "{}");
        free(text);
    } else {
        print_status(status);
    }
    return bad ? BAD_NEWS : FINE;
}

/* The next start shall not put it in again. */
static void forget_on(const struct pk_agent_settings *settings)
{
    char path[4096];

    (void)snprintf(path, sizeof(path), "%s/names-on", settings->state_dir);
    (void)remove(path);
}

static int alone(const struct pk_agent_settings *settings, const char *verb, bool json)
{
    const char *file = settings->resolv_file != NULL ? settings->resolv_file : RESOLV_FILE;
    struct pk_error err;
    json_t *status;
    int result;

    if (strcmp(verb, "on") == 0 || strcmp(verb, "allow") == 0) {
        return fail("no agent runs: start 'picket-agent run' first");
    }
    if (strcmp(verb, "off") == 0) {
        forget_on(settings);
        if (pk_names_repair(file, &err) < 0) {
            return fail(err.text);
        }
    }
    status = json_pack("{s:s, s:s, s:b}", "state",
            pk_names_left_behind(file) ? "left behind" : "off", "file", file, "listening", 0);
    result = show(status, json);
    json_decref(status);
    return result;
}

static bool is_verb(const char *verb)
{
    static const char *const verbs[] = { "on", "off", "status", "allow" };

    for (size_t i = 0; i < PK_COUNT(verbs); i++) {
        if (strcmp(verb, verbs[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* "names allow www.example" in lower case without a last dot. */
static void make_line(const char *verb, const char *name, char *out, size_t size)
{
    int n = snprintf(
            out, size, "names %s%s%s", verb, name != NULL ? " " : "", name != NULL ? name : "");

    for (char *p = out; *p != '\0'; p++) {
        *p = (char)tolower((unsigned char)*p);
    }
    if (n > 0 && (size_t)n < size && out[n - 1] == '.') {
        out[n - 1] = '\0';
    }
}

int pk_names_command(
        const struct pk_agent_settings *settings, const char *verb, const char *name, bool json)
{
    struct pk_buffer answer = pk_buffer_of(ANSWER_MAX);
    struct pk_error err;
    json_t *status = NULL;
    char line[300];
    int result;
    int rc;

    if (verb == NULL || !is_verb(verb) || (name != NULL) != (strcmp(verb, "allow") == 0)) {
        (void)fprintf(stderr, "picket-agent: usage: names on|off|status|allow NAME\n");
        return USAGE;
    }
    make_line(verb, name, line, sizeof(line));
    rc = pk_control_ask(settings->state_dir, line, ASK_MS, &answer, &err);
    if (rc == PK_ENOENT) {
        pk_buffer_finish(&answer);
        return alone(settings, verb, json);
    }
    if (rc == PK_OK) {
        rc = pk_json_parse(answer.ptr, answer.len, &status, &err);
    }
    result = rc < 0 ? fail(err.text) : show(status, json);
    json_decref(status);
    pk_buffer_finish(&answer);
    return result;
}
