/* picket crowd - what all devices know together: what is bad now, what is thought of a thing and why,
 * where attacks are met, and what a device's voice weighs. */
#include <math.h>
#include <stdio.h>

#include "cli/crowd_exchange.h"
#include "cli/group.h"

#define SENTENCE_MAX 200
#define BAR          8

static const char *text_of(const json_t *in, const char *key)
{
    const char *text = json_string_value(json_object_get(in, key));

    return text != NULL ? text : "-";
}

static long long number_of(const json_t *in, const char *key)
{
    return (long long)json_integer_value(json_object_get(in, key));
}

static double real_of(const json_t *in, const char *key)
{
    return json_number_value(json_object_get(in, key));
}

static void put(const char *text)
{
    (void)pk_print_text(stdout, text, SENTENCE_MAX);
}

static int status(struct pk_cli *cli, struct pk_error *err)
{
    json_t *in = NULL;
    int rc = pk_rest_call(cli->rest, "GET", "/crowd", NULL, NULL, 0, &in, err);

    if (rc == PK_OK) {
        (cli->json ? pk_print_json : pk_print_tree)(stdout, in);
    }
    json_decref(in);
    return rc < 0 ? rc : PK_EXIT_FINE;
}

static int show(struct pk_cli *cli, struct pk_error *err)
{
    static const struct pk_column columns[] = {
        { "KIND", "kind" },
        { "NAME", "name" },
        { "NETWORK", "network" },
        { "BSSID", "bssid" },
        { "PLACE", "place" },
        { "MAST", "mast" },
        { "FILE", "app" },
        { "SCORE", "score" },
        { "DEVICES", "devices" },
        { "CAUSE", "cause" },
        { "SINCE", "since_at" },
        { NULL, NULL },
    };

    return pk_cli_list(cli, "/crowd/bad", columns, err);
}

/* ---- explain ---- */

/* How much a reason counts, as one to eight marks. */
static void put_bar(double weight)
{
    double size = weight < 0 ? -weight : weight;
    int marks = size < BAR ? (int)ceil(size) : BAR;

    for (int i = 0; i < BAR; i++) {
        (void)fputc(i < marks ? (weight < 0 ? '-' : '+') : ' ', stdout);
    }
}

/* Numbers are told in steps only. */
static void put_number(const json_t *in, const char *key, const char *what)
{
    const json_t *number = json_object_get(in, key);

    if (json_is_integer(number)) {
        (void)printf("at least %lld %s", (long long)json_integer_value(number), what);
    } else {
        (void)printf("few %s", what);
    }
}

static void put_opinion(const json_t *o)
{
    const json_t *score = json_object_get(o, "score");
    const json_t *reason;
    size_t n;

    if (json_is_number(score)) {
        (void)printf("Score %.1f; ", json_number_value(score));
        put_number(o, "devices", "devices");
        (void)fputs(" of ", stdout);
        put_number(o, "groups", "independent groups");
        (void)printf(" speak against it since %s; ", text_of(o, "since_at"));
        put_number(o, "clean", "clean visits since\n");
    }
    json_array_foreach (json_object_get(o, "reasons"), n, reason) {
        (void)printf("  %+5.1f ", real_of(reason, "weight"));
        put_bar(real_of(reason, "weight"));
        (void)fputc(' ', stdout);
        put(text_of(reason, "text"));
        (void)fputc('\n', stdout);
    }
}

static void put_values(const json_t *attribute)
{
    const json_t *value;
    size_t n;

    json_array_foreach (json_object_get(attribute, "values"), n, value) {
        (void)printf("  %-14s %3.0f %%  ", n == 0 ? text_of(attribute, "name") : "",
                100 * real_of(value, "share"));
        put(text_of(value, "text"));
        (void)puts(json_is_true(json_object_get(value, "odd")) ? "  <- odd" : "");
    }
}

static void put_profiles(const json_t *profiles)
{
    const json_t *profile;
    const json_t *attribute;
    size_t p;
    size_t a;

    json_array_foreach (profiles, p, profile) {
        (void)printf("\nThe %s: ", text_of(profile, "level"));
        put_number(profile, "visits", "visits");
        (void)printf(", first %s, last %s\n", text_of(profile, "first_seen_at"),
                text_of(profile, "last_seen_at"));
        json_array_foreach (json_object_get(profile, "attributes"), a, attribute) {
            put_values(attribute);
        }
    }
}

static void put_voices(const json_t *voices)
{
    static const struct pk_column columns[] = {
        { "SAYS", "says" },
        { "STRENGTH", "strength" },
        { "TRUST", "trust" },
        { "AT", "at" },
        { NULL, NULL },
    };

    if (json_array_size(voices) > 0) {
        (void)fputs("\nVoices, without names:\n", stdout);
        pk_print_table(stdout, columns, voices);
    }
}

