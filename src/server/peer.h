/* peer.h - the one place that decides which device a connection is. */
#pragma once

#include "server/server.h"
#include "server/x509.h"

struct pk_peer {
    char device[PK_ID_TEXT];
    char serial[PK_SERIAL_TEXT]; /* of the certificate that was shown */
};

/* Who asks: its certificate chains to our CA, is in time and for client use, names a device that we
 * know, is the one in force, and the device is not revoked. false: the request has been answered,
 * 401 when nothing proves anything, 403 when what is proven may not. */
PK_MUST_USE bool pk_peer_of(
        struct pk_request *request, struct pk_server *server, struct pk_peer *out);

/* The gate of the devices' routes: the same question before the body is read. */
void pk_peer_gate(struct pk_request *request, void *server);
