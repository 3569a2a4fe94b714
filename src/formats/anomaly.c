#include "formats/anomaly.h"

#include <stdio.h>

#include "base/utf8.h"
#include "formats/anomaly_table.h"

const struct pk_anomaly_kind *pk_anomaly_kind(enum pk_anomaly_id id)
{
    return &pk_anomaly_table[id];
}

size_t pk_anomaly_kind_count(void)
{
    return PK_ANOMALY_COUNT;
}

int pk_anomalies_init(struct pk_anomalies *list, struct pk_arena *arena)
{
    struct pk_anomaly *items = pk_arena_alloc(arena, PK_ANOMALY_COUNT, sizeof(*items));

    if (items == NULL) {
        return PK_ENOMEM;
    }
    *list = (struct pk_anomalies){ .arena = arena, .items = items };
    return PK_OK;
}

/* The evidence is read by people only, so when memory is short it is left out. */
static const char *evidence(struct pk_arena *arena, const char *format, va_list args)
{
    char text[4 * PK_EVIDENCE_MAX];
    const char *clean;
    int n = vsnprintf(text, sizeof(text), format, args);

    if (n < 0) {
        return "";
    }
    clean = pk_printable(
            arena, text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1, PK_EVIDENCE_MAX);
    return clean != NULL ? clean : "";
}

void pk_anomaly_add(struct pk_anomalies *list, enum pk_anomaly_id id, const char *format, ...)
{
    struct pk_anomaly *item;
    va_list args;

    if (list == NULL) {
        return;
    }
    item = (struct pk_anomaly *)pk_anomaly_find(list, id);
    if (item != NULL) {
        item->count++;
        return;
    }
    va_start(args, format);
    list->items[list->count++] = (struct pk_anomaly){
        .id = id,
        .count = 1,
        .evidence = evidence(list->arena, format, args),
    };
    va_end(args);
}

const struct pk_anomaly *pk_anomaly_find(const struct pk_anomalies *list, enum pk_anomaly_id id)
{
    for (size_t i = 0; list != NULL && i < list->count; i++) {
        if (list->items[i].id == id) {
            return &list->items[i];
        }
    }
    return NULL;
}

/* What would let a name pretend to be another, or move what is printed after it. */
static bool is_deceptive(uint32_t rune)
{
    return rune < 0x20 || (rune >= 0x7f && rune < 0xa0) || rune == 0x200e || rune == 0x200f ||
            (rune >= 0x2028 && rune <= 0x202e) || (rune >= 0x2066 && rune <= 0x2069) ||
            rune == 0xfeff;
}

const char *pk_printable(struct pk_arena *arena, const void *bytes, size_t len, size_t max)
{
    static const char ellipsis[] = "\xe2\x80\xa6";
    const uint8_t *p = bytes;
    /* An escape is longer than what it stands for, so room for one and the ellipsis on top. */
    char *out = pk_arena_alloc(arena, 1, max + 16);
    size_t used = 0;
    size_t last = 0; /* where the text is cut when it gets too long */

    if (out == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < len;) {
        uint32_t rune = p[i];
        size_t n = pk_utf8_next(p + i, len - i, &rune);

        if (used + sizeof(ellipsis) - 1 <= max) {
            last = used;
        }
        if (n == 0) {
            used += (size_t)snprintf(out + used, 16, "\\x%02x", p[i]);
            n = 1;
        } else if (is_deceptive(rune)) {
            used += (size_t)snprintf(
                    out + used, 16, rune < 0x100 ? "\\x%02x" : "\\u{%04x}", (unsigned)rune);
        } else {
            memcpy(out + used, p + i, n);
            used += n;
        }
        if (used > max) {
            memcpy(out + last, ellipsis, sizeof(ellipsis));
            return out;
        }
        i += n;
    }
    out[used] = '\0';
    return out;
}
