#include "agent/rights.h"

#include <cap-ng.h>
#include <sys/prctl.h>
#include <sys/socket.h>

static const struct {
    enum pk_right right;
    unsigned capability;
    bool stays; /* raised for good */
} rows[] = {
    { PK_RIGHT_PACKETS, CAP_NET_RAW, false },
    { PK_RIGHT_PORT, CAP_NET_BIND_SERVICE, false },
    { PK_RIGHT_READ, CAP_DAC_READ_SEARCH, true },
    { PK_RIGHT_SANDBOX, CAP_SETUID, false },
    { PK_RIGHT_SANDBOX, CAP_SETGID, false },
};

static unsigned capability_of(enum pk_right right)
{
    size_t i = 0;

    while (i + 1 < PK_COUNT(rows) && rows[i].right != right) {
        i++;
    }
    return rows[i].capability;
}

int pk_rights_keep(unsigned rights, struct pk_error *err)
{
    bool had[PK_COUNT(rows)];

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || capng_get_caps_process() != 0) {
        return pk_error_set(err, PK_EACCES, "cannot give rights away");
    }
    if (capng_have_capabilities(CAPNG_SELECT_CAPS) == CAPNG_NONE) {
        return PK_OK;
    }
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        had[i] = capng_have_capability(CAPNG_PERMITTED, rows[i].capability) != 0;
    }
    capng_clear(CAPNG_SELECT_BOTH);
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        capng_type_t sets = CAPNG_PERMITTED | CAPNG_BOUNDING_SET;

        if (had[i] && (rights & rows[i].right) != 0) {
            sets |= rows[i].stays ? CAPNG_EFFECTIVE : 0;
            (void)capng_update(CAPNG_ADD, sets, rows[i].capability);
        }
    }
    /* Only who has CAP_SETPCAP can narrow what programs that it starts may get; no_new_privs holds for all. */
    return capng_apply(CAPNG_SELECT_BOTH) == 0 || capng_apply(CAPNG_SELECT_CAPS) == 0
            ? PK_OK
            : pk_error_set(err, PK_EACCES, "cannot give rights away");
}

/* Of this thread. */
static bool set(enum pk_right right, bool raised)
{
    unsigned capability = capability_of(right);

    if (capng_get_caps_process() != 0 || capng_have_capability(CAPNG_PERMITTED, capability) == 0) {
        return false;
    }
    (void)capng_update(raised ? CAPNG_ADD : CAPNG_DROP, CAPNG_EFFECTIVE, capability);
    return capng_apply(CAPNG_SELECT_CAPS) == 0;
}

int pk_rights_packet_socket(void)
{
    bool raised = pk_rights_raise(PK_RIGHT_PACKETS);
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    fd = fd < 0 ? -errno : fd;
    if (raised) {
        pk_rights_lower(PK_RIGHT_PACKETS);
    }
    return fd;
}

bool pk_rights_raise(enum pk_right right)
{
    return set(right, true);
}

void pk_rights_lower(enum pk_right right)
{
    (void)set(right, false);
}
