/* Questions under way: to which resolver, since when, for whom. */
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "agent/stub_internal.h"
#include "base/clock.h"

static void end_try(struct stub_try *try)
{
    if (try->fd >= 0) {
        (void)close(try->fd); /* epoll forgets it by that */
    }
    stub_flow_end(try->flow);
    try->fd = -1;
    try->flow = NULL;
}

static void end_tries(struct stub_query *query)
{
    for (unsigned i = 0; i < query->try_count; i++) {
        end_try(&query->tries[i]);
    }
    query->try_count = 0;
}

static void forget(struct pk_stub *stub, struct stub_query *query)
{
    end_tries(query);
    *(query->prev != NULL ? &query->prev->next : &stub->oldest) = query->next;
    *(query->next != NULL ? &query->next->prev : &stub->newest) = query->prev;
    stub->slots[query->slot] = NULL;
    stub->generations[query->slot]++;
    stub->free_slots[stub->free_count++] = (uint16_t)query->slot;
    if (query->origin.client >= 0) {
        stub_client_settle(stub, &query->origin);
    }
    free(query);
}

static struct pk_slice question_of(const struct stub_query *query)
{
    return pk_slice_of(query->bytes, query->len);
}

/* No resolver answers: say so at once, the asker has others. */
static void fail(struct pk_stub *stub, struct stub_query *query)
{
    static const struct pk_relay_made made = { .rcode = PK_DNS_SERVFAIL,
        .why = PK_RELAY_WHY_UNREACHABLE };
    uint8_t out[PK_RELAY_MADE_MAX];
    size_t len = pk_relay_make(question_of(query), &query->asked, &made, out);

    stub_reply(stub, question_of(query), &query->asked, &query->origin, out, len);
    forget(stub, query);
}

static int send_udp(const struct pk_address *server, struct pk_slice message, int *out)
{
    struct sockaddr_storage to;
    socklen_t len = pk_address_sockaddr(server, &to);
    int fd = socket(server->family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        return -errno;
    }
    /* Connected: other senders are dropped by the kernel, which also picks a random port and tells when
     * nobody listens there (RFC 5452 section 9.2). */
    if (connect(fd, (const struct sockaddr *)&to, len) < 0 ||
            send(fd, message.ptr, message.len, MSG_NOSIGNAL) < 0) {
        int rc = -errno;

        (void)close(fd);
        return rc;
    }
    *out = fd;
    return PK_OK;
}

static bool start_try(struct pk_stub *stub, struct stub_query *query)
{
    unsigned which = query->try_count;
    struct stub_try *try = &query->tries[which];
    bool tcp = query->origin.client >= 0;

    *try = (struct stub_try){
        .fd = -1,
        .id = stub_random_id(stub),
        .server = (stub->best + which) % stub->server_count,
    };
    query->try_count++;
    if (tcp) {
        try->flow = stub_flow_start(
                &stub->servers[try->server], question_of(query), try->id, &try->fd);
    } else {
        pk_relay_set_id(query->bytes, try->id);
        (void)!send_udp(&stub->servers[try->server], question_of(query), &try->fd);
    }
    if (try->fd < 0 ||
            stub_watch(stub, try->fd, tcp ? EPOLLOUT : EPOLLIN,
                    stub_token(TOKEN_TRY, query->slot, stub->generations[query->slot], which)) <
                    0) {
        end_try(try);
        return false;
    }
    query->next_ms = pk_clock_monotonic_ms() + STUB_RETRY_MS;
    return true;
}

/* Asks the next resolver. False: there is none left, and the question is over. */
static bool try_next(struct pk_stub *stub, struct stub_query *query)
{
    while (stub->server_count > 0 && query->try_count < STUB_TRIES_MAX) {
        if (start_try(stub, query)) {
            return true;
        }
    }
    for (unsigned i = 0; i < query->try_count; i++) {
        if (query->tries[i].fd >= 0) { /* an earlier one may still answer */
            return true;
        }
    }
    stub->counts.failed++;
    fail(stub, query);
    return false;
}

void stub_query_begin(struct pk_stub *stub, struct pk_slice message,
        const struct pk_relay_query *asked, const struct stub_origin *origin)
{
    struct stub_query *query;

    if (stub->free_count == 0) {
        stub->counts.limited++;
        fail(stub, stub->oldest);
    }
    query = malloc(sizeof(*query) + message.len);
    if (query == NULL) {
        return; /* the asker asks again */
    }
    *query = (struct stub_query){
        .slot = stub->free_slots[--stub->free_count],
        .born_ms = pk_clock_monotonic_ms(),
        .origin = *origin,
        .asked = *asked,
        .len = message.len,
        .prev = stub->newest,
    };
    memcpy(query->bytes, message.ptr, message.len);
    *(stub->newest != NULL ? &stub->newest->next : &stub->oldest) = query;
    stub->newest = query;
    stub->slots[query->slot] = query;
    if (origin->client >= 0) {
        stub->clients[origin->client].pending++;
    }
    if (try_next(stub, query)) {
        stub_wake_in(stub, STUB_RETRY_MS);
    }
}

