#include "server/jwt.h"

#include <cjose/cjose.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypt.h"

#define RSA_BITS_MIN 2048
#define ED25519_SIZE 32
#define SIGNATURE    64 /* of Ed25519 */
#define CLAIM_MAX    1024
#define NUMBER_MAX   2048 /* letters of 12288 bits */
#define LOGOUT_EVENT "http://schemas.openid.net/event/backchannel-logout"

const char *const pk_jwt_algorithms[] = { "RS256", "PS256", "ES256", "EdDSA", NULL };

struct key {
    char kid[PK_JWT_KID_MAX];
    char alg[8];       /* "": any that fits the type */
    const char *kty;   /* "RSA" "EC" "OKP" */
    cjose_jwk_t *jose; /* RSA, EC */
    EVP_PKEY *edwards; /* OKP */
};

struct pk_jwks {
    struct key keys[PK_JWKS_KEYS_MAX];
    size_t count;
};

/* ---- base64url ---- */

void pk_base64url(struct pk_slice in, char *out)
{
    pk_base64(in, out);
    for (; *out != '\0' && *out != '='; out++) {
        *out = (char)(*out == '+' ? '-' : *out == '/' ? '_' : *out);
    }
    *out = '\0';
}

/* In the arena, with a NUL behind it; NULL: not base64url, or memory is short. */
static uint8_t *decode(const char *text, size_t len, struct pk_arena *arena, size_t *out_len)
{
    char *standard = pk_arena_alloc(arena, len + 4, 1);
    uint8_t *out = pk_arena_alloc(arena, len + 4, 1);

    if (standard == NULL || out == NULL || len % 4 == 1) {
        return NULL;
    }
    for (size_t i = 0; i < len; i++) {
        standard[i] = (char)(text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i]);
        if (text[i] == '+' || text[i] == '/' || pk_base64_value((uint8_t)standard[i]) < 0) {
            return NULL;
        }
    }
    while (len % 4 != 0) {
        standard[len++] = '=';
    }
    if (pk_unbase64(pk_slice_of(standard, len), out, len, out_len) < 0) {
        return NULL;
    }
    out[*out_len] = '\0';
    return out;
}

/* ---- keys ---- */

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text != NULL && strlen(text) < CLAIM_MAX ? text : NULL;
}

/* libcjose ends the program over base64 that breaks off: it only sees what we could read. */
static bool is_number(const json_t *jwk, const char *name, struct pk_arena *arena)
{
    const char *text = json_string_value(json_object_get(jwk, name));
    size_t len = 0;

    return text != NULL && strlen(text) <= NUMBER_MAX &&
            decode(text, strlen(text), arena, &len) != NULL && len > 0;
}

static cjose_jwk_t *import_jose(const json_t *jwk, const char *kty, struct pk_arena *arena)
{
    const char *curve = text_of(jwk, "crv");
    bool rsa = strcmp(kty, "RSA") == 0;
    bool whole = is_number(jwk, rsa ? "n" : "x", arena) && is_number(jwk, rsa ? "e" : "y", arena);
    /* The public half alone: what else stands there is none of ours. */
    json_t *bare = !whole ? NULL
            : rsa
            ? json_pack("{s:s, s:O?, s:O?}", "kty", kty, "n", json_object_get(jwk, "n"), "e",
                      json_object_get(jwk, "e"))
            : json_pack("{s:s, s:s, s:O?, s:O?}", "kty", kty, "crv", curve != NULL ? curve : "",
                      "x", json_object_get(jwk, "x"), "y", json_object_get(jwk, "y"));
    char *text = bare != NULL ? json_dumps(bare, JSON_COMPACT) : NULL;
    cjose_err why = { 0 };
    cjose_jwk_t *key = text != NULL ? cjose_jwk_import(text, strlen(text), &why) : NULL;

    free(text);
    json_decref(bare);
    if (key != NULL &&
            ((strcmp(kty, "RSA") == 0 && cjose_jwk_get_keysize(key, &why) < RSA_BITS_MIN) ||
                    (strcmp(kty, "EC") == 0 &&
                            cjose_jwk_EC_get_curve(key, &why) != CJOSE_JWK_EC_P_256))) {
        (void)cjose_jwk_release(key);
        return NULL;
    }
    return key;
}

static EVP_PKEY *import_edwards(const json_t *jwk, struct pk_arena *arena)
{
    const char *curve = text_of(jwk, "crv");
    const char *x = text_of(jwk, "x");
    size_t len = 0;
    const uint8_t *bytes = x != NULL && curve != NULL && strcmp(curve, "Ed25519") == 0
            ? decode(x, strlen(x), arena, &len)
            : NULL;

    return bytes != NULL && len == ED25519_SIZE
            ? EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, bytes, len)
            : NULL;
}

