/* lockout.h - how long somebody who showed wrong passwords has to wait, by account and by address. Each wrong
 * one behind the third doubles the time, up to PK_LOCKOUT_MAX_MS; a right one or an hour without wrong ones
 * forgets. Nobody is locked out for good, and who sits at the server itself is only slowed down: from loopback
 * an account's wait never counts, so that strangers cannot keep the owner out. A fixed table. Any thread. */
#pragma once

#include <stdint.h>
#include <stdbool.h>

#define PK_LOCKOUT_FREE      3
#define PK_LOCKOUT_MAX_MS    (INT64_C(15) * 60000)
#define PK_LOCKOUT_LOCAL_MS  INT64_C(5000) /* at most, from loopback */
#define PK_LOCKOUT_FORGET_MS INT64_C(3600000)

struct pk_lockout;

struct pk_lockout *pk_lockout_create(void); /* NULL: memory is short */
void pk_lockout_destroy(struct pk_lockout *lockout);

/* ms until they may try again; 0: now. */
int64_t pk_lockout_wait(
        struct pk_lockout *lockout, const char *account, const char *address, int64_t now_ms);
void pk_lockout_wrong(
        struct pk_lockout *lockout, const char *account, const char *address, int64_t now_ms);
void pk_lockout_right(struct pk_lockout *lockout, const char *account, const char *address);
