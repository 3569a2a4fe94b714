/* The forwarder, with real sockets: the test is the asker and the resolvers. */
#include <arpa/inet.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/loop.h"
#include "agent/stub.h"
#include "base/clock.h"
#include "check.h"

struct world {
    struct pk_loop *loop;
    struct pk_stub *stub;
    struct pk_address own;
    int resolver[2]; /* UDP */
    int tcp[2];      /* listening, same port */
    struct pk_address at[2];
    int client; /* UDP, connected to the stub */
    int stop;
    pthread_t thread;
};

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)
    };
}

/* Both on one port that is free now. */
static struct pk_address open_pair(int *udp, int *tcp)
{
    for (int tries = 0; tries < 50; tries++) {
        struct sockaddr_in at = loopback(0);
        socklen_t len = sizeof(at);

        *udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        *tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(bind(*udp, (struct sockaddr *)&at, sizeof(at)), 0);
        assert_int_equal(getsockname(*udp, (struct sockaddr *)&at, &len), 0);
        if (bind(*tcp, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(*tcp, 8) == 0) {
            return (struct pk_address){ AF_INET, ntohs(at.sin_port), { 127, 0, 0, 1 } };
        }
        (void)close(*udp);
        (void)close(*tcp);
    }
    fail_msg("no free port");
    return (struct pk_address){ 0 };
}

static void set_timeout(int fd)
{
    const struct timeval wait = { .tv_sec = 4 };

    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)), 0);
}

static int connect_client(const struct world *w, int type)
{
    struct sockaddr_in at = loopback(w->own.port);
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

    set_timeout(fd);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    return fd;
}

static void on_stop(void *ctx, uint32_t events)
{
    (void)events;
    pk_loop_stop(ctx);
}

static void *run(void *arg)
{
    struct world *w = arg;

    (void)!pk_loop_run(w->loop, NULL);
    return NULL;
}

static bool on_ask(void *ctx, const char *name, struct pk_relay_made *made)
{
    static const uint8_t page[4] = { 127, 0, 0, 153 };

    (void)ctx;
    *made = (struct pk_relay_made){ .address4 = page, .ttl = 5, .why = PK_RELAY_WHY_BLOCKED };
    return strcmp(name, "bad.example") == 0;
}

/* closed: bits: this resolver's port is closed again. */
static void begin(struct world *w, size_t servers, unsigned closed, int64_t rate)
{
    const struct pk_stub_hooks hooks = { .ask = on_ask, .ctx = w };
    int udp;
    int tcp;

    memset(w, 0, sizeof(*w));
    for (size_t i = 0; i < 2; i++) {
        w->at[i] = open_pair(&w->resolver[i], &w->tcp[i]);
        set_timeout(w->resolver[i]);
        set_timeout(w->tcp[i]);
    }
    w->own = open_pair(&udp, &tcp);
    (void)close(udp);
    (void)close(tcp);
    for (unsigned i = 0; i < 2; i++) {
        if ((closed >> i & 1) != 0) {
            (void)close(w->resolver[i]);
            (void)close(w->tcp[i]);
        }
    }
    assert_int_equal(pk_loop_create(&w->loop, NULL), PK_OK);
    assert_int_equal(pk_stub_create(w->loop, &w->own, rate, &hooks, &w->stub, NULL), PK_OK);
    pk_stub_servers(w->stub, w->at, servers);
    w->stop = eventfd(0, EFD_CLOEXEC);
    assert_int_equal(pk_loop_add(w->loop, w->stop, EPOLLIN, on_stop, w->loop, NULL), PK_OK);
    assert_int_equal(pthread_create(&w->thread, NULL, run, w), 0);
    w->client = connect_client(w, SOCK_DGRAM);
}

static struct pk_stub_counts finish(struct world *w, unsigned closed)
{
    struct pk_stub_counts counts;

    assert_int_equal(write(w->stop, &(uint64_t){ 1 }, 8), 8);
    assert_int_equal(pthread_join(w->thread, NULL), 0);
    counts = pk_stub_counts(w->stub);
    pk_stub_destroy(w->stub);
    pk_loop_destroy(w->loop);
    (void)close(w->stop);
    (void)close(w->client);
    for (unsigned i = 0; i < 2; i++) {
        if ((closed >> i & 1) == 0) {
            (void)close(w->resolver[i]);
            (void)close(w->tcp[i]);
        }
    }
    return counts;
}

