#include <ctype.h>
#include <math.h>
#include <string.h>

#include "defense/network/names_internal.h"

#define LABELS_MAX     128
#define PATH_MAX_BYTES 1024
#define GROUPS_OF_PATH 200
#define TOKEN_MAX      20

static const char *const second_level[] = { "co", "com", "net", "org", "gov", "edu", "ac", "or",
    "ne", "go", "gob", "gr", "ed", "lg", "nom", "mil", "info" };
static const char *const hosting[] = { "web.app", "firebaseapp.com", "github.io", "gitlab.io",
    "blogspot.com", "weebly.com", "wixsite.com", "pages.dev", "workers.dev", "netlify.app",
    "vercel.app", "herokuapp.com", "duckdns.org", "000webhostapp.com", "glitch.me", "r2.dev",
    "repl.co", "ngrok.io", "ngrok-free.app", "azurewebsites.net", "appspot.com", "godaddysites.com",
    "square.site", "webflow.io", "myftp.org", "ddns.net", "hopto.org", "trycloudflare.com",
    "surge.sh", "onrender.com", "fly.dev", "cfolks.pl", "wordpress.com", "jimdosite.com",
    "webcindario.com", "ipfs.dweb.link", "blob.core.windows.net" };
static const char *const words[] = { "login", "signin", "secure", "security", "account", "verify",
    "verification", "update", "confirm", "support", "service", "billing", "payment", "wallet",
    "bank", "card", "auth", "token", "unlock", "recover", "client", "customer", "member", "webmail",
    "mail", "gift", "bonus", "prize", "delivery", "parcel", "tracking", "alert", "id", "online" };

struct text {
    const char *ptr;
    size_t len;
};

/* A name in its parts. */
struct parts {
    char host[PK_NAME_HOST_MAX];
    size_t len;
    struct text before[LABELS_MAX];
    size_t before_count;
    struct text label; /* what somebody registered */
    struct text suffix;
    bool hosted;
};

static bool same(struct text a, const char *b)
{
    return strlen(b) == a.len && memcmp(a.ptr, b, a.len) == 0;
}

static bool holds(struct text a, const char *b, size_t len)
{
    return len <= a.len && memmem(a.ptr, a.len, b, len) != NULL;
}

static bool any_of(struct text a, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (same(a, list[i])) {
            return true;
        }
    }
    return false;
}

/* --- parts -------------------------------------------------------------------------------- */

static bool normalise(const char *in, size_t len, struct parts *p)
{
    while (len > 0 && in[len - 1] == '.') {
        len--;
    }
    if (len > 4 && strncasecmp(in, "www.", 4) == 0) {
        in += 4;
        len -= 4;
    }
    if (len == 0 || len >= PK_NAME_HOST_MAX || in[0] == '.' || memchr(in, '.', len) == NULL) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)in[i];

        if ((isalnum(c) == 0 || c > 127) && c != '-' && c != '_' && c != '.') {
            return false;
        }
        if (c == '.' && i > 0 && in[i - 1] == '.') {
            return false;
        }
        p->host[i] = (char)tolower(c);
    }
    p->host[len] = '\0';
    p->len = len;
    return true;
}

static size_t split_labels(const char *host, size_t len, struct text out[LABELS_MAX])
{
    size_t count = 0;
    size_t from = 0;

    for (size_t i = 0; i <= len && count < LABELS_MAX; i++) {
        if (i == len || host[i] == '.') {
            out[count++] = (struct text){ host + from, i - from };
            from = i + 1;
        }
    }
    return count;
}

static bool split_hosted(struct parts *p)
{
    for (size_t i = 0; i < PK_COUNT(hosting); i++) {
        size_t len = strlen(hosting[i]);

        if (p->len > len + 1 && p->host[p->len - len - 1] == '.' &&
                memcmp(p->host + p->len - len, hosting[i], len) == 0) {
            p->before_count = split_labels(p->host, p->len - len - 1, p->before) - 1;
            p->label = p->before[p->before_count];
            p->suffix = (struct text){ p->host + p->len - len, len };
            p->hosted = true;
            return true;
        }
    }
    return false;
}

static void split(struct parts *p)
{
    size_t count;
    size_t keep = 1;

    if (split_hosted(p)) {
        return;
    }
    count = split_labels(p->host, p->len, p->before);
    if (count >= 3 && p->before[count - 1].len == 2 &&
            any_of(p->before[count - 2], second_level, PK_COUNT(second_level))) {
        keep = 2;
    }
    keep = count <= keep ? count - 1 : keep;
    p->before_count = count - keep - 1;
    p->label = p->before[p->before_count];
    p->suffix.ptr = p->before[count - keep].ptr;
    p->suffix.len = (size_t)(p->host + p->len - p->suffix.ptr);
    p->hosted = false;
}

