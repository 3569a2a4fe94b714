/* names_internal.h - inside of the judge of names: what a name is turned into. tools/names_features.py does the same for
 * training; a test holds both together. */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "base/slice.h"
#include "defense/network/names.h"

#define PK_NAME_SLOTS     16384U
#define PK_NAME_DENSE     20
#define PK_URL_DENSE      10
#define PK_NAME_HOST_MAX  254
#define PK_NAME_LABEL_MAX 64

struct pk_brand {
    const char *name;
    size_t len;
    const char *const *domains; /* its own; NULL-terminated */
};
extern const struct pk_brand pk_brands[];
extern const size_t pk_brand_count;

/* enum of the plain numbers that have a sentence of their own. */
enum {
    DENSE_HYPHENS = 3,
    DENSE_PUNYCODE = 6,
    DENSE_BRAND_BEFORE = 7,
    DENSE_BRAND_WORD = 8,
    DENSE_BRAND_PART = 9,
    DENSE_BRAND_LIKE = 10,
    DENSE_WORDS = 11,
    DENSE_HOSTED = 12,
    DENSE_CONSONANTS = 13,
    DENSE_DIGITS = 14,
    DENSE_ADDRESS = 15,
    DENSE_COUNTRY = 19,
    DENSE_PHP = PK_NAME_DENSE + 5,
    DENSE_AT = PK_NAME_DENSE + 7,
    DENSE_PORT = PK_NAME_DENSE + 8,
};

struct pk_name_features {
    float dense[PK_NAME_DENSE + PK_URL_DENSE];
    size_t dense_count;
    uint64_t slots[PK_NAME_SLOTS / 64]; /* a bit each */
    uint32_t suffix_slot;               /* of the name's ending */
    const char *brand;
};

/* False: no host name. */
bool pk_name_features(const char *host, struct pk_name_features *out);
bool pk_url_features(const char *url, struct pk_name_features *out);

struct pk_slice pk_names_host_file(void);
struct pk_slice pk_names_url_file(void);
