#include "agent/page_diff.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/arena.h"

#define HOSTS_SEEN_MAX    64 /* of one page */
#define HOST_MAX          254
#define ACCOUNTS_SEEN_MAX 16
#define ACCOUNT_MAX       64
#define ACCOUNT_MIN       15 /* the shortest IBAN (Norway) */
#define ELEMENT_MAX       512
#define ELEMENTS_MAX      64 /* looked for in the page before */
#define PIECES_MAX        200
#define CONTEXT_MAX       32

const char *const pk_page_change_names[] = { "script", "frame", "form", "link", "insecure",
    "handler", "refresh", "account", "text", "replaced", "removed", NULL };

/* clang-format off */
static const struct {
    const char *text;
    enum pk_page_change change;
} marks[] = {
    { "<script", PK_PAGE_SCRIPT },
    { "javascript:", PK_PAGE_SCRIPT },
    { "<iframe", PK_PAGE_FRAME },
    { "<frame", PK_PAGE_FRAME },
    { "<object", PK_PAGE_FRAME },
    { "<embed", PK_PAGE_FRAME },
    { "<applet", PK_PAGE_FRAME },
    { "<form", PK_PAGE_FORM },
    { "type=\"password\"", PK_PAGE_FORM },
    { "type=password", PK_PAGE_FORM },
    { "http-equiv", PK_PAGE_REFRESH },
    { "<base", PK_PAGE_REFRESH },
    { "onload=", PK_PAGE_HANDLER },
    { "onerror=", PK_PAGE_HANDLER },
    { "onclick=", PK_PAGE_HANDLER },
    { "onmouseover=", PK_PAGE_HANDLER },
    { "onfocus=", PK_PAGE_HANDLER },
    { "onsubmit=", PK_PAGE_HANDLER },
};
/* clang-format on */

static bool begins(struct pk_slice in, size_t at, const char *text)
{
    size_t len = strlen(text);

    return in.len - at >= len && strncasecmp((const char *)in.ptr + at, text, len) == 0;
}

/* --- what a page holds -------------------------------------------------------------------- */

struct host {
    char name[HOST_MAX];
    int plain;  /* times it is led to by http:// */
    int secure; /* by https:// */
    int open;   /* by // alone */
};

struct content {
    int marks[PK_COUNT(marks)];
    struct host *hosts;
    size_t host_count;
    char accounts[ACCOUNTS_SEEN_MAX][ACCOUNT_MAX];
    size_t account_count;
};

static struct host *host_of(struct content *c, const char *name)
{
    for (size_t i = 0; i < c->host_count; i++) {
        if (strcmp(c->hosts[i].name, name) == 0) {
            return &c->hosts[i];
        }
    }
    return NULL;
}

/* "//host" with what stands before it. */
static void take_host(struct content *c, struct pk_slice page, size_t at)
{
    const char *text = (const char *)page.ptr;
    size_t from = at + 2;
    size_t len = 0;
    char name[HOST_MAX];
    struct host *host;

    while (from + len < page.len && len < HOST_MAX - 1 &&
            (isalnum((unsigned char)text[from + len]) || text[from + len] == '.' ||
                    text[from + len] == '-')) {
        name[len] = (char)tolower((unsigned char)text[from + len]);
        len++;
    }
    name[len] = '\0';
    if (len < 3 || strchr(name, '.') == NULL) {
        return; /* a comment, a path */
    }
    host = host_of(c, name);
    if (host == NULL) {
        if (c->host_count == HOSTS_SEEN_MAX) {
            return;
        }
        host = &c->hosts[c->host_count++];
        *host = (struct host){ .plain = 0 };
        memcpy(host->name, name, len + 1);
    }
    if (at >= 6 && begins(page, at - 6, "https:")) {
        host->secure++;
    } else if (at >= 5 && begins(page, at - 5, "http:")) {
        host->plain++;
    } else {
        host->open++;
    }
}

/* Two letters, two digits, then letters and digits in groups: an IBAN (ISO 13616) as people write it. Or a
 * run of at least 26 letters and digits of both kinds, as wallets have. Returns its bytes. */
static size_t take_account(struct content *c, struct pk_slice page, size_t at)
{
    const char *text = (const char *)page.ptr;
    bool iban = page.len - at > 4 && isupper((unsigned char)text[at]) &&
            isupper((unsigned char)text[at + 1]) && isdigit((unsigned char)text[at + 2]) &&
            isdigit((unsigned char)text[at + 3]);
    char *out = c->accounts[c->account_count];
    size_t used = 0;
    size_t digits = 0;
    size_t i = at;

    if (c->account_count == ACCOUNTS_SEEN_MAX) {
        return 0;
    }
    for (; i < page.len && used < ACCOUNT_MAX - 1; i++) {
        unsigned char letter = (unsigned char)text[i];
        bool gap = iban && letter == ' ' && i + 1 < page.len &&
                isalnum((unsigned char)text[i + 1]) && !islower((unsigned char)text[i + 1]);

        if (!isalnum(letter) && !gap) {
            break;
        }
        if (!gap) {
            digits += isdigit(letter) != 0;
            out[used++] = (char)letter;
        }
    }
    out[used] = '\0';
    if (iban ? used >= ACCOUNT_MIN && digits >= 6 : used >= 26 && digits >= 3 && digits < used) {
        c->account_count++;
    }
    return i - at;
}

