#include "agent/link_read.h"

#include <libmnl/libmnl.h>
#include <linux/if_arp.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DUMP_BYTES 16384

enum link_kind {
    LINK_UNKNOWN,
    LINK_WIFI,
    LINK_WIRED,
    LINK_CELLULAR,
    LINK_VPN
};

struct route {
    bool found;
    int index;
    uint32_t metric;
    struct pk_address gateway;
};

struct look {
    struct pk_link_state *state;
    const char *wanted; /* interface, or NULL */
    struct route route;
    bool carrier;
    unsigned hardware; /* ARPHRD_* */
};

/* One dump request; every answer goes to fn. */
static int dump(int type, int family, mnl_cb_t fn, void *ctx, struct pk_error *err)
{
    char buffer[DUMP_BYTES];
    struct mnl_socket *nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
    struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
    struct rtgenmsg *general;
    ssize_t len;
    int more = MNL_CB_OK;

    if (nl == NULL || mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0) {
        int code = -errno;

        if (nl != NULL) {
            mnl_socket_close(nl);
        }
        return pk_error_set(err, code, "netlink: %s", pk_code_text(code));
    }
    request->nlmsg_type = (uint16_t)type;
    request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    request->nlmsg_seq = 1;
    general = mnl_nlmsg_put_extra_header(request, sizeof(*general));
    general->rtgen_family = (unsigned char)family;
    if (mnl_socket_sendto(nl, request, request->nlmsg_len) < 0) {
        more = MNL_CB_ERROR;
    }
    while (more > MNL_CB_STOP) {
        len = mnl_socket_recvfrom(nl, buffer, sizeof(buffer));
        more = len < 0 ? MNL_CB_ERROR
                       : mnl_cb_run(buffer, (size_t)len, 1, mnl_socket_get_portid(nl), fn, ctx);
    }
    mnl_socket_close(nl);
    return more == MNL_CB_ERROR ? pk_error_set(err, PK_EIO, "netlink gives no answer") : PK_OK;
}

static void read_address(const struct nlattr *attr, int family, struct pk_address *out)
{
    size_t len = family == AF_INET ? 4 : 16;

    if (mnl_attr_get_payload_len(attr) == len) {
        *out = (struct pk_address){ .family = family };
        memcpy(out->bytes, mnl_attr_get_payload(attr), len);
    }
}

struct route_row {
    struct pk_address gateway;
    uint32_t table, metric;
    int index;
};

static void read_route(const struct nlmsghdr *message, struct route_row *row)
{
    const struct rtmsg *head = mnl_nlmsg_get_payload(message);
    struct nlattr *attr;

    *row = (struct route_row){ .table = head->rtm_table };
    mnl_attr_for_each(attr, message, sizeof(*head))
    {
        size_t len = mnl_attr_get_payload_len(attr);

        switch (mnl_attr_get_type(attr)) {
        case RTA_GATEWAY:
            read_address(attr, head->rtm_family, &row->gateway);
            break;
        case RTA_OIF:
            row->index = len == 4 ? (int)mnl_attr_get_u32(attr) : 0;
            break;
        case RTA_PRIORITY:
            row->metric = len == 4 ? mnl_attr_get_u32(attr) : 0;
            break;
        case RTA_TABLE:
            row->table = len == 4 ? mnl_attr_get_u32(attr) : 0;
            break;
        default:
            break;
        }
    }
}

static int on_route(const struct nlmsghdr *message, void *ctx)
{
    struct look *look = ctx;
    const struct rtmsg *head = mnl_nlmsg_get_payload(message);
    struct route_row row;
    char name[IF_NAMESIZE] = "";

    if (head->rtm_dst_len != 0 || head->rtm_type != RTN_UNICAST) {
        return MNL_CB_OK;
    }
    read_route(message, &row);
    if (row.table != RT_TABLE_MAIN || row.index == 0 ||
            (look->wanted != NULL &&
                    (if_indextoname((unsigned)row.index, name) == NULL ||
                            strcmp(name, look->wanted) != 0))) {
        return MNL_CB_OK;
    }
    if (!look->route.found || row.metric < look->route.metric) {
        look->route = (struct route){ true, row.index, row.metric, row.gateway };
    }
    return MNL_CB_OK;
}

