#include "server/policies.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "store/apps.h"

#define TEXT_MEMORY (4UL * 1024 * 1024)
#define READ_MS     PK_HOUR_MS /* no report or call takes as long */

struct kept {
    struct kept *next; /* the one before */
    struct pk_policy *policy;
    int64_t retired_ms; /* 0: in force */
};

struct pk_policies {
    struct kept *newest;
};

struct pk_policies *pk_policies_create(void)
{
    return calloc(1, sizeof(struct pk_policies));
}

static void drop(struct kept **at)
{
    struct kept *old = *at;

    *at = old->next;
    pk_policy_destroy(old->policy);
    free(old);
}

void pk_policies_destroy(struct pk_policies *policies)
{
    while (policies != NULL && policies->newest != NULL) {
        drop(&policies->newest);
    }
    free(policies);
}

static int read_stored(struct pk_store *store, struct pk_policy **out, struct pk_error *err)
{
    struct pk_arena *arena = pk_arena_create(TEXT_MEMORY);
    struct pk_document document;
    int rc = arena != NULL ? pk_document_get(store, PK_POLICY_DOCUMENT, arena, &document, err)
                           : pk_error_set(err, PK_ENOMEM, "out of memory");

    if (rc == PK_OK) {
        rc = pk_policy_parse("the policy", document.text, strlen(document.text), out, err);
    }
    if (rc == PK_OK) {
        pk_policy_set_version(*out, document.version);
    }
    pk_arena_destroy(arena);
    return rc;
}

static int read_one(
        const char *file, struct pk_store *store, struct pk_policy **out, struct pk_error *err)
{
    struct pk_slice text = pk_policy_default_text();
    int rc;

    if (file != NULL) {
        return pk_policy_load(file, out, err);
    }
    rc = read_stored(store, out, err);
    return rc != PK_ENOENT
            ? rc
            : pk_policy_parse("built-in policy", (const char *)text.ptr, text.len, out, err);
}

static void retire(struct pk_policies *policies, int64_t now_ms)
{
    struct kept **at = &policies->newest;

    if (*at != NULL && (*at)->retired_ms == 0) {
        (*at)->retired_ms = now_ms;
    }
    while (*at != NULL) {
        if (now_ms - (*at)->retired_ms > READ_MS) {
            drop(at);
        } else {
            at = &(*at)->next;
        }
    }
}

int pk_policies_load(struct pk_policies *policies, const char *file, struct pk_store *store,
        int64_t now_ms, const struct pk_policy **out, struct pk_error *err)
{
    struct kept *fresh = calloc(1, sizeof(*fresh));
    int rc = fresh != NULL ? read_one(file, store, &fresh->policy, err)
                           : pk_error_set(err, PK_ENOMEM, "out of memory");

    if (rc < 0) {
        free(fresh);
        return rc;
    }
    retire(policies, now_ms);
    fresh->next = policies->newest;
    policies->newest = fresh;
    *out = fresh->policy;
    return PK_OK;
}
