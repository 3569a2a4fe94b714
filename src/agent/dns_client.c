#include "agent/dns_client.h"

#include <limits.h>
#include <netinet/in.h>
#include <openssl/rand.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "agent/dns_stream.h"
#include "base/clock.h"

#define REPLY_MAX 4096
/* Lost packets are asked for again; the waits grow like this until the deadline. */
static const int retry_ms[] = { 400, 1000, 2000, INT_MAX };

struct flight {
    int fd; /* -1: closed */
    uint16_t id;
    bool answered;
    bool repeated;
    int64_t answered_ms; /* when; monotonic */
    uint8_t query[PK_DNS_QUERY_MAX];
    size_t len;
};

static int launch(struct pk_dns_question *q, struct flight *f)
{
    struct sockaddr_storage to;
    socklen_t len = pk_address_sockaddr(&q->server, &to);

    if (RAND_bytes((unsigned char *)&f->id, sizeof(f->id)) != 1) {
        return PK_ECRYPTO;
    }
    if (pk_dns_build(f->id, q->name, q->type, f->query, &f->len) < 0) {
        return PK_EMALF;
    }
    f->fd = socket(q->server.family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (f->fd < 0) {
        return -errno;
    }
    /* Connected: the kernel picks a random port and drops what others send. */
    if (connect(f->fd, (struct sockaddr *)&to, len) < 0 || send(f->fd, f->query, f->len, 0) < 0) {
        return -errno;
    }
    return PK_ETIMEDOUT; /* until an answer says otherwise */
}

static void land(struct flight *f)
{
    if (f->fd >= 0) {
        (void)close(f->fd);
        f->fd = -1;
    }
}

static void take(struct pk_dns_question *q, struct flight *f, const struct pk_dns_answer *answer)
{
    int64_t now = pk_clock_monotonic_ms();

    if (!f->answered) {
        q->answer = *answer;
        q->rc = PK_OK;
        f->answered = true;
        f->answered_ms = now;
        if (q->linger_ms == 0 || f->repeated) {
            land(f);
        }
    } else if (!pk_dns_same_answer(&q->answer, answer)) {
        q->second = *answer;
        q->second_ms = (int)(now - f->answered_ms);
        land(f);
    }
}

static void receive(struct pk_dns_question *q, struct flight *f)
{
    uint8_t reply[REPLY_MAX];
    struct pk_dns_answer answer;

    while (f->fd >= 0) {
        ssize_t len = recv(f->fd, reply, sizeof(reply), 0);

        if (len < 0) {
            if (errno != EAGAIN && errno != EINTR) {
                q->rc = f->answered ? q->rc : -errno;
                land(f);
            }
            return;
        }
        if (pk_dns_parse(pk_slice_of(reply, (size_t)len), f->id, q->name, q->type, &answer) ==
                PK_OK) {
            take(q, f, &answer);
        }
    }
}

/* Fills in what is to be waited for, ends what has lingered long enough; *until_ms gets the next
 * moment of that kind. Returns the number of open flights. */
static int fill_poll(const struct pk_dns_question *questions, struct flight *flights, size_t count,
        struct pollfd *fds, int64_t *until_ms)
{
    int64_t now = pk_clock_monotonic_ms();
    int open = 0;

    *until_ms = INT64_MAX;
    for (size_t i = 0; i < count; i++) {
        struct flight *f = &flights[i];

        if (f->fd >= 0 && f->answered) {
            int64_t end = f->answered_ms + questions[i].linger_ms;

            if (end <= now) {
                land(f);
            } else {
                *until_ms = end < *until_ms ? end : *until_ms;
            }
        }
        fds[i] = (struct pollfd){ .fd = f->fd, .events = POLLIN };
        open += f->fd >= 0;
    }
    return open;
}

static void send_again(struct flight *flights, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (flights[i].fd >= 0 && !flights[i].answered) {
            flights[i].repeated = true;
            (void)!send(flights[i].fd, flights[i].query, flights[i].len, 0);
        }
    }
}

/* Waits for answers until all are there, the deadline passes, or it is cancelled. */
static void collect(struct pk_dns_question *questions, struct flight *flights, size_t count,
        const struct pk_deadline *deadline)
{
    struct pollfd fds[PK_DNS_QUESTIONS_MAX + 1];
    size_t tries = 0;
    int64_t again_ms = pk_clock_monotonic_ms() + retry_ms[0];
    int64_t until_ms;

    while (fill_poll(questions, flights, count, fds, &until_ms) > 0) {
        int64_t left = pk_deadline_left_ms(deadline);
        int64_t next = again_ms < until_ms ? again_ms : until_ms;
        int64_t pause = next - pk_clock_monotonic_ms();

        if (left == 0) {
            return;
        }
        pause = pause < 0 ? 0 : pause;
        fds[count] = (struct pollfd){ .fd = deadline->cancel_fd, .events = POLLIN };
        if (poll(fds, count + 1, (int)(left < pause ? left : pause)) < 0 && errno != EINTR) {
            return;
        }
        if (fds[count].revents != 0) {
            return;
        }
        for (size_t i = 0; i < count; i++) {
            if (fds[i].fd >= 0 && fds[i].revents != 0) {
                receive(&questions[i], &flights[i]);
            }
        }
        if (pk_clock_monotonic_ms() >= again_ms) {
            send_again(flights, count);
            tries += tries + 1 < PK_COUNT(retry_ms);
            again_ms = pk_clock_monotonic_ms() + retry_ms[tries];
        }
    }
}

