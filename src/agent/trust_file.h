/* trust_file.h - the file with what the organisation trusts (setting trust_file), read again whenever it
 * changes. A file that is missing says nothing; one that cannot be understood changes nothing. Loop thread. */
#pragma once

#include "model/trust.h"

struct pk_loop;
struct pk_trust_file;

struct pk_trust_file_hooks {
    void (*changed)(void *ctx); /* pk_trust_file_now() differs */
    void (*trouble)(void *ctx, const char *what);
    void *ctx;
};

/* path is borrowed. Reads the file once; hooks are called from the loop only. */
PK_MUST_USE int pk_trust_file_open(struct pk_loop *loop, const char *path,
        const struct pk_trust_file_hooks *hooks, struct pk_trust_file **out, struct pk_error *err);
void pk_trust_file_close(struct pk_trust_file *file); /* NULL is fine */

/* What it says; NULL: nothing. Valid until changed(). */
const struct pk_trust *pk_trust_file_now(const struct pk_trust_file *file);
