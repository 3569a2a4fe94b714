#include "agent/hello.h"

#include <stdlib.h>

#include "agent/batch.h"
#include "agent/https.h"
#include "agent/identity.h"
#include "agent/spool.h"
#include "base/clock.h"
#include "model/observation.h"

#define CALL_MS    (15 * PK_SECOND_MS)
#define ANSWER_MAX 65536

static int say(struct pk_spool *spool, struct pk_error *err)
{
    struct pk_obs_agent body = { .event = 2 /* sensors */, .version = PK_VERSION };
    struct pk_observation obs = {
        .seq = pk_spool_next(spool), .at_ms = pk_clock_ms(), .kind = PK_OBS_AGENT, .agent = &body
    };
    json_t *wire = pk_observation_encode(&obs, true);
    char *text = wire != NULL ? pk_json_text(wire) : NULL;
    int rc = text != NULL ? pk_spool_append(spool, pk_slice_str(text), true, err)
                          : pk_error_set(err, PK_ENOMEM, "out of memory");

    free(text);
    json_decref(wire);
    return rc;
}

static int take_answer(struct pk_identity *id, struct pk_spool *spool,
        const struct pk_http_answer *answer, struct pk_error *err)
{
    json_t *in = NULL;
    const char *key;
    bool changed;
    int rc;

    if (answer->status != 200 || answer->body.len == 0) {
        return pk_error_set(err, PK_EPEER, "the server answered with status %d", answer->status);
    }
    rc = pk_json_parse(answer->body.ptr, answer->body.len, &in, err);
    if (rc < 0) {
        return rc;
    }
    rc = pk_spool_ack(spool, json_integer_value(json_object_get(in, "acked")), err);
    key = json_string_value(json_object_get(json_object_get(in, "settings"), "network_key"));
    if (rc == PK_OK && key != NULL) {
        rc = pk_identity_set_network_key(id, key, &changed, err);
    }
    json_decref(in);
    return rc;
}

static int send_batch(struct pk_identity *id, struct pk_spool *spool, const struct pk_batch *batch,
        struct pk_error *err)
{
    struct pk_https_request request = { .method = "POST",
        .target = "/v1/report",
        .headers = "Content-Type: application/json\r\n",
        .body = pk_buffer_slice(&batch->json),
        .timeout_ms = CALL_MS,
        .body_max = ANSWER_MAX };
    struct pk_https_addresses to;
    struct pk_https *c = NULL;
    SSL_CTX *tls = NULL;
    char host[PK_HTTPS_HOST];
    int port;
    int rc = pk_https_url(pk_identity_url(id), host, &port, err);

    if (rc == PK_OK) {
        rc = pk_https_lookup(host, port, &to, err);
    }
    if (rc == PK_OK) {
        rc = pk_identity_tls(id, &tls, err);
    }
    if (rc == PK_OK) {
        rc = pk_https_create(host, port, tls, &c, err);
    }
    if (rc == PK_OK) {
        rc = pk_https_call(c, &to, &request, err);
    }
    if (rc == PK_OK) {
        rc = take_answer(id, spool, pk_https_answer(c), err);
    }
    pk_https_destroy(c);
    SSL_CTX_free(tls);
    return rc;
}

int pk_hello(struct pk_identity *id, struct pk_spool *spool, struct pk_error *err)
{
    struct pk_batch batch;
    int rc = say(spool, err);

    if (rc == PK_OK) {
        rc = pk_batch_build(spool, 1, pk_clock_ms(), &batch, err);
    }
    if (rc < 0) {
        return rc;
    }
    rc = batch.count > 0 ? send_batch(id, spool, &batch, err) : PK_OK;
    pk_batch_finish(&batch);
    return rc;
}
