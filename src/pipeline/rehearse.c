/* A draft on what really happened: the facts of one device after the other, read from the store. */
#include "pipeline/rehearse.h"

#include <stdio.h>

#include "store/guard.h"

#define PAGE          200
#define DEVICE_MEMORY (64UL * 1024 * 1024)
#define PAGE_MEMORY   (1UL * 1024 * 1024)

static int play_device(const struct pk_rehearsing *r, struct pk_rehearse *rehearse,
        const struct pk_guarded_row *row, struct pk_error *err)
{
    struct pk_arena *arena = pk_arena_create(DEVICE_MEMORY);
    struct pk_array list = { 0 };
    struct pk_fact *facts = NULL;
    const struct pk_fact_row *rows;
    int rc = arena != NULL ? pk_facts_of(r->store, row->device, arena, &list, err)
                           : pk_error_set(err, PK_ENOMEM, "out of memory");

    if (rc == PK_OK) {
        facts = pk_arena_alloc(arena, list.count + 1, sizeof(*facts));
        rc = facts != NULL ? PK_OK : pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    rows = list.items;
    for (size_t i = 0; rc == PK_OK && i < list.count; i++) {
        facts[i] = (struct pk_fact){ .at_ms = rows[i].at_ms,
            .kind = rows[i].kind,
            .subject = rows[i].subject,
            .body = rows[i].body };
    }
    if (rc == PK_OK) {
        rc = pk_rehearse_device(rehearse, facts, list.count, r->to_ms - row->lag_ms, err);
    }
    pk_arena_destroy(arena);
    return rc;
}

static int play_page(const struct pk_rehearsing *r, struct pk_rehearse *rehearse,
        char after[PK_ID_TEXT], size_t *count, struct pk_error *err)
{
    struct pk_arena *arena = pk_arena_create(PAGE_MEMORY);
    struct pk_array list = { 0 };
    const struct pk_guarded_row *rows;
    int rc = arena != NULL ? pk_guarded_after(r->store, after, PAGE, arena, &list, err)
                           : pk_error_set(err, PK_ENOMEM, "out of memory");

    rows = list.items;
    for (size_t i = 0; rc == PK_OK && i < list.count; i++) {
        if (r->wanted == NULL || r->wanted(r->ctx, rows[i].device)) {
            rc = play_device(r, rehearse, &rows[i], err);
        }
        (void)snprintf(after, PK_ID_TEXT, "%s", rows[i].device);
    }
    *count = list.count;
    pk_arena_destroy(arena);
    return rc;
}

int pk_rehearse_store(const struct pk_rehearsing *r, struct pk_arena *arena,
        struct pk_rehearse **keep, struct pk_rehearsal *out, struct pk_error *err)
{
    struct pk_rehearse *rehearse = NULL;
    char after[PK_ID_TEXT] = "";
    size_t count = PAGE;
    int rc = pk_rehearse_create(r->policy, r->from_ms, r->to_ms, &rehearse, err);

    while (rc == PK_OK && count == PAGE) {
        rc = play_page(r, rehearse, after, &count, err);
        if (rc == PK_OK && r->stop != NULL && r->stop(r->ctx)) {
            rc = pk_error_set(err, PK_EBUSY, "the rehearsal took too long; try fewer days");
        }
    }
    if (rc == PK_OK) {
        rc = pk_rehearse_result(rehearse, arena, out);
    }
    if (rc < 0) {
        pk_rehearse_destroy(rehearse);
        return rc;
    }
    *keep = rehearse;
    return PK_OK;
}
