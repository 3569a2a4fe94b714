/* picket crowd exchange - this organisation's server among others: invite and join, who says what. */
#include "cli/crowd_exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/schema.h"
#include "cli/group.h"
#include "intel/stix_things.h"

#define BASE       "/crowd/exchange"
#define BUNDLE_MAX (64UL * 1024 * 1024)

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text != NULL ? text : "-";
}

static int get(struct pk_cli *cli, const char *path, json_t **out, struct pk_error *err)
{
    return pk_rest_call(cli->rest, "GET", path, NULL, NULL, 0, out, err);
}

static int status(struct pk_cli *cli, struct pk_error *err)
{
    static const struct pk_column columns[] = {
        { "HUB", "name" },
        { "ID", "id" },
        { "LAST ANSWER", "last_answer_at" },
        { "WAITING", "waiting" },
        { "TOLD", "told" },
        { "HEARD", "heard" },
        { "ERROR", "error" },
        { NULL, NULL },
    };
    json_t *in = NULL;
    int rc = get(cli, BASE, &in, err);

    if (rc == PK_OK && cli->json) {
        pk_print_json(stdout, in);
    } else if (rc == PK_OK) {
        (void)printf("this server   %s, %s\n", text_of(in, "name"), text_of(in, "id"));
        (void)printf("hub           %s, %lld members\n",
                json_is_true(json_object_get(in, "hub")) ? "yes" : "no",
                json_integer_value(json_object_get(in, "members")));
        (void)printf("tells         what %lld devices saw, and attacks that prove themselves\n",
                json_integer_value(json_object_get(in, "min_devices")));
        pk_print_table(stdout, columns, json_object_get(in, "hubs"));
    }
    json_decref(in);
    return rc < 0 ? rc : PK_EXIT_FINE;
}

static int words(struct pk_cli *cli, struct pk_error *err)
{
    static const struct pk_column columns[] = {
        { "AT", "at" },
        { "KIND", "kind" },
        { "VERDICT", "verdict" },
        { "LOG-ODDS", "log_odds" },
        { "DEVICES", "devices" },
        { "CITY", "city" },
        { "THING", "thing" },
        { NULL, NULL },
    };
    json_t *in = NULL;
    int rc = get(cli, BASE "/words", &in, err);

    if (rc == PK_OK && cli->json) {
        pk_print_json(stdout, in);
    } else if (rc == PK_OK) {
        (void)puts("Said:");
        pk_print_table(stdout, columns, json_object_get(in, "said"));
        (void)puts("\nHeard:");
        pk_print_table(stdout, columns, json_object_get(in, "heard"));
    }
    json_decref(in);
    return rc < 0 ? rc : PK_EXIT_FINE;
}

static int members(struct pk_cli *cli, struct pk_error *err)
{
    static const struct pk_column columns[] = {
        { "NAME", "name" },
        { "ID", "id" },
        { "WEIGHT", "weight" },
        { "VOUCHED", "vouched" },
        { "WORDS", "words" },
        { "CONFIRMED", "confirmed" },
        { "CONTRADICTED", "contradicted" },
        { "LAST SEEN", "last_seen_at" },
        { NULL, NULL },
    };
    json_t *in = NULL;
    int rc = get(cli, BASE "/members", &in, err);

    if (rc == PK_OK && cli->json) {
        pk_print_json(stdout, in);
    } else if (rc == PK_OK) {
        pk_print_table(stdout, columns, json_object_get(in, "items"));
    }
    json_decref(in);
    return rc < 0 ? rc : PK_EXIT_FINE;
}

/* POST; prints the answer's text of this key alone on standard output, so that a script can keep it. */
static int post(struct pk_cli *cli, const char *path, json_t *body, const char *key,
        const char *remark, struct pk_error *err)
{
    json_t *answer = NULL;
    int rc = body == NULL ? pk_error_set(err, PK_EINVAL, "the text is not UTF-8")
                          : pk_rest_call(cli->rest, "POST", path, NULL, body, 60, &answer, err);

    if (rc == PK_OK && cli->json) {
        pk_print_json(stdout, answer);
    } else if (rc == PK_OK) {
        (void)puts(text_of(answer, key));
        (void)fputs(remark, stderr);
    }
    json_decref(answer);
    json_decref(body);
    return rc < 0 ? rc : PK_EXIT_FINE;
}

static int invite(struct pk_cli *cli, struct pk_error *err)
{
    json_t *body = json_pack("{s:s}", "name", cli->args[0]);

    if (body != NULL && cli->ttl_s > 0) {
        (void)json_object_set_new(body, "ttl_s", json_integer(cli->ttl_s));
    }
    return post(
            cli, BASE "/invitations", body, "link", "It works once. This is shown once.\n", err);
}

static int join(struct pk_cli *cli, struct pk_error *err)
{
    return post(cli, BASE "/hubs", json_pack("{s:s}", "link", cli->args[0]), "id", "joined\n", err);
}

