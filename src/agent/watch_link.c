#include "agent/watch_link.h"

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "agent/link_read.h"
#include "agent/loop.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/schema.h"

#define EVENT_BYTES   16384
#define SETTLE_MAX_MS 1000 /* a link that never rests is told all the same */
#define LOSS_MS       3000 /* gone this long: left */
#define LOST_MINUTE   PK_MINUTE_MS
#define ALSO_MAX      8

struct pk_link_watch {
    struct pk_loop *loop;
    struct mnl_socket *nl;
    char wanted[IF_NAMESIZE];
    int64_t settle_ms;
    struct pk_link_handlers handlers;
    void *ctx;
    struct pk_timer settle;
    int64_t restless_ms; /* when the first message since the last settling came; 0: none */
    int64_t gone_ms;     /* since when a settled reading finds no way out; 0: it is there */
    int64_t down_ms;     /* since when the carrier is gone; 0: it is there */
    int64_t back_ms;     /* when it came back */
    int64_t lost_ms;     /* after this long */
    unsigned epoch;
    struct pk_link_state told;
    bool told_once;
};

static bool same_state(const struct pk_link_state *a, const struct pk_link_state *b)
{
    return a->up == b->up && a->index == b->index && a->kind == b->kind && a->epoch == b->epoch &&
            a->prefix == b->prefix && strcmp(a->name, b->name) == 0 &&
            memcmp(a->mac, b->mac, 6) == 0 && pk_address_same(&a->address, &b->address) &&
            pk_address_same(&a->gateway, &b->gateway) &&
            pk_address_same(&a->gateway6, &b->gateway6);
}

static void tell(struct pk_link_watch *watch, const struct pk_link_state *state)
{
    if (watch->told_once && same_state(state, &watch->told)) {
        return;
    }
    watch->told = *state;
    watch->told_once = true;
    watch->handlers.changed(watch->ctx, &watch->told);
}

/* Has a way out but no address or no carrier: DHCP is under way, or the cable is being moved. */
static bool is_complete(const struct pk_link_state *state)
{
    return state->up && (state->address.family != 0 || state->gateway.family == 0);
}

static void on_settled(void *ctx)
{
    struct pk_link_watch *watch = ctx;
    struct pk_link_state state;
    int64_t now = pk_clock_monotonic_ms();

    watch->restless_ms = 0;
    if (pk_link_read(watch->wanted[0] != '\0' ? watch->wanted : NULL, &state, NULL) < 0) {
        pk_loop_arm(watch->loop, &watch->settle, SETTLE_MAX_MS);
        return;
    }
    state.epoch = watch->epoch;
    if (is_complete(&state)) {
        watch->gone_ms = 0;
        tell(watch, &state);
        return;
    }
    if (watch->gone_ms == 0) {
        watch->gone_ms = now;
    }
    if (watch->told_once && watch->told.up && now - watch->gone_ms < LOSS_MS) {
        pk_loop_arm(watch->loop, &watch->settle, LOSS_MS - (now - watch->gone_ms) + 1);
        return;
    }
    state = (struct pk_link_state){ .epoch = watch->epoch };
    tell(watch, &state);
}

/* Each message starts the quiet time anew, but not for ever. */
static void unsettle(struct pk_link_watch *watch)
{
    int64_t now = pk_clock_monotonic_ms();
    int64_t wait = watch->settle_ms;

    if (watch->restless_ms == 0) {
        watch->restless_ms = now;
    }
    if (now + wait > watch->restless_ms + SETTLE_MAX_MS) {
        wait = watch->restless_ms + SETTLE_MAX_MS - now;
    }
    pk_loop_arm(watch->loop, &watch->settle, wait);
}

static void on_carrier(struct pk_link_watch *watch, const struct nlmsghdr *message)
{
    const struct ifinfomsg *head = mnl_nlmsg_get_payload(message);
    int64_t now = pk_clock_monotonic_ms();
    bool carrier = (head->ifi_flags & IFF_UP) && (head->ifi_flags & IFF_RUNNING) &&
            message->nlmsg_type == RTM_NEWLINK;

    if (!watch->told.up || head->ifi_index != watch->told.index) {
        return;
    }
    if (!carrier && watch->down_ms == 0) {
        watch->down_ms = now;
    } else if (carrier && watch->down_ms != 0) {
        watch->lost_ms = now - watch->down_ms;
        watch->back_ms = now;
        watch->down_ms = 0;
        watch->epoch++;
    }
}

static void on_neighbour(struct pk_link_watch *watch, const struct nlmsghdr *message)
{
    struct pk_neighbour n;

    if (!watch->told.up || pk_neighbour_parse(message, &n) < 0 || n.index != watch->told.index) {
        return;
    }
    if (pk_address_same(&n.address, &watch->told.gateway)) {
        watch->handlers.neighbour(watch->ctx, n.mac);
    } else if (n.address.family == AF_INET6 && watch->handlers.neighbour6 != NULL) {
        watch->handlers.neighbour6(watch->ctx, n.address.bytes, n.mac);
    }
}

