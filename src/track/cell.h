/* cell.h - what happens between a phone and mobile masts, from recorded signalling (GSMTAP) to observations
 * of cells. Pure: frames and time in, observations out. One phone at a time.
 *
 * A connection is followed from the phone's request to its end: was an identity asked for, did the network
 * prove itself, which ciphers, how did it end. What the cell broadcasts is kept beside it. An observation is
 * told when a connection ends, when something odd is seen, and when the phone goes to another cell. */
#pragma once

#include "track/capture.h"
#include "wire/cell_message.h"

#define PK_CELL_SILENCE_MS 15000 /* an identity was asked for, and nothing followed for so long */

struct pk_cell_track;

/* sink is borrowed; source: index into pk_cell_source_names. NULL: out of memory. */
struct pk_cell_track *pk_cell_track_create(const struct pk_track_sink *sink, int source);
void pk_cell_track_destroy(struct pk_cell_track *track); /* NULL is fine */

void pk_cell_track_frame(struct pk_cell_track *track, const struct pk_gsmtap *frame, int64_t at_ms);
void pk_cell_track_tick(struct pk_cell_track *track, int64_t at_ms);
/* The recording ends: tells what is under way. */
void pk_cell_track_end(struct pk_cell_track *track, int64_t at_ms);
