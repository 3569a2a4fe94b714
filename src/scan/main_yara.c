/* picket-scan-yara: picket-scan with a user's YARA rules, and their compiler. A program of its own, so that
 * nobody starts with libyara inside who has no such rules.
 *
 *   picket-scan-yara --compile PATH...    writes the compiled rules to standard output
 *   picket-scan-yara                      serves; descriptor PK_SCAN_RULES_FD has compiled rules */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scan/program.h"
#include "scan/protocol.h"
#include "scan/yara_rules.h"

int main(int argc, char **argv)
{
    const struct pk_byte_rules *rules;

    if (argc > 2 && strcmp(argv[1], "--compile") == 0) {
        return pk_yara_compile(argv + 2, STDOUT_FILENO) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    }
    if (!pk_scan_is_asked(argc) || pk_yara_load(PK_SCAN_RULES_FD, &rules) < 0) {
        return EXIT_FAILURE;
    }
    (void)close(PK_SCAN_RULES_FD);
    return pk_scan_program(rules);
}
