/* reader.h - what a reader does with its file: judge it, write the report, end. */
#pragma once

#include "scan/warden.h"

/* Once, before the sandbox and the first fork: what every reader would set up again, set up here, so
 * that they find it in memory that they share. PK_EIO when the libraries cannot be set up. */
PK_MUST_USE int pk_reader_warm(void);

/* The pk_reader_fn of picket-scan. */
int pk_reader_read(const struct pk_scan_task *task);
