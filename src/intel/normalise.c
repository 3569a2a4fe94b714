/* Values in normal form. What feeds write for people is undone: "hxxp", "[.]", "*." before a domain. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/utf8.h"
#include "intel/layout.h"

#define DOMAIN_MAX 253
#define LABEL_MAX  63
#define NAME_LIMIT 255

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\v' || c == '\f';
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static void fold(char *text)
{
    for (; *text != '\0'; text++) {
        *text = lower(*text);
    }
}

/* ASCII that stands for itself everywhere. */
static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x7f && c != '[' && c != '(';
}

/* Copies without white space around, "[.]" "(.)" "[dot]" "[:]" "[://]" undone. False: too long, empty,
 * control characters, not UTF-8. */
static bool clean(const char *text, size_t len, char out[PK_INTEL_VALUE_MAX])
{
    static const struct {
        const char *from;
        const char *to;
    } undone[] = { { "[.]", "." }, { "(.)", "." }, { "[dot]", "." }, { "[:]", ":" },
        { "[://]", "://" }, { "[@]", "@" }, { "[at]", "@" } };
    size_t n = 0;

    while (len > 0 && is_space(text[0])) {
        text++;
        len--;
    }
    while (len > 0 && is_space(text[len - 1])) {
        len--;
    }
    for (size_t i = 0; i < len;) {
        size_t step;
        bool found = false;

        /* Nearly every byte of nearly every value. */
        while (i < len && n + 8 < PK_INTEL_VALUE_MAX && is_plain((unsigned char)text[i])) {
            out[n++] = text[i++];
        }
        if (i == len) {
            break;
        }
        step = pk_utf8_next((const uint8_t *)text + i, len - i, NULL);

        if (step == 0 || (unsigned char)text[i] < 0x20 || text[i] == 0x7f ||
                n + step + 4 >= PK_INTEL_VALUE_MAX) {
            return false;
        }
        for (size_t u = 0; (text[i] == '[' || text[i] == '(') && u < PK_COUNT(undone); u++) {
            size_t from = strlen(undone[u].from);

            if (len - i >= from && strncasecmp(text + i, undone[u].from, from) == 0) {
                memcpy(out + n, undone[u].to, strlen(undone[u].to));
                n += strlen(undone[u].to);
                i += from;
                found = true;
                break;
            }
        }
        if (!found) {
            memcpy(out + n, text + i, step);
            n += step;
            i += step;
        }
    }
    out[n] = '\0';
    return n > 0;
}

/* Hex digits, with or without colons between them; returns their number, 0: something else. */
static size_t hex(char *text)
{
    size_t n = 0;

    for (const char *p = text; *p != '\0'; p++) {
        char c = lower(*p);

        if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')) {
            text[n++] = c;
        } else if (c != ':' && c != ' ') {
            return 0;
        }
    }
    text[n] = '\0';
    return n;
}

/* The name alone: letters, digits, '-', '_' and what is beyond ASCII, in two labels or more. */
static bool is_domain(const char *text, size_t len)
{
    size_t label = 0;
    size_t labels = 1;
    bool alpha = false;

    if (len == 0 || len > DOMAIN_MAX) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c == '.') {
            if (label == 0) {
                return false;
            }
            label = 0;
            labels++;
            alpha = false;
            continue;
        }
        if (!(isalnum(c) || c == '-' || c == '_' || c >= 0x80) || ++label > LABEL_MAX) {
            return false;
        }
        alpha = alpha || isalpha(c) || c >= 0x80;
    }
    return label > 0 && labels > 1 && alpha;
}

static void shift(char *text, size_t by)
{
    memmove(text, text + by, strlen(text + by) + 1);
}

/* "host", "host:port" or "*.host." -> "host". */
static bool domain(char *text)
{
    char *colon = strrchr(text, ':');
    size_t len;

    if (colon != NULL && colon[1] != '\0' && strspn(colon + 1, "0123456789") == strlen(colon + 1)) {
        *colon = '\0';
    }
    if (text[0] == '*' && text[1] == '.') {
        shift(text, 2);
    } else if (text[0] == '.') {
        shift(text, 1);
    }
    len = strlen(text);
    if (len > 0 && text[len - 1] == '.') {
        text[--len] = '\0';
    }
    fold(text);
    return is_domain(text, len);
}

/* Scheme and host in lower case; no fragment, no default port, no lonely '/' behind the host. */
static bool url(char *text)
{
    char *scheme = strstr(text, "://");
    char *host;
    char *end;
    char *fragment = strchr(text, '#');

    if (fragment != NULL) {
        *fragment = '\0';
    }
    if (scheme != NULL && strncasecmp(text, "hxxp", 4) == 0) {
        text[1] = 't';
        text[2] = 't';
    }
    host = scheme != NULL ? scheme + 3 : text;
    end = host + strcspn(host, "/?");
    for (char *p = text; p < end; p++) {
        *p = lower(*p);
    }
    for (const char *p = text; p < end; p++) {
        if (is_space(*p) || strchr("\"<>\\^`{|}'()", *p) != NULL) {
            return false;
        }
    }
    if (end - host > 3 && strncmp(end - 3, ":80", 3) == 0) {
        shift(end - 3, 3);
        end -= 3;
    } else if (end - host > 4 && strncmp(end - 4, ":443", 4) == 0) {
        shift(end - 4, 4);
        end -= 4;
    }
    if (strcmp(end, "/") == 0) {
        *end = '\0';
    }
    /* A host has a dot or is an address in brackets; what stands before an '@' is not the host. */
    return end > host && (scheme == NULL || scheme > text) && (size_t)(end - host) < NAME_LIMIT &&
            (memchr(host, '.', (size_t)(end - host)) != NULL || host[0] == '[');
}

