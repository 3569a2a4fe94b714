/* ledger.h - what this device has sent, for its user: counts per day and kind, the last reports in
 * full, and what each field means. Files ledger.json and ledger/ in the state folder; bounded. */
#pragma once

#include <stdint.h>
#include <jansson.h>

#include "base/buffer.h"

#define PK_LEDGER_DAYS    60
#define PK_LEDGER_REPORTS 20
#define PK_LEDGER_TEXT \
    (64UL * 1024) /* bytes of a kept report; a longer one is kept by its counts */

/* Notes a report that the server acknowledged: its JSON and the bytes that travelled. */
PK_MUST_USE int pk_ledger_note(const char *state_dir, struct pk_slice report, size_t sent_bytes,
        int64_t at_ms, struct pk_error *err);

/* {"days":[{"day","reports","observations","bytes","kinds":{...}}],"reports":[...],
 *  "fields":[{"field","privacy":"sent|hashed|never","meaning"}]}. The caller owns the result. */
PK_MUST_USE int pk_ledger_read(const char *state_dir, json_t **out, struct pk_error *err);

/* The same for people, with `last` reports in clear. "server" in it: what the server's /v1/ledger says, null: it
 * was not asked or did not answer, why (may be "") says why not. */
void pk_ledger_print(const json_t *ledger, size_t last, const char *why, struct pk_buffer *out);
