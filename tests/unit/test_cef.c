/* CEF lines: every escape, repair and cut by a table; whole lines as a receiver sees them. */
#include <stdio.h>

#include "base/event.h"
#include "check.h"
#include "respond/siem/cef.h"
#include "respond/siem/text.h"

#define ORIGIN (&(struct pk_origin){ .host = "picket1", .version = "0.1.0" })

struct escape_row {
    const char *in;
    size_t len; /* 0: strlen */
    size_t max;
    const char *header;
    const char *value;
};

static const struct escape_row escapes[] = {
    { "plain", 0, 99, "plain", "plain" }, { "a|b", 0, 99, "a\\|b", "a|b" },
    { "a\\b", 0, 99, "a\\\\b", "a\\\\b" }, { "a=b", 0, 99, "a=b", "a\\=b" },
    { "a\nb", 0, 99, "a b", "a\\nb" }, { "a\r\nb", 0, 99, "a  b", "a\\r\\nb" },
    { "a\tb", 0, 99, "a b", "a b" }, { "a\033[31mb", 0, 99, "a[31mb", "a[31mb" },
    { "a\0b", 3, 99, "ab", "ab" }, { "\177del", 0, 99, "del", "del" },
    { "\302\205next\302\233csi", 0, 99, "nextcsi", "nextcsi" }, /* C1 */
    { "a\342\200\250b\342\200\251c", 0, 99, "abc", "abc" },     /* U+2028, U+2029 */
    /* NOLINTNEXTLINE(misc-misleading-bidirectional): to see it removed is the test */
    { "abc\342\200\256dcba", 0, 99, "abcdcba", "abcdcba" }, /* U+202E */
    { "\357\273\277bom", 0, 99, "bom", "bom" },             /* U+FEFF */
    { "caf\303\251", 0, 99, "caf\303\251", "caf\303\251" }, /* 2 bytes */
    { "\360\237\224\222 lock", 0, 99, "\360\237\224\222 lock", "\360\237\224\222 lock" },
    { "a\377b", 0, 99, "a\357\277\275b", "a\357\277\275b" }, /* never in UTF-8 */
    { "a\303", 0, 99, "a\357\277\275", "a\357\277\275" },    /* cut short */
    { "\300\257", 0, 99, "\357\277\275\357\277\275", "\357\277\275\357\277\275" }, /* overlong */
    { "\340\200\257", 0, 2, "\357\277\275\357\277\275", "\357\277\275\357\277\275" },
    { "\355\240\200", 0, 1, "\357\277\275", "\357\277\275" },     /* a surrogate */
    { "\364\220\200\200", 0, 1, "\357\277\275", "\357\277\275" }, /* above U+10FFFF */
    { "  trim me  ", 0, 99, "trim me", "trim me" }, { "\t\n x", 0, 99, "x", "\\n x" },
    { "trailing\\", 0, 99, "trailing\\\\", "trailing\\\\" },
    { "\303\251\303\251\303\251\303\251", 0, 2, "\303\251\303\251", "\303\251\303\251" },
    { "a=b=c", 0, 2, "a=", "a\\=" }, /* never half an escape */
    { "\\\\\\", 0, 2, "\\\\\\\\", "\\\\\\\\" }, { "", 0, 99, "", "" }, { "   ", 0, 99, "", "" },
    { "x act=blocked", 0, 99, "x act=blocked", "x act\\=blocked" }, /* a forged key */
};

static void test_escapes(void **state)
{
    (void)state;
    for (size_t i = 0; i < PK_COUNT(escapes); i++) {
        const struct escape_row *r = &escapes[i];
        size_t len = r->len != 0 ? r->len : strlen(r->in);
        uint8_t *heap = pk_test_dup(r->in, len);
        struct pk_buffer header = pk_buffer_of(4096);
        struct pk_buffer value = pk_buffer_of(4096);

        pk_cef_header(&header, pk_slice_of(heap, len), r->max);
        pk_cef_value(&value, pk_slice_of(heap, len), r->max);
        assert_string_equal(header.ptr != NULL ? header.ptr : "", r->header);
        assert_string_equal(value.ptr != NULL ? value.ptr : "", r->value);
        pk_buffer_finish(&header);
        pk_buffer_finish(&value);
        free(heap);
    }
}

