#include "respond/mail/letter.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/crypt.h"
#include "model/words.h"
#include "respond/mail/mime.h"
#include "respond/mail/page.h"

#define ARENA_MAX   (1024UL * 1024)
#define SUBJECT_MAX 200
#define TEXT_MAX    2000 /* bytes of one text that a payload brings */
#define STEPS_MAX   10
#define FACTS_MAX   30
#define ITEMS_MAX   200
#define LINK_MAX    1024
#define REPORT_MAX  (2UL * 1024 * 1024)

enum kind {
    ALERT,
    NOTICE,
    DIGEST,
    REPORT,
    TEST,
};
static const char *const kind_names[] = { "alert", "notice", "digest", "report", "test", NULL };

struct writer {
    const struct pk_letter *letter;
    struct pk_arena *arena;
    struct pk_page_of_letter *page;
    const char *language; /* a code of words.h */
    const char *subject;
};

static const char *word(const struct writer *w, const char *key)
{
    return pk_word(w->language, key);
}

/* ---- reading the payload --------------------------------------------------------------------------- */

/* A text of the payload, cut at its limit between characters; NULL: there is none. */
static const char *text_in(const struct writer *w, const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    size_t len = text != NULL ? strlen(text) : 0;

    if (len == 0) {
        return NULL;
    }
    if (len > TEXT_MAX) {
        len = TEXT_MAX;
        while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80) {
            len--;
        }
    }
    return pk_arena_strndup(w->arena, text, len);
}

/* What an employee calls the thing: networks have names only on the device. */
static const char *subject_name(const struct writer *w)
{
    const char *name = text_in(w, w->letter->payload, "subject_name");
    const char *subject = text_in(w, w->letter->payload, "subject");

    if (name != NULL) {
        return name;
    }
    if (subject != NULL && strncmp(subject, "net-", 4) == 0) {
        return word(w, "subject.network");
    }
    return subject == NULL || strcmp(subject, "device") == 0 ? word(w, "subject.device") : subject;
}

/* With the name in place of {subject}. */
static const char *filled(const struct writer *w, const char *text)
{
    struct pk_word_part part = { .name = "subject", .value = subject_name(w) };
    char out[2 * TEXT_MAX];

    if (text == NULL || strstr(text, "{subject}") == NULL) {
        return text;
    }
    pk_word_fill(text, &part, 1, out, sizeof(out));
    return pk_arena_strdup(w->arena, out);
}

static const char *with(
        const struct writer *w, const char *key, const char *name, const char *value)
{
    struct pk_word_part part = { .name = name, .value = value != NULL ? value : "" };
    char out[2 * TEXT_MAX];

    pk_word_fill(word(w, key), &part, 1, out, sizeof(out));
    return pk_arena_strdup(w->arena, out);
}

/* An address of this server, or a whole one over https. Nothing else is made a link of. */
static const char *link_in(const struct writer *w, const json_t *object)
{
    const char *link = text_in(w, object, "link");
    const char *url = w->letter->url;

    if (link == NULL || strlen(link) > LINK_MAX) {
        return NULL;
    }
    for (const char *p = link; *p != '\0'; p++) {
        if (*p <= ' ' || *p >= 0x7f || strchr("\"<>\\", *p) != NULL) {
            return NULL;
        }
    }
    if (strncmp(link, "https://", 8) == 0) {
        return link;
    }
    if (url == NULL ||
            !((link[0] == '#' && link[1] == '/') || (link[0] == '/' && link[1] != '/'))) {
        return NULL;
    }
    return pk_arena_printf(w->arena, "%s%s%s", url, link[0] == '#' ? "/" : "", link);
}

static void add(const struct writer *w, enum pk_block kind, const char *a)
{
    pk_page_add(w->page, kind, a, NULL);
}

static void add_link(const struct writer *w, const char *words, const char *address)
{
    if (address != NULL) {
        pk_page_add(w->page, PK_BLOCK_LINK, words, address);
    }
}

static void add_steps(const struct writer *w, const char *heading)
{
    const json_t *next = json_object_get(w->letter->payload, "next");

    for (size_t i = 0; i < json_array_size(next) && i < STEPS_MAX; i++) {
        const char *step = json_string_value(json_array_get(next, i));

        if (step != NULL && strlen(step) <= TEXT_MAX) {
            if (heading != NULL) {
                add(w, PK_BLOCK_HEADING, heading);
                heading = NULL;
            }
            add(w, PK_BLOCK_STEP, filled(w, step));
        }
    }
}

