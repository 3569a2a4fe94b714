/* dex_match.h - which method references of a DEX are of interest. A list of names is prepared once; each
 * DEX's table of references is matched once; what a walk then asks about an invoke is one array access. */
#pragma once

#include "formats/android/dex.h"

#define PK_DEX_NAMES_MAX 65534UL /* names of one list: their numbers have 16 bits */

struct pk_dex_names;

/* texts[i] is "Lpackage/Class;->method", or "Lpackage/Class;->*" for every method of the class that no
 * other text names; prototypes are not looked at. The texts are borrowed and must outlive *out, which
 * lives in the arena. PK_EMALF: a text of another form; PK_EEXIST: two that are equal; PK_ELIMIT;
 * PK_ENOMEM. */
PK_MUST_USE int pk_dex_names_make(const char *const *texts, size_t count, struct pk_arena *arena,
        const struct pk_dex_names **out, struct pk_error *err);

/* The number that the list gives to a method of a class, as below; 0: none. For methods that a class of
 * the app inherits: ask with the class that they come from. */
uint16_t pk_dex_names_find(
        const struct pk_dex_names *names, struct pk_slice class, struct pk_slice method);

/* (*out)[method index] is 1 + the place of the text that names the method, 0: none; dex->method_count
 * items in the arena. A reference names the class that the code calls through, which may inherit the
 * method. The work is bounded by the tables; logical DEX files of one container may share theirs, so
 * who reads many keeps a sum, as for strings. PK_ENOMEM. */
PK_MUST_USE int pk_dex_match(const struct pk_dex_names *names, const struct pk_dex *dex,
        struct pk_arena *arena, const uint16_t **out);
