/* fuzz_yaml.c - settings and policies as text: the parser, the tree and the lines of its values. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/yaml.h"

#define DEPTH_MAX 64 /* of this walk; the parser's own limit is lower */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every value has a line inside the text. */
static void walk(const struct pk_yaml *yaml, const json_t *value, const char *path, int depth)
{
    const char *key;
    json_t *child;
    size_t index;
    char below[512];

    if (depth > DEPTH_MAX || pk_yaml_line(yaml, path) < 0) {
        abort();
    }
    json_object_foreach ((json_t *)value, key, child) {
        if (snprintf(below, sizeof(below), "%s%s%s", path, *path ? "." : "", key) <
                (int)sizeof(below)) {
            walk(yaml, child, below, depth + 1);
        }
    }
    json_array_foreach (value, index, child) {
        if (snprintf(below, sizeof(below), "%s[%zu]", path, index) < (int)sizeof(below)) {
            walk(yaml, child, below, depth + 1);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pk_yaml *yaml = NULL;
    struct pk_error err = { 0 };
    int rc = pk_yaml_parse((const char *)data, size, &yaml, &err);

    if (rc != PK_OK && (yaml != NULL || err.text[0] == '\0')) {
        abort(); /* a failure leaves nothing behind and says why */
    }
    if (rc == PK_OK) {
        walk(yaml, pk_yaml_root(yaml), "", 0);
    }
    pk_yaml_destroy(yaml);
    return 0;
}
