/* A DHCP message: as the payload of a packet (first byte even), or as a whole frame. */
#include <stdint.h>
#include <stdlib.h>

#include "wire/dhcp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct pk_dhcp *m)
{
    if (m->router_count > PK_DHCP_LIST_MAX || m->dns_count > PK_DHCP_LIST_MAX ||
            m->route_count > PK_DHCP_ROUTES_MAX || strlen(m->wpad) >= PK_DHCP_TEXT_MAX ||
            strlen(m->portal) >= PK_DHCP_TEXT_MAX) {
        abort();
    }
    for (size_t i = 0; i < m->route_count; i++) {
        if (m->routes[i].prefix > 32) {
            abort();
        }
    }
    for (const char *at = m->wpad; *at != '\0'; at++) {
        if (*at <= ' ' || *at > '~') {
            abort();
        }
    }
    (void)pk_dhcp_router(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pk_ip4 packet;
    struct pk_dhcp m;

    if (size < 1) {
        return 0;
    }
    if ((data[0] & 1) == 0) {
        if (pk_dhcp_parse(pk_slice_of(data + 1, size - 1), &m) == PK_OK) {
            check(&m);
        }
    } else if (pk_dhcp_parse_frame(pk_slice_of(data + 1, size - 1), &packet, &m) == PK_OK) {
        check(&m);
    }
    return 0;
}
