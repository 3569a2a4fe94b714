/* inspect_context.h - one file under inspection: what the inspect_*.c files share. Only they include
 * this.
 *
 * Readers work in one arena, the report lives in another, so that an index of sixty thousand entries
 * is gone before the report is written, and a file that fills the readers' arena still gets one. */
#pragma once

#include "defense/malware/app.h"
#include "formats/anomaly.h"
#include "scan/inspect.h"

/* Bytes of a text in the report; what is longer is cut. The schema allows as much. */
#define PK_INSPECT_TEXT_MAX 1000UL
/* Names in one list of the report (permissions, exported components); more are counted only. */
#define PK_INSPECT_NAMES_MAX 2000UL
/* Rows of DEX files and libraries in the report; more are read, but not listed. */
#define PK_INSPECT_ROWS_MAX 1000UL

struct pk_inspect_context {
    struct pk_slice file;
    const struct pk_inspect_options *options;
    struct pk_arena *work;  /* of the readers; ends with the inspection */
    struct pk_arena *arena; /* of the report */
    struct pk_anomalies anomalies;
    struct pk_app_opinion opinion; /* of the judges of content */
    bool rules_asked;              /* the user's own rules have seen it */
    struct pk_app_report *out;
    unsigned depth; /* 0: the file itself; 1: a part of a bundle */
    int rc;         /* PK_ENOMEM of the report's arena, sticky */
};

/* Zeroed memory of the report; NULL sets rc. */
void *pk_inspect_alloc(struct pk_inspect_context *ctx, size_t count, size_t size);
/* A clean copy (valid UTF-8 without control characters, cut to what the report may hold) that lives
 * with the report. Never NULL; "" for NULL and when memory is short. */
const char *pk_inspect_keep(struct pk_inspect_context *ctx, const char *text);
const char *pk_inspect_keep_bytes(struct pk_inspect_context *ctx, struct pk_slice bytes);
/* The same, cut to max bytes. */
const char *pk_inspect_keep_cut(struct pk_inspect_context *ctx, const char *text, size_t max);
/* The same, but NULL for NULL and "", so that it is left out of the report. */
const char *pk_inspect_keep_some(struct pk_inspect_context *ctx, const char *text, size_t max);
/* The same for a list; of more than max names the rest is dropped with the anomaly limit.names. */
struct pk_strings pk_inspect_keep_list(
        struct pk_inspect_context *ctx, const struct pk_strings *from, size_t max);
/* Adds a kept text to a list whose items were allocated with room for it. */
void pk_inspect_push(struct pk_strings *list, const char *kept);

/* Says why the platform could not read the file as what it is; the first reason stays. */
void pk_inspect_refuse(struct pk_inspect_context *ctx, const char *format, ...) PK_PRINTF(2, 3);
/* A reader came back with rc: PK_ENOMEM means that the readers' arena is full and is said as
 * limit.arena. True when it was that. */
bool pk_inspect_full(struct pk_inspect_context *ctx, int rc, const char *what);

/* One kind of file each. What they meet is in anomalies, out and malformed. */
struct pk_zip;
void pk_inspect_apk(struct pk_inspect_context *ctx, struct pk_zip *zip);
void pk_inspect_bundle(struct pk_inspect_context *ctx, struct pk_zip *zip);
void pk_inspect_ipa(struct pk_inspect_context *ctx, struct pk_zip *zip);
void pk_inspect_dex_file(struct pk_inspect_context *ctx);
void pk_inspect_elf_file(struct pk_inspect_context *ctx);
void pk_inspect_macho(struct pk_inspect_context *ctx);
void pk_inspect_plist(struct pk_inspect_context *ctx);
void pk_inspect_profile(struct pk_inspect_context *ctx);
void pk_inspect_axml(struct pk_inspect_context *ctx);

/* Findings, verdict and reasons from what was met. */
void pk_inspect_conclude(struct pk_inspect_context *ctx);