/* --- numbers ------------------------------------------------------------------------------ */

static float entropy(struct text t)
{
    unsigned counts[256] = { 0 };
    double sum = 0;

    for (size_t i = 0; i < t.len; i++) {
        counts[(unsigned char)t.ptr[i]]++;
    }
    for (size_t i = 0; i < PK_COUNT(counts); i++) {
        if (counts[i] > 0) {
            double share = counts[i] / (double)t.len;

            sum -= share * log2(share);
        }
    }
    return (float)sum;
}

static size_t longest_run(struct text t, const char *members)
{
    size_t best = 0;
    size_t now = 0;

    for (size_t i = 0; i < t.len; i++) {
        now = strchr(members, t.ptr[i]) != NULL ? now + 1 : 0;
        best = now > best ? now : best;
    }
    return best;
}

static size_t count_of(struct text t, const char *members)
{
    size_t count = 0;

    for (size_t i = 0; i < t.len; i++) {
        count += t.ptr[i] != '\0' && strchr(members, t.ptr[i]) != NULL;
    }
    return count;
}

static float capped(size_t value, size_t most)
{
    return (float)(value < most ? value : most);
}

static float share(size_t part, size_t whole)
{
    return (float)part / (float)(whole > 0 ? whole : 1);
}

/* --- brands ------------------------------------------------------------------------------- */

static bool owns(const struct parts *p, const struct pk_brand *brand)
{
    for (size_t i = 0; brand->domains[i] != NULL; i++) {
        size_t len = strlen(brand->domains[i]);

        if (p->len >= len && memcmp(p->host + p->len - len, brand->domains[i], len) == 0 &&
                (p->len == len || p->host[p->len - len - 1] == '.')) {
            return true;
        }
    }
    return false;
}

/* Digits that stand for letters, no separators, pairs that look like one letter: what the eye takes. */
static struct text squash(struct text t, char out[PK_NAME_HOST_MAX])
{
    static const char digits[] = "013456";
    static const char letters[] = "oleasb";
    char plain[PK_NAME_HOST_MAX];
    char wide[PK_NAME_HOST_MAX];
    size_t n = 0;
    size_t m = 0;
    size_t len = 0;

    for (size_t i = 0; i < t.len; i++) {
        const char *at = strchr(digits, t.ptr[i]);

        if (t.ptr[i] != '-' && t.ptr[i] != '_') {
            plain[n++] = at != NULL ? letters[at - digits] : t.ptr[i];
        }
    }
    for (size_t i = 0; i < n; i++) {
        bool pair = plain[i] == 'v' && i + 1 < n && plain[i + 1] == 'v';

        wide[m++] = pair ? 'w' : plain[i];
        i += pair;
    }
    for (size_t i = 0; i < m; i++) {
        bool pair = wide[i] == 'r' && i + 1 < m && wide[i + 1] == 'n';

        out[len++] = pair ? 'm' : wide[i];
        i += pair;
    }
    return (struct text){ out, len };
}

static bool rest_same(struct text a, size_t from_a, struct text b, size_t from_b)
{
    size_t left_a = a.len > from_a ? a.len - from_a : 0;
    size_t left_b = b.len > from_b ? b.len - from_b : 0;

    return left_a == left_b && (left_a == 0 || memcmp(a.ptr + from_a, b.ptr + from_b, left_a) == 0);
}

/* At most one letter changed, added, left out, or two neighbours swapped. */
static bool near(struct text a, struct text b)
{
    size_t i = 0;

    if (a.len > b.len + 1 || b.len > a.len + 1) {
        return false;
    }
    while (i < a.len && i < b.len && a.ptr[i] == b.ptr[i]) {
        i++;
    }
    if (a.len == b.len) {
        return i == a.len || rest_same(a, i + 1, b, i + 1) ||
                (i + 1 < a.len && a.ptr[i] == b.ptr[i + 1] && a.ptr[i + 1] == b.ptr[i] &&
                        rest_same(a, i + 2, b, i + 2));
    }
    return a.len > b.len ? rest_same(a, i + 1, b, i) : rest_same(b, i + 1, a, i);
}

/* The next piece between separators, without empty ones. */
static bool next_token(struct text t, size_t *at, const char *separators, struct text *out)
{
    while (*at < t.len && strchr(separators, t.ptr[*at]) != NULL) {
        (*at)++;
    }
    out->ptr = t.ptr + *at;
    while (*at < t.len && strchr(separators, t.ptr[*at]) == NULL) {
        (*at)++;
    }
    out->len = (size_t)(t.ptr + *at - out->ptr);
    return out->len > 0;
}

