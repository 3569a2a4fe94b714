/* net.h - sockets with a deadline, for the probes' threads. Any thread may call. */
#pragma once

#include <stdint.h>
#include <stdbool.h>

#include "base/error.h"
#include "wire/address.h"

struct pk_deadline {
    int64_t at_ms; /* monotonic */
    int cancel_fd; /* readable: give up; -1: none */
};

struct pk_deadline pk_deadline_in(int64_t in_ms, int cancel_fd);
int64_t pk_deadline_left_ms(const struct pk_deadline *deadline);

/* Waits until fd has one of events (poll's). PK_ETIMEDOUT; -ECANCELED. */
PK_MUST_USE int pk_net_wait(int fd, short events, const struct pk_deadline *deadline);
/* A connected, non-blocking TCP socket that the caller closes. */
PK_MUST_USE int pk_net_connect(const struct pk_address *address, const struct pk_deadline *deadline,
        int *out, struct pk_error *err);
