#include "fleet/answer.h"

#include <stdlib.h>
#include <strings.h>

#define HEAD_MAX (16UL * 1024)

/* The value of a header in the head (lines end with \r\n), or NULL. */
static const char *header(const char *head, const char *end, const char *name)
{
    size_t len = strlen(name);

    for (const char *p = head; p < end;) {
        const char *eol = memmem(p, (size_t)(end - p), "\r\n", 2);

        eol = eol != NULL ? eol : end;
        if ((size_t)(eol - p) > len && p[len] == ':' && strncasecmp(p, name, len) == 0) {
            p += len + 1;
            while (p < eol && *p == ' ') {
                p++;
            }
            return p;
        }
        p = eol + 2;
    }
    return NULL;
}

int pk_http_answer_parse(struct pk_slice in, struct pk_http_answer *out)
{
    const char *text = (const char *)in.ptr;
    const char *end = text != NULL ? memmem(text, in.len, "\r\n\r\n", 4) : NULL;
    const char *value;
    size_t head;
    unsigned long length = 0;
    int status;

    if (end == NULL) {
        return in.len > HEAD_MAX ? PK_EMALF : PK_EAGAIN;
    }
    head = (size_t)(end - text) + 4;
    if (strncmp(text, "HTTP/1.1 ", 9) != 0) {
        return PK_EMALF;
    }
    status = (int)strtol(text + 9, NULL, 10);
    if (status < 200 || status > 599 || header(text, end, "Transfer-Encoding") != NULL) {
        return PK_EMALF;
    }
    value = header(text, end, "Content-Length");
    if (value != NULL) {
        length = strtoul(value, NULL, 10);
    }
    if (length > in.len - head) {
        return PK_EAGAIN;
    }
    value = header(text, end, "Connection");
    *out = (struct pk_http_answer){
        .status = status,
        .close = value != NULL && strncasecmp(value, "close", 5) == 0,
        .body = pk_slice_of(in.ptr + head, length),
    };
    return PK_OK;
}
