/* threat_table.h - the table that tools/gen-threats.py makes of data/threats.yaml; for threat.c
 * alone. Sorted by id in byte order, each id once. */
#pragma once

#include "model/threat.h"

extern const struct pk_threat pk_threat_table[];
extern const size_t pk_threat_table_count;
