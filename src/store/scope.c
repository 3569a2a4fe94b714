#include "store/scope.h"

#include <string.h>

#include "store/room.h"

int pk_scope_text(const struct pk_strings *groups, char out[PK_SCOPE_TEXT], struct pk_error *err)
{
    char *end = out;

    *end = '\0';
    if (groups->count > PK_SCOPE_GROUPS_MAX) {
        return pk_error_set(err, PK_ELIMIT, "more than %d groups", PK_SCOPE_GROUPS_MAX);
    }
    for (size_t i = 0; i < groups->count; i++) {
        const char *name = groups->items[i];
        size_t len = strlen(name);

        if (len > PK_SCOPE_GROUP_MAX) {
            return pk_error_set(err, PK_ELIMIT, "a group's name is too long");
        }
        if (len == 0 || strpbrk(name, "\n\t") != NULL) {
            return pk_error_set(err, PK_EINVAL, "a group's name is one line");
        }
        if (i == 0) {
            *end++ = '\n';
        }
        memcpy(end, name, len);
        end += len;
        *end++ = '\n';
        *end = '\0';
    }
    return PK_OK;
}

static bool has(const char *scope, const char *group, size_t len)
{
    const char *line = scope[0] == '\n' ? scope + 1 : scope;

    for (const char *end = strchr(line, '\n'); end != NULL; end = strchr(line, '\n')) {
        if ((size_t)(end - line) == len && memcmp(line, group, len) == 0) {
            return true;
        }
        line = end + 1;
    }
    return false;
}

bool pk_scope_has(const char *scope, const char *group)
{
    return scope[0] == '\0' || has(scope, group, strlen(group));
}

bool pk_scope_within(const char *inner, const char *outer)
{
    const char *line = inner[0] == '\n' ? inner + 1 : inner;

    if (outer[0] == '\0' || inner[0] == '\0') {
        return outer[0] == '\0';
    }
    for (const char *end = strchr(line, '\n'); end != NULL; end = strchr(line, '\n')) {
        if (!has(outer, line, (size_t)(end - line))) {
            return false;
        }
        line = end + 1;
    }
    return true;
}

void pk_store_scope(struct pk_store *store, const char *text)
{
    size_t len = text != NULL ? strlen(text) : 0;

    /* Longer than any scope that can be made: then nothing is inside. */
    if (len >= sizeof(store->scope)) {
        text = "\n";
        len = 1;
    }
    if (len > 0) {
        memcpy(store->scope, text, len);
    }
    store->scope[len] = '\0';
}

const char *pk_store_scope_text(const struct pk_store *store)
{
    return store->scope;
}

int pk_scope_read(struct pk_get *get, struct pk_strings *out, struct pk_error *err)
{
    json_t *list = pk_get_json(get);
    size_t count = json_array_size(list);

    *out = (struct pk_strings){ 0 };
    if (!json_is_array(list) || count > PK_SCOPE_GROUPS_MAX) {
        return pk_error_set(err, PK_EMALF, "a list of groups in the store cannot be read");
    }
    if (count == 0) {
        return PK_OK;
    }
    out->items = pk_arena_alloc(get->arena, count, sizeof(*out->items));
    if (out->items == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < count; i++) {
        out->items[i] = json_string_value(json_array_get(list, i));
        if (out->items[i] == NULL) {
            return pk_error_set(err, PK_EMALF, "a list of groups in the store cannot be read");
        }
        out->count++;
    }
    return PK_OK;
}

void pk_scope_put(struct pk_put *put, const struct pk_strings *groups)
{
    json_t *list = json_array();

    for (size_t i = 0; i < groups->count; i++) {
        (void)json_array_append_new(list, json_string(groups->items[i]));
    }
    pk_put_json(put, list);
    json_decref(list);
}
