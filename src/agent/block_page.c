#include "agent/block_page.h"

#include "model/observation_network.h"
#include "model/words.h"

#define BODY_MAX (32UL * 1024)

static const char style[] =
        ":root{color-scheme:light dark;--ink:#1c2127;--dim:#4a5462;--paper:#fff;--line:#cfd5dd;"
        "--mark:#a61b1b;--key:#0b57a4}"
        "@media(prefers-color-scheme:dark){:root{--ink:#e8ebef;--dim:#b3bcc8;--paper:#15181c;"
        "--line:#39414b;--mark:#ff8a80;--key:#8ec2ff}}"
        "*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);"
        "font:1rem/1.5 system-ui,sans-serif}"
        "main{max-width:40rem;margin:0 auto;padding:2rem 1.25rem}"
        "h1{font-size:1.5rem;line-height:1.25;margin:0 0 .75rem;color:var(--mark)}"
        "h2{font-size:1.05rem;margin:1.75rem 0 .5rem}p{margin:.5rem 0}"
        ".name{font-weight:600;overflow-wrap:anywhere}"
        "dl{margin:0;border-top:1px solid var(--line)}"
        "dl div{display:flex;flex-wrap:wrap;gap:0 1rem;padding:.5rem 0;"
        "border-bottom:1px solid var(--line)}"
        "dt{flex:0 0 9rem;color:var(--dim)}dd{flex:1 1 12rem;margin:0;overflow-wrap:anywhere}"
        "ul,ol{margin:.5rem 0;padding-left:1.4rem}"
        "button{font:inherit;margin-top:.75rem;min-height:2.75rem;padding:.5rem 1.1rem;"
        "color:var(--ink);background:transparent;border:1px solid var(--dim);border-radius:.4rem}"
        "button:focus-visible{outline:3px solid var(--key);outline-offset:2px}"
        "footer{margin-top:2.5rem;color:var(--dim);font-size:.9rem}";

/* Hostile text becomes harmless: names, families and reasons come from other people. */
static void put_text(struct pk_buffer *out, const char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;

        if (c == '<') {
            (void)pk_buffer_puts(out, "&lt;");
        } else if (c == '>') {
            (void)pk_buffer_puts(out, "&gt;");
        } else if (c == '&') {
            (void)pk_buffer_puts(out, "&amp;");
        } else if (c == '"') {
            (void)pk_buffer_puts(out, "&quot;");
        } else if (c == '\'') {
            (void)pk_buffer_puts(out, "&#39;");
        } else {
            (void)pk_buffer_putc(out, c < ' ' || c == 0x7f ? ' ' : (char)c);
        }
    }
}

/* What is said of each kind: keys of words.h. */
struct words {
    const char *title;
    const char *kind;
    const char *why; /* follows the name */
    const char *next[4];
};

/* clang-format off */
static const struct words of_what[] = {
    [PK_NAME_PHISHING] = { "page.phishing.title", "page.phishing.kind", "page.phishing.why",
        { "page.close", "page.phishing.next2", "page.phishing.next3", NULL } },
    [PK_NAME_CONTROL] = { "page.control.title", "page.control.kind", "page.control.why",
        { "page.control.next1", "page.control.next2", NULL } },
    [PK_NAME_MALWARE] = { "page.malware.title", "page.malware.kind", "page.malware.why",
        { "page.malware.next1", "page.control.next1", NULL } },
    [PK_NAME_DENIED] = { "page.denied.title", "page.denied.kind", "page.denied.why",
        { "page.denied.next1", NULL } },
};
static const struct words of_model = { "page.model.title", "page.model.kind", "page.model.why",
    { "page.model.next1", "page.model.next2", NULL } };
/* clang-format on */

static const struct words *words_of(const struct pk_name_decision *d)
{
    return d->by == PK_NAME_BY_MODEL ? &of_model : &of_what[d->what];
}

/* What stands between the tags, of words.h. */
static void put_word(struct pk_buffer *out, const char *before, const char *language,
        const char *key, const char *after)
{
    (void)pk_buffer_puts(out, before);
    put_text(out, pk_word(language, key));
    (void)pk_buffer_puts(out, after);
}

static void put_row(
        struct pk_buffer *out, const char *language, const char *label, const char *value)
{
    if (value == NULL || value[0] == '\0') {
        return;
    }
    put_word(out, "<div><dt>", language, label, "</dt><dd>");
    put_text(out, value);
    (void)pk_buffer_puts(out, "</dd></div>");
}

static void put_facts(struct pk_buffer *out, const char *host, const struct pk_page_facts *facts)
{
    const struct pk_name_decision *d = &facts->decision;
    const char *in = facts->language;

    put_word(out, "<h2>", in, "page.known", "</h2><dl>");
    put_row(out, in, "page.address", host);
    put_row(out, in, "page.kind", pk_word(in, words_of(d)->kind));
    if (d->by == PK_NAME_BY_LIST) {
        put_row(out, in, "page.list", d->hit.source);
        put_row(out, in, "page.listed_as",
                strcmp(d->hit.indicator, host) != 0 ? d->hit.indicator : NULL);
        put_row(out, in, "page.campaign", d->hit.family);
        put_row(out, in, d->hit.dated ? "page.first_seen" : "page.list_date", d->hit.date);
        put_row(out, in, "page.reference", d->hit.reference);
    } else if (d->by == PK_NAME_BY_MODEL) {
        put_row(out, in, "page.looks_like", d->opinion.brand);
    }
    (void)pk_buffer_puts(out, "</dl>");
    if (d->by == PK_NAME_BY_MODEL && d->opinion.reason_count > 0) {
        put_word(out, "<h2>", in, "page.why_harmful", "</h2><ul>");
        for (size_t i = 0; i < d->opinion.reason_count && i < PK_NAME_REASONS_MAX; i++) {
            (void)pk_buffer_puts(out, "<li>");
            put_text(out, d->opinion.reasons[i]);
            (void)pk_buffer_puts(out, "</li>");
        }
        (void)pk_buffer_puts(out, "</ul>");
    }
}