static const char *known_type(const char *kty)
{
    static const char *const types[] = { "RSA", "EC", "OKP" };

    for (size_t i = 0; kty != NULL && i < PK_COUNT(types); i++) {
        if (strcmp(types[i], kty) == 0) {
            return types[i];
        }
    }
    return NULL;
}

static void add_key(struct pk_jwks *jwks, const json_t *jwk, struct pk_arena *arena)
{
    struct key *key = &jwks->keys[jwks->count];
    const char *kty = known_type(text_of(jwk, "kty"));
    const char *use = text_of(jwk, "use");
    const char *alg = text_of(jwk, "alg");
    const char *kid = text_of(jwk, "kid");

    if (kty == NULL || (use != NULL && strcmp(use, "sig") != 0) ||
            (alg != NULL && strlen(alg) >= sizeof(key->alg)) ||
            (kid != NULL && strlen(kid) >= sizeof(key->kid))) {
        return;
    }
    *key = (struct key){ .kty = kty };
    if (strcmp(kty, "OKP") == 0) {
        key->edwards = import_edwards(jwk, arena);
    } else {
        key->jose = import_jose(jwk, kty, arena);
    }
    if (key->jose == NULL && key->edwards == NULL) {
        return;
    }
    memcpy(key->alg, alg != NULL ? alg : "", alg != NULL ? strlen(alg) : 0);
    memcpy(key->kid, kid != NULL ? kid : "", kid != NULL ? strlen(kid) : 0);
    jwks->count++;
}

int pk_jwks_parse(struct pk_slice text, struct pk_jwks **out, struct pk_error *err)
{
    struct pk_arena *arena = NULL;
    struct pk_jwks *jwks = NULL;
    json_t *root = NULL;
    const json_t *keys;
    int rc;

    if (text.len > PK_JWKS_MAX) {
        return pk_error_set(err, PK_ELIMIT, "the keys are larger than %lu bytes", PK_JWKS_MAX);
    }
    rc = pk_json_parse((const char *)text.ptr, text.len, &root, err);
    if (rc < 0) {
        return rc;
    }
    keys = json_object_get(root, "keys");
    if (!json_is_array(keys) || json_array_size(keys) > PK_JWKS_KEYS_MAX) {
        json_decref(root);
        return pk_error_set(err, PK_EMALF, "a list of at most %d keys is wanted", PK_JWKS_KEYS_MAX);
    }
    arena = pk_arena_create(PK_JWKS_MAX);
    jwks = calloc(1, sizeof(*jwks));
    if (arena == NULL || jwks == NULL) {
        pk_arena_destroy(arena);
        free(jwks);
        json_decref(root);
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < json_array_size(keys); i++) {
        add_key(jwks, json_array_get(keys, i), arena);
    }
    pk_arena_destroy(arena);
    json_decref(root);
    *out = jwks;
    return PK_OK;
}

void pk_jwks_destroy(struct pk_jwks *jwks)
{
    for (size_t i = 0; jwks != NULL && i < jwks->count; i++) {
        if (jwks->keys[i].jose != NULL) {
            (void)cjose_jwk_release(jwks->keys[i].jose);
        }
        EVP_PKEY_free(jwks->keys[i].edwards);
    }
    free(jwks);
}

size_t pk_jwks_count(const struct pk_jwks *jwks)
{
    return jwks->count;
}

/* ---- the signature ---- */

struct parts {
    const char *token;
    size_t signed_len; /* header, dot, payload */
    const char *signature;
    json_t *header; /* in the arena, so is payload */
    json_t *payload;
};

static int refuse(struct pk_error *err, const char *why)
{
    return pk_error_set(err, PK_ECRYPTO, "the provider's token is refused: %s", why);
}

static json_t *decode_json(const char *text, size_t len, struct pk_arena *arena)
{
    size_t size = 0;
    const uint8_t *bytes = decode(text, len, arena, &size);
    json_t *value = NULL;

    if (bytes == NULL || pk_json_parse((const char *)bytes, size, &value, NULL) < 0) {
        return NULL;
    }
    if (pk_arena_defer(arena, pk_json_release, value) < 0) {
        return NULL; /* released already */
    }
    return json_is_object(value) ? value : NULL;
}