static int on_link(const struct nlmsghdr *message, void *ctx)
{
    struct look *look = ctx;
    const struct ifinfomsg *head = mnl_nlmsg_get_payload(message);
    struct nlattr *attr;

    if (head->ifi_index != look->state->index) {
        return MNL_CB_OK;
    }
    look->carrier = (head->ifi_flags & IFF_UP) && (head->ifi_flags & IFF_RUNNING);
    look->hardware = head->ifi_type;
    mnl_attr_for_each(attr, message, sizeof(*head))
    {
        if (mnl_attr_get_type(attr) == IFLA_ADDRESS && mnl_attr_get_payload_len(attr) == 6) {
            memcpy(look->state->mac, mnl_attr_get_payload(attr), 6);
        } else if (mnl_attr_get_type(attr) == IFLA_IFNAME) {
            snprintf(look->state->name, sizeof(look->state->name), "%s", mnl_attr_get_str(attr));
        }
    }
    return MNL_CB_OK;
}

static int on_address(const struct nlmsghdr *message, void *ctx)
{
    struct look *look = ctx;
    const struct ifaddrmsg *head = mnl_nlmsg_get_payload(message);
    struct nlattr *attr;

    if ((int)head->ifa_index != look->state->index || look->state->address.family != 0 ||
            (head->ifa_flags & IFA_F_SECONDARY)) {
        return MNL_CB_OK;
    }
    mnl_attr_for_each(attr, message, sizeof(*head))
    {
        if (mnl_attr_get_type(attr) == IFA_LOCAL) {
            read_address(attr, AF_INET, &look->state->address);
            look->state->prefix = head->ifa_prefixlen;
        }
    }
    return MNL_CB_OK;
}

static int link_kind(const char *name, unsigned hardware)
{
    char path[128];

    snprintf(path, sizeof(path), "/sys/class/net/%s/phy80211", name);
    if (access(path, F_OK) == 0) {
        return LINK_WIFI;
    }
    if (strncmp(name, "ww", 2) == 0) { /* predictable names: wireless wide area */
        return LINK_CELLULAR;
    }
    if (hardware == ARPHRD_NONE || hardware == ARPHRD_PPP) {
        return LINK_VPN;
    }
    return hardware == ARPHRD_ETHER ? LINK_WIRED : LINK_UNKNOWN;
}

int pk_link_read(const char *interface, struct pk_link_state *out, struct pk_error *err)
{
    struct pk_link_state state = { 0 };
    struct look look = { .state = &state, .wanted = interface };
    struct look look6 = { .state = &state, .wanted = interface };
    int rc = dump(RTM_GETROUTE, AF_INET, on_route, &look, err);

    if (rc == PK_OK) {
        rc = dump(RTM_GETROUTE, AF_INET6, on_route, &look6, err);
    }
    if (rc < 0 || (!look.route.found && !look6.route.found)) {
        goto out;
    }
    state.index = look.route.found ? look.route.index : look6.route.index;
    state.gateway = look.route.gateway;
    if (look6.route.found && look6.route.index == state.index) {
        state.gateway6 = look6.route.gateway;
    }
    rc = dump(RTM_GETLINK, AF_UNSPEC, on_link, &look, err);
    if (rc == PK_OK) {
        rc = dump(RTM_GETADDR, AF_INET, on_address, &look, err);
    }
    state.kind = link_kind(state.name, look.hardware);
    state.up = look.carrier;
out:
    if (rc == PK_OK) {
        *out = state;
    }
    return rc;
}

