/* Letters: their form on the wire, what a hostile name can do to them (nothing), and the words of the mail settings. */
#include <stdio.h>

#include "base/crypt.h"
#include "check.h"
#include "respond/communication.h"
#include "respond/hook/hook.h"
#include "respond/late.h"
#include "respond/mail/letter.h"
#include "respond/mail/mime.h"
#include "respond/mail/settings.h"
#include "respond/url.h"

#define NOW INT64_C(1795395723456) /* Mon, 23 Nov 2026 */

static struct pk_buffer compose(json_t *payload, int rc)
{
    struct pk_letter letter = {
        .to = "anna@example.org",
        .from = "picket@example.org",
        .from_name = "Acme, Inc.",
        .reply_to = "it@example.org",
        .url = "https://picket.example.org:8443",
        .incident = "inc-1",
        .id = 42,
        .created_ms = NOW - 5,
        .now_ms = NOW,
        .payload = payload,
    };
    struct pk_buffer out = pk_buffer_of(PK_LETTER_MAX);
    struct pk_error err = { 0 };

    assert_int_equal(pk_letter_compose(&letter, &out, &err), rc);
    json_decref(payload);
    return out;
}

static size_t count_of(const char *text, const char *needle)
{
    size_t count = 0;

    for (; (text = strstr(text, needle)) != NULL; text += strlen(needle)) {
        count++;
    }
    return count;
}

/* ASCII, CRLF alone, no line above 78, headers as they should be. */
static void check_form(const struct pk_buffer *m)
{
    size_t line = 0;

    for (size_t i = 0; i < m->len; i++) {
        unsigned char c = (unsigned char)m->ptr[i];

        assert_true(c < 0x80 && (c >= 0x20 || c == '\r' || c == '\n' || c == '\t'));
        if (c == '\r') {
            assert_int_equal(m->ptr[i + 1], '\n');
        }
        if (c == '\n') {
            assert_true(i > 0 && m->ptr[i - 1] == '\r');
            line = 0;
        } else if (c != '\r') {
            assert_true(++line <= 78);
        }
    }
    assert_int_equal(m->ptr[m->len - 1], '\n');
}

static char *head_of(const struct pk_buffer *m)
{
    const char *end = strstr(m->ptr, "\r\n\r\n");

    assert_non_null(end);
    return strndup(m->ptr, (size_t)(end - m->ptr) + 2);
}

static void test_form(void **state)
{
    static const char *const names[] = { "Date: Mon, 23 Nov 2026 ",
        "From: ", "To: <anna@example.org>", "Reply-To: <it@example.org>",
        "Subject: ", "Message-ID: <picket.42.1795395723451@example.org>",
        "References: <picket.incident.inc-1@example.org>", "Auto-Submitted: auto-generated",
        "MIME-Version: 1.0", "Content-Type: multipart/alternative;\r\n boundary=\"=_picket_" };
    struct pk_buffer m = compose(
            json_pack("{s:s, s:s, s:s, s:[s, s], s:s}", "letter", "alert", "title",
                    "\"{subject}\" is reading secure traffic", "why", "Passwords can be copied.",
                    "next", "Leave \"{subject}\".", "Use mobile data.", "subject", "net-0011"),
            PK_OK);
    char *head = head_of(&m);
    const char *at = head;

    (void)state;
    check_form(&m);
    for (size_t i = 0; i < PK_COUNT(names); i++) { /* each once, in this order */
        const char *found = strstr(at, names[i]);

        if (found == NULL || count_of(head, names[i]) != 1) {
            fail_msg("'%s' in\n%s", names[i], head);
        }
        at = found;
    }
    assert_non_null(strstr(m.ptr, "Content-Type: text/plain; charset=utf-8"));
    assert_non_null(strstr(m.ptr, "Content-Type: text/html; charset=utf-8"));
    assert_non_null(strstr(m.ptr, "\"this network\" is reading secure traffic"));
    assert_non_null(strstr(m.ptr, "1. Leave \"this network\"."));
    assert_null(strstr(m.ptr, "net-0011"));
    assert_null(strstr(m.ptr, "{subject}"));
    free(head);
    pk_buffer_finish(&m);
}

