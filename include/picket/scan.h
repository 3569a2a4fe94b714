/* scan.h - libpicket: read an app file (APK, APKS/XAPK, DEX, IPA, Mach-O, ELF, property list)
 * without trusting it.
 *
 * Every file is opened in a process of its own that may do nothing but compute (see libpicket(3) and
 * docs/scan.md). A scanner may be used by one thread at a time; make one a thread, or give it
 * several files with picket_scan_paths(). Compile with `pkg-config --cflags --libs picket`. */
#ifndef PICKET_SCAN_H
#define PICKET_SCAN_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PICKET_API __attribute__((visibility("default")))

struct picket_scanner;
struct picket_report;

enum picket_verdict {
    PICKET_CLEAN,
    PICKET_UNWANTED,
    PICKET_SUSPICIOUS,
    PICKET_MALICIOUS,
    PICKET_MALFORMED,
};

/* Zero is a good default for every field. Set size to sizeof(struct picket_scan_options). */
struct picket_scan_options {
    size_t size;
    const char *program; /* the sandboxed reader; NULL: the installed picket-scan */
    unsigned processes;  /* 0: one a processor */
    unsigned timeout_ms; /* of one file; 0: 10,000 */
    size_t memory_max;   /* of one file in bytes; 0: 512 MiB */
    int min_sdk;         /* judge signatures for Android levels from ... (0: the app's own) */
    int max_sdk;         /* ... to (0: every later one) */
    /* What is known beyond the files. The set of indicators that came with Picket and the one that
     * `picket intel` keeps on this machine are used by themselves. */
    int no_intel;      /* not 0: neither of them */
    const char *intel; /* one set file more; NULL: none */
    const char *lists; /* the organisation's lists and rules, YAML or JSON; NULL: none */
};

/* NULL on failure: *error (may be NULL) is a sentence that the caller frees. options may be NULL. */
PICKET_API struct picket_scanner *picket_scanner_new(
        const struct picket_scan_options *options, char **error);
PICKET_API void picket_scanner_free(struct picket_scanner *scanner);

/* One file; PATH.idsig beside it is its v4 signature. NULL when it cannot be opened or the reader cannot be started, with *error; a file that
 * is broken or kills its reader gives a report that says so. The caller ends it with picket_report_free(). */
PICKET_API struct picket_report *picket_scan_path(
        struct picket_scanner *scanner, const char *path, char **error);
/* The same for an open descriptor, which stays the caller's. name is for the report. */
PICKET_API struct picket_report *picket_scan_fd(
        struct picket_scanner *scanner, int fd, const char *name, char **error);

/* Many files, several at a time; done() gets each report as it is ready (not in order) and does not keep
 * it; report is NULL when the file could not be opened, then error says why. A nonzero result of done()
 * ends the run. 0, or -1 with *error. */
PICKET_API int picket_scan_paths(struct picket_scanner *scanner, const char *const *paths,
        size_t count,
        int (*done)(
                void *ctx, const char *path, const struct picket_report *report, const char *error),
        void *ctx, char **error);

/* Borrowed from the report. Text is UTF-8, never NULL ("" when there is none). */
PICKET_API enum picket_verdict picket_report_verdict(const struct picket_report *report);
PICKET_API const char *picket_report_kind(const struct picket_report *report); /* "apk" */
PICKET_API const char *picket_report_sha256(const struct picket_report *report);
PICKET_API const char *picket_report_package(const struct picket_report *report);
PICKET_API int picket_report_signature_verified(const struct picket_report *report);
PICKET_API size_t picket_report_finding_count(const struct picket_report *report);
PICKET_API const char *picket_report_finding_id(const struct picket_report *report, size_t index);
/* Everything, as `picket scan --json` prints it: one compact object. */
PICKET_API const char *picket_report_json(const struct picket_report *report);
PICKET_API void picket_report_free(struct picket_report *report);

#ifdef __cplusplus
}
#endif
#endif