static void test_characters_round_trip(void **state)
{
    (void)state;
    for (uint32_t c = 1; c <= 0x10FFFF; c += c < 0x1000 ? 1 : 257) {
        char bytes[4];
        size_t len = pk_text_put(c, bytes);
        uint8_t *heap = pk_test_dup(bytes, len);
        const uint8_t *p = heap;

        if (c < 0xD800 || c > 0xDFFF) {
            assert_int_equal(pk_text_next(&p, heap + len), c);
            assert_ptr_equal(p, heap + len);
        }
        free(heap);
    }
}

static void test_names(void **state)
{
    char name[128];

    (void)state;
    assert_string_equal(pk_cef_name("network.arp_spoof", name, sizeof(name)), "ARP spoof");
    assert_string_equal(
            pk_cef_name("network.tls_untrusted_ca", name, sizeof(name)), "TLS untrusted CA");
    assert_string_equal(pk_cef_name("malware.known_bad", name, sizeof(name)), "Known bad");
    assert_string_equal(pk_cef_name("physical.no_encryption", name, sizeof(name)), "No encryption");
    /* Static, short, and without what would need an escape, for the whole catalogue. */
    for (size_t i = 0; i < pk_threat_count(); i++) {
        (void)pk_cef_name(pk_threat_at(i)->id, name, sizeof(name));
        assert_true(strlen(name) > 1 && strlen(name) < 60);
        assert_null(strpbrk(name, "|\\=_{"));
    }
}

static json_t *event_of(const char *seen)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:{s:s, s:s}, s:s, s:f, s:s, s:[s,s], s:s, "
                     "s:s, s:{s:i, s:s}, s:s}",
            "id", "5f3a-1", "at", "2026-11-23T01:02:03.456Z", "type", "incident.opened", "severity",
            "high", "threat", "network.arp_spoof", "title",
            "Another device pretends to be the router", "device", "id", "d-1", "name",
            "pixel=8|anna", "subject", "net-0123456789abcdef", "confidence", 0.976, "rule",
            "network.arp_spoof/two-holders", "attack", "T1638", "T1557", "incident", "i-7", "state",
            "open", "risk", "score", 82, "level", "critical", "seen", seen);
}

static void test_line(void **state)
{
    json_t *event = event_of("two machines claim 10.0.0.1: a\\b = c");
    struct pk_buffer out = pk_buffer_of(65536);

    (void)state;
    assert_int_equal(pk_cef_format(event, ORIGIN, "https://soc.example/", 8000, &out, NULL), PK_OK);
    assert_string_equal(out.ptr,
            "CEF:0|Picket|Picket MTD|0.1.0|network.arp_spoof|ARP spoof|8|rt=1795395723456 "
            "externalId=5f3a-1 deviceExternalId=d-1 shost=pixel\\=8|anna dvchost=picket1 "
            "cat=network act=alerted outcome=success reason=network.arp_spoof/two-holders "
            "start=1795395723456 cnt=1 cs2Label=riskLevel cs2=critical cs3Label=mitreTechnique "
            "cs3=T1638,T1557 cn1Label=riskScore cn1=82 cs4Label=subject cs4=net-0123456789abcdef "
            "cs5Label=incidentState cs5=open cs6Label=incident "
            "cs6=https://soc.example/#/incidents/i-7 cn2Label=confidencePercent cn2=98 "
            "msg=two machines claim 10.0.0.1: a\\\\b \\= c");
    pk_buffer_finish(&out);
    json_decref(event);
}

