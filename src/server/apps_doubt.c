/* Which files are to be judged again because others spoke, or because time did: verdicts of the crowd that changed, and
 * once a day what is in a bad standing on many devices. A bounded number at a time; judging itself is
 * apps_push.c. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "crowd/opinion.h"
#include "defense/reputation/reputation.h"
#include "server/apps_internal.h"
#include "store/app_proof.h"
#include "store/crowd_rows.h"

#define SEEN_KEY \
    "apps_crowd_seq" /* of the store's meta table: the newest change that was looked at */
#define CHANGES_MAX 200
#define OLD_MAX     100
#define ARENA_MAX   (1UL * 1024 * 1024)

static int doubt(
        struct pk_store *store, const struct pk_crowd_change_row *row, struct pk_error *err)
{
    char digits[24];
    int64_t count;

    (void)snprintf(digits, sizeof(digits), "%016llx", (unsigned long long)row->thing.a);
    switch ((enum pk_crowd_kind)row->thing.kind) {
    case PK_CROWD_APP:
        return pk_app_proof_doubt_file(store, digits, &count, err);
    case PK_CROWD_SIGNER:
        return pk_app_proof_doubt_signer(store, digits, &count, err);
    case PK_CROWD_POINT:
    case PK_CROWD_SITE:
    case PK_CROWD_MAST:
    case PK_CROWD_KINDS:
        break;
    }
    return PK_OK;
}

static int note_seen(struct pk_store *store, int64_t seq, struct pk_error *err)
{
    char text[24];

    (void)snprintf(text, sizeof(text), "%lld", (long long)seq);
    return pk_meta_put(store, SEEN_KEY, text, err);
}

static int look_at_crowd(struct pk_store *store, bool *left, struct pk_error *err)
{
    struct pk_arena *arena = pk_arena_create(ARENA_MAX);
    const struct pk_crowd_change_row *rows;
    struct pk_array changes = { 0 };
    const char *text = NULL;
    int rc = arena != NULL ? pk_meta_get(store, SEEN_KEY, arena, &text, err)
                           : pk_error_set(err, PK_ENOMEM, "out of memory");

    if (rc == PK_OK) {
        rc = pk_crowd_changes_after(store, text != NULL ? strtoll(text, NULL, 10) : 0, CHANGES_MAX,
                arena, &changes, err);
    }
    rows = changes.items;
    for (size_t i = 0; i < changes.count && rc == PK_OK; i++) {
        rc = doubt(store, &rows[i], err);
    }
    if (rc == PK_OK && changes.count > 0) {
        rc = note_seen(store, rows[changes.count - 1].seq, err);
    }
    *left = changes.count == CHANGES_MAX;
    pk_arena_destroy(arena);
    return rc;
}

static int doubt_all(struct pk_apps *apps, struct pk_store *store, void *ctx, struct pk_error *err)
{
    int64_t before_ms = pk_server_now(apps->server) - PK_DAY_MS;
    int64_t count;
    int rc = look_at_crowd(store, ctx, err);

    return rc < 0
            ? rc
            : pk_app_proof_doubt_old(store, PK_PROOF_SETTLED, before_ms, OLD_MAX, &count, err);
}

int pk_apps_doubt(struct pk_apps *apps, bool *left, struct pk_error *err)
{
    *left = false;
    return pk_apps_transaction(apps, doubt_all, left, err);
}
