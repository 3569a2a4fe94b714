/* What is matched: the file as it is ("."), every entry of an archive as its plain bytes, and the strings of all
 * DEX files, one a line ("code"), so that a rule can say "a whole string". */
#include "scan/inspect_bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MATCHES_MAX 500UL
#define ATTACK_MAX  16
#define ID_MAX      90

struct bytes {
    struct pk_inspect_context *ctx;
    struct pk_app_subject *app;
    const char *file; /* that is being matched */
    struct pk_app_match *items;
    size_t count;
    size_t left; /* of PK_BYTE_RULES_TOTAL_MAX */
};

static struct pk_strings keep_list(
        struct pk_inspect_context *ctx, const char *const *items, size_t count)
{
    struct pk_strings out = { .items = pk_inspect_alloc(ctx, count + 1, sizeof(*out.items)) };

    for (size_t i = 0; out.items != NULL && i < count; i++) {
        pk_inspect_push(&out, pk_inspect_keep(ctx, items[i]));
    }
    return out;
}

/* "T1406, T1407.001" of a rule's meta as a list; what does not look like a technique is left out. */
static size_t split_attack(struct pk_inspect_context *ctx, const char *text, const char **out)
{
    size_t count = 0;

    while (text != NULL && *text != '\0' && count < ATTACK_MAX) {
        size_t len = strcspn(text, ", ;");

        if (len >= 5 && len <= 9 && text[0] == 'T' && strspn(text + 1, "0123456789.") + 1 == len) {
            out[count] = pk_inspect_keep_bytes(ctx, pk_slice_of(text, len));
            count++;
        }
        text += len;
        text += strspn(text, ", ;");
    }
    out[count] = NULL;
    return count;
}

static void say(struct bytes *b, const struct pk_byte_hit *hit)
{
    const char *attack[ATTACK_MAX + 1];
    char id[ID_MAX];
    char rule[2 * ID_MAX];
    char title[200];
    char evidence[600];
    size_t used;

    (void)split_attack(b->ctx, hit->attack, attack);
    (void)snprintf(id, sizeof(id), "yara.%s", hit->rule);
    (void)snprintf(rule, sizeof(rule), "yara/%.60s/%.80s", hit->space, hit->rule);
    (void)snprintf(title, sizeof(title), "%s",
            hit->description != NULL ? hit->description : "Matches a rule of this organisation");
    used = (size_t)snprintf(evidence, sizeof(evidence), "'%.200s'", b->file);
    for (size_t i = 0; i < hit->string_count && used < sizeof(evidence); i++) {
        used += (size_t)snprintf(evidence + used, sizeof(evidence) - used, "%s%s",
                i == 0 ? ": " : ", ", hit->strings[i]);
    }
    if (pk_app_say(b->app, &b->ctx->opinion,
                &(struct pk_app_says){ .id = id,
                        .severity = (enum pk_severity)hit->severity,
                        .title = title,
                        .evidence = evidence,
                        .attack = attack,
                        .rule = rule,
                        .weight = (enum pk_app_weight)hit->weight }) < 0) {
        b->ctx->rc = PK_ENOMEM;
    }
}

static void on_hit(void *ctx, const struct pk_byte_hit *hit)
{
    struct bytes *b = ctx;

    if (b->count == MATCHES_MAX) {
        return;
    }
    b->items[b->count++] = (struct pk_app_match){
        .rule = pk_inspect_keep_cut(b->ctx, hit->rule, 190),
        .space = pk_inspect_keep_cut(b->ctx, hit->space, 190),
        .tags = keep_list(b->ctx, hit->tags, hit->tag_count),
        .file = pk_inspect_keep(b->ctx, b->file),
        .strings = keep_list(b->ctx, hit->strings, hit->string_count),
    };
    say(b, hit);
}

