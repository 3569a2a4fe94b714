/* rayhunter.h - reports of Rayhunter (EFF), a sensor that looks at a hotspot's signalling: from its lines to
 * observations of cells. Read are the daemon's analysis files (JSON lines: metadata, then rows) in the
 * formats of report versions 0, 1 and 2, and the one object that rayhunter-check --json writes.
 *
 * A row is what an analyzer concluded from a message, in English; what is known of these sentences becomes
 * facts, others count as an alarm of their severity. Rows name no cell, so the sensor counts as one. Hostile
 * input. Pure: time is that of the rows. */
#pragma once

#include "track/capture.h"

#define PK_RAYHUNTER_LINE_MAX  (4UL * 1024 * 1024)
#define PK_RAYHUNTER_WINDOW_MS 60000   /* what comes within a minute is about one thing */
#define PK_RAYHUNTER_QUIET_MS  3600000 /* without an alarm for so long: it is over */

struct pk_rayhunter;

/* Do these bytes begin such a report? */
bool pk_rayhunter_is(struct pk_slice text);

/* sink is borrowed. NULL: out of memory. */
struct pk_rayhunter *pk_rayhunter_create(const struct pk_track_sink *sink);
void pk_rayhunter_destroy(struct pk_rayhunter *reader); /* NULL is fine */

/* One line without its end. PK_EUNKNOWN: JSON, but nothing of Rayhunter's; PK_EMALF; PK_ELIMIT. */
PK_MUST_USE int pk_rayhunter_line(
        struct pk_rayhunter *reader, struct pk_slice line, struct pk_error *err);
/* Time goes by without rows: tells once when an alarm is over. */
void pk_rayhunter_tick(struct pk_rayhunter *reader, int64_t at_ms);
/* When that will be; INT64_MAX: never. */
int64_t pk_rayhunter_due(const struct pk_rayhunter *reader);
