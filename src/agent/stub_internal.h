/* stub_internal.h - inside of the forwarder (stub.c, stub_query.c, stub_flow.c, stub_client.c). */
#pragma once

#include <sys/socket.h>

#include "agent/loop.h"
#include "agent/stub.h"
#include "base/buffer.h"

#define STUB_TRIES_MAX 3
#define STUB_RETRY_MS  1500 /* without an answer the next resolver is asked, too */
#define STUB_GIVE_UP_MS \
    4500 /* SERVFAIL just before the 5 s of resolv.conf(5): the asker then tries its next */
#define STUB_WRONG_MAX   8 /* answers that fit nothing, then this socket is given up: a guesser */
#define STUB_IDLE_MS     10000 /* of a TCP connection (RFC 7766 section 6.2.3) */
#define STUB_PENDING_MAX 16    /* questions under way of one TCP connection */

enum stub_token {
    TOKEN_CLIENT,
    TOKEN_TRY,
};

/* Who asked: an address by UDP, or a TCP connection. */
struct stub_origin {
    int client; /* index; -1: UDP */
    unsigned generation;
    socklen_t from_len;
    struct sockaddr_storage from;
};

struct stub_flow; /* one question over TCP to a resolver */

/* One question to one resolver. */
struct stub_try {
    int fd;
    uint16_t id;
    unsigned server;
    unsigned wrong;
    struct stub_flow *flow; /* NULL: UDP */
};

struct stub_query {
    struct stub_query *next, *prev; /* by age */
    unsigned slot;
    unsigned try_count;
    struct stub_try tries[STUB_TRIES_MAX];
    int64_t born_ms;
    int64_t next_ms; /* then the next resolver is asked */
    struct stub_origin origin;
    struct pk_relay_query asked;
    size_t len;
    uint8_t bytes[];
};

struct stub_client {
    int fd; /* -1: free */
    unsigned generation;
    unsigned pending;
    bool ended; /* it will not ask any more */
    int64_t last_ms;
    size_t have;
    size_t sent;
    struct pk_buffer out;
    uint8_t in[2 + PK_RELAY_QUERY_MAX];
};

struct pk_stub {
    struct pk_loop *loop;
    struct pk_stub_hooks hooks;
    int epoll_fd;
    int udp_fd;
    int tcp_fd;
    struct pk_timer timer;
    struct pk_address own;
    struct pk_address servers[PK_STUB_SERVERS_MAX];
    unsigned server_count;
    unsigned best; /* the server that is asked first */
    struct stub_query *oldest, *newest;
    struct stub_query *slots[PK_STUB_QUERIES_MAX];
    unsigned generations[PK_STUB_QUERIES_MAX];
    uint16_t free_slots[PK_STUB_QUERIES_MAX];
    unsigned free_count;
    struct stub_client clients[PK_STUB_CLIENTS_MAX];
    int64_t rate;
    int64_t tokens; /* thousandths of a question that may still be asked */
    int64_t tokens_ms;
    uint16_t ids[64]; /* random numbers in stock */
    unsigned ids_left;
    struct pk_stub_counts counts;
    uint8_t buffer[PK_RELAY_ANSWER_MAX + 1];
};

/* --- stub.c --- */

static inline uint64_t stub_token(
        enum stub_token kind, unsigned index, unsigned generation, unsigned which)
{
    uint32_t upper = (uint32_t)kind << 24 | which << 16 | index;

    return (uint64_t)upper << 32 | generation;
}

int stub_watch(struct pk_stub *stub, int fd, uint32_t events, uint64_t token);
void stub_rewatch(struct pk_stub *stub, int fd, uint32_t events, uint64_t token);
uint16_t stub_random_id(struct pk_stub *stub);
/* A question has come. */
void stub_take(struct pk_stub *stub, struct pk_slice message, const struct stub_origin *origin);
/* message: writable, its id is set here. Cut when it is too long for UDP. */
void stub_reply(struct pk_stub *stub, struct pk_slice question, const struct pk_relay_query *asked,
        const struct stub_origin *origin, uint8_t *answer, size_t len);
/* Arms the timer for what lies so far ahead. */
void stub_wake_in(struct pk_stub *stub, int64_t in_ms);

/* --- stub_query.c --- */

void stub_query_begin(struct pk_stub *stub, struct pk_slice message,
        const struct pk_relay_query *asked, const struct stub_origin *origin);
void stub_query_event(struct pk_stub *stub, unsigned slot, unsigned generation, unsigned which);
/* Asks again, gives up. Returns when the next is due (monotonic), 0: nothing is under way. */
int64_t stub_query_tick(struct pk_stub *stub, int64_t now_ms);
/* Other resolvers: everything is asked anew. */
void stub_query_restart(struct pk_stub *stub);
void stub_query_forget_all(struct pk_stub *stub);

/* --- stub_flow.c --- */

enum stub_flow_state {
    FLOW_WAITING,
    FLOW_DONE,
    FLOW_FAILED,
};

/* Connects and sends. NULL: it cannot be had; *fd is set otherwise. */
struct stub_flow *stub_flow_start(
        const struct pk_address *server, struct pk_slice message, uint16_t id, int *fd);
void stub_flow_end(struct stub_flow *flow); /* not the descriptor */
enum stub_flow_state stub_flow_go(struct stub_flow *flow, int fd, uint32_t *events);
/* Of one that is done. */
uint8_t *stub_flow_answer(struct stub_flow *flow, size_t *len);

/* --- stub_client.c --- */

void stub_client_accept(struct pk_stub *stub);
void stub_client_event(struct pk_stub *stub, unsigned index, unsigned generation, uint32_t events);
void stub_client_send(
        struct pk_stub *stub, const struct stub_origin *origin, struct pk_slice answer);
void stub_client_settle(struct pk_stub *stub, const struct stub_origin *origin);
int64_t stub_client_tick(struct pk_stub *stub, int64_t now_ms); /* as above */
void stub_client_forget_all(struct pk_stub *stub);
