#include "formats/android/apksig_context.h"

#include <stdio.h>
#include <string.h>

void *pk_apksig_list_add(
        struct pk_apksig_context *ctx, struct pk_array *list, size_t *cap, size_t max, size_t size)
{
    if (list->count == max) {
        return NULL;
    }
    if (list->count == *cap) {
        size_t grown = *cap == 0 ? 8 : *cap * 2;
        void *items = pk_arena_alloc(ctx->arena, grown, size);

        if (items == NULL) {
            ctx->rc = PK_ENOMEM;
            return NULL;
        }
        if (list->count > 0) {
            memcpy(items, list->items, list->count * size);
        }
        list->items = items;
        *cap = grown;
    }
    return (char *)list->items + list->count++ * size;
}

static void say(struct pk_apksig_context *ctx, unsigned scheme, enum pk_apksig_issue issue,
        bool error, const char *format, va_list args)
{
    /* Warnings leave room, so that what decides is always said. */
    size_t max = PK_APKSIG_ISSUES_MAX - (error ? 0 : PK_APKSIG_ERRORS_MIN);
    struct pk_apksig_issue_met *met = ctx->out->met.count < max
            ? pk_apksig_list_add(ctx, &ctx->out->met, &ctx->issues_cap, max, sizeof(*met))
            : NULL;
    char text[512];

    ctx->errors += error;
    if (met == NULL) {
        return;
    }
    (void)vsnprintf(text, sizeof(text), format, args);
    *met = (struct pk_apksig_issue_met){
        .issue = issue,
        .error = error,
        .scheme = scheme,
        .details = pk_printable(ctx->arena, text, strlen(text), PK_EVIDENCE_MAX),
    };
    if (met->details == NULL) {
        met->details = "";
        ctx->rc = PK_ENOMEM;
    }
}

void pk_apksig_error(struct pk_apksig_context *ctx, unsigned scheme, enum pk_apksig_issue issue,
        const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(ctx, scheme, issue, true, format, args);
    va_end(args);
}

void pk_apksig_warning(struct pk_apksig_context *ctx, unsigned scheme, enum pk_apksig_issue issue,
        const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(ctx, scheme, issue, false, format, args);
    va_end(args);
}

struct pk_apksig_signer *pk_apksig_add_signer(struct pk_apksig_context *ctx, unsigned scheme)
{
    struct pk_apksig_signer *signer = pk_apksig_list_add(
            ctx, &ctx->out->all_signers, &ctx->signers_cap, PK_APKSIG_SIGNERS_MAX, sizeof(*signer));

    if (signer != NULL) {
        *signer = (struct pk_apksig_signer){ .scheme = scheme };
    }
    return signer;
}
