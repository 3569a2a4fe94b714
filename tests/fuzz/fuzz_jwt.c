/* Keys and a token of an identity provider: the input is the keys, a NUL, and the token. */
#include <stdlib.h>
#include <string.h>

#include "server/jwt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size > 0 ? memchr(data, '\0', size) : NULL;
    size_t keys = end != NULL ? (size_t)(end - data) : size;
    struct pk_jwt_rules rules = {
        .issuer = "https://op",
        .client = "me",
        .algorithms = { (const char **)pk_jwt_algorithms, 4 },
        .nonce = size % 2 == 0 ? "n" : NULL,
        .access_token = "access",
        .now_ms = INT64_C(1800000000000),
    };
    struct pk_arena *arena = pk_arena_create(4UL * 1024 * 1024);
    struct pk_jwks *jwks = NULL;
    json_t *claims = NULL;
    char *token;

    if (arena == NULL || pk_jwks_parse(pk_slice_of(data, keys), &jwks, NULL) < 0) {
        pk_arena_destroy(arena);
        return 0;
    }
    token = calloc(1, size - keys + 1);
    if (token != NULL && end != NULL) {
        memcpy(token, end + 1, size - keys - 1);
        if (pk_jwt_check(jwks, token, &rules, arena, &claims, NULL) == PK_OK &&
                !json_is_object(claims)) {
            abort();
        }
    }
    free(token);
    pk_jwks_destroy(jwks);
    pk_arena_destroy(arena);
    return 0;
}
