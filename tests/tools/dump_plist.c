/* dump_plist.c - what Picket reads of property lists, value by value, for tests that compare it with
 * other readers.
 *
 *   dump_plist FILE...
 *
 * One line of JSON a file: {"file", "spelling", "tree"} or {"file", "error", "offset"}. Every value of the tree is
 * an array of its type and its content as text that loses nothing: data and text in hexadecimal, reals
 * as %a. */
#include <stdio.h>
#include <stdlib.h>

#include "base/crypt.h"
#include "base/file.h"
#include "base/schema.h"
#include "formats/apple/plist.h"
#include "formats/limits.h"

static json_t *hex(struct pk_slice bytes)
{
    char *text = malloc(2 * bytes.len + 1);
    json_t *value;

    if (text == NULL) {
        return NULL;
    }
    text[0] = '\0';
    pk_hex(bytes, text);
    value = json_string(text);
    free(text);
    return value;
}

static json_t *tagged(const char *type, json_t *content)
{
    return json_pack("[s, o]", type, content);
}

static json_t *tree(const struct pk_plist *value)
{
    json_t *list;

    switch (value->type) {
    case PK_PLIST_NULL:
        return tagged("null", json_null());
    case PK_PLIST_BOOL:
        return tagged("bool", json_boolean(value->boolean));
    case PK_PLIST_INT:
        return tagged("int",
                value->is_unsigned ? json_sprintf("%llu", (unsigned long long)value->integer)
                                   : json_sprintf("%lld", (long long)value->integer));
    case PK_PLIST_REAL:
        return tagged("real", json_sprintf("%a", value->real));
    case PK_PLIST_DATE:
        return tagged("date", json_sprintf("%a", value->real));
    case PK_PLIST_DATA:
        return tagged("data", hex(value->data));
    case PK_PLIST_STRING:
        return tagged("string", hex(value->data));
    case PK_PLIST_UID:
        return tagged("uid", json_sprintf("%lld", (long long)value->integer));
    case PK_PLIST_ARRAY:
    case PK_PLIST_DICT:
        break;
    }
    list = json_array();
    for (size_t i = 0; i < value->count; i++) {
        json_t *item = tree(&value->items[i]);

        (void)json_array_append_new(list,
                value->type == PK_PLIST_ARRAY ? item
                                              : json_pack("[o, o]", hex(value->keys[i]), item));
    }
    return tagged(value->type == PK_PLIST_ARRAY ? "array" : "dict", list);
}

static json_t *read_file(const char *path)
{
    static const char *const spellings[] = { "binary", "xml", "openstep" };
    struct pk_buffer bytes = pk_buffer_of(512UL * 1024 * 1024);
    struct pk_arena *arena = pk_arena_create(PK_SCAN_ARENA_MAX);
    struct pk_error err = { 0 };
    const struct pk_plist *root = NULL;
    enum pk_plist_spelling spelling = PK_PLIST_BINARY;
    int rc = arena == NULL ? PK_ENOMEM : pk_file_read(path, &bytes, &err);
    json_t *out;

    if (rc == PK_OK) {
        rc = pk_plist_parse(pk_buffer_slice(&bytes), arena, NULL, &root, &spelling, &err);
    }
    out = rc == PK_OK ? json_pack("{s:s, s:s, s:o}", "file", path, "spelling", spellings[spelling],
                                "tree", tree(root))
                      : json_pack("{s:s, s:s, s:I}", "file", path, "error", err.text, "offset",
                                (json_int_t)err.offset);
    pk_arena_destroy(arena);
    pk_buffer_finish(&bytes);
    return out;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        json_t *out = read_file(argv[i]);
        char *text = out != NULL ? json_dumps(out, JSON_COMPACT) : NULL;

        if (text == NULL) {
            return 1;
        }
        (void)puts(text);
        free(text);
        json_decref(out);
    }
    return 0;
}
