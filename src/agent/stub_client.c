/* Askers by TCP: several questions on one connection, answered as they come in (RFC 7766 section 6.2.1). */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "agent/stub_internal.h"
#include "base/clock.h"

#define OUT_MAX (4UL * (PK_RELAY_ANSWER_MAX + 2)) /* answers that wait for a slow reader */

static void let_go(struct pk_stub *stub, struct stub_client *client)
{
    (void)close(client->fd);
    client->fd = -1;
    client->generation++;
    pk_buffer_finish(&client->out);
    (void)stub;
}

/* A whole question lies in what was read, and may be taken now. */
static bool has_question(const struct stub_client *client)
{
    return client->have >= 2 && client->pending < STUB_PENDING_MAX &&
            client->have - 2 >= ((size_t)client->in[0] << 8 | client->in[1]);
}

static void watch(struct pk_stub *stub, const struct stub_client *client)
{
    /* A question that waits is taken from the loop, never in the middle of something else. */
    bool unsent = client->out.len > client->sent || has_question(client);
    bool reads = !client->ended && client->pending < STUB_PENDING_MAX;

    stub_rewatch(stub, client->fd, (reads ? EPOLLIN : 0U) | (unsent ? EPOLLOUT : 0U),
            stub_token(TOKEN_CLIENT, (unsigned)(client - stub->clients), client->generation, 0));
}

void stub_client_accept(struct pk_stub *stub)
{
    struct stub_client *client = NULL;
    int fd = accept4(stub->tcp_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd < 0) {
        return;
    }
    for (unsigned i = 0; i < PK_STUB_CLIENTS_MAX && client == NULL; i++) {
        client = stub->clients[i].fd < 0 ? &stub->clients[i] : NULL;
    }
    if (client == NULL) {
        (void)close(fd);
        return;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
    client->fd = fd;
    client->pending = 0;
    client->ended = false;
    client->have = client->sent = 0;
    client->out = pk_buffer_of(OUT_MAX);
    client->last_ms = pk_clock_monotonic_ms();
    if (stub_watch(stub, fd, EPOLLIN,
                stub_token(TOKEN_CLIENT, (unsigned)(client - stub->clients), client->generation,
                        0)) < 0) {
        let_go(stub, client);
        return;
    }
    stub_wake_in(stub, STUB_IDLE_MS);
}

/* Takes complete questions out of what was read. False: the connection is over. */
static bool take_questions(struct pk_stub *stub, struct stub_client *client)
{
    const struct stub_origin origin = { .client = (int)(client - stub->clients),
        .generation = client->generation };

    while (client->have >= 2 && client->pending < STUB_PENDING_MAX) {
        size_t len = (size_t)client->in[0] << 8 | client->in[1];

        if (len == 0 || len > PK_RELAY_QUERY_MAX) {
            return false;
        }
        if (client->have < 2 + len) {
            break;
        }
        stub_take(stub, pk_slice_of(client->in + 2, len), &origin);
        if (client->fd < 0 || client->generation != origin.generation) {
            return true; /* it went while it was answered */
        }
        client->have -= 2 + len;
        memmove(client->in, client->in + 2 + len, client->have);
    }
    return true;
}

static bool read_some(struct pk_stub *stub, struct stub_client *client)
{
    size_t room = sizeof(client->in) - client->have;
    ssize_t n = room > 0 ? recv(client->fd, client->in + client->have, room, 0) : -1;

    if (room == 0) {
        return take_questions(stub, client);
    }
    if (n < 0) {
        return errno == EAGAIN || errno == EINTR;
    }
    client->ended = n == 0;
    client->have += (size_t)n;
    return take_questions(stub, client);
}

static bool write_some(struct stub_client *client)
{
    while (client->sent < client->out.len) {
        ssize_t n = send(client->fd, client->out.ptr + client->sent, client->out.len - client->sent,
                MSG_NOSIGNAL);

        if (n < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        client->sent += (size_t)n;
    }
    pk_buffer_finish(&client->out);
    client->out = pk_buffer_of(OUT_MAX);
    client->sent = 0;
    return true;
}

static bool is_over(const struct stub_client *client)
{
    return client->ended && client->pending == 0 && client->out.len == client->sent &&
            !has_question(client);
}

void stub_client_event(struct pk_stub *stub, unsigned index, unsigned generation, uint32_t events)
{
    struct stub_client *client = &stub->clients[index < PK_STUB_CLIENTS_MAX ? index : 0];
    bool good = true;

    if (client->fd < 0 || client->generation != generation) {
        return;
    }
    client->last_ms = pk_clock_monotonic_ms();
    if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
        good = false;
    }
    if (good) {
        good = (events & EPOLLIN) != 0 ? read_some(stub, client) : take_questions(stub, client);
    }
    if (client->fd < 0 || client->generation != generation) {
        return;
    }
    if (good) {
        good = write_some(client);
    }
    if (!good || is_over(client)) {
        let_go(stub, client);
    } else {
        watch(stub, client);
    }
}

static struct stub_client *client_of(struct pk_stub *stub, const struct stub_origin *origin)
{
    struct stub_client *client = &stub->clients[origin->client];

    return client->fd >= 0 && client->generation == origin->generation ? client : NULL;
}

void stub_client_send(
        struct pk_stub *stub, const struct stub_origin *origin, struct pk_slice answer)
{
    struct stub_client *client = client_of(stub, origin);
    const uint8_t length[2] = { (uint8_t)(answer.len >> 8), (uint8_t)answer.len };

    if (client == NULL) {
        return;
    }
    (void)pk_buffer_put(&client->out, length, 2);
    if (pk_buffer_put(&client->out, answer.ptr, answer.len) < 0) {
        let_go(stub, client); /* it does not read what it asked for */
        return;
    }
    watch(stub, client);
}

/* One of its questions is over. */
void stub_client_settle(struct pk_stub *stub, const struct stub_origin *origin)
{
    struct stub_client *client = client_of(stub, origin);

    if (client == NULL) {
        return;
    }
    client->pending--;
    if (is_over(client)) {
        let_go(stub, client);
    } else {
        watch(stub, client);
    }
}

int64_t stub_client_tick(struct pk_stub *stub, int64_t now_ms)
{
    int64_t due_ms = 0;

    for (unsigned i = 0; i < PK_STUB_CLIENTS_MAX; i++) {
        struct stub_client *client = &stub->clients[i];
        int64_t end_ms = client->last_ms + STUB_IDLE_MS;

        if (client->fd < 0) {
            continue;
        }
        if (now_ms >= end_ms) {
            let_go(stub, client);
        } else {
            due_ms = due_ms == 0 || end_ms < due_ms ? end_ms : due_ms;
        }
    }
    return due_ms;
}

void stub_client_forget_all(struct pk_stub *stub)
{
    for (unsigned i = 0; i < PK_STUB_CLIENTS_MAX; i++) {
        if (stub->clients[i].fd >= 0) {
            let_go(stub, &stub->clients[i]);
        }
    }
}