static size_t question(uint16_t id, const char *name, uint8_t out[PK_DNS_QUERY_MAX])
{
    size_t len = 0;

    assert_int_equal(pk_dns_build(id, name, PK_DNS_A, out, &len), PK_OK);
    return len;
}

static void ask(const struct world *w, uint16_t id, const char *name)
{
    uint8_t out[PK_DNS_QUERY_MAX];
    size_t len = question(id, name, out);

    assert_int_equal(send(w->client, out, len, 0), len);
}

struct asked {
    uint8_t bytes[4096];
    size_t len;
    struct sockaddr_in from;
};

static void hear(int fd, struct asked *asked)
{
    socklen_t size = sizeof(asked->from);
    ssize_t n = recvfrom(
            fd, asked->bytes, sizeof(asked->bytes), 0, (struct sockaddr *)&asked->from, &size);

    assert_true(n > 12);
    asked->len = (size_t)n;
}

/* The question turned into an answer without records, of this many bytes. */
static void answer(int fd, const struct asked *asked, size_t len)
{
    uint8_t out[4096] = { 0 };

    memcpy(out, asked->bytes, asked->len);
    out[2] |= 0x80;
    assert_int_equal(sendto(fd, out, len > asked->len ? len : asked->len, 0,
                             (const struct sockaddr *)&asked->from, sizeof(asked->from)),
            len > asked->len ? len : asked->len);
}

/* Returns the rcode. */
static int told(int fd, uint16_t id, size_t *len)
{
    uint8_t bytes[4096];
    ssize_t n = recv(fd, bytes, sizeof(bytes), 0);

    assert_true(n >= 12);
    assert_int_equal(pk_relay_id(pk_slice_of(bytes, (size_t)n)), id);
    assert_true((bytes[2] & 0x80) != 0);
    if (len != NULL) {
        *len = (size_t)n;
        return bytes[2] & 2; /* TC */
    }
    return bytes[3] & 0xf;
}

static void test_checked(void **state)
{
    struct world w;
    struct asked asked;
    struct asked forged;
    struct pk_stub_counts counts;
    uint16_t ports[8];
    unsigned same = 0;
    int other;

    (void)state;
    begin(&w, 1, 0, 1000);
    for (uint16_t i = 0; i < 8; i++) {
        uint8_t sent[PK_DNS_QUERY_MAX];
        size_t len = question(7, "good.example", sent);

        ask(&w, 7, "good.example");
        hear(w.resolver[0], &asked);
        assert_int_equal(asked.len, len); /* untouched but for its id */
        assert_memory_equal(asked.bytes + 2, sent + 2, len - 2);
        same += pk_relay_id(pk_slice_of(asked.bytes, 2)) == 7;
        ports[i] = asked.from.sin_port;
        forged = asked;
        forged.bytes[0] ^= 1; /* another id */
        answer(w.resolver[0], &forged, 0);
        forged = asked;
        forged.bytes[14] ^= 1; /* another name */
        answer(w.resolver[0], &forged, 0);
        other = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0); /* another sender */
        forged = asked;
        forged.bytes[3] = 3;
        answer(other, &forged, 0);
        (void)close(other);
        answer(w.resolver[0], &asked, 0);
        assert_int_equal(told(w.client, 7, NULL), 0);
    }
    assert_true(same < 2);
    same = 0;
    for (int i = 1; i < 8; i++) {
        same += ports[i] == ports[0];
    }
    assert_true(same < 3); /* a port of its own each */
    counts = finish(&w, 0);
    assert_int_equal(counts.questions, 8);
    assert_int_equal(counts.forwarded, 8);
    assert_int_equal(counts.wrong, 16);
    assert_int_equal(counts.failed, 0);
}

static void test_silent(void **state)
{
    struct world w;
    struct asked asked;
    struct asked late;
    int64_t began_ms = pk_clock_monotonic_ms();

    (void)state;
    begin(&w, 2, 0, 1000);
    ask(&w, 1, "good.example");
    hear(w.resolver[0], &late);
    hear(w.resolver[1], &asked); /* the first one is silent */
    assert_true(pk_clock_monotonic_ms() - began_ms >= 1400);
    answer(w.resolver[1], &asked, 0);
    assert_int_equal(told(w.client, 1, NULL), 0);
    answer(w.resolver[0], &late, 0); /* nobody waits for it any more */
    ask(&w, 2, "good.example");
    hear(w.resolver[1], &asked); /* the one that answers is asked first from now on */
    answer(w.resolver[1], &asked, 0);
    assert_int_equal(told(w.client, 2, NULL), 0);
    (void)finish(&w, 0);
}

