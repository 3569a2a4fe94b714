#include "agent/nl80211.h"

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/nl80211.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "agent/loop.h"
#include "wire/ie80211.h"

#define BYTES       16384
#define GROUPS_MAX  4
#define CAP_PRIVACY 0x10

struct pk_nl80211 {
    struct pk_loop *loop;
    struct mnl_socket *nl;
    void (*fn)(void *ctx);
    void *ctx;
};

/* --- the family's number and its groups --------------------------------------------------- */

struct family {
    uint16_t id; /* 0: there is none */
    uint32_t groups[GROUPS_MAX];
    size_t group_count;
};

static bool is_wanted(const char *name)
{
    return strcmp(name, NL80211_MULTICAST_GROUP_SCAN) == 0 ||
            strcmp(name, NL80211_MULTICAST_GROUP_MLME) == 0;
}

static void read_group(const struct nlattr *one, struct family *family)
{
    const struct nlattr *attr;
    uint32_t id = 0;
    bool wanted = false;

    mnl_attr_for_each_nested(attr, one)
    {
        if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_NAME &&
                mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0) {
            wanted = is_wanted(mnl_attr_get_str(attr));
        } else if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_ID &&
                mnl_attr_get_payload_len(attr) == 4) {
            id = mnl_attr_get_u32(attr);
        }
    }
    if (wanted && id != 0 && family->group_count < GROUPS_MAX) {
        family->groups[family->group_count++] = id;
    }
}

static int on_family(const struct nlmsghdr *message, void *ctx)
{
    struct family *family = ctx;
    const struct nlattr *attr;

    mnl_attr_for_each(attr, message, sizeof(struct genlmsghdr))
    {
        if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID && mnl_attr_get_payload_len(attr) == 2) {
            family->id = mnl_attr_get_u16(attr);
        } else if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GROUPS) {
            const struct nlattr *one;

            mnl_attr_for_each_nested(one, attr)
            {
                read_group(one, family);
            }
        }
    }
    return MNL_CB_OK;
}

static struct nlmsghdr *put_request(char *buffer, uint16_t type, uint16_t flags, uint8_t command)
{
    struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
    struct genlmsghdr *general;

    request->nlmsg_type = type;
    request->nlmsg_flags = NLM_F_REQUEST | flags;
    request->nlmsg_seq = 1;
    general = mnl_nlmsg_put_extra_header(request, sizeof(*general));
    general->cmd = command;
    general->version = 1;
    return request;
}

/* Sends, and gives each answer to fn. */
static bool talk(struct mnl_socket *nl, const struct nlmsghdr *request, mnl_cb_t fn, void *ctx)
{
    char buffer[BYTES];
    int more = MNL_CB_OK;

    if (mnl_socket_sendto(nl, request, request->nlmsg_len) < 0) {
        return false;
    }
    while (more > MNL_CB_STOP) {
        ssize_t len = mnl_socket_recvfrom(nl, buffer, sizeof(buffer));

        more = len < 0 ? MNL_CB_ERROR
                       : mnl_cb_run(buffer, (size_t)len, 1, mnl_socket_get_portid(nl), fn, ctx);
    }
    return more != MNL_CB_ERROR;
}

static struct mnl_socket *open_socket(void)
{
    struct mnl_socket *nl = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);

    if (nl != NULL && mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0) {
        mnl_socket_close(nl);
        nl = NULL;
    }
    return nl;
}

static bool find_family(struct mnl_socket *nl, struct family *out)
{
    char buffer[MNL_NLMSG_HDRLEN + 256];
    struct nlmsghdr *request = put_request(buffer, GENL_ID_CTRL, NLM_F_ACK, CTRL_CMD_GETFAMILY);

    *out = (struct family){ .id = 0 };
    mnl_attr_put_strz(request, CTRL_ATTR_FAMILY_NAME, NL80211_GENL_NAME);
    return talk(nl, request, on_family, out) && out->id != 0;
}

/* --- scan results ------------------------------------------------------------------------- */

struct bss {
    const uint8_t *bssid;
    struct pk_slice elements;
    uint16_t capabilities;
    uint32_t freq, status;
    int32_t signal_mbm;
    bool associated;
};

static void read_bss(const struct nlattr *nested, struct bss *out)
{
    const struct nlattr *attr;

    mnl_attr_for_each_nested(attr, nested)
    {
        const void *bytes = mnl_attr_get_payload(attr);
        size_t len = mnl_attr_get_payload_len(attr);

        switch (mnl_attr_get_type(attr)) {
        case NL80211_BSS_BSSID:
            out->bssid = len == 6 ? bytes : NULL;
            break;
        case NL80211_BSS_FREQUENCY:
            out->freq = len == 4 ? mnl_attr_get_u32(attr) : 0;
            break;
        case NL80211_BSS_SIGNAL_MBM:
            out->signal_mbm = len == 4 ? (int32_t)mnl_attr_get_u32(attr) : 0;
            break;
        case NL80211_BSS_CAPABILITY:
            out->capabilities = len == 2 ? mnl_attr_get_u16(attr) : 0;
            break;
        case NL80211_BSS_INFORMATION_ELEMENTS:
            out->elements = pk_slice_of(bytes, len);
            break;
        case NL80211_BSS_STATUS:
            out->associated = len == 4 && mnl_attr_get_u32(attr) == NL80211_BSS_STATUS_ASSOCIATED;
            break;
        default:
            break;
        }
    }
}

