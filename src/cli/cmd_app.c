/* picket app - what is on devices, and what people say about it. Two files are compared, and documents
 * checked, without a server: app_local.c. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/schema.h"
#include "base/yaml.h"
#include "cli/app_upload.h"
#include "cli/group.h"

#define HASH_DIGITS 64
#define RULES_MAX   (256UL * 1024)

static int list(struct pk_cli *cli, struct pk_error *err)
{
    static const struct pk_column columns[] = {
        { "ID", "id" },
        { "APP", "label" },
        { "PACKAGE", "package" },
        { "VERSION", "version" },
        { "VERDICT", "verdict" },
        { "SCORE", "score" },
        { "DEVICES", "devices" },
        { "LAST SEEN", "last_seen_at" },
        { NULL, NULL },
    };

    return pk_cli_list(cli, "/apps", columns, err);
}

static int files(struct pk_cli *cli, struct pk_error *err)
{
    static const struct pk_column columns[] = {
        { "SHA-256", "id" },
        { "PACKAGE", "package" },
        { "VERSION", "version" },
        { "STATE", "state" },
        { "VERDICT", "verdict" },
        { "THREAT", "threat" },
        { "DEVICES", "devices" },
        { NULL, NULL },
    };

    return pk_cli_list(cli, "/app-files", columns, err);
}

static bool is_hash(const char *text)
{
    return strlen(text) == HASH_DIGITS && strspn(text, "0123456789abcdef") == HASH_DIGITS;
}

static int show(struct pk_cli *cli, struct pk_error *err)
{
    return pk_cli_show(cli, is_hash(cli->args[0]) ? "/app-files" : "/apps", err);
}

/* An app's id or a file's hash names whose copies are meant; a filter can narrow it further. */
static int devices(struct pk_cli *cli, struct pk_error *err)
{
    static const struct pk_column columns[] = {
        { "DEVICE", "device.name" },
        { "APP", "label" },
        { "VERSION", "version" },
        { "INSTALLED BY", "installer" },
        { "VERDICT", "verdict" },
        { "EXCEPTED", "excepted" },
        { "SINCE", "since" },
        { "GONE", "gone_at" },
        { NULL, NULL },
    };
    char *filter = NULL;
    int rc;

    if (asprintf(&filter, "%s:%s%s%s", is_hash(cli->args[0]) ? "sha256" : "app", cli->args[0],
                cli->filter != NULL ? "," : "", cli->filter != NULL ? cli->filter : "") < 0) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    cli->filter = filter;
    rc = pk_cli_list(cli, "/app-installs", columns, err);
    free(filter);
    return rc;
}

static void put_text(json_t *body, const char *key, const char *value)
{
    if (value != NULL) {
        (void)json_object_set_new(body, key, json_string(value));
    }
}

static json_t *exception_of(const struct pk_cli *cli)
{
    char at[PK_TIME_TEXT];
    json_t *body = json_object();

    put_text(body, "reason", cli->reason);
    put_text(body, "scope", cli->device != NULL ? "device" : cli->group != NULL ? "group" : "all");
    put_text(body, "device", cli->device);
    put_text(body, "group", cli->group);
    put_text(body, "sha256", cli->sha256);
    put_text(body, "package", cli->package);
    put_text(body, "signer", cli->signer);
    put_text(body, "team", cli->team);
    put_text(body, "threat", cli->threat);
    put_text(body, "rule", cli->rule);
    if (cli->ttl_s > 0) {
        put_text(body, "expires_at", pk_time_format(pk_clock_ms() + cli->ttl_s * 1000, at));
    }
    return body;
}

static int except(struct pk_cli *cli, struct pk_error *err)
{
    json_t *body = exception_of(cli);
    json_t *made = NULL;
    int rc = pk_rest_call(cli->rest, "POST", "/app-exceptions", NULL, body, 0, &made, err);

    if (rc == PK_OK) {
        (cli->json ? pk_print_json : pk_print_tree)(stdout, made);
    }
    json_decref(made);
    json_decref(body);
    return rc < 0 ? rc : PK_EXIT_FINE;
}

static int exceptions(struct pk_cli *cli, struct pk_error *err)
{
    static const struct pk_column columns[] = {
        { "ID", "id" },
        { "SCOPE", "scope" },
        { "PACKAGE", "package" },
        { "SIGNER", "signer" },
        { "SHA-256", "sha256" },
        { "THREAT", "threat" },
        { "REASON", "reason" },
        { "BY", "created_by" },
        { "EXPIRES", "expires_at" },
        { NULL, NULL },
    };

    return pk_cli_list(cli, "/app-exceptions", columns, err);
}