/* The forms that people use, on one line. */
static void put_thing(const json_t *thing)
{
    static const char *const keys[] = { "kind", "name", "network", "bssid", "place", "mast", "app",
        "signer" };
    const char *gap = "";

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const char *text = json_string_value(json_object_get(thing, keys[i]));

        if (text != NULL) {
            (void)fputs(gap, stdout);
            put(text);
            gap = " ";
        }
    }
}

static void put_explanation(const json_t *in)
{
    put_thing(json_object_get(in, "thing"));
    (void)fputs(": ", stdout);
    put(text_of(in, "summary"));
    (void)fputc('\n', stdout);
    put_opinion(json_object_get(in, "opinion"));
    put_profiles(json_object_get(in, "profiles"));
    if (json_is_object(json_object_get(in, "app"))) {
        (void)fputc('\n', stdout);
        pk_print_tree(stdout, json_object_get(in, "app"));
    }
    put_voices(json_object_get(in, "voices"));
}

static int explain(struct pk_cli *cli, struct pk_error *err)
{
    const struct pk_rest_param params[] = {
        { "network", cli->network },
        { "bssid", cli->bssid },
        { "place", cli->place },
        { "mast", cli->mast },
        { "app", cli->app },
        { "signer", cli->signer },
        { NULL, NULL },
    };
    json_t *in = NULL;
    bool bad;
    int rc = pk_rest_call(cli->rest, "GET", "/crowd/explain", params, NULL, 0, &in, err);

    if (rc < 0) {
        return rc;
    }
    if (cli->json) {
        pk_print_json(stdout, in);
    } else {
        put_explanation(in);
    }
    bad = json_is_true(json_object_get(json_object_get(in, "opinion"), "bad"));
    json_decref(in);
    return bad ? PK_EXIT_NEWS : PK_EXIT_FINE;
}

/* ---- the rest ---- */

static int map(struct pk_cli *cli, struct pk_error *err)
{
    static const struct pk_column columns[] = {
        { "PLACE", "place" },
        { "SOUTH", "south" },
        { "WEST", "west" },
        { "JOINS", "joins" },
        { "ATTACKS", "bad" },
        { "DEVICES", "devices" },
        { NULL, NULL },
    };
    json_t *in = NULL;
    int rc = pk_rest_call(cli->rest, "GET", "/crowd/map", NULL, NULL, 0, &in, err);

    if (rc == PK_OK && cli->json) {
        pk_print_json(stdout, in);
    } else if (rc == PK_OK) {
        pk_print_table(stdout, columns, json_object_get(in, "cells"));
        (void)printf("%lld more cells are only counted: fewer than %lld devices were there\n",
                number_of(in, "hidden"), number_of(in, "min_devices"));
    }
    json_decref(in);
    return rc < 0 ? rc : PK_EXIT_FINE;
}

static int voice(struct pk_cli *cli, struct pk_error *err)
{
    static const struct pk_column columns[] = {
        { "FACTOR", "name" },
        { "VALUE", "value" },
        { "WHY", "text" },
        { NULL, NULL },
    };
    const struct pk_rest_param params[] = { { "device", cli->args[0] }, { NULL, NULL } };
    json_t *in = NULL;
    int rc = pk_rest_call(cli->rest, "GET", "/crowd/voice", params, NULL, 0, &in, err);

    if (rc == PK_OK && cli->json) {
        pk_print_json(stdout, in);
    } else if (rc == PK_OK) {
        put(text_of(in, "summary"));
        (void)fputc('\n', stdout);
        pk_print_table(stdout, columns, json_object_get(in, "factors"));
    }
    json_decref(in);
    return rc < 0 ? rc : PK_EXIT_FINE;
}

int pk_cmd_crowd(int argc, char **argv)
{
    static const struct pk_verb verbs[] = {
        { "status", NULL, 0, 0, status, "what it has seen, how large it is, how far it has come" },
        { "show", NULL, PK_OPT_LIST, 0, show,
                "what is bad now; filters: kind cause network place q" },
        { "explain", NULL, PK_OPT_ABOUT, 0, explain,
                "what is thought of a thing, and why; status 1 when it is bad" },
        { "map", NULL, 0, 0, map, "joins and attacks by coarse cells" },
        { "voice", "DEVICE", 0, 0, voice, "what the device's word weighs, and why" },
        { "exchange", "VERB", 0, 0, NULL, "other organisations' servers: exchange --help" },
        { NULL },
    };
    static const struct pk_group group = { "crowd", verbs };

    if (argc > 1 && strcmp(argv[1], "exchange") == 0) {
        return pk_cmd_crowd_exchange(argc - 1, argv + 1);
    }
    return pk_group_run(&group, argc, argv);
}
