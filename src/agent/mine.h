/* mine.h - what the server holds about this device, for the person who carries it: asked over mutual TLS by commands in the
 * foreground. */
#pragma once

#include <stdint.h>
#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"

struct pk_agent_settings;

/* GET /v1/ledger: counts, and who looked. PK_ENOENT: this device is not enrolled. The caller owns *out. */
PK_MUST_USE int pk_mine_ledger(const struct pk_agent_settings *settings, int64_t timeout_ms,
        json_t **out, struct pk_error *err);

/* One call of the server over mutual TLS: METHOD TARGET, no body. *out: the answer, an object that the caller owns. PK_EPEER
 * with the server's words when it refuses; PK_ENOENT: this device is not enrolled. */
PK_MUST_USE int pk_mine_call(const struct pk_agent_settings *settings, const char *method,
        const char *target, int64_t timeout_ms, json_t **out, struct pk_error *err);

/* The commands; they give the exit status. */
struct pk_mine_options {
    const char *file; /* of export; must not be there yet */
    int64_t last;     /* of ledger: so many reports in clear; -1: as many as is usual */
    bool json;
    bool offline; /* ledger: what lies here alone */
    bool yes;     /* erase, leave: do not ask back */
    bool open;    /* page: in the browser */
};
int pk_mine_ledger_command(
        const struct pk_agent_settings *settings, const struct pk_mine_options *options);
int pk_mine_export_command(
        const struct pk_agent_settings *settings, const struct pk_mine_options *options);
int pk_mine_erase_command(
        const struct pk_agent_settings *settings, const struct pk_mine_options *options);

/* page.c: the person's own page on the server (docs/employee.md), and leaving that server. */
int pk_page_command(
        const struct pk_agent_settings *settings, const struct pk_mine_options *options);
int pk_leave_command(
        const struct pk_agent_settings *settings, const struct pk_mine_options *options);
