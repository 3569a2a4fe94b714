#include "base/yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/file.h"

#define DEPTH_MAX  16
#define VALUES_MAX 20000

struct line {
    char *path;
    int line;
};

struct pk_yaml {
    json_t *root;
    struct line *lines;
    size_t count;
    size_t cap;
};

struct loader {
    struct pk_yaml *yaml;
    yaml_document_t *doc;
    struct pk_error *err;
};

static int fail_at(const struct loader *l, const yaml_node_t *node, int code, const char *text)
{
    (void)pk_error_set(l->err, code, "%s", text);
    if (l->err != NULL) {
        l->err->line = (int)node->start_mark.line + 1;
    }
    return code;
}

static int remember_line(struct pk_yaml *yaml, const char *path, int line)
{
    if (yaml->count == VALUES_MAX) {
        return PK_ELIMIT;
    }
    if (yaml->count == yaml->cap) {
        size_t cap = yaml->cap == 0 ? 64 : yaml->cap * 2;
        struct line *grown = reallocarray(yaml->lines, cap, sizeof(*grown));

        if (grown == NULL) {
            return PK_ENOMEM;
        }
        yaml->lines = grown;
        yaml->cap = cap;
    }
    yaml->lines[yaml->count] = (struct line){ .path = strdup(path), .line = line };
    return yaml->lines[yaml->count++].path == NULL ? PK_ENOMEM : PK_OK;
}

/* The core schema of YAML 1.2 for plain scalars: no "yes", "on" or sexagesimal surprises. */
static json_t *scalar(const yaml_node_t *node)
{
    const char *text = (const char *)node->data.scalar.value;
    size_t len = node->data.scalar.length;
    char *end;

    if (node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE) {
        return json_stringn(text, len);
    }
    if (len == 0 || strcmp(text, "~") == 0 || strcmp(text, "null") == 0) {
        return json_null();
    }
    if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) {
        return json_boolean(text[0] == 't');
    }
    if (strspn(text, "+-0123456789") == len) {
        errno = 0;
        long long whole = strtoll(text, &end, 10);

        if (*end == '\0' && errno == 0) {
            return json_integer(whole);
        }
    }
    if (strspn(text, "+-.0123456789eE") == len && strpbrk(text, "0123456789") != NULL) {
        double number = strtod(text, &end);

        if (*end == '\0') {
            return json_real(number);
        }
    }
    return json_stringn(text, len);
}

static int convert(struct loader *l, int index, const char *path, int depth, json_t **out);

static int convert_sequence(
        struct loader *l, const yaml_node_t *node, const char *path, int depth, json_t *array)
{
    size_t i = 0;

    for (yaml_node_item_t *it = node->data.sequence.items.start; it < node->data.sequence.items.top;
            it++, i++) {
        char here[512];
        json_t *v;
        int rc;

        (void)snprintf(here, sizeof(here), "%s[%zu]", path, i);
        rc = convert(l, *it, here, depth, &v);
        if (rc < 0) {
            return rc;
        }
        (void)json_array_append_new(array, v);
    }
    return PK_OK;
}

static int convert_mapping(
        struct loader *l, const yaml_node_t *node, const char *path, int depth, json_t *object)
{
    for (yaml_node_pair_t *it = node->data.mapping.pairs.start; it < node->data.mapping.pairs.top;
            it++) {
        const yaml_node_t *key = yaml_document_get_node(l->doc, it->key);
        const char *name = (const char *)key->data.scalar.value;
        char here[512];
        json_t *v;
        int rc;

        if (key->type != YAML_SCALAR_NODE || strlen(name) != key->data.scalar.length) {
            return fail_at(l, key, PK_EMALF, "a key must be plain text");
        }
        if (json_object_get(object, name) != NULL) {
            return fail_at(l, key, PK_EEXIST, "this key stands here twice");
        }
        (void)snprintf(here, sizeof(here), "%s%s%s", path, path[0] != '\0' ? "." : "", name);
        rc = convert(l, it->value, here, depth, &v);
        if (rc < 0) {
            return rc;
        }
        if (json_object_set_new(object, name, v) != 0) {
            return fail_at(l, key, PK_EMALF, "a key must be UTF-8");
        }
    }
    return PK_OK;
}

static int convert(struct loader *l, int index, const char *path, int depth, json_t **out)
{
    const yaml_node_t *node = yaml_document_get_node(l->doc, index);
    json_t *v = NULL;
    int rc = PK_OK;

    if (depth == 0) {
        return fail_at(l, node, PK_ELIMIT, "nested too deeply");
    }
    rc = remember_line(l->yaml, path, (int)node->start_mark.line + 1);
    if (rc < 0) {
        return fail_at(l, node, rc, rc == PK_ELIMIT ? "too many values" : "out of memory");
    }
    switch (node->type) {
    case YAML_SCALAR_NODE:
        v = scalar(node);
        break;
    case YAML_SEQUENCE_NODE:
        v = json_array();
        rc = v == NULL ? PK_ENOMEM : convert_sequence(l, node, path, depth - 1, v);
        break;
    case YAML_MAPPING_NODE:
        v = json_object();
        rc = v == NULL ? PK_ENOMEM : convert_mapping(l, node, path, depth - 1, v);
        break;
    case YAML_NO_NODE:
        break;
    }
    if (rc == PK_OK && v == NULL) {
        rc = fail_at(l, node, PK_EMALF, "not text in UTF-8");
    }
    if (rc < 0) {
        json_decref(v);
        return rc;
    }
    *out = v;
    return PK_OK;
}

