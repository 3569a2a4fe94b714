#include "scan/answer.h"

#include <openssl/evp.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/crypt.h"
#include "scan/warden.h"

/* A larger file has no SHA-256 in a stand-in report: nobody waits minutes for a file that failed. */
#define HASH_MAX (UINT64_C(1) << 30)

/* Rows of data/anomalies.yaml, which is of a room that parses and is not linked here; a unit test holds
 * the two together. */
struct kind {
    const char *id;
    int severity;
    const char *title;
    const char *rule;
    const char *attack;
};

static const struct kind kind_died = { "scan.died", PK_SEVERITY_HIGH,
    "The reader died on this file", "structure/scan.died", "T1406" };
static const struct kind kind_timeout = { "scan.timeout", PK_SEVERITY_HIGH,
    "The file was not read in time", "structure/scan.timeout", "T1406" };
static const struct kind kind_memory = { "limit.arena", PK_SEVERITY_HIGH, "Too many facts to keep",
    "structure/limit.arena", "T1406" };

/* Counts what opens a value or parts two, outside strings: an upper bound of the values and the depth,
 * whether or not it is JSON. */
static int check_modest(struct pk_slice json, struct pk_error *err)
{
    size_t values = 0;
    size_t depth = 0;
    bool text = false;

    for (size_t i = 0; i < json.len; i++) {
        uint8_t c = json.ptr[i];

        if (text) {
            i += c == '\\' ? 1 : 0;
            text = c != '"';
        } else if (c == '"') {
            text = true;
        } else if (c == '{' || c == '[') {
            depth++;
            values++;
        } else if (c == '}' || c == ']') {
            depth -= depth > 0 ? 1 : 0;
        } else if (c == ',') {
            values++;
        }
        if (values > PK_SCAN_ANSWER_VALUES_MAX || depth > PK_SCAN_ANSWER_DEPTH_MAX) {
            return pk_error_set(err, PK_ELIMIT, "too many values or too deep");
        }
    }
    return PK_OK;
}

int pk_scan_answer_decode(struct pk_slice json, struct pk_arena *arena, struct pk_app_report *out,
        struct pk_error *err)
{
    json_t *value = NULL;
    int rc;

    if (json.len == 0 || json.len > PK_SCAN_ANSWER_MAX) {
        return pk_error_set(err, PK_ELIMIT, json.len == 0 ? "it is empty" : "it is too long");
    }
    rc = check_modest(json, err);
    if (rc == PK_OK) {
        rc = pk_json_parse((const char *)json.ptr, json.len, &value, err);
    }
    if (rc == PK_OK) {
        rc = pk_schema_decode(&pk_app_report_schema, value, arena, out, err);
    }
    json_decref(value);
    return rc;
}

/* NULL when the file is too large or cannot be read. */
static const char *hash_file(int fd, uint64_t size, struct pk_arena *arena)
{
    unsigned char block[16384];
    uint8_t digest[PK_SHA256_SIZE];
    EVP_MD_CTX *ctx = size > HASH_MAX ? NULL : EVP_MD_CTX_new();
    bool fine = ctx != NULL && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1;
    char *hex = pk_arena_alloc(arena, PK_SHA256_HEX, 1);
    uint64_t at = 0;

    while (fine && at < size) {
        size_t want = size - at < sizeof(block) ? (size_t)(size - at) : sizeof(block);
        ssize_t n = pread(fd, block, want, (off_t)at);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        fine = n > 0 && EVP_DigestUpdate(ctx, block, (size_t)n) == 1;
        at += n > 0 ? (uint64_t)n : 0;
    }
    fine = fine && hex != NULL && EVP_DigestFinal_ex(ctx, digest, NULL) == 1;
    EVP_MD_CTX_free(ctx);
    if (!fine) {
        return NULL;
    }
    pk_hex(pk_slice_of(digest, sizeof(digest)), hex);
    return hex;
}

