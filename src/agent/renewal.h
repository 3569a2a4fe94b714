/* renewal.h - a new certificate at two thirds of the old one's life, asked for beside the loop. */
#pragma once

#include <stdint.h>

struct pk_identity;
struct pk_loop;
struct pk_renewal;

/* renewed(ctx) is called in the loop when the identity has its new certificate. NULL when memory is
 * short. */
struct pk_renewal *pk_renewal_create(
        struct pk_loop *loop, struct pk_identity *identity, void (*renewed)(void *ctx), void *ctx);
/* A renewal that is under way goes on, but tells nobody. The identity must outlive the loop. */
void pk_renewal_destroy(struct pk_renewal *renewal);

/* Begins one when it is time, none is under way and the last failure is an hour ago. */
void pk_renewal_maybe(struct pk_renewal *renewal, const char *url, int64_t now_ms);