static int split(const char *token, struct pk_arena *arena, struct parts *out, struct pk_error *err)
{
    const char *first = strchr(token, '.');
    const char *second = first != NULL ? strchr(first + 1, '.') : NULL;

    if (second == NULL || strchr(second + 1, '.') != NULL) {
        return refuse(err, "it has not three parts");
    }
    *out = (struct parts){
        .token = token,
        .signed_len = (size_t)(second - token),
        .signature = second + 1,
        .header = decode_json(token, (size_t)(first - token), arena),
        .payload = decode_json(first + 1, (size_t)(second - first - 1), arena),
    };
    return out->header == NULL || out->payload == NULL ? refuse(err, "it cannot be read") : PK_OK;
}

static const char *type_of(const char *alg)
{
    return strcmp(alg, "EdDSA") == 0 ? "OKP" : strcmp(alg, "ES256") == 0 ? "EC" : "RSA";
}

static bool is_listed(const struct pk_strings *list, const char *alg)
{
    bool listed = false;
    bool known = false;

    for (size_t i = 0; i < list->count; i++) {
        listed = listed || strcmp(list->items[i], alg) == 0;
    }
    for (size_t i = 0; pk_jwt_algorithms[i] != NULL; i++) {
        known = known || strcmp(pk_jwt_algorithms[i], alg) == 0;
    }
    return listed && known;
}

/* The key of the kid; without one the only key that fits. */
static const struct key *key_of(const struct pk_jwks *jwks, const char *kid, const char *alg)
{
    const struct key *found = NULL;

    for (size_t i = 0; i < jwks->count; i++) {
        const struct key *key = &jwks->keys[i];

        if (strcmp(key->kty, type_of(alg)) != 0 ||
                (key->alg[0] != '\0' && strcmp(key->alg, alg) != 0) ||
                (kid != NULL && strcmp(key->kid, kid) != 0)) {
            continue;
        }
        if (found != NULL) {
            return NULL;
        }
        found = key;
    }
    return found;
}

static bool verify_edwards(const struct key *key, const struct parts *p, struct pk_arena *arena)
{
    size_t len = 0;
    const uint8_t *signature = decode(p->signature, strlen(p->signature), arena, &len);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good = signature != NULL && len == SIGNATURE && ctx != NULL &&
            EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key->edwards) == 1 &&
            EVP_DigestVerify(ctx, signature, len, (const uint8_t *)p->token, p->signed_len) == 1;

    EVP_MD_CTX_free(ctx);
    return good;
}

static bool verify_jose(const struct key *key, const struct parts *p, struct pk_arena *arena)
{
    size_t len = 0;
    cjose_err why = { 0 };
    cjose_jws_t *jws = decode(p->signature, strlen(p->signature), arena, &len) != NULL && len > 0
            ? cjose_jws_import(p->token, strlen(p->token), &why)
            : NULL;
    bool good = jws != NULL && cjose_jws_verify(jws, key->jose, &why);

    if (jws != NULL) {
        cjose_jws_release(jws);
    }
    return good;
}

static int verify(const struct pk_jwks *jwks, const struct parts *p,
        const struct pk_jwt_rules *rules, struct pk_arena *arena, struct pk_error *err)
{
    const char *alg = text_of(p->header, "alg");
    const char *kid = text_of(p->header, "kid");
    const struct key *key;

    if (json_object_get(p->header, "crit") != NULL || json_object_get(p->header, "b64") != NULL) {
        return refuse(err, "it asks for extensions");
    }
    if (alg == NULL || !is_listed(&rules->algorithms, alg)) {
        return refuse(err, "it is not signed by an algorithm that is allowed");
    }
    if (kid == NULL && json_object_get(p->header, "kid") != NULL) {
        return refuse(err, "its key is not named as it should be");
    }
    key = key_of(jwks, kid, alg);
    if (key == NULL) {
        return pk_error_set(
                err, PK_ENOENT, "the provider's token is refused: no such key is known");
    }
    if (key->edwards != NULL ? !verify_edwards(key, p, arena) : !verify_jose(key, p, arena)) {
        return refuse(err, "its signature does not hold");
    }
    return PK_OK;
}

/* ---- the claims ---- */

static bool has_audience(const json_t *claims, const char *client, bool *alone)
{
    const json_t *aud = json_object_get(claims, "aud");
    bool found = false;

    *alone = !json_is_array(aud) || json_array_size(aud) == 1;
    if (json_is_string(aud)) {
        return strcmp(json_string_value(aud), client) == 0;
    }
    for (size_t i = 0; i < json_array_size(aud); i++) {
        const char *one = json_string_value(json_array_get(aud, i));

        found = found || (one != NULL && strcmp(one, client) == 0);
    }
    return found;
}

/* Seconds; false: absent or no sensible number. */
static bool time_of(const json_t *claims, const char *name, int64_t *out)
{
    const json_t *value = json_object_get(claims, name);
    double seconds = json_number_value(value);

    *out = (int64_t)(seconds >= 0 && seconds < 1e11 ? seconds : 0);
    return json_is_number(value) && seconds > 0 && seconds < 1e11;
}