static void fact(const struct writer *w, const char *key, const char *value)
{
    if (value != NULL) {
        pk_page_add(w->page, PK_BLOCK_FACT, key, value);
    }
}

/* ---- the kinds ------------------------------------------------------------------------------------- */

static bool flag(const struct writer *w, const char *key)
{
    return json_is_true(json_object_get(w->letter->payload, key));
}

/* Told with care: whoever reads over the shoulder learns nothing. */
static void write_careful(struct writer *w)
{
    w->subject = word(w, "letter.subject_careful");
    add(w, PK_BLOCK_TITLE, word(w, "careful.title"));
    add(w, PK_BLOCK_TEXT, word(w, "careful.why"));
    add(w, PK_BLOCK_TEXT, word(w, "careful.step"));
}

static int write_alert(struct writer *w)
{
    const json_t *p = w->letter->payload;
    const char *title = filled(w, text_in(w, p, "title"));
    const char *device = text_in(w, p, "device_name");
    const char *link = link_in(w, p);
    bool reminder = json_integer_value(json_object_get(p, "reminder")) > 0;
    bool test = flag(w, "simulated");

    if (title == NULL) {
        return PK_EMALF;
    }
    if (flag(w, "careful")) {
        write_careful(w);
    } else {
        w->subject = with(w,
                test               ? "letter.subject_test"
                        : reminder ? "letter.subject_reminder"
                                   : "letter.subject",
                "title", title);
        add(w, PK_BLOCK_TITLE, title);
        add(w, PK_BLOCK_TEXT, filled(w, text_in(w, p, "why")));
        add_steps(w, word(w, "letter.next"));
        if (device != NULL) {
            add(w, PK_BLOCK_TEXT, with(w, "letter.about", "device", device));
        }
    }
    if (link != NULL) {
        add_link(w, word(w, "letter.open"), link);
        add(w, PK_BLOCK_SMALL, word(w, "letter.link_private"));
    }
    add(w, PK_BLOCK_SMALL, word(w, "letter.reason"));
    if (!flag(w, "careful")) {
        add(w, PK_BLOCK_SMALL, word(w, "letter.mistake"));
    }
    return PK_OK;
}

/* Administrators read English, as in the console. */
static void add_notice_facts(const struct writer *w, const json_t *notice)
{
    const json_t *device = json_object_get(notice, "device");

    fact(w, "Device", text_in(w, device, "name"));
    fact(w, "Group", text_in(w, device, "group"));
    fact(w, "Severity", text_in(w, notice, "severity"));
    fact(w, "Threat", text_in(w, notice, "threat"));
    fact(w, "Time", text_in(w, notice, "at"));
    fact(w, "Policy rule", text_in(w, notice, "policy_rule"));
}

static const char *footer_of(const struct writer *w, const char *rule)
{
    return rule == NULL
            ? "You get this letter because an administrator of Picket entered this address."
            : pk_arena_printf(w->arena,
                      "You get this letter by the alert rule \"%s\" of the page Communication.",
                      rule);
}

static int write_notice(struct writer *w)
{
    const json_t *p = w->letter->payload;
    const char *title = text_in(w, p, "title");
    const char *severity = text_in(w, p, "severity");

    if (title == NULL) {
        return PK_EMALF;
    }
    w->subject = pk_arena_printf(w->arena, "Picket%s%s: %s", severity != NULL ? ", " : "",
            severity != NULL ? severity : "", title);
    add(w, PK_BLOCK_TITLE, title);
    add(w, PK_BLOCK_TEXT, text_in(w, p, "why"));
    add_notice_facts(w, p);
    add_link(w, "Open in the console:", link_in(w, p));
    add(w, PK_BLOCK_SMALL, footer_of(w, text_in(w, p, "rule")));
    return PK_OK;
}

