#include "crowd/key.h"

#include <stdio.h>
#include <string.h>

#include "base/crypt.h"

#define CELL_BITS 36 /* NCI, the longest: TS 38.413 */
#define PLACE     5
#define CITY      4

#define LETTER_BITS 5
#define LETTER_MASK 31U

static uint64_t be(const uint8_t *bytes, size_t len)
{
    uint64_t out = 0;

    for (size_t i = 0; i < len; i++) {
        out = out << 8 | bytes[i];
    }
    return out;
}

static uint64_t hash_of(struct pk_slice text)
{
    uint8_t digest[PK_SHA256_SIZE];
    uint64_t out;

    if (text.len == 0) {
        return 0;
    }
    pk_sha256(text, digest);
    out = be(digest, 8);
    return out != 0 ? out : 1;
}

/* Narrow hashes keep 0 for "not known", too. */
static uint32_t narrow(uint64_t hash)
{
    return hash == 0 ? 0 : (uint32_t)(hash >> 32) != 0 ? (uint32_t)(hash >> 32) : 1;
}

uint64_t pk_crowd_hash(const char *text)
{
    return text != NULL ? hash_of(pk_slice_str(text)) : 0;
}

uint64_t pk_crowd_network_of(const char *id)
{
    uint8_t bytes[8];

    if (id == NULL || strncmp(id, "net-", 4) != 0 || pk_unhex(id + 4, bytes, sizeof(bytes)) < 0) {
        return 0;
    }
    return be(bytes, sizeof(bytes));
}

uint64_t pk_crowd_hardware_of(const char *mac)
{
    char digits[13];
    uint8_t bytes[6];
    uint64_t out;

    if (mac == NULL || strlen(mac) != 17) {
        return 0;
    }
    for (size_t i = 0; i < 6; i++) {
        if (i < 5 && mac[3 * i + 2] != ':') {
            return 0;
        }
        memcpy(digits + 2 * i, mac + 3 * i, 2);
    }
    digits[12] = '\0';
    if (pk_unhex(digits, bytes, sizeof(bytes)) < 0) {
        return 0;
    }
    out = be(bytes, sizeof(bytes));
    return out != 0xffffffffffffULL ? out : 0;
}

uint64_t pk_crowd_digest_of(const char *sha256)
{
    uint8_t bytes[PK_SHA256_SIZE];

    return sha256 != NULL && pk_unhex(sha256, bytes, sizeof(bytes)) == PK_OK ? be(bytes, 8) : 0;
}

static const char alphabet[] = "0123456789bcdefghjkmnpqrstuvwxyz";

/* Five bits a letter, behind a 1 that tells how many there are. A hash would hide nothing: there are but 33
 * million squares. */
static uint32_t square_of(const char *geohash, size_t letters)
{
    uint32_t out = 1;

    if (geohash == NULL) {
        return 0;
    }
    for (size_t i = 0; i < letters; i++) {
        const char *at = geohash[i] != '\0' ? strchr(alphabet, geohash[i]) : NULL;

        if (at == NULL) {
            return 0;
        }
        out = out << LETTER_BITS | (uint32_t)(at - alphabet);
    }
    return out;
}

uint32_t pk_crowd_place_of(const char *geohash)
{
    return square_of(geohash, PLACE);
}

uint32_t pk_crowd_city_of(const char *geohash)
{
    return square_of(geohash, CITY);
}

uint32_t pk_crowd_city_of_place(uint32_t place)
{
    return place >> LETTER_BITS;
}

uint32_t pk_crowd_plmn_of(const char *digits)
{
    uint32_t out = 0;
    size_t len = digits != NULL ? strlen(digits) : 0;

    if (len != 5 && len != 6) {
        return 0;
    }
    for (size_t i = 0; i < len; i++) {
        if (digits[i] < '0' || digits[i] > '9') {
            return 0;
        }
        out = out * 10 + (uint32_t)(digits[i] - '0');
    }
    return out;
}

uint32_t pk_crowd_tenant_of(const char *name)
{
    return narrow(pk_crowd_hash(name));
}

struct pk_crowd_key pk_crowd_key_of_point(const char *network, const char *bssid)
{
    return (struct pk_crowd_key){
        .a = pk_crowd_network_of(network), .b = pk_crowd_hardware_of(bssid), .kind = PK_CROWD_POINT
    };
}

struct pk_crowd_key pk_crowd_key_of_site(const char *network, const char *geohash)
{
    return (struct pk_crowd_key){
        .a = pk_crowd_network_of(network), .b = pk_crowd_place_of(geohash), .kind = PK_CROWD_SITE
    };
}

struct pk_crowd_key pk_crowd_key_of_mast(uint32_t plmn, uint64_t cell, uint32_t place)
{
    return (struct pk_crowd_key){ .a = (uint64_t)plmn << CELL_BITS |
                (cell & ((1ULL << CELL_BITS) - 1)),
        .b = place,
        .kind = PK_CROWD_MAST };
}

struct pk_crowd_key pk_crowd_key_of_app(const char *sha256)
{
    return (struct pk_crowd_key){ .a = pk_crowd_digest_of(sha256), .kind = PK_CROWD_APP };
}

struct pk_crowd_key pk_crowd_key_of_signer(const char *sha256)
{
    return (struct pk_crowd_key){ .a = pk_crowd_digest_of(sha256), .kind = PK_CROWD_SIGNER };
}

const char *pk_crowd_network_text(uint64_t network, char out[PK_CROWD_TEXT])
{
    (void)snprintf(out, PK_CROWD_TEXT, "net-%016llx", (unsigned long long)network);
    return out;
}

const char *pk_crowd_place_text(uint32_t place, char out[PK_CROWD_TEXT])
{
    size_t letters = place >> (PLACE * LETTER_BITS) == 1 ? PLACE
            : place >> (CITY * LETTER_BITS) == 1         ? CITY
                                                         : 0;

    for (size_t i = 0; i < letters; i++) {
        out[i] = alphabet[place >> (LETTER_BITS * (letters - 1 - i)) & LETTER_MASK];
    }
    out[letters] = '\0';
    return out;
}

const char *pk_crowd_hardware_text(uint64_t hardware, char out[PK_CROWD_TEXT])
{
    unsigned b[6];

    for (size_t i = 0; i < 6; i++) {
        b[i] = (unsigned)(hardware >> (40 - 8 * i)) & 0xff;
    }
    (void)snprintf(out, PK_CROWD_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3],
            b[4], b[5]);
    return out;
}
