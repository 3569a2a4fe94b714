/* warden.h - the process that watches readers: the main loop of picket-scan.
 *
 * It takes one request at a time from its socket, forks a reader for it and tells how that ended. It
 * never looks at a file and never sees an answer: the reader writes it to a memory file of the one who
 * asked. It ends with its socket. */
#pragma once

#include "base/error.h"
#include "base/slice.h"

/* What a reader works on: mapped bytes, and the answer's descriptor (its only one). */
struct pk_scan_task {
    struct pk_slice file;
    struct pk_slice idsig; /* ptr NULL: none */
    int min_sdk;
    int max_sdk;
    const char *stamp_cert; /* lower-case hex; NULL: any */
    bool structure_only;
    bool thorough;
    int answer_fd;
};

/* How a reader ends; what else it ends with is a failure. */
enum pk_reader_exit {
    PK_READER_DONE = 0,
    PK_READER_MEMORY = 40,
    PK_READER_TOO_LONG = 41,
    PK_READER_MAP = 42,     /* the file cannot be mapped */
    PK_READER_SANDBOX = 43, /* its sandbox did not come up: nothing was read */
};

struct pk_warden_work {
    /* Runs in the reader's process, inside its sandbox; the result is its exit status. */
    int (*read)(const struct pk_scan_task *task);
    /* Runs in the warden before its second reader: what that one and all later ones would set up alike. Nothing
     * of a file comes near it. NULL: nothing. */
    void (*warm)(void);
};

/* Enters the sandbox, says so on PK_SCAN_SOCKET_FD, then serves until the other end closes. The
 * result is the process's exit status. Call it with one thread, and standard input, output and error open. */
PK_MUST_USE int pk_warden_run(const struct pk_warden_work *work);
