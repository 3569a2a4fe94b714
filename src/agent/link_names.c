#include "agent/link_names.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/crypt.h"
#include "wire/dns.h"
#include "wire/nbns.h"

#define LLMNR_PORT 5355
#define MDNS_PORT  5353
#define REPLY_MAX  1500
/* Neighbours answer within milliseconds; LLMNR_TIMEOUT is 1 s at most (RFC 4795 section 7). */
#define WAIT_MS 700

struct call {
    int fd;
    uint16_t id;
    char name[80];
    uint8_t query[PK_DNS_QUERY_MAX];
    size_t len;
    struct sockaddr_in to;
};

static uint32_t broadcast_of(const struct pk_address *address, unsigned prefix)
{
    uint32_t own;

    memcpy(&own, address->bytes, 4);
    return prefix >= 32 ? own : own | htonl(UINT32_MAX >> prefix);
}

static int build(struct call *call, enum pk_link_way way, const char *name,
        const struct pk_address *own, unsigned prefix)
{
    int rc;

    pk_random(&call->id, sizeof(call->id));
    call->to.sin_family = AF_INET;
    snprintf(call->name, sizeof(call->name), "%s%s", name, way == PK_LINK_MDNS ? ".local" : "");
    if (way == PK_LINK_NETBIOS) {
        call->to.sin_port = htons(PK_NBNS_PORT);
        call->to.sin_addr.s_addr = broadcast_of(own, prefix);
        call->len = PK_NBNS_QUERY;
        return pk_nbns_build(call->id, name, call->query);
    }
    rc = pk_dns_build(call->id, call->name, PK_DNS_A, call->query, &call->len);
    if (rc < 0) {
        return rc;
    }
    call->query[2] = 0; /* nobody recurses here; in LLMNR the bit means something else */
    call->to.sin_port = htons(way == PK_LINK_MDNS ? MDNS_PORT : LLMNR_PORT);
    /* From another port than 5353 the answer comes back as from a plain server (RFC 6762 section 6.7). */
    call->to.sin_addr.s_addr = htonl(way == PK_LINK_MDNS ? 0xe00000fb : 0xe00000fc);
    return PK_OK;
}

static int open_call(struct call *call, unsigned interface, const struct pk_address *own)
{
    struct ip_mreqn out = { .imr_ifindex = (int)interface };
    const unsigned char once = 1; /* hops: no further than the link */
    const int on = 1;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    memcpy(&out.imr_address, own->bytes, 4);
    if (fd < 0) {
        return -errno;
    }
    if (setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &out, sizeof(out)) < 0 ||
            setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &once, sizeof(once)) < 0 ||
            setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on)) < 0 ||
            sendto(fd, call->query, call->len, 0, (struct sockaddr *)&call->to, sizeof(call->to)) <
                    0) {
        int rc = -errno;

        (void)close(fd);
        return rc;
    }
    call->fd = fd;
    return PK_OK;
}

static bool read_answer(const struct call *call, enum pk_link_way way, struct pk_slice message,
        struct pk_address *out)
{
    struct pk_dns_answer answer;

    if (way == PK_LINK_NETBIOS) {
        return pk_nbns_parse(message, call->id, call->name, out) == PK_OK;
    }
    if (pk_dns_parse(message, call->id, call->name, PK_DNS_A, &answer) < 0 || answer.count == 0) {
        return false;
    }
    *out = answer.addresses[0];
    return true;
}

static void receive(const struct call *call, enum pk_link_way way, struct pk_link_answer *out)
{
    uint8_t reply[REPLY_MAX];
    struct sockaddr_in from;
    socklen_t from_len = sizeof(from);
    ssize_t len = recvfrom(call->fd, reply, sizeof(reply), 0, (struct sockaddr *)&from, &from_len);

    if (len > 0 && from_len == sizeof(from) && !out->answered &&
            read_answer(call, way, pk_slice_of(reply, (size_t)len), &out->address)) {
        out->answered = true;
        out->from = (struct pk_address){ .family = AF_INET };
        memcpy(out->from.bytes, &from.sin_addr, 4);
    }
}

static void collect(const struct call calls[PK_LINK_WAYS], const struct pk_deadline *deadline,
        struct pk_link_answer out[PK_LINK_WAYS])
{
    struct pk_deadline wait = pk_deadline_in(WAIT_MS, deadline->cancel_fd);

    wait.at_ms = wait.at_ms < deadline->at_ms ? wait.at_ms : deadline->at_ms;
    for (;;) {
        struct pollfd fds[PK_LINK_WAYS + 1];
        int64_t left = pk_deadline_left_ms(&wait);

        for (int i = 0; i < PK_LINK_WAYS; i++) {
            fds[i] = (struct pollfd){ .fd = calls[i].fd, .events = POLLIN };
        }
        fds[PK_LINK_WAYS] = (struct pollfd){ .fd = wait.cancel_fd, .events = POLLIN };
        if (left == 0 || (poll(fds, PK_COUNT(fds), (int)left) < 0 && errno != EINTR) ||
                fds[PK_LINK_WAYS].revents != 0) {
            return;
        }
        for (int i = 0; i < PK_LINK_WAYS; i++) {
            if (fds[i].fd >= 0 && fds[i].revents != 0) {
                receive(&calls[i], (enum pk_link_way)i, &out[i]);
            }
        }
    }
}

void pk_link_ask(const char *name, unsigned interface, const struct pk_address *address,
        unsigned prefix, const struct pk_deadline *deadline,
        struct pk_link_answer out[PK_LINK_WAYS])
{
    struct call calls[PK_LINK_WAYS] = { 0 };

    memset(out, 0, PK_LINK_WAYS * sizeof(*out));
    for (int i = 0; i < PK_LINK_WAYS; i++) {
        calls[i].fd = -1;
        if (build(&calls[i], (enum pk_link_way)i, name, address, prefix) == PK_OK) {
            (void)!open_call(&calls[i], interface, address);
        }
    }
    collect(calls, deadline, out);
    for (int i = 0; i < PK_LINK_WAYS; i++) {
        if (calls[i].fd >= 0) {
            (void)close(calls[i].fd);
        }
    }
}
