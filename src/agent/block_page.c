#include "agent/block_page.h"

#include "model/observation_network.h"

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

static void put_row(struct pk_buffer *out, const char *label, const char *value)
{
    if (value == NULL || value[0] == '\0') {
        return;
    }
    (void)pk_buffer_printf(out, "<div><dt>%s</dt><dd>", label);
    put_text(out, value);
    (void)pk_buffer_puts(out, "</dd></div>");
}

static void put_list(struct pk_buffer *out, const char *tag, const char *const *steps)
{
    (void)pk_buffer_printf(out, "<%s>", tag);
    for (; *steps != NULL; steps++) {
        (void)pk_buffer_printf(out, "<li>%s</li>", *steps);
    }
    (void)pk_buffer_printf(out, "</%s>", tag);
}

/* What is said of each kind. */
struct words {
    const char *title;
    const char *kind;
    const char *why; /* follows the name */
    const char *next[4];
};

/* clang-format off */
static const struct words of_what[] = {
    [PK_NAME_PHISHING] = { "Picket blocked a phishing site", "Phishing site",
        "is known as a site that was made to collect passwords or card numbers.",
        { "Close this page.",
          "If you typed a password there before, change it now and tell your IT team.",
          "If a message brought you here, do not use its links.", NULL } },
    [PK_NAME_CONTROL] = { "Picket blocked a host that controls harmful apps", "Control of harmful apps",
        "is known as a host from which harmful apps take their orders.",
        { "If you did not open this address yourself, an app on this device did: tell your IT team.",
          "Remove apps that you installed lately and do not know.", NULL } },
    [PK_NAME_MALWARE] = { "Picket blocked a malware site", "Malware",
        "is known as a site from which harmful apps come, or to which they talk.",
        { "Close this page, and install nothing that came from it.",
          "If you did not open this address yourself, an app on this device did: tell your IT team.", NULL } },
    [PK_NAME_DENIED] = { "Your organisation has closed this site", "Closed by your organisation",
        "is on your organisation's list of closed sites.",
        { "If you need it for your work, ask your IT team.", NULL } },
};
static const struct words of_model = { "Careful: this address looks like a phishing site",
    "Looks like phishing",
    "is on no list, but its name is built like those of phishing sites.",
    { "Close this page, unless you are sure whose site it is.",
      "Open the site that you want from a bookmark, or type its address.", NULL } };
/* clang-format on */

static const struct words *words_of(const struct pk_name_decision *d)
{
    return d->by == PK_NAME_BY_MODEL ? &of_model : &of_what[d->what];
}

static void put_facts(struct pk_buffer *out, const char *host, const struct pk_name_decision *d)
{
    (void)pk_buffer_puts(out, "<h2>What is known</h2><dl>");
    put_row(out, "Address", host);
    put_row(out, "Kind", words_of(d)->kind);
    if (d->by == PK_NAME_BY_LIST) {
        put_row(out, "List", d->hit.source);
        put_row(out, "Listed as", strcmp(d->hit.indicator, host) != 0 ? d->hit.indicator : NULL);
        put_row(out, "Campaign", d->hit.family);
        put_row(out, d->hit.dated ? "First seen" : "Date of the list", d->hit.date);
        put_row(out, "Reference", d->hit.reference);
    } else if (d->by == PK_NAME_BY_MODEL) {
        put_row(out, "Looks like", d->opinion.brand);
    }
    (void)pk_buffer_puts(out, "</dl>");
    if (d->by == PK_NAME_BY_MODEL && d->opinion.reason_count > 0) {
        (void)pk_buffer_puts(out, "<h2>Why it looks harmful</h2><ul>");
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

    (void)pk_buffer_printf(out, "<h1>%s</h1><p><span class=\"name\">", words->title);
    put_text(out, host);
    (void)pk_buffer_printf(out, "</span> %s</p>", words->why);
    put_facts(out, host, &facts->decision);
    (void)pk_buffer_puts(out, "<h2>What to do</h2>");
    put_list(out, "ol", words->next);
    if (facts->state == PK_PAGE_WARNED) {
        (void)pk_buffer_printf(out,
                "<form method=\"post\" action=\"" PK_PAGE_GO_ON "\">"
                "<input type=\"hidden\" name=\"token\" value=\"%s\">"
                "<p>If you are sure, you can open it on this device for 30 minutes.</p>"
                "<button type=\"submit\">Go on anyway</button></form>",
                facts->token);
    }
    (void)pk_buffer_printf(out,
            "<footer><p>This page comes from Picket on this device; the site itself was not asked. "
            "Your organisation learns that a harmful site was blocked%s. "
            "Names that you look up are not kept and not sent.</p></footer>",
            facts->tells_name ? " and its name" : ", not which one");
}

static void put_body(struct pk_buffer *out, const char *host, const struct pk_page_facts *facts)
{
    switch (facts->state) {
    case PK_PAGE_BLOCKED:
    case PK_PAGE_WARNED:
        put_stopped(out, host, facts);
        break;
    case PK_PAGE_GONE_ON:
        (void)pk_buffer_puts(out, "<h1>You can go on</h1><p><span class=\"name\">");
        put_text(out, host);
        (void)pk_buffer_puts(out,
                "</span> is open on this device for 30 minutes.</p><p>The browser may remember "
                "this "
                "page for up to a minute: open the address again then.</p>");
        break;
    case PK_PAGE_NOTHING:
        (void)pk_buffer_puts(out,
                "<h1>Nothing is blocked here</h1><p>This address belongs to Picket on this device. "
                "It "
                "explains why a site was blocked; the address that you opened is not.</p>"
                "<p>If it was blocked a moment ago, open it again.</p>");
        break;
    }
}

static const char *title_of(const struct pk_page_facts *facts)
{
    return facts->state == PK_PAGE_NOTHING    ? "Nothing is blocked here"
            : facts->state == PK_PAGE_GONE_ON ? "You can go on"
                                              : words_of(&facts->decision)->title;
}

static void put_html(struct pk_buffer *out, const char *host, const struct pk_page_facts *facts)
{
    (void)pk_buffer_printf(out,
            "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">"
            "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
            "<meta name=\"color-scheme\" content=\"light dark\"><title>%s</title><style>%s</style>"
            "</head><body><main>",
            title_of(facts), style);
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
