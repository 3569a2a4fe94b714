/* block_server.h - the small web server behind block_page.h, on a loopback address: one request a
 * connection, a few connections at once, a short deadline. On port 443 of the same address connections are
 * reset, so that browsers fail at once instead of waiting. Loop thread. */
#pragma once

#include "agent/block_page.h"
#include "wire/address.h"

struct pk_loop;
struct pk_block_server;

struct pk_block_hooks {
    /* What is to be said of this host? */
    void (*look)(void *ctx, const char *host, struct pk_page_facts *out);
    /* The person goes on. False: the token is not right. */
    bool (*go_on)(void *ctx, const char *host, const char *token);
    void *ctx;
};

#define PK_BLOCK_CLIENTS_MAX 16

PK_MUST_USE int pk_block_server_create(struct pk_loop *loop, const struct pk_address *listen,
        const struct pk_block_hooks *hooks, struct pk_block_server **out, struct pk_error *err);
void pk_block_server_destroy(struct pk_block_server *server); /* NULL is fine */