static int parser_failed(const yaml_parser_t *parser, struct pk_error *err)
{
    (void)pk_error_set(err, PK_EMALF, "%s", parser->problem != NULL ? parser->problem : "not YAML");
    if (err != NULL) {
        err->line = (int)parser->problem_mark.line + 1;
    }
    return PK_EMALF;
}

/* libyaml expands aliases into shared nodes, so a few lines can mean billions of values. They are
 * refused on the event level, before a document is built. */
static int refuse_aliases(const char *text, size_t len, struct pk_error *err)
{
    yaml_parser_t parser;
    int rc = PK_OK;
    bool done = false;
    int documents = 0;
    int depth = 0;

    if (yaml_parser_initialize(&parser) == 0) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
    while (rc == PK_OK && !done) {
        yaml_event_t event;

        if (yaml_parser_parse(&parser, &event) == 0) {
            rc = parser_failed(&parser, err);
            break;
        }
        documents += event.type == YAML_DOCUMENT_START_EVENT;
        depth += event.type == YAML_MAPPING_START_EVENT || event.type == YAML_SEQUENCE_START_EVENT;
        depth -= event.type == YAML_MAPPING_END_EVENT || event.type == YAML_SEQUENCE_END_EVENT;
        if (event.type == YAML_ALIAS_EVENT) {
            rc = pk_error_set(err, PK_EMALF, "aliases are not allowed");
        } else if (documents > 1) {
            rc = pk_error_set(err, PK_EMALF, "only one document is allowed");
        } else if (depth > DEPTH_MAX) {
            rc = pk_error_set(err, PK_ELIMIT, "nested too deeply");
        }
        if (rc < 0 && err != NULL) {
            err->line = (int)event.start_mark.line + 1;
        }
        done = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return rc;
}

static int load_document(struct pk_yaml *yaml, const char *text, size_t len, struct pk_error *err)
{
    yaml_parser_t parser;
    yaml_document_t doc;
    int rc = PK_OK;

    if (yaml_parser_initialize(&parser) == 0) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
    if (yaml_parser_load(&parser, &doc) == 0) {
        rc = parser_failed(&parser, err);
        yaml_parser_delete(&parser);
        return rc;
    }
    if (yaml_document_get_root_node(&doc) == NULL) {
        yaml->root = json_object();
        rc = yaml->root == NULL ? pk_error_set(err, PK_ENOMEM, "out of memory") : PK_OK;
    } else {
        struct loader l = { .yaml = yaml, .doc = &doc, .err = err };

        rc = convert(&l, 1, "", DEPTH_MAX, &yaml->root);
    }
    yaml_document_delete(&doc);
    yaml_parser_delete(&parser);
    return rc;
}

int pk_yaml_parse(const char *text, size_t len, struct pk_yaml **out, struct pk_error *err)
{
    struct pk_yaml *yaml;
    int rc = refuse_aliases(text, len, err);

    if (rc < 0) {
        return rc;
    }
    yaml = calloc(1, sizeof(*yaml));
    if (yaml == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    rc = load_document(yaml, text, len, err);
    if (rc < 0) {
        pk_yaml_destroy(yaml);
        return rc;
    }
    *out = yaml;
    return PK_OK;
}

void pk_yaml_destroy(struct pk_yaml *yaml)
{
    if (yaml == NULL) {
        return;
    }
    for (size_t i = 0; i < yaml->count; i++) {
        free(yaml->lines[i].path);
    }
    free(yaml->lines);
    json_decref(yaml->root);
    free(yaml);
}

const json_t *pk_yaml_root(const struct pk_yaml *yaml)
{
    return yaml->root;
}

int pk_yaml_line(const struct pk_yaml *yaml, const char *path)
{
    char here[512];

    (void)snprintf(here, sizeof(here), "%s", path);
    for (;;) {
        char *cut;

        for (size_t i = 0; i < yaml->count; i++) {
            if (strcmp(yaml->lines[i].path, here) == 0) {
                return yaml->lines[i].line;
            }
        }
        cut = strrchr(here, '.');
        if (cut == NULL && here[0] == '\0') {
            return 0;
        }
        *(cut != NULL ? cut : here) = '\0';
    }
}

int pk_yaml_decode(const char *name, const char *text, size_t len, const struct pk_schema *schema,
        struct pk_arena *arena, void *out, struct pk_error *err)
{
    struct pk_error why = { 0 };
    struct pk_yaml *yaml = NULL;
    char sentence[sizeof(why.text)];
    int rc = pk_yaml_parse(text, len, &yaml, &why);

    if (rc == PK_OK) {
        rc = pk_schema_decode(schema, pk_yaml_root(yaml), arena, out, &why);
        if (rc < 0) {
            why.line = pk_yaml_line(yaml, why.path);
        }
    }
    pk_yaml_destroy(yaml);
    if (rc == PK_OK || err == NULL) {
        return rc;
    }
    *err = why; /* line and path stay; the sentence becomes one that names the place */
    (void)snprintf(sentence, sizeof(sentence), "%s", why.text);
    (void)snprintf(err->text, sizeof(err->text), "%s:%d: %s%s%.200s", name, why.line, why.path,
            why.path[0] != '\0' ? ": " : "", sentence);
    return rc;
}

int pk_yaml_load(const char *file, const struct pk_schema *schema, struct pk_arena *arena,
        void *out, struct pk_error *err)
{
    struct pk_buffer text = pk_buffer_of(PK_YAML_FILE_MAX);
    int rc = pk_file_read(file, &text, err);

    if (rc == PK_OK) {
        rc = pk_yaml_decode(
                file, text.ptr != NULL ? text.ptr : "", text.len, schema, arena, out, err);
    }
    pk_buffer_finish(&text);
    return rc;
}
