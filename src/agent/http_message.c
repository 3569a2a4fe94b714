#include "agent/http_message.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agent/net.h"

int pk_http_url_parse(const char *text, struct pk_http_url *out)
{
    struct pk_http_url url = { 0 };
    char authority[PK_HTTP_HOST_MAX + 8];
    size_t len;
    size_t path_len;

    if (strncasecmp(text, "http://", 7) == 0) {
        text += 7;
    } else if (strncasecmp(text, "https://", 8) == 0) {
        text += 8;
        url.tls = true;
    } else {
        return PK_EMALF;
    }
    len = strcspn(text, "/?#");
    if (len == 0 || len >= sizeof(authority) || memchr(text, '@', len) != NULL) {
        return PK_EMALF;
    }
    memcpy(authority, text, len);
    authority[len] = '\0';
    if (pk_host_split(authority, url.tls ? 443 : 80, url.host, sizeof(url.host), &url.port) < 0) {
        return PK_EMALF;
    }
    for (const char *c = url.host; *c != '\0'; c++) {
        if (!isalnum((unsigned char)*c) && strchr("-._:", *c) == NULL) {
            return PK_EMALF;
        }
    }
    text += len;
    path_len = strcspn(text, "#");
    if (path_len + 2 > sizeof(url.path)) {
        return PK_ELIMIT;
    }
    for (size_t i = 0; i < path_len; i++) {
        if ((unsigned char)text[i] <= ' ' || (unsigned char)text[i] >= 0x7f) {
            return PK_EMALF;
        }
    }
    if (*text != '/') {
        url.path[0] = '/';
    }
    memcpy(url.path + strlen(url.path), text, path_len);
    *out = url;
    return PK_OK;
}

