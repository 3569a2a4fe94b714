#include "fleet/fleet.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/file.h"
#include "base/zpack.h"
#include "fleet/enrol.h"

#define STATE_MAX  (256UL * 1024 * 1024)
#define REPORT_MAX (1024UL * 1024)

/* ---- the state file -------------------------------------------------------------------------- */

static char *pem_of(const struct pk_identity *identity, bool key)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *data = NULL;
    char *out = NULL;
    long len;
    int ok;

    if (bio == NULL) {
        return NULL;
    }
    ok = key ? PEM_write_bio_PrivateKey(bio, identity->key, NULL, NULL, 0, NULL, NULL)
             : PEM_write_bio_X509(bio, identity->certificate);
    len = BIO_get_mem_data(bio, &data);
    if (ok == 1 && len > 0) {
        out = strndup(data, (size_t)len);
    }
    BIO_free(bio);
    return out;
}

static bool read_pems(struct pk_identity *identity, const char *key, const char *certificate)
{
    BIO *bio = BIO_new_mem_buf(key, -1);

    if (bio != NULL) {
        identity->key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
        BIO_free(bio);
    }
    bio = BIO_new_mem_buf(certificate, -1);
    if (bio != NULL) {
        identity->certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        BIO_free(bio);
    }
    return identity->key != NULL && identity->certificate != NULL;
}

int pk_fleet_save(const struct pk_fleet *fleet, const char *state, struct pk_error *err)
{
    json_t *list = json_array();
    char *text;
    int rc;

    for (size_t i = 0; i < fleet->count; i++) {
        const struct pk_fleet_device *d = &fleet->devices[i];
        char *key = pem_of(&d->identity, true);
        char *certificate = pem_of(&d->identity, false);

        (void)json_array_append_new(list,
                json_pack("{s:s, s:s*, s:s*, s:I}", "id", d->identity.id, "key", key, "certificate",
                        certificate, "next_seq", (json_int_t)d->next_seq));
        free(key);
        free(certificate);
    }
    text = pk_json_text(list);
    json_decref(list);
    rc = text != NULL ? pk_file_write(state, pk_slice_str(text), 0600, err)
                      : pk_error_set(err, PK_ENOMEM, "out of memory");
    free(text);
    return rc;
}

/* Devices of an earlier run. A file that is not there is no error. */
static int load(struct pk_fleet *fleet, const char *state, struct pk_error *err)
{
    struct pk_buffer text = pk_buffer_of(STATE_MAX);
    json_t *list = NULL;
    size_t i;
    const json_t *item;
    int rc = pk_file_read(state, &text, err);

    if (rc == PK_ENOENT) {
        pk_buffer_finish(&text);
        return PK_OK;
    }
    if (rc == PK_OK) {
        rc = pk_json_parse(text.ptr, text.len, &list, err);
    }
    pk_buffer_finish(&text);
    json_array_foreach (list, i, item) {
        struct pk_fleet_device *d = &fleet->devices[i];
        const char *id = json_string_value(json_object_get(item, "id"));
        const char *key = json_string_value(json_object_get(item, "key"));
        const char *certificate = json_string_value(json_object_get(item, "certificate"));

        if (i >= fleet->count) {
            break;
        }
        if (id == NULL || key == NULL || certificate == NULL ||
                !read_pems(&d->identity, key, certificate)) {
            rc = pk_error_set(err, PK_EMALF, "'%s': device %zu is damaged", state, i);
            break;
        }
        (void)snprintf(d->identity.id, sizeof(d->identity.id), "%s", id);
        d->next_seq = json_integer_value(json_object_get(item, "next_seq"));
    }
    json_decref(list);
    return rc;
}

/* ---- opening --------------------------------------------------------------------------------- */

