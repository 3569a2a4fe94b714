/* What other programs of the system write down about the network; the first byte chooses the file. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/lan_files.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_lease(const struct pk_lease *lease)
{
    if (lease->dns_count > PK_LEASE_DNS_MAX || strlen(lease->wpad) >= sizeof(lease->wpad) ||
            strlen(lease->server) >= sizeof(lease->server) || !pk_lease_same(lease, lease)) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pk_resolv resolv;
    struct pk_lease lease;
    struct pk_wifi wifi;
    struct pk_slice text;

    if (size < 1) {
        return 0;
    }
    text = pk_slice_of(data + 1, size - 1);
    switch (data[0] % 4) {
    case 0:
        pk_lease_parse(text, &lease);
        check_lease(&lease);
        break;
    case 1:
        if (pk_lease_parse_dhclient(text, "eth0", &lease)) {
            check_lease(&lease);
        }
        break;
    case 2:
        pk_resolv_parse(text, &resolv);
        break;
    default:
        pk_wifi_parse(text, &wifi);
        break;
    }
    return 0;
}
