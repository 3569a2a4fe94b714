/* picket scan - the static judgement of app files. Options and wiring; scan_*.c do the work. */
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/scan_run.h"

#define SDK_MAX       1000000
#define JOBS_MAX      256
#define TIMEOUT_S_MAX 3600
#define WIDTH_USUAL   100
#define WIDTH_MOST    160
#define HASH_DIGITS   64
#define YARA_MAX      100

static const char usage[] =
        "usage: picket scan [OPTIONS] FILE|DIR...\n"
        "Judges app files by structure and signature: APK, APKS/XAPK/APKM, DEX, ELF, IPA, Mach-O,\n"
        "provisioning profiles, property lists. Each file is opened in a process that may do\n"
        "nothing but compute. '-' is standard input. Of a folder it takes what looks like an app.\n"
        "APK.idsig beside an APK is its v4 signature.\n"
        "  --json             one JSON object a file, one a line\n"
        "  --report FORM      one document of all files: html (a page for people), sarif (2.1.0, "
        "for\n"
        "                     build systems), json (one array)\n"
        "  --min-sdk N        would Android levels from N on accept the signature? (the app's "
        "own)\n"
        "  --max-sdk N        ... up to N (every later one)\n"
        "  --stamp-cert HEX   SHA-256 that the certificate of the source stamp must have\n"
        "  --all              of a folder every file\n"
        "  --jobs N           files at a time (one a processor)\n"
        "  --timeout SECONDS  for one file (10)\n"
        "  --thorough         look longer for private data that leave an app\n"
        "  --structure-only   structure and signature, not what the app does\n"
        "  --yara PATH        your own YARA rules: a file, or a folder of *.yar and *.yara; may be "
        "repeated\n"
        "  --intel FILE       a set of indicators besides the built-in and the local one (picket "
        "intel);\n"
        "                     may be repeated\n"
        "  --no-intel         neither the built-in set nor the local one\n"
        "  --lists FILE       the organisation's lists, exceptions and rules (picket app rules)\n"
        "  --color WHEN       auto, always or never; NO_COLOR is honoured\n"
        "Exit status: 0 all clean, 1 bad news found (unwanted, suspicious, malicious, malformed),\n"
        "2 wrong usage, 3 something could not be read; the rest was scanned all the same.\n";

enum {
    OPT_JSON = 256,
    OPT_MIN_SDK,
    OPT_MAX_SDK,
    OPT_STAMP_CERT,
    OPT_ALL,
    OPT_JOBS,
    OPT_TIMEOUT,
    OPT_STRUCTURE,
    OPT_THOROUGH,
    OPT_YARA,
    OPT_INTEL,
    OPT_NO_INTEL,
    OPT_LISTS,
    OPT_REPORT,
    OPT_COLOR,
    OPT_HELP,
};

struct call {
    struct pk_scan_settings settings;
    const char *color;
    bool all;
    bool help;
    const char *yara[YARA_MAX + 1];
    size_t yara_count;
    struct pk_scan_know_options know;
    const char *intel[PK_SCAN_SETS_MAX + 1];
    size_t intel_count;
};

static bool number(const char *name, const char *text, long max, long *out)
{
    char *end;

    errno = 0;
    *out = strtol(text, &end, 10);
    if (errno == 0 && end != text && *end == '\0' && *out >= 1 && *out <= max) {
        return true;
    }
    (void)fprintf(stderr, "picket scan: --%s wants a number from 1 to %ld\n", name, max);
    return false;
}

static bool hash(const char *text, const char **out)
{
    if (strlen(text) == HASH_DIGITS && strspn(text, "0123456789abcdefABCDEF") == HASH_DIGITS) {
        *out = text;
        return true;
    }
    (void)fputs("picket scan: --stamp-cert wants the 64 hexadecimal digits of a SHA-256\n", stderr);
    return false;
}

static bool color_word(const char *text, const char **out)
{
    if (strcmp(text, "auto") == 0 || strcmp(text, "always") == 0 || strcmp(text, "never") == 0) {
        *out = text;
        return true;
    }
    (void)fputs("picket scan: --color is auto, always or never\n", stderr);
    return false;
}

static bool take_option(struct call *call, int option, const char *text)
{
    struct pk_scan_settings *s = &call->settings;
    long n = 0;

    switch (option) {
    case OPT_JSON:
        s->json = true;
        return true;
    case OPT_MIN_SDK:
        if (!number("min-sdk", text, SDK_MAX, &n)) {
            return false;
        }
        s->min_sdk = (int)n;
        return true;
    case OPT_MAX_SDK:
        if (!number("max-sdk", text, INT_MAX, &n)) {
            return false;
        }
        s->max_sdk = (int)n;
        return true;
    case OPT_STAMP_CERT:
        return hash(text, &s->stamp_cert);
    case OPT_ALL:
        call->all = true;
        return true;
    case OPT_JOBS:
        if (!number("jobs", text, JOBS_MAX, &n)) {
            return false;
        }
        s->jobs = (unsigned)n;
        return true;
    case OPT_TIMEOUT:
        if (!number("timeout", text, TIMEOUT_S_MAX, &n)) {
            return false;
        }
        s->timeout_ms = (unsigned)n * 1000U;
        return true;
    case OPT_REPORT:
        s->form = pk_report_form(text);
        if (s->form == NULL) {
            (void)fputs("picket scan: --report is html, sarif or json\n", stderr);
        }
        return s->form != NULL;
    case OPT_THOROUGH:
        s->thorough = true;
        return true;
    case OPT_STRUCTURE:
        s->structure_only = true;
        return true;
    case OPT_YARA:
        if (call->yara_count == YARA_MAX) {
            (void)fputs("picket scan: --yara is there too often: name a folder\n", stderr);
            return false;
        }
        call->yara[call->yara_count++] = text;
        return true;
    case OPT_INTEL:
        if (call->intel_count == PK_SCAN_SETS_MAX) {
            (void)fputs("picket scan: --intel is there too often\n", stderr);
            return false;
        }
        call->intel[call->intel_count++] = text;
        return true;
    case OPT_NO_INTEL:
        call->know.bare = true;
        return true;
    case OPT_LISTS:
        call->know.lists = text;
        return true;
    case OPT_COLOR:
        return color_word(text, &call->color);
    case OPT_HELP:
        call->help = true;
        return true;
    default:
        (void)fputs("picket scan --help tells more.\n", stderr);
        return false;
    }
}

