#include "scan/slot.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

#define SPARE_FD    10   /* above what the file actions give to the child */
#define END_WAIT_MS 2000 /* for a process to end by itself */

void pk_slot_init(struct pk_slot *slot)
{
    *slot = (struct pk_slot){ .pid = -1, .pidfd = -1, .socket = -1 };
}

/* Our end and the child's, neither at a number that the file actions overwrite. */
static int make_pair(int pair[2])
{
    int raw[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, raw) < 0) {
        return -errno;
    }
    pair[0] = fcntl(raw[0], F_DUPFD_CLOEXEC, SPARE_FD);
    pair[1] = fcntl(raw[1], F_DUPFD_CLOEXEC, SPARE_FD);
    int rc = pair[0] < 0 || pair[1] < 0 ? -errno : PK_OK;
    (void)close(raw[0]);
    (void)close(raw[1]);
    if (rc < 0) {
        (void)close(pair[0]);
        (void)close(pair[1]);
    }
    return rc;
}

/* The child has standard streams that lead nowhere, its socket, and nothing else. */
static int describe_child(
        posix_spawn_file_actions_t *files, posix_spawnattr_t *attributes, int end, int rules_fd)
{
    int last = rules_fd >= 0 ? PK_SCAN_RULES_FD : PK_SCAN_SOCKET_FD;
    sigset_t none;
    sigset_t all;
    int error = 0;

    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO && error == 0; fd++) {
        error = posix_spawn_file_actions_addopen(files, fd, "/dev/null", O_RDWR, 0);
    }
    error = error != 0 ? error : posix_spawn_file_actions_adddup2(files, end, PK_SCAN_SOCKET_FD);
    if (error == 0 && rules_fd >= 0) {
        error = posix_spawn_file_actions_adddup2(files, rules_fd, PK_SCAN_RULES_FD);
    }
    error = error != 0 ? error : posix_spawn_file_actions_addclosefrom_np(files, last + 1);
    error = error != 0 ? error : posix_spawnattr_setsigmask(attributes, &none);
    error = error != 0 ? error : posix_spawnattr_setsigdefault(attributes, &all);
    error = error != 0
            ? error
            : posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    return -error;
}

static int spawn(const char *program, int end, int rules_fd, pid_t *pid)
{
    char *const argv[] = { (char *)"picket-scan", NULL };
    char *const environment[] = { NULL };
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    int rc = -posix_spawn_file_actions_init(&files);

    if (rc < 0) {
        return rc;
    }
    rc = -posix_spawnattr_init(&attributes);
    if (rc == PK_OK) {
        rc = describe_child(&files, &attributes, end, rules_fd);
        rc = rc < 0 ? rc : -posix_spawn(pid, program, &files, &attributes, argv, environment);
        (void)posix_spawnattr_destroy(&attributes);
    }
    (void)posix_spawn_file_actions_destroy(&files);
    return rc;
}

int pk_slot_start(struct pk_slot *slot, const char *program, int rules_fd, struct pk_error *err)
{
    int pair[2] = { -1, -1 };
    pid_t pid = -1;
    int rc = make_pair(pair);

    if (rc < 0) {
        return pk_error_set(err, rc, "no socket for picket-scan: %s", pk_code_text(rc));
    }
    rc = spawn(program, pair[1], rules_fd, &pid);
    (void)close(pair[1]);
    if (rc < 0) {
        (void)close(pair[0]);
        return pk_error_set(err, rc, "cannot start '%s': %s", program, pk_code_text(rc));
    }
    *slot = (struct pk_slot){ .pid = pid, .pidfd = pidfd_open(pid, 0), .socket = pair[0] };
    if (slot->pidfd < 0) {
        rc = -errno;
        (void)close(pair[0]); /* its end: there is no number by which it could be killed safely */
        pk_slot_init(slot);
        return pk_error_set(err, rc, "cannot watch picket-scan: %s", pk_code_text(rc));
    }
    return PK_OK;
}

int pk_slot_ask(struct pk_slot *slot, const struct pk_scan_request *request, const int *fds,
        size_t fd_count)
{
    uint8_t bytes[PK_SCAN_REQUEST_SIZE];
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(PK_SLOT_FDS_MAX * sizeof(int))];
    } control = { .room = { 0 } };
    struct iovec io = { .iov_base = bytes, .iov_len = sizeof(bytes) };
    struct msghdr message = {
        .msg_iov = &io,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = CMSG_SPACE(fd_count * sizeof(int)),
    };
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    ssize_t n;

    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
    memcpy(CMSG_DATA(head), fds, fd_count * sizeof(int));
    pk_scan_request_encode(request, bytes);
    do {
        n = sendmsg(slot->socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        return errno == EPIPE || errno == ECONNRESET ? PK_EPEER : -errno;
    }
    return PK_OK;
}

