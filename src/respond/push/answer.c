#include "respond/push/answer.h"

#include <jansson.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/schema.h"

#define ANSWER_MAX  (16UL * 1024)
#define LIVES_MAX_S 86400

static json_t *parse(struct pk_slice body)
{
    json_t *json = NULL;

    if (body.len == 0 || body.len > ANSWER_MAX ||
            pk_json_parse((const char *)body.ptr, body.len, &json, NULL) < 0) {
        return NULL;
    }
    return json;
}

/* A word of theirs for our log: nothing but what their documents use. */
static void note_reason(struct pk_push_answer *out, const char *word)
{
    size_t len = word != NULL ? strlen(word) : 0;

    if (len > 0 && len < sizeof(out->reason) &&
            strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") ==
                    len) {
        memcpy(out->reason, word, len + 1);
    }
}

static bool is(const struct pk_push_answer *a, const char *reason)
{
    return strcmp(a->reason, reason) == 0;
}

/* ---- APNs: "Handling notification responses from APNs" ---------------------------------------------- */

static enum pk_push_verdict apns_verdict(long status, const struct pk_push_answer *a)
{
    switch (status) {
    case 200:
        return PK_PUSH_DONE;
    case 400:
        return is(a, "BadDeviceToken") || is(a, "DeviceTokenNotForTopic") ? PK_PUSH_GONE
                                                                          : PK_PUSH_REFUSED;
    case 403:
        return PK_PUSH_SIGN_IN;
    case 410:
        return PK_PUSH_GONE;
    case 404:
    case 405:
    case 413:
        return PK_PUSH_REFUSED;
    case 429:
        /* TooManyProviderTokenUpdates is about us, TooManyRequests about one device. */
        return is(a, "TooManyProviderTokenUpdates") ? PK_PUSH_DOWN : PK_PUSH_LATER;
    default:
        return PK_PUSH_DOWN;
    }
}

void pk_apns_answer(long status, struct pk_slice body, struct pk_push_answer *out)
{
    json_t *json = parse(body);
    json_int_t at = json_integer_value(json_object_get(json, "timestamp"));

    *out = (struct pk_push_answer){ .verdict = PK_PUSH_DOWN };
    note_reason(out, json_string_value(json_object_get(json, "reason")));
    out->verdict = apns_verdict(status, out);
    out->until_ms = status == 410 && at > 0 ? (int64_t)at : 0;
    json_decref(json);
}

/* ---- FCM: "FCM error codes" ------------------------------------------------------------------------- */

static const char *fcm_code(const json_t *json)
{
    const json_t *error = json_object_get(json, "error");
    const json_t *details = json_object_get(error, "details");

    for (size_t i = 0; i < json_array_size(details); i++) {
        const char *code = json_string_value(
                json_object_get(json_array_get(details, i), "errorCode"));

        if (code != NULL) {
            return code;
        }
    }
    return json_string_value(json_object_get(error, "status"));
}

static enum pk_push_verdict fcm_verdict(long status, const struct pk_push_answer *a)
{
    switch (status) {
    case 200:
        return PK_PUSH_DONE;
    case 400:
        return PK_PUSH_REFUSED;
    case 401:
        return PK_PUSH_SIGN_IN;
    case 403: /* of another sender: the token is of no use; otherwise we may not send at all */
        return is(a, "SENDER_ID_MISMATCH") ? PK_PUSH_GONE : PK_PUSH_DOWN;
    case 404: /* without that word the project's name is wrong */
        return is(a, "UNREGISTERED") || is(a, "NOT_FOUND") ? PK_PUSH_GONE : PK_PUSH_DOWN;
    case 429:
        return PK_PUSH_LATER;
    default:
        return PK_PUSH_DOWN;
    }
}

void pk_fcm_answer(long status, struct pk_slice body, struct pk_push_answer *out)
{
    json_t *json = parse(body);

    *out = (struct pk_push_answer){ .verdict = PK_PUSH_DOWN };
    note_reason(out, fcm_code(json));
    out->verdict = fcm_verdict(status, out);
    json_decref(json);
}

int pk_fcm_access_token(
        struct pk_slice body, char *token, size_t size, int64_t *lives_ms, struct pk_error *err)
{
    json_t *json = parse(body);
    const char *text = json_string_value(json_object_get(json, "access_token"));
    const json_t *lives = json_object_get(json, "expires_in");
    json_int_t seconds = json_integer_value(lives);
    int rc = PK_OK;

    if (text == NULL || text[0] == '\0' || !json_is_integer(lives) || seconds <= 0) {
        rc = pk_error_set(err, PK_EMALF, "the answer holds no access token");
    } else if (strlen(text) >= size) {
        rc = pk_error_set(err, PK_ELIMIT, "the access token has more than %zu bytes", size - 1);
    }
    for (const char *p = text; rc == PK_OK && *p != '\0'; p++) {
        if (*p <= ' ' || *p >= 0x7f) {
            rc = pk_error_set(err, PK_EMALF, "the access token cannot stand in a header");
        }
    }
    if (rc == PK_OK) {
        memcpy(token, text, strlen(text) + 1);
        *lives_ms = (seconds > LIVES_MAX_S ? LIVES_MAX_S : seconds) * PK_SECOND_MS;
    }
    json_decref(json);
    return rc;
}