static int write_digest(struct writer *w)
{
    const json_t *p = w->letter->payload;
    const json_t *items = json_object_get(p, "items");
    const char *title = text_in(w, p, "title");
    size_t count = json_array_size(items);
    json_int_t total = json_integer_value(json_object_get(p, "total"));

    if (title == NULL || count == 0) {
        return PK_EMALF;
    }
    w->subject = pk_arena_printf(w->arena, "Picket: %s", title);
    add(w, PK_BLOCK_TITLE, title);
    for (size_t i = 0; i < count && i < ITEMS_MAX; i++) {
        const json_t *item = json_array_get(items, i);
        const char *device = text_in(w, json_object_get(item, "device"), "name");

        add(w, PK_BLOCK_HEADING, text_in(w, item, "title"));
        fact(w, "Device", device);
        fact(w, "Severity", text_in(w, item, "severity"));
        fact(w, "Time", text_in(w, item, "at"));
        fact(w, "In the console", link_in(w, item));
    }
    count = count > ITEMS_MAX ? ITEMS_MAX : count;
    if (total > (json_int_t)count) {
        add(w, PK_BLOCK_TEXT,
                pk_arena_printf(w->arena, "and %lld more; the console has all of them",
                        (long long)(total - (json_int_t)count)));
    }
    add_link(w, "Open the console:", link_in(w, p));
    add(w, PK_BLOCK_SMALL, footer_of(w, text_in(w, p, "rule")));
    return PK_OK;
}

/* The HTML of a report is a document of ours (server/report_html.h); this is its text for those who want none. */
static int write_report(struct writer *w)
{
    const json_t *p = w->letter->payload;
    const json_t *lines = json_object_get(p, "lines");
    const char *title = text_in(w, p, "title");

    if (title == NULL || json_string_length(json_object_get(p, "html")) == 0 ||
            json_string_length(json_object_get(p, "html")) > REPORT_MAX) {
        return PK_EMALF;
    }
    w->subject = pk_arena_printf(w->arena, "Picket: %s", title);
    add(w, PK_BLOCK_TITLE, title);
    for (size_t i = 0; i < json_array_size(lines) && i < FACTS_MAX; i++) {
        const json_t *line = json_array_get(lines, i);

        fact(w, json_string_value(json_array_get(line, 0)),
                json_string_value(json_array_get(line, 1)));
    }
    add_link(w, "Open in the console:", link_in(w, p));
    add(w, PK_BLOCK_SMALL, footer_of(w, NULL));
    return PK_OK;
}

static int write_test(struct writer *w)
{
    const char *by = text_in(w, w->letter->payload, "by");

    w->subject = "Picket: test of the mail relay";
    add(w, PK_BLOCK_TITLE, "This is a test");
    add(w, PK_BLOCK_TEXT,
            pk_arena_printf(w->arena,
                    "%s wanted to know whether letters of Picket arrive. They do.",
                    by != NULL ? by : "Somebody"));
    add_link(w, "Open the console:", link_in(w, w->letter->payload));
    return PK_OK;
}

/* ---- the message ----------------------------------------------------------------------------------- */

static void message_id(const struct pk_letter *l, struct pk_buffer *out)
{
    (void)pk_buffer_printf(out, "<picket.%lld.%lld@%s>", (long long)l->id, (long long)l->created_ms,
            strchr(l->from, '@') + 1);
}

static void put_headers(const struct writer *w, bool listed, struct pk_buffer *out)
{
    const struct pk_letter *l = w->letter;
    char date[PK_MIME_DATE];

    (void)pk_buffer_printf(out, "Date: %s\r\n", pk_mime_date(l->now_ms, date));
    pk_mime_mailbox(out, "From", l->from_name, l->from);
    (void)pk_buffer_printf(out, "To: <%s>\r\n", l->to);
    if (l->reply_to != NULL) {
        (void)pk_buffer_printf(out, "Reply-To: <%s>\r\n", l->reply_to);
    }
    pk_mime_header(out, "Subject", w->subject != NULL ? w->subject : "Picket", SUBJECT_MAX);
    (void)pk_buffer_puts(out, "Message-ID: ");
    message_id(l, out);
    (void)pk_buffer_puts(out, "\r\n");
    if (l->incident != NULL &&
            strspn(l->incident,
                    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRST"
                    "UVWXYZ0123456789-") == strlen(l->incident)) {
        (void)pk_buffer_printf(out, "References: <picket.incident.%s@%s>\r\n", l->incident,
                strchr(l->from, '@') + 1);
    }
    (void)pk_buffer_puts(out, "Auto-Submitted: auto-generated\r\n"); /* RFC 3834 5 */
    if (listed && l->reply_to != NULL) {
        (void)pk_buffer_printf(
                out, "List-Unsubscribe: <mailto:%s?subject=unsubscribe>\r\n", l->reply_to);
    }
    (void)pk_buffer_puts(out, "MIME-Version: 1.0\r\n");
}

