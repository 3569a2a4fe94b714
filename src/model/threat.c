#include "model/threat.h"

#include <stdint.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "model/threat_table.h"

#define PLACEHOLDER "{subject}"
/* What a text says when there is no name to put in. */
#define NO_SUBJECT "unknown"
/* Stands for bytes that are no UTF-8; a space in the end, like a control character. */
#define BAD_CODEPOINT 0

static const char *const vector_names[PK_VECTOR_COUNT] = {
    [PK_VECTOR_NETWORK] = "network",
    [PK_VECTOR_MALWARE] = "malware",
    [PK_VECTOR_PHYSICAL] = "physical",
    [PK_VECTOR_VULNERABILITY] = "vulnerability",
    [PK_VECTOR_BEHAVIOR] = "behavior",
};

static const char *const severity_names[PK_SEVERITY_COUNT] = {
    [PK_SEVERITY_INFO] = "info",
    [PK_SEVERITY_LOW] = "low",
    [PK_SEVERITY_MEDIUM] = "medium",
    [PK_SEVERITY_HIGH] = "high",
    [PK_SEVERITY_CRITICAL] = "critical",
};

static int compare_id(const void *id, const void *entry)
{
    return strcmp(id, ((const struct pk_threat *)entry)->id);
}

const struct pk_threat *pk_threat_find(const char *id)
{
    return bsearch(
            id, pk_threat_table, pk_threat_table_count, sizeof(pk_threat_table[0]), compare_id);
}

size_t pk_threat_count(void)
{
    return pk_threat_table_count;
}

const struct pk_threat *pk_threat_at(size_t index)
{
    return &pk_threat_table[index];
}

const char *pk_vector_name(enum pk_vector vector)
{
    return vector_names[vector];
}

const char *pk_severity_name(enum pk_severity severity)
{
    return severity_names[severity];
}

const char *pk_urgency_name(enum pk_urgency urgency)
{
    switch (urgency) {
    case PK_URGENCY_INFO:
        return "info";
    case PK_URGENCY_TODAY:
        return "today";
    case PK_URGENCY_NOW:
        return "now";
    }
    return "info";
}

/* The index of name in names, or -1. */
static int find_name(const char *const *names, int count, const char *name)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0) {
            return i;
        }
    }
    return -1;
}

int pk_vector_parse(const char *name, enum pk_vector *out)
{
    int i = find_name(vector_names, PK_VECTOR_COUNT, name);

    if (i < 0) {
        return PK_ENOENT;
    }
    *out = (enum pk_vector)i;
    return PK_OK;
}

int pk_severity_parse(const char *name, enum pk_severity *out)
{
    int i = find_name(severity_names, PK_SEVERITY_COUNT, name);

    if (i < 0) {
        return PK_ENOENT;
    }
    *out = (enum pk_severity)i;
    return PK_OK;
}

/* Length of the UTF-8 sequence at s (RFC 3629: shortest form, no surrogates) and its value; 1 and
 * BAD_CODEPOINT when there is none. s is terminated, so a sequence cut short ends at the NUL. */
static size_t utf8_next(const unsigned char *s, uint32_t *value)
{
    static const uint32_t first_of_len[] = { 0, 0, 0x80, 0x800, 0x10000 };
    size_t len = s[0] < 0x80 ? 1 : s[0] < 0xC0 ? 0 : s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;
    uint32_t v = len < 2 ? s[0] : s[0] & (0x7Fu >> len);

    *value = BAD_CODEPOINT;
    if (len == 0 || s[0] > 0xF4) {
        return 1;
    }
    for (size_t i = 1; i < len; i++) {
        if ((s[i] & 0xC0) != 0x80) {
            return 1;
        }
        v = v << 6 | (s[i] & 0x3Fu);
    }
    if (v < first_of_len[len] || v > 0x10FFFF || (v >= 0xD800 && v <= 0xDFFF)) {
        return 1;
    }
    *value = v;
    return len;
}

/* Controls, and the characters that turn the direction of writing or cannot be seen: a name with
 * them can rewrite the sentence around it (Unicode TR 36, "bidirectional text spoofing"). */
static bool is_unsafe(uint32_t c)
{
    return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0xAD || c == 0x061C ||
            (c >= 0x200B && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) ||
            (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF || (c >= 0xFFF9 && c <= 0xFFFB) ||
            (c >= 0xE0000 && c <= 0xE0FFF);
}

struct text_out {
    char *start;
    size_t used;
    size_t left; /* room before the terminator */
};

/* A character goes in whole or not at all; after the first that does not fit nothing does. */
static void put(struct text_out *out, const char *bytes, size_t len)
{
    if (len > out->left) {
        out->left = 0;
        return;
    }
    memcpy(out->start + out->used, bytes, len);
    out->used += len;
    out->left -= len;
}

static void put_clean(struct text_out *out, const char *subject)
{
    while (*subject != '\0' && out->left > 0) {
        uint32_t c;
        size_t len = utf8_next((const unsigned char *)subject, &c);

        if (is_unsafe(c)) {
            put(out, " ", 1);
        } else {
            put(out, subject, len);
        }
        subject += len;
    }
}

void pk_threat_text(const char *text, const char *subject, char *out, size_t size)
{
    struct text_out to = { .start = out, .left = size == 0 ? 0 : size - 1 };

    if (size == 0) {
        return;
    }
    if (subject == NULL || subject[0] == '\0') {
        subject = NO_SUBJECT;
    }
    while (*text != '\0' && to.left > 0) {
        if (strncmp(text, PLACEHOLDER, strlen(PLACEHOLDER)) == 0) {
            put_clean(&to, subject);
            text += strlen(PLACEHOLDER);
        } else {
            uint32_t c;
            size_t len = utf8_next((const unsigned char *)text, &c);

            put(&to, text, len);
            text += len;
        }
    }
    out[to.used] = '\0';
}
