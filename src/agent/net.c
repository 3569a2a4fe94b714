#include "agent/net.h"

#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include "base/clock.h"

struct pk_deadline pk_deadline_in(int64_t in_ms, int cancel_fd)
{
    return (struct pk_deadline){ pk_clock_monotonic_ms() + in_ms, cancel_fd };
}

int64_t pk_deadline_left_ms(const struct pk_deadline *deadline)
{
    int64_t left = deadline->at_ms - pk_clock_monotonic_ms();

    return left > 0 ? left : 0;
}

int pk_net_wait(int fd, short events, const struct pk_deadline *deadline)
{
    for (;;) {
        struct pollfd fds[2] = { { .fd = fd, .events = events },
            { .fd = deadline->cancel_fd, .events = POLLIN } };
        int64_t left = pk_deadline_left_ms(deadline);
        int count = poll(fds, 2, left > INT_MAX ? INT_MAX : (int)left);

        if (count < 0 && errno != EINTR) {
            return -errno;
        }
        if (count > 0 && fds[1].revents != 0) {
            return -ECANCELED;
        }
        if (count > 0) {
            return PK_OK;
        }
        if (count == 0 && pk_deadline_left_ms(deadline) == 0) {
            return PK_ETIMEDOUT;
        }
    }
}

static int wait_connected(int fd, const struct pk_deadline *deadline)
{
    int code = 0;
    socklen_t len = sizeof(code);
    int rc = pk_net_wait(fd, POLLOUT, deadline);

    if (rc < 0) {
        return rc;
    }
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &len) < 0) {
        return -errno;
    }
    return -code;
}

int pk_net_connect(const struct pk_address *address, const struct pk_deadline *deadline, int *out,
        struct pk_error *err)
{
    struct sockaddr_storage to;
    socklen_t len = pk_address_sockaddr(address, &to);
    int fd = socket(address->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int rc = PK_OK;

    if (fd < 0) {
        return pk_error_set(err, -errno, "no socket: %s", pk_code_text(-errno));
    }
    if (connect(fd, (struct sockaddr *)&to, len) < 0) {
        rc = errno == EINPROGRESS ? wait_connected(fd, deadline) : -errno;
    }
    if (rc < 0) {
        (void)close(fd);
        return pk_error_set(err, rc, "cannot connect: %s", pk_code_text(rc));
    }
    *out = fd;
    return PK_OK;
}