static void read_content(struct pk_slice page, struct content *c)
{
    for (size_t at = 0; at < page.len; at++) {
        unsigned char letter = page.ptr[at];

        if (letter == '/' && begins(page, at, "//")) {
            take_host(c, page, at);
        }
        for (size_t m = 0; m < PK_COUNT(marks); m++) {
            c->marks[m] += tolower(letter) == marks[m].text[0] && begins(page, at, marks[m].text);
        }
    }
    for (size_t at = 0; at < page.len;) {
        size_t used = isalnum(page.ptr[at]) ? take_account(c, page, at) : 0;

        while (used == 0 && at < page.len && isalnum(page.ptr[at])) { /* past this word */
            at++;
        }
        at += used > 0 ? used : 1;
    }
}

/* --- comparing ---------------------------------------------------------------------------- */

static size_t common_head(struct pk_slice a, struct pk_slice b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    size_t i = 0;

    while (i < len && a.ptr[i] == b.ptr[i]) {
        i++;
    }
    return i;
}

static size_t common_tail(struct pk_slice a, struct pk_slice b, size_t head)
{
    size_t len = (a.len < b.len ? a.len : b.len) - head;
    size_t i = 0;

    while (i < len && a.ptr[a.len - 1 - i] == b.ptr[b.len - 1 - i]) {
        i++;
    }
    return i;
}

/* So much of the old lines, by bytes, stands in the new page: parts of 100. */
static unsigned share_kept(struct pk_slice before, struct pk_slice now)
{
    size_t kept = 0;
    size_t all = 0;
    size_t at = 0;

    for (int i = 0; at < before.len && i < PIECES_MAX; i++) {
        const uint8_t *end = memchr(before.ptr + at, '>', before.len - at);
        size_t len = end != NULL ? (size_t)(end - before.ptr) - at + 1 : before.len - at;

        if (len >= 6) {
            all += len;
            kept += now.len >= len && memmem(now.ptr, now.len, before.ptr + at, len) != NULL ? len
                                                                                             : 0;
        }
        at += len;
    }
    return all > 0 ? (unsigned)(kept * 100 / all) : 0;
}

static const char *keep_text(const uint8_t *text, size_t len, struct pk_arena *arena)
{
    char *out = pk_arena_alloc(arena, PK_PAGE_TEXT_MAX + 1, 1);
    size_t used = 0;

    for (size_t i = 0; out != NULL && i < len && used < PK_PAGE_TEXT_MAX; i++) {
        bool space = isspace(text[i]) != 0;

        if ((space && (used == 0 || out[used - 1] == ' ')) ||
                (!space && (text[i] < ' ' || text[i] >= 0x7f))) {
            continue;
        }
        out[used++] = space ? ' ' : (char)text[i];
    }
    while (used > 0 && out[used - 1] == ' ') {
        out[--used] = '\0';
    }
    return used > 0 ? out : NULL;
}

/* The first element with a mark of these kinds that stands in the new page only. */
static const char *first_element(
        struct pk_slice before, struct pk_slice now, unsigned changes, struct pk_arena *arena)
{
    int looked = 0;

    for (size_t at = 0; at < now.len && looked < ELEMENTS_MAX; at++) {
        for (size_t m = 0; m < PK_COUNT(marks); m++) {
            const uint8_t *end;
            size_t len;

            if ((changes & 1U << marks[m].change) == 0 || !begins(now, at, marks[m].text)) {
                continue;
            }
            looked++;
            len = now.len - at < ELEMENT_MAX ? now.len - at : ELEMENT_MAX;
            end = memchr(now.ptr + at, '>', len);
            len = end != NULL ? (size_t)(end - now.ptr) - at + 1 : len;
            if (before.len == 0 || memmem(before.ptr, before.len, now.ptr + at, len) == NULL) {
                return keep_text(now.ptr + at, len, arena);
            }
        }
    }
    return NULL;
}

static int compare_hosts(
        struct content *old, struct content *new, struct pk_arena *arena, struct pk_page_diff *out)
{
    const char **names = pk_arena_alloc(arena, PK_PAGE_HOSTS_MAX, sizeof(*names));

