/* rayhunter_read.h - a report of Rayhunter as the lines of a scene. */
#pragma once

#include "base/buffer.h"
#include "track/rayhunter.h"

/* Replaces the report in text by observations, as JSON lines with "device":"rayhunter". Errors name file
 * and line. */
PK_MUST_USE int pk_rayhunter_read(const char *file, struct pk_buffer *text, struct pk_error *err);
