/* trackers.h - inside of the captures' room: the trackers, one file each. */
#pragma once

#include "track/capture.h"

extern const struct pk_tracker pk_arp_tracker;   /* who claims which IPv4 address */
extern const struct pk_tracker pk_names_tracker; /* answers to DNS questions */
extern const struct pk_tracker pk_cell_tracker;  /* mobile signalling (GSMTAP) */
extern const struct pk_tracker pk_air_tracker;   /* Wi-Fi in monitor mode */