static const struct kind *kind_of(const struct pk_scan_failure *failure)
{
    switch (failure->state) {
    case PK_SCAN_TIMEOUT:
        return &kind_timeout;
    case PK_SCAN_MEMORY:
        return &kind_memory;
    case PK_SCAN_READY:
    case PK_SCAN_NO_SANDBOX:
    case PK_SCAN_ANSWERED:
    case PK_SCAN_DIED:
    case PK_SCAN_FAILED:
    case PK_SCAN_TOO_LONG:
    case PK_SCAN_NO_READER:
    case PK_SCAN_STATE_COUNT:
        break;
    }
    return &kind_died;
}

static char *signal_reason(struct pk_arena *arena, int code)
{
    const char *name = sigabbrev_np(code);

    if (code == 0) {
        return pk_arena_strdup(arena, "the process that watches the reader ended");
    }
    return name != NULL ? pk_arena_printf(arena, "the reader died on it (SIG%s)", name)
                        : pk_arena_printf(arena, "the reader died on it (signal %d)", code);
}

static char *status_reason(struct pk_arena *arena, int code)
{
    switch (code) {
    case PK_READER_MAP:
        return pk_arena_strdup(arena, "the file cannot be mapped into memory");
    case PK_READER_SANDBOX:
        return pk_arena_strdup(arena, "the reader's own sandbox did not come up");
    default:
        return pk_arena_printf(arena, "the reader ended without an answer (status %d)", code);
    }
}

static char *reason_of(const struct pk_scan_failure *failure, struct pk_arena *arena)
{
    switch (failure->state) {
    case PK_SCAN_TIMEOUT:
        return pk_arena_printf(
                arena, "the reader was not done in %g s", failure->timeout_ms / 1000.0);
    case PK_SCAN_MEMORY:
        return pk_arena_printf(
                arena, "the reader needs more than %zu MiB for it", failure->memory_max >> 20);
    case PK_SCAN_ANSWERED:
        return pk_arena_printf(arena, "the reader's answer is not a report: %.300s", failure->why);
    case PK_SCAN_TOO_LONG:
        return pk_arena_strdup(arena, "the reader's answer would be too long");
    case PK_SCAN_FAILED:
        return status_reason(arena, failure->code);
    case PK_SCAN_READY:
    case PK_SCAN_NO_SANDBOX:
    case PK_SCAN_DIED:
    case PK_SCAN_NO_READER:
    case PK_SCAN_STATE_COUNT:
        break;
    }
    return signal_reason(arena, failure->code);
}

int pk_scan_answer_replace(const struct pk_scan_failure *failure, struct pk_arena *arena,
        struct pk_app_report *out, struct pk_error *err)
{
    const struct kind *kind = kind_of(failure);
    struct pk_app_finding *finding = pk_arena_alloc(arena, 1, sizeof(*finding));
    const char **texts = pk_arena_alloc(arena, 2, sizeof(*texts));
    const char *reason = reason_of(failure, arena);

    if (finding == NULL || texts == NULL || reason == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    texts[0] = kind->attack;
    texts[1] = reason;
    *finding = (struct pk_app_finding){
        .id = kind->id,
        .severity = kind->severity,
        .title = kind->title,
        .evidence = reason,
        .attack = { .items = texts, .count = 1 },
        .rule = kind->rule,
        .count = 1,
    };
    *out = (struct pk_app_report){
        .sha256 = hash_file(failure->fd, failure->size, arena),
        .size = (int64_t)failure->size,
        .findings = { .items = finding, .count = 1 },
        .verdict = PK_VERDICT_MALFORMED,
        .reasons = { .items = texts + 1, .count = 1 },
    };
    return PK_OK;
}

const char *pk_scan_answer_name(const char *name, struct pk_arena *arena)
{
    size_t len = strlen(name);
    json_t *text = json_stringn(name, len); /* JSON is where it is going */
    char *out = text != NULL ? pk_arena_strndup(arena, name, len)
                             : pk_arena_alloc(arena, len + 1, 4);
    char *to = out;

    if (text == NULL && out != NULL) {
        for (size_t i = 0; i < len; i++) {
            to += snprintf(to, 5, (unsigned char)name[i] < 0x80 ? "%c" : "\\x%02x",
                    (unsigned char)name[i]);
        }
    }
    json_decref(text);
    return out;
}
