#include "agent/probe_pac.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"

#define STRING_MAX 1024 /* of one string, put together */
#define NAMES_MAX  32
#define WORD_MAX   48
#define VALUE_MAX  160
#define PROXY_MAX  300

enum token {
    TOKEN_END,
    TOKEN_NAME,
    TOKEN_STRING,
    TOKEN_SIGN,
};

struct name {
    char name[WORD_MAX];
    char value[VALUE_MAX];
};

struct reader {
    struct pk_slice in;
    size_t pos;
    struct pk_arena *arena;
    struct pk_pac *pac;
    const char **proxies;
    struct name names[NAMES_MAX];
    size_t name_count;
    char text[STRING_MAX]; /* of the last string or name */
    char sign;
    bool says_direct;
    bool computes; /* "PROXY " and then something that is not to be read */
    bool hides;    /* eval() and the like */
};

static int peek(const struct reader *r, size_t ahead)
{
    return r->in.len - r->pos > ahead ? r->in.ptr[r->pos + ahead] : -1;
}

/* Blanks, and comments of both kinds. */
static void skip_blank(struct reader *r)
{
    for (;;) {
        int c = peek(r, 0);

        if (c == '/' && peek(r, 1) == '/') {
            while (peek(r, 0) >= 0 && peek(r, 0) != '\n') {
                r->pos++;
            }
        } else if (c == '/' && peek(r, 1) == '*') {
            r->pos += 2;
            while (peek(r, 0) >= 0 && !(peek(r, 0) == '*' && peek(r, 1) == '/')) {
                r->pos++;
            }
            r->pos += peek(r, 0) >= 0 ? 2 : 0;
        } else if (c >= 0 && isspace(c)) {
            r->pos++;
        } else {
            return;
        }
    }
}

/* \n, \xNN, \uNNNN, or the character itself (ECMA-262 section 12.9.4). */
static int read_escape(struct reader *r)
{
    int c = peek(r, 0);
    int digits = c == 'x' ? 2 : c == 'u' ? 4 : 0;
    int value = 0;

    if (c < 0) {
        return -1;
    }
    r->pos++;
    if (digits == 0) {
        return c == 'n' || c == 't' || c == 'r' ? ' ' : c == '\n' ? 0 : c;
    }
    for (int i = 0; i < digits && peek(r, 0) >= 0 && isxdigit(peek(r, 0)); i++) {
        int digit = peek(r, 0);

        value = value * 16 + (isdigit(digit) ? digit - '0' : tolower(digit) - 'a' + 10);
        r->pos++;
    }
    return value < 0x80 ? value : '?';
}

static void read_string(struct reader *r, int quote)
{
    size_t len = 0;

    r->pos++;
    while (peek(r, 0) >= 0 && peek(r, 0) != quote) {
        int c = peek(r, 0);

        r->pos++;
        if (c == '\\') {
            c = read_escape(r);
        } else if (c == '\n' && quote != '`') {
            break; /* not closed */
        }
        if (c > 0 && len < sizeof(r->text) - 1) {
            r->text[len++] = (char)c;
        }
    }
    r->text[len] = '\0';
    r->pos += peek(r, 0) == quote;
}

static enum token next(struct reader *r)
{
    size_t len = 0;
    int c;

    skip_blank(r);
    c = peek(r, 0);
    if (c < 0) {
        return TOKEN_END;
    }
    if (c == '"' || c == '\'' || c == '`') {
        read_string(r, c);
        return TOKEN_STRING;
    }
    if (isalnum(c) || c == '_' || c == '$') {
        while (peek(r, 0) >= 0 && (isalnum(peek(r, 0)) || peek(r, 0) == '_' || peek(r, 0) == '$')) {
            if (len < sizeof(r->text) - 1) {
                r->text[len++] = (char)peek(r, 0);
            }
            r->pos++;
        }
        r->text[len] = '\0';
        return TOKEN_NAME;
    }
    r->sign = (char)c;
    r->pos++;
    return TOKEN_SIGN;
}

static struct name *find_name(struct reader *r, const char *name)
{
    for (size_t i = 0; i < r->name_count; i++) {
        if (strcmp(r->names[i].name, name) == 0) {
            return &r->names[i];
        }
    }
    return NULL;
}

static void set_name(struct reader *r, const char *name, const char *value)
{
    struct name *row = find_name(r, name);

    if (row == NULL && r->name_count < NAMES_MAX) {
        row = &r->names[r->name_count++];
        snprintf(row->name, sizeof(row->name), "%s", name);
    }
    if (row != NULL) {
        snprintf(row->value, sizeof(row->value), "%s", value);
    }
}

