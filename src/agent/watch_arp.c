#include "agent/watch_arp.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/loop.h"
#include "agent/rights.h"

struct pk_arp_watch {
    struct pk_loop *loop;
    int fd;
    int index;
    void (*fn)(void *ctx, const struct pk_arp_frame *frame);
    void *ctx;
};

static void on_readable(void *ctx, uint32_t events)
{
    struct pk_arp_watch *watch = ctx;
    uint8_t bytes[128];
    struct pk_arp_frame frame;
    int limit = 64; /* a flood must not starve the rest of the agent */

    (void)events;
    while (limit-- > 0) {
        ssize_t len = recv(watch->fd, bytes, sizeof(bytes), 0);

        if (len < 0) {
            return;
        }
        if (pk_arp_parse(pk_slice_of(bytes, (size_t)len), &frame) == PK_OK) {
            watch->fn(watch->ctx, &frame);
        }
    }
}

static int attach(int fd, struct sock_filter *code, size_t count, struct pk_error *err)
{
    struct sock_fprog program = { .len = (unsigned short)count, .filter = code };

    if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0) {
        return pk_error_set(err, -errno, "socket filter: %s", pk_code_text(-errno));
    }
    return PK_OK;
}

static int open_socket(int index, int *out, struct pk_error *err)
{
    struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
    struct sockaddr_ll at = {
        .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ARP), .sll_ifindex = index
    };
    int fd = pk_rights_packet_socket();
    int rc;

    if (fd < 0) {
        return pk_error_set(err, fd, "packet socket: %s", pk_code_text(fd));
    }
    rc = attach(fd, &nothing, 1, err);
    if (rc == PK_OK && bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0) {
        rc = pk_error_set(err, -errno, "packet socket: %s", pk_code_text(-errno));
    }
    if (rc < 0) {
        (void)close(fd);
        return rc;
    }
    *out = fd;
    return PK_OK;
}

int pk_arp_watch_create(struct pk_loop *loop, int interface_index,
        void (*fn)(void *ctx, const struct pk_arp_frame *frame), void *ctx,
        struct pk_arp_watch **out, struct pk_error *err)
{
    struct pk_arp_watch *watch = malloc(sizeof(*watch));
    int rc;

    if (watch == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    *watch = (struct pk_arp_watch){
        .loop = loop, .fd = -1, .index = interface_index, .fn = fn, .ctx = ctx
    };
    rc = open_socket(interface_index, &watch->fd, err);
    if (rc == PK_OK) {
        rc = pk_loop_add(loop, watch->fd, EPOLLIN, on_readable, watch, err);
    }
    if (rc < 0) {
        pk_arp_watch_destroy(watch);
        return rc;
    }
    *out = watch;
    return PK_OK;
}

void pk_arp_watch_destroy(struct pk_arp_watch *watch)
{
    if (watch == NULL) {
        return;
    }
    if (watch->fd >= 0) {
        pk_loop_remove(watch->loop, watch->fd);
        (void)close(watch->fd);
    }
    free(watch);
}

int pk_arp_watch_filter(struct pk_arp_watch *watch, const uint8_t address[4], const uint8_t *known,
        struct pk_error *err)
{
    struct sock_filter code[PK_ARP_FILTER_MAX];
    size_t count = pk_arp_filter(address, known, code);

    return attach(watch->fd, code, count, err);
}

int pk_arp_ask(struct pk_arp_watch *watch, const uint8_t own_mac[6], const uint8_t own_ip[4],
        const uint8_t address[4], const uint8_t *to, struct pk_error *err)
{
    static const uint8_t everybody[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
    struct pk_arp_frame frame = { .op = PK_ARP_REQUEST };
    struct sockaddr_ll at = { .sll_family = AF_PACKET,
        .sll_protocol = htons(ETH_P_ARP),
        .sll_ifindex = watch->index,
        .sll_halen = 6 };
    uint8_t bytes[PK_ARP_FRAME_BYTES];

    memcpy(frame.to, to != NULL ? to : everybody, 6);
    memcpy(frame.sender_mac, own_mac, 6);
    memcpy(frame.sender_ip, own_ip, 4);
    memcpy(frame.target_ip, address, 4);
    memcpy(at.sll_addr, frame.to, 6);
    pk_arp_build(&frame, bytes);
    if (sendto(watch->fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&at, sizeof(at)) < 0) {
        return pk_error_set(err, -errno, "cannot ask: %s", pk_code_text(-errno));
    }
    return PK_OK;
}