int pk_http_url_join(const struct pk_http_url *base, const char *location, struct pk_http_url *out)
{
    char text[2 * PK_HTTP_PATH_MAX + PK_HTTP_HOST_MAX];
    struct pk_http_url url = *base;
    size_t scheme = strspn(location, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
    int len;

    if (scheme > 0 && location[scheme] == ':') {
        return pk_http_url_parse(location, out);
    }
    if (location[0] == '/' && location[1] == '/') {
        len = snprintf(text, sizeof(text), "%s:%s", base->tls ? "https" : "http", location);
        return len < 0 || (size_t)len >= sizeof(text) ? PK_ELIMIT : pk_http_url_parse(text, out);
    }
    /* Only the path is another one: it is checked as part of a whole address. */
    len = snprintf(text, sizeof(text), "http://h%s%s", location[0] == '/' ? "" : "/", location);
    if (len < 0 || (size_t)len >= sizeof(text)) {
        return PK_ELIMIT;
    }
    struct pk_http_url path;
    int rc = pk_http_url_parse(text, &path);

    if (rc == PK_OK) {
        memcpy(url.path, path.path, sizeof(url.path));
        *out = url;
    }
    return rc;
}

const char *const pk_http_between[] = { "Via", "X-Cache", "X-Cache-Lookup", "Forwarded",
    "X-Forwarded-For", "X-Forwarded-Proto", "X-Proxy-Cache", "Proxy-Connection", "X-BlueCoat-Via",
    "X-Squid-Error", "X-Proxy-ID", "X-Webmarshal-RequestID", NULL };

int pk_http_request(
        const struct pk_http_url *url, const char *accept, const char *agent, struct pk_buffer *out)
{
    bool v6 = strchr(url->host, ':') != NULL;

    pk_buffer_printf(out, "GET %s HTTP/1.1\r\nHost: %s%s%s", url->path, v6 ? "[" : "", url->host,
            v6 ? "]" : "");
    if (url->port != (url->tls ? 443 : 80)) {
        pk_buffer_printf(out, ":%u", url->port);
    }
    return pk_buffer_printf(out,
            "\r\nUser-Agent: %s\r\nAccept: %s\r\nAccept-Encoding: identity\r\n"
            "Cache-Control: no-cache, no-transform\r\nConnection: close\r\n\r\n",
            agent != NULL ? agent : "picket-agent", accept);
}

/* Cuts the next line off; false: there is no complete one. The view is without CR LF. */
static bool next_line(struct pk_slice *in, struct pk_slice *line)
{
    const uint8_t *end = in->len > 0 ? memchr(in->ptr, '\n', in->len) : NULL;
    size_t len;

    if (end == NULL) {
        return false;
    }
    len = (size_t)(end - in->ptr);
    *line = pk_slice_of(in->ptr, len > 0 && in->ptr[len - 1] == '\r' ? len - 1 : len);
    *in = pk_slice_of(end + 1, in->len - len - 1);
    return true;
}

static int parse_status(struct pk_slice line, int *out)
{
    int status = 0;

    if (line.len < 12 || memcmp(line.ptr, "HTTP/1.", 7) != 0 || line.ptr[8] != ' ') {
        return PK_EMALF;
    }
    for (size_t i = 9; i < 12; i++) {
        if (!isdigit(line.ptr[i])) {
            return PK_EMALF;
        }
        status = status * 10 + (line.ptr[i] - '0');
    }
    *out = status;
    return PK_OK;
}

/* The value of "Name: value" when the name fits, as text cut to max - 1 bytes. */
static bool header_value(struct pk_slice line, const char *name, char *out, size_t max)
{
    size_t name_len = strlen(name);
    size_t at = name_len + 1;
    size_t end = line.len;
    size_t len;

    if (line.len < at || line.ptr[name_len] != ':' ||
            strncasecmp((const char *)line.ptr, name, name_len) != 0) {
        return false;
    }
    while (at < end && (line.ptr[at] == ' ' || line.ptr[at] == '\t')) {
        at++;
    }
    while (end > at && (line.ptr[end - 1] == ' ' || line.ptr[end - 1] == '\t')) {
        end--;
    }
    len = end - at < max - 1 ? end - at : max - 1;
    memcpy(out, line.ptr + at, len);
    out[len] = '\0';
    return true;
}

static void parse_location(const char *value, struct pk_http_head *head)
{
    struct pk_http_url url;

    head->has_location = true;
    head->location_tls = false;
    head->location_host[0] = '\0';
    (void)snprintf(head->location, sizeof(head->location), "%s", value);
    if (pk_http_url_parse(value, &url) == PK_OK) {
        head->location_tls = url.tls;
        memcpy(head->location_host, url.host, sizeof(head->location_host));
    }
}

static void parse_length(const char *value, struct pk_http_head *head)
{
    char *end;
    unsigned long long length = strtoull(value, &end, 10);

    if (isdigit((unsigned char)value[0]) && *end == '\0' && length < INT64_MAX) {
        head->content_length = (int64_t)length;
    }
}

/* The word before the first parameter, in lower case. */
static void copy_word(const char *value, char *out, size_t max)
{
    size_t len = strcspn(value, "; \t");
    size_t i = 0;

    for (; i < len && i < max - 1; i++) {
        out[i] = (char)tolower((unsigned char)value[i]);
    }
    out[i] = '\0';
}

static void parse_header(struct pk_slice line, struct pk_http_head *head)
{
    char value[PK_HTTP_PATH_MAX] = "";

    if (header_value(line, "Location", value, sizeof(value))) {
        parse_location(value, head);
    } else if (header_value(line, "Content-Length", value, sizeof(value))) {
        parse_length(value, head);
    } else if (header_value(line, "Transfer-Encoding", value, sizeof(value))) {
        head->chunked = true;
    } else if (header_value(line, "Content-Type", value, sizeof(value))) {
        copy_word(value, head->content_type, sizeof(head->content_type));
    } else if (header_value(line, "Content-Encoding", value, sizeof(value))) {
        copy_word(value, head->encoding, sizeof(head->encoding));
    } else if (header_value(line, "ETag", value, sizeof(head->etag))) {
        memcpy(head->etag, value, sizeof(head->etag));
    } else if (header_value(line, "Last-Modified", value, sizeof(head->modified))) {
        memcpy(head->modified, value, sizeof(head->modified));
    } else {
        for (unsigned i = 0; pk_http_between[i] != NULL; i++) {
            head->between |= header_value(line, pk_http_between[i], value, sizeof(value)) ? 1U << i
                                                                                          : 0;
        }
    }
}

int pk_http_head_parse(struct pk_slice in, struct pk_http_head *out)
{
    struct pk_http_head head = { .content_length = -1 };
    struct pk_slice rest = in;
    struct pk_slice line;
    int rc;

    if (!next_line(&rest, &line)) {
        return PK_ETRUNC;
    }
    rc = parse_status(line, &head.status);
    if (rc < 0) {
        return rc;
    }
    while (next_line(&rest, &line)) {
        if (line.len == 0) {
            head.body = in.len - rest.len;
            *out = head;
            return PK_OK;
        }
        parse_header(line, &head);
    }
    return PK_ETRUNC;
}
