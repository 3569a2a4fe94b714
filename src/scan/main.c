/* picket-scan: the sandboxed reader of app files. It is started by picket, picketd and programs that use
 * libpicket, speaks only to them (docs/scan.md), and does nothing by itself. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "scan/protocol.h"
#include "scan/reader.h"

int main(int argc, char **argv)
{
    static const struct pk_warden_work work = { .read = pk_reader_read, .warm = pk_reader_warm };
    int type = 0;
    socklen_t len = sizeof(type);

    (void)argv;
    if (argc != 1 || getsockopt(PK_SCAN_SOCKET_FD, SOL_SOCKET, SO_TYPE, &type, &len) < 0 ||
            type != SOCK_SEQPACKET) {
        (void)fprintf(
                stderr, "picket-scan is started by picket and picketd; try 'picket scan FILE'\n");
        return EXIT_FAILURE;
    }
    if (pk_reader_prepare() < 0) {
        return EXIT_FAILURE;
    }
    _exit(pk_warden_run(&work)); /* nothing to tidy up, and nothing that could */
}
