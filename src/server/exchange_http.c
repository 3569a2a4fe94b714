/* The client side: HTTPS to a hub, and to nobody else. */
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/crypt.h"
#include "base/schema.h"
#include "server/exchange_internal.h"
#include "server/x509.h"

#define CONNECT_S 10L
#define CA_S      20L
#define CA_MAX    (16UL * 1024)
#define WORDS_MAX (16UL * 1024) /* of a problem document */

int pk_exchange_http_open(struct pk_exchange_http *http, atomic_bool *ends, struct pk_error *err)
{
    http->ends = ends;
    http->curl = curl_easy_init();
    return http->curl != NULL ? PK_OK : pk_error_set(err, PK_ENOMEM, "out of memory");
}

void pk_exchange_http_close(struct pk_exchange_http *http)
{
    curl_easy_cleanup(http->curl);
    http->curl = NULL;
}

static size_t take_bytes(char *bytes, size_t size, size_t count, void *to)
{
    return pk_buffer_put(to, bytes, size * count) == PK_OK ? size * count : 0;
}

/* Called at least once a second; not 0 gives the call up. */
static int look(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const struct pk_exchange_http *http = ctx;

    (void)a;
    (void)b;
    (void)c;
    (void)d;
    return http->ends != NULL && atomic_load(http->ends) ? 1 : 0;
}

static void prepare(struct pk_exchange_http *http, const char *url, long timeout_s,
        struct pk_buffer *out, char *words)
{
    curl_easy_reset(http->curl); /* connections stay */
    (void)curl_easy_setopt(http->curl, CURLOPT_URL, url);
    (void)curl_easy_setopt(http->curl, CURLOPT_PROTOCOLS_STR, "https");
    (void)curl_easy_setopt(http->curl, CURLOPT_CONNECTTIMEOUT, CONNECT_S);
    (void)curl_easy_setopt(http->curl, CURLOPT_TIMEOUT, timeout_s);
    (void)curl_easy_setopt(http->curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(http->curl, CURLOPT_PROXY, ""); /* not by the environment's word */
    (void)curl_easy_setopt(http->curl, CURLOPT_ERRORBUFFER, words);
    (void)curl_easy_setopt(http->curl, CURLOPT_USERAGENT, "picketd/" PK_VERSION);
    (void)curl_easy_setopt(http->curl, CURLOPT_WRITEFUNCTION, take_bytes);
    (void)curl_easy_setopt(http->curl, CURLOPT_WRITEDATA, out);
    (void)curl_easy_setopt(http->curl, CURLOPT_NOPROGRESS, 0L);
    (void)curl_easy_setopt(http->curl, CURLOPT_XFERINFOFUNCTION, look);
    (void)curl_easy_setopt(http->curl, CURLOPT_XFERINFODATA, http);
    (void)curl_easy_setopt(http->curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
}

static int perform(struct pk_exchange_http *http, const char *url, const char *words, long *status,
        struct pk_error *err)
{
    CURLcode code = curl_easy_perform(http->curl);

    if (code != CURLE_OK) {
        return pk_error_set(
                err, PK_EIO, "%s: %s", url, words[0] != '\0' ? words : curl_easy_strerror(code));
    }
    (void)curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, status);
    return PK_OK;
}

static int pin_of(const struct pk_buffer *pem, char out[PK_SHA256_HEX])
{
    BIO *bio = BIO_new_mem_buf(pem->ptr, (int)pem->len);
    X509 *certificate = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    unsigned char *der = NULL;
    int len = certificate != NULL ? i2d_X509(certificate, &der) : -1;

    if (len > 0) {
        pk_sha256_hex(pk_slice_of(der, (size_t)len), out);
    }
    OPENSSL_free(der);
    X509_free(certificate);
    BIO_free(bio);
    (void)pk_x509_why();
    return len > 0 ? PK_OK : PK_ECRYPTO;
}

int pk_exchange_http_ca(struct pk_exchange_http *http, const char *url, const char *pin,
        struct pk_buffer *out, struct pk_error *err)
{
    char words[CURL_ERROR_SIZE] = "";
    struct pk_buffer pem = pk_buffer_of(CA_MAX);
    char have[PK_SHA256_HEX] = "";
    char path[400];
    long status = 0;
    int rc;

    (void)snprintf(path, sizeof(path), "%s/ca.pem", url);
    prepare(http, path, CA_S, &pem, words);
    /* Whoever answers here proves himself by the pin, and by nothing else: nothing secret is sent. */
    (void)curl_easy_setopt(http->curl, CURLOPT_SSL_VERIFYPEER, 0L);
    (void)curl_easy_setopt(http->curl, CURLOPT_SSL_VERIFYHOST, 0L);
    (void)curl_easy_setopt(http->curl, CURLOPT_FORBID_REUSE, 1L);
    rc = perform(http, path, words, &status, err);
    if (rc == PK_OK && status != 200) {
        rc = pk_error_set(err, PK_EPEER, "%s: the server says %ld", path, status);
    }
    if (rc == PK_OK && (pem.len == 0 || pin_of(&pem, have) < 0)) {
        rc = pk_error_set(err, PK_EPEER, "%s: there is no certificate", path);
    }
    if (rc == PK_OK && !pk_secret_eq(have, pin)) {
        rc = pk_error_set(err, PK_ECRYPTO,
                "%s: not the server of this invitation (its certificate "
                "authority is another)",
                url);
    }
    if (rc == PK_OK) {
        rc = pk_buffer_put(out, pem.ptr, pem.len);
    }
    pk_buffer_finish(&pem);
    return rc;
}

/* The server's own words when it sent a problem document. */
static int refused(long status, const struct pk_buffer *answer, struct pk_error *err)
{
    json_t *json = NULL;
    const char *detail;
    int rc;

    if (answer->len == 0 || answer->len > WORDS_MAX ||
            pk_json_parse(answer->ptr, answer->len, &json, NULL) < 0) {
        json = NULL;
    }
    detail = json_string_value(json_object_get(json, "detail"));
    rc = pk_error_set(err, PK_EPEER, "the hub says %ld%s%.200s", status, detail != NULL ? ": " : "",
            detail != NULL ? detail : "");
    json_decref(json);
    return rc;
}

int pk_exchange_http_post(struct pk_exchange_http *http, const char *url, const char *path,
        const char *ca, const char *type, struct pk_slice body, long timeout_s,
        struct pk_buffer *out, struct pk_error *err)
{
    char words[CURL_ERROR_SIZE] = "";
    char whole[400];
    char header[100];
    struct curl_blob trusted = { .data = (void *)ca, .len = strlen(ca), .flags = CURL_BLOB_NOCOPY };
    struct curl_slist *headers;
    long status = 0;
    int rc;

    (void)snprintf(whole, sizeof(whole), "%s%s", url, path);
    (void)snprintf(header, sizeof(header), "Content-Type: %s", type);
    headers = curl_slist_append(NULL, header);
    headers = headers != NULL ? curl_slist_append(headers, "Expect:") : NULL;
    if (headers == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    prepare(http, whole, timeout_s, out, words);
    (void)curl_easy_setopt(http->curl, CURLOPT_CAINFO_BLOB, &trusted);
    (void)curl_easy_setopt(http->curl, CURLOPT_CAPATH, NULL);
    (void)curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER, headers);
    (void)curl_easy_setopt(http->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
    (void)curl_easy_setopt(http->curl, CURLOPT_POSTFIELDS, body.ptr);
    rc = perform(http, whole, words, &status, err);
    if (rc == PK_OK && status != 200) {
        rc = refused(status, out, err);
    }
    curl_slist_free_all(headers);
    return rc;
}
