/* control.h - how other commands of the same user reach the running agent: a unix socket in the
 * state folder (0600). One line asks ("status", "check"), one JSON object answers. */
#pragma once

#include <stdint.h>

#include "base/buffer.h"

struct pk_control;
struct pk_loop;

/* ask(ctx, line, asker): answer by pk_control_answer(asker, ...), now or later. Loop thread. */
PK_MUST_USE int pk_control_create(struct pk_loop *loop, const char *state_dir,
        void (*ask)(void *ctx, const char *line, int asker), void *ctx, struct pk_control **out,
        struct pk_error *err);
void pk_control_destroy(struct pk_control *control); /* NULL is fine */

/* Askers that went away are fine. */
void pk_control_answer(struct pk_control *control, int asker, const char *json);

/* From another process: asks and waits. *answer (its max counts) gets the JSON. PK_ENOENT: no agent
 * runs on this state folder. */
PK_MUST_USE int pk_control_ask(const char *state_dir, const char *line, int64_t timeout_ms,
        struct pk_buffer *answer, struct pk_error *err);
