/* place_file.h - where the device is, coarsely: from a file that whoever knows it writes (a location service), or as it
 * was set. */
#pragma once

#define PK_PLACE_TEXT 6 /* a geohash of 5 letters with its NUL */

/* file NULL, or without a geohash in it: fallback. NULL: not known. out holds what comes back. */
const char *pk_place_now(const char *file, const char *fallback, char out[PK_PLACE_TEXT]);
