/* Tells what is odd about app files: scan FILE...
 *
 *     cc -o scan scan.c $(pkg-config --cflags --libs picket)
 */
#include <picket/scan.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    static const char *const verdicts[] = { "clean", "unwanted", "suspicious", "malicious",
        "malformed" };
    char *error = NULL;
    struct picket_scanner *scanner = picket_scanner_new(NULL, &error);

    if (scanner == NULL) {
        fprintf(stderr, "%s\n", error);
        return EXIT_FAILURE;
    }
    for (int i = 1; i < argc; i++) {
        struct picket_report *report = picket_scan_path(scanner, argv[i], &error);

        if (report == NULL) {
            printf("%s: %s\n", argv[i], error);
            free(error);
            continue;
        }
        printf("%s: %s, %s\n", argv[i], verdicts[picket_report_verdict(report)],
                picket_report_package(report));
        for (size_t n = 0; n < picket_report_finding_count(report); n++) {
            printf("    %s\n", picket_report_finding_id(report, n));
        }
        picket_report_free(report);
    }
    picket_scanner_free(scanner);
    return EXIT_SUCCESS;
}