static int check_times(const json_t *claims, bool logout, int64_t now, struct pk_error *err)
{
    int64_t at;

    if (time_of(claims, "exp", &at) ? at + PK_JWT_SKEW_S <= now
                                    : !logout || json_object_get(claims, "exp") != NULL) {
        return refuse(err, "it has expired");
    }
    if (json_object_get(claims, "nbf") != NULL &&
            (!time_of(claims, "nbf", &at) || at - PK_JWT_SKEW_S > now)) {
        return refuse(err, "it is not valid yet");
    }
    if (!time_of(claims, "iat", &at) || at - PK_JWT_SKEW_S > now) {
        return refuse(err, "it is not from now");
    }
    return PK_OK;
}

/* The left half of the hash that belongs to the algorithm, in base64url. */
static bool at_hash_fits(const char *told, const char *alg, const char *access_token)
{
    uint8_t hash[EVP_MAX_MD_SIZE];
    char right[EVP_MAX_MD_SIZE * 2];
    unsigned len = 0;

    if (EVP_Digest(access_token, strlen(access_token), hash, &len,
                strcmp(alg, "EdDSA") == 0 ? EVP_sha512() : EVP_sha256(), NULL) != 1) {
        return false;
    }
    pk_base64url(pk_slice_of(hash, len / 2), right);
    return strcmp(told, right) == 0;
}

static int check_id(const struct parts *p, const struct pk_jwt_rules *rules, struct pk_error *err)
{
    const json_t *told = json_object_get(p->payload, "at_hash");
    const char *nonce = text_of(p->payload, "nonce");

    if (nonce == NULL || !pk_secret_eq(nonce, rules->nonce)) {
        return refuse(err, "it answers another question (nonce)");
    }
    if (text_of(p->payload, "sub") == NULL || text_of(p->payload, "sub")[0] == '\0') {
        return refuse(err, "it names nobody");
    }
    if (told != NULL && rules->access_token != NULL &&
            (!json_is_string(told) ||
                    !at_hash_fits(json_string_value(told), text_of(p->header, "alg"),
                            rules->access_token))) {
        return refuse(err, "it is of another access token (at_hash)");
    }
    return PK_OK;
}

static int check_logout(const struct parts *p, struct pk_error *err)
{
    const json_t *events = json_object_get(p->payload, "events");

    if (json_object_get(p->payload, "nonce") != NULL) {
        return refuse(err, "a logout token has no nonce");
    }
    if (!json_is_object(json_object_get(events, LOGOUT_EVENT))) {
        return refuse(err, "it is no logout token");
    }
    if (text_of(p->payload, "sub") == NULL && text_of(p->payload, "sid") == NULL) {
        return refuse(err, "it names nobody");
    }
    return PK_OK;
}

static int check_claims(
        const struct parts *p, const struct pk_jwt_rules *rules, struct pk_error *err)
{
    const char *issuer = text_of(p->payload, "iss");
    const char *azp = text_of(p->payload, "azp");
    bool alone;
    int rc;

    if (issuer == NULL || strcmp(issuer, rules->issuer) != 0) {
        return refuse(err, "it is of another issuer");
    }
    if (!has_audience(p->payload, rules->client, &alone)) {
        return refuse(err, "it is for somebody else (aud)");
    }
    if ((azp == NULL && (!alone || json_object_get(p->payload, "azp") != NULL)) ||
            (azp != NULL && strcmp(azp, rules->client) != 0)) {
        return refuse(err, "it was made for somebody else (azp)");
    }
    rc = check_times(p->payload, rules->nonce == NULL, rules->now_ms / 1000, err);
    if (rc < 0) {
        return rc;
    }
    return rules->nonce != NULL ? check_id(p, rules, err) : check_logout(p, err);
}

int pk_jwt_check(const struct pk_jwks *jwks, const char *token, const struct pk_jwt_rules *rules,
        struct pk_arena *arena, json_t **claims, struct pk_error *err)
{
    struct parts parts = { 0 };
    int rc;

    if (strnlen(token, PK_JWT_MAX + 1) > PK_JWT_MAX) {
        return pk_error_set(
                err, PK_ELIMIT, "the provider's token is refused: larger than %lu", PK_JWT_MAX);
    }
    rc = split(token, arena, &parts, err);
    if (rc == PK_OK) {
        rc = verify(jwks, &parts, rules, arena, err);
    }
    if (rc == PK_OK) {
        rc = check_claims(&parts, rules, err);
    }
    if (rc == PK_OK) {
        *claims = parts.payload;
    }
    return rc;
}
