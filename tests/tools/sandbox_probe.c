/* A picket-scan whose readers do what the file says instead of reading it: what tests/integration/
 * sandbox.py steers. The file's text is a mode and perhaps a number:
 *
 *   try NAME      the attempt of that name (see attempts[]); the report says how it was refused
 *   call NUMBER   that system call, with zeros
 *   good silent exit segv abort trap stack bus loop alloc touch garbage much many deep half control
 *   unknown-key   what they are called; see go_wrong()
 *
 * `sandbox_probe list` prints the names of attempts; `sandbox_probe try NAME` and `sandbox_probe call
 * NUMBER` make them in the warden's sandbox: status 0 when it was possible, 1 when refused. */
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buffer.h"
#include "scan/sandbox.h"
#include "scan/warden.h"

#define REPORT                                                                                  \
    "{\"size\":0,\"kind\":\"unknown\",\"debuggable\":false,\"permissions\":[],\"findings\":[]," \
    "\"score\":0,\"verdict\":\"clean\",\"reasons\":[\"%s\"]%s}"

static pid_t warden_pid;

/* --- attempts: what a taken-over reader would try first. Negative: refused */

static long try_open(void)
{
    return syscall(SYS_open, "/etc/passwd", O_RDONLY, 0);
}

static long try_openat(void)
{
    return syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY, 0);
}

static long try_openat_proc(void)
{
    return syscall(SYS_openat, AT_FDCWD, "/proc/self/maps", O_RDONLY, 0);
}

static long try_creat(void)
{
    return syscall(SYS_creat, "/tmp/picket-escaped", 0600);
}

static long try_memfd(void)
{
    return syscall(SYS_memfd_create, "escaped", 0);
}

static long try_stat(void)
{
    static char room[512];

    return syscall(SYS_newfstatat, AT_FDCWD, "/etc/passwd", room, 0);
}

static long try_readlink(void)
{
    static char room[64];

    return syscall(SYS_readlink, "/proc/self/exe", room, sizeof(room));
}

static long try_unlink(void)
{
    return syscall(SYS_unlink, "/tmp/picket-sandbox-victim");
}

static long try_socket(void)
{
    return syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
}

static long try_socket_unix(void)
{
    return syscall(SYS_socket, AF_UNIX, SOCK_DGRAM, 0);
}

static long try_socketpair(void)
{
    static int pair[2];

    return syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, pair);
}

static long try_connect(void)
{
    const struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = 80 };

    return syscall(SYS_connect, PK_SCAN_SOCKET_FD, &to, sizeof(to));
}

static long try_bind(void)
{
    const struct sockaddr_in to = { .sin_family = AF_INET };

    return syscall(SYS_bind, PK_SCAN_SOCKET_FD, &to, sizeof(to));
}

static long try_sendmsg(void)
{
    char byte = 0;
    struct iovec io = { &byte, 1 };
    const struct msghdr message = { .msg_iov = &io, .msg_iovlen = 1 };

    return syscall(SYS_sendmsg, PK_SCAN_SOCKET_FD, &message, MSG_NOSIGNAL);
}

static long try_fork(void)
{
    return syscall(SYS_fork);
}

static long try_vfork(void)
{
    return syscall(SYS_vfork);
}

static long try_clone(void)
{
    return syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
}

static long try_thread(void)
{
    static char stack[4096];

    return syscall(SYS_clone, CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD,
            stack + sizeof(stack), NULL, NULL, NULL);
}

static long try_clone3(void)
{
    static char args[88];

    return syscall(SYS_clone3, args, sizeof(args));
}

static long try_namespace(void)
{
    return syscall(SYS_unshare, CLONE_NEWUSER);
}

static long try_execve(void)
{
    char *const argv[] = { (char *)"true", NULL };

    return syscall(SYS_execve, "/bin/true", argv, argv + 1);
}

static long try_execveat(void)
{
    char *const argv[] = { (char *)"true", NULL };

    return syscall(SYS_execveat, AT_FDCWD, "/bin/true", argv, argv + 1, 0);
}

static long try_ptrace(void)
{
    return syscall(SYS_ptrace, PTRACE_ATTACH, (long)warden_pid, NULL, NULL);
}

static long try_kill(void)
{
    return syscall(SYS_kill, warden_pid, SIGTERM);
}

static long try_tgkill(void)
{
    return syscall(SYS_tgkill, warden_pid, warden_pid, SIGTERM);
}

static long try_vm_write(void)
{
    char byte = 0;
    struct iovec here = { &byte, 1 };
    struct iovec there = { &warden_pid, 1 };

    return syscall(SYS_process_vm_writev, warden_pid, &here, 1, &there, 1, 0);
}

static long try_map_exec(void)
{
    void *at = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return at == MAP_FAILED ? -1 : 0;
}

static long try_map_shared(void)
{
    void *at = mmap(NULL, 4096, PROT_READ, MAP_SHARED, STDOUT_FILENO, 0);

    return at == MAP_FAILED ? -1 : 0;
}

