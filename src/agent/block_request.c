/* The browser's request, as far as it matters: method, path, Host, and the form. */
#include <ctype.h>
#include <strings.h>

#include "agent/block_page.h"

struct head {
    struct pk_slice method;
    struct pk_slice target;
    struct pk_slice host;
    struct pk_slice origin;
    struct pk_slice site; /* Sec-Fetch-Site */
    size_t length;        /* of the body */
    unsigned hosts;
    bool has_length;
};

static bool same_word(struct pk_slice a, const char *b)
{
    return a.len == strlen(b) && strncasecmp((const char *)a.ptr, b, a.len) == 0;
}

static struct pk_slice cut(struct pk_slice in, size_t from, size_t to)
{
    return pk_slice_of(in.ptr + from, to - from);
}

static struct pk_slice trim(struct pk_slice in)
{
    while (in.len > 0 && (in.ptr[0] == ' ' || in.ptr[0] == '\t')) {
        in = cut(in, 1, in.len);
    }
    while (in.len > 0 && (in.ptr[in.len - 1] == ' ' || in.ptr[in.len - 1] == '\t')) {
        in.len--;
    }
    return in;
}

/* A line without its CR LF. PK_ETRUNC: it has no end yet. */
static int take_line(struct pk_slice in, size_t *at, struct pk_slice *line)
{
    const uint8_t *end = memchr(in.ptr + *at, '\n', in.len - *at);
    size_t stop;

    if (end == NULL) {
        return PK_ETRUNC;
    }
    stop = (size_t)(end - in.ptr);
    *line = cut(in, *at, stop > *at && in.ptr[stop - 1] == '\r' ? stop - 1 : stop);
    *at = stop + 1;
    return memchr(line->ptr, '\0', line->len) != NULL ? PK_EMALF : PK_OK;
}

/* "GET /path HTTP/1.1" */
static int read_first(struct pk_slice line, struct head *head)
{
    const uint8_t *space = memchr(line.ptr, ' ', line.len);
    struct pk_slice rest;

    if (space == NULL) {
        return PK_EMALF;
    }
    head->method = cut(line, 0, (size_t)(space - line.ptr));
    rest = cut(line, head->method.len + 1, line.len);
    space = memchr(rest.ptr, ' ', rest.len);
    if (space == NULL) {
        return PK_EMALF;
    }
    head->target = cut(rest, 0, (size_t)(space - rest.ptr));
    rest = cut(rest, head->target.len + 1, rest.len);
    return rest.len == 8 && memcmp(rest.ptr, "HTTP/1.", 7) == 0 ? PK_OK : PK_EMALF;
}

static int read_length(struct pk_slice value, struct head *head)
{
    size_t length = 0;

    if (value.len == 0 || value.len > 6 || head->has_length) {
        return PK_EMALF;
    }
    for (size_t i = 0; i < value.len; i++) {
        if (!isdigit(value.ptr[i])) {
            return PK_EMALF;
        }
        length = 10 * length + (size_t)(value.ptr[i] - '0');
    }
    head->length = length;
    head->has_length = true;
    return PK_OK;
}

static int read_field(struct pk_slice line, struct head *head)
{
    const uint8_t *colon = memchr(line.ptr, ':', line.len);
    struct pk_slice name;
    struct pk_slice value;

    if (colon == NULL) {
        return PK_EMALF;
    }
    name = cut(line, 0, (size_t)(colon - line.ptr));
    value = trim(cut(line, name.len + 1, line.len));
    if (same_word(name, "Host")) {
        head->host = value;
        return ++head->hosts > 1 ? PK_EMALF : PK_OK;
    }
    if (same_word(name, "Origin")) {
        head->origin = value;
    } else if (same_word(name, "Sec-Fetch-Site")) {
        head->site = value;
    } else if (same_word(name, "Content-Length")) {
        return read_length(value, head);
    }
    return PK_OK;
}

