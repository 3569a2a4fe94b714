#include "intel/stix_pattern.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum token {
    T_END,
    T_OPEN,  /* [ */
    T_CLOSE, /* ] */
    T_LEFT,  /* ( */
    T_RIGHT, /* ) */
    T_COMMA,
    T_TEXT, /* '...' */
    T_WORD, /* paths, operators, numbers, typed literals without their text */
    T_BAD,
};

struct lexer {
    const char *p;
    const char *end;
    char text[PK_INTEL_VALUE_MAX]; /* of a text or word */
};

/* '...' with \' and \\ in it. */
static enum token text_token(struct lexer *l)
{
    size_t n = 0;

    for (l->p++; l->p < l->end && *l->p != '\''; l->p++) {
        if (*l->p == '\\' && l->p + 1 < l->end) {
            l->p++;
        }
        if (n + 1 >= sizeof(l->text)) {
            return T_BAD;
        }
        l->text[n++] = *l->p;
    }
    if (l->p == l->end) {
        return T_BAD;
    }
    l->p++;
    l->text[n] = '\0';
    return T_TEXT;
}

/* Up to white space or a sign. Quoted steps belong to paths: file:hashes.'SHA-256'. Operators are words of
 * their own signs. */
static enum token word_token(struct lexer *l)
{
    size_t n = 0;
    bool sign = strchr("=<>!", *l->p) != NULL;

    while (l->p < l->end && !isspace((unsigned char)*l->p) && strchr("[](),", *l->p) == NULL) {
        if ((strchr("=<>!", *l->p) != NULL) != sign) {
            break;
        }
        if (*l->p == '\'') {
            bool step = n > 0 && (l->text[n - 1] == '.' || l->text[n - 1] == ':');
            const char *close = step ? memchr(l->p + 1, '\'', (size_t)(l->end - l->p - 1)) : NULL;

            if (close == NULL) {
                break;
            }
            for (l->p++; l->p < close && n + 1 < sizeof(l->text); l->p++) {
                l->text[n++] = *l->p;
            }
            l->p = close + 1;
            continue;
        }
        if (n + 1 >= sizeof(l->text)) {
            return T_BAD;
        }
        l->text[n++] = *l->p++;
    }
    l->text[n] = '\0';
    /* References into lists: "protocols[0]", "[*]". */
    if (n > 0 && l->p < l->end && *l->p == '[' && !sign && strchr(l->text, ':') != NULL) {
        const char *close = memchr(l->p, ']', (size_t)(l->end - l->p));

        if (close != NULL && close - l->p <= 12) {
            l->p = close + 1;
            if (l->p < l->end && *l->p == '.') {
                while (l->p < l->end && !isspace((unsigned char)*l->p) &&
                        strchr("[](),=<>!'", *l->p) == NULL && n + 1 < sizeof(l->text)) {
                    l->text[n++] = *l->p++;
                }
            }
        }
    }
    l->text[n] = '\0';
    return n > 0 ? T_WORD : T_BAD;
}

static enum token next(struct lexer *l)
{
    static const char signs[] = "[](),";
    static const enum token tokens[] = { T_OPEN, T_CLOSE, T_LEFT, T_RIGHT, T_COMMA };
    const char *sign;

    while (l->p < l->end && isspace((unsigned char)*l->p)) {
        l->p++;
    }
    if (l->p == l->end) {
        return T_END;
    }
    sign = *l->p != '\0' ? strchr(signs, *l->p) : NULL;
    if (sign != NULL) {
        l->p++;
        return tokens[sign - signs];
    }
    if (*l->p == '\0') {
        return T_BAD;
    }
    return *l->p == '\'' ? text_token(l) : word_token(l);
}

static bool is(const struct lexer *l, const char *word)
{
    return strcasecmp(l->text, word) == 0;
}

static int hash_kind(const char *name, const int of[3])
{
    if (strcasecmp(name, "MD5") == 0) {
        return of[0];
    }
    if (strcasecmp(name, "SHA-1") == 0 || strcasecmp(name, "SHA1") == 0) {
        return of[1];
    }
    if (strcasecmp(name, "SHA-256") == 0 || strcasecmp(name, "SHA256") == 0) {
        return of[2];
    }
    return -1;
}

