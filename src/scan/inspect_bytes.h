/* inspect_bytes.h - the user's own rules on bytes, over the file and everything in it. Only inspect_*.c files
 * include this. */
#pragma once

#include "defense/malware/app.h"
#include "scan/inspect_context.h"

/* Plain bytes of all entries together that are matched, and of one; what is larger is left out and said
 * (limit.rules). */
#define PK_BYTE_RULES_TOTAL_MAX (512UL * 1024 * 1024)
#define PK_BYTE_RULES_ENTRY_MAX (64UL * 1024 * 1024)

/* Matches become report->matches and findings "yara.RULE". */
void pk_inspect_byte_rules(struct pk_inspect_context *ctx, struct pk_app_subject *app);