    out->hosts.items = names;
    for (size_t i = 0; i < new->host_count &&names != NULL; i++) {
        const struct host *now = &new->hosts[i];
        const struct host *was = host_of(old, now->name);

        if (was != NULL && was->secure > now->secure && now->plain > was->plain) {
            out->changes |= 1U << PK_PAGE_INSECURE;
        }
        if (was == NULL) {
            out->changes |= 1U << PK_PAGE_LINK;
            if (out->hosts.count < PK_PAGE_HOSTS_MAX) {
                names[out->hosts.count] = pk_arena_strdup(arena, now->name);
                out->hosts.count += names[out->hosts.count] != NULL;
            }
        }
    }
    return names != NULL ? PK_OK : PK_ENOMEM;
}

static void compare_accounts(
        const struct content *old, const struct content *new, struct pk_page_diff *out)
{
    for (size_t i = 0; i < new->account_count; i++) {
        bool known = false;

        for (size_t j = 0; j < old->account_count; j++) {
            known = known || strcmp(old->accounts[j], new->accounts[i]) == 0;
        }
        out->changes |= known ? 0 : 1U << PK_PAGE_ACCOUNT;
    }
}

static void compare_text(struct pk_slice before, struct pk_slice now, struct pk_arena *arena,
        struct pk_page_diff *out)
{
    size_t head = common_head(before, now);
    size_t tail = common_tail(before, now, head);
    size_t fresh = now.len - head - tail;

    if (before.len >= 32 && (head + tail) < before.len / 2 && share_kept(before, now) < 20) {
        out->changes |= 1U << PK_PAGE_REPLACED;
    }
    if (out->changes == 0) {
        out->changes = fresh > 0 ? 1U << PK_PAGE_TEXT : 1U << PK_PAGE_REMOVED;
    }
    out->added = first_element(before, now, out->changes, arena);
    if (out->added == NULL && now.len > 0) {
        /* With the word or element that it stands in, also when something was only taken out. */
        size_t from = head < now.len ? head : now.len - 1;
        size_t end = head + fresh + CONTEXT_MAX;

        while (from > 0 && head - from < CONTEXT_MAX && now.ptr[from] != '<') {
            from--;
        }
        end = end < now.len ? end : now.len;
        out->added = keep_text(now.ptr + from, end - from, arena);
    }
}

static int name_changes(struct pk_arena *arena, struct pk_page_diff *out)
{
    out->names.items = pk_arena_alloc(arena, PK_PAGE_KINDS, sizeof(*out->names.items));
    for (size_t i = 0; i < PK_PAGE_KINDS && out->names.items != NULL; i++) {
        if ((out->changes & 1U << i) != 0) {
            out->names.items[out->names.count++] = pk_page_change_names[i];
        }
    }
    return out->names.items != NULL ? PK_OK : PK_ENOMEM;
}

static struct content *content_of(struct pk_slice page, struct pk_arena *arena)
{
    struct content *c = pk_arena_alloc(arena, 1, sizeof(*c));

    if (c != NULL) {
        c->hosts = pk_arena_alloc(arena, HOSTS_SEEN_MAX, sizeof(*c->hosts));
    }
    if (c == NULL || c->hosts == NULL) {
        return NULL;
    }
    read_content(page, c);
    return c;
}

int pk_page_compare(struct pk_slice before, struct pk_slice now, struct pk_arena *arena,
        struct pk_page_diff *out)
{
    struct pk_page_diff diff = { .changes = 0 };
    struct content *old;
    struct content *new;

    if (pk_slice_eq(before, now)) {
        *out = diff;
        return PK_OK;
    }
    old = content_of(before, arena);
    new = content_of(now, arena);
    if (old == NULL || new == NULL || compare_hosts(old, new, arena, &diff) < 0) {
        return PK_ENOMEM;
    }
    for (size_t m = 0; m < PK_COUNT(marks); m++) {
        diff.changes |= new->marks[m] > old->marks[m] ? 1U << marks[m].change : 0;
    }
    compare_accounts(old, new, &diff);
    compare_text(before, now, arena, &diff);
    if (name_changes(arena, &diff) < 0) {
        return PK_ENOMEM;
    }
    *out = diff;
    return PK_OK;
}

const char *pk_page_summary(struct pk_slice page, struct pk_arena *arena)
{
    static const unsigned kinds = 1U << PK_PAGE_FORM | 1U << PK_PAGE_REFRESH;
    const char *text = (const char *)page.ptr;
    const char *title = NULL;
    const char *form;
    size_t at = 0;

    while (at < page.len && !begins(page, at, "<title>")) {
        at++;
    }
    if (at < page.len) {
        const char *end = memchr(text + at + 7, '<', page.len - at - 7);

        title = end != NULL ? keep_text(page.ptr + at + 7, (size_t)(end - text) - at - 7, arena)
                            : NULL;
    }
    form = first_element(pk_slice_of(NULL, 0), page, kinds, arena);
    if (title == NULL && form == NULL) {
        return page.len > 0 ? keep_text(page.ptr, page.len < 120 ? page.len : 120, arena) : NULL;
    }
    return pk_arena_printf(arena, "%s%s%s", title != NULL ? title : "",
            title != NULL && form != NULL ? " - " : "", form != NULL ? form : "");
}
