#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "agent/stub_internal.h"
#include "base/clock.h"
#include "base/crypt.h"

#define EVENTS_MAX   32
#define MESSAGES_MAX 64 /* taken in one go; then others have their turn */
#define BACKLOG      16

_Static_assert(PK_STUB_QUERIES_MAX <= 65536, "a slot's number fits into a token");

int stub_watch(struct pk_stub *stub, int fd, uint32_t events, uint64_t token)
{
    struct epoll_event event = { .events = events, .data.u64 = token };

    return epoll_ctl(stub->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : PK_OK;
}

void stub_rewatch(struct pk_stub *stub, int fd, uint32_t events, uint64_t token)
{
    struct epoll_event event = { .events = events, .data.u64 = token };

    (void)epoll_ctl(stub->epoll_fd, EPOLL_CTL_MOD, fd, &event);
}

uint16_t stub_random_id(struct pk_stub *stub)
{
    if (stub->ids_left == 0) {
        pk_random(stub->ids, sizeof(stub->ids));
        stub->ids_left = PK_COUNT(stub->ids);
    }
    return stub->ids[--stub->ids_left];
}

void stub_wake_in(struct pk_stub *stub, int64_t in_ms)
{
    pk_loop_arm_sooner(stub->loop, &stub->timer, in_ms);
}

static void on_timer(void *ctx)
{
    struct pk_stub *stub = ctx;
    int64_t now_ms = pk_clock_monotonic_ms();
    int64_t query_ms = stub_query_tick(stub, now_ms);
    int64_t client_ms = stub_client_tick(stub, now_ms);

    if (query_ms > 0) {
        stub_wake_in(stub, query_ms - now_ms);
    }
    if (client_ms > 0) {
        stub_wake_in(stub, client_ms - now_ms);
    }
}

/* A bucket that holds two seconds' worth. */
static bool may_ask(struct pk_stub *stub)
{
    int64_t now_ms = pk_clock_monotonic_ms();
    int64_t full = stub->rate * 2 * 1000;

    stub->tokens += (now_ms - stub->tokens_ms) * stub->rate;
    stub->tokens_ms = now_ms;
    if (stub->tokens > full) {
        stub->tokens = full;
    }
    if (stub->tokens < 1000) {
        return false;
    }
    stub->tokens -= 1000;
    return true;
}

void stub_reply(struct pk_stub *stub, struct pk_slice question, const struct pk_relay_query *asked,
        const struct stub_origin *origin, uint8_t *answer, size_t len)
{
    uint8_t cut[PK_RELAY_MADE_MAX];

    pk_relay_set_id(answer, asked->id);
    if (origin->client >= 0) {
        stub_client_send(stub, origin, pk_slice_of(answer, len));
        return;
    }
    if (len > asked->answer_max) {
        len = pk_relay_cut(question, asked, pk_slice_of(answer, len), cut);
        answer = cut;
    }
    (void)sendto(stub->udp_fd, answer, len, MSG_DONTWAIT | MSG_NOSIGNAL,
            (const struct sockaddr *)&origin->from, origin->from_len);
}

static void answer_here(struct pk_stub *stub, struct pk_slice message,
        const struct pk_relay_query *asked, const struct stub_origin *origin,
        const struct pk_relay_made *made)
{
    uint8_t out[PK_RELAY_MADE_MAX];

    stub_reply(stub, message, asked, origin, out, pk_relay_make(message, asked, made, out));
}

void stub_take(struct pk_stub *stub, struct pk_slice message, const struct stub_origin *origin)
{
    struct pk_relay_query asked;
    struct pk_relay_made made = { .why = PK_RELAY_WHY_NONE };
    enum pk_relay_todo todo = pk_relay_read(message, &asked);

    if (todo == PK_RELAY_DROP) {
        return;
    }
    stub->counts.questions++;
    if (todo == PK_RELAY_REFUSE) {
        made.rcode = asked.rcode;
        answer_here(stub, message, &asked, origin, &made);
        return;
    }
    if (!may_ask(stub)) { /* the asker's next resolver may have more patience */
        stub->counts.limited++;
        made.rcode = PK_DNS_REFUSED;
        answer_here(stub, message, &asked, origin, &made);
        return;
    }
    if (asked.name[0] != '\0' && stub->hooks.ask(stub->hooks.ctx, asked.name, &made)) {
        stub->counts.made++;
        answer_here(stub, message, &asked, origin, &made);
        return;
    }
    stub_query_begin(stub, message, &asked, origin);
}

static void on_udp(void *ctx, uint32_t events)
{
    struct pk_stub *stub = ctx;

    (void)events;
    for (int i = 0; i < MESSAGES_MAX; i++) {
        struct stub_origin origin = { .client = -1, .from_len = sizeof(origin.from) };
        /* One byte more than is allowed shows that there was more. */
        ssize_t n = recvfrom(stub->udp_fd, stub->buffer, PK_RELAY_QUERY_MAX + 1, MSG_DONTWAIT,
                (struct sockaddr *)&origin.from, &origin.from_len);

        if (n < 0) {
            return;
        }
        stub_take(stub, pk_slice_of(stub->buffer, (size_t)n), &origin);
    }
}

static void on_tcp(void *ctx, uint32_t events)
{
    (void)events;
    stub_client_accept(ctx);
}

/* Sockets that live for one question have an epoll of their own: the loop's bookkeeping is for those that
 * stay. */
static void on_event(void *ctx, uint32_t events)
{
    struct pk_stub *stub = ctx;
    struct epoll_event ready[EVENTS_MAX];
    int count = epoll_wait(stub->epoll_fd, ready, EVENTS_MAX, 0);

    (void)events;
    /* What an earlier event has ended is known by its generation. */
    for (int i = 0; i < count; i++) {
        uint64_t token = ready[i].data.u64;
        unsigned index = (unsigned)(token >> 32) & 0xffff;
        unsigned which = (unsigned)(token >> 48) & 0xff;

        switch ((enum stub_token)(token >> 56)) {
        case TOKEN_CLIENT:
            stub_client_event(stub, index, (unsigned)token, ready[i].events);
            break;
        case TOKEN_TRY:
            stub_query_event(stub, index, (unsigned)token, which);
            break;
        }
    }
}

static int open_socket(const struct pk_address *at, int type, int *out)
{
    struct sockaddr_storage to;
    socklen_t len = pk_address_sockaddr(at, &to);
    int fd = socket(at->family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int rc;

    if (fd < 0) {
        return -errno;
    }
    /* A restart finds connections of before; two agents on one address must not both succeed. */
    if (type == SOCK_STREAM) {
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
    }
    rc = bind(fd, (const struct sockaddr *)&to, len) < 0 ? -errno : PK_OK;
    if (rc == PK_OK && type == SOCK_STREAM && listen(fd, BACKLOG) < 0) {
        rc = -errno;
    }
    if (rc < 0) {
        (void)close(fd);
        return rc;
    }
    *out = fd;
    return PK_OK;
}

static int listen_all(struct pk_stub *stub, struct pk_error *err)
{
    char text[PK_ADDRESS_TEXT];
    int rc = open_socket(&stub->own, SOCK_DGRAM, &stub->udp_fd);

    if (rc == PK_OK) {
        rc = open_socket(&stub->own, SOCK_STREAM, &stub->tcp_fd);
    }
    if (rc < 0) {
        return pk_error_set(err, rc, "cannot listen for names on %s port %u: %s",
                pk_address_text(&stub->own, text), stub->own.port, pk_code_text(rc));
    }
    stub->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (stub->epoll_fd < 0) {
        return pk_error_set(err, -errno, "no epoll: %s", pk_code_text(-errno));
    }
    rc = pk_loop_add(stub->loop, stub->epoll_fd, EPOLLIN, on_event, stub, err);
    if (rc == PK_OK) {
        rc = pk_loop_add(stub->loop, stub->udp_fd, EPOLLIN, on_udp, stub, err);
    }
    return rc < 0 ? rc : pk_loop_add(stub->loop, stub->tcp_fd, EPOLLIN, on_tcp, stub, err);
}

int pk_stub_create(struct pk_loop *loop, const struct pk_address *listen, int64_t rate,
        const struct pk_stub_hooks *hooks, struct pk_stub **out, struct pk_error *err)
{
    struct pk_stub *stub = calloc(1, sizeof(*stub));
    int rc;

    if (stub == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    stub->loop = loop;
    stub->own = *listen;
    stub->rate = rate;
    stub->tokens = 2 * rate * 1000;
    stub->tokens_ms = pk_clock_monotonic_ms();
    stub->hooks = *hooks;
    stub->epoll_fd = stub->udp_fd = stub->tcp_fd = -1;
    pk_timer_init(&stub->timer, on_timer, stub);
    for (unsigned i = 0; i < PK_STUB_CLIENTS_MAX; i++) {
        stub->clients[i].fd = -1;
    }
    for (unsigned i = 0; i < PK_STUB_QUERIES_MAX; i++) {
        stub->free_slots[stub->free_count++] = (uint16_t)(PK_STUB_QUERIES_MAX - 1 - i);
    }
    rc = listen_all(stub, err);
    if (rc < 0) {
        pk_stub_destroy(stub);
        return rc;
    }
    *out = stub;
    return PK_OK;
}

void pk_stub_destroy(struct pk_stub *stub)
{
    if (stub == NULL) {
        return;
    }
    const int fds[] = { stub->udp_fd, stub->tcp_fd, stub->epoll_fd };

    stub_query_forget_all(stub);
    stub_client_forget_all(stub);
    pk_loop_disarm(stub->loop, &stub->timer);
    for (size_t i = 0; i < PK_COUNT(fds); i++) {
        if (fds[i] >= 0) {
            pk_loop_remove(stub->loop, fds[i]);
            (void)close(fds[i]);
        }
    }
    free(stub);
}

void pk_stub_servers(struct pk_stub *stub, const struct pk_address *servers, size_t count)
{
    unsigned kept = 0;

    for (size_t i = 0; i < count && kept < PK_STUB_SERVERS_MAX; i++) {
        /* Never to itself. */
        if (!pk_address_same(&servers[i], &stub->own) || servers[i].port != stub->own.port) {
            stub->servers[kept++] = servers[i];
        }
    }
    stub->server_count = kept;
    stub->best = 0;
    stub_query_restart(stub);
}

struct pk_stub_counts pk_stub_counts(const struct pk_stub *stub)
{
    return stub->counts;
}
