#include "agent/block_server.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/loop.h"

#define DEADLINE_MS 5000
#define BACKLOG     16
#define ANSWER_MAX  (40UL * 1024)
#define PORT_TLS    443

struct client {
    struct pk_block_server *server;
    int fd; /* -1: free */
    struct pk_timer deadline;
    size_t have;
    size_t sent;
    struct pk_buffer out;
    uint8_t in[PK_PAGE_REQUEST_MAX];
};

struct pk_block_server {
    struct pk_loop *loop;
    struct pk_block_hooks hooks;
    int fd;
    int tls_fd; /* -1: somebody else has it */
    struct client clients[PK_BLOCK_CLIENTS_MAX];
};

static void let_go(struct client *client)
{
    if (client->fd < 0) {
        return;
    }
    pk_loop_remove(client->server->loop, client->fd);
    pk_loop_disarm(client->server->loop, &client->deadline);
    (void)close(client->fd);
    client->fd = -1;
    pk_buffer_finish(&client->out);
}

static void on_deadline(void *ctx)
{
    let_go(ctx);
}

static void answer(struct client *client, const struct pk_page_request *request)
{
    struct pk_block_hooks *hooks = &client->server->hooks;
    struct pk_page_facts facts = { .state = PK_PAGE_NOTHING };

    if (request->goes_on) {
        (void)hooks->go_on(hooks->ctx, request->host, request->token);
    }
    hooks->look(hooks->ctx, request->host, &facts);
    client->out = pk_buffer_of(ANSWER_MAX);
    pk_page_write(request->host, &facts, request->head, &client->out);
}

/* False: the connection is over. */
static bool send_some(struct client *client)
{
    ssize_t n = send(client->fd, client->out.ptr + client->sent, client->out.len - client->sent,
            MSG_NOSIGNAL | MSG_DONTWAIT);

    if (n < 0) {
        return errno == EAGAIN || errno == EINTR;
    }
    client->sent += (size_t)n;
    if (client->sent == client->out.len) {
        (void)shutdown(client->fd, SHUT_WR);
        return false;
    }
    return true;
}

static bool read_some(struct client *client)
{
    struct pk_page_request request;
    ssize_t n = recv(
            client->fd, client->in + client->have, sizeof(client->in) - client->have, MSG_DONTWAIT);
    int rc;

    if (n <= 0) {
        return n < 0 && (errno == EAGAIN || errno == EINTR);
    }
    client->have += (size_t)n;
    rc = pk_page_read(pk_slice_of(client->in, client->have), &request);
    if (rc == PK_ETRUNC) {
        return true;
    }
    if (rc < 0) {
        return false;
    }
    answer(client, &request);
    return client->out.rc == PK_OK;
}

static void on_client(void *ctx, uint32_t events)
{
    struct client *client = ctx;
    bool answering = client->out.len > 0;

    (void)events;
    if (!answering && !read_some(client)) {
        let_go(client);
        return;
    }
    if (client->out.len == 0) {
        return;
    }
    if (!send_some(client)) {
        let_go(client);
    } else if (!answering) {
        pk_loop_remove(client->server->loop, client->fd);
        if (pk_loop_add(client->server->loop, client->fd, EPOLLOUT, on_client, client, NULL) < 0) {
            let_go(client);
        }
    }
}

static void on_connection(void *ctx, uint32_t events)
{
    struct pk_block_server *server = ctx;
    int fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    struct client *client = NULL;

    (void)events;
    if (fd < 0) {
        return;
    }
    for (size_t i = 0; i < PK_BLOCK_CLIENTS_MAX && client == NULL; i++) {
        client = server->clients[i].fd < 0 ? &server->clients[i] : NULL;
    }
    if (client == NULL || pk_loop_add(server->loop, fd, EPOLLIN, on_client, client, NULL) < 0) {
        (void)close(fd);
        return;
    }
    client->fd = fd;
    client->have = client->sent = 0;
    client->out = pk_buffer_of(ANSWER_MAX);
    pk_loop_arm(server->loop, &client->deadline, DEADLINE_MS);
}

static void on_tls(void *ctx, uint32_t events)
{
    struct pk_block_server *server = ctx;
    int fd = accept4(server->tls_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

    (void)events;
    if (fd >= 0) { /* closed with a reset (socket(7)) */
        (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
        (void)close(fd);
    }
}

static int listen_on(const struct pk_address *at, int *out)
{
    struct sockaddr_storage to;
    socklen_t len = pk_address_sockaddr(at, &to);
    int fd = socket(at->family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int rc = fd < 0 ? -errno : PK_OK;

    if (rc == PK_OK) {
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
        if (bind(fd, (const struct sockaddr *)&to, len) < 0 || listen(fd, BACKLOG) < 0) {
            rc = -errno;
            (void)close(fd);
        }
    }
    if (rc == PK_OK) {
        *out = fd;
    }
    return rc;
}

static int start(
        struct pk_block_server *server, const struct pk_address *listen_at, struct pk_error *err)
{
    struct pk_address tls = *listen_at;
    char text[PK_ADDRESS_TEXT];
    int rc = listen_on(listen_at, &server->fd);

    if (rc < 0) {
        return pk_error_set(err, rc, "no page at %s port %u: %s", pk_address_text(listen_at, text),
                listen_at->port, pk_code_text(rc));
    }
    rc = pk_loop_add(server->loop, server->fd, EPOLLIN, on_connection, server, err);
    tls.port = PORT_TLS;
    if (rc == PK_OK && listen_at->port == 80 && listen_on(&tls, &server->tls_fd) == PK_OK) {
        rc = pk_loop_add(server->loop, server->tls_fd, EPOLLIN, on_tls, server, err);
    }
    return rc;
}

int pk_block_server_create(struct pk_loop *loop, const struct pk_address *listen_at,
        const struct pk_block_hooks *hooks, struct pk_block_server **out, struct pk_error *err)
{
    struct pk_block_server *server = calloc(1, sizeof(*server));
    int rc;

    if (server == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    server->loop = loop;
    server->hooks = *hooks;
    server->fd = server->tls_fd = -1;
    for (size_t i = 0; i < PK_BLOCK_CLIENTS_MAX; i++) {
        server->clients[i].server = server;
        server->clients[i].fd = -1;
        pk_timer_init(&server->clients[i].deadline, on_deadline, &server->clients[i]);
    }
    rc = start(server, listen_at, err);
    if (rc < 0) {
        pk_block_server_destroy(server);
        return rc;
    }
    *out = server;
    return PK_OK;
}

void pk_block_server_destroy(struct pk_block_server *server)
{
    if (server == NULL) {
        return;
    }
    for (size_t i = 0; i < PK_BLOCK_CLIENTS_MAX; i++) {
        let_go(&server->clients[i]);
    }
    for (int i = 0; i < 2; i++) {
        int fd = i == 0 ? server->fd : server->tls_fd;

        if (fd >= 0) {
            pk_loop_remove(server->loop, fd);
            (void)close(fd);
        }
    }
    free(server);
}