/* Whatever the room: never more, the message is cut between characters, labels have their values. */
static void test_room(void **state)
{
    char seen[3001];
    json_t *event;
    size_t fitting = 0;
    size_t whole;
    struct pk_buffer all = pk_buffer_of(65536);

    (void)state;
    for (size_t i = 0; i < 1000; i++) {
        memcpy(seen + 3 * i, i % 3 == 0 ? "a==" : "\342\202\254", 3);
    }
    seen[3000] = '\0';
    event = event_of(seen);
    assert_int_equal(pk_cef_format(event, ORIGIN, NULL, 8000, &all, NULL), PK_OK);
    whole = all.len;
    pk_buffer_finish(&all);
    for (size_t max = 40; max < 3200; max += 7) {
        struct pk_buffer out = pk_buffer_of(65536);
        int rc = pk_cef_format(event, ORIGIN, NULL, max, &out, NULL);

        assert_true(rc == PK_OK || rc == PK_ELIMIT);
        if (rc == PK_OK) {
            const uint8_t *p = (const uint8_t *)out.ptr;

            fitting++;
            assert_true(out.len <= max);
            while (p < (const uint8_t *)out.ptr + out.len) {
                assert_int_not_equal(pk_text_next(&p, (const uint8_t *)out.ptr + out.len), 0xFFFD);
            }
            assert_int_equal(
                    strstr(out.ptr, "cs4Label=") != NULL, strstr(out.ptr, " cs4=") != NULL);
            assert_int_equal(
                    strstr(out.ptr, "cn1Label=") != NULL, strstr(out.ptr, " cn1=") != NULL);
            if (max > 900) {
                assert_true(out.len > max - 8 || out.len == whole);
            }
        }
        pk_buffer_finish(&out);
    }
    assert_true(fitting > 400);
    json_decref(event);
}

/* Without an id of its own an event still has one: the same each time, another for another event. */
static void test_made_id(void **state)
{
    json_t *event = event_of("x");
    struct pk_buffer a = pk_buffer_of(65536);
    struct pk_buffer b = pk_buffer_of(65536);
    struct pk_buffer c = pk_buffer_of(65536);
    const char *id;

    (void)state;
    (void)json_object_del(event, "id");
    (void)json_object_del(event, "seen");
    assert_int_equal(pk_cef_format(event, ORIGIN, NULL, 8000, &a, NULL), PK_OK);
    assert_int_equal(pk_cef_format(event, ORIGIN, NULL, 8000, &b, NULL), PK_OK);
    assert_string_equal(a.ptr, b.ptr);
    id = strstr(a.ptr, "externalId=");
    assert_non_null(id);
    assert_int_equal(strcspn(id + 11, " "), 32);
    assert_non_null(strstr(a.ptr, "msg=Another device pretends to be the router"));
    (void)json_object_set_new(event, "type", json_string("incident.resolved"));
    assert_int_equal(pk_cef_format(event, ORIGIN, NULL, 8000, &c, NULL), PK_OK);
    assert_memory_not_equal(id, strstr(c.ptr, "externalId="), 43);
    pk_buffer_finish(&a);
    pk_buffer_finish(&b);
    pk_buffer_finish(&c);
    json_decref(event);
}

static void test_unsendable(void **state)
{
    static const struct {
        const char *key;
        const char *value; /* NULL: take the key away */
        int rc;
    } rows[] = {
        { "type", "", PK_EMISSING },
        { "at", "", PK_EMISSING },
        { "at", NULL, PK_EMISSING },
        { "at", "yesterday", PK_EMALF },
        { "type", NULL, PK_EMISSING },
        { "threat", NULL, PK_EMISSING },
        { "threat", "no.such", PK_EUNKNOWN },
        { "severity", NULL, PK_EMISSING },
        { "severity", "bad", PK_EUNKNOWN },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        json_t *event = event_of("x");
        struct pk_buffer out = pk_buffer_of(65536);
        struct pk_error err = { 0 };

        if (rows[i].value == NULL) {
            (void)json_object_del(event, rows[i].key);
        } else {
            (void)json_object_set_new(event, rows[i].key, json_string(rows[i].value));
        }
        assert_int_equal(pk_cef_format(event, ORIGIN, NULL, 8000, &out, &err), rows[i].rc);
        assert_true(strlen(err.text) > 10);
        assert_int_equal(out.len, 0);
        pk_buffer_finish(&out);
        json_decref(event);
    }
}

static void test_severities(void **state)
{
    static const int wanted[] = { 0, 3, 5, 8, 10 };

    (void)state;
    for (int i = 0; i < PK_SEVERITY_COUNT; i++) {
        assert_int_equal(pk_cef_severity(i), wanted[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_characters_round_trip),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_line),
        cmocka_unit_test(test_room),
        cmocka_unit_test(test_made_id),
        cmocka_unit_test(test_unsendable),
        cmocka_unit_test(test_severities),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
