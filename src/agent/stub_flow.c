/* One question over TCP to a resolver (RFC 1035 section 4.2.2, RFC 7766). */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "agent/stub_internal.h"

struct stub_flow {
    bool sending;
    size_t len;  /* of what is sent, then of the answer with its length */
    size_t done; /* of that */
    uint8_t *bytes;
};

void stub_flow_end(struct stub_flow *flow)
{
    if (flow != NULL) {
        free(flow->bytes);
        free(flow);
    }
}

static int connect_to(const struct pk_address *server)
{
    struct sockaddr_storage to;
    socklen_t len = pk_address_sockaddr(server, &to);
    int fd = socket(server->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        return -1;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
    if (connect(fd, (const struct sockaddr *)&to, len) < 0 && errno != EINPROGRESS) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

struct stub_flow *stub_flow_start(
        const struct pk_address *server, struct pk_slice message, uint16_t id, int *fd)
{
    struct stub_flow *flow = calloc(1, sizeof(*flow));

    if (flow == NULL) {
        return NULL;
    }
    flow->sending = true;
    flow->len = 2 + message.len;
    flow->bytes = malloc(flow->len);
    *fd = flow->bytes != NULL ? connect_to(server) : -1;
    if (*fd < 0) {
        stub_flow_end(flow);
        return NULL;
    }
    pk_relay_set_id(flow->bytes, (uint16_t)message.len); /* the length, in the same form */
    memcpy(flow->bytes + 2, message.ptr, message.len);
    pk_relay_set_id(flow->bytes + 2, id);
    return flow;
}

static enum stub_flow_state waits(uint32_t *events, uint32_t what)
{
    *events = what;
    return FLOW_WAITING;
}

/* The answer's length is known now. */
static bool make_room(struct stub_flow *flow)
{
    size_t len = (size_t)flow->bytes[0] << 8 | flow->bytes[1];
    uint8_t *more = len > 0 ? realloc(flow->bytes, 2 + len) : NULL;

    if (more == NULL) {
        return false;
    }
    flow->bytes = more;
    flow->len = 2 + len;
    return true;
}

enum stub_flow_state stub_flow_go(struct stub_flow *flow, int fd, uint32_t *events)
{
    for (;;) {
        ssize_t n = flow->sending
                ? send(fd, flow->bytes + flow->done, flow->len - flow->done, MSG_NOSIGNAL)
                : recv(fd, flow->bytes + flow->done, flow->len - flow->done, 0);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 && (errno == EAGAIN || errno == EINPROGRESS || errno == ENOTCONN)) {
            return waits(events, flow->sending ? EPOLLOUT : EPOLLIN);
        }
        if (n <= 0) {
            return FLOW_FAILED;
        }
        flow->done += (size_t)n;
        if (flow->done < flow->len) {
            continue;
        }
        if (flow->sending) {
            flow->sending = false;
            flow->done = 0;
            flow->len = 2;
        } else if (flow->len > 2) {
            return FLOW_DONE;
        } else if (!make_room(flow)) {
            return FLOW_FAILED;
        }
    }
}

uint8_t *stub_flow_answer(struct stub_flow *flow, size_t *len)
{
    *len = flow->len - 2;
    return flow->bytes + 2;
}