int pk_neighbour_parse(const struct nlmsghdr *message, struct pk_neighbour *out)
{
    const struct ndmsg *head = mnl_nlmsg_get_payload(message);
    struct pk_neighbour n = { 0 };
    struct nlattr *attr;
    bool has_mac = false;

    if (message->nlmsg_type != RTM_NEWNEIGH || mnl_nlmsg_get_payload_len(message) < sizeof(*head) ||
            (head->ndm_state & (NUD_NOARP | NUD_FAILED | NUD_INCOMPLETE))) {
        return PK_ENOENT;
    }
    n.index = head->ndm_ifindex;
    mnl_attr_for_each(attr, message, sizeof(*head))
    {
        if (mnl_attr_get_type(attr) == NDA_DST) {
            read_address(attr, head->ndm_family, &n.address);
        } else if (mnl_attr_get_type(attr) == NDA_LLADDR && mnl_attr_get_payload_len(attr) == 6) {
            memcpy(n.mac, mnl_attr_get_payload(attr), 6);
            has_mac = true;
        }
    }
    if (!has_mac || n.address.family == 0) {
        return PK_ENOENT;
    }
    *out = n;
    return PK_OK;
}

struct listing {
    void (*fn)(void *ctx, const struct pk_neighbour *neighbour);
    void *ctx;
};

static int on_neighbour(const struct nlmsghdr *message, void *ctx)
{
    const struct listing *listing = ctx;
    struct pk_neighbour n;

    if (pk_neighbour_parse(message, &n) == PK_OK) {
        listing->fn(listing->ctx, &n);
    }
    return MNL_CB_OK;
}

int pk_neighbour_list(void (*fn)(void *ctx, const struct pk_neighbour *neighbour), void *ctx,
        struct pk_error *err)
{
    struct listing listing = { fn, ctx };

    return dump(RTM_GETNEIGH, AF_INET, on_neighbour, &listing, err);
}

int pk_neighbour_list6(void (*fn)(void *ctx, const struct pk_neighbour *neighbour), void *ctx,
        struct pk_error *err)
{
    struct listing listing = { fn, ctx };

    return dump(RTM_GETNEIGH, AF_INET6, on_neighbour, &listing, err);
}

struct own6 {
    int index;
    bool found;
    uint8_t address[16];
};

static int on_address6(const struct nlmsghdr *message, void *ctx)
{
    struct own6 *own = ctx;
    const struct ifaddrmsg *head = mnl_nlmsg_get_payload(message);
    struct nlattr *attr;

    if ((int)head->ifa_index != own->index || head->ifa_family != AF_INET6 ||
            head->ifa_scope != RT_SCOPE_LINK || own->found) {
        return MNL_CB_OK;
    }
    mnl_attr_for_each(attr, message, sizeof(*head))
    {
        if (mnl_attr_get_type(attr) == IFA_ADDRESS && mnl_attr_get_payload_len(attr) == 16) {
            memcpy(own->address, mnl_attr_get_payload(attr), 16);
            own->found = true;
        }
    }
    return MNL_CB_OK;
}

int pk_link_local6(int index, uint8_t out[16], struct pk_error *err)
{
    struct own6 own = { .index = index };
    int rc = dump(RTM_GETADDR, AF_INET6, on_address6, &own, err);

    if (rc == PK_OK && !own.found) {
        rc = pk_error_set(err, PK_ENOENT, "no link-local address");
    }
    if (rc == PK_OK) {
        memcpy(out, own.address, sizeof(own.address));
    }
    return rc;
}

struct routers6 {
    int index;
    void (*fn)(void *ctx, const struct pk_address *router);
    void *ctx;
};

static int on_route6(const struct nlmsghdr *message, void *ctx)
{
    const struct routers6 *routers = ctx;
    const struct rtmsg *head = mnl_nlmsg_get_payload(message);
    struct route_row row;

    if (head->rtm_dst_len != 0 || head->rtm_type != RTN_UNICAST || head->rtm_family != AF_INET6) {
        return MNL_CB_OK;
    }
    read_route(message, &row);
    if (row.index == routers->index && row.gateway.family == AF_INET6) {
        routers->fn(routers->ctx, &row.gateway);
    }
    return MNL_CB_OK;
}

int pk_link_routers6(int index, void (*fn)(void *ctx, const struct pk_address *router), void *ctx,
        struct pk_error *err)
{
    struct routers6 routers = { index, fn, ctx };

    return dump(RTM_GETROUTE, AF_INET6, on_route6, &routers, err);
}
