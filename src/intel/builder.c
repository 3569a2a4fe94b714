#include "intel/builder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypt.h"
#include "base/utf8.h"
#include "intel/builder_internal.h"

#define POOL_MAX      (768UL * 1024 * 1024) /* with its rows below PK_INTEL_SET_MAX */
#define TEXT_MAX      255UL                 /* of a family, a label, a licence */
#define REFERENCE_MAX 1023UL
#define TABLE_START   4096UL

struct pk_intel_builder *pk_intel_builder_create(void)
{
    struct pk_intel_builder *b = calloc(1, sizeof(*b));

    if (b == NULL) {
        return NULL;
    }
    b->pool = pk_buffer_of(POOL_MAX);
    b->table = calloc(TABLE_START, sizeof(*b->table));
    b->table_size = TABLE_START;
    pk_random(&b->seed, sizeof(b->seed));
    if (b->table == NULL || pk_buffer_putc(&b->pool, '\0') < 0) {
        pk_intel_builder_destroy(b);
        return NULL;
    }
    return b;
}

void pk_intel_builder_destroy(struct pk_intel_builder *b)
{
    if (b == NULL) {
        return;
    }
    pk_buffer_finish(&b->pool);
    free(b->table);
    free(b->rows);
    free(b->sources);
    free(b->signers);
    free(b->apps);
    free(b);
}

/* Room for one more; the list or NULL. */
static void *grow(void *list, size_t count, size_t *cap, size_t size)
{
    size_t more = *cap == 0 ? 64 : *cap * 2;
    void *grown;

    if (count < *cap) {
        return list;
    }
    grown = reallocarray(list, more, size);
    if (grown != NULL) {
        *cap = more;
    }
    return grown;
}

static size_t slot_of(const struct pk_intel_builder *b, const char *text, size_t len)
{
    return pk_intel_hash(b->seed, 0, text, len) & (b->table_size - 1);
}

static int grow_table(struct pk_intel_builder *b)
{
    uint32_t *old = b->table;
    size_t old_size = b->table_size;
    uint32_t *table = calloc(old_size * 2, sizeof(*table));

    if (table == NULL) {
        return PK_ENOMEM;
    }
    b->table = table;
    b->table_size = old_size * 2;
    for (size_t i = 0; i < old_size; i++) {
        const char *text = pk_build_text(b, old[i]);
        size_t at;

        if (old[i] == 0) {
            continue;
        }
        at = slot_of(b, text, strlen(text));
        while (table[at] != 0) {
            at = (at + 1) & (b->table_size - 1);
        }
        table[at] = old[i];
    }
    free(old);
    return PK_OK;
}

/* The text's place in the pool; the same text has one place. text must not lie in the pool. */
static int intern(struct pk_intel_builder *b, const char *text, size_t len, uint32_t *out)
{
    size_t at;

    if (len == 0) {
        *out = 0;
        return PK_OK;
    }
    if (b->strings * 2 >= b->table_size && grow_table(b) < 0) {
        return PK_ENOMEM;
    }
    for (at = slot_of(b, text, len); b->table[at] != 0; at = (at + 1) & (b->table_size - 1)) {
        const char *have = pk_build_text(b, b->table[at]);

        if (strncmp(have, text, len) == 0 && have[len] == '\0') {
            *out = b->table[at];
            return PK_OK;
        }
    }
    *out = (uint32_t)b->pool.len;
    if (pk_buffer_put(&b->pool, text, len) < 0 || pk_buffer_putc(&b->pool, '\0') < 0) {
        return b->pool.rc;
    }
    b->table[at] = *out;
    b->strings++;
    return PK_OK;
}

/* A text for people: white space runs become one blank, other control characters and bytes that are no
 * UTF-8 are left out, what is too long is cut. */
