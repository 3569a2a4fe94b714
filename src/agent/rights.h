/* rights.h - what the process may do beyond its user (capabilities(7)): given away at the start but for what the senses
 * need, and that is raised only for the moment of use. Capabilities belong to threads: call from the loop's. */
#pragma once

#include <stdbool.h>

#include "base/error.h"

enum pk_right {
    PK_RIGHT_PACKETS = 1 << 0, /* CAP_NET_RAW: sockets that see other people's frames */
    PK_RIGHT_PORT = 1 << 1,    /* CAP_NET_BIND_SERVICE: listening below port 1024 */
    PK_RIGHT_READ = 1 << 2, /* CAP_DAC_READ_SEARCH: app folders in people's homes; stays raised */
    /* CAP_SETUID, CAP_SETGID: never raised here; picket-scan becomes nobody by them before it opens a file. */
    PK_RIGHT_SANDBOX = 1 << 3,
};

/* Once, before any thread: keeps at most these of what the process has, none of them raised but PK_RIGHT_READ; what it
 * starts gets none. Without capabilities there is nothing to do. */
PK_MUST_USE int pk_rights_keep(unsigned rights, struct pk_error *err);

/* A raw, non-blocking packet socket that receives nothing yet, made with PK_RIGHT_PACKETS; a negative errno. */
PK_MUST_USE int pk_rights_packet_socket(void);

/* True: it is raised now, lower it again. False: the process does not have it; trying without may work. */
bool pk_rights_raise(enum pk_right right);
void pk_rights_lower(enum pk_right right);
