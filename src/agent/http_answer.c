#include "agent/http_answer.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum state {
    STATUS_LINE,
    HEADERS,
    BODY,
    CHUNK_SIZE,
    CHUNK_DATA,
    CHUNK_END,
    TRAILERS,
    DONE,
};

#define CHUNK_DIGITS_MAX  8
#define LENGTH_DIGITS_MAX 10
#define RETRY_DIGITS_MAX  6

void pk_http_answer_init(struct pk_http_answer *answer, size_t body_max)
{
    *answer = (struct pk_http_answer){ .state = STATUS_LINE,
        .retry_after_s = -1,
        .keep_alive = true,
        .body = pk_buffer_of(body_max) };
}

void pk_http_answer_finish(struct pk_http_answer *answer)
{
    pk_buffer_finish(&answer->body);
}

static int malformed(struct pk_error *err, const char *what)
{
    return pk_error_set(err, PK_EMALF, "answer refused: %s", what);
}

static void end(struct pk_http_answer *a)
{
    a->state = DONE;
    a->done = true;
}

/* 1 to max decimal digits and nothing else. */
static bool parse_decimal(const char *text, size_t max, uint64_t *out)
{
    size_t len = strlen(text);
    uint64_t value = 0;

    if (len == 0 || len > max) {
        return false;
    }
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9') {
            return false;
        }
        value = value * 10 + (uint64_t)(*text - '0');
    }
    *out = value;
    return true;
}

/* "HTTP/1.1 200 Fine"; the reason may be empty but its space may not be missing with it. */
static int on_status(struct pk_http_answer *a, struct pk_error *err)
{
    const char *p = a->line;

    if (strncmp(p, "HTTP/1.1 ", 9) != 0) {
        return malformed(err, "not HTTP/1.1");
    }
    p += 9;
    if (p[0] < '1' || p[0] > '5' || !isdigit((unsigned char)p[1]) ||
            !isdigit((unsigned char)p[2]) || (p[3] != ' ' && p[3] != '\0')) {
        return malformed(err, "bad status");
    }
    a->status = (p[0] - '0') * 100 + (p[1] - '0') * 10 + (p[2] - '0');
    a->state = HEADERS;
    return PK_OK;
}

static bool is_token(const char *text)
{
    if (*text == '\0') {
        return false;
    }
    for (; *text != '\0'; text++) {
        if (!isalnum((unsigned char)*text) && strchr("!#$%&'*+-.^_`|~", *text) == NULL) {
            return false;
        }
    }
    return true;
}

/* Is word in the comma-separated list? */
static bool has_word(const char *list, const char *word)
{
    size_t len = strlen(word);

    while (*list != '\0') {
        list += strspn(list, " \t,");
        if (strncasecmp(list, word, len) == 0 && strchr(" \t,;", list[len]) != NULL) {
            return true; /* strchr() also finds the terminating NUL */
        }
        list += strcspn(list, ",");
    }
    return false;
}

static void take_type(struct pk_http_answer *a, const char *value)
{
    size_t len = strcspn(value, "; \t");

    if (len >= sizeof(a->content_type)) {
        return;
    }
    for (size_t i = 0; i < len; i++) {
        a->content_type[i] = (char)tolower((unsigned char)value[i]);
    }
    a->content_type[len] = '\0';
}

static int on_field(
        struct pk_http_answer *a, const char *name, const char *value, struct pk_error *err)
{
    uint64_t number;

    if (strcasecmp(name, "content-length") == 0) {
        if (a->has_length || !parse_decimal(value, LENGTH_DIGITS_MAX, &a->left)) {
            return malformed(err, "bad or second Content-Length");
        }
        a->has_length = true;
    } else if (strcasecmp(name, "transfer-encoding") == 0) {
        if (a->chunked || strcasecmp(value, "chunked") != 0) {
            return malformed(err, "unknown or second Transfer-Encoding");
        }
        a->chunked = true;
    } else if (strcasecmp(name, "connection") == 0) {
        a->keep_alive = a->keep_alive && !has_word(value, "close");
    } else if (strcasecmp(name, "retry-after") == 0) {
        a->retry_after_s = parse_decimal(value, RETRY_DIGITS_MAX, &number) ? (int64_t)number : -1;
    } else if (strcasecmp(name, "content-type") == 0) {
        take_type(a, value);
    } else if (strcasecmp(name, "content-encoding") == 0 && strcasecmp(value, "identity") != 0) {
        return malformed(err, "a content coding nobody asked for");
    }
    return PK_OK;
}

