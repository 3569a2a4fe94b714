/* Firebase Cloud Messaging, HTTP v1, with an access token by a service account. Sources: "FCM HTTP v1 API", "Using OAuth
 * 2.0 for server to server applications", RFC 7523. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "respond/curl.h"
#include "respond/push/answer.h"
#include "respond/push/jwt.h"
#include "respond/push/push.h"
#include "respond/url.h"
#include "store/push.h"

#define BATCH       32
#define ACCOUNT_MAX (32UL * 1024)
#define TOKEN_MAX   4096
#define JWT_MAX     8192
#define EARLY_MS    (5 * PK_MINUTE_MS) /* a token is not used up to its very end */
#define LIVES_S     3600               /* of the assertion: the longest that is accepted */
#define TTL_S       3600
#define ANSWER_MAX  (16UL * 1024)
#define SCOPE       "https://www.googleapis.com/auth/firebase.messaging"
#define GRANT       "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion="

struct fcm {
    const struct pk_fcm_settings *settings;
    struct pk_curl curl;
    char token[TOKEN_MAX]; /* "": none */
    int64_t until_ms;      /* monotonic */
};

static void destroy(void *self)
{
    struct fcm *f = self;

    pk_curl_close(&f->curl);
    explicit_bzero(f->token, sizeof(f->token));
    free(f);
}

static int create(const void *settings, const struct pk_origin *origin, int stop_fd, void **out,
        struct pk_error *err)
{
    struct fcm *f = calloc(1, sizeof(*f));
    int rc;

    (void)origin;
    if (f == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    f->settings = settings;
    rc = pk_curl_open(&f->curl, stop_fd, err);
    if (rc < 0) {
        free(f);
        return rc;
    }
    *out = f;
    return PK_OK;
}

/* ---- the access token ------------------------------------------------------------------------------ */

static int read_account(struct fcm *f, json_t **out, struct pk_error *err)
{
    struct pk_buffer text = pk_buffer_of(ACCOUNT_MAX);
    int rc = pk_file_read(f->settings->service_account_file, &text, err);

    if (rc == PK_OK) {
        rc = pk_json_parse(text.ptr != NULL ? text.ptr : "", text.len, out, err);
    }
    if (text.ptr != NULL) {
        explicit_bzero(text.ptr, text.len);
    }
    pk_buffer_finish(&text);
    return rc;
}

static int assertion(
        const json_t *account, const char *url, struct pk_buffer *out, struct pk_error *err)
{
    const char *mail = json_string_value(json_object_get(account, "client_email"));
    const char *key = json_string_value(json_object_get(account, "private_key"));
    const char *kid = json_string_value(json_object_get(account, "private_key_id"));
    json_int_t now_s = pk_clock_ms() / 1000;
    json_t *claims;
    int rc;

    if (mail == NULL || key == NULL) {
        return pk_error_set(err, PK_EMALF, "client_email and private_key are wanted");
    }
    claims = json_pack("{s:s, s:s, s:s, s:I, s:I}", "iss", mail, "scope", SCOPE, "aud", url, "iat",
            now_s, "exp", now_s + LIVES_S);
    (void)pk_buffer_puts(out, GRANT);
    rc = pk_jwt_sign(PK_JWT_RS256, kid, claims, pk_slice_str(key), out, err);
    json_decref(claims);
    return rc;
}

static int ask_for_token(
        struct fcm *f, const char *url, const struct pk_buffer *form, struct pk_error *err)
{
    struct pk_curl_answer got = { .body = pk_buffer_of(ANSWER_MAX) };
    int64_t lives_ms = 0;
    int rc;