int pk_nl80211_parse(const struct nlmsghdr *message, struct pk_wifi *out)
{
    struct bss bss = { .bssid = NULL };
    struct pk_wifi_traits traits;
    struct pk_wifi row = { 0 };
    const struct nlattr *attr;
    char name[PK_SSID_TEXT];

    if (mnl_nlmsg_get_payload_len(message) < sizeof(struct genlmsghdr)) {
        return PK_ENOENT;
    }
    mnl_attr_for_each(attr, message, sizeof(struct genlmsghdr))
    {
        if (mnl_attr_get_type(attr) == NL80211_ATTR_BSS) {
            read_bss(attr, &bss);
        }
    }
    if (bss.bssid == NULL) {
        return PK_ENOENT;
    }
    pk_ie_parse(bss.elements, (bss.capabilities & CAP_PRIVACY) != 0, &traits);
    pk_mac_text(bss.bssid, row.bssid);
    pk_wifi_name(pk_ssid_text(traits.ssid, traits.ssid_len, name), row.ssid);
    row.connected = bss.associated;
    row.security = traits.security;
    row.cipher = traits.cipher;
    row.freq_mhz = bss.freq <= 100000 ? (int)bss.freq : 0;
    row.signal_dbm = bss.signal_mbm / 100;
    row.mfp = traits.mfp_able;
    *out = row;
    return PK_OK;
}

struct scan {
    struct pk_wifi *rows;
    size_t max, count;
};

static int on_bss(const struct nlmsghdr *message, void *ctx)
{
    struct scan *scan = ctx;
    struct pk_wifi row;

    if (pk_nl80211_parse(message, &row) < 0 || (row.ssid[0] == '\0' && !row.connected)) {
        return MNL_CB_OK;
    }
    if (scan->count < scan->max) {
        scan->rows[scan->count++] = row;
    } else if (row.connected) { /* that one must not be missing */
        scan->rows[scan->max - 1] = row;
    }
    return MNL_CB_OK;
}

bool pk_nl80211_scan(int index, struct pk_wifi *rows, size_t max, size_t *count)
{
    char buffer[MNL_NLMSG_HDRLEN + 256];
    struct scan scan = { .rows = rows, .max = max };
    struct mnl_socket *nl = open_socket();
    struct family family;
    bool told = false;

    if (nl == NULL) {
        return false;
    }
    if (find_family(nl, &family)) {
        struct nlmsghdr *request = put_request(buffer, family.id, NLM_F_DUMP, NL80211_CMD_GET_SCAN);

        mnl_attr_put_u32(request, NL80211_ATTR_IFINDEX, (uint32_t)index);
        told = talk(nl, request, on_bss, &scan);
    }
    mnl_socket_close(nl);
    if (told) {
        *count = scan.count;
    }
    return told;
}

/* --- events ------------------------------------------------------------------------------- */

static int on_event(const struct nlmsghdr *message, void *ctx)
{
    const struct genlmsghdr *general = mnl_nlmsg_get_payload(message);
    bool *news = ctx;

    if (mnl_nlmsg_get_payload_len(message) < sizeof(*general)) {
        return MNL_CB_OK;
    }
    switch (general->cmd) {
    case NL80211_CMD_NEW_SCAN_RESULTS:
    case NL80211_CMD_CONNECT:
    case NL80211_CMD_ROAM:
    case NL80211_CMD_DISCONNECT:
        *news = true;
        break;
    default:
        break;
    }
    return MNL_CB_OK;
}

static void on_readable(void *ctx, uint32_t events)
{
    struct pk_nl80211 *nl = ctx;
    char buffer[BYTES];
    bool news = false;
    ssize_t len;

    (void)events;
    while ((len = recv(mnl_socket_get_fd(nl->nl), buffer, sizeof(buffer), MSG_DONTWAIT)) > 0) {
        (void)mnl_cb_run(buffer, (size_t)len, 0, 0, on_event, &news);
    }
    if (news) {
        nl->fn(nl->ctx);
    }
}

int pk_nl80211_create(struct pk_loop *loop, void (*fn)(void *ctx), void *ctx,
        struct pk_nl80211 **out, struct pk_error *err)
{
    struct pk_nl80211 *nl = calloc(1, sizeof(*nl));
    struct family family;
    int rc = PK_OK;

    if (nl == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    *nl = (struct pk_nl80211){ .loop = loop, .fn = fn, .ctx = ctx, .nl = open_socket() };
    if (nl->nl == NULL || !find_family(nl->nl, &family)) {
        rc = pk_error_set(err, PK_ENOENT, "no Wi-Fi here");
    }
    for (size_t i = 0; rc == PK_OK && i < family.group_count; i++) {
        int group = (int)family.groups[i];

        if (mnl_socket_setsockopt(nl->nl, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0) {
            rc = pk_error_set(err, -errno, "nl80211: %s", pk_code_text(-errno));
        }
    }
    if (rc == PK_OK) {
        rc = pk_loop_add(loop, mnl_socket_get_fd(nl->nl), EPOLLIN, on_readable, nl, err);
    }
    if (rc < 0) {
        pk_nl80211_destroy(nl);
        return rc;
    }
    *out = nl;
    return PK_OK;
}

void pk_nl80211_destroy(struct pk_nl80211 *nl)
{
    if (nl == NULL) {
        return;
    }
    if (nl->nl != NULL) {
        pk_loop_remove(nl->loop, mnl_socket_get_fd(nl->nl));
        mnl_socket_close(nl->nl);
    }
    free(nl);
}
