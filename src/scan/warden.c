#include "scan/warden.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "scan/protocol.h"
#include "scan/sandbox.h"

/* A request's descriptors, in their order on the wire. */
enum {
    FD_FILE,
    FD_ANSWER,
    FD_IDSIG,
    FD_COUNT,
};

struct job {
    struct pk_scan_request request;
    int fds[FD_COUNT]; /* -1: absent */
};

struct warden {
    struct pk_sandbox sandbox;
    const struct pk_warden_work *work;
};

static int64_t monotonic_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* --- the reader's side of the fork */

/* The bytes of a descriptor; a file that is cut meanwhile ends the reader by SIGBUS when it gets there. */
static int map_file(int fd, uint64_t size, struct pk_slice *out)
{
    void *at;

    if (size == 0) {
        *out = pk_slice_of("", 0);
        return PK_OK;
    }
    if (size > PTRDIFF_MAX) {
        return PK_ELIMIT;
    }
    at = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (at == MAP_FAILED) {
        return -errno;
    }
    *out = pk_slice_of(at, (size_t)size);
    return PK_OK;
}

/* Only the answer is left, as standard output. A sanitizer's report goes to standard error. */
static int keep_answer_only(const struct job *job)
{
    unsigned from = PK_SANITIZED ? STDERR_FILENO + 1 : STDERR_FILENO;

    if (dup3(job->fds[FD_ANSWER], STDOUT_FILENO, 0) < 0 || close(STDIN_FILENO) < 0 ||
            close_range(from, ~0U, 0) < 0) {
        return -errno;
    }
    return PK_OK;
}

/* All that happens before the sandbox is closed is done by the kernel: no byte of the file is read. */
static int reader_main(const struct warden *warden, const struct job *job)
{
    const struct pk_scan_request *request = &job->request;
    const struct pk_sandbox_limits limits = {
        .memory_max = request->memory_max,
        .file_size = request->size + request->idsig_size,
        .cpu_s = request->timeout_ms / 1000 + 2,
    };
    char stamp_cert[2 * sizeof(request->stamp_cert) + 1];
    struct pk_scan_task task = {
        .min_sdk = request->min_sdk,
        .max_sdk = request->max_sdk,
        .structure_only = request->structure_only,
        .thorough = request->thorough,
        .answer_fd = STDOUT_FILENO,
    };

    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0) {
        return PK_READER_SANDBOX;
    }
    if (map_file(job->fds[FD_FILE], request->size, &task.file) < 0 ||
            (request->has_idsig &&
                    map_file(job->fds[FD_IDSIG], request->idsig_size, &task.idsig) < 0)) {
        return PK_READER_MAP;
    }
    if (request->has_stamp_cert) {
        pk_hex(pk_slice_of(request->stamp_cert, sizeof(request->stamp_cert)), stamp_cert);
        task.stamp_cert = stamp_cert;
    }
    if (keep_answer_only(job) < 0 || pk_sandbox_enter_reader(&warden->sandbox, &limits) < 0) {
        return PK_READER_SANDBOX;
    }
    return warden->work->read(&task);
}

/* --- the warden's side */

/* A fork whose child has a descriptor, so that the warden's filter needs no kill(). The C library is
 * not told, which is fine for a process with one thread that starts nothing else. */
static pid_t fork_reader(const struct warden *warden, const struct job *job, int *pidfd)
{
    pid_t pid = (pid_t)syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, NULL, pidfd, NULL, NULL);

    if (pid == 0) {
        _exit(reader_main(warden, job));
    }
    return pid;
}

/* Waits until the reader ends or its time is over; whoever asked may also be gone. */
static bool outlasts(int pidfd, int64_t until_us)
{
    for (;;) {
        struct pollfd fds[] = {
            { .fd = pidfd, .events = POLLIN }, { .fd = PK_SCAN_SOCKET_FD }, /* hang-up only */
        };
        int64_t left_us = until_us - monotonic_us();
        int n = left_us <= 0 ? 0 : poll(fds, PK_COUNT(fds), (int)(left_us / 1000 + 1));

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n > 0 && fds[0].revents != 0) {
            return false;
        }
        if (n != 0 || left_us <= 0) {
            return true;
        }
    }
}

static void tell_end(int end, bool killed, struct pk_scan_status *status)
{
    static const enum pk_scan_state states[] = {
        [PK_READER_DONE] = PK_SCAN_ANSWERED,
        [PK_READER_MEMORY] = PK_SCAN_MEMORY,
        [PK_READER_TOO_LONG] = PK_SCAN_TOO_LONG,
    };

    if (killed || (WIFSIGNALED(end) && WTERMSIG(end) == SIGXCPU)) {
        status->state = PK_SCAN_TIMEOUT;
    } else if (WIFSIGNALED(end)) {
        status->state = PK_SCAN_DIED;
        status->code = WTERMSIG(end);
    } else {
        unsigned code = (unsigned)WEXITSTATUS(end);

        /* Rows between the named ones are PK_SCAN_READY, which no reader can be. */
        status->state = code < PK_COUNT(states) ? states[code] : PK_SCAN_FAILED;
        status->state = status->state == PK_SCAN_READY ? PK_SCAN_FAILED : status->state;
        status->code = (int32_t)code;
    }
}