static int intern_words(struct pk_intel_builder *b, const char *text, size_t max, uint32_t *out)
{
    char clean[REFERENCE_MAX + 8];
    size_t n = 0;
    size_t len = text != NULL ? strlen(text) : 0;

    for (size_t i = 0; i < len && n < max;) {
        size_t step = pk_utf8_next((const uint8_t *)text + i, len - i, NULL);
        unsigned char c = (unsigned char)text[i];

        if (step > 0 && (c == ' ' || (c >= '\t' && c <= '\r'))) {
            if (n > 0 && clean[n - 1] != ' ') {
                clean[n++] = ' ';
            }
        } else if (step > 0 && c > 0x20 && c != 0x7f && n + step <= max) {
            memcpy(clean + n, text + i, step);
            n += step;
        }
        i += step > 0 ? step : 1;
    }
    while (n > 0 && clean[n - 1] == ' ') {
        n--;
    }
    return intern(b, clean, n, out);
}

static int intern_link(struct pk_intel_builder *b, const char *text, uint32_t *out)
{
    bool link = text != NULL && strlen(text) <= REFERENCE_MAX &&
            (strncmp(text, "https://", 8) == 0 || strncmp(text, "http://", 7) == 0);

    return intern_words(b, link ? text : NULL, REFERENCE_MAX, out);
}

/* "2024-3-9...", "2024/03/09 10:00" and their like -> "2024-03-09"; anything else is no date. */
static int intern_date(struct pk_intel_builder *b, const char *text, uint32_t *out)
{
    unsigned year = 0;
    unsigned month = 0;
    unsigned day = 0;
    char date[16] = "";

    /* NOLINTNEXTLINE(cert-err34-c): widths keep the numbers small, the ranges are checked below */
    if (text != NULL && sscanf(text, "%4u%*1[-/.]%2u%*1[-/.]%2u", &year, &month, &day) == 3 &&
            year >= 1990 && year <= 2100 && month >= 1 && month <= 12 && day >= 1 && day <= 31) {
        (void)snprintf(date, sizeof(date), "%04u-%02u-%02u", year, month, day);
    }
    return intern(b, date, strlen(date), out);
}

int pk_intel_builder_source(struct pk_intel_builder *b, const char *name, const char *reference,
        const char *licence, const char *date, unsigned *source)
{
    struct pk_build_source add = { 0 };
    struct pk_build_source *sources;
    size_t i;
    int rc = intern_words(b, name, TEXT_MAX, &add.name);

    rc = rc < 0 ? rc : intern_link(b, reference, &add.reference);
    rc = rc < 0 ? rc : intern_words(b, licence, TEXT_MAX, &add.licence);
    rc = rc < 0 ? rc : intern_date(b, date, &add.date);
    if (rc < 0) {
        return rc;
    }
    if (add.name == 0) {
        return PK_EMALF;
    }
    for (i = 0; i < b->source_count; i++) {
        struct pk_build_source *have = &b->sources[i];

        if (have->name == add.name) {
            have->reference = have->reference != 0 ? have->reference : add.reference;
            have->licence = have->licence != 0 ? have->licence : add.licence;
            if (strcmp(pk_build_text(b, have->date), pk_build_text(b, add.date)) < 0) {
                have->date = add.date;
            }
            *source = (unsigned)i;
            return PK_OK;
        }
    }
    if (i == PK_INTEL_SOURCES_MAX) {
        return PK_ELIMIT;
    }
    sources = grow(b->sources, b->source_count, &b->source_cap, sizeof(*sources));
    if (sources == NULL) {
        return PK_ENOMEM;
    }
    b->sources = sources;
    sources[b->source_count++] = add;
    *source = (unsigned)i;
    return PK_OK;
}

static uint8_t flags_of(enum pk_intel_class role)
{
    switch (role) {
    case PK_INTEL_INDICATOR:
        return 0;
    case PK_INTEL_WARN:
        return PK_ROW_WARN;
    case PK_INTEL_WARN_BELOW:
        return PK_ROW_WARN | PK_ROW_BELOW;
    case PK_INTEL_WARN_SHARED:
        return PK_ROW_WARN | PK_ROW_SHARED;
    }
    return 0;
}

static int add_row(struct pk_intel_builder *b, const struct pk_build_row *row)
{
    struct pk_build_row *rows;

    if (b->row_count == PK_INTEL_ROWS_MAX) {
        return PK_ELIMIT;
    }
    rows = grow(b->rows, b->row_count, &b->row_cap, sizeof(*rows));
    if (rows == NULL) {
        return PK_ENOMEM;
    }
    b->rows = rows;
    rows[b->row_count++] = *row;
    return PK_OK;
}