    pk_curl_prepare(&f->curl, url, "https", f->settings->ca, f->settings->timeout_s);
    rc = pk_curl_post(&f->curl, url, "application/x-www-form-urlencoded", NULL,
            pk_buffer_slice(form), PK_HTTP_ANY, &got, err);
    if (rc == PK_OK && got.status != 200) {
        rc = pk_error_set(err, PK_EPEER, "%.120s says %ld", url, got.status);
    }
    if (rc == PK_OK) {
        rc = pk_fcm_access_token(
                pk_buffer_slice(&got.body), f->token, sizeof(f->token), &lives_ms, err);
    }
    if (rc == PK_OK) {
        f->until_ms = pk_clock_monotonic_ms() +
                (lives_ms > 2 * EARLY_MS ? lives_ms - EARLY_MS : lives_ms / 2);
    }
    if (got.body.ptr != NULL) {
        explicit_bzero(got.body.ptr, got.body.len);
    }
    pk_buffer_finish(&got.body);
    return rc;
}

static int sign_in(struct fcm *f, struct pk_error *err)
{
    struct pk_buffer form = pk_buffer_of(JWT_MAX);
    json_t *account = NULL;
    const char *url;
    int rc = read_account(f, &account, err);

    f->token[0] = '\0';
    url = f->settings->token_url != NULL ? f->settings->token_url
                                         : json_string_value(json_object_get(account, "token_uri"));
    if (rc == PK_OK && (url == NULL || !pk_url_ok(url, "https"))) {
        rc = pk_error_set(err, PK_EMALF, "token_uri is no address");
    }
    if (rc == PK_OK) {
        rc = assertion(account, url, &form, err);
    }
    if (rc < 0) {
        pk_error_prefix(err, "push.fcm.service_account_file");
    } else {
        rc = ask_for_token(f, url, &form, err);
    }
    json_decref(account);
    pk_buffer_finish(&form);
    return rc;
}

/* ---- a push ---------------------------------------------------------------------------------------- */

static char *message(const struct pk_push_token *token)
{
    json_t *json = json_pack("{s:{s:s, s:{s:s}, s:{s:s, s:s, s:s}}}", "message", "token",
            token->token, "data", "k", "sync", "android", "priority", "HIGH", "ttl", "3600s",
            "collapse_key", "sync");
    char *text = json != NULL ? pk_json_text(json) : NULL;

    json_decref(json);
    return text;
}

static int call(struct fcm *f, const struct pk_push_token *token, struct pk_push_answer *answer,
        int64_t *wait_ms, struct pk_error *err)
{
    struct pk_curl_answer got = { .body = pk_buffer_of(ANSWER_MAX) };
    char authorization[TOKEN_MAX + 32];
    char url[400];
    const char *const headers[] = { authorization, NULL };
    char *text = message(token);
    int rc;

    if (text == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    (void)snprintf(url, sizeof(url), "%s/v1/projects/%s/messages:send", f->settings->url,
            f->settings->project);
    (void)snprintf(authorization, sizeof(authorization), "Authorization: Bearer %s", f->token);
    pk_curl_prepare(&f->curl, url, "https", f->settings->ca, f->settings->timeout_s);
    rc = pk_curl_post(&f->curl, f->settings->url, "application/json", headers, pk_slice_str(text),
            PK_HTTP_ANY, &got, err);
    explicit_bzero(authorization, sizeof(authorization));
    if (rc == PK_OK) {
        pk_fcm_answer(got.status, pk_buffer_slice(&got.body), answer);
        *wait_ms = got.retry_after_ms;
    }
    if (rc == PK_OK && got.status == 429 && *wait_ms == 0) {
        *wait_ms = PK_MINUTE_MS; /* "from 60 s doubling" */
    }
    free(text);
    pk_buffer_finish(&got.body);
    return rc;
}

static int post(void *self, const struct pk_push_token *token, const char *device,
        struct pk_push_answer *answer, int64_t *wait_ms, struct pk_error *err)
{
    struct fcm *f = self;
    int rc = PK_OK;

    (void)device;
    if (f->token[0] == '\0' || pk_clock_monotonic_ms() >= f->until_ms) {
        rc = sign_in(f, err);
    }
    if (rc == PK_OK) {
        rc = call(f, token, answer, wait_ms, err);
    }
    if (rc < 0 || answer->verdict != PK_PUSH_SIGN_IN) {
        return rc;
    }
    rc = sign_in(f, err); /* once */
    return rc < 0 ? rc : call(f, token, answer, wait_ms, err);
}

static int send_all(void *self, struct pk_store *store, struct pk_sending *rows, size_t count,
        struct pk_error *err)
{
    struct pk_push_post how = { .service = PK_PUSH_FCM, .self = self, .post = post };

    return pk_push_rows(&how, store, rows, count, err);
}

static const struct pk_channel_ops fcm_ops = {
    .create = create,
    .send = send_all,
    .destroy = destroy,
};

struct pk_channel pk_fcm_channel(const struct pk_fcm_settings *settings)
{
    return (struct pk_channel){
        .ops = &fcm_ops,
        .settings = settings,
        .name = "fcm",
        .target = "fcm",
        .kind = PK_ACTION_PUSH,
        .apart = true,
        .batch = BATCH,
        .give_up_ms = TTL_S * PK_SECOND_MS,
    };
}
