#include "cli/rest.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/schema.h"

#define ANSWER_MAX (64UL * 1024 * 1024)
#define URL_MAX    (16UL * 1024)
#define CONNECT_S  10L
#define CALL_S     60L
#define API        "/api/v1"
#define JSON_TYPE  "Content-Type: application/json"
#define PUT_S      300 /* for a large body */

struct pk_rest {
    CURL *curl;
    char *url;
    char *ca;
    char *token;
};

int pk_rest_create(
        const struct pk_rest_settings *settings, struct pk_rest **out, struct pk_error *err)
{
    struct pk_rest *rest;
    size_t len = strlen(settings->url);

    if (strncmp(settings->url, "https://", 8) != 0) {
        return pk_error_set(err, PK_EINVAL, "'%s' is no https:// address", settings->url);
    }
    while (len > 0 && settings->url[len - 1] == '/') {
        len--;
    }
    rest = calloc(1, sizeof(*rest));
    if (rest == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(rest);
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    rest->curl = curl_easy_init();
    rest->url = strndup(settings->url, len);
    rest->ca = settings->ca != NULL ? strdup(settings->ca) : NULL;
    rest->token = settings->token != NULL ? strdup(settings->token) : NULL;
    if (rest->curl == NULL || rest->url == NULL || (settings->ca != NULL && rest->ca == NULL) ||
            (settings->token != NULL && rest->token == NULL)) {
        pk_rest_destroy(rest);
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    *out = rest;
    return PK_OK;
}

void pk_rest_destroy(struct pk_rest *rest)
{
    if (rest == NULL) {
        return;
    }
    curl_easy_cleanup(rest->curl);
    free(rest->url);
    free(rest->ca);
    free(rest->token);
    free(rest);
    curl_global_cleanup();
}

char *pk_rest_escape(const char *segment)
{
    char *escaped = curl_easy_escape(NULL, segment, 0);
    char *copy = escaped != NULL ? strdup(escaped) : NULL;

    curl_free(escaped);
    return copy;
}

static size_t take_bytes(char *bytes, size_t size, size_t count, void *to)
{
    return pk_buffer_put(to, bytes, size * count) == PK_OK ? size * count : 0;
}

static int put_url(struct pk_rest *rest, const char *path, const struct pk_rest_param *params,
        struct pk_buffer *url)
{
    char mark = '?';

    (void)pk_buffer_printf(url, "%s" API "%s", rest->url, path);
    for (; params != NULL && params->name != NULL; params++) {
        char *value = params->value != NULL ? pk_rest_escape(params->value) : NULL;

        if (value != NULL) {
            (void)pk_buffer_printf(url, "%c%s=%s", mark, params->name, value);
            mark = '&';
        }
        free(value);
    }
    return url->rc;
}

/* type: of the body; NULL: there is none. */
static struct curl_slist *headers_of(const struct pk_rest *rest, const char *type)
{
    struct curl_slist *list = curl_slist_append(NULL, "Accept: application/json");

    if (rest->token != NULL) {
        struct pk_buffer line = pk_buffer_of(1024);

        (void)pk_buffer_printf(&line, "Authorization: Bearer %s", rest->token);
        if (line.rc == PK_OK) {
            list = curl_slist_append(list, line.ptr);
        }
        pk_buffer_finish(&line);
    }
    return type != NULL ? curl_slist_append(list, type) : list;
}

/* The server's own words when it sent a problem document. */
static int refused(long status, const json_t *problem, struct pk_error *err)
{
    const char *title = json_string_value(json_object_get(problem, "title"));
    const char *detail = json_string_value(json_object_get(problem, "detail"));
    const char *path = json_string_value(json_object_get(problem, "path"));

    return pk_error_set(err, PK_EPEER, "the server says %ld%s%s%s%s%s%s", status,
            title != NULL ? " " : "", title != NULL ? title : "", detail != NULL ? ": " : "",
            detail != NULL ? detail : "", path != NULL ? ": " : "", path != NULL ? path : "");
}

static int judge(long status, const struct pk_buffer *answer, json_t **out, struct pk_error *err)
{
    json_t *json = NULL;
    struct pk_error bad;
    int rc = PK_OK;

    if (answer->len > 0 && answer->ptr[0] == '<' && status == 200) {
        *out = json_stringn(answer->ptr, answer->len);
        return *out != NULL ? PK_OK : pk_error_set(err, PK_EPEER, "the page is not UTF-8");
    }
    if (answer->len > 0) {
        rc = pk_json_parse(answer->ptr, answer->len, &json, &bad);
    }
    if (status < 200 || status > 299) {
        rc = refused(status, rc == PK_OK ? json : NULL, err);
        json_decref(json);
        return rc;
    }
    if (rc < 0) {
        return pk_error_set(err, PK_EPEER, "the answer is not JSON: %s", bad.text);
    }
    *out = json;
    return PK_OK;
}

static int perform(struct pk_rest *rest, const char *method, const char *url, struct pk_slice body,
        struct curl_slist *headers, int wait_s, struct pk_buffer *answer, long *status,
        struct pk_error *err)
{
    char words[CURL_ERROR_SIZE] = "";
    CURLcode code;

    curl_easy_reset(rest->curl);
    (void)curl_easy_setopt(rest->curl, CURLOPT_URL, url);
    (void)curl_easy_setopt(rest->curl, CURLOPT_PROTOCOLS_STR, "https");
    (void)curl_easy_setopt(rest->curl, CURLOPT_CUSTOMREQUEST, method);
    (void)curl_easy_setopt(rest->curl, CURLOPT_HTTPHEADER, headers);
    (void)curl_easy_setopt(rest->curl, CURLOPT_CONNECTTIMEOUT, CONNECT_S);
    (void)curl_easy_setopt(rest->curl, CURLOPT_TIMEOUT, CALL_S + wait_s);
    (void)curl_easy_setopt(rest->curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(rest->curl, CURLOPT_ERRORBUFFER, words);
    (void)curl_easy_setopt(rest->curl, CURLOPT_USERAGENT, "picket/" PK_VERSION);
    (void)curl_easy_setopt(rest->curl, CURLOPT_WRITEFUNCTION, take_bytes);
    (void)curl_easy_setopt(rest->curl, CURLOPT_WRITEDATA, answer);
    if (rest->ca != NULL) {
        (void)curl_easy_setopt(rest->curl, CURLOPT_CAINFO, rest->ca);
        (void)curl_easy_setopt(rest->curl, CURLOPT_CAPATH, NULL);
    }
    if (body.ptr != NULL) {
        (void)curl_easy_setopt(rest->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
        (void)curl_easy_setopt(rest->curl, CURLOPT_POSTFIELDS, body.ptr);
    }
    code = curl_easy_perform(rest->curl);
    if (code != CURLE_OK) {
        return pk_error_set(err, PK_EIO, "%s: %s", rest->url,
                words[0] != '\0' ? words : curl_easy_strerror(code));
    }
    (void)curl_easy_getinfo(rest->curl, CURLINFO_RESPONSE_CODE, status);
    return PK_OK;
}

int pk_rest_call(struct pk_rest *rest, const char *method, const char *path,
        const struct pk_rest_param *params, const json_t *body, int wait_s, json_t **out,
        struct pk_error *err)
{
    struct pk_buffer answer = pk_buffer_of(ANSWER_MAX);
    struct pk_buffer url = pk_buffer_of(URL_MAX);
    struct curl_slist *headers = headers_of(rest, body != NULL ? JSON_TYPE : NULL);
    char *text = body != NULL ? pk_json_text(body) : NULL;
    long status = 0;
    int rc = put_url(rest, path, params, &url);

    *out = NULL;
    if (rc < 0 || headers == NULL || (body != NULL && text == NULL)) {
        rc = pk_error_set(err, rc < 0 ? rc : PK_ENOMEM, "the call is too long");
    } else {
        rc = perform(rest, method, url.ptr,
                text != NULL ? pk_slice_str(text) : (struct pk_slice){ 0 }, headers, wait_s,
                &answer, &status, err);
    }
    if (rc == PK_OK) {
        rc = judge(status, &answer, out, err);
    }
    curl_slist_free_all(headers);
    free(text);
    pk_buffer_finish(&url);
    pk_buffer_finish(&answer);
    return rc;
}

static int send_bytes(struct pk_rest *rest, const char *method, const char *path,
        const struct pk_rest_param *params, struct pk_slice body, json_t **out,
        struct pk_error *err)
{
    struct pk_buffer answer = pk_buffer_of(ANSWER_MAX);
    struct pk_buffer url = pk_buffer_of(URL_MAX);
    struct curl_slist *headers = headers_of(rest, "Content-Type: application/octet-stream");
    long status = 0;
    int rc = put_url(rest, path, params, &url);

    *out = NULL;
    if (rc < 0 || headers == NULL) {
        rc = pk_error_set(err, rc < 0 ? rc : PK_ENOMEM, "the call is too long");
    } else {
        rc = perform(rest, method, url.ptr, body, headers, PUT_S, &answer, &status, err);
    }
    if (rc == PK_OK) {
        rc = judge(status, &answer, out, err);
    }
    curl_slist_free_all(headers);
    pk_buffer_finish(&url);
    pk_buffer_finish(&answer);
    return rc;
}

int pk_rest_put(struct pk_rest *rest, const char *path, struct pk_slice body, json_t **out,
        struct pk_error *err)
{
    return send_bytes(rest, "PUT", path, NULL, body, out, err);
}

int pk_rest_post(struct pk_rest *rest, const char *path, const struct pk_rest_param *params,
        struct pk_slice body, json_t **out, struct pk_error *err)
{
    return send_bytes(rest, "POST", path, params, body, out, err);
}
