#include "agent/watch_packets.h"

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

#define FRAME_MIN  14
#define FILTER_MAX 256
#define AT_ONCE    64 /* a flood must not starve the rest of the agent */

struct pk_packet_watch {
    struct pk_loop *loop;
    int fd;
    int index;
    uint16_t ethertype;
    void (*fn)(void *ctx, struct pk_slice frame);
    void *ctx;
    bool *gone; /* set when fn destroys us */
    size_t bytes_max;
    uint8_t bytes[];
};

static void on_readable(void *ctx, uint32_t events)
{
    struct pk_packet_watch *watch = ctx;
    bool gone = false;

    (void)events;
    watch->gone = &gone;
    for (int i = 0; i < AT_ONCE; i++) {
        ssize_t len = recv(watch->fd, watch->bytes, watch->bytes_max, 0);

        if (len < 0) {
            break;
        }
        if (len >= FRAME_MIN) {
            watch->fn(watch->ctx, pk_slice_of(watch->bytes, (size_t)len));
        }
        if (gone) {
            return;
        }
    }
    watch->gone = NULL;
}

int pk_packet_watch_filter(struct pk_packet_watch *watch, const struct sock_filter *code,
        size_t count, struct pk_error *err)
{
    struct sock_filter copy[FILTER_MAX]; /* the kernel's structure is not for constants */
    struct sock_fprog program = { .len = (unsigned short)count, .filter = copy };

    if (count > FILTER_MAX) {
        return pk_error_set(err, PK_ELIMIT, "a filter of more than %d steps", FILTER_MAX);
    }
    memcpy(copy, code, count * sizeof(*code));

    if (setsockopt(watch->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0) {
        return pk_error_set(err, -errno, "socket filter: %s", pk_code_text(-errno));
    }
    return PK_OK;
}

static int open_socket(struct pk_packet_watch *watch, struct pk_error *err)
{
    static const struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
    struct sockaddr_ll at = { .sll_family = AF_PACKET,
        .sll_protocol = htons(watch->ethertype),
        .sll_ifindex = watch->index };
    int rc;

    watch->fd = pk_rights_packet_socket();
    if (watch->fd < 0) {
        return pk_error_set(err, watch->fd, "packet socket: %s", pk_code_text(watch->fd));
    }
    rc = pk_packet_watch_filter(watch, &nothing, 1, err); /* before the first frame can come */
    if (rc == PK_OK && bind(watch->fd, (struct sockaddr *)&at, sizeof(at)) < 0) {
        rc = pk_error_set(err, -errno, "packet socket: %s", pk_code_text(-errno));
    }
    return rc;
}

int pk_packet_watch_create(struct pk_loop *loop, int interface_index, uint16_t ethertype,
        size_t bytes_max, void (*fn)(void *ctx, struct pk_slice frame), void *ctx,
        struct pk_packet_watch **out, struct pk_error *err)
{
    struct pk_packet_watch *watch = calloc(1, sizeof(*watch) + bytes_max);
    int rc;

    if (watch == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    watch->loop = loop;
    watch->fd = -1;
    watch->index = interface_index;
    watch->ethertype = ethertype;
    watch->fn = fn;
    watch->ctx = ctx;
    watch->bytes_max = bytes_max;
    rc = open_socket(watch, err);
    if (rc == PK_OK) {
        rc = pk_loop_add(loop, watch->fd, EPOLLIN, on_readable, watch, err);
    }
    if (rc < 0) {
        pk_packet_watch_destroy(watch);
        return rc;
    }
    *out = watch;
    return PK_OK;
}

void pk_packet_watch_destroy(struct pk_packet_watch *watch)
{
    if (watch == NULL) {
        return;
    }
    if (watch->gone != NULL) {
        *watch->gone = true;
    }
    if (watch->fd >= 0) {
        pk_loop_remove(watch->loop, watch->fd);
        (void)close(watch->fd);
    }
    free(watch);
}

int pk_packet_send(struct pk_packet_watch *watch, struct pk_slice frame, struct pk_error *err)
{
    struct sockaddr_ll at = { .sll_family = AF_PACKET,
        .sll_protocol = htons(watch->ethertype),
        .sll_ifindex = watch->index,
        .sll_halen = 6 };

    if (frame.len < FRAME_MIN) {
        return pk_error_set(err, PK_EBOUNDS, "a frame has at least %d bytes", FRAME_MIN);
    }
    memcpy(at.sll_addr, frame.ptr, 6);
    if (sendto(watch->fd, frame.ptr, frame.len, 0, (struct sockaddr *)&at, sizeof(at)) < 0) {
        return pk_error_set(err, -errno, "cannot send: %s", pk_code_text(-errno));
    }
    return PK_OK;
}
