/* address.h - network and hardware addresses as values and as text. Any thread may call. */
#pragma once

#include <stdint.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "base/error.h"

struct pk_address {
    int family; /* AF_INET, AF_INET6; 0: none */
    uint16_t port;
    uint8_t bytes[16]; /* the first 4 for AF_INET */
};

#define PK_ADDRESS_TEXT 48

/* "192.0.2.1", "192.0.2.1:53", "2001:db8::1", "[2001:db8::1]:53". PK_EMALF. */
PK_MUST_USE int pk_address_parse(const char *text, uint16_t default_port, struct pk_address *out);
/* The port does not count. */
bool pk_address_same(const struct pk_address *a, const struct pk_address *b);
/* Without the port. Returns out. */
char *pk_address_text(const struct pk_address *address, char out[PK_ADDRESS_TEXT]);
socklen_t pk_address_sockaddr(const struct pk_address *address, struct sockaddr_storage *out);

/* "host", "host:port", "[v6]:port" -> host (at most host_max - 1 bytes) and port. PK_EMALF. */
PK_MUST_USE int pk_host_split(
        const char *text, uint16_t default_port, char *host, size_t host_max, uint16_t *port);

#define PK_MAC_TEXT 18
/* "02:00:5e:00:53:01". Returns out. */
char *pk_mac_text(const uint8_t mac[6], char out[PK_MAC_TEXT]);