static int kind_of(const char *path)
{
    static const struct {
        const char *path;
        int kind;
    } rows[] = {
        { "domain-name:value", PK_INTEL_DOMAIN },
        { "ipv4-addr:value", PK_INTEL_IP },
        { "ipv6-addr:value", PK_INTEL_IP },
        { "url:value", PK_INTEL_URL },
        { "email-addr:value", PK_INTEL_EMAIL },
        { "email-message:from_ref.value", PK_INTEL_EMAIL },
        { "email-message:sender_ref.value", PK_INTEL_EMAIL },
        { "file:name", PK_INTEL_FILE_NAME },
        { "file:path", PK_INTEL_FILE_PATH },
        { "directory:path", PK_INTEL_FILE_PATH },
        { "process:name", PK_INTEL_PROCESS },
        { "configuration-profile:id", PK_INTEL_PROFILE },
        { "android-property:name", PK_INTEL_PROPERTY },
        { "app:id", PK_INTEL_PACKAGE },
        { "software:swid", -1 },
        { "network-traffic:extensions.tls-ext.ja3", PK_INTEL_JA3 },
    };
    static const struct {
        const char *prefix;
        int kinds[3];
    } hashes[] = {
        { "file:hashes.", { PK_INTEL_MD5, PK_INTEL_SHA1, PK_INTEL_SHA256 } },
        { "app:cert.", { PK_INTEL_SIGNER, PK_INTEL_SIGNER, PK_INTEL_SIGNER } },
        { "x509-certificate:hashes.", { PK_INTEL_TLS_CERT, PK_INTEL_TLS_CERT, PK_INTEL_TLS_CERT } },
    };

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        if (strcasecmp(path, rows[i].path) == 0) {
            return rows[i].kind;
        }
    }
    for (size_t i = 0; i < PK_COUNT(hashes); i++) {
        size_t len = strlen(hashes[i].prefix);

        if (strncasecmp(path, hashes[i].prefix, len) == 0) {
            return hash_kind(path + len, hashes[i].kinds);
        }
    }
    return -1;
}

/* Both ends of a connection are addresses or names; the value tells which. */
static int kind_of_value(const char *path, const char *value)
{
    if (strcasecmp(path, "network-traffic:dst_ref.value") == 0 ||
            strcasecmp(path, "network-traffic:src_ref.value") == 0) {
        int guess = pk_intel_guess(value, strlen(value));

        return guess == PK_INTEL_IP || guess == PK_INTEL_DOMAIN ? guess : -1;
    }
    return kind_of(path);
}

static bool is_hash(int kind)
{
    return kind == PK_INTEL_MD5 || kind == PK_INTEL_SHA1 || kind == PK_INTEL_SHA256 ||
            kind == PK_INTEL_SIGNER || kind == PK_INTEL_TLS_CERT;
}

struct parse {
    struct lexer l;
    int (*take)(void *to, const struct pk_stix_term *term);
    void *to;
    size_t terms;
    size_t combined;
    bool joint;   /* AND or FOLLOWEDBY between observations: nothing in them stands for itself */
    bool anded;   /* AND within this observation */
    bool telling; /* second pass: the shape is known */
};

static int tell(struct parse *p, struct pk_stix_term *term)
{
    if (++p->terms > PK_STIX_TERMS_MAX) {
        return PK_ELIMIT;
    }
    if (!p->telling) {
        return PK_OK;
    }
    term->kind = kind_of_value(term->path, term->value);
    if (p->joint || (p->anded && !is_hash(term->kind))) {
        p->combined++;
        return PK_OK;
    }
    return p->take(p->to, term);
}