static long try_protect_exec(void)
{
    static char page[8192];
    char *at = page + (4096 - (uintptr_t)page % 4096);

    return syscall(SYS_mprotect, at, 4096, PROT_READ | PROT_EXEC);
}

static long try_prctl(void)
{
    return syscall(SYS_prctl, PR_SET_NAME, "escaped", 0, 0, 0);
}

static long try_dumpable(void)
{
    return syscall(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static long try_seccomp(void)
{
    unsigned action = SECCOMP_RET_ALLOW;

    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action);
}

static long try_raise_limit(void)
{
    const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

    return syscall(SYS_prlimit64, 0, RLIMIT_FSIZE, &all, NULL);
}

static long try_limit_parent(void)
{
    const struct rlimit none = { 0, 0 };

    return syscall(SYS_prlimit64, warden_pid, RLIMIT_CPU, &none, NULL);
}

static long try_write_stdin(void)
{
    return syscall(SYS_write, STDIN_FILENO, "x", 1);
}

static long try_write_socket(void)
{
    return syscall(SYS_write, PK_SCAN_SOCKET_FD, "x", 1);
}

static long try_truncate(void)
{
    return syscall(SYS_ftruncate, STDOUT_FILENO, 1L << 40);
}

static long try_read(void)
{
    static char room[16];

    return syscall(SYS_read, STDIN_FILENO, room, sizeof(room));
}

static long try_duplicate(void)
{
    return syscall(SYS_dup, STDOUT_FILENO);
}

static long try_futex_wait(void)
{
    static int word;
    const struct timespec soon = { 0, 1000 };

    return syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &soon, NULL, 0);
}

static long try_setuid(void)
{
    return syscall(SYS_setuid, 0);
}

static long try_io_uring(void)
{
    static char room[256];

    return syscall(SYS_io_uring_setup, 1, room);
}

#if defined(__x86_64__)
/* getpid() through the door of 32-bit programs, where all numbers are different. */
static long try_int80(void)
{
    long result = 20;

    __asm__ volatile("int $0x80" : "+a"(result) : : "memory");
    return result;
}

/* The same number with the x32 bit. */
static long try_x32(void)
{
    return syscall(0x40000000L | SYS_getpid);
}
#endif

static const struct attempt {
    const char *name;
    long (*go)(void);
} attempts[] = {
    { "open", try_open },
    { "openat", try_openat },
    { "openat-proc", try_openat_proc },
    { "creat", try_creat },
    { "memfd", try_memfd },
    { "stat", try_stat },
    { "readlink", try_readlink },
    { "unlink", try_unlink },
    { "socket", try_socket },
    { "socket-unix", try_socket_unix },
    { "socketpair", try_socketpair },
    { "connect", try_connect },
    { "bind", try_bind },
    { "sendmsg", try_sendmsg },
    { "fork", try_fork },
    { "vfork", try_vfork },
    { "clone", try_clone },
    { "thread", try_thread },
    { "clone3", try_clone3 },
    { "namespace", try_namespace },
    { "execve", try_execve },
    { "execveat", try_execveat },
    { "ptrace", try_ptrace },
    { "kill", try_kill },
    { "tgkill", try_tgkill },
    { "vm-write", try_vm_write },
    { "map-exec", try_map_exec },
    { "map-shared", try_map_shared },
    { "protect-exec", try_protect_exec },
    { "prctl", try_prctl },
    { "dumpable", try_dumpable },
    { "seccomp", try_seccomp },
    { "raise-limit", try_raise_limit },
    { "limit-parent", try_limit_parent },
    { "write-stdin", try_write_stdin },
    { "write-socket", try_write_socket },
    { "truncate", try_truncate },
    { "read", try_read },
    { "duplicate", try_duplicate },
    { "futex-wait", try_futex_wait },
    { "setuid", try_setuid },
    { "io-uring", try_io_uring },
#if defined(__x86_64__)
    { "int80", try_int80 },
    { "x32", try_x32 },
#endif
};

static const struct attempt *find_attempt(const char *name)
{
    for (size_t i = 0; i < PK_COUNT(attempts); i++) {
        if (strcmp(attempts[i].name, name) == 0) {
            return &attempts[i];
        }
    }
    return NULL;
}

/* --- ways to go wrong */

static int say(int fd, const char *reason, const char *more)
{
    char text[1024];
    int n = snprintf(text, sizeof(text), REPORT, reason, more);

    return n > 0 && write(fd, text, (size_t)n) == n ? PK_READER_DONE : EXIT_FAILURE;
}

/* At least count bytes of text, again and again. */
static int fill(int fd, const char *text, size_t count)
{
    struct pk_buffer block = pk_buffer_of(128UL << 10);
    int rc = PK_READER_DONE;

    do {
        (void)pk_buffer_puts(&block, text);
    } while (block.len < count && block.len < 64UL << 10);
    for (size_t done = 0; done < count && rc == PK_READER_DONE; done += block.len) {
        rc = write(fd, block.ptr, block.len) == (ssize_t)block.len ? rc : PK_READER_TOO_LONG;
    }
    return rc;
}

