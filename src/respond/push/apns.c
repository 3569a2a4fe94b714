/* Apple Push Notification service over HTTP/2 with token authentication. Sources: "Sending notification requests to APNs",
 * "Establishing a token-based connection to APNs". */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "respond/curl.h"
#include "respond/push/answer.h"
#include "respond/push/jwt.h"
#include "respond/push/push.h"
#include "store/push.h"

#define BATCH      32
#define KEY_MAX    (16UL * 1024)
#define JWT_MAX    2048
#define RENEW_MS   (50 * PK_MINUTE_MS) /* at most once in 20 min, at least once in 60 */
#define LEAST_MS   (20 * PK_MINUTE_MS)
#define EXPIRES_S  3600 /* a hint that is older is of no use */
#define ANSWER_MAX (16UL * 1024)

struct apns {
    const struct pk_apns_settings *settings;
    struct pk_curl curl;
    char jwt[JWT_MAX]; /* "": none */
    int64_t made_ms;   /* monotonic */
};

static void destroy(void *self)
{
    struct apns *a = self;

    pk_curl_close(&a->curl);
    explicit_bzero(a->jwt, sizeof(a->jwt));
    free(a);
}

static int create(const void *settings, const struct pk_origin *origin, int stop_fd, void **out,
        struct pk_error *err)
{
    struct apns *a = calloc(1, sizeof(*a));
    int rc;

    (void)origin;
    if (a == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    a->settings = settings;
    rc = pk_curl_open(&a->curl, stop_fd, err);
    if (rc < 0) {
        free(a);
        return rc;
    }
    *out = a;
    return PK_OK;
}

/* The key is read each time, so that a renewed one is used. */
static int make_jwt(struct apns *a, struct pk_error *err)
{
    struct pk_buffer key = pk_buffer_of(KEY_MAX);
    struct pk_buffer jwt = pk_buffer_of(JWT_MAX - 1);
    json_t *claims = json_pack(
            "{s:s, s:I}", "iss", a->settings->team_id, "iat", (json_int_t)(pk_clock_ms() / 1000));
    int rc = pk_file_read(a->settings->key_file, &key, err);

    if (rc == PK_OK) {
        rc = pk_jwt_sign(
                PK_JWT_ES256, a->settings->key_id, claims, pk_buffer_slice(&key), &jwt, err);
    }
    if (rc == PK_OK) {
        memcpy(a->jwt, jwt.ptr, jwt.len + 1);
        a->made_ms = pk_clock_monotonic_ms();
    } else {
        pk_error_prefix(err, "push.apns.key_file");
    }
    if (key.ptr != NULL) {
        explicit_bzero(key.ptr, key.len);
    }
    json_decref(claims);
    pk_buffer_finish(&key);
    pk_buffer_finish(&jwt);
    return rc;
}

static int call(struct apns *a, const struct pk_push_token *token, const char *device,
        struct pk_push_answer *answer, int64_t *wait_ms, struct pk_error *err)
{
    struct pk_curl_answer got = { .body = pk_buffer_of(ANSWER_MAX) };
    char opaque[PK_PUSH_OPAQUE];
    char url[PK_PUSH_TOKEN_MAX + 300];
    char authorization[JWT_MAX + 32];
    char topic[300];
    char expires[64];
    char body[80];
    const char *const headers[] = { authorization, topic, expires, "apns-push-type: background",
        "apns-priority: 5", "apns-collapse-id: sync", NULL };
    int rc;

    pk_push_opaque(device, opaque);
    (void)snprintf(url, sizeof(url), "%s/3/device/%s", a->settings->url, token->token);
    (void)snprintf(authorization, sizeof(authorization), "authorization: bearer %s", a->jwt);
    (void)snprintf(topic, sizeof(topic), "apns-topic: %s", a->settings->topic);
    (void)snprintf(expires, sizeof(expires), "apns-expiration: %lld",
            (long long)(pk_clock_ms() / 1000 + EXPIRES_S));
    (void)snprintf(body, sizeof(body), "{\"aps\":{\"content-available\":1},\"p\":\"%s\"}", opaque);
    pk_curl_prepare(&a->curl, url, "https", a->settings->ca, a->settings->timeout_s);
    rc = pk_curl_post(&a->curl, a->settings->url, "application/json", headers, pk_slice_str(body),
            PK_HTTP_2_ONLY, &got, err);
    explicit_bzero(authorization, sizeof(authorization));
    if (rc == PK_OK) {
        pk_apns_answer(got.status, pk_buffer_slice(&got.body), answer);
        *wait_ms = got.retry_after_ms;
    }
    pk_buffer_finish(&got.body);
    return rc;
}

static int post(void *self, const struct pk_push_token *token, const char *device,
        struct pk_push_answer *answer, int64_t *wait_ms, struct pk_error *err)
{
    struct apns *a = self;
    int64_t now_ms = pk_clock_monotonic_ms();
    int rc = PK_OK;

    if (a->jwt[0] == '\0' || now_ms - a->made_ms >= RENEW_MS) {
        rc = make_jwt(a, err);
    }
    if (rc == PK_OK) {
        rc = call(a, token, device, answer, wait_ms, err);
    }
    if (rc < 0 || answer->verdict != PK_PUSH_SIGN_IN) {
        return rc;
    }
    /* A token that expired (a clock that was set, a long sleep) is made anew once. One that is fresh is refused for
     * another reason, and more of them would only bring TooManyProviderTokenUpdates. */
    if (strcmp(answer->reason, "ExpiredProviderToken") != 0 && now_ms - a->made_ms < LEAST_MS) {
        return PK_OK;
    }
    rc = make_jwt(a, err);
    return rc < 0 ? rc : call(a, token, device, answer, wait_ms, err);
}

static int send_all(void *self, struct pk_store *store, struct pk_sending *rows, size_t count,
        struct pk_error *err)
{
    struct pk_push_post how = { .service = PK_PUSH_APNS, .self = self, .post = post };

    return pk_push_rows(&how, store, rows, count, err);
}

static const struct pk_channel_ops apns_ops = {
    .create = create,
    .send = send_all,
    .destroy = destroy,
};

struct pk_channel pk_apns_channel(const struct pk_apns_settings *settings)
{
    return (struct pk_channel){
        .ops = &apns_ops,
        .settings = settings,
        .name = "apns",
        .target = "apns",
        .kind = PK_ACTION_PUSH,
        .apart = true,
        .batch = BATCH,
        .give_up_ms = EXPIRES_S * PK_SECOND_MS,
    };
}
