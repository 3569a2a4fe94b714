/* stub_load.c - asks a name server, or is one. Each name is asked once, so that no cache helps.
 *
 *   stub_load serve ADDRESS PORT
 *   stub_load ask ADDRESS PORT COUNT WINDOW    WINDOW questions under way at a time
 *
 * Prints one JSON object: seconds, lost, and the latencies in microseconds (p50, p90, p99, mean). */
#include <stdint.h>
#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define WINDOW_MAX 1024
#define WAIT_MS    500

static int64_t now_ns(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static struct sockaddr_in address_of(char **argv)
{
    struct sockaddr_in at = { .sin_family = AF_INET,
        .sin_port = htons((uint16_t)strtoul(argv[3], NULL, 10)) };

    if (inet_pton(AF_INET, argv[2], &at.sin_addr) != 1) {
        (void)fprintf(stderr, "stub_load: '%s' is no address\n", argv[2]);
        exit(2); /* NOLINT(concurrency-mt-unsafe): one thread */
    }
    return at;
}

/* Answers every question for A with one address. */
static int serve(const struct sockaddr_in *at)
{
    static const uint8_t record[] = { 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 198, 51, 100, 1 };
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){ 4 << 20 }, sizeof(int));
    if (bind(fd, (const struct sockaddr *)at, sizeof(*at)) < 0) {
        perror("stub_load: bind");
        return 1;
    }
    for (;;) {
        uint8_t bytes[1500];
        struct sockaddr_in from;
        socklen_t len = sizeof(from);
        ssize_t n = recvfrom(fd, bytes, 512, 0, (struct sockaddr *)&from, &len);
        size_t end = 12;

        if (n < 17) {
            continue;
        }
        while (end < (size_t)n && bytes[end] != 0) {
            end += 1U + bytes[end];
        }
        end += 5;
        if (end > (size_t)n) {
            continue;
        }
        bytes[2] |= 0x80;
        bytes[3] = 0x80;
        memset(bytes + 6, 0, 6);
        bytes[7] = 1;
        memcpy(bytes + end, record, sizeof(record));
        (void)sendto(fd, bytes, end + sizeof(record), 0, (struct sockaddr *)&from, len);
    }
}

/* Question number i: "q<number>.<run>.bench.example". */
static size_t question(uint16_t id, unsigned run, unsigned i, uint8_t out[128])
{
    static const uint8_t rest[] = { 0, 0, 1, 0, 1 }; /* the root, A, IN */
    char name[96];
    size_t at = 12;

    memset(out, 0, 12);
    out[0] = (uint8_t)(id >> 8);
    out[1] = (uint8_t)id;
    out[2] = 1;
    out[5] = 1;
    (void)snprintf(name, sizeof(name), "q%u.r%u.bench.example", i, run);
    for (const char *p = name; *p != '\0';) {
        size_t len = strcspn(p, ".");

        out[at++] = (uint8_t)len;
        for (size_t k = 0; k < len; k++) {
            out[at + k] = (uint8_t)p[k];
        }
        at += len;
        p += len + (p[len] == '.');
    }
    memcpy(out + at, rest, sizeof(rest));
    return at + sizeof(rest);
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

/* us below which so many per cent of the sorted times lie. */
static double at_share(const int64_t *sorted_ns, size_t count, size_t percent)
{
    size_t i = count * percent / 100;

    return count > 0 ? (double)sorted_ns[i] / 1e3 : 0;
}

static int ask(const struct sockaddr_in *at, unsigned count, unsigned window)
{
    const struct timeval wait = { .tv_usec = WAIT_MS * 1000L };
    int64_t sent_ns[65536] = { 0 };
    int64_t *took = calloc(count, sizeof(*took));
    unsigned run = (unsigned)now_ns();
    unsigned sent = 0;
    unsigned done = 0;
    unsigned lost = 0;
    unsigned flying = 0;
    int64_t began = now_ns();
    int64_t ended;
    double sum = 0;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){ 4 << 20 }, sizeof(int));
    if (took == NULL || connect(fd, (const struct sockaddr *)at, sizeof(*at)) < 0) {
        free(took);
        return 1;
    }
    while (done + lost < count) {
        uint8_t bytes[1500];
        ssize_t n;

        while (flying < window && sent < count) {
            size_t len = question((uint16_t)sent, run, sent, bytes);

            sent_ns[sent & 0xffff] = now_ns();
            sent++;
            flying++;
            (void)send(fd, bytes, len, 0);
        }
        n = recv(fd, bytes, sizeof(bytes), 0);
        if (n < 12) {
            lost += flying;
            flying = 0;
            continue;
        }
        unsigned id = (unsigned)bytes[0] << 8 | bytes[1];

        if (sent_ns[id] != 0 && flying > 0 && (bytes[3] & 15) == 0) {
            took[done++] = now_ns() - sent_ns[id];
            sent_ns[id] = 0;
            flying--;
        } else if (sent_ns[id] != 0 && flying > 0) {
            sent_ns[id] = 0;
            flying--;
            lost++;
        }
    }
    ended = now_ns();
    qsort(took, done, sizeof(*took), compare);
    for (unsigned i = 0; i < done; i++) {
        sum += (double)took[i];
    }
    (void)printf("{\"seconds\": %.6f, \"done\": %u, \"lost\": %u, \"p50\": %.1f, \"p90\": %.1f, "
                 "\"p99\": %.1f, \"mean\": %.1f}\n",
            (double)(ended - began) / 1e9, done, lost, at_share(took, done, 50),
            at_share(took, done, 90), at_share(took, done, 99), done > 0 ? sum / done / 1e3 : 0);
    free(took);
    return 0;
}

int main(int argc, char **argv)
{
    struct sockaddr_in at;

    if (argc != 4 && argc != 6) {
        (void)fprintf(stderr, "usage: stub_load serve|ask ADDRESS PORT [COUNT WINDOW]\n");
        return 2;
    }
    at = address_of(argv);
    if (argc == 4) {
        return serve(&at);
    }
    unsigned window = (unsigned)strtoul(argv[5], NULL, 10);

    return ask(
            &at, (unsigned)strtoul(argv[4], NULL, 10), window < WINDOW_MAX ? window : WINDOW_MAX);
}
