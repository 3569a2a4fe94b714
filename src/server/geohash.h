/* geohash.h - the corners of the square that a geohash names. Pure. */
#pragma once

#include <stdbool.h>

struct pk_square {
    double south;
    double west;
    double north;
    double east;
};

/* False: not a geohash of 1 to 12 letters. */
bool pk_geohash_square(const char *text, struct pk_square *out);
