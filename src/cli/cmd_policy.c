/* picket policy - check a file, rehearse it on what happened, put it into force, and look at what is. `check` needs no
 * server. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/yaml.h"
#include "cli/group.h"
#include "policy/policy.h"

#define DAYS_DEFAULT 7

static const char usage[] =
        "usage: picket policy check [--json] FILE\n"
        "Checks a policy: unknown keys, patterns that fit no threat and unknown acts are errors\n"
        "with their line. Exit status: 0 good, 1 not good, 2 wrong usage, 3 could not read it.\n";

static int check(const char *file, bool json)
{
    struct pk_policy *policy = NULL;
    struct pk_error err = { 0 };
    int rc = pk_policy_load(file, &policy, &err);

    if (json) {
        json_t *o = rc == PK_OK ? json_pack("{s:s, s:b, s:s}", "file", file, "good", 1, "name",
                                          pk_policy_name(policy))
                                : json_pack("{s:s, s:b, s:i, s:s, s:s}", "file", file, "good", 0,
                                          "line", err.line, "path", err.path, "error", err.text);

        (void)json_dumpf(o, stdout, JSON_COMPACT);
        (void)putchar('\n');
        json_decref(o);
    } else if (rc == PK_OK) {
        (void)printf("'%s' is a good policy: \"%s\", at most %lld alerts a week and user\n", file,
                pk_policy_name(policy), (long long)pk_policy_alerts_per_week(policy));
    } else {
        (void)fprintf(stderr, "picket policy: %s\n", err.text);
    }
    pk_policy_destroy(policy);
    if (rc == PK_OK) {
        return PK_EXIT_FINE;
    }
    return err.line > 0 ? PK_EXIT_NEWS : PK_EXIT_FAILED;
}

static int run_check(int argc, char **argv)
{
    const char *file = NULL;
    bool json = false;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            (void)fputs(usage, stdout);
            return PK_EXIT_FINE;
        }
        if (strcmp(argv[i], "--json") == 0) {
            json = true;
        } else if (argv[i][0] == '-' || file != NULL) {
            (void)fputs(usage, stderr);
            return PK_EXIT_USAGE;
        } else {
            file = argv[i];
        }
    }
    if (file == NULL) {
        (void)fputs(usage, stderr);
        return PK_EXIT_USAGE;
    }
    return check(file, json);
}

/* ---- with a server ---------------------------------------------------------------------------------------- */

/* {"text": what the file holds}, checked here first: a mistake is told with its line, and nothing is sent. */
static int body_of(const char *file, json_t **out, struct pk_error *err)
{
    struct pk_buffer text = pk_buffer_of(PK_YAML_FILE_MAX);
    struct pk_policy *policy = NULL;
    int rc = pk_file_read(file, &text, err);

    if (rc == PK_OK) {
        rc = pk_policy_parse(file, text.ptr != NULL ? text.ptr : "", text.len, &policy, err);
    }
    if (rc == PK_OK) {
        *out = json_pack("{s:s#}", "text", text.ptr, text.len);
        rc = *out != NULL ? PK_OK : pk_error_set(err, PK_EMALF, "'%s' is not UTF-8", file);
    }
    pk_policy_destroy(policy);
    pk_buffer_finish(&text);
    return rc;
}

static int show(struct pk_cli *cli, struct pk_error *err)
{
    json_t *policy = NULL;
    const char *text;
    int rc = pk_rest_call(cli->rest, "GET", "/policy", NULL, NULL, 0, &policy, err);

    if (rc == PK_OK && cli->json) {
        pk_print_json(stdout, policy);
    } else if (rc == PK_OK) {
        text = json_string_value(json_object_get(policy, "text"));
        (void)fputs(text != NULL ? text : "", stdout);
    }
    json_decref(policy);
    return rc < 0 ? rc : PK_EXIT_FINE;
}

