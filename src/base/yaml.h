/* yaml.h - a YAML file as a JSON tree, so that settings and policies go through the same schema
 * tables as everything else. A safe subset: one document, mappings with string keys, no duplicate
 * keys, no anchors, aliases or tags. Plain scalars: null, true/false, numbers, else strings. */
#pragma once

#include "base/schema.h"

struct pk_yaml;

#define PK_YAML_FILE_MAX (1024UL * 1024)

/* Parses text (not kept). On failure *err has the line. The caller ends *out with
 * pk_yaml_destroy(). */
PK_MUST_USE int pk_yaml_parse(
        const char *text, size_t len, struct pk_yaml **out, struct pk_error *err);
void pk_yaml_destroy(struct pk_yaml *yaml);

/* The tree, borrowed. An empty document is an empty object. */
const json_t *pk_yaml_root(const struct pk_yaml *yaml);

/* The line (from 1) where the value of a path such as "rules[2].when.threat" begins; the nearest
 * known parent's line when the path itself is absent; 0 when unknown. */
int pk_yaml_line(const struct pk_yaml *yaml, const char *path);

/* Reads the file and decodes it: one call for settings. Errors read
 * "FILE:LINE: path.of.key: sentence" and have line and path set. */
PK_MUST_USE int pk_yaml_load(const char *file, const struct pk_schema *schema,
        struct pk_arena *arena, void *out, struct pk_error *err);
/* The same for text already in memory; name stands for the file in messages. */
PK_MUST_USE int pk_yaml_decode(const char *name, const char *text, size_t len,
        const struct pk_schema *schema, struct pk_arena *arena, void *out, struct pk_error *err);