/* A slow network is not a broken one: the answer to the first try counts after the second was sent. */
static void test_late(void **state)
{
    struct world w;
    struct asked first;
    struct asked second;

    (void)state;
    begin(&w, 1, 0, 1000);
    ask(&w, 1, "good.example");
    hear(w.resolver[0], &first);
    hear(w.resolver[0], &second);
    answer(w.resolver[0], &first, 0);
    assert_int_equal(told(w.client, 1, NULL), 0);
    (void)finish(&w, 0);
}

static void test_closed(void **state)
{
    struct world w;
    struct asked asked;
    struct pk_stub_counts counts;
    int64_t began_ms = pk_clock_monotonic_ms();

    (void)state;
    begin(&w, 2, 1, 1000);
    ask(&w, 1, "good.example");
    hear(w.resolver[1], &asked);
    assert_true(pk_clock_monotonic_ms() - began_ms < 1000); /* told by the kernel, not waited for */
    answer(w.resolver[1], &asked, 0);
    assert_int_equal(told(w.client, 1, NULL), 0);
    (void)finish(&w, 1);
    began_ms = pk_clock_monotonic_ms();
    begin(&w, 2, 3, 1000);
    ask(&w, 2, "good.example");
    assert_int_equal(told(w.client, 2, NULL), PK_DNS_SERVFAIL);
    assert_true(pk_clock_monotonic_ms() - began_ms < 1000);
    counts = finish(&w, 3);
    assert_int_equal(counts.failed, 1);
    begin(&w, 0, 3, 1000); /* no resolver is known */
    ask(&w, 3, "good.example");
    assert_int_equal(told(w.client, 3, NULL), PK_DNS_SERVFAIL);
    (void)finish(&w, 3);
}

static void test_sizes(void **state)
{
    struct world w;
    struct asked asked;
    uint8_t big[PK_RELAY_QUERY_MAX + 100] = { 0, 5, 1, 0, 0, 1 };
    size_t len;

    (void)state;
    begin(&w, 1, 0, 1000);
    ask(&w, 1, "good.example");
    hear(w.resolver[0], &asked);
    answer(w.resolver[0], &asked, 900); /* more than can be taken without EDNS */
    assert_int_equal(told(w.client, 1, &len), 2);
    assert_true(len <= 512);
    assert_int_equal(send(w.client, big, sizeof(big), 0), sizeof(big));
    assert_int_equal(told(w.client, 5, NULL), PK_RELAY_FORMERR);
    assert_int_equal(send(w.client, big, 5, 0), 5); /* no message: no answer */
    ask(&w, 6, "bad.example");
    assert_int_equal(told(w.client, 6, NULL), 0);
    (void)finish(&w, 0);
}

static void test_limits(void **state)
{
    struct world w;
    struct asked asked;
    struct pk_stub_counts counts;

    (void)state;
    begin(&w, 1, 0, 1000000);
    for (uint16_t i = 0; i < PK_STUB_QUERIES_MAX; i++) {
        ask(&w, i, "good.example");
        hear(w.resolver[0], &asked);
    }
    ask(&w, 9999, "good.example");
    assert_int_equal(told(w.client, 0, NULL), PK_DNS_SERVFAIL); /* the oldest gives way */
    hear(w.resolver[0], &asked);
    answer(w.resolver[0], &asked, 0);
    assert_int_equal(told(w.client, 9999, NULL), 0);
    counts = finish(&w, 0);
    assert_int_equal(counts.limited, 1);
    begin(&w, 1, 0, 10);
    for (uint16_t i = 0; i < 40; i++) {
        ask(&w, i, "good.example");
    }
    for (int i = 0; i < 20; i++) {
        hear(w.resolver[0], &asked);
    }
    assert_int_equal(told(w.client, 20, NULL), PK_DNS_REFUSED);
    counts = finish(&w, 0);
    assert_int_equal(counts.limited, 20);
}

/* --- TCP ---------------------------------------------------------------------------------- */