static void ask_cut(
        struct pk_dns_question *questions, size_t count, const struct pk_deadline *deadline)
{
    for (size_t i = 0; i < count; i++) {
        struct pk_dns_question again = questions[i];

        if (again.rc == PK_OK && again.answer.truncated) {
            pk_dns_ask_tcp(&again, 1, deadline);
            if (again.rc == PK_OK) {
                questions[i].answer = again.answer;
            }
        }
    }
}

void pk_dns_ask(struct pk_dns_question *questions, size_t count, const struct pk_deadline *deadline)
{
    struct flight flights[PK_DNS_QUESTIONS_MAX];

    for (size_t i = 0; i < count; i++) {
        questions[i].second_ms = -1;
        if (i >= PK_DNS_QUESTIONS_MAX) {
            questions[i].rc = PK_ELIMIT;
            continue;
        }
        flights[i] = (struct flight){ .fd = -1 };
        questions[i].rc = launch(&questions[i], &flights[i]);
        if (questions[i].rc != PK_ETIMEDOUT) {
            land(&flights[i]);
        }
    }
    count = count < PK_DNS_QUESTIONS_MAX ? count : PK_DNS_QUESTIONS_MAX;
    collect(questions, flights, count, deadline);
    for (size_t i = 0; i < count; i++) {
        land(&flights[i]);
    }
    ask_cut(questions, count, deadline);
}

void pk_dns_ask_tcp(
        struct pk_dns_question *questions, size_t count, const struct pk_deadline *deadline)
{
    struct pk_dns_stream stream = { .fd = -1 };
    int rc = count > 0 ? pk_net_connect(&questions[0].server, deadline, &stream.fd, NULL) : PK_OK;

    for (size_t i = 0; i < count; i++) {
        questions[i].second_ms = -1;
        questions[i].rc = rc;
    }
    if (rc == PK_OK && count > 0) {
        pk_dns_stream_ask(&stream, questions, count, false, deadline);
        (void)close(stream.fd);
    }
}

/* IPv4, and IPv6 where there is none. */
static int resolve_at(const struct pk_address *server, const char *host,
        const struct pk_deadline *deadline, struct pk_address *out)
{
    struct pk_dns_question q[2] = {
        { .server = *server, .name = host, .type = PK_DNS_A },
        { .server = *server, .name = host, .type = PK_DNS_AAAA },
    };

    pk_dns_ask(q, 1, deadline);
    if (q[0].rc == PK_OK && q[0].answer.count > 0) {
        *out = q[0].answer.addresses[0];
        return PK_OK;
    }
    if (q[0].rc != PK_OK || q[0].answer.rcode == PK_DNS_NXDOMAIN) {
        return q[0].rc != PK_OK ? q[0].rc : PK_ENOENT;
    }
    pk_dns_ask(q + 1, 1, deadline);
    if (q[1].rc == PK_OK && q[1].answer.count > 0) {
        *out = q[1].answer.addresses[0];
        return PK_OK;
    }
    return q[1].rc != PK_OK ? q[1].rc : PK_ENOENT;
}

int pk_dns_resolve(const struct pk_address *servers, size_t count, const char *host, uint16_t port,
        const struct pk_deadline *deadline, struct pk_address *out)
{
    int rc = PK_ENOENT;

    if (strcmp(host, "localhost") == 0) { /* never a question for a network: RFC 6761 */
        host = "127.0.0.1";
    }
    if (pk_address_parse(host, port, out) == PK_OK) {
        out->port = port;
        return PK_OK;
    }
    for (size_t i = 0; i < count; i++) {
        /* A dead first resolver must leave time for the second. */
        struct pk_deadline part = *deadline;

        part.at_ms -= pk_deadline_left_ms(deadline) * (int64_t)(count - 1 - i) / (int64_t)count;
        rc = resolve_at(&servers[i], host, &part, out);
        if (rc == PK_OK) {
            out->port = port;
            return PK_OK;
        }
        if (rc == PK_ENOENT || rc == -ECANCELED) {
            return rc;
        }
    }
    return rc;
}