static void test_injection(void **state)
{
    static const char *const evil[] = {
        "x\r\nBcc: eve@evil.example\r\n\r\nbody",
        "x\nBcc: eve@evil.example",
        "x\rBcc: eve@evil.example",
        /* NOLINTNEXTLINE(misc-misleading-bidirectional,bugprone-suspicious-missing-comma) */
        "\xe2\x80\xae"
        "gnp.exe <script>alert(1)</script>",
        "=?utf-8?B?WA==?=",
        "\r\n.\r\nMAIL FROM:<eve@evil.example>\r\n",
        "\xff\xfe broken",
        "--=_picket_0123\r\nContent-Type: text/html\r\n\r\n<b>",
        "</title><img src=https://evil.example/x onerror=1>",
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(evil); i++) {
        struct pk_buffer m;
        char *head;
        json_t *text = json_stringn_nocheck(evil[i], strlen(evil[i]));

        m = compose(json_pack("{s:s, s:O, s:O, s:[O], s:{s:O, s:O}, s:O, s:O, s:O}", "letter",
                            "notice", "title", text, "why", text, "next", text, "device", "name",
                            text, "group", text, "rule", text, "severity", text, "link", text),
                PK_OK);
        check_form(&m);
        head = head_of(&m);
        assert_int_equal(count_of(head, "\r\nBcc"), 0);
        assert_int_equal(count_of(head, "\r\nSubject: "), 1);
        assert_int_equal(count_of(m.ptr, "\r\n.\r\n"), 0);
        assert_int_equal(count_of(strstr(m.ptr, "\r\nContent-Type: text/html"), "<script"), 0);
        assert_int_equal(count_of(strstr(m.ptr, "\r\nContent-Type: text/html"), "<img"), 0);
        assert_int_equal(count_of(m.ptr, "\r\n--=_picket_"), 3); /* two parts and the end */
        free(head);
        pk_buffer_finish(&m);
        json_decref(text);
    }
}

static void test_languages(void **state)
{
    struct pk_buffer m = compose(json_pack("{s:s, s:s, s:s, s:b, s:s}", "letter", "alert", "title",
                                         "Überprüfen Sie „CafeGuest“", "language", "de-AT",
                                         "simulated", 1, "why", "Weil."),
            PK_OK);

    (void)state;
    check_form(&m);
    assert_non_null(strstr(m.ptr, "Subject: =?utf-8?B?"));
    assert_non_null(strstr(m.ptr, "<html lang=3D\"de\">"));
    pk_buffer_finish(&m);
}

/* Whoever reads over the shoulder learns nothing. */
static void test_careful(void **state)
{
    struct pk_buffer m = compose(
            json_pack("{s:s, s:s, s:s, s:b, s:[s]}", "letter", "alert", "title",
                    "Stalkerware found", "why", "secret reason", "careful", 1, "next", "remove it"),
            PK_OK);

    (void)state;
    assert_null(strstr(m.ptr, "Stalkerware"));
    assert_null(strstr(m.ptr, "secret reason"));
    assert_null(strstr(m.ptr, "remove it"));
    pk_buffer_finish(&m);
}

static void test_links(void **state)
{
    static const struct {
        const char *link;
        const char *shown; /* NULL: none */
    } rows[] = {
        { "#/incidents/i", "https://picket.example.org:8443/#/incidents/i" },
        { "/me", "https://picket.example.org:8443/me" },
        { "https://other.example/x", "https://other.example/x" },
        { "http://other.example/x", NULL },
        { "javascript:alert(1)", NULL },
        { "//evil.example", NULL },
        { "#x", NULL },
        { "https://a\" onclick=\"x", NULL },
        { "", NULL },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_buffer m = compose(json_pack("{s:s, s:s, s:s}", "letter", "notice", "title", "t",
                                             "link", rows[i].link),
                PK_OK);

        assert_int_equal(count_of(m.ptr, "<a href"), rows[i].shown != NULL);
        if (rows[i].shown != NULL) {
            assert_non_null(strstr(m.ptr, rows[i].shown));
        }
        pk_buffer_finish(&m);
    }
}

