/* What is asked of the provider: its document, its keys, and tokens for a code. */
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypt.h"
#include "base/file.h"
#include "server/oidc_internal.h"

#define CONNECT_S    5L
#define TIMEOUT_S    10L
#define DOCUMENT_MAX (256UL * 1024)
#define TOKENS_MAX   (128UL * 1024)
#define SECRET_MAX   1024
#define CA_MAX       (1024UL * 1024)
#define PLACE_MAX    (16UL * 1024)
#define AGAIN_MS     5000

static size_t take_bytes(char *bytes, size_t size, size_t count, void *to)
{
    return pk_buffer_put(to, bytes, size * count) == PK_OK ? size * count : 0;
}

struct ask {
    const char *url;
    const char *form;  /* POST; NULL: GET */
    const char *basic; /* value of Authorization; NULL: none */
};

static struct curl_slist *headers_of(const struct ask *ask, struct pk_arena *arena)
{
    struct curl_slist *headers = curl_slist_append(NULL, "Accept: application/json");

    if (headers != NULL && ask->basic != NULL) {
        const char *line = pk_arena_printf(arena, "Authorization: Basic %s", ask->basic);
        struct curl_slist *more = line != NULL ? curl_slist_append(headers, line) : NULL;

        if (more == NULL) {
            curl_slist_free_all(headers);
        }
        headers = more;
    }
    return headers;
}

static void prepare(CURL *curl, const struct pk_oidc *oidc, const struct ask *ask,
        struct curl_slist *headers, struct pk_buffer *out)
{
    struct curl_blob roots = {
        .data = oidc->ca, .len = oidc->ca != NULL ? strlen(oidc->ca) : 0, .flags = CURL_BLOB_COPY
    };

    (void)curl_easy_setopt(curl, CURLOPT_URL, ask->url);
    (void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
    (void)curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_S);
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT, TIMEOUT_S);
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* not by the environment's word */
    (void)curl_easy_setopt(curl, CURLOPT_USERAGENT, "picketd/" PK_VERSION);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, out);
    (void)curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    if (oidc->ca != NULL) {
        (void)curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, &roots);
        (void)curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
    }
    if (ask->form != NULL) {
        (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, ask->form);
    }
}

/* Errors name the place and what went wrong, never what was sent or answered. */
static int fetch(const struct pk_oidc *oidc, const struct ask *ask, struct pk_arena *arena,
        struct pk_buffer *out, struct pk_error *err)
{
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = headers_of(ask, arena);
    long status = 0;
    CURLcode code;
    int rc = PK_OK;

    if (curl == NULL || headers == NULL) {
        curl_slist_free_all(headers);
        curl_easy_cleanup(curl);
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    prepare(curl, oidc, ask, headers, out);
    code = curl_easy_perform(curl);
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK) {
        rc = out->rc == PK_ELIMIT
                ? pk_error_set(err, PK_ELIMIT, "%.200s answers too much", ask->url)
                : pk_error_set(err, PK_EIO, "%.200s: %s", ask->url, curl_easy_strerror(code));
    } else if (status != 200) {
        rc = pk_error_set(err, PK_EPEER, "%.200s says %ld", ask->url, status);
    }
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return rc;
}

static int fetch_json(const struct pk_oidc *oidc, const struct ask *ask, size_t max,
        struct pk_arena *arena, json_t **out, struct pk_error *err)
{
    struct pk_buffer bytes = pk_buffer_of(max);
    json_t *value = NULL;
    int rc = fetch(oidc, ask, arena, &bytes, err);

    if (rc == PK_OK &&
            (pk_json_parse(bytes.len > 0 ? bytes.ptr : "", bytes.len, &value, NULL) < 0 ||
                    !json_is_object(value))) {
        json_decref(value);
        rc = pk_error_set(err, PK_EPEER, "%.200s: this is no JSON object", ask->url);
    }
    pk_buffer_finish(&bytes);
    if (rc == PK_OK) {
        rc = pk_arena_defer(arena, pk_json_release, value);
        *out = value;
    }
    return rc;
}

/* ---- the provider's document ------------------------------------------------------------------------- */

static const char *place_named(const json_t *document, const char *name, struct pk_arena *arena)
{
    const char *url = json_string_value(json_object_get(document, name));

    return url != NULL && strncmp(url, "https://", 8) == 0 && strlen(url) < 1024 &&
                    strpbrk(url, "# \t\r\n\"<>") == NULL
            ? pk_arena_strdup(arena, url)
            : NULL;
}

int pk_oidc_place_of(const json_t *document, const char *issuer, struct pk_arena *arena,
        struct pk_oidc_place *out, struct pk_error *err)
{
    const char *told = json_string_value(json_object_get(document, "issuer"));

