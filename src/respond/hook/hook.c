#include "respond/hook/hook.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/schema.h"
#include "respond/curl.h"

#define ANSWER_MAX (64UL * 1024) /* of an answer, which nobody reads */
#define BODY_MAX   (1024UL * 1024)
#define SECRET_MAX 1024
#define SIGNED_MAX (BODY_MAX + 64)

struct hook {
    const struct pk_hook_settings *settings;
    struct pk_curl curl;
};

static void destroy(void *self)
{
    struct hook *h = self;

    pk_curl_close(&h->curl);
    free(h);
}

static int create(const void *settings, const struct pk_origin *origin, int stop_fd, void **out,
        struct pk_error *err)
{
    struct hook *h = calloc(1, sizeof(*h));
    int rc;

    (void)origin;
    if (h == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    h->settings = settings;
    rc = pk_curl_open(&h->curl, stop_fd, err);
    if (rc < 0) {
        free(h);
        return rc;
    }
    *out = h;
    return PK_OK;
}

void pk_hook_sign(const char *secret, int64_t at_s, struct pk_slice body, struct pk_buffer *out)
{
    struct pk_buffer text = pk_buffer_of(SIGNED_MAX);
    uint8_t mac[PK_SHA256_SIZE];
    char digits[PK_SHA256_HEX];

    (void)pk_buffer_printf(&text, "%lld.", (long long)at_s);
    (void)pk_buffer_put(&text, body.ptr, body.len);
    if (text.rc < 0) {
        out->rc = text.rc;
    } else {
        pk_hmac_sha256(pk_slice_str(secret), pk_buffer_slice(&text), mac);
        pk_hex(pk_slice_of(mac, sizeof(mac)), digits);
        (void)pk_buffer_printf(out, "t=%lld,v1=%s", (long long)at_s, digits);
    }
    pk_buffer_finish(&text);
}

static int sign(
        const struct hook *h, struct pk_slice body, struct pk_buffer *out, struct pk_error *err)
{
    char secret[SECRET_MAX];
    int rc;

    if (h->settings->secret_file == NULL) {
        return PK_OK;
    }
    rc = pk_secret_file(h->settings->secret_file, secret, sizeof(secret), err);
    if (rc == PK_OK) {
        (void)pk_buffer_puts(out, "X-Picket-Signature: ");
        pk_hook_sign(secret, pk_clock_ms() / 1000, body, out);
        rc = out->rc < 0 ? pk_error_set(err, out->rc, "cannot sign") : PK_OK;
    }
    explicit_bzero(secret, sizeof(secret));
    return rc;
}

/* Only what can never be taken is given up; a wrong path or key at the receiver is mended by people. */
static int judge(const struct hook *h, const struct pk_curl_answer *answer, struct pk_sending *row,
        struct pk_error *err)
{
    long status = answer->status;

    if (status >= 200 && status < 300) {
        row->result = PK_SENT_OK;
        return PK_OK;
    }
    if (status == 400 || status == 413 || status == 422) {
        row->result = PK_SENT_REFUSED;
        (void)pk_error_set(&row->error, PK_EPEER, "the receiver says %ld", status);
        return PK_OK;
    }
    row->wait_ms = answer->retry_after_ms;
    return pk_error_set(err, PK_EPEER, "%.120s says %ld%s", h->settings->url, status,
            status >= 300 && status < 400 ? "; redirects are not followed" : "");
}

static int post(struct hook *h, struct pk_sending *row, struct pk_slice body, struct pk_error *err)
{
    struct pk_buffer signature = pk_buffer_of(256);
    struct pk_curl_answer answer = { .body = pk_buffer_of(ANSWER_MAX) };
    const struct pk_action *a = row->action;
    const char *type = json_string_value(json_object_get(a->payload, "type"));
    char delivery[96];
    char event[128];
    const char *headers[4] = { delivery, event, NULL, NULL };
    int rc = sign(h, body, &signature, err);

    (void)snprintf(delivery, sizeof(delivery), "X-Picket-Delivery: %lld-%llx", (long long)a->id,
            (unsigned long long)a->created_ms);
    (void)snprintf(event, sizeof(event), "X-Picket-Event: %.80s", type != NULL ? type : "event");
    headers[2] = signature.ptr;
    if (rc == PK_OK) {
        pk_curl_prepare(
                &h->curl, h->settings->url, "https,http", h->settings->ca, h->settings->timeout_s);
        rc = pk_curl_post(&h->curl, h->settings->url, "application/json", headers, body, PK_HTTP_1,
                &answer, err);
    }
    if (rc == PK_OK) {
        rc = judge(h, &answer, row, err);
    }
    pk_buffer_finish(&answer.body);
    pk_buffer_finish(&signature);
    return rc;
}

static int send_all(void *self, struct pk_store *store, struct pk_sending *rows, size_t count,
        struct pk_error *err)
{
    int rc = PK_OK;

    (void)store;
    for (size_t i = 0; i < count && rc == PK_OK; i++) {
        char *text = rows[i].action->payload != NULL ? pk_json_text(rows[i].action->payload) : NULL;

        if (text == NULL || strlen(text) > BODY_MAX) {
            rows[i].result = PK_SENT_REFUSED;
            (void)pk_error_set(&rows[i].error, PK_ELIMIT, "the event is empty or too large");
        } else {
            rc = post(self, &rows[i], pk_slice_str(text), err);
        }
        free(text);
    }
    return rc;
}

static const struct pk_channel_ops hook_ops = {
    .create = create,
    .send = send_all,
    .destroy = destroy,
};

struct pk_channel pk_hook_channel(const struct pk_hook_settings *settings)
{
    return (struct pk_channel){
        .ops = &hook_ops,
        .settings = settings,
        .name = settings->name,
        .target = settings->name,
        .kind = PK_ACTION_HOOK,
        .batch = 1,
    };
}