static void test_kinds(void **state)
{
    struct pk_buffer m = compose(
            json_pack("{s:s, s:s, s:i, s:s, s:[{s:s, s:{s:s}}]}", "letter", "digest", "title",
                    "3 notices", "total", 3, "rule", "night", "items", "title", "One", "device",
                    "name", "Phone"),
            PK_OK);

    (void)state;
    assert_non_null(strstr(m.ptr, "and 2 more"));
    assert_non_null(strstr(m.ptr, "List-Unsubscribe: <mailto:it@example.org"));
    pk_buffer_finish(&m);
    m = compose(json_pack("{s:s, s:s, s:s, s:[[s, s]]}", "letter", "report", "title", "May", "html",
                        "<!DOCTYPE html><p>report</p>", "lines", "Devices", "12"),
            PK_OK);
    assert_non_null(strstr(m.ptr, "Devices: 12"));
    assert_non_null(strstr(m.ptr, "<p>report</p>"));
    pk_buffer_finish(&m);
    m = compose(json_pack("{s:s}", "letter", "test"), PK_OK);
    pk_buffer_finish(&m);
    m = compose(json_pack("{s:s}", "letter", "poem"), PK_EMALF);
    pk_buffer_finish(&m);
    m = compose(json_pack("{s:s}", "letter", "alert"), PK_EMALF);
    pk_buffer_finish(&m);
    m = compose(json_pack("{s:s, s:s, s:[]}", "letter", "digest", "title", "x", "items"), PK_EMALF);
    pk_buffer_finish(&m);
    m = compose(json_pack("[]"), PK_EMALF);
    pk_buffer_finish(&m);
}

static void test_quoted(void **state)
{
    static const struct {
        const char *in;
        const char *out;
    } rows[] = {
        { "", "" },
        { "a", "a\r\n" },
        { "a=b", "a=3Db\r\n" },
        { "end \nnext", "end=20\r\nnext\r\n" },
        { "From x", "=46rom x\r\n" },
        { ".", "=2E\r\n" },
        { "a\r\nb\rc\n", "a\r\nb\r\nc\r\n" },
        { "\x01", "=20\r\n" },
        { "\xe4", "=EF=BF=BD\r\n" },
        { "ä", "=C3=A4\r\n" },
        { "tab\tx", "tab\tx\r\n" },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_buffer out = pk_buffer_of(1024);
        size_t len = strlen(rows[i].in);
        uint8_t *heap = pk_test_dup(rows[i].in, len);

        pk_mime_quoted(&out, (const char *)heap, len);
        assert_string_equal(out.ptr != NULL ? out.ptr : "", rows[i].out);
        free(heap);
        pk_buffer_finish(&out);
    }
}

static void test_header(void **state)
{
    struct pk_buffer out = pk_buffer_of(4096);

    (void)state;
    pk_mime_header(&out, "Subject", "plain", 100);
    pk_mime_header(&out, "Subject", "=?x?=", 100);
    pk_mime_header(&out, "Subject", "", 100);
    pk_mime_header(
            &out, "Subject", "ab\xc3\xa4", 3); /* cut before the character that does not fit */
    pk_mime_mailbox(&out, "From", "Picket", "a@b");
    pk_mime_mailbox(&out, "From", "A, B", "a@b");
    assert_string_equal(out.ptr,
            "Subject: plain\r\n"
            "Subject: =?utf-8?B?PT94Pz0=?=\r\n"
            "Subject: \r\n"
            "Subject: ab\r\n"
            "From: Picket\r\n <a@b>\r\n"
            "From: =?utf-8?B?QSwgQg==?=\r\n <a@b>\r\n");
    pk_buffer_finish(&out);
}

