#include "fleet/link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN_LEN 32

static int parse_host(const char *text, size_t len, struct pk_link *out, struct pk_error *err)
{
    const char *end = text + len;
    const char *colon = NULL;

    for (const char *p = text; p < end; p++) {
        colon = *p == ':' ? p : *p == ']' ? NULL : colon; /* the last one, not inside [...] */
    }
    out->port = 443;
    if (colon != NULL) {
        out->port = (int)strtol(colon + 1, NULL, 10);
        end = colon;
    }
    if (*text == '[' && end > text + 1 && end[-1] == ']') {
        text++;
        end--;
    }
    if (end == text || (size_t)(end - text) >= sizeof(out->host) || out->port < 1 ||
            out->port > 65535) {
        return pk_error_set(err, PK_EMALF, "the link names no host and port");
    }
    (void)snprintf(out->host, sizeof(out->host), "%.*s", (int)(end - text), text);
    return PK_OK;
}

int pk_link_parse(const char *text, struct pk_link *out, struct pk_error *err)
{
    static const char scheme[] = "https://";
    const char *host = text + sizeof(scheme) - 1;
    const char *path;
    const char *token;
    int rc;

    if (strncmp(text, scheme, sizeof(scheme) - 1) != 0) {
        return pk_error_set(err, PK_EMALF, "an enrolment link begins with https://");
    }
    path = strchr(host, '/');
    token = strchr(host, '#');
    if (path == NULL || token == NULL || path > token || strncmp(path, "/enroll#", 8) != 0) {
        return pk_error_set(err, PK_EMALF, "an enrolment link ends with /enroll#TOKEN.PIN");
    }
    rc = parse_host(host, (size_t)(path - host), out, err);
    if (rc < 0) {
        return rc;
    }
    token++;
    if (strlen(token) != TOKEN_LEN + 1 + 2 * PK_SHA256_SIZE || token[TOKEN_LEN] != '.' ||
            pk_unhex(token + TOKEN_LEN + 1, out->pin, PK_SHA256_SIZE) < 0) {
        return pk_error_set(err, PK_EMALF, "the link's token is cut or damaged");
    }
    (void)snprintf(out->token, sizeof(out->token), "%.*s", TOKEN_LEN, token);
    return PK_OK;
}
