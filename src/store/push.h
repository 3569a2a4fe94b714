/* push.h - where devices can be woken: one token of Apple's or Google's service a device. */
#pragma once

#include "store/store.h"

enum pk_push_service {
    PK_PUSH_APNS,
    PK_PUSH_FCM,
};
extern const char *const pk_push_service_names[]; /* NULL-terminated; targets of PK_ACTION_PUSH */

struct pk_push_token {
    int service; /* enum pk_push_service */
    const char *token;
    int64_t at_ms; /* told by the device then */
};

#define PK_PUSH_TOKEN_MAX 1024 /* bytes */

/* Replaces what the device told before. */
PK_MUST_USE int pk_push_put(struct pk_store *store, const char *device,
        const struct pk_push_token *token, struct pk_error *err);
PK_MUST_USE int pk_push_get(struct pk_store *store, const char *device, struct pk_arena *arena,
        struct pk_push_token *out, struct pk_error *err);
/* The service does not know this token any more. One that the device told since then, or after until_ms (0: any time),
 * stays. Nothing to remove is fine. */
PK_MUST_USE int pk_push_remove(struct pk_store *store, const char *device, const char *token,
        int64_t until_ms, struct pk_error *err);
/* The device wants no more of it. */
PK_MUST_USE int pk_push_forget(struct pk_store *store, const char *device, struct pk_error *err);

/* Adds a PK_ACTION_PUSH for the device unless one is pending or it has no token. *added says so; NULL is fine. */
PK_MUST_USE int pk_push_wake(struct pk_store *store, const char *device, int64_t at_ms,
        struct pk_arena *arena, bool *added, struct pk_error *err);
