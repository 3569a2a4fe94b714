#include "wire/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int parse_port(const char *text, uint16_t *out)
{
    char *end;
    unsigned long port;

    if (*text < '0' || *text > '9') {
        return PK_EMALF;
    }
    port = strtoul(text, &end, 10);
    if (*end != '\0' || port == 0 || port > 65535) {
        return PK_EMALF;
    }
    *out = (uint16_t)port;
    return PK_OK;
}

int pk_host_split(
        const char *text, uint16_t default_port, char *host, size_t host_max, uint16_t *port)
{
    const char *end = NULL;
    const char *start = text;
    const char *rest;
    uint16_t number = default_port;

    if (*text == '[') {
        start = text + 1;
        end = strchr(start, ']');
        if (end == NULL) {
            return PK_EMALF;
        }
        rest = end + 1;
    } else {
        end = strchr(text, ':');
        if (end == NULL || strchr(end + 1, ':') != NULL) { /* two colons: a bare IPv6 address */
            end = text + strlen(text);
        }
        rest = end;
    }
    if (end == start || (size_t)(end - start) >= host_max) {
        return PK_EMALF;
    }
    if (*rest == ':' ? parse_port(rest + 1, &number) < 0 : *rest != '\0') {
        return PK_EMALF;
    }
    memcpy(host, start, (size_t)(end - start));
    host[end - start] = '\0';
    *port = number;
    return PK_OK;
}

int pk_address_parse(const char *text, uint16_t default_port, struct pk_address *out)
{
    struct pk_address address = { 0 };
    char host[PK_ADDRESS_TEXT];

    if (pk_host_split(text, default_port, host, sizeof(host), &address.port) < 0) {
        return PK_EMALF;
    }
    if (inet_pton(AF_INET, host, address.bytes) == 1) {
        address.family = AF_INET;
    } else if (inet_pton(AF_INET6, host, address.bytes) == 1) {
        address.family = AF_INET6;
    } else {
        return PK_EMALF;
    }
    *out = address;
    return PK_OK;
}

bool pk_address_same(const struct pk_address *a, const struct pk_address *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

char *pk_address_text(const struct pk_address *address, char out[PK_ADDRESS_TEXT])
{
    if (address->family == 0 ||
            inet_ntop(address->family, address->bytes, out, PK_ADDRESS_TEXT) == NULL) {
        out[0] = '\0';
    }
    return out;
}

socklen_t pk_address_sockaddr(const struct pk_address *address, struct sockaddr_storage *out)
{
    memset(out, 0, sizeof(*out));
    if (address->family == AF_INET6) {
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;

        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons(address->port);
        memcpy(&in6->sin6_addr, address->bytes, 16);
        return sizeof(*in6);
    }
    struct sockaddr_in *in = (struct sockaddr_in *)out;

    in->sin_family = AF_INET;
    in->sin_port = htons(address->port);
    memcpy(&in->sin_addr, address->bytes, 4);
    return sizeof(*in);
}

char *pk_mac_text(const uint8_t mac[6], char out[PK_MAC_TEXT])
{
    snprintf(out, PK_MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
            mac[4], mac[5]);
    return out;
}
