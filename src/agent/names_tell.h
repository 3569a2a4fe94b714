/* names_tell.h - harmful names that were asked for, merged into few observations: one when it begins, at most
 * one more an hour with how often it was, and one that says that it is over. Names that are not harmful never
 * come here. The name itself stays in memory, in `seen`; in the file that outlives the agent it stands only
 * when the organisation is told it anyway. Loop thread. */
#pragma once

#include "agent/name_decide.h"
#include "model/observation.h"

struct pk_loop;
struct pk_names_tell;

struct pk_names_tell_hooks {
    /* news: this name was not told of in the last hour. */
    void (*observation)(void *ctx, const struct pk_observation *obs, bool news);
    void *ctx;
};

#define PK_NAMES_TOLD_MAX 64 /* names at once */
#define PK_NAMES_NEW_MAX  30 /* told an hour: software that makes names up asks for thousands */

/* path: what is open, for the next start; NULL: nothing is kept. */
PK_MUST_USE int pk_names_tell_create(struct pk_loop *loop, const char *path,
        const struct pk_names_tell_hooks *hooks, struct pk_names_tell **out, struct pk_error *err);
void pk_names_tell_destroy(struct pk_names_tell *tell); /* NULL is fine */

/* A name was blocked, warned of, or opened after the warning. tells_name: by the organisation's policy. */
void pk_names_tell_note(struct pk_names_tell *tell, const char *name,
        const struct pk_name_decision *decision, enum pk_name_did did, bool tells_name);
