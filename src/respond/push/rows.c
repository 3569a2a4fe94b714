/* What both services have in common: from a row to a token, and from an answer to the books. */
#include <stdio.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/crypt.h"
#include "respond/push/answer.h"
#include "respond/push/push.h"
#include "store/push.h"

#define TOKEN_MEMORY (64UL * 1024)

void pk_push_opaque(const char *device, char out[PK_PUSH_OPAQUE])
{
    char digits[PK_SHA256_HEX];

    pk_sha256_hex(pk_slice_str(device), digits);
    (void)snprintf(out, PK_PUSH_OPAQUE, "%.16s", digits);
}

static int judge(struct pk_store *store, const struct pk_push_token *token,
        const struct pk_push_answer *answer, struct pk_sending *row, struct pk_error *err)
{
    const char *reason = answer->reason[0] != '\0' ? answer->reason : "no reason given";

    switch (answer->verdict) {
    case PK_PUSH_DONE:
        row->result = PK_SENT_OK;
        return PK_OK;
    case PK_PUSH_GONE:
        row->result = PK_SENT_REFUSED;
        (void)pk_error_set(&row->error, PK_EPEER, "the token is dead: %s", reason);
        return pk_push_remove(store, row->action->device, token->token, answer->until_ms, err);
    case PK_PUSH_REFUSED:
        row->result = PK_SENT_REFUSED;
        (void)pk_error_set(&row->error, PK_EPEER, "refused: %s", reason);
        return PK_OK;
    case PK_PUSH_LATER:
        row->result = PK_SENT_LATER;
        (void)pk_error_set(&row->error, PK_EPEER, "put off: %s", reason);
        return PK_OK;
    case PK_PUSH_SIGN_IN:
        return pk_error_set(err, PK_EPEER, "the service does not accept our key: %s", reason);
    case PK_PUSH_DOWN:
        break;
    }
    return pk_error_set(err, PK_EPEER, "the service does not work now: %s", reason);
}

static int send_row(const struct pk_push_post *post, struct pk_store *store, struct pk_sending *row,
        struct pk_arena *arena, struct pk_error *err)
{
    const char *device = row->action->device;
    struct pk_push_answer answer = { .verdict = PK_PUSH_DOWN };
    struct pk_push_token token = { .service = -1 };
    int rc = device != NULL ? pk_push_get(store, device, arena, &token, err) : PK_ENOENT;

    if (rc == PK_ENOENT || (rc == PK_OK && token.service != post->service)) {
        row->result = PK_SENT_REFUSED;
        (void)pk_error_set(&row->error, PK_ENOENT, "the device has no token here any more");
        return PK_OK;
    }
    if (rc == PK_OK) {
        rc = post->post(post->self, &token, device, &answer, &row->wait_ms, err);
    }
    return rc < 0 ? rc : judge(store, &token, &answer, row, err);
}

int pk_push_rows(const struct pk_push_post *post, struct pk_store *store, struct pk_sending *rows,
        size_t count, struct pk_error *err)
{
    int rc = PK_OK;

    for (size_t i = 0; i < count && rc == PK_OK; i++) {
        struct pk_arena *arena = pk_arena_create(TOKEN_MEMORY);

        rc = arena != NULL ? send_row(post, store, &rows[i], arena, err)
                           : pk_error_set(err, PK_ENOMEM, "out of memory");
        pk_arena_destroy(arena);
    }
    return rc;
}