    if (told == NULL || strcmp(told, issuer) != 0) {
        return pk_error_set(err, PK_EPEER, "the provider calls itself otherwise than 'sso.issuer'");
    }
    *out = (struct pk_oidc_place){
        .authorization = place_named(document, "authorization_endpoint", arena),
        .token = place_named(document, "token_endpoint", arena),
        .jwks = place_named(document, "jwks_uri", arena),
        .end_session = place_named(document, "end_session_endpoint", arena),
        .tells_issuer = json_is_true(
                json_object_get(document, "authorization_response_iss_parameter_supported")),
    };
    return out->authorization != NULL && out->token != NULL && out->jwks != NULL
            ? PK_OK
            : pk_error_set(err, PK_EPEER, "the provider does not name its places as https URLs");
}

static int learn_place(struct pk_oidc *oidc, int64_t now_ms, struct pk_error *err)
{
    struct pk_arena *scratch = pk_arena_create(4 * DOCUMENT_MAX);
    struct pk_arena *arena = pk_arena_create(PLACE_MAX);
    const char *issuer = oidc->settings->issuer;
    size_t len = strlen(issuer);
    struct pk_oidc_place place;
    struct ask ask = { 0 };
    json_t *document;
    int rc = PK_ENOMEM;

    if (scratch != NULL && arena != NULL) {
        ask.url = pk_arena_printf(scratch, "%.*s/.well-known/openid-configuration",
                (int)(len > 0 && issuer[len - 1] == '/' ? len - 1 : len), issuer);
        rc = ask.url == NULL ? PK_ENOMEM
                             : fetch_json(oidc, &ask, DOCUMENT_MAX, scratch, &document, err);
    }
    if (rc == PK_OK) {
        rc = pk_oidc_place_of(document, issuer, arena, &place, err);
    }
    pk_arena_destroy(scratch);
    if (rc < 0) {
        pk_arena_destroy(arena);
        oidc->failed_ms = now_ms;
        return rc;
    }
    pk_arena_destroy(oidc->arena);
    oidc->arena = arena;
    oidc->place = place;
    oidc->place_ms = now_ms;
    oidc->failed_ms = 0;
    return PK_OK;
}

static bool is_fresh(int64_t at_ms, int64_t now_ms, int64_t keep_ms)
{
    return at_ms != 0 && now_ms >= at_ms && now_ms - at_ms < keep_ms;
}

int pk_oidc_place_now(struct pk_oidc *oidc, int64_t now_ms, struct pk_arena *arena,
        struct pk_oidc_place *out, struct pk_error *err)
{
    int rc = PK_OK;

    (void)pthread_mutex_lock(&oidc->lock);
    if (oidc->arena == NULL || !is_fresh(oidc->place_ms, now_ms, PK_OIDC_KEEP_MS)) {
        rc = is_fresh(oidc->failed_ms, now_ms, AGAIN_MS)
                ? pk_error_set(err, PK_EIO, "the provider could not be reached a moment ago")
                : learn_place(oidc, now_ms, err);
    }
    if (rc == PK_OK) {
        const struct pk_oidc_place *p = &oidc->place;

        *out = (struct pk_oidc_place){
            .authorization = pk_arena_strdup(arena, p->authorization),
            .token = pk_arena_strdup(arena, p->token),
            .jwks = pk_arena_strdup(arena, p->jwks),
            .end_session = p->end_session != NULL ? pk_arena_strdup(arena, p->end_session) : NULL,
            .tells_issuer = p->tells_issuer,
        };
        rc = out->authorization == NULL || out->token == NULL || out->jwks == NULL ? PK_ENOMEM
                                                                                   : PK_OK;
    }
    (void)pthread_mutex_unlock(&oidc->lock);
    return rc;
}

/* ---- tokens -------------------------------------------------------------------------------------------- */

/* application/x-www-form-urlencoded. */
static const char *encoded(const char *text, struct pk_arena *arena)
{
    char *escaped = curl_easy_escape(NULL, text, 0);
    const char *copy = escaped != NULL ? pk_arena_strdup(arena, escaped) : NULL;

    curl_free(escaped);
    return copy != NULL ? copy : "";
}

static const char *basic_of(const struct pk_oidc *oidc, struct pk_arena *arena)
{
    const char *both = pk_arena_printf(arena, "%s:%s", encoded(oidc->settings->client_id, arena),
            encoded(oidc->secret, arena));
    char *out = both != NULL ? pk_arena_alloc(arena, PK_BASE64_SIZE(strlen(both)), 1) : NULL;

    if (out != NULL) {
        pk_base64(pk_slice_str(both), out);
    }
    return out;
}

int pk_oidc_trade(struct pk_oidc *oidc, const struct pk_oidc_place *place, const char *code,
        const char *verifier, const char *redirect, struct pk_arena *arena, const char **id_token,
        const char **access, struct pk_error *err)
{
    bool post = oidc->secret != NULL && oidc->settings->auth_method == 1;
    struct ask ask = { .url = place->token };
    json_t *answer = NULL;
    int rc;

    ask.form = pk_arena_printf(arena,
            "grant_type=authorization_code&code=%s&redirect_uri=%s&code_verifier=%s%s%s%s%s",
            encoded(code, arena), encoded(redirect, arena), verifier,
            oidc->secret == NULL || post ? "&client_id=" : "",
            oidc->secret == NULL || post ? encoded(oidc->settings->client_id, arena) : "",
            post ? "&client_secret=" : "", post ? encoded(oidc->secret, arena) : "");
    if (oidc->secret != NULL && !post) {
        ask.basic = basic_of(oidc, arena);
    }
    if (ask.form == NULL || (oidc->secret != NULL && !post && ask.basic == NULL)) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    rc = fetch_json(oidc, &ask, TOKENS_MAX, arena, &answer, err);
    if (rc < 0) {
        return rc;
    }
    *id_token = json_string_value(json_object_get(answer, "id_token"));
    *access = json_string_value(json_object_get(answer, "access_token"));
    return *id_token != NULL ? PK_OK : pk_error_set(err, PK_EPEER, "the provider sent no ID token");
}

