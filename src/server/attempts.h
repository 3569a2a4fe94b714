/* attempts.h - how often an address has shown a wrong secret in the current minute. A fixed table:
 * hostile addresses cannot make it grow; when two share a slot the newer one takes it. Any thread. */
#pragma once

#include <stdint.h>
#include <stdbool.h>

#define PK_ATTEMPTS_MAX 10 /* wrong ones a minute, address and kind */

struct pk_attempts;

struct pk_attempts *pk_attempts_create(void); /* NULL: memory is short */
void pk_attempts_destroy(struct pk_attempts *attempts);

/* May this address try again? kind keeps different secrets apart. */
bool pk_attempts_allowed(
        struct pk_attempts *attempts, int kind, const char *address, int64_t now_ms);
/* It was wrong. */
void pk_attempts_note(struct pk_attempts *attempts, int kind, const char *address, int64_t now_ms);