static void test_settings(void **state)
{
    static const struct {
        struct pk_mail_settings s;
        const char *path; /* NULL: fine */
    } rows[] = {
        { { .relay = "smtp://mail:587", .from = "a@b" }, NULL },
        { { .relay = "smtps://mail", .from = "a@b", .user = "u", .password_file = "f" }, NULL },
        { { .relay = "smtp://127.0.0.1:25", .from = "a@b", .starttls = PK_STARTTLS_OFF }, NULL },
        { { .relay = "smtp://mail:25", .from = "a@b", .starttls = PK_STARTTLS_OFF },
                "mail.starttls" },
        { { .relay = "smtp://localhost",
                  .from = "a@b",
                  .starttls = PK_STARTTLS_OFF,
                  .user = "u",
                  .password_file = "f" },
                "mail.starttls" },
        { { .relay = "mail:25", .from = "a@b" }, "mail.relay" },
        { { .relay = "smtp://mail/x", .from = "a@b" }, "mail.relay" },
        { { .relay = "smtp://u:p@mail", .from = "a@b" }, "mail.relay" },
        { { .relay = "smtp://mail", .from = "ab" }, "mail.from" },
        { { .relay = "smtp://mail", .from = "a@b", .reply_to = "x" }, "mail.reply_to" },
        { { .relay = "smtp://mail", .from = "a@b", .user = "u" }, "mail.user" },
        { { .relay = "smtp://mail", .from = "a@b", .password_file = "f" }, "mail.password_file" },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_error err = { 0 };
        int rc = pk_mail_check(&rows[i].s, &err);

        assert_int_equal(rc == PK_OK, rows[i].path == NULL);
        assert_string_equal(err.path, rows[i].path != NULL ? rows[i].path : "");
    }
    assert_true(pk_url_is_loopback("http://[::1]:80/x"));
    assert_false(pk_url_is_loopback("http://127.0.0.1.evil.example/"));
    assert_false(pk_url_is_loopback("http://localhost.evil.example/"));
}

/* The example of docs/channels.md. */
static void test_signature(void **state)
{
    struct pk_buffer out = pk_buffer_of(256);

    (void)state;
    pk_hook_sign("secret", 1795395723, pk_slice_str("{\"type\":\"test\"}"), &out);
    assert_string_equal(out.ptr,
            "t=1795395723,v1=b5c782d7413866e1cb78a1bc04022daeae3fa16144c72e19e798c3aa21beacec");
    pk_buffer_finish(&out);
}

static void test_late(void **state)
{
    struct pk_late late = { 0 };
    char key[16];

    (void)state;
    assert_false(pk_late_waits(&late, "a", 0));
    assert_int_equal(pk_late_next(&late), INT64_MAX);
    assert_true(pk_late_add(&late, "a", 1000, 100, 350, 0, 32768)); /* 100 */
    assert_true(pk_late_waits(&late, "a", 1099));
    assert_false(pk_late_waits(&late, "a", 1100));
    assert_false(pk_late_waits(&late, "b", 1000));
    assert_true(pk_late_add(&late, "a", 2000, 100, 350, 0, 32768)); /* 200 */
    assert_int_equal(pk_late_next(&late), 2200);
    assert_true(pk_late_add(&late, "a", 3000, 100, 350, 0, 32768)); /* 350: the most */
    assert_int_equal(pk_late_next(&late), 3349);
    assert_true(pk_late_add(&late, "b", 3000, 100, 350, 9000, 0)); /* asked for */
    pk_late_done(&late, "a");
    assert_int_equal(pk_late_next(&late), 12000);
    for (int i = 0; late.count < PK_LATE_MAX; i++) {
        (void)snprintf(key, sizeof(key), "k%d", i);
        assert_true(pk_late_add(&late, key, 0, 1, 1, 0, 0));
    }
    assert_false(pk_late_add(&late, "one more", 0, 1, 1, 0, 0));
    assert_true(pk_late_add(&late, "b", 0, 1, 1, 0, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_form),
        cmocka_unit_test(test_injection),
        cmocka_unit_test(test_languages),
        cmocka_unit_test(test_careful),
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_quoted),
        cmocka_unit_test(test_header),
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_signature),
        cmocka_unit_test(test_late),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
