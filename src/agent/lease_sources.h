/* lease_sources.h - where a Linux system's DHCP clients keep the lease of an interface, when the settings
 * name no file: systemd-networkd, NetworkManager, ISC dhclient. Read only. */
#pragma once

#include "agent/lan_files.h"

/* False: none of them has a lease for it that we may read. root is put before the paths ("" for the
 * system's own; tests have others). */
bool pk_lease_find(
        const char *root, const char *interface, int interface_index, struct pk_lease *out);