/* The name in lower case without port and last dot; "" when it is none. */
static void read_host(struct pk_slice host, char out[PK_PAGE_HOST_MAX])
{
    const uint8_t *colon = host.len > 0 ? memchr(host.ptr, ':', host.len) : NULL;
    size_t len = colon != NULL ? (size_t)(colon - host.ptr) : host.len;

    out[0] = '\0';
    if (len > 0 && host.ptr[len - 1] == '.') {
        len--;
    }
    if (len == 0 || len >= PK_PAGE_HOST_MAX) {
        return;
    }
    for (size_t i = 0; i < len; i++) {
        uint8_t c = host.ptr[i];

        if (!isalnum(c) && c != '-' && c != '_' && c != '.') {
            out[0] = '\0';
            return;
        }
        out[i] = (char)tolower(c);
    }
    out[len] = '\0';
}

/* Another site can make a browser send our form, but not without saying that it comes from there. */
static bool is_own_form(const struct head *head)
{
    static const char scheme[] = "http://";
    size_t skip = sizeof(scheme) - 1;

    if (head->site.ptr != NULL && !same_word(head->site, "same-origin")) {
        return false;
    }
    if (head->origin.ptr == NULL) {
        return true;
    }
    return head->origin.len == skip + head->host.len &&
            strncasecmp((const char *)head->origin.ptr, scheme, skip) == 0 &&
            strncasecmp((const char *)head->origin.ptr + skip, (const char *)head->host.ptr,
                    head->host.len) == 0;
}

/* "token=" and 64 hex digits, nothing else. */
static void read_form(struct pk_slice body, struct pk_page_request *out)
{
    static const char key[] = "token=";
    size_t skip = sizeof(key) - 1;

    if (body.len != skip + PK_SHA256_HEX - 1 || memcmp(body.ptr, key, skip) != 0) {
        return;
    }
    for (size_t i = skip; i < body.len; i++) {
        if (!isxdigit(body.ptr[i])) {
            return;
        }
    }
    memcpy(out->token, body.ptr + skip, PK_SHA256_HEX - 1);
    out->token[PK_SHA256_HEX - 1] = '\0';
    out->goes_on = true;
}

static int read_body(
        struct pk_slice in, size_t at, const struct head *head, struct pk_page_request *out)
{
    if (!same_word(head->method, "POST") ||
            !pk_slice_eq(head->target, pk_slice_str(PK_PAGE_GO_ON))) {
        return PK_OK; /* a body that somebody sends to the harmful site does not interest us */
    }
    if (head->length > PK_PAGE_FORM_MAX) {
        return PK_ELIMIT;
    }
    if (in.len - at < head->length) {
        return PK_ETRUNC;
    }
    if (is_own_form(head)) {
        read_form(cut(in, at, at + head->length), out);
    }
    return PK_OK;
}

int pk_page_read(struct pk_slice in, struct pk_page_request *out)
{
    struct pk_page_request request = { .head = false };
    struct head head = { .length = 0 };
    struct pk_slice line;
    size_t at = 0;
    int rc = in.len > 0 ? take_line(in, &at, &line) : PK_ETRUNC;

    if (rc == PK_OK) {
        rc = read_first(line, &head);
    }
    for (int i = 0; rc == PK_OK; i++) {
        rc = at < in.len ? take_line(in, &at, &line) : PK_ETRUNC;
        if (rc == PK_OK && line.len == 0) {
            break;
        }
        if (rc == PK_OK) {
            rc = i < PK_PAGE_HEADERS_MAX ? read_field(line, &head) : PK_ELIMIT;
        }
    }
    if (rc == PK_OK) {
        read_host(head.host, request.host);
        request.head = same_word(head.method, "HEAD");
        rc = read_body(in, at, &head, &request);
    }
    if (rc == PK_ETRUNC && in.len >= PK_PAGE_REQUEST_MAX) {
        rc = PK_ELIMIT;
    }
    if (rc == PK_OK) {
        *out = request;
    }
    return rc;
}
