/* push.h - waking phones by Apple's and Google's services, each a channel of the dispatcher.
 *
 * A push says that there is something to fetch and nothing else: no threat, no name, no text. It is a hint; the agent
 * asks by itself, too. Tokens that a service does not know any more are removed from the store. */
#pragma once

#include "respond/channel.h"
#include "respond/push/settings.h"

/* settings are borrowed. */
struct pk_channel pk_apns_channel(const struct pk_apns_settings *settings);
struct pk_channel pk_fcm_channel(const struct pk_fcm_settings *settings);

/* Internal to this folder: what both do with one row. service: enum pk_push_service; post puts an answer's meaning
 * into the row's result, or fails as the whole channel. */
struct pk_push_token;
struct pk_push_answer;
struct pk_push_post {
    int service;
    void *self;
    int (*post)(void *self, const struct pk_push_token *token, const char *device,
            struct pk_push_answer *answer, int64_t *wait_ms, struct pk_error *err);
};
PK_MUST_USE int pk_push_rows(const struct pk_push_post *post, struct pk_store *store,
        struct pk_sending *rows, size_t count, struct pk_error *err);

/* Words that only say "come": the same for the same device, meaningless to others. Internal. */
#define PK_PUSH_OPAQUE 17
void pk_push_opaque(const char *device, char out[PK_PUSH_OPAQUE]);
