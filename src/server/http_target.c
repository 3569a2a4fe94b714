#include "base/utf8.h"
#include "server/http_internal.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_utf8(const char *text)
{
    size_t left = strlen(text);

    while (left > 0) {
        size_t n = pk_utf8_next((const uint8_t *)text, left, NULL);

        if (n == 0) {
            return false;
        }
        text += n;
        left -= n;
    }
    return true;
}

/* Decodes %XX of len bytes. NULL: not a character that a name may have, or not UTF-8. */
static const char *decode(struct pk_request *request, const char *from, size_t len, bool query)
{
    char *out = pk_arena_alloc(request->arena, len + 1, 1);
    size_t n = 0;

    for (size_t i = 0; i < len && out != NULL; i++) {
        unsigned char c = (unsigned char)from[i];

        if (c == '%') {
            int high = i + 2 < len ? hex_digit(from[i + 1]) : -1;
            int low = i + 2 < len ? hex_digit(from[i + 2]) : -1;

            if (high < 0 || low < 0) {
                return NULL;
            }
            c = (unsigned char)(high * 16 + low);
            i += 2;
            if (!query && (c == '/' || c == '\\')) {
                return NULL; /* would be one segment here and two to somebody else */
            }
        } else if (query && c == '+') {
            c = ' ';
        }
        if (c < 0x20 || c == 0x7f) {
            return NULL;
        }
        out[n++] = (char)c;
    }
    return out != NULL && is_utf8(out) ? out : NULL;
}

static bool is_dots(const char *segment, size_t len)
{
    return (len == 1 && segment[0] == '.') || (len == 2 && memcmp(segment, "..", 2) == 0);
}

static const char *split_query(struct pk_request *request, const char *text)
{
    if (*text == '\0') {
        return NULL;
    }
    request->query = pk_arena_alloc(request->arena, PK_HTTP_QUERY_MAX, sizeof(*request->query));
    if (request->query == NULL) {
        return "too large";
    }
    for (;;) {
        size_t len = strcspn(text, "&");
        const char *equals = memchr(text, '=', len);
        size_t name_len = equals != NULL ? (size_t)(equals - text) : len;
        struct pk_http_pair pair;

        if (request->query_count == PK_HTTP_QUERY_MAX) {
            return "too many query parameters";
        }
        pair.name = decode(request, text, name_len, true);
        pair.value = equals != NULL ? decode(request, equals + 1, len - name_len - 1, true) : "";
        if (pair.name == NULL || pair.value == NULL || pair.name[0] == '\0') {
            return "the query is malformed";
        }
        if (pk_request_query(request, pair.name) != NULL) {
            return "a query parameter stands there twice";
        }
        request->query[request->query_count++] = pair;
        if (text[len] == '\0') {
            return NULL;
        }
        text += len + 1;
    }
}

void pk_http_target(struct pk_request *request, const char *target)
{
    size_t len = strcspn(target, "?");

    request->path = "";
    if (target[0] != '/' || strchr(target, '#') != NULL) {
        request->bad = "the target must be a path";
        return;
    }
    for (size_t from = 1; from <= len;) {
        size_t n = strcspn(target + from, "/?");
        const char *segment = decode(request, target + from, n, false);

        if (segment == NULL || is_dots(segment, strlen(segment)) || strchr(segment, '\\') != NULL) {
            request->bad = "the path is malformed";
            return;
        }
        from += n + 1;
    }
    request->path = decode(request, target, len, false);
    if (request->path == NULL) {
        request->path = "";
        request->bad = "the path is malformed";
        return;
    }
    if (target[len] == '?') {
        request->bad = split_query(request, target + len + 1);
    }
}
