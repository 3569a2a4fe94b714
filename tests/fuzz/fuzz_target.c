/* fuzz_target.c - the target of a request as it stands in the request line: path segments, percent
 * signs, query. What was accepted has no way out of its segments. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "server/http_internal.h"

#define ARENA_MAX (1UL << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct pk_request *request)
{
    const char *path = request->path;

    if (path[0] != '/' || strstr(path, "/../") != NULL || strstr(path, "/./") != NULL ||
            strchr(path, '\\') != NULL) {
        abort();
    }
    for (const unsigned char *p = (const unsigned char *)path; *p != '\0'; p++) {
        if (*p < 0x20 || *p == 0x7f) {
            abort();
        }
    }
    for (size_t i = 0; i < request->query_count; i++) {
        json_t *value = json_string(request->query[i].value); /* NULL when it is not UTF-8 */

        if (value == NULL || request->query[i].name[0] == '\0') {
            abort();
        }
        json_decref(value);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pk_request request = { .arena = pk_arena_create(ARENA_MAX) };
    char *target = malloc(size + 1);

    if (request.arena == NULL || target == NULL) {
        abort();
    }
    memcpy(target, data, size);
    target[size] = '\0';
    pk_http_target(&request, target);
    if (request.bad == NULL) {
        check(&request);
    }
    free(target);
    pk_arena_destroy(request.arena);
    return 0;
}
