/* sandbox.h - what is taken away from a picket-scan process, in two steps.
 *
 * The warden (the process that waits for files) loses user, capabilities, file system, network and
 * every system call but those that it needs to fork a reader and to tell its end. A reader, forked for
 * one file, loses all but computing, memory and one write. A step that does not come up is fatal.
 * docs/scan.md has the lists; src/scan/sandbox_filter.c is them. One thread a process. */
#pragma once

#include <linux/filter.h>

#include "scan/protocol.h"

/* Built with a sanitizer, which maps terabytes and talks when it dies: no limit of the address space,
 * and a few more calls. Never shipped. */
#if defined(__SANITIZE_ADDRESS__)
#define PK_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PK_SANITIZED 1
#endif
#endif
#ifndef PK_SANITIZED
#define PK_SANITIZED 0
#endif

struct pk_sandbox {
    struct sock_fprog reader_filter; /* compiled once, so that a reader only loads it */
    size_t mapped;                   /* bytes of address space before the first file */
};

/* What one reader may use. */
struct pk_sandbox_limits {
    size_t memory_max; /* bytes that it may allocate */
    size_t file_size;  /* bytes of files that are mapped already */
    unsigned cpu_s;
};

/* Puts the warden into its sandbox, for ever. On failure *step says which part and the result is the
 * negative errno; the process must end. */
PK_MUST_USE int pk_sandbox_enter_warden(struct pk_sandbox *sandbox, enum pk_sandbox_step *step);
/* Puts a reader, a child of the warden, into the narrower one. PK_OK or a negative errno. */
PK_MUST_USE int pk_sandbox_enter_reader(
        const struct pk_sandbox *sandbox, const struct pk_sandbox_limits *limits);

/* sandbox_filter.c. The filter of readers as the kernel wants it; malloc'ed, *out is the owner. */
PK_MUST_USE int pk_sandbox_reader_filter(struct sock_fprog *out);
/* Loads the warden's. */
PK_MUST_USE int pk_sandbox_load_warden_filter(void);
