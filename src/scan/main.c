/* picket-scan: the sandboxed reader of app files. It is started by picket, picketd and programs that use
 * libpicket, speaks only to them (docs/scan.md), and does nothing by itself. */
#include <stdlib.h>

#include "scan/program.h"

int main(int argc, char **argv)
{
    (void)argv;
    return pk_scan_is_asked(argc) ? pk_scan_program(NULL) : EXIT_FAILURE;
}
