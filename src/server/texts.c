#include "server/texts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/event.h"
#include "store/apps.h"

#define TEXT_MEMORY (8UL * 1024 * 1024)
#define READ_MS     PK_HOUR_MS /* no report or call takes as long */

struct kept {
    struct kept *next; /* the one before */
    struct pk_text_overrides *overrides;
    int64_t retired_ms; /* 0: in force */
};

struct pk_texts {
    struct kept *newest;
};

struct pk_texts *pk_texts_create(void)
{
    return calloc(1, sizeof(struct pk_texts));
}

static void drop(struct kept **at)
{
    struct kept *old = *at;

    *at = old->next;
    pk_text_overrides_destroy(old->overrides);
    free(old);
}

void pk_texts_destroy(struct pk_texts *texts)
{
    while (texts != NULL && texts->newest != NULL) {
        drop(&texts->newest);
    }
    free(texts);
}

/* PK_ENOENT: there is no document. */
static int read_stored(struct pk_store *store, struct pk_text_overrides **out, struct pk_error *err)
{
    struct pk_arena *arena = pk_arena_create(TEXT_MEMORY);
    struct pk_document document = { 0 };
    size_t dropped = 0;
    int rc = arena != NULL ? pk_document_get(store, PK_TEXTS_DOCUMENT, arena, &document, err)
                           : pk_error_set(err, PK_ENOMEM, "out of memory");

    if (rc == PK_OK) {
        rc = pk_text_overrides_parse(document.text, strlen(document.text), &dropped, out, err);
    }
    if (rc == PK_OK) {
        pk_text_overrides_set_version(*out, document.version);
    }
    if (dropped > 0) {
        char count[24];

        (void)snprintf(count, sizeof(count), "%zu", dropped);
        pk_event(PK_WARN, "texts.left_out", { "texts", count });
    }
    pk_arena_destroy(arena);
    return rc;
}

int pk_texts_load(struct pk_texts *texts, struct pk_store *store, int64_t now_ms,
        const struct pk_text_overrides **out, struct pk_error *err)
{
    struct kept *fresh = calloc(1, sizeof(*fresh));
    int rc = fresh != NULL ? read_stored(store, &fresh->overrides, err)
                           : pk_error_set(err, PK_ENOMEM, "out of memory");

    if (rc < 0) {
        free(fresh);
        *out = rc == PK_ENOENT ? NULL : *out;
        return rc == PK_ENOENT ? PK_OK : rc;
    }
    if (texts->newest != NULL) {
        texts->newest->retired_ms = now_ms;
    }
    for (struct kept **at = &texts->newest; *at != NULL;) {
        if (now_ms - (*at)->retired_ms > READ_MS) {
            drop(at);
        } else {
            at = &(*at)->next;
        }
    }
    fresh->next = texts->newest;
    texts->newest = fresh;
    *out = fresh->overrides;
    return PK_OK;
}
