/* anomaly.h - what is odd about a file's structure: the tricks that make tools read something else
 * than the device does, and limits that were reached.
 *
 * The ids, their severities and their texts are data/anomalies.yaml, turned into anomaly_ids.h and a
 * table at build time; docs/anomalies.md is made from the same file. A reader that meets something
 * odd says so here and goes on as the platform would; only what the platform could not read, either,
 * is an error. One thread at a time. */
#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "formats/anomaly_ids.h" /* enum pk_anomaly_id: PK_ANOMALY_ZIP_METHOD_BOGUS, ... */

/* The same order and names as enum pk_severity (model/threat.h), which stands above this room. */
enum pk_anomaly_weight {
    PK_WEIGHT_INFO,
    PK_WEIGHT_LOW,
    PK_WEIGHT_MEDIUM,
    PK_WEIGHT_HIGH,
    PK_WEIGHT_CRITICAL,
};

/* One row of the catalogue; lives as long as the program. */
struct pk_anomaly_kind {
    const char *id; /* "zip.method_bogus" */
    enum pk_anomaly_weight weight;
    const char *title;         /* one line for people */
    const char *const *attack; /* ATT&CK Mobile ids, NULL-terminated */
};

const struct pk_anomaly_kind *pk_anomaly_kind(enum pk_anomaly_id id);
size_t pk_anomaly_kind_count(void);

/* One thing met in a file. */
struct pk_anomaly {
    enum pk_anomaly_id id;
    size_t count;         /* how often it was met */
    const char *evidence; /* of the first time: one line of clean UTF-8, at most PK_EVIDENCE_MAX */
};

#define PK_EVIDENCE_MAX 240 /* bytes; what is longer is cut */

/* What was met so far, each id once, in the order of the first meeting. */
struct pk_anomalies {
    struct pk_arena *arena;
    struct pk_anomaly *items; /* one slot an id at most, so adding never fails for want of room */
    size_t count;
};

/* PK_ENOMEM when the arena is full. */
PK_MUST_USE int pk_anomalies_init(struct pk_anomalies *list, struct pk_arena *arena);

/* Notes it. The format speaks evidence: numbers, offsets, names of entries ("entry 'a': method 30208").
 * Control and invalid bytes are escaped. list may be NULL: nobody wants to know. */
void pk_anomaly_add(struct pk_anomalies *list, enum pk_anomaly_id id, const char *format, ...)
        PK_PRINTF(3, 4);

/* The entry of this id, or NULL when it was not met. */
const struct pk_anomaly *pk_anomaly_find(const struct pk_anomalies *list, enum pk_anomaly_id id);

/* bytes as printable UTF-8 for evidence and reports: invalid sequences, control characters and
 * bidirectional overrides become \xNN or \u{NNNN}; cut to max bytes with an ellipsis. NULL when the arena is full. */
const char *pk_printable(struct pk_arena *arena, const void *bytes, size_t len, size_t max);