static void put_stopped(struct pk_buffer *out, const char *host, const struct pk_page_facts *facts)
{
    const struct words *words = words_of(&facts->decision);
    const char *in = facts->language;

    put_word(out, "<h1>", in, words->title, "</h1><p><span class=\"name\">");
    put_text(out, host);
    put_word(out, "</span> ", in, words->why, "</p>");
    put_facts(out, host, facts);
    put_word(out, "<h2>", in, "page.what_to_do", "</h2><ol>");
    for (const char *const *step = words->next; *step != NULL; step++) {
        put_word(out, "<li>", in, *step, "</li>");
    }
    (void)pk_buffer_puts(out, "</ol>");
    if (facts->state == PK_PAGE_WARNED) {
        (void)pk_buffer_printf(out,
                "<form method=\"post\" action=\"" PK_PAGE_GO_ON "\">"
                "<input type=\"hidden\" name=\"token\" value=\"%s\">",
                facts->token);
        put_word(out, "<p>", in, "page.go_on_ask", "</p>");
        put_word(out, "<button type=\"submit\">", in, "page.go_on", "</button></form>");
    }
    put_word(out, "<footer><p>", in, "page.foot", " ");
    put_word(out, "", in, facts->tells_name ? "page.foot_name" : "page.foot_no_name", " ");
    put_word(out, "", in, "page.foot_kept", "</p></footer>");
}

static void put_body(struct pk_buffer *out, const char *host, const struct pk_page_facts *facts)
{
    const char *in = facts->language;

    switch (facts->state) {
    case PK_PAGE_BLOCKED:
    case PK_PAGE_WARNED:
        put_stopped(out, host, facts);
        break;
    case PK_PAGE_GONE_ON:
        put_word(out, "<h1>", in, "page.go_on_title", "</h1><p><span class=\"name\">");
        put_text(out, host);
        put_word(out, "</span> ", in, "page.go_on_open", "</p>");
        put_word(out, "<p>", in, "page.go_on_wait", "</p>");
        break;
    case PK_PAGE_NOTHING:
        put_word(out, "<h1>", in, "page.nothing_title", "</h1>");
        put_word(out, "<p>", in, "page.nothing", "</p>");
        put_word(out, "<p>", in, "page.nothing_again", "</p>");
        break;
    }
}

static const char *title_of(const struct pk_page_facts *facts)
{
    return facts->state == PK_PAGE_NOTHING    ? "page.nothing_title"
            : facts->state == PK_PAGE_GONE_ON ? "page.go_on_title"
                                              : words_of(&facts->decision)->title;
}

static void put_html(struct pk_buffer *out, const char *host, const struct pk_page_facts *facts)
{
    (void)pk_buffer_printf(out,
            "<!DOCTYPE html><html lang=\"%s\"><head><meta charset=\"utf-8\">"
            "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
            "<meta name=\"color-scheme\" content=\"light dark\"><style>%s</style>",
            pk_language_of(facts->language), style);
    put_word(out, "<title>", facts->language, title_of(facts), "</title></head><body><main>");
    put_body(out, host, facts);
    (void)pk_buffer_puts(out, "</main></body></html>\n");
}

/* The only style that the page may have is its own, by its hash (CSP Level 3 section 2.3.1). */
static void style_hash(char out[PK_BASE64_SIZE(PK_SHA256_SIZE)])
{
    uint8_t digest[PK_SHA256_SIZE];

    pk_sha256(pk_slice_of(style, sizeof(style) - 1), digest);
    pk_base64(pk_slice_of(digest, sizeof(digest)), out);
}

void pk_page_write(
        const char *host, const struct pk_page_facts *facts, bool head, struct pk_buffer *out)
{
    struct pk_buffer body = pk_buffer_of(BODY_MAX);
    char hash[PK_BASE64_SIZE(PK_SHA256_SIZE)];
    bool stopped = facts->state == PK_PAGE_BLOCKED || facts->state == PK_PAGE_WARNED;

    put_html(&body, host, facts);
    style_hash(hash);
    (void)pk_buffer_printf(out,
            "HTTP/1.1 %s\r\n"
            "Content-Type: text/html; charset=utf-8\r\n"
            "Content-Length: %zu\r\n"
            "Content-Security-Policy: default-src 'none'; style-src 'sha256-%s'; form-action "
            "'self'; "
            "base-uri 'none'; frame-ancestors 'none'\r\n"
            "X-Frame-Options: DENY\r\n"
            "X-Content-Type-Options: nosniff\r\n"
            "Referrer-Policy: same-origin\r\n"
            "Cache-Control: no-store\r\n"
            "Connection: close\r\n\r\n",
            stopped ? "403 Forbidden" : "200 OK", body.len, hash);
    if (!head) {
        (void)pk_buffer_put(out, body.ptr, body.len);
    }
    if (body.rc < 0 && out->rc == PK_OK) {
        out->rc = body.rc;
    }
    pk_buffer_finish(&body);
}