static size_t take_bytes(int fd, uint8_t *out, size_t len)
{
    size_t have = 0;

    while (have < len) {
        ssize_t n = recv(fd, out + have, len - have, 0);

        if (n <= 0) {
            break;
        }
        have += (size_t)n;
    }
    return have;
}

static size_t hear_tcp(int fd, uint8_t out[4096])
{
    size_t len;

    assert_int_equal(take_bytes(fd, out, 2), 2);
    len = (size_t)out[0] << 8 | out[1];
    assert_true(len <= 4094);
    assert_int_equal(take_bytes(fd, out + 2, len), len);
    return 2 + len;
}

static void test_tcp(void **state)
{
    struct world w;
    uint8_t out[4096];
    uint8_t in[2][4096];
    int server[2];
    size_t used = 0;
    int fd;

    (void)state;
    begin(&w, 1, 0, 1000);
    fd = connect_client(&w, SOCK_STREAM);
    for (uint16_t i = 0; i < 3; i++) { /* three at once, the last one is answered on the spot */
        size_t len = question(
                (uint16_t)(40 + i), i == 2 ? "bad.example" : "good.example", out + used + 2);

        out[used] = 0;
        out[used + 1] = (uint8_t)len;
        used += 2 + len;
    }
    assert_int_equal(send(fd, out, used - 5, 0), used - 5); /* in two pieces */
    for (int i = 0; i < 2; i++) {
        server[i] = accept(w.tcp[0], NULL, NULL);
        assert_true(server[i] >= 0);
        set_timeout(server[i]);
        assert_int_equal(hear_tcp(server[i], in[i]) > 14, 1);
    }
    assert_int_equal(send(fd, out + used - 5, 5, 0), 5);
    assert_true(hear_tcp(fd, out) > 14);
    assert_int_equal(out[3], 42);
    for (int i = 1; i >= 0; i--) { /* in the order in which they are answered */
        size_t len = 2U + in[i][1];

        in[i][4] |= 0x80;
        assert_int_equal(send(server[i], in[i], 3, 0), 3);
        assert_int_equal(send(server[i], in[i] + 3, len - 3, 0), len - 3);
        assert_int_equal(hear_tcp(fd, out), len);
        assert_int_equal(out[3], 40 + i);
        (void)close(server[i]);
    }
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    assert_int_equal(recv(fd, out, 1, 0), 0); /* closed when all is said */
    (void)close(fd);
    (void)finish(&w, 0);
}

static void test_tcp_bad(void **state)
{
    static const uint8_t zero[2] = { 0, 0 };
    static const uint8_t huge[2] = { 0xff, 0xff };
    struct world w;
    uint8_t out[4096];
    int fd;
    int server;
    size_t len;

    (void)state;
    begin(&w, 1, 0, 1000);
    fd = connect_client(&w, SOCK_STREAM);
    assert_int_equal(send(fd, zero, 2, 0), 2);
    assert_true(recv(fd, out, 1, 0) <= 0);
    (void)close(fd);
    fd = connect_client(&w, SOCK_STREAM);
    assert_int_equal(send(fd, huge, 2, 0), 2);
    assert_true(recv(fd, out, 1, 0) <= 0);
    (void)close(fd);
    fd = connect_client(&w, SOCK_STREAM);
    len = question(3, "good.example", out + 2);
    out[0] = 0;
    out[1] = (uint8_t)len;
    assert_int_equal(send(fd, out, 2 + len, 0), 2 + len);
    for (int i = 0; i < 3; i++) { /* closed, lies about the length, another question */
        server = accept(w.tcp[0], NULL, NULL);
        set_timeout(server);
        len = hear_tcp(server, out);
        out[4] |= 0x80;
        if (i == 1) {
            assert_int_equal(send(server, zero, 2, 0), 2);
        } else if (i == 2) {
            out[16] ^= 1;
            assert_int_equal(send(server, out, len, 0), len);
        }
        (void)close(server);
    }
    assert_true(hear_tcp(fd, out) > 14); /* then it says that it cannot be had */
    assert_int_equal(out[3], 3);
    assert_int_equal(out[5] & 0xf, PK_DNS_SERVFAIL);
    (void)close(fd);
    (void)finish(&w, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_checked),
        cmocka_unit_test(test_silent),
        cmocka_unit_test(test_late),
        cmocka_unit_test(test_closed),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_tcp),
        cmocka_unit_test(test_tcp_bad),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
