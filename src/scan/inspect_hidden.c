/* Code that the platform does not load, but the app can: DEX files and archives under any name. Only the
 * first bytes of an entry are looked at, so that this stays cheap on archives of any size. */
#include "formats/android/dex.h"
#include "scan/inspect_apk.h"

#define HEAD_SIZE 8UL
/* A smaller entry holds no DEX (its header is larger), and no archive worth the name. */
#define SMALLEST 112U
/* Thousands of small compiled layouts stand in res/; larger ones are looked at like the rest. */
#define LAYOUT_SIZE_MAX (16U * 1024)

static bool begins(struct pk_slice name, const char *head)
{
    size_t len = strlen(head);

    return name.len >= len && memcmp(name.ptr, head, len) == 0;
}

static bool ends(struct pk_slice name, const char *tail)
{
    size_t len = strlen(tail);

    return name.len >= len && memcmp(name.ptr + name.len - len, tail, len) == 0;
}

static bool is_worth_a_look(const struct pk_zip_entry *entry)
{
    if (entry->plain_size < SMALLEST || entry->data.ptr == NULL) {
        return false;
    }
    return !(entry->plain_size <= LAYOUT_SIZE_MAX && pk_zip_is_deflated(entry) &&
            begins(entry->name, "res/") && ends(entry->name, ".xml"));
}

static bool is_archive(const uint8_t *head, size_t len)
{
    return len >= 4 && memcmp(head, "PK\3\4", 4) == 0;
}

/* "classes7.dex" at the top, which a gap keeps out of the sequence, is hidden whatever it holds. */
static bool is_out_of_sequence(struct pk_slice name)
{
    return begins(name, "classes") && ends(name, ".dex") && memchr(name.ptr, '/', name.len) == NULL;
}

static void look(
        struct pk_inspect_context *ctx, struct pk_zip *zip, const struct pk_zip_entry *entry)
{
    uint8_t head[HEAD_SIZE] = { 0 };
    size_t len = pk_zip_peek(zip, entry, head, sizeof(head));
    int name_len = entry->name.len < 200 ? (int)entry->name.len : 200;

    if (pk_dex_magic(pk_slice_of(head, len))) {
        pk_anomaly_add(&ctx->anomalies, PK_ANOMALY_DEX_HIDDEN, "'%.*s', %lu bytes", name_len,
                (const char *)entry->name.ptr, (unsigned long)entry->plain_size);
    } else if (is_out_of_sequence(entry->name)) {
        pk_anomaly_add(&ctx->anomalies, PK_ANOMALY_DEX_HIDDEN,
                "'%.*s' is behind a gap and does not begin as a DEX", name_len,
                (const char *)entry->name.ptr);
    } else if (is_archive(head, len)) {
        pk_anomaly_add(&ctx->anomalies, PK_ANOMALY_APK_NESTED, "'%.*s', %lu bytes", name_len,
                (const char *)entry->name.ptr, (unsigned long)entry->plain_size);
    }
}

void pk_inspect_hidden_entries(
        struct pk_inspect_context *ctx, struct pk_zip *zip, const struct pk_inspect_seen *seen)
{
    for (size_t i = 0; i < zip->count; i++) {
        if (!seen->entries[i] && is_worth_a_look(&zip->entries[i])) {
            look(ctx, zip, &zip->entries[i]);
        }
    }
}
