#include "cli/capture_read.h"

#include <fcntl.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "scan/sandbox.h"
#include "track/capture.h"
#include "wire/pcap.h"

#define MEMORY_MAX   (512UL * 1024 * 1024)
#define EXIT_MEMORY  40
#define EXIT_SANDBOX 43

/* What stands in a capture, for people. */
enum kind {
    KIND_ARP,
    KIND_IPV4,
    KIND_IPV6,
    KIND_ICMP,
    KIND_DHCP,
    KIND_DNS,
    KIND_TLS,
    KIND_HTTP,
    KIND_GSMTAP,
    KIND_WIFI,
    KIND_OTHER,
    KIND_UNREADABLE,
    KINDS
};
static const char *const kind_names[KINDS] = { "arp", "ipv4", "ipv6", "icmp", "dhcp", "dns", "tls",
    "http", "gsmtap", "wifi", "other", "unreadable" };

/* The inside of the process that reads. */
struct reading {
    struct pk_buffer text;
    const char *network;
    int64_t packets;
    int64_t first_us;
    int64_t last_us;
    int64_t counts[KINDS];
};

bool pk_capture_is(const char *file)
{
    uint8_t head[4];
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    ssize_t len = fd >= 0 ? read(fd, head, sizeof(head)) : -1;

    if (fd >= 0) {
        (void)close(fd);
    }
    return len == (ssize_t)sizeof(head) && pk_pcap_is(pk_slice_of(head, sizeof(head)));
}

static void put_line(struct reading *r, json_t *line)
{
    char *text = pk_json_text(line);

    if (text != NULL) {
        (void)pk_buffer_puts(&r->text, text);
        (void)pk_buffer_putc(&r->text, '\n');
    }
    free(text);
    json_decref(line);
}

static void on_observation(void *ctx, struct pk_observation *obs)
{
    struct reading *r = ctx;
    json_t *line;

    obs->seq = 1;
    obs->network = r->network;
    line = pk_observation_encode(obs, false);
    if (line == NULL) {
        _exit(EXIT_MEMORY);
    }
    (void)json_object_del(line, "seq");
    (void)json_object_set_new(line, "device", json_string("capture"));
    put_line(r, line);
}

static bool has_port(const struct pk_frame *f, uint16_t port)
{
    return f->from.port == port || f->to.port == port;
}

static enum kind kind_of(const struct pk_frame *f)
{
    if (f->link == PK_LINK_80211 || f->link == PK_LINK_80211_PRISM ||
            f->link == PK_LINK_80211_RADIOTAP) {
        return KIND_WIFI;
    }
    if (f->ethertype == ETHERTYPE_ARP) {
        return KIND_ARP;
    }
    if (f->protocol == IPPROTO_ICMP || f->protocol == IPPROTO_ICMPV6) {
        return KIND_ICMP;
    }
    if (f->protocol == IPPROTO_UDP || f->protocol == IPPROTO_TCP) {
        bool udp = f->protocol == IPPROTO_UDP;

        if (has_port(f, 53)) {
            return KIND_DNS;
        }
        if (udp && (has_port(f, 67) || has_port(f, 68) || has_port(f, 546) || has_port(f, 547))) {
            return KIND_DHCP;
        }
        if (udp && has_port(f, 4729)) {
            return KIND_GSMTAP;
        }
        if (!udp && (has_port(f, 443) || has_port(f, 80))) {
            return has_port(f, 443) ? KIND_TLS : KIND_HTTP;
        }
    }
    return f->from.family == AF_INET     ? KIND_IPV4
            : f->from.family == AF_INET6 ? KIND_IPV6
                                         : KIND_OTHER;
}

static void take_packet(
        struct reading *r, struct pk_capture *capture, const struct pk_pcap_packet *packet)
{
    struct pk_frame f;

    r->packets++;
    r->first_us = r->packets == 1 ? packet->at_us : r->first_us;
    r->last_us = packet->at_us > r->last_us ? packet->at_us : r->last_us;
    if (pk_frame_parse(packet->link, packet->bytes, packet->at_us, &f) < 0) {
        r->counts[KIND_UNREADABLE]++;
        return;
    }
    f.cut = packet->bytes.len < packet->wire_len;
    r->counts[kind_of(&f)]++;
    pk_capture_frame(capture, &f);
}

static json_t *summary(const struct reading *r, const char *error)
{
    json_t *kinds = json_object();
    char first[PK_TIME_TEXT];
    char last[PK_TIME_TEXT];

    for (size_t i = 0; i < KINDS; i++) {
        if (r->counts[i] > 0) {
            (void)json_object_set_new(kinds, kind_names[i], json_integer(r->counts[i]));
        }
    }
    return json_pack("{s:{s:I, s:s, s:s, s:o, s:s*}}", "capture", "packets", (json_int_t)r->packets,
            "first", pk_time_format(r->first_us / 1000, first), "last",
            pk_time_format(r->last_us / 1000, last), "kinds", kinds, "error", error);
}

