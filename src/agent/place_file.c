#include "agent/place_file.h"

#include <stdio.h>
#include <string.h>

#define LETTERS "0123456789bcdefghjkmnpqrstuvwxyz"

/* A finer geohash is cut: nobody here needs to know more than the square. */
const char *pk_place_now(const char *file, const char *fallback, char out[PK_PLACE_TEXT])
{
    FILE *in = file != NULL ? fopen(file, "re") : NULL;
    char text[16] = "";
    size_t len = in != NULL ? fread(text, 1, sizeof(text) - 1, in) : 0;

    if (in != NULL) {
        (void)fclose(in);
    }
    text[len] = '\0';
    if (strspn(text, LETTERS) < PK_PLACE_TEXT - 1) {
        return fallback;
    }
    memcpy(out, text, PK_PLACE_TEXT - 1);
    out[PK_PLACE_TEXT - 1] = '\0';
    return out;
}
