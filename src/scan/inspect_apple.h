/* inspect_apple.h - facts of Apple's formats that several inspections share. Only inspect_*.c files include
 * this. */
#pragma once

#include "formats/apple/macho.h"
#include "formats/apple/plist.h"
#include "formats/apple/provision.h"
#include "scan/inspect_context.h"

/* Bytes of a team's id, a version, a date: what is longer is none. */
#define PK_INSPECT_TEAM_MAX  60UL
#define PK_INSPECT_SHORT_MAX 30UL

/* The tree as an object of the report: {"key": value}, or the value itself when key is NULL. NULL when it
 * is no object or too large. Lives with the report. */
json_t *pk_inspect_tree(
        struct pk_inspect_context *ctx, const struct pk_plist *value, const char *key);
struct pk_app_profile *pk_inspect_profile_facts(
        struct pk_inspect_context *ctx, const struct pk_provision *from);
/* Architectures, entitlements, team and the signature of a Mach-O. */
void pk_inspect_macho_facts(
        struct pk_inspect_context *ctx, struct pk_app_apple *apple, const struct pk_macho *macho);
/* The sentence on its signature. apple: its signer's chain ends at Apple. */
void pk_inspect_macho_sentence(
        struct pk_inspect_context *ctx, const struct pk_macho *macho, bool apple);
