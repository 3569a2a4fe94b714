#include <stdio.h>

#include "server/http_internal.h"

/* Matches path against a pattern with {name} segments. Fills params, counts them; -1: no. */
static int match(
        struct pk_arena *arena, const char *pattern, const char *path, struct pk_http_pair *params)
{
    int count = 0;

    while (*pattern != '\0' && *path != '\0') {
        size_t want = strcspn(pattern + 1, "/");
        size_t have = strcspn(path + 1, "/");

        if (pattern[1] == '{') {
            if (have == 0 || count == PK_HTTP_PARAMS_MAX) {
                return -1;
            }
            params[count].name = pk_arena_strndup(arena, pattern + 2, want - 2);
            params[count].value = pk_arena_strndup(arena, path + 1, have);
            if (params[count].name == NULL || params[count].value == NULL) {
                return -1;
            }
            count++;
        } else if (want != have || memcmp(pattern, path, want + 1) != 0) {
            return -1;
        }
        pattern += want + 1;
        path += have + 1;
    }
    return *pattern == *path ? count : -1;
}

const struct pk_route *pk_http_route(struct pk_request *request, unsigned *allow)
{
    const struct pk_http *http = request->http;
    const struct pk_route *best = NULL;
    int fewest = PK_HTTP_PARAMS_MAX + 1;

    *allow = 0;
    for (size_t i = 0; i < http->route_count; i++) {
        struct pk_http_pair params[PK_HTTP_PARAMS_MAX];
        int count = match(request->arena, http->routes[i].path, request->path, params);

        if (count < 0) {
            continue;
        }
        *allow |= 1U << http->routes[i].method;
        /* "/users/signin-link" wins over "/users/{id}" */
        if (http->routes[i].method == request->method && count < fewest) {
            best = &http->routes[i];
            fewest = count;
            request->param_count = (size_t)count;
            memcpy(request->params, params, sizeof(params));
        }
    }
    return best;
}

void pk_http_allow(unsigned allow, char out[64])
{
    static const char *const names[] = { "GET, HEAD", "POST", "PUT", "DELETE" };
    size_t len = 0;

    out[0] = '\0';
    for (unsigned i = 0; i < PK_COUNT(names); i++) {
        if ((allow & (1U << i)) != 0) {
            len += (size_t)snprintf(out + len, 64 - len, "%s%s", len > 0 ? ", " : "", names[i]);
        }
    }
}
