/* Names as the eye takes them: what is disguised, and what is merely alike. */
#include "base/error.h"
#include "check.h"
#include "defense/reputation/confusable.h"

#define PAIR(a, b) \
    {              \
        (a), (b)   \
    }

static void same_to_the_eye(void **state)
{
    static const struct {
        const char *a, *b;
    } rows[] = {
        PAIR("WhatsApp", "whatsapp"), PAIR("WhatsApp", "Whats App"),
        PAIR("WhatsApp", "Whats\u0410pp"),                                    /* Cyrillic A */
        PAIR("WhatsApp", "What\u0455App"),                                    /* Cyrillic dze */
        PAIR("WhatsApp", "WhatsApp\u200b"),                                   /* zero width space */
        PAIR("WhatsApp", "\u202aWhatsApp\u202c"),                             /* directions */
        PAIR("WhatsApp", "Whats\u00adApp"),                                   /* soft hyphen */
        PAIR("WhatsApp", "Wh\u00e4tsApp"),                                    /* diaeresis */
        PAIR("WhatsApp", "Wha\u0301tsApp"),                                   /* combining acute */
        PAIR("WhatsApp", "\uff37\uff48\uff41\uff54\uff53\uff21\uff50\uff50"), /* full width */
        PAIR("WhatsApp",
                "\U0001d416\U0001d421\U0001d41a\U0001d42d\U0001d42c\U0001d400\U0001d429"
                "\U0001d429"),                                   /* mathematical */
        PAIR("WhatsApp", "vvhatsApp"), PAIR("PayPal", "PayPaI"), /* a capital i */
        PAIR("PayPal", "PayPa1"), PAIR("PayPal", "P\u03b1yPal"), /* Greek alpha */
        PAIR("Google", "G00gle"), PAIR("Amazon", "Arnazon"),
        PAIR("Signal", "Signal \U0001f512"),                          /* a padlock behind it */
        PAIR("Signal", "S\u0131gnal"),                                /* dotless i */
        PAIR("Bank", "B\u24d0nk"),                                    /* a in a circle */
        PAIR("\u0421\u0431\u0435\u0440", "\u0441\u0431\u0435\u0440"), /* Cyrillic, both cases */
        PAIR("\u652f\u4ed8\u5b9d", "\u652f\u4ed8\u5b9d\u3000"),       /* ideographic blank */
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        if (!pk_confusable_same(rows[i].a, rows[i].b)) {
            fail_msg("'%s' and '%s' look alike", rows[i].a, rows[i].b);
        }
    }
}

static void different(void **state)
{
    static const struct {
        const char *a, *b;
    } rows[] = {
        PAIR("WhatsApp", "WhatsApp Business"),
        PAIR("Signal", "Signals"),
        PAIR("Telegram", "Telegram X"),
        PAIR("", ""),
        PAIR("\u200b", "\u200b"), /* nothing is left */
        PAIR("...", "---"),
        PAIR("\u652f\u4ed8\u5b9d", "\u652f\u4ed8\u5b9e"),
        PAIR("Maps", "Mops"),
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        assert_false(pk_confusable_same(rows[i].a, rows[i].b));
    }
    assert_true(pk_confusable_plain("Whats App", "whatsapp "));
    assert_false(pk_confusable_plain("Whats\u0410pp", "whatsapp"));
    assert_true(pk_confusable_contains("Free V\u0420N - fast", "vpn"));
    assert_false(pk_confusable_contains("Free TV", "vpn"));
    assert_false(pk_confusable_contains("Free TV", ""));
}

/* Any bytes, of any length, end inside the borders. */
static void bounded(void **state)
{
    char out[PK_SKELETON_MAX];
    char text[2000];

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    assert_true(pk_confusable_skeleton(text, out) < PK_SKELETON_MAX);
    for (unsigned seed = 1; seed < 3000; seed++) {
        unsigned value = seed * 2654435761U;
        size_t n = 1 + value % 40;

        for (size_t i = 0; i < n; i++) {
            value = value * 1103515245U + 12345U;
            text[i] = (char)(1 + (value >> 16) % 255);
        }
        text[n] = '\0';
        uint8_t *heap = pk_test_dup(text, n + 1);
        size_t len = pk_confusable_skeleton((const char *)heap, out);

        assert_true(len < PK_SKELETON_MAX);
        assert_int_equal(strlen(out), len);
        free(heap);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_to_the_eye),
        cmocka_unit_test(different),
        cmocka_unit_test(bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
