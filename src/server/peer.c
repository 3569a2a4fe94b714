#include "server/peer.h"

#include <stdio.h>

#include "base/event.h"
#include "server/ca.h"
#include "server/devices.h"

static bool refuse(struct pk_request *request, int status, const char *name, const char *detail)
{
    pk_event(PK_INFO, "peer.refused", { "address", pk_request_address(request) },
            { "path", pk_request_path(request) }, { "why", detail });
    pk_reply_problem(request, status, name, detail, NULL);
    return false;
}

/* Whom the verified certificate names. Parsed once a connection; its note keeps the answer. */
static bool read_names(struct pk_request *request, struct pk_peer *out)
{
    struct pk_error err = { 0 };
    struct pk_slice der;
    char note[PK_NOTE_MAX];
    char detail[300];
    int rc = pk_request_certificate(request, &der, &err);

    if (rc == PK_ENOENT) {
        return refuse(request, 401, "unauthorized", "a device's certificate is needed here");
    }
    if (rc < 0) {
        (void)snprintf(detail, sizeof(detail), "the certificate does not verify: %s", err.text);
        return refuse(request, 401, "unauthorized", detail);
    }
    if (sscanf(pk_request_note(request), "%36s %41s", out->device, out->serial) == 2) {
        return true;
    }
    if (pk_ca_device_of(der, out->device, out->serial) < 0) {
        return refuse(request, 403, "forbidden", "the certificate does not name a device");
    }
    (void)snprintf(note, sizeof(note), "%s %s", out->device, out->serial);
    pk_request_set_note(request, note);
    return true;
}

bool pk_peer_of(struct pk_request *request, struct pk_server *server, struct pk_peer *out)
{
    if (!read_names(request, out)) {
        return false;
    }
    switch (pk_devices_check(server->devices, out->device, out->serial, pk_server_now(server))) {
    case PK_DEVICE_GOOD:
        return true;
    case PK_DEVICE_UNKNOWN:
        return refuse(request, 403, "forbidden", "this server does not know the device");
    case PK_DEVICE_REVOKED:
        return refuse(request, 403, "forbidden", "the device was revoked");
    case PK_DEVICE_LEFT:
        return refuse(request, 403, "left", "this device left the server");
    case PK_DEVICE_SUPERSEDED:
        return refuse(request, 403, "forbidden", "the certificate was replaced by a newer one");
    }
    return false;
}

void pk_peer_gate(struct pk_request *request, void *server)
{
    struct pk_peer peer;

    if (!pk_peer_of(request, server, &peer)) {
        return; /* answered */
    }
}
