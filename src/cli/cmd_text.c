/* picket text - an organisation's own words for threats. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/group.h"

static const char *text_of(const json_t *o, const char *key)
{
    const char *text = json_string_value(json_object_get(o, key));

    return text != NULL ? text : "";
}

static int list(struct pk_cli *cli, struct pk_error *err)
{
    static const struct pk_column columns[] = { { "THREAT", "threat" }, { "LANGUAGE", "language" },
        { "TITLE", "title" }, { "WHY", "why" }, { "STEPS", "next" }, { NULL, NULL } };

    return pk_cli_table(cli, "/texts", NULL, columns, err);
}

static int show(struct pk_cli *cli, struct pk_error *err)
{
    const struct pk_rest_param params[] = { { "threat", cli->args[0] },
        { "language", cli->language != NULL ? cli->language : "en" }, { NULL, NULL } };
    json_t *got = NULL;
    int rc = pk_rest_call(cli->rest, "GET", "/texts", params, NULL, 0, &got, err);

    if (rc == PK_OK) {
        (cli->json ? pk_print_json : pk_print_tree)(stdout, json_object_get(got, "words"));
    }
    json_decref(got);
    return rc < 0 ? rc : PK_EXIT_FINE;
}

/* Takes the words of this threat and language out of the list; NULL: there are none. */
static json_t *take(json_t *items, const char *threat, const char *language)
{
    for (size_t i = 0; i < json_array_size(items); i++) {
        json_t *item = json_array_get(items, i);

        if (strcmp(text_of(item, "threat"), threat) == 0 &&
                strcmp(text_of(item, "language"), language) == 0) {
            (void)json_incref(item);
            (void)json_array_remove(items, i);
            return item;
        }
    }
    return NULL;
}

/* All of them with one changed, in place of the version that was read. */
static int save(struct pk_cli *cli, const json_t *got, json_t *items, struct pk_error *err)
{
    json_t *body = json_pack(
            "{s:O, s:O}", "texts", items, "replaces", json_object_get(got, "version"));
    int rc = body != NULL ? pk_cli_put_version(cli, "/texts", body, err)
                          : pk_error_set(err, PK_ENOMEM, "out of memory");

    json_decref(body);
    return rc;
}

static void change(const struct pk_cli *cli, json_t *item)
{
    json_t *next = json_array();

    for (size_t i = 0; i < cli->step_count; i++) {
        (void)json_array_append_new(next, json_string(cli->steps[i]));
    }
    if (cli->title != NULL) {
        (void)json_object_set_new(item, "title", json_string(cli->title));
    }
    if (cli->why != NULL) {
        (void)json_object_set_new(item, "why", json_string(cli->why));
    }
    if (cli->step_count > 0) {
        (void)json_object_set(item, "next", next);
    }
    json_decref(next);
}

static int edit(struct pk_cli *cli, bool reset, struct pk_error *err)
{
    json_t *got = NULL;
    json_t *items;
    json_t *item;
    int rc;

    if (cli->language == NULL) {
        return pk_error_set(err, PK_EINVAL, "--language is missing");
    }
    if (!reset && cli->title == NULL && cli->why == NULL && cli->step_count == 0) {
        return pk_error_set(err, PK_EINVAL, "--title, --why or --step is missing");
    }
    rc = pk_rest_call(cli->rest, "GET", "/texts", NULL, NULL, 0, &got, err);
    if (rc < 0) {
        return rc;
    }
    items = json_object_get(got, "items");
    item = take(items, cli->args[0], cli->language);
    if (reset && item == NULL) {
        rc = pk_error_set(err, PK_ENOENT, "there are no own words for it in this language");
    } else if (!reset) {
        item = item != NULL
                ? item
                : json_pack("{s:s, s:s}", "threat", cli->args[0], "language", cli->language);
        change(cli, item);
        (void)json_array_append(items, item);
    }
    rc = rc == PK_OK ? save(cli, got, items, err) : rc;
    json_decref(item);
    json_decref(got);
    return rc < 0 ? rc : PK_EXIT_FINE;
}

static int set(struct pk_cli *cli, struct pk_error *err)
{
    return edit(cli, false, err);
}

static int reset(struct pk_cli *cli, struct pk_error *err)
{
    return edit(cli, true, err);
}

int pk_cmd_text(int argc, char **argv)
{
    static const struct pk_verb verbs[] = {
        { "list", NULL, 0, 0, list, "own words that there are" },
        { "show", "THREAT", PK_OPT_TEXT, 0, show, "the original, the own and what is read" },
        { "set", "THREAT", PK_OPT_TEXT | PK_OPT_WORDS, 0, set,
                "what is named, in force at once; the rest stays" },
        { "reset", "THREAT", PK_OPT_TEXT, 0, reset, "the catalogue's words again" },
        { NULL },
    };
    static const struct pk_group group = { "text", verbs };

    return pk_group_run(&group, argc, argv);
}