static int unexcept(struct pk_cli *cli, struct pk_error *err)
{
    return pk_cli_remove(cli, "/app-exceptions", err);
}

static int rules(struct pk_cli *cli, struct pk_error *err)
{
    json_t *document = NULL;
    int rc = pk_rest_call(cli->rest, "GET", "/app-rules", NULL, NULL, 0, &document, err);

    if (rc == PK_OK) {
        (cli->json ? pk_print_json : pk_print_tree)(stdout, document);
    }
    json_decref(document);
    return rc < 0 ? rc : PK_EXIT_FINE;
}

/* YAML or JSON; the server checks it. */
static int set_rules(struct pk_cli *cli, struct pk_error *err)
{
    struct pk_buffer text = pk_buffer_of(RULES_MAX);
    struct pk_yaml *yaml = NULL;
    json_t *done = NULL;
    int rc = pk_file_read(cli->args[0], &text, err);

    if (rc == PK_OK) {
        rc = pk_yaml_parse(text.ptr != NULL ? text.ptr : "", text.len, &yaml, err);
    }
    if (rc == PK_OK) {
        rc = pk_rest_call(cli->rest, "PUT", "/app-rules", NULL, pk_yaml_root(yaml), 0, &done, err);
    }
    if (rc == PK_OK && cli->json) {
        pk_print_json(stdout, done);
    } else if (rc == PK_OK) {
        (void)printf(
                "version %lld\n", (long long)json_integer_value(json_object_get(done, "version")));
    }
    json_decref(done);
    pk_yaml_destroy(yaml);
    pk_buffer_finish(&text);
    return rc < 0 ? rc : PK_EXIT_FINE;
}

/* Two files that the server has. */
static int diff(struct pk_cli *cli, struct pk_error *err)
{
    static const struct pk_column columns[] = {
        { "WORSE", "worse" },
        { "WHAT", "what" },
        { "CHANGE", "text" },
        { NULL, NULL },
    };
    const struct pk_rest_param params[] = { { "to", cli->args[1] }, { NULL, NULL } };
    const char *result;
    json_t *changes = NULL;
    char path[160];
    int rc;

    (void)snprintf(path, sizeof(path), "/app-files/%.64s/diff", cli->args[0]);
    rc = pk_rest_call(cli->rest, "GET", path, params, NULL, 0, &changes, err);
    if (rc < 0) {
        return rc;
    }
    result = json_string_value(json_object_get(changes, "result"));
    if (cli->json) {
        pk_print_json(stdout, changes);
    } else {
        pk_print_table(stdout, columns, json_object_get(changes, "changes"));
    }
    rc = result != NULL && strcmp(result, "worse") == 0 ? PK_EXIT_NEWS : PK_EXIT_FINE;
    json_decref(changes);
    return rc;
}

int pk_cmd_app(int argc, char **argv)
{
    static const struct pk_verb verbs[] = {
        { "list", NULL, PK_OPT_LIST, 0, list,
                "filters: verdict package signer threat installer device q" },
        { "show", "ID", 0, 0, show,
                "an app by its id, how common it is; or a file by its SHA-256" },
        { "devices", "ID", PK_OPT_LIST, 0, devices, "who has it, and since when" },
        { "files", NULL, PK_OPT_LIST, 0, files,
                "filters: state verdict package app threat device q" },
        { "upload", "FILE", 0, 0, pk_app_upload, "have it read by the server; 1: it is not clean" },
        { "diff", "A B", 0, 0, diff, "two files, or two SHA-256 that the server has" },
        { "except", NULL, PK_OPT_EXCEPT | PK_OPT_REASON | PK_OPT_TTL, PK_OPT_REASON, except,
                "hold findings about an app back" },
        { "exceptions", NULL, PK_OPT_LIST, 0, exceptions,
                "filters: scope package signer sha256 threat active q" },
        { "unexcept", "ID", 0, 0, unexcept, "end an exception" },
        { "rules", NULL, 0, 0, rules, "allow and deny lists; here: check FILE, attributes" },
        { "set-rules", "FILE", 0, 0, set_rules, "replace them" },
        { NULL },
    };
    static const struct pk_group group = { "app", verbs };

    return pk_group_run(&group, argc, argv);
}