static void keep_proxy(struct reader *r, const char *text, size_t len)
{
    char *kept;

    if (len == 0) {
        r->computes = true;
        return;
    }
    for (size_t i = 0; i < r->pac->proxies.count; i++) {
        if (strlen(r->proxies[i]) == len && strncasecmp(r->proxies[i], text, len) == 0) {
            return;
        }
    }
    if (r->pac->proxies.count == PK_PAC_PROXIES_MAX || len >= PROXY_MAX) {
        return;
    }
    kept = pk_arena_strndup(r->arena, text, len);
    for (size_t i = 0; kept != NULL && i < len; i++) {
        kept[i] = (char)(kept[i] > ' ' && kept[i] < 0x7f ? kept[i] : '?');
    }
    r->proxies[r->pac->proxies.count] = kept;
    r->pac->proxies.count += kept != NULL;
}

/* "PROXY a:8080; SOCKS5 b:1080; DIRECT" */
static void read_result(struct reader *r, const char *text)
{
    static const char *const kinds[] = { "PROXY", "HTTPS", "HTTP", "SOCKS", "SOCKS4", "SOCKS5",
        "QUIC" };

    while (*text != '\0') {
        size_t len;
        size_t word;

        text += strspn(text, " \t;");
        len = strcspn(text, ";");
        word = strcspn(text, " \t;");
        if (word == strlen("DIRECT") && strncasecmp(text, "DIRECT", word) == 0) {
            r->says_direct = true;
        }
        for (size_t i = 0; i < PK_COUNT(kinds); i++) {
            if (word == strlen(kinds[i]) && strncasecmp(text, kinds[i], word) == 0 &&
                    (word < len || text[word] != '\0' || strcmp(kinds[i], "PROXY") == 0)) {
                size_t at = word + strspn(text + word, " \t");
                size_t end = at + strcspn(text + at, " \t;");

                keep_proxy(r, text + at, end - at);
            }
        }
        text += len;
    }
}

/* A string with all that is added to it; the next token is the one behind. */
static enum token read_sum(struct reader *r, enum token token, char out[STRING_MAX])
{
    size_t len = 0;

    for (;;) {
        const char *piece = r->text;

        if (token == TOKEN_NAME) {
            const struct name *name = find_name(r, r->text);

            piece = name != NULL ? name->value : "";
        }
        while (*piece != '\0' && len < STRING_MAX - 1) {
            out[len++] = *piece++;
        }
        out[len] = '\0';
        token = next(r);
        if (token != TOKEN_SIGN || r->sign != '+') {
            return token;
        }
        token = next(r);
        if (token != TOKEN_STRING && token != TOKEN_NAME) {
            return token;
        }
    }
}

static bool is_hiding(const char *name)
{
    static const char *const names[] = { "eval", "atob", "unescape", "decodeURIComponent",
        "decodeURI", "fromCharCode", "Function", "reverse", "charCodeAt" };

    for (size_t i = 0; i < PK_COUNT(names); i++) {
        if (strcmp(name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void read_script(struct reader *r)
{
    char sum[STRING_MAX];
    char name[WORD_MAX] = "";
    bool assigns = false;
    enum token token = next(r);

    while (token != TOKEN_END) {
        if (token == TOKEN_STRING || (token == TOKEN_NAME && find_name(r, r->text) != NULL)) {
            char known[WORD_MAX] = "";

            if (token == TOKEN_NAME) {
                snprintf(known, sizeof(known), "%.47s", r->text);
            }
            token = read_sum(r, token, sum);
            read_result(r, sum);
            if (assigns) {
                set_name(r, name, sum);
            }
            memcpy(name, known, sizeof(name)); /* it may be assigned anew */
            assigns = known[0] != '\0' && token == TOKEN_SIGN && r->sign == '=';
            if (assigns) {
                token = next(r);
            }
            continue;
        }
        if (token == TOKEN_NAME) {
            r->pac->is_script |= strncmp(r->text, "FindProxyForURL", 15) == 0;
            r->hides |= is_hiding(r->text);
            snprintf(name, sizeof(name), "%.47s", r->text);
            assigns = false;
        } else {
            assigns = r->sign == '=' && !assigns && name[0] != '\0';
        }
        token = next(r);
    }
}

int pk_pac_read(struct pk_slice script, struct pk_arena *arena, struct pk_pac *out)
{
    struct pk_pac pac = { .is_script = false };
    struct reader *r = pk_arena_alloc(arena, 1, sizeof(*r));

    if (r != NULL) {
        r->proxies = pk_arena_alloc(arena, PK_PAC_PROXIES_MAX, sizeof(*r->proxies));
    }
    if (r == NULL || r->proxies == NULL) {
        return PK_ENOMEM;
    }
    r->in = script;
    r->arena = arena;
    r->pac = &pac;
    read_script(r);
    pac.proxies.items = r->proxies;
    pac.direct = pac.proxies.count > 0 || r->computes ? PK_TRI_NO
            : r->says_direct && !r->hides             ? PK_TRI_YES
                                                      : PK_TRI_UNKNOWN;
    *out = pac;
    return PK_OK;
}