static void match(struct bytes *b, struct pk_slice bytes, const char *file)
{
    const struct pk_byte_rules *rules = b->ctx->options->byte_rules;
    int rc;

    if (bytes.len > PK_BYTE_RULES_ENTRY_MAX || bytes.len > b->left) {
        pk_anomaly_add(
                &b->ctx->anomalies, PK_ANOMALY_LIMIT_RULES, "'%s': %zu bytes", file, bytes.len);
        return;
    }
    b->left -= bytes.len;
    b->file = file;
    rc = rules->match(rules, bytes, file, on_hit, b);
    if (rc == PK_ELIMIT) {
        pk_anomaly_add(
                &b->ctx->anomalies, PK_ANOMALY_LIMIT_RULES, "'%s': the rules took too long", file);
    } else if (rc < 0) {
        (void)pk_inspect_full(b->ctx, rc, file);
    }
}

static void match_entries(struct bytes *b)
{
    struct pk_zip *zip = b->app->zip;

    for (size_t i = 0; zip != NULL && i < zip->count && b->ctx->rc == PK_OK; i++) {
        const struct pk_zip_entry *entry = &zip->entries[i];
        const char *name = pk_inspect_keep_bytes(b->ctx, entry->name);
        struct pk_zip_bytes bytes = { 0 };

        if (entry->plain_size == 0) {
            continue;
        }
        /* What cannot be read has been said by who tried before. */
        if (pk_zip_read(zip, entry, &bytes, NULL) == PK_OK) {
            match(b, bytes.bytes, name);
            pk_zip_release(&bytes);
        }
    }
}

/* Bytes of all strings; they may overlap in a hostile file, so the sum is bounded. */
static size_t strings_size(const struct pk_app_subject *app)
{
    size_t sum = 0;

    for (size_t i = 0; i < app->dex_count; i++) {
        for (uint32_t s = 0; s < app->dex[i].string_count; s++) {
            sum += pk_dex_string(&app->dex[i], s).len + 1;
            if (sum > PK_BYTE_RULES_ENTRY_MAX) {
                return sum;
            }
        }
    }
    return sum;
}

static void match_strings(struct bytes *b)
{
    const struct pk_app_subject *app = b->app;
    size_t size = strings_size(app);
    char *text = size > 0 && size <= PK_BYTE_RULES_ENTRY_MAX ? malloc(size) : NULL;
    size_t used = 0;

    if (text == NULL) {
        if (size > PK_BYTE_RULES_ENTRY_MAX) {
            pk_anomaly_add(&b->ctx->anomalies, PK_ANOMALY_LIMIT_RULES, "the strings of the code");
        }
        return;
    }
    for (size_t i = 0; i < app->dex_count; i++) {
        for (uint32_t s = 0; s < app->dex[i].string_count; s++) {
            struct pk_slice string = pk_dex_string(&app->dex[i], s);

            if (string.len > 0) {
                memcpy(text + used, string.ptr, string.len);
            }
            used += string.len;
            text[used++] = '\n';
        }
    }
    match(b, pk_slice_of(text, used), "code");
    free(text);
}

void pk_inspect_byte_rules(struct pk_inspect_context *ctx, struct pk_app_subject *app)
{
    struct bytes b = { .ctx = ctx, .app = app, .left = PK_BYTE_RULES_TOTAL_MAX };

    if (ctx->options->byte_rules == NULL || ctx->rules_asked) {
        return;
    }
    ctx->rules_asked = true;
    b.items = pk_inspect_alloc(ctx, MATCHES_MAX, sizeof(*b.items));
    if (b.items == NULL) {
        return;
    }
    if (ctx->out->matches.count > 0) { /* of a bundle's base */
        b.count = ctx->out->matches.count;
        memcpy(b.items, ctx->out->matches.items, b.count * sizeof(*b.items));
    }
    match(&b, ctx->file, ".");
    match_entries(&b);
    match_strings(&b);
    ctx->out->matches = (struct pk_array){ .items = b.items, .count = b.count };
}