static int prepare(struct pk_fleet *fleet, size_t count, pk_fleet_describe describe, void *ctx,
        struct pk_error *err)
{
    fleet->devices = calloc(count, sizeof(*fleet->devices));
    fleet->zpack = pk_zpack_create(pk_zpack_report_dictionary(), 3);
    if (fleet->devices == NULL || fleet->zpack == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    fleet->count = count;
    for (size_t i = 0; i < count; i++) {
        fleet->devices[i].index = i;
        fleet->devices[i].next_seq = 1;
        describe(&fleet->devices[i], ctx);
    }
    return pk_net_create(fleet->link.host, fleet->link.port, &fleet->net, err);
}

static int make_lines(struct pk_fleet *fleet, struct pk_error *err)
{
    for (size_t i = 0; i < fleet->count; i++) {
        struct pk_fleet_device *d = &fleet->devices[i];

        d->line = pk_line_create(fleet->net, d->identity.certificate, d->identity.key, d);
        if (d->line == NULL) {
            return pk_error_set(err, PK_ENOMEM, "out of memory");
        }
    }
    return PK_OK;
}

void pk_fleet_raise_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

void pk_fleet_describe_idle(struct pk_fleet_device *device, void *ctx)
{
    (void)snprintf(
            device->name, sizeof(device->name), "%s-%zu", (const char *)ctx, device->index + 1);
    device->platform = PK_PLATFORM_ANDROID;
}

int pk_fleet_open(struct pk_fleet *fleet, const char *link, const char *state, size_t count,
        pk_fleet_describe describe, void *ctx, struct pk_error *err)
{
    int rc = pk_link_parse(link, &fleet->link, err);

    if (rc == PK_OK) {
        rc = prepare(fleet, count, describe, ctx, err);
    }
    if (rc == PK_OK && state != NULL) {
        rc = load(fleet, state, err);
    }
    if (rc == PK_OK) {
        rc = pk_enrol(fleet, err);
    }
    if (rc == PK_OK && state != NULL) {
        rc = pk_fleet_save(fleet, state, err);
    }
    if (rc == PK_OK) {
        rc = make_lines(fleet, err);
    }
    if (rc < 0) {
        pk_fleet_close(fleet);
    }
    return rc;
}

void pk_fleet_close(struct pk_fleet *fleet)
{
    pk_net_destroy(fleet->net);
    for (size_t i = 0; i < fleet->count; i++) {
        pk_identity_finish(&fleet->devices[i].identity);
    }
    free(fleet->devices);
    X509_free(fleet->ca);
    pk_zpack_destroy(fleet->zpack);
    *fleet = (struct pk_fleet){ 0 };
}

/* ---- reports --------------------------------------------------------------------------------- */

int pk_fleet_report(struct pk_fleet *fleet, const json_t *observations, const char *seen,
        struct pk_buffer *out, struct pk_error *err)
{
    struct pk_buffer packed = pk_buffer_of(REPORT_MAX);
    json_t *report = json_pack("{s:i, s:O}", "v", 1, "observations", observations);
    char *text = report != NULL ? pk_json_text(report) : NULL;
    char path[600];
    int rc = PK_ENOMEM;

    json_decref(report);
    if (text != NULL) {
        rc = pk_zpack_pack(fleet->zpack, pk_slice_str(text), &packed);
    }
    free(text);
    if (rc == PK_OK) {
        bool any = seen != NULL && seen[0] != '\0';

        (void)snprintf(path, sizeof(path), "/v1/report%s%s", any ? "?seen=" : "", any ? seen : "");
        pk_http_request(out, "POST", path, pk_net_host(fleet->net), "application/json", "zstd",
                NULL, pk_buffer_slice(&packed));
        rc = out->rc;
    }
    pk_buffer_finish(&packed);
    return rc < 0 ? pk_error_set(err, rc, "cannot pack a report: %s", pk_code_text(rc)) : PK_OK;
}

int pk_fleet_ack_parse(struct pk_fleet *fleet, struct pk_slice body, struct pk_fleet_ack *out)
{
    const json_t *command;
    const char *key;
    size_t i;
    size_t used = 0;
    int rc;

    *out = (struct pk_fleet_ack){ 0 };
    rc = pk_json_parse((const char *)body.ptr, body.len, &out->answer, NULL);
    if (rc < 0) {
        return rc;
    }
    out->acked = json_integer_value(json_object_get(out->answer, "acked"));
    out->duplicates = json_integer_value(json_object_get(out->answer, "duplicates"));
    json_array_foreach (json_object_get(out->answer, "commands"), i, command) {
        const char *id = json_string_value(json_object_get(command, "id"));

        if (id != NULL && used + strlen(id) + 2 < sizeof(out->seen)) {
            used += (size_t)snprintf(
                    out->seen + used, sizeof(out->seen) - used, "%s%s", used > 0 ? "," : "", id);
        }
    }
    key = json_string_value(
            json_object_get(json_object_get(out->answer, "settings"), "network_key"));
    if (key != NULL && fleet->network_key[0] == '\0') {
        (void)snprintf(fleet->network_key, sizeof(fleet->network_key), "%s", key);
    }
    return PK_OK;
}
