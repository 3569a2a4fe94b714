#include "formats/android/dex_calls.h"

#include <stdlib.h>

#include "formats/android/dex_record.h"

/* Doubles a list of at most max items. */
static bool grow(void **items, size_t *cap, size_t max, size_t size)
{
    size_t more = *cap == 0 ? 1024 : *cap * 2;
    void *bigger = more <= max ? realloc(*items, more * size) : NULL;

    if (bigger == NULL) {
        return false;
    }
    *items = bigger;
    *cap = more;
    return true;
}

bool pk_dex_calls_more_callees(struct pk_dex_calls *calls)
{
    void *items = calls->callees;

    calls->cut = calls->cut ||
            !grow(&items, &calls->callee_cap, calls->max, sizeof(*calls->callees));
    calls->callees = items;
    return !calls->cut;
}

bool pk_dex_calls_more_bodies(struct pk_dex_calls *calls)
{
    void *items = calls->bodies;

    calls->cut = calls->cut || !grow(&items, &calls->body_cap, calls->max, sizeof(*calls->bodies));
    calls->bodies = items;
    return !calls->cut;
}

void pk_dex_calls_finish(struct pk_dex_calls *calls)
{
    free(calls->bodies);
    free(calls->callees);
    *calls = (struct pk_dex_calls){ 0 };
}
