/* cert_name.h - X.500 names of certificates as text. Only cert.c and its tests include this; others
 * use cert.h. */
#pragma once

#include "base/arena.h"
#include "base/slice.h"

#define PK_CERT_NAME_MAX 1024UL /* bytes of a printed name; real ones stay below 300 */

/* True when the bytes are a Name: a SEQUENCE of SETs of type and value. */
bool pk_cert_name_is(struct pk_slice name);

/* As Java (and so apksigner) prints it: the most special part first, ", " between parts, " + " inside one,
 * quotes around values with special characters. Clean UTF-8. NULL when the arena is full. */
const char *pk_cert_name_text(struct pk_slice name, struct pk_arena *arena);
