/* slot.h - one picket-scan process as the asking side sees it: start, ask, hear, end. A slot that is
 * not running has pidfd -1. One thread at a time. */
#pragma once

#include <sys/types.h>

#include "scan/protocol.h"

#define PK_SLOT_FDS_MAX 3

struct pk_slot {
    pid_t pid;
    int pidfd; /* -1: not running */
    int socket;
};

void pk_slot_init(struct pk_slot *slot);
/* Starts the program with an empty environment and nothing open but its socket; it may still say that its
 * sandbox does not come up. rules_fd: compiled rules that it gets along, from their begin; -1: none. PK_ENOENT, PK_EACCES, other errno values. */
PK_MUST_USE int pk_slot_start(
        struct pk_slot *slot, const char *program, int rules_fd, struct pk_error *err);
/* Sends a request with its descriptors, which stay the caller's. PK_EPEER: the process is gone. */
PK_MUST_USE int pk_slot_ask(struct pk_slot *slot, const struct pk_scan_request *request,
        const int *fds, size_t fd_count);
/* The next message that has arrived. PK_EAGAIN: none yet; PK_EPEER: the process is gone or says what makes
 * no sense: stop it. */
PK_MUST_USE int pk_slot_hear(struct pk_slot *slot, struct pk_scan_status *status);
/* Waits for the first message, which tells whether the sandbox stands. PK_EACCES with the sentence
 * when it does not. */
PK_MUST_USE int pk_slot_await(struct pk_slot *slot, int wait_ms, struct pk_error *err);
/* Asks the process to end its reader and itself; does not wait. */
void pk_slot_hang_up(struct pk_slot *slot);
/* Ends it, by force when it does not end by itself, and frees what the slot holds. */
void pk_slot_stop(struct pk_slot *slot);

/* PK_EACCES with what an administrator can do about a sandbox that does not come up. */
PK_MUST_USE int pk_slot_no_sandbox(const struct pk_scan_status *status, struct pk_error *err);