static bool brand_before(const struct parts *p, const struct pk_brand *brand)
{
    struct text token;

    for (size_t i = 0; i < p->before_count; i++) {
        size_t at = 0;

        if (brand->len >= 6 && holds(p->before[i], brand->name, brand->len)) {
            return true;
        }
        while (next_token(p->before[i], &at, "-_", &token)) {
            if (same(token, brand->name)) {
                return true;
            }
        }
    }
    return false;
}

/* Adds this brand's signs; true when there is one. */
static bool brand_signs(const struct parts *p, const struct pk_brand *brand, float signs[4])
{
    const struct text name = { brand->name, brand->len };
    char buffer[PK_NAME_HOST_MAX];
    bool word = false;
    bool like = false;
    bool before;
    bool part;
    struct text token;
    size_t at = 0;

    while (next_token(p->label, &at, "-_", &token)) {
        if (same(token, brand->name)) {
            word = true;
        } else if (brand->len >= 5) {
            like |= same(squash(token, buffer), brand->name) || near(token, name);
        }
    }
    before = brand_before(p, brand);
    part = brand->len >= 5 && !word && holds(p->label, brand->name, brand->len);
    signs[0] += before && signs[0] < 1 ? 1 : 0;
    signs[1] += word && signs[1] < 1 ? 1 : 0;
    signs[2] += part && signs[2] < 1 ? 1 : 0;
    signs[3] += like && signs[3] < 1 ? 1 : 0;
    return before || word || part || like;
}

/* --- letter groups ------------------------------------------------------------------------ */

static uint32_t fnv_more(uint32_t h, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        h = (h ^ (unsigned char)bytes[i]) * 16777619U;
    }
    return h;
}

static uint32_t set_slot(struct pk_name_features *out, char kind, const char *bytes, size_t len)
{
    const char prefix[2] = { kind, ':' };
    uint32_t slot = fnv_more(fnv_more(2166136261U, prefix, 2), bytes, len) % PK_NAME_SLOTS;

    out->slots[slot / 64] |= 1ULL << (slot % 64);
    return slot;
}

static void set_groups(struct pk_name_features *out, char kind, struct text t, size_t n)
{
    for (size_t i = 0; i + n <= t.len; i++) {
        (void)set_slot(out, kind, t.ptr + i, n);
    }
}

static void hash_host(const struct parts *p, struct pk_name_features *out)
{
    char text[PK_NAME_HOST_MAX + 4];
    size_t len = 0;

    out->suffix_slot = set_slot(out, 't', p->suffix.ptr, p->suffix.len);
    text[len++] = '^';
    memcpy(text + len, p->label.ptr, p->label.len);
    len += p->label.len;
    text[len++] = '$';
    set_groups(out, 'r', (struct text){ text, len }, 3);
    set_groups(out, 'r', (struct text){ text, len }, 4);
    if (p->before_count == 0) {
        return;
    }
    len = 0;
    for (size_t i = 0; i < p->before_count; i++) {
        text[len++] = '^';
        memcpy(text + len, p->before[i].ptr, p->before[i].len);
        len += p->before[i].len;
    }
    text[len++] = '$';
    set_groups(out, 's', (struct text){ text, len }, 3);
    set_groups(out, 's', (struct text){ text, len }, 4);
}

/* --- faces -------------------------------------------------------------------------------- */

static size_t count_words(const struct parts *p)
{
    const struct text host = { p->host, p->len };
    struct text token;
    size_t count = 0;
    size_t at = 0;

    while (next_token(host, &at, "-_.", &token)) {
        count += any_of(token, words, PK_COUNT(words));
    }
    return count;
}

/* A brand's own domain imitates no other one, however alike they are. */
static void fill_brands(const struct parts *p, struct pk_name_features *out)
{
    for (size_t i = 0; i < pk_brand_count; i++) {
        if (owns(p, &pk_brands[i])) {
            return;
        }
    }
    for (size_t i = 0; i < pk_brand_count; i++) {
        if (brand_signs(p, &pk_brands[i], out->dense + DENSE_BRAND_BEFORE) && out->brand == NULL) {
            out->brand = pk_brands[i].name;
        }
    }
}

