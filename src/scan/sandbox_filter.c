#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buffer.h"
#include "scan/sandbox.h"

#define FILTER_MAX (64UL * 1024) /* bytes; the kernel takes 4096 instructions of 8 */
#define ARGS_MAX   2

/* A row allows one system call; with conditions, only when all of them hold. What no row allows ends
 * the process. Rows for one call add up. */
struct rule {
    const char *name; /* one that this machine does not have is passed over */
    unsigned count;
    struct scmp_arg_cmp args[ARGS_MAX];
};

#define RULE(call) \
    {              \
        (call), 0, \
        {          \
            {      \
                0  \
            }      \
        }          \
    }
#define RULE_IF(call, ...)                                                                    \
    {                                                                                         \
        (call), sizeof((struct scmp_arg_cmp[]){ __VA_ARGS__ }) / sizeof(struct scmp_arg_cmp), \
        {                                                                                     \
            __VA_ARGS__                                                                       \
        }                                                                                     \
    }
/* Static forms of SCMP_A*(): those are expressions. */
#define ARG_IS(n, value)             \
    {                                \
        (n), SCMP_CMP_EQ, (value), 0 \
    }
#define ARG_MASKED(n, mask, value)               \
    {                                            \
        (n), SCMP_CMP_MASKED_EQ, (mask), (value) \
    }

#define ANONYMOUS (MAP_PRIVATE | MAP_ANONYMOUS)

/* What a reader may do: compute, ask for memory that cannot be run, write its answer to descriptor 1
 * (the only one it has), take random numbers, end. No clock, no file, no process, no signal. */
static const struct rule reader_rules[] = {
    RULE_IF("write", ARG_IS(0, STDOUT_FILENO)), RULE("exit_group"), RULE("brk"),
    RULE_IF("mmap", ARG_MASKED(2, PROT_EXEC, 0), ARG_MASKED(3, MAP_SHARED | ANONYMOUS, ANONYMOUS)),
    RULE("munmap"), RULE("mremap"), RULE("madvise"),
    RULE_IF("futex", ARG_IS(1, FUTEX_WAKE_PRIVATE)), /* the end of pthread_once() */
    RULE("getrandom"),                               /* OpenSSL, at odd public keys */
};

/* On top for the warden: take a request, fork a reader, wait for it, tell its end. It can signal only
 * what it has a process descriptor of: its own children. The rows from dup3 on are for the reader on its
 * way into its own filter. */
static const struct rule warden_rules[] = {
    RULE("recvmsg"),
    RULE("sendmsg"),
    RULE("close"),
    RULE("poll"),
    RULE("ppoll"),
    RULE_IF("clone", ARG_IS(0, CLONE_PIDFD | SIGCHLD)),
    RULE("wait4"),
    RULE("pidfd_send_signal"),
    RULE("clock_gettime"),
    RULE("restart_syscall"),
    RULE("dup3"),
    RULE("close_range"),
    RULE_IF("mmap", ARG_MASKED(2, PROT_EXEC, 0)),
    RULE_IF("prlimit64", ARG_IS(0, 0)),
    RULE_IF("prctl", ARG_IS(0, PR_SET_PDEATHSIG)),
    RULE_IF("prctl", ARG_IS(0, PR_SET_SECCOMP)),
};

/* What libraries ask by the way, and do without when they are told no: the size of the memory before a long
 * sort, the time, a number for a lock. Told no, so that such a library's next version is no scan.died. */
static const char *const refused[] = { "sysinfo", "gettimeofday", "time", "getpid", "gettid",
    "getppid", "getuid", "geteuid", "getgid", "getegid", "uname", "sched_yield",
    "sched_getaffinity", "getcpu" };
/* And what the warden needs. */
static const char *const reader_refused[] = { "clock_gettime" };