static int status(struct pk_cli *cli, struct pk_error *err)
{
    static const struct pk_column columns[] = {
        { "RULE", "name" },
        { "MODE", "mode" },
        { "DO", "do" },
        { NULL, NULL },
    };
    json_t *p = NULL;
    const json_t *deployed;
    int rc = pk_rest_call(cli->rest, "GET", "/policy", NULL, NULL, 0, &p, err);

    if (rc < 0) {
        return rc;
    }
    deployed = json_object_get(p, "deployed");
    if (cli->json) {
        (void)json_object_del(p, "text");
        pk_print_json(stdout, p);
    } else {
        (void)printf("\"%s\", version %lld (%s); %lld devices follow it, %lld do not yet\n\n",
                json_string_value(json_object_get(p, "name")),
                (long long)json_integer_value(json_object_get(p, "version")),
                json_string_value(json_object_get(p, "source")),
                (long long)json_integer_value(json_object_get(deployed, "devices")),
                (long long)json_integer_value(json_object_get(deployed, "pending")));
        pk_print_table(stdout, columns, json_object_get(p, "rules"));
    }
    json_decref(p);
    return PK_EXIT_FINE;
}

static int put(struct pk_cli *cli, struct pk_error *err)
{
    json_t *body = NULL;
    int rc = body_of(cli->args[0], &body, err);

    if (rc == PK_OK && cli->reason != NULL) {
        (void)json_object_set_new(body, "note", json_string(cli->reason));
    }
    if (rc == PK_OK) {
        rc = pk_cli_put_version(cli, "/policy", body, err);
    }
    json_decref(body);
    return rc;
}

static int versions(struct pk_cli *cli, struct pk_error *err)
{
    static const struct pk_column columns[] = {
        { "VERSION", "version" },
        { "AT", "at" },
        { "BY", "by" },
        { "NAME", "name" },
        { NULL, NULL },
    };

    return pk_cli_table(cli, "/policy/versions", NULL, columns, err);
}

static int diff(struct pk_cli *cli, struct pk_error *err)
{
    const struct pk_rest_param params[] = { { "against", cli->args[0] }, { NULL, NULL } };
    char *version = pk_rest_escape(cli->args[1]);
    json_t *got = NULL;
    const char *lines;
    char path[96];
    int rc;

    (void)snprintf(path, sizeof(path), "/policy/versions/%.40s", version != NULL ? version : "");
    free(version);
    rc = pk_rest_call(cli->rest, "GET", path, params, NULL, 0, &got, err);
    if (rc == PK_OK && cli->json) {
        pk_print_json(stdout, json_object_get(got, "diff"));
    } else if (rc == PK_OK) {
        lines = json_string_value(json_object_get(json_object_get(got, "diff"), "lines"));
        (void)fputs(lines != NULL ? lines : "", stdout);
    }
    json_decref(got);
    return rc < 0 ? rc : PK_EXIT_FINE;
}

/* ---- rehearsal -------------------------------------------------------------------------------------------- */

static void line(const char *what, const json_t *draft, const json_t *now, const char *key)
{
    const json_t *a = json_object_get(draft, key);
    const json_t *b = json_object_get(now, key);

    (void)printf("  %-34s %10.4g %10.4g\n", what, json_number_value(a), json_number_value(b));
}

static void measure_lines(const json_t *draft, const json_t *now)
{
    static const struct {
        const char *key;
        const char *what;
    } rows[] = { { "block_mail", "mail" }, { "block_vpn", "VPN" }, { "block_access", "sign-on" } };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const json_t *a = json_object_get(json_object_get(draft, "measures"), rows[i].key);
        const json_t *b = json_object_get(json_object_get(now, "measures"), rows[i].key);
        char what[64];

        (void)snprintf(what, sizeof(what), "hours without %s", rows[i].what);
        line(what, a, b, "hours");
        (void)snprintf(what, sizeof(what), "devices that were without %s", rows[i].what);
        line(what, a, b, "devices");
    }
}