int pk_intel_builder_add(struct pk_intel_builder *b, const struct pk_intel_entry *entry)
{
    char value[PK_INTEL_VALUE_MAX];
    struct pk_build_row row = {
        .source = (uint16_t)entry->source,
        .kind = (uint8_t)entry->kind,
        .category = (uint8_t)entry->category,
        .weight = (uint8_t)entry->weight,
        .flags = flags_of(entry->class_),
    };
    int rc;

    if (entry->source >= b->source_count || (unsigned)entry->weight > PK_APP_WEIGHT_MALICIOUS ||
            (unsigned)entry->category >= PK_INTEL_CATEGORY_COUNT) {
        return PK_EINVAL;
    }
    if (!pk_intel_normalise((int)entry->kind, entry->value, strlen(entry->value), value)) {
        return PK_EMALF;
    }
    rc = intern(b, value, strlen(value), &row.value);
    rc = rc < 0 ? rc : intern_words(b, entry->family, TEXT_MAX, &row.family);
    rc = rc < 0 ? rc : intern_link(b, entry->reference, &row.reference);
    rc = rc < 0 ? rc : intern_date(b, entry->date, &row.date);
    if (rc < 0) {
        return rc;
    }
    return add_row(b, &row);
}

static int intern_package(struct pk_intel_builder *b, const char *package, uint32_t *out)
{
    char value[PK_INTEL_VALUE_MAX];

    if (!pk_intel_normalise(PK_INTEL_PACKAGE, package, strlen(package), value)) {
        return PK_EMALF;
    }
    return intern(b, value, strlen(value), out);
}

static int intern_cert(struct pk_intel_builder *b, const char *cert, uint32_t *out)
{
    char value[PK_INTEL_VALUE_MAX];

    if (!pk_intel_normalise(PK_INTEL_SHA256, cert, strlen(cert), value)) {
        return PK_EMALF;
    }
    return intern(b, value, strlen(value), out);
}

int pk_intel_builder_add_signer(
        struct pk_intel_builder *b, const char *package, const char *cert, unsigned source)
{
    struct pk_build_signer add = { .source = (uint16_t)source };
    struct pk_build_signer *signers;
    int rc = source < b->source_count ? intern_package(b, package, &add.package) : PK_EINVAL;

    rc = rc < 0 ? rc : intern_cert(b, cert, &add.cert);
    if (rc < 0) {
        return rc;
    }
    if (b->signer_count == PK_INTEL_SIGNERS_MAX) {
        return PK_ELIMIT;
    }
    signers = grow(b->signers, b->signer_count, &b->signer_cap, sizeof(*signers));
    if (signers == NULL) {
        return PK_ENOMEM;
    }
    b->signers = signers;
    signers[b->signer_count++] = add;
    return PK_OK;
}

int pk_intel_builder_add_app(struct pk_intel_builder *b, const struct pk_intel_app *app)
{
    struct pk_build_app add = { .phash = app->phash, .dhash = app->dhash };
    struct pk_build_app *apps;
    unsigned source = 0;
    int rc = pk_intel_builder_source(
            b, app->source != NULL ? app->source : "local", NULL, NULL, NULL, &source);

    rc = rc < 0 ? rc : intern_package(b, app->package, &add.package);
    rc = rc < 0 ? rc : intern_cert(b, app->cert, &add.cert);
    rc = rc < 0 ? rc : intern_words(b, app->label, TEXT_MAX, &add.label);
    if (rc < 0) {
        return rc;
    }
    add.source = (uint16_t)source;
    for (size_t i = 0; i < b->app_count; i++) {
        struct pk_build_app *have = &b->apps[i];

        if (have->package == add.package && have->cert == add.cert && have->label == add.label) {
            *have = add; /* a newer icon */
            return PK_OK;
        }
    }
    if (b->app_count == PK_INTEL_APPS_MAX) {
        return PK_ELIMIT;
    }
    apps = grow(b->apps, b->app_count, &b->app_cap, sizeof(*apps));
    if (apps == NULL) {
        return PK_ENOMEM;
    }
    b->apps = apps;
    apps[b->app_count++] = add;
    return PK_OK;
}