static int vouch_as(struct pk_cli *cli, bool vouched, struct pk_error *err)
{
    char *id = pk_rest_escape(cli->args[0]);
    char *path = NULL;
    int rc;

    if (id == NULL || asprintf(&path, BASE "/members/%s/vouch", id) < 0) {
        free(id);
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    rc = post(cli, path, json_pack("{s:b, s:s}", "vouched", vouched, "reason", cli->reason), "name",
            vouched ? "its word counts from now on\n" : "its word must earn its weight\n", err);
    free(path);
    free(id);
    return rc;
}

static int vouch(struct pk_cli *cli, struct pk_error *err)
{
    return vouch_as(cli, true, err);
}

static int unvouch(struct pk_cli *cli, struct pk_error *err)
{
    return vouch_as(cli, false, err);
}

static int remove_member(struct pk_cli *cli, struct pk_error *err)
{
    return pk_cli_remove(cli, BASE "/members", err);
}

static int leave(struct pk_cli *cli, struct pk_error *err)
{
    return pk_cli_remove(cli, BASE "/hubs", err);
}

static int stix(struct pk_cli *cli, struct pk_error *err)
{
    json_t *in = NULL;
    int rc = get(cli, BASE "/stix", &in, err);

    if (rc == PK_OK) {
        pk_print_json(stdout, in);
    }
    json_decref(in);
    return rc < 0 ? rc : PK_EXIT_FINE;
}

/* ---- import --------------------------------------------------------------------------------------------- */

static int take(void *ctx, const struct pk_stix_thing *thing)
{
    static const char *const kinds[] = { "point", "app", "signer" };
    json_t *item = json_pack("{s:s, s:s, s:i}", "kind", kinds[thing->kind], "value", thing->value,
            "confidence", thing->confidence);
    char until[PK_TIME_TEXT];

    if (item == NULL) {
        return PK_OK; /* no UTF-8: no such thing either */
    }
    if (thing->until_ms > 0) {
        (void)json_object_set_new(
                item, "until", json_string(pk_time_format(thing->until_ms, until)));
    }
    return json_array_append_new(ctx, item) == 0 ? PK_OK : PK_ENOMEM;
}

static int read_bundle(const char *file, json_t **out, struct pk_error *err)
{
    struct pk_buffer text = pk_buffer_of(BUNDLE_MAX);
    int rc = pk_file_read(file, &text, err);

    if (rc == PK_OK) {
        rc = text.ptr != NULL ? pk_json_parse(text.ptr, text.len, out, err)
                              : pk_error_set(err, PK_ETRUNC, "'%s' is empty", file);
    }
    pk_buffer_finish(&text);
    return rc;
}

static int import(struct pk_cli *cli, struct pk_error *err)
{
    struct pk_stix_counts counts = { 0 };
    json_t *items = json_array();
    json_t *bundle = NULL;
    int rc = read_bundle(cli->args[0], &bundle, err);

    if (rc == PK_OK) {
        rc = pk_stix_things(bundle, pk_clock_ms(), take, items, &counts, err);
    }
    json_decref(bundle);
    if (rc < 0) {
        json_decref(items);
        return rc;
    }
    (void)fprintf(stderr,
            "%zu indicators: %zu things; %zu revoked or expired, %zu about other things, %zu "
            "unreadable\n",
            counts.indicators, counts.things, counts.revoked, counts.others, counts.bad);
    return post(cli, BASE "/partners",
            json_pack("{s:s, s:o}", "name", cli->args[1], "items", items), "id", "", err);
}

int pk_cmd_crowd_exchange(int argc, char **argv)
{
    static const struct pk_verb verbs[] = {
        { "status", NULL, 0, 0, status, "hubs that this server joined, and how they answer" },
        { "words", NULL, 0, 0, words, "what was said to and heard from others, newest first" },
        { "join", "LINK", 0, 0, join, "take part at the hub that sent this invitation" },
        { "leave", "HUB", 0, 0, leave, "and forget what it said" },
        { "invite", "NAME", PK_OPT_TTL, 0, invite, "let another organisation's server in" },
        { "members", NULL, 0, 0, members, "of this hub: what their words weigh" },
        { "vouch", "MEMBER", PK_OPT_REASON, PK_OPT_REASON, vouch,
                "it is known: its word counts at once" },
        { "unvouch", "MEMBER", PK_OPT_REASON, PK_OPT_REASON, unvouch, "it is not" },
        { "remove", "MEMBER", 0, 0, remove_member, "with all that it said" },
        { "stix", NULL, 0, 0, stix, "what may be told, as a STIX 2.1 bundle" },
        { "import", "FILE NAME", 0, 0, import, "what a partner calls bad, from its STIX bundle" },
        { NULL },
    };
    static const struct pk_group group = { "crowd exchange", verbs };

    return pk_group_run(&group, argc, argv);
}
