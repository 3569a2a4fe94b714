#include "scan/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "scan/protocol.h"
#include "scan/reader.h"

int pk_scan_program(const struct pk_byte_rules *rules)
{
    static const struct pk_warden_work work = { .read = pk_reader_read, .warm = pk_reader_warm };

    if (pk_reader_prepare(rules) < 0) {
        return EXIT_FAILURE;
    }
    _exit(pk_warden_run(&work)); /* nothing to tidy up, and nothing that could */
}

bool pk_scan_is_asked(int argc)
{
    int type = 0;
    socklen_t len = sizeof(type);

    if (argc == 1 && getsockopt(PK_SCAN_SOCKET_FD, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
            type == SOCK_SEQPACKET) {
        return true;
    }
    (void)fprintf(stderr, "picket-scan is started by picket and picketd; try 'picket scan FILE'\n");
    return false;
}