static int on_message(const struct nlmsghdr *message, void *ctx)
{
    struct pk_link_watch *watch = ctx;

    switch (message->nlmsg_type) {
    case RTM_NEWNEIGH:
        on_neighbour(watch, message);
        break;
    case RTM_NEWLINK:
    case RTM_DELLINK:
        on_carrier(watch, message);
        unsettle(watch);
        break;
    case RTM_NEWADDR:
    case RTM_DELADDR:
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
        unsettle(watch);
        break;
    default:
        break;
    }
    return MNL_CB_OK;
}

static void on_readable(void *ctx, uint32_t events)
{
    struct pk_link_watch *watch = ctx;
    char buffer[EVENT_BYTES];
    ssize_t len;

    (void)events;
    while ((len = mnl_socket_recvfrom(watch->nl, buffer, sizeof(buffer))) > 0) {
        (void)mnl_cb_run(buffer, (size_t)len, 0, 0, on_message, watch);
    }
    if (errno == ENOBUFS) { /* messages were lost: look for ourselves */
        unsettle(watch);
    }
}

static int open_socket(struct pk_link_watch *watch, struct pk_error *err)
{
    static const int groups[] = { RTNLGRP_LINK, RTNLGRP_NEIGH, RTNLGRP_IPV4_IFADDR,
        RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE };

    watch->nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (watch->nl == NULL || mnl_socket_bind(watch->nl, 0, MNL_SOCKET_AUTOPID) < 0) {
        return pk_error_set(err, -errno, "netlink: %s", pk_code_text(-errno));
    }
    for (size_t i = 0; i < PK_COUNT(groups); i++) {
        int group = groups[i];

        if (mnl_socket_setsockopt(watch->nl, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0) {
            return pk_error_set(err, -errno, "netlink group %d: %s", group, pk_code_text(-errno));
        }
    }
    return pk_loop_add(watch->loop, mnl_socket_get_fd(watch->nl), EPOLLIN, on_readable, watch, err);
}

int pk_link_watch_create(struct pk_loop *loop, const char *interface, int64_t settle_ms,
        const struct pk_link_handlers *handlers, void *ctx, struct pk_link_watch **out,
        struct pk_error *err)
{
    struct pk_link_watch *watch = calloc(1, sizeof(*watch));
    int rc;

    if (watch == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    watch->loop = loop;
    watch->settle_ms = settle_ms;
    watch->handlers = *handlers;
    watch->ctx = ctx;
    pk_timer_init(&watch->settle, on_settled, watch);
    if (interface != NULL) {
        strncpy(watch->wanted, interface, sizeof(watch->wanted) - 1);
    }
    rc = open_socket(watch, err);
    if (rc < 0) {
        pk_link_watch_destroy(watch);
        return rc;
    }
    pk_loop_arm(loop, &watch->settle, 0);
    *out = watch;
    return PK_OK;
}

void pk_link_watch_destroy(struct pk_link_watch *watch)
{
    if (watch == NULL) {
        return;
    }
    pk_loop_disarm(watch->loop, &watch->settle);
    if (watch->nl != NULL) {
        pk_loop_remove(watch->loop, mnl_socket_get_fd(watch->nl));
        mnl_socket_close(watch->nl);
    }
    free(watch);
}

struct search {
    const struct pk_link_state *state;
    const uint8_t *wanted; /* NULL: the gateway's own entry is wanted */
    uint8_t mac[6];        /* out */
    bool found;
    struct pk_arena *arena;
    struct pk_strings *also;
};

static void look_at(void *ctx, const struct pk_neighbour *n)
{
    struct search *search = ctx;
    bool is_gateway = pk_address_same(&n->address, &search->state->gateway);
    char text[PK_ADDRESS_TEXT];

    if (n->index != search->state->index) {
        return;
    }
    if (search->wanted == NULL && is_gateway) {
        memcpy(search->mac, n->mac, 6);
        search->found = true;
    } else if (search->wanted != NULL && !is_gateway && memcmp(n->mac, search->wanted, 6) == 0 &&
            search->also->items != NULL && search->also->count < ALSO_MAX) {
        search->also->items[search->also->count] = pk_arena_strdup(
                search->arena, pk_address_text(&n->address, text));
        search->also->count += search->also->items[search->also->count] != NULL;
    }
}

bool pk_link_gateway_mac(const struct pk_link_state *state, uint8_t mac[6])
{
    struct search search = { .state = state };

    if (state->gateway.family != AF_INET || pk_neighbour_list(look_at, &search, NULL) < 0 ||
            !search.found) {
        return false;
    }
    memcpy(mac, search.mac, sizeof(search.mac));
    return true;
}

void pk_link_also(const struct pk_link_state *state, const uint8_t mac[6], struct pk_arena *arena,
        struct pk_strings *out)
{
    struct search search = { .state = state, .wanted = mac, .arena = arena, .also = out };

    out->items = pk_arena_alloc(arena, ALSO_MAX, sizeof(*out->items));
    out->count = 0;
    (void)!pk_neighbour_list(look_at, &search, NULL);
}

int64_t pk_link_lost_ms(const struct pk_link_watch *watch)
{
    int64_t now = pk_clock_monotonic_ms();

    if (watch->down_ms != 0) {
        return now - watch->down_ms;
    }
    return watch->back_ms != 0 && now - watch->back_ms < LOST_MINUTE ? watch->lost_ms : 0;
}
