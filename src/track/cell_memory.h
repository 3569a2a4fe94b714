/* cell_memory.h - the cells of mobile networks that this device, or this recording, has met: what was
 * before, for observations that come without it. Bounded; the one that was met longest ago is forgotten.
 * Pure. */
#pragma once

#include "model/observation.h"

#define PK_CELL_MEMORY_ROWS 256
#define PK_CELL_LEFT_MS     3600000 /* on other cells for so long: what was odd about one is over */

struct pk_cell_memory;

/* NULL: out of memory. */
struct pk_cell_memory *pk_cell_memory_create(void);
void pk_cell_memory_destroy(struct pk_cell_memory *memory);

/* Fills in what the observation leaves open (known, area_known, cipher_before, arfcn_before, left), and
 * remembers the cell. Texts that are filled in live until the next call. */
void pk_cell_memory_take(struct pk_cell_memory *memory, struct pk_obs_cell *cell, int64_t at_ms);

/* When the next cell that looked odd will have been left for an hour, if the device stays on `now`;
 * INT64_MAX: none. */
int64_t pk_cell_memory_due(const struct pk_cell_memory *memory, const struct pk_obs_cell *now);
