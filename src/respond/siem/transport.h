/* transport.h - one way to a receiver: UDP, TCP or TLS, with deadlines.
 *
 * Syslog has no acknowledgement, and a write that succeeds only says that the kernel has the bytes.
 * Who wants to know more calls pk_transport_watch() for a while after writing: a receiver that went
 * away, or that refuses our certificate (with TLS 1.3 it says so only after the handshake), shows as
 * FIN, RST or alert. One thread at a time. */
#pragma once

#include "respond/siem/settings.h"

struct pk_transport;

/* settings is borrowed. stop_fd: every wait ends with -ECANCELED once it is readable; -1: none. */
PK_MUST_USE int pk_transport_create(const struct pk_siem_settings *settings, int stop_fd,
        struct pk_transport **out, struct pk_error *err);
void pk_transport_destroy(struct pk_transport *transport);

/* Connects (and shakes hands) unless it is connected. The files of keys and roots are read at each
 * connection, so that renewed ones are used. */
PK_MUST_USE int pk_transport_connect(struct pk_transport *transport, struct pk_error *err);
bool pk_transport_connected(const struct pk_transport *transport);

/* Writes all of it; on failure the connection is closed. A datagram for UDP. */
PK_MUST_USE int pk_transport_write(
        struct pk_transport *transport, struct pk_slice bytes, struct pk_error *err);

/* Waits for a sign of trouble for so long (0: only looks). PK_OK: none. Otherwise the connection is
 * closed and *err says what was seen. */
PK_MUST_USE int pk_transport_watch(
        struct pk_transport *transport, int64_t wait_ms, struct pk_error *err);

void pk_transport_close(struct pk_transport *transport);
