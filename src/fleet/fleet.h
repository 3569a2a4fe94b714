/* fleet.h - the devices of a simulated fleet: who they are and how they speak with the server.
 * Everything belongs to one thread. */
#pragma once

#include "fleet/identity.h"
#include "fleet/link.h"
#include "fleet/net.h"
#include "model/observation.h"

struct pk_zpack;

struct pk_fleet_device {
    size_t index;
    struct pk_identity identity;
    char name[65];
    int platform;     /* enum pk_platform */
    int64_t next_seq; /* of the next observation */
    struct pk_line *line;
    void *owner; /* what the mode keeps of it */
};

struct pk_fleet {
    struct pk_link link;
    struct pk_net *net;
    X509 *ca;
    struct pk_zpack *zpack;
    struct pk_fleet_device *devices;
    size_t count;
    char network_key[65]; /* hex, as the server's settings say; "" until the first report */
    bool progress;        /* tells on standard error how far it is */
    volatile const int *stop;
};

/* Gives each device its name and platform before it is enrolled. */
typedef void (*pk_fleet_describe)(struct pk_fleet_device *device, void *ctx);

/* As many connections at a time as the system grants. */
void pk_fleet_raise_limit(void);
/* An Android phone, named after ctx (a text) and its number. */
void pk_fleet_describe_idle(struct pk_fleet_device *device, void *ctx);

/* Opens a fleet of count devices: reads those that the file state (may be NULL) holds, enrols the
 * others with the link's token and writes the file anew. stop: ends early once it is not 0. */
PK_MUST_USE int pk_fleet_open(struct pk_fleet *fleet, const char *link, const char *state,
        size_t count, pk_fleet_describe describe, void *ctx, struct pk_error *err);
/* Writes the state file (mode 0600: it holds keys). */
PK_MUST_USE int pk_fleet_save(
        const struct pk_fleet *fleet, const char *state, struct pk_error *err);
void pk_fleet_close(struct pk_fleet *fleet);

/* The request of a report: observations (a JSON array, borrowed) packed with the shared dictionary.
 * seen: ids of commands, comma separated; NULL or "": none. */
PK_MUST_USE int pk_fleet_report(struct pk_fleet *fleet, const json_t *observations,
        const char *seen, struct pk_buffer *out, struct pk_error *err);

/* What a report was answered with. */
struct pk_fleet_ack {
    int64_t acked;
    int64_t duplicates;
    char seen[512]; /* ids of the commands that came along, comma separated */
    json_t *answer; /* the whole of it; the caller's */
};
PK_MUST_USE int pk_fleet_ack_parse(
        struct pk_fleet *fleet, struct pk_slice body, struct pk_fleet_ack *out);
