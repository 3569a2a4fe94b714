/* protocol.h - what a pool and its picket-scan processes say to each other: one message a packet, over
 * a SOCK_SEQPACKET pair; docs/scan.md draws it. Both ends are of one build, so there is one version
 * and nothing is optional; the process's side is decoded as strictly as any hostile input. */
#pragma once

#include "base/error.h"
#include "base/slice.h"

#define PK_SCAN_REQUEST_SIZE 88
#define PK_SCAN_STATUS_SIZE  56

/* A reader's answer, the report as JSON. Real ones stay below 100 kB. */
#define PK_SCAN_ANSWER_MAX (8UL * 1024 * 1024)

/* Where the end of the pair is in a picket-scan process. */
#define PK_SCAN_SOCKET_FD 3
/* Where compiled rules are in a picket-scan-yara process. */
#define PK_SCAN_RULES_FD 4

/* "Read this": with the descriptors of the file, of the memory file for the answer and, when there is
 * one, of the v4 signature, in this order. */
struct pk_scan_request {
    uint64_t id;
    uint64_t size; /* of the file when it was asked for */
    uint64_t idsig_size;
    uint64_t memory_max;
    uint32_t timeout_ms;
    int32_t min_sdk;
    int32_t max_sdk;
    bool has_idsig;
    bool has_stamp_cert;
    bool thorough;       /* judges may take several times as long */
    bool structure_only; /* structure and signature; no judges of content */
    uint8_t stamp_cert[32];
};

enum pk_scan_state {
    PK_SCAN_READY,      /* first of all: the sandbox stands */
    PK_SCAN_NO_SANDBOX, /* or does not; step and code (errno) say where and why */
    PK_SCAN_ANSWERED,   /* the memory file has the report */
    PK_SCAN_DIED,       /* of the signal in code */
    PK_SCAN_FAILED,     /* ended with the status in code without an answer */
    PK_SCAN_TIMEOUT,
    PK_SCAN_MEMORY,    /* asked for more than it may have */
    PK_SCAN_TOO_LONG,  /* its answer would be */
    PK_SCAN_NO_READER, /* none could be forked; code is the errno. Not the file's doing */
    PK_SCAN_STATE_COUNT,
};

/* What the sandbox is made of, in the order in which it is built. */
enum pk_sandbox_step {
    PK_SANDBOX_NONE,
    PK_SANDBOX_FILTER, /* preparing the readers' filter */
    PK_SANDBOX_RLIMITS,
    PK_SANDBOX_USER,
    PK_SANDBOX_CAPABILITIES,
    PK_SANDBOX_PRIVILEGES, /* no_new_privs */
    PK_SANDBOX_LANDLOCK,
    PK_SANDBOX_SECCOMP,
    PK_SANDBOX_STEP_COUNT,
};

struct pk_scan_status {
    uint64_t id; /* of the request; 0 for the first two states */
    enum pk_scan_state state;
    enum pk_sandbox_step step;
    int32_t code; /* a signal, an exit status or an errno; see the states */
    uint64_t wall_us;
    uint64_t cpu_us;
    uint64_t rss; /* bytes */
};

void pk_scan_request_encode(const struct pk_scan_request *in, uint8_t out[PK_SCAN_REQUEST_SIZE]);
void pk_scan_status_encode(const struct pk_scan_status *in, uint8_t out[PK_SCAN_STATUS_SIZE]);
/* PK_EMALF, PK_ETRUNC. *out is untouched then. */
PK_MUST_USE int pk_scan_request_decode(struct pk_slice in, struct pk_scan_request *out);
PK_MUST_USE int pk_scan_status_decode(struct pk_slice in, struct pk_scan_status *out);