static void print_rehearsal(const json_t *got)
{
    static const struct pk_column columns[] = {
        { "RULE", "name" },
        { "DETECT", "detect" },
        { "DEVICES", "devices" },
        { "ALERTS", "alerts" },
        { "REMINDERS", "reminders" },
        { "MERGED", "merged" },
        { "HELD", "held" },
        { "MEASURES", "measures" },
        { "SOC", "siem" },
        { NULL, NULL },
    };
    const json_t *draft = json_object_get(got, "draft");
    const json_t *now = json_object_get(got, "in_force");

    (void)printf("%lld days, %lld devices\n\n  %-34s %10s %10s\n",
            (long long)json_integer_value(json_object_get(got, "days")),
            (long long)json_integer_value(json_object_get(draft, "devices")), "", "draft",
            "in force");
    line("devices that it does anything for", draft, now, "touched");
    line("alerts", draft, now, "alerts");
    line("reminders", draft, now, "reminders");
    line("alerts a user and week", draft, now, "alerts_per_user_week");
    line("most for one user in a week", draft, now, "alerts_most_in_a_week");
    line("users alerted at all", draft, now, "users_alerted");
    line("merged into an earlier alert", draft, now, "merged");
    line("held back (night, budget)", draft, now, "held");
    line("only listed, nobody disturbed", draft, now, "silent");
    line("taken back by themselves", draft, now, "closed");
    measure_lines(draft, now);
    line("administrators told", draft, now, "admins");
    line("events for the SOC", draft, now, "siem");
    (void)putchar('\n');
    pk_print_table(stdout, columns, json_object_get(draft, "rules"));
}

static int rehearse(struct pk_cli *cli, struct pk_error *err)
{
    json_t *body = NULL;
    json_t *got = NULL;
    int rc = body_of(cli->args[0], &body, err);

    if (rc < 0) {
        return rc;
    }
    (void)json_object_set_new(body, "days", json_integer(cli->days > 0 ? cli->days : DAYS_DEFAULT));
    rc = pk_rest_call(cli->rest, "POST", "/policy/rehearse", NULL, body, 120, &got, err);
    if (rc == PK_OK && cli->json) {
        pk_print_json(stdout, got);
    } else if (rc == PK_OK) {
        print_rehearsal(got);
    }
    json_decref(got);
    json_decref(body);
    return rc < 0 ? rc : PK_EXIT_FINE;
}

static int alerts(struct pk_cli *cli, struct pk_error *err)
{
    static const struct pk_column columns[] = {
        { "TOLD", "told_at" },
        { "DEVICE", "device.name" },
        { "THREAT", "threat" },
        { "RULE", "rule" },
        { "ANSWER", "answer" },
        { "CLOSED", "closed_at" },
        { "REMINDERS", "reminders" },
        { NULL, NULL },
    };

    return pk_cli_list(cli, "/alerts", columns, err);
}

static int rates(struct pk_cli *cli, struct pk_error *err)
{
    static const struct pk_column columns[] = {
        { "RULE", "rule" },
        { "TOLD", "told" },
        { "ACTED", "acted" },
        { "IGNORED", "ignored" },
        { "MISTAKES", "mistakes" },
        { "CLOSED", "closed" },
        { "NEEDS TUNING", "needs_tuning" },
        { NULL, NULL },
    };
    char days[24];
    const struct pk_rest_param params[] = { { "days", cli->days > 0 ? days : NULL },
        { NULL, NULL } };

    (void)snprintf(days, sizeof(days), "%ld", cli->days);
    return pk_cli_table(cli, "/alerts/rates", params, columns, err);
}

int pk_cmd_policy(int argc, char **argv)
{
    static const struct pk_verb verbs[] = {
        { "check", "FILE", 0, 0, NULL, "is it a good policy? needs no server" },
        { "status", NULL, 0, 0, status, "what is in force, and who follows it" },
        { "show", NULL, 0, 0, show, "its text" },
        { "rehearse", "FILE", PK_OPT_DAYS, 0, rehearse,
                "what it would have done in the last days (7), beside what is in force" },
        { "put", "FILE", PK_OPT_REASON, 0, put, "a new version, in force at once" },
        { "versions", NULL, 0, 0, versions, "who made which, and when" },
        { "diff", "OLD NEW", 0, 0, diff, "two versions; 0 is the built-in policy" },
        { "alerts", NULL, PK_OPT_LIST, 0, alerts,
                "what people were told; filters: device rule threat incident answer state" },
        { "rates", NULL, PK_OPT_DAYS, 0, rates, "what becomes of each rule's alerts (30 days)" },
        { NULL },
    };
    static const struct pk_group group = { "policy", verbs };

    return argc >= 2 && strcmp(argv[1], "check") == 0 ? run_check(argc - 1, argv + 1)
                                                      : pk_group_run(&group, argc, argv);
}
