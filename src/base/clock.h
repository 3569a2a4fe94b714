/* clock.h - instants are int64_t milliseconds since 1970-01-01 UTC, written as RFC 3339 with
 * milliseconds: "2026-11-23T01:02:03.456Z". Pure rooms get the time as an argument; only programs'
 * main loops ask for it here. */
#pragma once

#include <stdint.h>
#include <time.h>

#include "base/error.h"

#define PK_SECOND_MS INT64_C(1000)
#define PK_MINUTE_MS (60 * PK_SECOND_MS)
#define PK_HOUR_MS   (60 * PK_MINUTE_MS)
#define PK_DAY_MS    (24 * PK_HOUR_MS)

#define PK_TIME_TEXT 28 /* bytes that a written instant needs, NUL included */

int64_t pk_clock_ms(void);           /* wall clock */
int64_t pk_clock_monotonic_ms(void); /* never jumps; for time-outs */
/* In ms (>= 0) from now, for pthread_cond_clockwait() on CLOCK_MONOTONIC. */
struct timespec pk_clock_after(int64_t ms);

/* Years 1970 to 9999; anything else is written as the nearest end. Returns out. */
char *pk_time_format(int64_t at_ms, char out[PK_TIME_TEXT]);
/* Date and time with "Z" or an offset, 0 to 9 fraction digits (cut to ms). PK_EMALF. */
PK_MUST_USE int pk_time_parse(const char *text, int64_t *out);
/* "YYYY-MM-DD" -> its first instant UTC. PK_EMALF. */
PK_MUST_USE int pk_date_parse(const char *text, int64_t *out);