/* What a sanitizer's report needs: it goes to standard error. */
static const struct rule sanitizer_rules[] = {
    RULE_IF("write", ARG_IS(0, STDERR_FILENO)),
    RULE("mmap"),
    RULE("mprotect"),
    RULE("futex"),
    RULE("getpid"),
    RULE("gettid"),
    RULE("sigaltstack"),
    RULE("rt_sigaction"),
    RULE("rt_sigprocmask"),
    RULE("rt_sigreturn"),
    RULE("sched_yield"),
    RULE("clock_gettime"),
    RULE("close"),
    RULE("prctl"),
    RULE("prlimit64"),
};
/* It also looks for its own binary to name functions, and does without. */
static const char *const sanitizer_refused[] = { "open", "openat", "readlink", "readlinkat", "stat",
    "newfstatat", "access", "sysinfo", "uname", "sched_getaffinity", "getrlimit", "socket", "pipe",
    "pipe2", "ioctl" };

static int add_rules(scmp_filter_ctx ctx, const struct rule *rules, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int call = seccomp_syscall_resolve_name(rules[i].name);
        int rc;

        if (call < 0) {
            continue; /* poll on arm64, say: the C library does not use it there, either */
        }
        rc = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, call, rules[i].count, rules[i].args);
        if (rc < 0) {
            return rc;
        }
    }
    return PK_OK;
}

/* Rows that refuse, where no row allows. */
static int refuse(scmp_filter_ctx ctx, const char *const *names, size_t count)
{
    int rc = PK_OK;

    for (size_t i = 0; rc == PK_OK && i < count; i++) {
        int call = seccomp_syscall_resolve_name(names[i]);

        if (call >= 0) {
            rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), call, 0);
        }
    }
    return rc;
}

/* The rules of readers, and of the warden when wanted. NULL when memory is short; *rc otherwise. */
static scmp_filter_ctx make_filter(bool warden, int *rc)
{
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);

    *rc = ctx == NULL ? PK_ENOMEM : PK_OK;
    if (ctx == NULL) {
        return NULL;
    }
    *rc = add_rules(ctx, reader_rules, PK_COUNT(reader_rules));
    if (*rc == 0 && warden) {
        *rc = add_rules(ctx, warden_rules, PK_COUNT(warden_rules));
    }
    if (*rc == 0 && PK_SANITIZED) {
        *rc = add_rules(ctx, sanitizer_rules, PK_COUNT(sanitizer_rules));
        *rc = *rc < 0 ? *rc : refuse(ctx, sanitizer_refused, PK_COUNT(sanitizer_refused));
    }
    if (*rc == 0 && !PK_SANITIZED) {
        *rc = refuse(ctx, refused, PK_COUNT(refused));
    }
    if (*rc == 0 && !PK_SANITIZED && !warden) {
        *rc = refuse(ctx, reader_refused, PK_COUNT(reader_refused));
    }
    return ctx;
}

/* The compiled filter out of the file that libseccomp wrote it to. */
static int take_filter(int fd, struct sock_fprog *out)
{
    off_t size = lseek(fd, 0, SEEK_END);
    struct sock_filter *code;

    if (size <= 0 || (size_t)size > FILTER_MAX || (size_t)size % sizeof(*code) != 0) {
        return PK_EIO;
    }
    code = malloc((size_t)size);
    if (code == NULL) {
        return PK_ENOMEM;
    }
    if (pread(fd, code, (size_t)size, 0) != size) {
        free(code);
        return PK_EIO;
    }
    out->len = (unsigned short)((size_t)size / sizeof(*code));
    out->filter = code;
    return PK_OK;
}

int pk_sandbox_reader_filter(struct sock_fprog *out)
{
    int rc = PK_OK;
    scmp_filter_ctx ctx = make_filter(false, &rc);
    int fd = memfd_create("picket-filter", MFD_CLOEXEC);

    if (rc == PK_OK && fd < 0) {
        rc = -errno;
    }
    if (rc == PK_OK) {
        rc = seccomp_export_bpf(ctx, fd);
    }
    if (rc == PK_OK) {
        rc = take_filter(fd, out);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    seccomp_release(ctx);
    return rc;
}

int pk_sandbox_load_warden_filter(void)
{
    int rc = PK_OK;
    scmp_filter_ctx ctx = make_filter(true, &rc);

    if (rc == PK_OK) {
        rc = seccomp_load(ctx);
    }
    seccomp_release(ctx);
    return rc;
}
