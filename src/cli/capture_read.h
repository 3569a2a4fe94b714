/* capture_read.h - a capture (pcap, pcapng) as observations. The file is opened by a process of its own that has given
 * everything away before the first byte (the sandbox of docs/scan.md): it sees the mapped file and one pipe. */
#pragma once

#include "base/buffer.h"

#define PK_CAPTURE_FILE_MAX (4UL * 1024 * 1024 * 1024)
#define PK_CAPTURE_TEXT_MAX (64UL * 1024 * 1024) /* of observations */
#define PK_CAPTURE_CPU_S    300U

/* Is the file a capture, by its first bytes? */
bool pk_capture_is(const char *file);

/* JSON lines into out: observations in the order of time, each with "device":"capture" and a network named after the
 * file; the last line is {"capture":{"packets":..., "kinds":{...}, "error":...}}. */
PK_MUST_USE int pk_capture_read(const char *file, struct pk_buffer *out, struct pk_error *err);