int pk_slot_hear(struct pk_slot *slot, struct pk_scan_status *status)
{
    uint8_t bytes[PK_SCAN_STATUS_SIZE + 1];
    ssize_t n;

    /* recv() and not recvmsg(): descriptors that a hostile process sent along are dropped. */
    do {
        n = recv(slot->socket, bytes, sizeof(bytes), MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        return errno == EAGAIN ? PK_EAGAIN : PK_EPEER;
    }
    return pk_scan_status_decode(pk_slice_of(bytes, (size_t)n), status) < 0 ? PK_EPEER : PK_OK;
}

static int poll_one(int fd, int64_t until_ms)
{
    struct pollfd one = { .fd = fd, .events = POLLIN };
    int n;

    do {
        int64_t left_ms = until_ms - pk_clock_monotonic_ms();

        n = poll(&one, 1, left_ms > 0 ? (int)left_ms : 0);
    } while (n < 0 && errno == EINTR);
    return n;
}

/* It ended without a word. Killed for a system call before it has a filter of its own means that somebody
 * else's forbids it. */
static int ended_early(struct pk_slot *slot, struct pk_error *err)
{
    siginfo_t info = { 0 };
    bool known = poll_one(slot->pidfd, pk_clock_monotonic_ms() + END_WAIT_MS) > 0 &&
            waitid(P_PIDFD, (id_t)slot->pidfd, &info, WEXITED | WNOWAIT | WNOHANG) == 0;
    bool killed = known && (info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED);

    if (killed && info.si_status == SIGSYS) {
        return pk_error_set(err, PK_EACCES,
                "picket-scan may not call what its sandbox needs: allow landlock_create_ruleset, "
                "landlock_add_rule, landlock_restrict_self and seccomp in the service's or the "
                "container's system call filter");
    }
    return pk_error_set(err, PK_EACCES, "picket-scan ended before its sandbox stood (%s %d)",
            killed ? "signal" : "status", info.si_status);
}

int pk_slot_await(struct pk_slot *slot, int wait_ms, struct pk_error *err)
{
    struct pk_scan_status status;

    if (poll_one(slot->socket, pk_clock_monotonic_ms() + wait_ms) <= 0) {
        return pk_error_set(err, PK_ETIMEDOUT, "picket-scan does not say that it is ready");
    }
    if (pk_slot_hear(slot, &status) < 0) {
        return ended_early(slot, err);
    }
    if (status.state == PK_SCAN_NO_SANDBOX) {
        return pk_slot_no_sandbox(&status, err);
    }
    return status.state == PK_SCAN_READY
            ? PK_OK
            : pk_error_set(err, PK_EACCES, "picket-scan did not say that its sandbox stands");
}

void pk_slot_hang_up(struct pk_slot *slot)
{
    if (slot->pidfd >= 0) {
        (void)shutdown(slot->socket, SHUT_RDWR);
    }
}

void pk_slot_stop(struct pk_slot *slot)
{
    siginfo_t info;

    if (slot->pidfd < 0) {
        return;
    }
    pk_slot_hang_up(slot);
    /* It kills its reader and ends. Killed itself, it takes the reader along (PR_SET_PDEATHSIG). */
    if (poll_one(slot->pidfd, pk_clock_monotonic_ms() + END_WAIT_MS) <= 0) {
        (void)pidfd_send_signal(slot->pidfd, SIGKILL, NULL, 0);
    }
    while (waitid(P_PIDFD, (id_t)slot->pidfd, &info, WEXITED) < 0 && errno == EINTR) {
    }
    (void)close(slot->pidfd);
    (void)close(slot->socket);
    pk_slot_init(slot);
}

/* Landlock's errors have three different cures. */
static const char *landlock_advice(int error)
{
    switch (error) {
    case ENOSYS:
        return "this kernel has no Landlock: Linux 5.13 or newer with CONFIG_SECURITY_LANDLOCK=y "
               "is "
               "needed (in a container also a seccomp profile that knows it)";
    case EOPNOTSUPP:
        return "Landlock is switched off: add 'landlock' to the kernel's lsm= parameter";
    default:
        return "Landlock is refused: in a container, allow landlock_create_ruleset, "
               "landlock_add_rule and landlock_restrict_self in its seccomp profile";
    }
}

int pk_slot_no_sandbox(const struct pk_scan_status *status, struct pk_error *err)
{
    static const char *const advice[PK_SANDBOX_STEP_COUNT] = {
        [PK_SANDBOX_NONE] = "no step failed",
        [PK_SANDBOX_FILTER] = "the system call filter cannot be prepared",
        [PK_SANDBOX_RLIMITS] = "the resource limits cannot be set",
        [PK_SANDBOX_USER] = "root cannot become nobody: in a container, leave it CAP_SETUID and "
                            "CAP_SETGID or do "
                            "not run as root",
        [PK_SANDBOX_CAPABILITIES] = "the capabilities cannot be dropped",
        [PK_SANDBOX_PRIVILEGES] = "no_new_privs cannot be set",
        [PK_SANDBOX_SECCOMP] = "the system call filter is refused: the kernel needs "
                               "CONFIG_SECCOMP_FILTER=y, a container a profile that allows seccomp",
    };
    const char *text = status->step == PK_SANDBOX_LANDLOCK ? landlock_advice(status->code)
                                                           : advice[status->step];

    return pk_error_set(err, PK_EACCES,
            "the sandbox does not come up and nothing is read without it: "
            "%s (%s)",
            text, pk_code_text(-status->code));
}
