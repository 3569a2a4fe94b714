/* dex_find.h - what a DEX names, by its text: binary search in the tables, which the platform wants
 * sorted. In a file that breaks the order (the platform refuses it) something that is there may not be
 * found. Constant memory; bytes of hostile strings are read no further than the text that is sought. */
#pragma once

#include "formats/android/dex.h"

/* The index of exactly this string (MUTF-8); PK_DEX_NO_INDEX when there is none. */
uint32_t pk_dex_find_string(const struct pk_dex *dex, struct pk_slice text);
/* The same for a type's descriptor. */
uint32_t pk_dex_find_type(const struct pk_dex *dex, struct pk_slice descriptor);
/* The first type whose descriptor is text or comes after it; type_count when all come before. Those that
 * begin with text follow each other from there. */
uint32_t pk_dex_type_from(const struct pk_dex *dex, struct pk_slice text);
/* True when the type's descriptor begins with text. */
bool pk_dex_type_begins(const struct pk_dex *dex, uint32_t type, struct pk_slice text);

struct pk_dex_range {
    uint32_t first, end; /* end is behind the last one */
};
/* References to methods of this class and name (indexes of type and string), one a prototype. */
struct pk_dex_range pk_dex_find_methods(const struct pk_dex *dex, uint32_t type, uint32_t name);

/* A class definition by its index; false when it or its type is out of range. Supers and source files
 * that lead nowhere are PK_DEX_NO_INDEX, as in a walk. */
bool pk_dex_class_at(const struct pk_dex *dex, uint32_t index, struct pk_dex_class *out);
/* The type of the n-th interface that the class names; PK_DEX_NO_INDEX behind the last one. */
uint32_t pk_dex_interface(const struct pk_dex *dex, uint32_t class_index, uint32_t n);