static bool parse(int argc, char **argv, struct call *call)
{
    static const struct option options[] = {
        { "json", no_argument, NULL, OPT_JSON },
        { "min-sdk", required_argument, NULL, OPT_MIN_SDK },
        { "max-sdk", required_argument, NULL, OPT_MAX_SDK },
        { "stamp-cert", required_argument, NULL, OPT_STAMP_CERT },
        { "all", no_argument, NULL, OPT_ALL },
        { "jobs", required_argument, NULL, OPT_JOBS },
        { "timeout", required_argument, NULL, OPT_TIMEOUT },
        { "report", required_argument, NULL, OPT_REPORT },
        { "thorough", no_argument, NULL, OPT_THOROUGH },
        { "structure-only", no_argument, NULL, OPT_STRUCTURE },
        { "yara", required_argument, NULL, OPT_YARA },
        { "intel", required_argument, NULL, OPT_INTEL },
        { "no-intel", no_argument, NULL, OPT_NO_INTEL },
        { "lists", required_argument, NULL, OPT_LISTS },
        { "color", required_argument, NULL, OPT_COLOR },
        { "help", no_argument, NULL, OPT_HELP },
        { NULL, 0, NULL, 0 },
    };
    int option;

    /* NOLINTNEXTLINE(concurrency-mt-unsafe): before any thread */
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (!take_option(call, option, optarg)) {
            return false;
        }
        if (call->help) {
            return true;
        }
    }
    if (call->settings.max_sdk != 0 && call->settings.min_sdk > call->settings.max_sdk) {
        (void)fputs("picket scan: --min-sdk is above --max-sdk\n", stderr);
        return false;
    }
    if (optind == argc) {
        (void)fputs(usage, stderr);
        return false;
    }
    return true;
}

static struct pk_scan_style style_of(const char *color)
{
    const char *no_color = getenv("NO_COLOR"); /* NOLINT(concurrency-mt-unsafe): no thread */
    const char *term = getenv("TERM");         /* NOLINT(concurrency-mt-unsafe): no thread */
    struct winsize size = { 0 };
    bool terminal = isatty(STDOUT_FILENO) == 1;
    struct pk_scan_style style = { .width = WIDTH_USUAL };

    if (terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        style.width = size.ws_col < WIDTH_MOST ? size.ws_col : WIDTH_MOST;
    }
    style.color = strcmp(color, "always") == 0 ||
            (strcmp(color, "auto") == 0 && terminal && (no_color == NULL || no_color[0] == '\0') &&
                    (term == NULL || strcmp(term, "dumb") != 0));
    return style;
}

static bool has_bad_news(const struct pk_scan_tally *tally)
{
    return tally->scanned > tally->verdicts[PK_VERDICT_CLEAN];
}

static void count_complaint(void *ctx, const char *sentence)
{
    struct pk_scan_tally *tally = ctx;

    tally->failed++;
    pk_scan_complain(NULL, sentence);
}

int pk_cmd_scan(int argc, char **argv)
{
    struct call call = { .color = "auto" };
    struct pk_scan_list list = { 0 };
    struct pk_scan_tally tally = { 0 };
    struct pk_scan_know *know = NULL;
    struct pk_error err = { 0 };
    int rc;

    if (!parse(argc, argv, &call)) {
        return PK_EXIT_USAGE;
    }
    if (call.help) {
        (void)fputs(usage, stdout);
        return PK_EXIT_FINE;
    }
    call.settings.style = style_of(call.color);
    call.settings.yara = call.yara;
    call.know.intel = call.intel;
    rc = pk_scan_know_create(&call.know, &know, &err);
    call.settings.know = know;
    for (int i = optind; i < argc && rc == PK_OK; i++) {
        rc = pk_scan_walk(&list, argv[i], call.all, count_complaint, &tally);
        if (rc < 0) {
            (void)pk_error_set(&err, rc, "%s", pk_code_text(rc));
        }
    }
    if (rc == PK_OK) {
        rc = pk_scan_run(&call.settings, &list, &tally, &err);
    }
    if (rc == PK_OK && !call.settings.json && call.settings.form == NULL &&
            (list.walked || list.count > 1)) {
        pk_scan_view_tally(stdout, &call.settings.style, &tally);
    }
    pk_scan_list_finish(&list);
    pk_scan_know_destroy(know);
    if (rc < 0) {
        pk_scan_complain(NULL, err.text);
    }
    return has_bad_news(&tally)          ? PK_EXIT_NEWS
            : rc < 0 || tally.failed > 0 ? PK_EXIT_FAILED
                                         : PK_EXIT_FINE;
}
