/* reader.h - what a reader does with its file: judge it, write the report, end. */
#pragma once

#include "scan/byte_rules.h"
#include "scan/warden.h"

/* Once, before the sandbox: what readers need from the system and could not ask for. PK_EIO when the libraries
 * cannot be set up. rules: the user's own, for all files; NULL: none. */
PK_MUST_USE int pk_reader_prepare(const struct pk_byte_rules *rules);

/* The work of picket-scan's warden (struct pk_warden_work). */
int pk_reader_read(const struct pk_scan_task *task);
void pk_reader_warm(void);

/* A small signed app that the program carries (data/scan/): reading it is what warms up. */
struct pk_slice pk_reader_warm_apk(void);
