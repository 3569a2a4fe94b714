#include "agent/lease_sources.h"

#include <glob.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/file.h"

#define FILE_MAX      (256UL * 1024) /* dhclient appends for months */
#define PATH_MAX_TEXT 512

static bool has_terms(const struct pk_lease *lease)
{
    return lease->server[0] != '\0' && lease->address.family != 0;
}

static bool read_keys(const char *path, struct pk_lease *out)
{
    struct pk_buffer text = pk_buffer_of(FILE_MAX);
    struct pk_lease lease = { 0 };

    if (pk_file_read(path, &text, NULL) == PK_OK) {
        pk_lease_parse(pk_buffer_slice(&text), &lease);
    }
    pk_buffer_finish(&text);
    if (!has_terms(&lease)) {
        return false;
    }
    *out = lease;
    return true;
}

static bool read_dhclient(const char *path, const char *interface, struct pk_lease *out)
{
    struct pk_buffer text = pk_buffer_of(FILE_MAX);
    struct pk_lease lease = { 0 };
    bool found = pk_file_read(path, &text, NULL) == PK_OK &&
            pk_lease_parse_dhclient(pk_buffer_slice(&text), interface, &lease) && has_terms(&lease);

    pk_buffer_finish(&text);
    if (found) {
        *out = lease;
    }
    return found;
}

/* NetworkManager keeps one file for each connection and interface: the newest counts. */
static bool read_newest(const char *pattern, struct pk_lease *out)
{
    const char *newest = NULL;
    struct timespec at = { 0 };
    struct stat info;
    glob_t found;
    bool ok;

    if (glob(pattern, GLOB_NOSORT, NULL, &found) != 0) {
        return false;
    }
    for (size_t i = 0; i < found.gl_pathc; i++) {
        if (stat(found.gl_pathv[i], &info) == 0 &&
                (newest == NULL || info.st_mtim.tv_sec > at.tv_sec)) {
            newest = found.gl_pathv[i];
            at = info.st_mtim;
        }
    }
    ok = newest != NULL && read_keys(newest, out);
    globfree(&found);
    return ok;
}

bool pk_lease_find(
        const char *root, const char *interface, int interface_index, struct pk_lease *out)
{
    char path[PATH_MAX_TEXT];

    (void)snprintf(path, sizeof(path), "%s/run/systemd/netif/leases/%d", root, interface_index);
    if (read_keys(path, out)) {
        return true;
    }
    (void)snprintf(
            path, sizeof(path), "%s/var/lib/NetworkManager/internal-*-%s.lease", root, interface);
    if (read_newest(path, out)) {
        return true;
    }
    (void)snprintf(path, sizeof(path), "%s/var/lib/dhcp/dhclient.%s.leases", root, interface);
    if (read_dhclient(path, interface, out)) {
        return true;
    }
    (void)snprintf(path, sizeof(path), "%s/var/lib/dhcp/dhclient.leases", root);
    return read_dhclient(path, interface, out);
}