static int learn_keys(struct pk_oidc *oidc, const struct pk_oidc_place *place, int64_t now_ms,
        struct pk_arena *arena, struct pk_error *err)
{
    struct pk_buffer bytes = pk_buffer_of(PK_JWKS_MAX);
    struct ask ask = { .url = place->jwks };
    struct pk_jwks *jwks = NULL;
    int rc;

    oidc->jwks_ms = now_ms; /* also a failure is one try of this minute */
    rc = fetch(oidc, &ask, arena, &bytes, err);
    if (rc == PK_OK) {
        rc = pk_jwks_parse(pk_buffer_slice(&bytes), &jwks, err);
    }
    pk_buffer_finish(&bytes);
    if (rc == PK_OK) {
        pk_jwks_destroy(oidc->jwks);
        oidc->jwks = jwks;
    }
    return rc;
}

int pk_oidc_judge(struct pk_oidc *oidc, const struct pk_oidc_place *place, const char *token,
        const struct pk_jwt_rules *rules, struct pk_arena *arena, json_t **claims,
        struct pk_error *err)
{
    int64_t now_ms = rules->now_ms;
    int rc = PK_ENOENT;

    (void)pthread_mutex_lock(&oidc->lock);
    if (oidc->jwks != NULL && is_fresh(oidc->jwks_ms, now_ms, PK_OIDC_KEEP_MS)) {
        rc = pk_jwt_check(oidc->jwks, token, rules, arena, claims, err);
    }
    if (rc == PK_ENOENT &&
            (oidc->jwks == NULL || !is_fresh(oidc->jwks_ms, now_ms, PK_OIDC_REFETCH_MS))) {
        rc = learn_keys(oidc, place, now_ms, arena, err);
        if (rc == PK_OK) {
            rc = pk_jwt_check(oidc->jwks, token, rules, arena, claims, err);
        }
    }
    (void)pthread_mutex_unlock(&oidc->lock);
    return rc;
}

/* ---- the object ------------------------------------------------------------------------------------------ */

/* The text of a file, in new memory. */
static int read_text(const char *path, size_t max, char **out, struct pk_error *err)
{
    struct pk_buffer bytes = pk_buffer_of(max);
    int rc = pk_file_read(path, &bytes, err);

    if (rc == PK_OK) {
        rc = pk_buffer_putc(&bytes, '\0');
    }
    if (rc == PK_OK) {
        *out = pk_buffer_take(&bytes);
        rc = *out != NULL ? PK_OK : PK_ENOMEM;
    }
    pk_buffer_finish(&bytes);
    return rc;
}

int pk_oidc_create(
        const struct pk_sso_settings *settings, struct pk_oidc **out, struct pk_error *err)
{
    struct pk_oidc *oidc;
    int rc = PK_OK;

    *out = NULL;
    if (settings == NULL) {
        return PK_OK;
    }
    oidc = calloc(1, sizeof(*oidc));
    if (oidc == NULL || pthread_mutex_init(&oidc->lock, NULL) != 0) {
        free(oidc);
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    oidc->settings = settings;
    oidc->algorithms = settings->algorithms;
    if (oidc->algorithms.count == 0) {
        oidc->algorithms = (struct pk_strings){ .items = (const char **)pk_jwt_algorithms,
            .count = 4 };
    }
    if (settings->client_secret_file != NULL) {
        rc = read_text(settings->client_secret_file, SECRET_MAX, &oidc->secret, err);
    }
    if (rc == PK_OK && oidc->secret != NULL) {
        oidc->secret[strcspn(oidc->secret, "\r\n")] = '\0';
    }
    if (rc == PK_OK && settings->ca != NULL) {
        rc = read_text(settings->ca, CA_MAX, &oidc->ca, err);
    }
    if (rc < 0) {
        pk_error_prefix(err, "single sign-on");
        pk_oidc_destroy(oidc);
        return rc;
    }
    *out = oidc;
    return PK_OK;
}

void pk_oidc_destroy(struct pk_oidc *oidc)
{
    if (oidc != NULL) {
        (void)pthread_mutex_destroy(&oidc->lock);
        pk_arena_destroy(oidc->arena);
        pk_jwks_destroy(oidc->jwks);
        if (oidc->secret != NULL) {
            explicit_bzero(oidc->secret, strlen(oidc->secret));
        }
        free(oidc->secret);
        free(oidc->ca);
        free(oidc);
    }
}