/* "= 'x'" or "IN ('x', 'y')"; other operators make conditions, not values. */
static int comparison(struct parse *p, const char *path)
{
    struct pk_stix_term term = { .kind = -1 };
    enum token t = next(&p->l);
    bool negated = false;
    bool in;
    int rc = PK_OK;

    if (strlen(path) >= sizeof(term.path)) {
        return PK_ELIMIT;
    }
    memcpy(term.path, path, strlen(path) + 1);
    if (t == T_WORD && is(&p->l, "NOT")) {
        negated = true;
        t = next(&p->l);
    }
    if (t != T_WORD) {
        return PK_EMALF;
    }
    in = is(&p->l, "IN");
    negated = negated || !(in || is(&p->l, "=") || is(&p->l, "=="));
    t = next(&p->l);
    if (in && t != T_LEFT) {
        return PK_EMALF;
    }
    t = in ? next(&p->l) : t;
    while (t == T_TEXT || t == T_WORD) {
        memcpy(term.value, p->l.text, strlen(p->l.text) + 1);
        if (t == T_WORD) { /* b'..' h'..' t'..', a number, true */
            const char *save = p->l.p;

            if (p->l.p < p->l.end && *p->l.p == '\'' && next(&p->l) != T_TEXT) {
                p->l.p = save;
                return PK_EMALF;
            }
        } else if (!negated) {
            rc = tell(p, &term);
            if (rc < 0) {
                return rc;
            }
        } else {
            p->combined += p->telling ? 1 : 0;
        }
        if (!in) {
            return PK_OK;
        }
        t = next(&p->l);
        if (t == T_RIGHT) {
            return PK_OK;
        }
        t = t == T_COMMA ? next(&p->l) : T_BAD;
    }
    return PK_EMALF;
}

/* Inside [...]: comparisons joined by AND, OR and brackets. */
static int observation(struct parse *p)
{
    for (;;) {
        enum token t = next(&p->l);
        int rc = PK_OK;

        if (t == T_CLOSE) {
            return PK_OK;
        }
        if (t == T_LEFT || t == T_RIGHT) {
            continue;
        }
        if (t != T_WORD) {
            return PK_EMALF;
        }
        if (is(&p->l, "AND")) {
            p->anded = true;
        } else if (strchr(p->l.text, ':') != NULL) {
            char path[PK_INTEL_VALUE_MAX];

            memcpy(path, p->l.text, strlen(p->l.text) + 1);
            rc = comparison(p, path);
        } else if (!is(&p->l, "OR") && !is(&p->l, "NOT") && !is(&p->l, "EXISTS")) {
            return PK_EMALF;
        }
        if (rc < 0) {
            return rc;
        }
    }
}

/* Does the observation that begins here have an AND? Looks ahead, leaves the place. */
static int look_ahead(struct parse *p)
{
    struct lexer here = p->l;
    bool telling = p->telling;
    size_t terms = p->terms;
    int rc;

    p->telling = false;
    p->anded = false;
    rc = observation(p);
    p->l = here;
    p->telling = telling;
    p->terms = terms;
    return rc;
}

static int expression(struct parse *p)
{
    size_t observations = 0;

    for (;;) {
        enum token t = next(&p->l);
        int rc = PK_OK;

        if (t == T_END) {
            return observations > 0 ? PK_OK : PK_EMALF;
        }
        if (t == T_OPEN) {
            observations++;
            rc = p->telling ? look_ahead(p) : PK_OK;
            rc = rc < 0 ? rc : observation(p);
        } else if (t == T_WORD) {
            p->joint = p->joint || is(&p->l, "AND") || is(&p->l, "FOLLOWEDBY");
        } else if (t == T_BAD || t == T_CLOSE) {
            return PK_EMALF;
        }
        if (rc < 0) {
            return rc;
        }
    }
}

int pk_stix_pattern(const char *pattern, size_t len,
        int (*take)(void *to, const struct pk_stix_term *term), void *to, size_t *combined)
{
    struct parse *p;
    int rc;

    *combined = 0;
    if (len > PK_STIX_PATTERN_MAX) {
        return PK_ELIMIT;
    }
    p = calloc(1, sizeof(*p));
    if (p == NULL) {
        return PK_ENOMEM;
    }
    p->l = (struct lexer){ .p = pattern, .end = pattern + len };
    p->take = take;
    p->to = to;
    rc = expression(p); /* the first pass finds what joins the observations */
    if (rc == PK_OK) {
        p->l.p = pattern;
        p->terms = 0;
        p->telling = true;
        rc = expression(p);
        *combined = p->combined;
    }
    free(p);
    return rc;
}
