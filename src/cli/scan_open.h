/* scan_open.h - descriptors for what is to be scanned: files, their v4 signatures, pipes that are copied
 * into a file without a name first. */
#pragma once

#include "base/error.h"

/* What is read from a pipe; more is refused. */
#define PK_SCAN_SPOOL_MAX (2048UL * 1024 * 1024)

/* Opens the file, or with "-" (or /dev/fd/N) reads the pipe to its end. The caller closes *fd. On
 * failure *err says what to do. */
PK_MUST_USE int pk_scan_open(const char *path, int *fd, struct pk_error *err);
/* PATH.idsig beside the file, -1 when there is none. */
int pk_scan_open_idsig(const char *path);
