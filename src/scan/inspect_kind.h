/* inspect_kind.h - what a file is, told by its bytes: names are an attacker's choice. Values are of enum
 * pk_app_kind. */
#pragma once

#include <stdbool.h>

#include "base/slice.h"

struct pk_zip;

/* True when it may be an archive: it begins like one (*sure), or an end record stands where one may
 * stand, as in a DEX with an archive behind it. */
bool pk_inspect_looks_like_zip(struct pk_slice file, bool *sure);
/* APK, BUNDLE, IPA; UNKNOWN: an archive of something else. */
int pk_inspect_kind_of_zip(const struct pk_zip *zip);
/* Of an archive that cannot be opened: APK or IPA when its bytes name one's parts, else UNKNOWN. */
int pk_inspect_kind_of_broken_zip(struct pk_slice file);
/* Everything that is no archive. */
int pk_inspect_kind_of_bytes(struct pk_slice file);

/* A sentence on what an archive or a file of no known kind looks like. Static text. */
const char *pk_inspect_zip_word(const struct pk_zip *zip);
const char *pk_inspect_unknown_word(struct pk_slice file);