/* Quoted-printable text never holds "=_", so no text can end a part. */
static void boundary_of(const struct pk_letter *l, char out[40])
{
    char id[80];
    char digits[PK_SHA256_HEX];

    (void)snprintf(id, sizeof(id), "%lld.%lld", (long long)l->id, (long long)l->created_ms);
    pk_sha256_hex(pk_slice_str(id), digits);
    (void)snprintf(out, 40, "=_picket_%.24s", digits);
}

static void put_part(
        struct pk_buffer *out, const char *boundary, const char *type, const char *text, size_t len)
{
    (void)pk_buffer_printf(out,
            "--%s\r\nContent-Type: text/%s; charset=utf-8\r\n"
            "Content-Transfer-Encoding: quoted-printable\r\n\r\n",
            boundary, type);
    pk_mime_quoted(out, text, len);
}

static int put_message(
        const struct writer *w, enum kind kind, struct pk_buffer *out, struct pk_error *err)
{
    struct pk_buffer text = pk_buffer_of(PK_LETTER_MAX);
    struct pk_buffer html = pk_buffer_of(PK_LETTER_MAX);
    const json_t *report = json_object_get(w->letter->payload, "html");
    char boundary[40];
    int rc;

    boundary_of(w->letter, boundary);
    pk_page_text(w->page, &text);
    if (kind == REPORT) {
        (void)pk_buffer_put(&html, json_string_value(report), json_string_length(report));
    } else {
        pk_page_html(w->page, &html);
    }
    put_headers(w, kind == DIGEST || kind == REPORT || kind == NOTICE, out);
    (void)pk_buffer_printf(
            out, "Content-Type: multipart/alternative;\r\n boundary=\"%s\"\r\n\r\n", boundary);
    put_part(out, boundary, "plain", text.ptr != NULL ? text.ptr : "", text.len);
    put_part(out, boundary, "html", html.ptr != NULL ? html.ptr : "", html.len);
    (void)pk_buffer_printf(out, "--%s--\r\n", boundary);
    rc = text.rc < 0 ? text.rc : html.rc < 0 ? html.rc : out->rc;
    pk_buffer_finish(&text);
    pk_buffer_finish(&html);
    return rc < 0 ? pk_error_set(err, rc, "the letter is too long") : PK_OK;
}

static int kind_of(const json_t *payload)
{
    const char *name = json_string_value(json_object_get(payload, "letter"));
    int kind = 0;

    while (name != NULL && kind_names[kind] != NULL && strcmp(kind_names[kind], name) != 0) {
        kind++;
    }
    return name != NULL && kind_names[kind] != NULL ? kind : -1;
}

static int write_kind(struct writer *w, int kind)
{
    switch (kind) {
    case ALERT:
        return write_alert(w);
    case NOTICE:
        return write_notice(w);
    case DIGEST:
        return write_digest(w);
    case REPORT:
        return write_report(w);
    case TEST:
        return write_test(w);
    default:
        return PK_EMALF;
    }
}

int pk_letter_compose(const struct pk_letter *letter, struct pk_buffer *out, struct pk_error *err)
{
    struct pk_arena *arena = pk_arena_create(ARENA_MAX);
    struct writer w = { .letter = letter, .arena = arena };
    int kind = kind_of(letter->payload);
    int rc;

    w.page = arena != NULL ? pk_arena_alloc(arena, 1, sizeof(*w.page)) : NULL;
    if (w.page == NULL) {
        pk_arena_destroy(arena);
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    w.language = kind == ALERT
            ? pk_language_of(json_string_value(json_object_get(letter->payload, "language")))
            : "en";
    w.page->language = w.language;
    rc = write_kind(&w, kind);
    rc = rc < 0 ? pk_error_set(err, rc, "the payload is no letter")
                : put_message(&w, (enum kind)kind, out, err);
    pk_arena_destroy(arena);
    return rc;
}
