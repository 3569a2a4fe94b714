#include "model/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "model/threat_table.h"
#include "model/words_table.h"

#define CODE_MAX 3

size_t pk_language_count(void)
{
    return pk_language_table_count;
}

const char *pk_language_code(size_t index)
{
    return pk_language_table[index].code;
}

const char *pk_language_name(size_t index)
{
    return pk_language_table[index].name;
}

/* The language's own part of "de-AT", "de_AT.UTF-8", "de.UTF-8@euro" (RFC 5646; POSIX, locale names): its letters. */
static size_t code_length(const char *wanted)
{
    return strcspn(wanted, "-_.@");
}

static const struct pk_language_row *find_language(const char *wanted)
{
    size_t len = wanted != NULL ? code_length(wanted) : 0;

    for (size_t i = 0; i < pk_language_table_count && len > 0 && len <= CODE_MAX; i++) {
        const char *code = pk_language_table[i].code;

        if (strlen(code) == len && strncasecmp(code, wanted, len) == 0) {
            return &pk_language_table[i];
        }
    }
    return NULL;
}

static const struct pk_language_row *language_of(const char *wanted)
{
    const struct pk_language_row *row = find_language(wanted);

    return row != NULL ? row : &pk_language_table[0];
}

const char *pk_language_of(const char *wanted)
{
    return language_of(wanted)->code;
}

const char *pk_language_known(const char *wanted)
{
    const struct pk_language_row *row = find_language(wanted);

    return row != NULL ? row->code : NULL;
}

const char *pk_language_of_locale(void)
{
    static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *value = getenv(names[i]); /* NOLINT(concurrency-mt-unsafe): see words.h */

        if (value != NULL && value[0] != '\0') {
            return pk_language_of(value);
        }
    }
    return pk_language_of(NULL);
}

const struct pk_threat_words *pk_threat_words(const struct pk_threat *threat, const char *language)
{
    const struct pk_threat *entry = pk_threat_find(threat->id);

    return entry != NULL ? &language_of(language)->threats[entry - pk_threat_table] : NULL;
}

static int compare_key(const void *key, const void *entry)
{
    return strcmp(key, *(const char *const *)entry);
}

const char *pk_word(const char *language, const char *key)
{
    const char *const *found = bsearch(key, pk_word_key_table, pk_word_key_table_count,
            sizeof(pk_word_key_table[0]), compare_key);

    return found != NULL ? language_of(language)->words[found - pk_word_key_table] : key;
}

size_t pk_word_key_count(void)
{
    return pk_word_key_table_count;
}

const char *pk_word_key(size_t index)
{
    return pk_word_key_table[index];
}

/* The part whose placeholder text begins with, and how long that is. */
static const struct pk_word_part *hole_at(
        const char *text, const struct pk_word_part *parts, size_t count, size_t *len)
{
    for (size_t i = 0; i < count && text[0] == '{'; i++) {
        size_t name = strlen(parts[i].name);

        if (strncmp(text + 1, parts[i].name, name) == 0 && text[1 + name] == '}') {
            *len = name + 2;
            return &parts[i];
        }
    }
    return NULL;
}

struct filled {
    char *start;
    size_t used;
    size_t left; /* room before the terminator */
};

/* What does not fit is cut where a character ends, and nothing comes after it. */
static void put(struct filled *out, const char *text, size_t len)
{
    size_t take = len;

    if (take > out->left) {
        take = out->left;
        while (take > 0 && ((unsigned char)text[take] & 0xC0) == 0x80) {
            take--;
        }
        out->left = take;
    }
    if (take > 0) {
        memcpy(out->start + out->used, text, take);
    }
    out->used += take;
    out->left -= take;
}

void pk_word_fill(
        const char *text, const struct pk_word_part *parts, size_t count, char *out, size_t size)
{
    struct filled to = { .start = out, .left = size > 0 ? size - 1 : 0 };

    if (size == 0) {
        return;
    }
    while (*text != '\0') {
        size_t len = 1 + strcspn(text + 1, "{");
        const struct pk_word_part *part = hole_at(text, parts, count, &len);

        if (part == NULL) {
            put(&to, text, len);
        } else if (part->value != NULL) {
            put(&to, part->value, strlen(part->value));
        }
        text += len;
    }
    out[to.used] = '\0';
}

void pk_word_number(const char *text, const char *name, long long value, char *out, size_t size)
{
    char digits[24];
    const struct pk_word_part part = { name, digits };

    (void)snprintf(digits, sizeof(digits), "%lld", value);
    pk_word_fill(text, &part, 1, out, size);
}
