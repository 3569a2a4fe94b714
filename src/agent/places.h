/* places.h - where this device usually goes next, kept on this device alone.
 *
 * Coarse squares (geohash of 5 letters, about 5 km) and which follows which two before: the 24 most frequent pairs, order
 * 2 (Song et al. 2006). From them come the likely next three squares; when joining open networks is risky in one of
 * them the person hears so before going there. To know that, the server is asked about 16 squares at a time, always the same
 * ones in alphabetical order in a request of one size: a few of them are the device's, the others were drawn around
 * them and stay, so that neither one question nor many tell which is which, where the device is now, or in which order it goes.
 *
 * Pure but for the random draw of neighbours; the caller brings time and keeps the bytes. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/slice.h"

#define PK_PLACES_ASKED    16 /* squares in a question */
#define PK_PLACES_PAIRS    24
#define PK_PLACES_GUESSES  3
#define PK_PLACES_EVERY_MS (INT64_C(6) * 3600 * 1000)  /* between two questions */
#define PK_PLACES_GOOD_MS  (INT64_C(24) * 3600 * 1000) /* an answer says something for so long */
#define PK_PLACES_BYTES    (64UL * 1024)               /* of the file, and of an answer */
#define PK_PLACES_TEXT     6

struct pk_places;

/* NULL: memory is short. */
struct pk_places *pk_places_create(void);
void pk_places_destroy(struct pk_places *places); /* NULL is fine */

/* The device is here now. true: it was elsewhere before, so there is something to keep. What is no square of 5
 * letters is passed by. */
bool pk_places_at(struct pk_places *places, const char *geohash);

struct pk_places_guess {
    char place[PK_PLACES_TEXT];
    double p; /* 0..1 */
};
/* Most likely first, without the square at hand; how many. */
size_t pk_places_next(
        const struct pk_places *places, struct pk_places_guess out[PK_PLACES_GUESSES]);

/* The body of the question. PK_EAGAIN: the last one is not old enough; PK_ENOENT: no square is known; PK_ENOMEM. */
PK_MUST_USE int pk_places_question(struct pk_places *places, int64_t now_ms, struct pk_buffer *out);
/* What the server said. PK_EMALF, PK_EINVAL: nothing was taken. */
PK_MUST_USE int pk_places_answer(
        struct pk_places *places, struct pk_slice body, int64_t now_ms, struct pk_error *err);

/* enum pk_zone_standing of joining open networks in a square; 0: not known. p may be NULL. */
int pk_places_light(const struct pk_places *places, const char *geohash, int64_t now_ms, double *p);
/* A likely next square is red, and that was not said within a day: say it now. */
bool pk_places_warns(struct pk_places *places, int64_t now_ms);

/* {"pairs":N,"asked_at":"..."|null}: counts, never places. The caller owns it. */
json_t *pk_places_status(const struct pk_places *places);

/* At rest: JSON. Read replaces everything; PK_EMALF: it is as new. */
PK_MUST_USE int pk_places_write(const struct pk_places *places, struct pk_buffer *out);
PK_MUST_USE int pk_places_read(struct pk_places *places, struct pk_slice bytes);