static bool email(char *text)
{
    char *at = strchr(text, '@');

    fold(text);
    return at != NULL && at > text && at[1] != '\0' && strchr(at + 1, '@') == NULL &&
            strpbrk(text, " <>()[],;\"/\\") == NULL && strlen(text) <= NAME_LIMIT;
}

static bool only(const char *text, const char *extra)
{
    size_t n = 0;

    for (; text[n] != '\0'; n++) {
        if (!isalnum((unsigned char)text[n]) && strchr(extra, text[n]) == NULL) {
            return false;
        }
    }
    return n > 0 && n <= NAME_LIMIT;
}

static bool package(const char *text)
{
    size_t len = strlen(text);

    return only(text, "._-") && len >= 3 && text[0] != '.' && text[len - 1] != '.' &&
            strstr(text, "..") == NULL;
}

static bool ip(char *text)
{
    struct pk_intel_net net;

    if (!pk_intel_net_parse(text, strlen(text), &net)) {
        return false;
    }
    pk_intel_net_text(&net, text);
    return true;
}

bool pk_intel_normalise(int kind, const char *text, size_t len, char out[PK_INTEL_VALUE_MAX])
{
    size_t n;

    if (kind < 0 || kind >= PK_INTEL_KIND_COUNT || !clean(text, len, out)) {
        return false;
    }
    switch ((enum pk_intel_kind)kind) {
    case PK_INTEL_MD5:
    case PK_INTEL_JA3:
        return hex(out) == 32;
    case PK_INTEL_SHA1:
        return hex(out) == 40;
    case PK_INTEL_SHA256:
        return hex(out) == 64;
    case PK_INTEL_SIGNER:
    case PK_INTEL_TLS_CERT:
        n = hex(out);
        return n == 32 || n == 40 || n == 64;
    case PK_INTEL_PACKAGE:
        return package(out);
    case PK_INTEL_DOMAIN:
        return domain(out);
    case PK_INTEL_IP:
        return ip(out);
    case PK_INTEL_URL:
        return url(out);
    case PK_INTEL_EMAIL:
        return email(out);
    case PK_INTEL_PROFILE:
        fold(out);
        return only(out, "._- ");
    case PK_INTEL_FILE_NAME:
        return strchr(out, '/') == NULL && strlen(out) <= NAME_LIMIT;
    case PK_INTEL_FILE_PATH:
        return strpbrk(out, "/\\") != NULL && strlen(out) > 1;
    case PK_INTEL_PROCESS:
    case PK_INTEL_PROPERTY:
        return strlen(out) <= NAME_LIMIT;
    case PK_INTEL_KIND_COUNT:
        break;
    }
    return false;
}

/* Beginnings of package names, which stand last in names of hosts. */
static bool is_reversed(const char *text)
{
    static const char *const first[] = { "com", "org", "net", "io", "app", "dev", "me", "co",
        "info", "cn", "ru", "de", "fr", "jp", "in", "kr", "br", "tw", "ir", "tk", "xyz",
        "android" };
    size_t head = strcspn(text, ".");
    const char *last = strrchr(text, '.');
    bool starts = false;

    for (size_t i = 0; i < PK_COUNT(first); i++) {
        if (strlen(first[i]) == head && strncmp(text, first[i], head) == 0) {
            starts = true;
        }
        if (last != NULL && strcmp(last + 1, first[i]) == 0) {
            return false; /* "com.example.net" can be a host */
        }
    }
    return starts;
}

static bool is_uuid(const char *text)
{
    for (size_t i = 0; i < 36; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;

        if (dash ? text[i] != '-' : !isxdigit((unsigned char)text[i])) {
            return false;
        }
    }
    return text[36] == '\0';
}

int pk_intel_guess(const char *text, size_t len)
{
    char value[PK_INTEL_VALUE_MAX];
    char copy[PK_INTEL_VALUE_MAX];
    struct pk_intel_net net;
    const char *slash;
    size_t n;

    if (!clean(text, len, value)) {
        return -1;
    }
    memcpy(copy, value, strlen(value) + 1);
    n = hex(copy);
    if (n == 32 || n == 40 || n == 64) {
        return n == 32 ? PK_INTEL_MD5 : n == 40 ? PK_INTEL_SHA1 : PK_INTEL_SHA256;
    }
    if (strstr(value, "://") != NULL) {
        return PK_INTEL_URL;
    }
    if (pk_intel_net_parse(value, strlen(value), &net)) {
        return PK_INTEL_IP;
    }
    if (value[0] == '/') {
        return PK_INTEL_FILE_PATH;
    }
    if (is_uuid(value)) {
        return PK_INTEL_PROFILE;
    }
    slash = strchr(value, '/');
    if (slash == NULL && strchr(value, '@') != NULL) {
        return email(value) ? PK_INTEL_EMAIL : -1;
    }
    memcpy(copy, value, strlen(value) + 1);
    copy[slash != NULL ? (size_t)(slash - value) : strlen(value)] = '\0';
    if (slash != NULL && pk_intel_net_parse(copy, strlen(copy), &net)) {
        return PK_INTEL_URL;
    }
    if (domain(copy)) {
        if (slash != NULL) {
            return PK_INTEL_URL;
        }
        return is_reversed(value) && package(value) ? PK_INTEL_PACKAGE : PK_INTEL_DOMAIN;
    }
    return -1;
}