/* A later resolver was the first to answer: it is asked first from now on. */
static void prefer(struct pk_stub *stub, const struct stub_query *query, unsigned which)
{
    if (which > 0 && query->tries[0].server == stub->best) {
        stub->best = query->tries[which].server;
    }
}

static void take_answer(
        struct pk_stub *stub, struct stub_query *query, unsigned which, uint8_t *answer, size_t len)
{
    prefer(stub, query, which);
    stub->counts.forwarded++;
    stub_reply(stub, question_of(query), &query->asked, &query->origin, answer, len);
    forget(stub, query);
}

static void lose_try(struct pk_stub *stub, struct stub_query *query, unsigned which)
{
    end_try(&query->tries[which]);
    (void)try_next(stub, query);
}

static void on_datagram(struct pk_stub *stub, struct stub_query *query, unsigned which)
{
    struct stub_try *try = &query->tries[which];
    ssize_t n = recv(try->fd, stub->buffer, sizeof(stub->buffer), MSG_DONTWAIT);

    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (n < 0) { /* nobody listens there */
        lose_try(stub, query, which);
    } else if (n <= (ssize_t)PK_RELAY_ANSWER_MAX &&
            pk_relay_answers(question_of(query), query->asked.question_end, try->id,
                    pk_slice_of(stub->buffer, (size_t)n))) {
        take_answer(stub, query, which, stub->buffer, (size_t)n);
    } else {
        stub->counts.wrong++;
        if (++try->wrong >= STUB_WRONG_MAX) {
            lose_try(stub, query, which);
        }
    }
}

static void on_flow(struct pk_stub *stub, struct stub_query *query, unsigned which)
{
    struct stub_try *try = &query->tries[which];
    uint32_t events = 0;
    size_t len;
    uint8_t *answer;

    switch (stub_flow_go(try->flow, try->fd, &events)) {
    case FLOW_WAITING:
        stub_rewatch(stub, try->fd, events,
                stub_token(TOKEN_TRY, query->slot, stub->generations[query->slot], which));
        return;
    case FLOW_FAILED:
        lose_try(stub, query, which);
        return;
    case FLOW_DONE:
        break;
    }
    answer = stub_flow_answer(try->flow, &len);
    if (pk_relay_answers(
                question_of(query), query->asked.question_end, try->id, pk_slice_of(answer, len))) {
        take_answer(stub, query, which, answer, len);
    } else {
        stub->counts.wrong++;
        lose_try(stub, query, which);
    }
}

void stub_query_event(struct pk_stub *stub, unsigned slot, unsigned generation, unsigned which)
{
    struct stub_query *query = slot < PK_STUB_QUERIES_MAX ? stub->slots[slot] : NULL;

    if (query == NULL || stub->generations[slot] != generation || which >= query->try_count ||
            query->tries[which].fd < 0) {
        return;
    }
    if (query->tries[which].flow != NULL) {
        on_flow(stub, query, which);
    } else {
        on_datagram(stub, query, which);
    }
}

int64_t stub_query_tick(struct pk_stub *stub, int64_t now_ms)
{
    struct stub_query *next;
    int64_t due_ms = 0;

    for (struct stub_query *query = stub->oldest; query != NULL; query = next) {
        int64_t end_ms = query->born_ms + STUB_GIVE_UP_MS;
        int64_t at_ms;

        next = query->next;
        if (now_ms >= end_ms) {
            stub->counts.failed++;
            fail(stub, query);
            continue;
        }
        if (now_ms >= query->next_ms && query->try_count < STUB_TRIES_MAX &&
                !try_next(stub, query)) {
            continue;
        }
        at_ms = query->try_count < STUB_TRIES_MAX && query->next_ms < end_ms ? query->next_ms
                                                                             : end_ms;
        due_ms = due_ms == 0 || at_ms < due_ms ? at_ms : due_ms;
    }
    return due_ms;
}

void stub_query_restart(struct pk_stub *stub)
{
    struct stub_query *next;

    for (struct stub_query *query = stub->oldest; query != NULL; query = next) {
        next = query->next;
        end_tries(query);
        stub->generations[query->slot]++; /* events of the old sockets may be waiting */
        (void)try_next(stub, query);
    }
}

void stub_query_forget_all(struct pk_stub *stub)
{
    struct stub_query *next;

    for (struct stub_query *query = stub->oldest; query != NULL; query = next) {
        next = query->next;
        forget(stub, query);
    }
}