static void fill_dense(const struct parts *p, struct pk_name_features *out)
{
    const struct text host = { p->host, p->len };
    float *d = out->dense;
    float most = 0;
    bool country = false;

    for (size_t i = 0; i < p->before_count; i++) {
        float e = entropy(p->before[i]);

        most = e > most ? e : most;
        country |= p->before[i].len == 2 && holds(p->suffix, p->before[i].ptr, 2);
    }
    d[0] = capped(p->len, 100) / 25;
    d[1] = capped(p->before_count, 6);
    d[2] = share(count_of(p->label, "0123456789"), p->label.len);
    d[DENSE_HYPHENS] = capped(count_of(host, "-"), 6);
    d[4] = capped(p->label.len, 40) / 10;
    d[5] = entropy(p->label);
    d[DENSE_PUNYCODE] = holds(host, "xn--", 4);
    fill_brands(p, out);
    d[DENSE_WORDS] = capped(count_words(p), 4);
    d[DENSE_HOSTED] = p->hosted;
    d[DENSE_CONSONANTS] = capped(longest_run(p->label, "bcdfghjklmnpqrstvwxz"), 10);
    d[DENSE_DIGITS] = capped(longest_run(p->label, "0123456789"), 8);
    d[DENSE_ADDRESS] = count_of(host, "0123456789.") == p->len;
    d[16] = p->label.len <= 3;
    d[17] = share(count_of(p->label, "aeiouy"), p->label.len);
    d[18] = most < 5 ? most : 5;
    d[DENSE_COUNTRY] = country;
    out->dense_count = PK_NAME_DENSE;
}

static bool host_features(const char *host, size_t len, struct pk_name_features *out)
{
    struct parts p;

    memset(out, 0, sizeof(*out));
    if (!normalise(host, len, &p)) {
        return false;
    }
    split(&p);
    fill_dense(&p, out);
    hash_host(&p, out);
    return true;
}

bool pk_name_features(const char *host, struct pk_name_features *out)
{
    return host_features(host, strlen(host), out);
}

/* Small letters; what is no visible ASCII character becomes one "?". Returns the length. */
static size_t clean_path(const char *in, char out[PATH_MAX_BYTES])
{
    size_t len = 0;

    for (; *in != '\0' && len < PATH_MAX_BYTES; in++) {
        unsigned char c = (unsigned char)*in;

        if ((c & 0xc0) != 0x80) { /* the rest of a character is not counted */
            out[len++] = c > ' ' && c <= '~' ? (char)tolower(c) : '?';
        }
    }
    return len;
}

static void hash_path(struct text path, struct pk_name_features *out)
{
    char text[GROUPS_OF_PATH + 2];
    size_t len = 0;

    for (size_t at = 0; at < path.len;) {
        size_t from = at;

        while (at < path.len && isalnum((unsigned char)path.ptr[at]) != 0) {
            at++;
        }
        if (at > from) {
            (void)set_slot(
                    out, 'q', path.ptr + from, at - from < TOKEN_MAX ? at - from : TOKEN_MAX);
        } else {
            at++;
        }
    }
    if (path.len > 1) {
        text[len++] = '^';
        memcpy(text + len, path.ptr, path.len < GROUPS_OF_PATH ? path.len : GROUPS_OF_PATH);
        len += path.len < GROUPS_OF_PATH ? path.len : GROUPS_OF_PATH;
        text[len++] = '$';
        set_groups(out, 'p', (struct text){ text, len }, 3);
    }
}

bool pk_url_features(const char *url, struct pk_name_features *out)
{
    const char *rest = strstr(url, "://") != NULL ? strstr(url, "://") + 3 : url;
    size_t cut = strcspn(rest, "/?#");
    const char *host = rest;
    const char *port;
    char bytes[PATH_MAX_BYTES];
    struct text path = { bytes, clean_path(rest + cut, bytes) };
    float *d = out->dense + PK_NAME_DENSE;
    size_t port_len;
    bool at = false;

    for (size_t i = 0; i < cut; i++) {
        if (rest[i] == '@') {
            host = rest + i + 1;
            at = true;
        }
    }
    cut -= (size_t)(host - rest);
    port = memchr(host, ':', cut);
    port_len = port != NULL ? (size_t)(host + cut - port - 1) : 0;
    if (!host_features(host, port != NULL ? (size_t)(port - host) : cut, out)) {
        return false;
    }
    hash_path(path, out);
    d[0] = capped(path.len, 200) / 25;
    d[1] = capped(count_of(path, "/"), 8);
    d[2] = share(count_of(path, "0123456789"), path.len);
    d[3] = capped(count_of(path, "="), 6);
    d[4] = count_of(path, "%") > 0;
    d[5] = holds(path, ".php", 4);
    d[6] = holds(path, ".htm", 4);
    d[7] = at;
    d[8] = port_len > 0 && !same((struct text){ port + 1, port_len }, "80") &&
            !same((struct text){ port + 1, port_len }, "443");
    d[9] = path.len <= 1;
    out->dense_count = PK_NAME_DENSE + PK_URL_DENSE;
    return true;
}
