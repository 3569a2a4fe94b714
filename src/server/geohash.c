#include "server/geohash.h"

#include <string.h>

#define LETTERS_MAX 12

/* Bits go to longitude and latitude in turns, each halving what is left. */
bool pk_geohash_square(const char *text, struct pk_square *out)
{
    static const char letters[] = "0123456789bcdefghjkmnpqrstuvwxyz";
    struct pk_square s = { .south = -90, .west = -180, .north = 90, .east = 180 };
    bool of_longitude = true;
    size_t len = strlen(text);

    if (len < 1 || len > LETTERS_MAX) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        const char *at = strchr(letters, text[i]);

        if (at == NULL) {
            return false;
        }
        for (unsigned bit = 16; bit > 0; bit >>= 1) {
            bool upper = ((unsigned)(at - letters) & bit) != 0;
            double *low = of_longitude ? &s.west : &s.south;
            double *high = of_longitude ? &s.east : &s.north;
            double middle = (*low + *high) / 2;

            *(upper ? low : high) = middle;
            of_longitude = !of_longitude;
        }
    }
    *out = s;
    return true;
}