/* Recursion that the compiler keeps. */
static int deeper(const volatile char *above)
{
    volatile char here[4096];

    here[0] = above[0];
    here[1] = 0;
    return here[0] == 1 ? 0 : deeper(here) + here[1];
}

/* One that looks for NULL, or one that does not. */
static int allocate(bool look)
{
    static char *volatile last;

    for (;;) {
        last = malloc(1UL << 20);
        if (last == NULL && look) {
            return PK_READER_MEMORY;
        }
        memset(last, 1, 1UL << 20); /* NOLINT(clang-analyzer-*): NULL is the point */
    }
}

static int go_wrong(const char *mode, const struct pk_scan_task *task)
{
    const volatile uint8_t *file = task->file.ptr;
    int fd = task->answer_fd;
    const volatile int *volatile nowhere = NULL;
    volatile unsigned turns = 0;

    if (strcmp(mode, "segv") == 0) {
        return *nowhere; /* NOLINT(clang-analyzer-*): that is the mode */
    }
    if (strcmp(mode, "abort") == 0) {
        abort();
    }
    if (strcmp(mode, "trap") == 0) {
        __builtin_trap();
    }
    if (strcmp(mode, "stack") == 0) {
        return deeper(mode);
    }
    while (strcmp(mode, "bus") == 0) { /* until somebody cuts the file */
        turns += file[task->file.len - 1];
    }
    while (strcmp(mode, "loop") == 0) {
        turns++;
    }
    if (strcmp(mode, "alloc") == 0 || strcmp(mode, "touch") == 0) {
        return allocate(mode[0] == 'a');
    }
    if (strcmp(mode, "exit") == 0) {
        return 7;
    }
    if (strcmp(mode, "garbage") == 0) {
        return fill(fd, "\xff\xfe\x01garbage", 1000);
    }
    if (strcmp(mode, "much") == 0) {
        return fill(fd, "0123456789abcdef", PK_SCAN_ANSWER_MAX + 1);
    }
    if (strcmp(mode, "many") == 0) {
        return fill(fd, "[],[],[],[],[],", PK_SCAN_ANSWER_MAX - (128UL << 10));
    }
    if (strcmp(mode, "deep") == 0) {
        return fill(fd, "[", 5000);
    }
    if (strcmp(mode, "half") == 0) {
        return fill(fd, "{\"size\":0,\"kind\":", 1);
    }
    if (strcmp(mode, "control") == 0) {
        return say(fd, "a\\u001b[2Jb", "");
    }
    if (strcmp(mode, "unknown-key") == 0) {
        return say(fd, "fine", ",\"escaped\":1");
    }
    if (strcmp(mode, "good") == 0) {
        return say(fd, "fine", "");
    }
    return PK_READER_DONE; /* "silent": nothing is said */
}

static int probe(const struct pk_scan_task *task)
{
    char text[128];
    char reason[160];
    char *end = NULL;

    (void)snprintf(text, sizeof(text), "%.*s", (int)task->file.len, (const char *)task->file.ptr);
    if (strncmp(text, "call ", 5) == 0) {
        long got = syscall(strtol(text + 5, &end, 10), 0, 0, 0, 0, 0, 0);

        (void)snprintf(reason, sizeof(reason), "%s: %s", got < 0 ? "refused" : "possible", text);
        return say(task->answer_fd, reason, "");
    }
    if (strncmp(text, "try ", 4) == 0) {
        const struct attempt *attempt = find_attempt(text + 4);
        long got = attempt != NULL ? attempt->go() : 0;

        (void)snprintf(reason, sizeof(reason), "%s: %s", got < 0 ? "refused" : "possible", text);
        return say(task->answer_fd, reason, "");
    }
    return go_wrong(text, task);
}

static int probe_warden(const char *kind, const char *name)
{
    const struct attempt *attempt = find_attempt(name);
    struct pk_sandbox sandbox = { 0 };
    enum pk_sandbox_step step;
    long number = strtol(name, NULL, 10);
    bool call = strcmp(kind, "call") == 0;

    if ((!call && attempt == NULL) || pk_sandbox_enter_warden(&sandbox, &step) < 0) {
        return 2;
    }
    _exit((call ? syscall(number, 0, 0, 0, 0, 0, 0) : attempt->go()) < 0 ? 1 : 0);
}

int main(int argc, char **argv)
{
    warden_pid = getpid();
    for (size_t i = 0; argc == 2 && i < PK_COUNT(attempts); i++) {
        (void)puts(attempts[i].name);
    }
    if (argc == 3) {
        return probe_warden(argv[1], argv[2]);
    }
    if (argc == 1) {
        const struct pk_warden_work work = { .read = probe };

        _exit(pk_warden_run(&work));
    }
    return EXIT_SUCCESS;
}
