#include "agent/lease_sources.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
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

/* "internal-UUID-eth0.lease" */
static bool is_lease_of(const char *name, const char *interface)
{
    static const char begin[] = "internal-";
    char end[64];
    size_t len = strlen(name);
    size_t end_len;

    (void)snprintf(end, sizeof(end), "-%s.lease", interface);
    end_len = strlen(end);
    return strncmp(name, begin, sizeof(begin) - 1) == 0 && len > sizeof(begin) - 1 + end_len &&
            strcmp(name + len - end_len, end) == 0;
}

/* NetworkManager keeps one file for each connection and interface: the newest counts. */
static bool read_newest(const char *folder, const char *interface, struct pk_lease *out)
{
    char path[PATH_MAX_TEXT];
    char newest[PATH_MAX_TEXT] = "";
    struct timespec at = { 0 };
    struct dirent *entry;
    struct stat info;
    DIR *dir = opendir(folder);

    if (dir == NULL) {
        return false;
    }
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this function's own */
    while ((entry = readdir(dir)) != NULL) {
        if (!is_lease_of(entry->d_name, interface)) {
            continue;
        }
        (void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        if (stat(path, &info) == 0 && (newest[0] == '\0' || info.st_mtim.tv_sec > at.tv_sec)) {
            memcpy(newest, path, sizeof(newest));
            at = info.st_mtim;
        }
    }
    (void)closedir(dir);
    return newest[0] != '\0' && read_keys(newest, out);
}

bool pk_lease_find(
        const char *root, const char *interface, int interface_index, struct pk_lease *out)
{
    char path[PATH_MAX_TEXT];

    (void)snprintf(path, sizeof(path), "%s/run/systemd/netif/leases/%d", root, interface_index);
    if (read_keys(path, out)) {
        return true;
    }
    (void)snprintf(path, sizeof(path), "%s/var/lib/NetworkManager", root);
    if (read_newest(path, interface, out)) {
        return true;
    }
    (void)snprintf(path, sizeof(path), "%s/var/lib/dhcp/dhclient.%s.leases", root, interface);
    if (read_dhclient(path, interface, out)) {
        return true;
    }
    (void)snprintf(path, sizeof(path), "%s/var/lib/dhcp/dhclient.leases", root);
    return read_dhclient(path, interface, out);
}
