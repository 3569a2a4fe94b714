/* What the verbs of all groups do with the server: list, show, remove, act, put. */
#include <stdlib.h>
#include <string.h>

#include "cli/group.h"

#define PAGE_MAX 500

static long smaller(long a, long b)
{
    return a < b ? a : b;
}

/* Takes pages until there are enough items. */
static int collect(struct pk_cli *cli, const char *path, json_t *items, json_int_t *total,
        struct pk_error *err)
{
    char *cursor = NULL;
    int rc = PK_OK;

    do {
        long left = cli->all ? PAGE_MAX : cli->limit - (long)json_array_size(items);
        char limit[24];
        struct pk_rest_param params[] = {
            { "limit", limit },
            { "cursor", cursor },
            { "filter", cli->filter },
            { "sort", cli->sort },
            { NULL, NULL },
        };
        json_t *page = NULL;
        const char *next;

        (void)snprintf(limit, sizeof(limit), "%ld", smaller(left, PAGE_MAX));
        rc = pk_rest_call(cli->rest, "GET", path, params, NULL, 0, &page, err);
        free(cursor);
        cursor = NULL;
        if (rc == PK_OK) {
            (void)json_array_extend(items, json_object_get(page, "items"));
            *total = json_integer_value(json_object_get(page, "total"));
            next = json_string_value(json_object_get(page, "next_cursor"));
            cursor = next != NULL ? strdup(next) : NULL;
        }
        json_decref(page);
    } while (rc == PK_OK && cursor != NULL &&
            (cli->all || (long)json_array_size(items) < cli->limit));
    free(cursor);
    return rc;
}

int pk_cli_list(
        struct pk_cli *cli, const char *path, const struct pk_column *columns, struct pk_error *err)
{
    json_t *items = json_array();
    json_int_t total = 0;
    int rc = collect(cli, path, items, &total, err);

    if (rc == PK_OK && cli->json) {
        json_t *all = json_pack("{s:O, s:I}", "items", items, "total", total);

        pk_print_json(stdout, all);
        json_decref(all);
    } else if (rc == PK_OK) {
        pk_print_table(stdout, columns, items);
        if ((json_int_t)json_array_size(items) < total) {
            (void)fprintf(stderr, "%zu of %lld shown; --all shows all\n", json_array_size(items),
                    (long long)total);
        }
    }
    json_decref(items);
    return rc < 0 ? rc : PK_EXIT_FINE;
}

int pk_cli_table(struct pk_cli *cli, const char *path, const struct pk_rest_param *params,
        const struct pk_column *columns, struct pk_error *err)
{
    json_t *answer = NULL;
    int rc = pk_rest_call(cli->rest, "GET", path, params, NULL, 0, &answer, err);

    if (rc == PK_OK && cli->json) {
        pk_print_json(stdout, answer);
    } else if (rc == PK_OK) {
        pk_print_table(stdout, columns, json_object_get(answer, "items"));
    }
    json_decref(answer);
    return rc < 0 ? rc : PK_EXIT_FINE;
}

/* prefix/ID/tail; the caller frees. */
static char *path_of(const struct pk_cli *cli, const char *prefix, const char *tail)
{
    char *id = pk_rest_escape(cli->args[0]);
    char *path = NULL;

    if (id == NULL || asprintf(&path, "%s/%s%s", prefix, id, tail) < 0) {
        path = NULL;
    }
    free(id);
    return path;
}

int pk_cli_show(struct pk_cli *cli, const char *prefix, struct pk_error *err)
{
    char *path = path_of(cli, prefix, "");
    json_t *object = NULL;
    int rc = path == NULL ? pk_error_set(err, PK_ENOMEM, "out of memory")
                          : pk_rest_call(cli->rest, "GET", path, NULL, NULL, 0, &object, err);

    if (rc == PK_OK) {
        (cli->json ? pk_print_json : pk_print_tree)(stdout, object);
    }
    json_decref(object);
    free(path);
    return rc < 0 ? rc : PK_EXIT_FINE;
}

int pk_cli_remove(struct pk_cli *cli, const char *prefix, struct pk_error *err)
{
    char *path = path_of(cli, prefix, "");
    json_t *none = NULL;
    int rc = path == NULL ? pk_error_set(err, PK_ENOMEM, "out of memory")
                          : pk_rest_call(cli->rest, "DELETE", path, NULL, NULL, 0, &none, err);

    if (rc == PK_OK) {
        (void)puts(cli->json ? "{}" : "removed");
    }
    json_decref(none);
    free(path);
    return rc < 0 ? rc : PK_EXIT_FINE;
}

int pk_cli_act(struct pk_cli *cli, const char *prefix, const char *act, const char *done,
        struct pk_error *err)
{
    char *path = path_of(cli, prefix, act);
    json_t *body = json_pack("{s:s}", "reason", cli->reason);
    json_t *object = NULL;
    int rc;

    if (path == NULL || body == NULL) {
        /* json_pack() also refuses a reason that is no UTF-8. */
        rc = pk_error_set(err, PK_EINVAL, "the reason is not UTF-8 text");
    } else {
        rc = pk_rest_call(cli->rest, "POST", path, NULL, body, 0, &object, err);
    }
    if (rc == PK_OK && cli->json) {
        pk_print_json(stdout, object);
    } else if (rc == PK_OK) {
        (void)puts(done);
    }
    json_decref(object);
    json_decref(body);
    free(path);
    return rc < 0 ? rc : PK_EXIT_FINE;
}

int pk_cli_put_version(
        struct pk_cli *cli, const char *path, const json_t *body, struct pk_error *err)
{
    json_t *answer = NULL;
    int rc = pk_rest_call(cli->rest, "PUT", path, NULL, body, 0, &answer, err);

    if (rc == PK_OK && cli->json) {
        pk_print_json(stdout, answer);
    } else if (rc == PK_OK) {
        (void)printf("version %lld is in force\n",
                (long long)json_integer_value(json_object_get(answer, "version")));
    }
    json_decref(answer);
    return rc < 0 ? rc : PK_EXIT_FINE;
}

json_t *pk_cli_words(const char *text, size_t max)
{
    json_t *words = json_array();

    while (text != NULL && *text != '\0' && json_array_size(words) < max) {
        size_t len = strcspn(text, ",");

        if (len > 0 && json_array_append_new(words, json_stringn(text, len)) < 0) {
            json_decref(words);
            return NULL;
        }
        text += len + (text[len] == ',' ? 1 : 0);
    }
    return words;
}