static int head_ended(struct pk_http_answer *a, struct pk_error *err)
{
    if (a->status == 101) {
        return malformed(err, "an upgrade nobody asked for");
    }
    if (a->chunked && a->has_length) {
        return malformed(err, "both Content-Length and chunks");
    }
    if (a->status < 200) { /* interim: the real one follows */
        if (a->chunked || a->has_length) {
            return malformed(err, "an interim answer with a body");
        }
        a->state = STATUS_LINE;
        return PK_OK;
    }
    if (a->status == 204 || a->status == 304) {
        if (a->chunked || a->left > 0) {
            return malformed(err, "a body where none may be");
        }
        end(a);
    } else if (a->chunked) {
        a->state = CHUNK_SIZE;
    } else if (!a->has_length) {
        return malformed(err, "no Content-Length and no chunks");
    } else if (a->left > a->body.max) {
        return pk_error_set(err, PK_ELIMIT, "answer refused: longer than %zu bytes", a->body.max);
    } else if (a->left == 0) {
        end(a);
    } else {
        a->state = BODY;
    }
    return PK_OK;
}

static int on_header(struct pk_http_answer *a, struct pk_error *err)
{
    char *colon;
    char *value;
    size_t len;

    if (a->line[0] == '\0') {
        if (a->state == TRAILERS) {
            end(a);
            return PK_OK;
        }
        return head_ended(a, err);
    }
    colon = strchr(a->line, ':');
    if (colon == NULL) {
        return malformed(err, "a header without a colon");
    }
    *colon = '\0';
    if (!is_token(a->line)) { /* also catches folded lines: they begin with white space */
        return malformed(err, "bad header name");
    }
    value = colon + 1 + strspn(colon + 1, " \t");
    len = strlen(value);
    while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\t')) {
        value[--len] = '\0';
    }
    return a->state == TRAILERS ? PK_OK : on_field(a, a->line, value, err);
}

/* "1a;extension" */
static int on_chunk_size(struct pk_http_answer *a, struct pk_error *err)
{
    size_t digits = strspn(a->line, "0123456789abcdefABCDEF");

    if (digits == 0 || digits > CHUNK_DIGITS_MAX ||
            (a->line[digits] != '\0' && a->line[digits] != ';')) {
        return malformed(err, "bad chunk size");
    }
    a->left = strtoul(a->line, NULL, 16);
    if (a->left > a->body.max - a->body.len) {
        return pk_error_set(err, PK_ELIMIT, "answer refused: longer than %zu bytes", a->body.max);
    }
    a->state = a->left > 0 ? CHUNK_DATA : TRAILERS;
    return PK_OK;
}

static int on_line(struct pk_http_answer *a, struct pk_error *err)
{
    switch ((enum state)a->state) {
    case STATUS_LINE:
        return on_status(a, err);
    case HEADERS:
    case TRAILERS:
        return on_header(a, err);
    case CHUNK_SIZE:
        return on_chunk_size(a, err);
    case CHUNK_END:
        a->state = CHUNK_SIZE;
        return a->line[0] == '\0' ? PK_OK : malformed(err, "a chunk longer than it said");
    case BODY:
    case CHUNK_DATA:
    case DONE:
        break;
    }
    return malformed(err, "bytes out of place");
}

/* One byte of a line; at its LF the line is judged. */
static int feed_line(struct pk_http_answer *a, uint8_t byte, struct pk_error *err)
{
    bool after_cr = a->line_len > 0 && a->line[a->line_len - 1] == '\r';
    int rc;

    if (++a->head_seen > PK_HTTP_HEAD_MAX && a->state != CHUNK_SIZE && a->state != CHUNK_END) {
        return pk_error_set(err, PK_ELIMIT, "answer refused: its head is too long");
    }
    if (byte == '\n') {
        if (!after_cr) {
            return malformed(err, "a line that does not end in CRLF");
        }
        a->line[a->line_len - 1] = '\0';
        a->line_len = 0;
        rc = on_line(a, err);
        return rc;
    }
    if (after_cr || byte == '\0' || (byte < 0x20 && byte != '\t' && byte != '\r') || byte == 0x7f) {
        return malformed(err, "a control character in a line");
    }
    if (a->line_len + 1 >= sizeof(a->line)) {
        return pk_error_set(err, PK_ELIMIT, "answer refused: a line is too long");
    }
    a->line[a->line_len++] = (char)byte;
    return PK_OK;
}

static int feed_body(
        struct pk_http_answer *a, struct pk_slice in, size_t *used, struct pk_error *err)
{
    size_t n = in.len < a->left ? in.len : (size_t)a->left;

    if (pk_buffer_put(&a->body, in.ptr, n) < 0) {
        return pk_error_set(err, a->body.rc, "answer refused: %s", pk_code_text(a->body.rc));
    }
    a->left -= n;
    *used += n;
    if (a->left == 0) {
        if (a->state == CHUNK_DATA) {
            a->state = CHUNK_END;
        } else {
            end(a);
        }
    }
    return PK_OK;
}

int pk_http_answer_feed(
        struct pk_http_answer *answer, struct pk_slice in, size_t *used, struct pk_error *err)
{
    *used = 0;
    while (*used < in.len && !answer->done) {
        int rc;

        if (answer->state == BODY || answer->state == CHUNK_DATA) {
            rc = feed_body(answer, pk_slice_of(in.ptr + *used, in.len - *used), used, err);
        } else {
            rc = feed_line(answer, in.ptr[(*used)++], err);
        }
        if (rc < 0) {
            return rc;
        }
    }
    return PK_OK;
}
