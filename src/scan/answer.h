/* answer.h - the asking side of a job's end: a reader's answer decoded, or the report that stands in for
 * it when there is none that can be believed. Nothing of the file is parsed here. */
#pragma once

#include "base/arena.h"
#include "model/app_report.h"
#include "scan/protocol.h"

/* Values in an answer's JSON, and its depth: real reports have some thousand and 12. Checked on the
 * text, before a parser makes fifty bytes of memory out of each two bytes of it. */
#define PK_SCAN_ANSWER_VALUES_MAX 300000UL
#define PK_SCAN_ANSWER_DEPTH_MAX  24UL

/* A reader's answer, hostile. PK_EMALF, PK_ELIMIT, PK_ENOMEM or what the schema says. */
PK_MUST_USE int pk_scan_answer_decode(struct pk_slice json, struct pk_arena *arena,
        struct pk_app_report *out, struct pk_error *err);

/* How a job ended without an answer that counts. */
struct pk_scan_failure {
    enum pk_scan_state state;
    int code;        /* as in struct pk_scan_status */
    const char *why; /* state ANSWERED: what is wrong with the answer; else NULL */
    int fd;          /* the file, for its SHA-256: hashing is not parsing */
    uint64_t size;
    unsigned timeout_ms;
    size_t memory_max;
};

/* The `malformed` report of such a file, with the reason and one finding. PK_ENOMEM. */
PK_MUST_USE int pk_scan_answer_replace(const struct pk_scan_failure *failure,
        struct pk_arena *arena, struct pk_app_report *out, struct pk_error *err);

/* The name for the report's `file`: as it is when it is UTF-8, else with \xNN for what is not ASCII. NULL when
 * the arena is full. */
const char *pk_scan_answer_name(const char *name, struct pk_arena *arena);