static uint64_t time_us(struct timeval t)
{
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_usec;
}

static void watch(const struct warden *warden, struct job *job, struct pk_scan_status *status)
{
    int64_t began_us = monotonic_us();
    struct rusage usage = { 0 };
    int pidfd = -1;
    int end = 0;
    bool killed;
    pid_t pid = fork_reader(warden, job, &pidfd);

    if (pid < 0) {
        status->state = PK_SCAN_NO_READER;
        status->code = errno;
        return;
    }
    killed = outlasts(pidfd, began_us + (int64_t)job->request.timeout_ms * 1000);
    if (killed) {
        (void)pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
    }
    while (wait4(pid, &end, 0, &usage) < 0 && errno == EINTR) {
    }
    (void)close(pidfd);
    tell_end(end, killed, status);
    status->wall_us = (uint64_t)(monotonic_us() - began_us);
    status->cpu_us = time_us(usage.ru_utime) + time_us(usage.ru_stime);
    status->rss = (uint64_t)usage.ru_maxrss * 1024;
}

static int send_status(const struct pk_scan_status *status)
{
    uint8_t bytes[PK_SCAN_STATUS_SIZE];
    struct iovec io = { .iov_base = bytes, .iov_len = sizeof(bytes) };
    const struct msghdr message = { .msg_iov = &io, .msg_iovlen = 1 };

    pk_scan_status_encode(status, bytes);
    while (sendmsg(PK_SCAN_SOCKET_FD, &message, MSG_NOSIGNAL) < 0) {
        if (errno != EINTR) {
            return -errno;
        }
    }
    return PK_OK;
}

/* Takes the descriptors out of a message. Their number must be what the request says. */
static int take_fds(struct msghdr *message, struct job *job)
{
    struct cmsghdr *head = CMSG_FIRSTHDR(message);
    size_t wanted = job->request.has_idsig ? FD_COUNT : FD_IDSIG;

    if (head == NULL || head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS ||
            head->cmsg_len != CMSG_LEN(wanted * sizeof(int)) ||
            (message->msg_flags & (MSG_CTRUNC | MSG_TRUNC)) != 0) {
        return PK_EMALF;
    }
    memcpy(job->fds, CMSG_DATA(head), wanted * sizeof(int));
    return PK_OK;
}

/* PK_ENOENT: nobody asks any more. */
static int receive(struct job *job)
{
    uint8_t bytes[PK_SCAN_REQUEST_SIZE + 1];
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(FD_COUNT * sizeof(int))];
    } control;
    struct iovec io = { .iov_base = bytes, .iov_len = sizeof(bytes) };
    struct msghdr message = {
        .msg_iov = &io,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof(control),
    };
    ssize_t n;
    int rc;

    do {
        n = recvmsg(PK_SCAN_SOCKET_FD, &message, MSG_CMSG_CLOEXEC);
    } while (n < 0 && errno == EINTR);
    if (n <= 0) {
        return n == 0 ? PK_ENOENT : -errno;
    }
    rc = pk_scan_request_decode(pk_slice_of(bytes, (size_t)n), &job->request);
    return rc < 0 ? rc : take_fds(&message, job);
}

static void close_fds(struct job *job)
{
    for (size_t i = 0; i < FD_COUNT; i++) {
        if (job->fds[i] >= 0) {
            (void)close(job->fds[i]);
        }
    }
}

int pk_warden_run(const struct pk_warden_work *work)
{
    struct warden warden = { .work = work };
    struct pk_scan_status status = { .state = PK_SCAN_NO_SANDBOX };
    int rc;

    /* Too much to write, or nobody to write to, are results and not deaths. */
    if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR || signal(SIGPIPE, SIG_IGN) == SIG_ERR) {
        return EXIT_FAILURE;
    }
    rc = pk_sandbox_enter_warden(&warden.sandbox, &status.step);
    if (rc < 0) {
        status.code = -rc;
        (void)send_status(&status);
        return EXIT_FAILURE;
    }
    status = (struct pk_scan_status){ .state = PK_SCAN_READY };
    rc = send_status(&status);
    for (unsigned long jobs = 0; rc == PK_OK; jobs++) {
        struct job job = { .fds = { -1, -1, -1 } };

        rc = receive(&job);
        if (rc == PK_OK) {
            if (jobs == 1 && work->warm != NULL) {
                work->warm();
            }
            status = (struct pk_scan_status){ .id = job.request.id };
            watch(&warden, &job, &status);
            close_fds(&job);
            rc = send_status(&status);
        }
    }
    return rc == PK_ENOENT ? EXIT_SUCCESS : EXIT_FAILURE;
}