/* In the sandbox: nothing but the mapped file, memory and one pipe. */
static int read_mapped(struct reading *r, struct pk_slice file)
{
    const struct pk_track_sink sink = { .tell = on_observation, .ctx = r };
    struct pk_capture *capture = pk_capture_create(&sink);
    struct pk_pcap_packet packet;
    struct pk_error err = { 0 };
    struct pk_pcap pcap;
    size_t sent = 0;
    int rc = pk_pcap_open(file, &pcap, &err);

    if (capture == NULL) {
        return EXIT_MEMORY;
    }
    while (rc == PK_OK) {
        rc = pk_pcap_next(&pcap, &packet, &err);
        if (rc == PK_OK) {
            take_packet(r, capture, &packet);
        }
    }
    pk_capture_end(capture);
    pk_capture_destroy(capture);
    put_line(r, summary(r, rc != PK_ENOENT ? err.text : NULL));
    if (r->text.rc < 0) {
        return EXIT_MEMORY;
    }
    while (sent < r->text.len) {
        ssize_t n = write(STDOUT_FILENO, r->text.ptr + sent, r->text.len - sent);

        if (n <= 0) {
            return EXIT_FAILURE;
        }
        sent += (size_t)n;
    }
    return EXIT_SUCCESS;
}

/* The child: gives everything away, then reads. */
static _Noreturn void be_reader(struct pk_slice file, const char *network, int pipe_fd)
{
    const struct pk_sandbox_limits limits = {
        .memory_max = MEMORY_MAX, .file_size = file.len, .cpu_s = PK_CAPTURE_CPU_S
    };
    struct reading r = { .text = pk_buffer_of(PK_CAPTURE_TEXT_MAX), .network = network };
    enum pk_sandbox_step step;
    struct pk_sandbox sandbox;
    char text[PK_TIME_TEXT];

    json_object_seed(1);
    (void)pk_time_format(0, text); /* what the C library reads once, it reads now */
    if (dup2(pipe_fd, STDOUT_FILENO) < 0 || pk_sandbox_enter_warden(&sandbox, &step) < 0 ||
            close_range(STDERR_FILENO + 1, ~0U, 0) < 0 ||
            pk_sandbox_enter_reader(&sandbox, &limits) < 0) {
        _exit(EXIT_SANDBOX);
    }
    _exit(read_mapped(&r, file));
}

static int map_file(const char *path, void **map_out, struct pk_slice *out, struct pk_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct stat info;
    void *map;

    if (fd < 0 || fstat(fd, &info) < 0) {
        int code = -errno;

        if (fd >= 0) {
            (void)close(fd);
        }
        return pk_error_set(err, code, "cannot read '%s': %s", path, pk_code_text(code));
    }
    if (!S_ISREG(info.st_mode) || info.st_size <= 0 ||
            (uint64_t)info.st_size > PK_CAPTURE_FILE_MAX) {
        (void)close(fd);
        return pk_error_set(err, PK_ELIMIT, "'%s' is no file of up to 4 GiB", path);
    }
    map = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    (void)close(fd);
    if (map == MAP_FAILED) {
        return pk_error_set(err, -errno, "cannot map '%s': %s", path, pk_code_text(-errno));
    }
    *map_out = map;
    *out = pk_slice_of(map, (size_t)info.st_size);
    return PK_OK;
}

/* All that the child writes. */
static int drain(int fd, struct pk_buffer *out)
{
    char bytes[65536];
    int rc = PK_OK;

    for (;;) {
        ssize_t n = read(fd, bytes, sizeof(bytes));

        if (n == 0) {
            return rc;
        }
        if (n < 0 && errno != EINTR) {
            return -errno;
        }
        if (n > 0 && rc == PK_OK) {
            rc = pk_buffer_put(out, bytes, (size_t)n);
        }
    }
}

static int end_of(pid_t child, struct pk_error *err)
{
    int status = 0;

    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS) {
        return PK_OK;
    }
    if (WIFSIGNALED(status)) {
        return pk_error_set(err, PK_ELIMIT, "its reader was ended (signal %d): too long or broken",
                WTERMSIG(status));
    }
    switch (WEXITSTATUS(status)) {
    case EXIT_MEMORY:
        return pk_error_set(err, PK_ELIMIT, "it takes more memory than a reader gets");
    case EXIT_SANDBOX:
        return pk_error_set(err, PK_EACCES, "the sandbox did not come up; nothing was read");
    default:
        return pk_error_set(err, PK_EIO, "its reader failed");
    }
}

static int read_in_child(
        struct pk_slice file, const char *network, struct pk_buffer *out, struct pk_error *err)
{
    int ends[2];
    pid_t child;
    int rc;
    int ended;

    if (pipe2(ends, O_CLOEXEC) < 0) {
        return pk_error_set(err, -errno, "no pipe: %s", pk_code_text(-errno));
    }
    child = fork();
    if (child == 0) {
        be_reader(file, network, ends[1]);
    }
    (void)close(ends[1]);
    if (child < 0) {
        (void)close(ends[0]);
        return pk_error_set(err, -errno, "no process: %s", pk_code_text(-errno));
    }
    rc = drain(ends[0], out);
    (void)close(ends[0]);
    ended = end_of(child, err);
    if (ended < 0) {
        return ended;
    }
    return rc < 0 ? pk_error_set(err, rc, "%s", pk_code_text(rc)) : PK_OK;
}

int pk_capture_read(const char *file, struct pk_buffer *out, struct pk_error *err)
{
    const char *base = strrchr(file, '/');
    char network[PK_NETWORK_ID];
    struct pk_slice bytes = { 0 };
    struct pk_error why = { 0 };
    void *map = NULL;
    int rc = map_file(file, &map, &bytes, err);

    if (rc < 0) {
        return rc;
    }
    pk_network_id(pk_slice_of(NULL, 0), base != NULL ? base + 1 : file, network);
    rc = read_in_child(bytes, network, out, &why);
    (void)munmap(map, bytes.len);
    return rc < 0 ? pk_error_set(err, rc, "'%s': %s", file, why.text) : PK_OK;
}
