#include "scan/reader.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <unistd.h>

#include "defense/malware/app.h"
#include "formats/anomaly.h"
#include "formats/limits.h"
#include "scan/fit.h"
#include "scan/inspect.h"
#include "scan/protocol.h"

#define LIST_CUT_FIRST \
    1024 /* items that lists keep when a report is too long, then a quarter ... */
#define LIST_CUT_LAST 4

static int by_value(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* The C library asks the system how much memory there is before it sorts its first long list: now, since
 * a reader cannot ask. */
static void warm_sort(void)
{
    int items[1024];

    for (size_t i = 0; i < PK_COUNT(items); i++) {
        items[i] = (int)(PK_COUNT(items) - i);
    }
    qsort(items, PK_COUNT(items), sizeof(items[0]), by_value);
}

static const struct pk_byte_rules *byte_rules;

int pk_reader_prepare(const struct pk_byte_rules *rules)
{
    static const char *const digests[] = { "SHA256", "SHA1", "SHA512" };

    /* No configuration: what the system's administrator set up for TLS is not for this, and files
     * are out of reach later. */
    if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL) != 1) {
        return PK_EIO;
    }
    for (size_t i = 0; i < PK_COUNT(digests); i++) {
        unsigned char out[EVP_MAX_MD_SIZE];

        if (EVP_Digest("", 0, out, NULL, EVP_get_digestbyname(digests[i]), NULL) != 1) {
            return PK_EIO;
        }
    }
    if (pk_app_classify_prepare() < 0) {
        return PK_EIO;
    }
    byte_rules = rules;
    warm_sort();
    json_object_seed(0); /* takes randomness from the system, which readers cannot */
    return pk_app_rules_prepare();
}

/* "Something was left out" as a finding of its own, behind the others. */
static int tell_cut(struct pk_app_report *report, struct pk_arena *arena, size_t cut)
{
    const struct pk_anomaly_kind *kind = pk_anomaly_kind(PK_ANOMALY_LIMIT_REPORT);
    size_t count = report->findings.count;
    struct pk_app_finding *items = pk_arena_alloc(arena, count + 1, sizeof(*items));

    if (items == NULL) {
        return PK_ENOMEM;
    }
    if (count > 0) {
        memcpy(items, report->findings.items, count * sizeof(*items));
    }
    items[count] = (struct pk_app_finding){
        .id = kind->id,
        .severity = (int)kind->weight,
        .title = kind->title,
        .evidence = pk_arena_printf(arena, "%zu values were cut or left out", cut),
        .rule = pk_arena_printf(arena, "structure/%s", kind->id),
        .count = 1,
    };
    if (items[count].evidence == NULL || items[count].rule == NULL) {
        return PK_ENOMEM;
    }
    report->findings.items = items;
    report->findings.count++;
    return PK_OK;
}

/* The report as text of at most PK_SCAN_ANSWER_MAX bytes: lists are shortened until it is. */
static int encode(struct pk_app_report *report, struct pk_arena *arena, char **out)
{
    struct pk_fit fit = { .arena = arena, .list_max = SIZE_MAX };
    bool told = false;

    for (;;) {
        json_t *json;
        char *text;

        pk_fit(&fit, &pk_app_report_schema, report);
        if (fit.rc == PK_OK && fit.cut > 0 && !told) {
            fit.rc = tell_cut(report, arena, fit.cut);
            told = true;
        }
        json = fit.rc == PK_OK ? pk_schema_encode(&pk_app_report_schema, report, false) : NULL;
        text = json != NULL ? pk_json_text(json) : NULL;
        json_decref(json);
        if (text == NULL) {
            return PK_ENOMEM;
        }
        if (strlen(text) <= PK_SCAN_ANSWER_MAX) {
            *out = text;
            return PK_OK;
        }
        free(text);
        if (fit.list_max <= LIST_CUT_LAST) {
            return PK_ELIMIT;
        }
        fit.list_max = fit.list_max == SIZE_MAX ? LIST_CUT_FIRST : fit.list_max / 4;
    }
}

static int write_all(int fd, const char *text)
{
    for (size_t left = strlen(text); left > 0;) {
        ssize_t n = write(fd, text, left);

        if (n < 0 && errno != EINTR) {
            return errno == EFBIG ? PK_ELIMIT : -errno;
        }
        text += n > 0 ? n : 0;
        left -= n > 0 ? (size_t)n : 0;
    }
    return PK_OK;
}

static int read_file(const struct pk_scan_task *task, struct pk_arena *arena, char **text)
{
    const struct pk_inspect_options options = {
        .min_sdk = task->min_sdk,
        .max_sdk = task->max_sdk,
        .idsig = task->idsig,
        .stamp_cert = task->stamp_cert,
        .byte_rules = byte_rules,
        .structure_only = task->structure_only,
        .thorough = task->thorough,
    };
    struct pk_app_report report = { 0 };
    int rc = pk_inspect(task->file, &options, arena, &report, NULL);

    return rc < 0 ? rc : encode(&report, arena, text);
}

int pk_reader_read(const struct pk_scan_task *task)
{
    struct pk_arena *arena = pk_arena_create(PK_SCAN_ARENA_MAX);
    char *text = NULL;
    int rc = arena == NULL ? PK_ENOMEM : read_file(task, arena, &text);

    rc = rc < 0 ? rc : write_all(task->answer_fd, text);
    /* Memory ends with the process. */
    switch (rc) {
    case PK_OK:
        return PK_READER_DONE;
    case PK_ENOMEM:
        return PK_READER_MEMORY;
    case PK_ELIMIT:
        return PK_READER_TOO_LONG;
    default:
        return EXIT_FAILURE;
    }
}

/* Algorithms fetched, tables filled, memory that the readers get as copies on write. */
void pk_reader_warm(void)
{
    const struct pk_scan_task task = { .file = pk_reader_warm_apk(), .answer_fd = -1 };
    struct pk_arena *arena = pk_arena_create(PK_SCAN_ARENA_MAX);
    char *text = NULL;

    if (arena != NULL && read_file(&task, arena, &text) == PK_OK) {
        free(text);
    }
    pk_arena_destroy(arena);
}
