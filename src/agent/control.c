#include "agent/control.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/loop.h"
#include "base/clock.h"

#define ASKERS_MAX 8
#define LINE_BYTES 320                 /* "names allow" and a name */
#define ASK_MS     (60 * PK_SECOND_MS) /* a check may take that long */

struct asker {
    struct pk_control *control;
    struct pk_timer deadline;
    int fd; /* -1: free */
    size_t len;
    char line[LINE_BYTES];
};

struct pk_control {
    struct pk_loop *loop;
    void (*ask)(void *ctx, const char *line, int asker);
    void *ctx;
    int fd;
    bool bound;
    char path[PATH_MAX];
    struct asker askers[ASKERS_MAX];
};

/* A socket's path is short (108 bytes), a state folder's need not be: go through its descriptor. */
static int address_of(const char *state_dir, int *dir, struct sockaddr_un *out)
{
    *out = (struct sockaddr_un){ .sun_family = AF_UNIX };
    *dir = open(state_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (*dir < 0) {
        return -errno;
    }
    (void)snprintf(out->sun_path, sizeof(out->sun_path), "/proc/self/fd/%d/agent.sock", *dir);
    return PK_OK;
}

static void let_go(struct asker *a)
{
    if (a->fd < 0) {
        return;
    }
    pk_loop_remove(a->control->loop, a->fd);
    pk_loop_disarm(a->control->loop, &a->deadline);
    (void)close(a->fd);
    a->fd = -1;
}

static void on_deadline(void *ctx)
{
    let_go(ctx);
}

static void on_readable(void *ctx, uint32_t events)
{
    struct asker *a = ctx;
    ssize_t n = read(a->fd, a->line + a->len, sizeof(a->line) - 1 - a->len);
    char *end;

    (void)events;
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (n <= 0) {
        let_go(a);
        return;
    }
    a->len += (size_t)n;
    a->line[a->len] = '\0';
    end = strchr(a->line, '\n');
    if (end == NULL) {
        if (a->len + 1 == sizeof(a->line)) {
            let_go(a);
        }
        return;
    }
    *end = '\0';
    pk_loop_remove(a->control->loop, a->fd); /* one question each */
    a->control->ask(a->control->ctx, a->line, (int)(a - a->control->askers));
}

static void on_connection(void *ctx, uint32_t events)
{
    struct pk_control *c = ctx;
    int fd = accept4(c->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    size_t i = 0;

    (void)events;
    if (fd < 0) {
        return;
    }
    while (i < ASKERS_MAX && c->askers[i].fd >= 0) {
        i++;
    }
    if (i == ASKERS_MAX ||
            pk_loop_add(c->loop, fd, EPOLLIN, on_readable, &c->askers[i], NULL) < 0) {
        (void)close(fd);
        return;
    }
    c->askers[i].fd = fd;
    c->askers[i].len = 0;
    pk_loop_arm(c->loop, &c->askers[i].deadline, ASK_MS);
}

static bool is_alive(const struct sockaddr_un *at)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool alive = fd >= 0 && connect(fd, (const struct sockaddr *)at, sizeof(*at)) == 0;

    if (fd >= 0) {
        (void)close(fd);
    }
    return alive;
}

static int listen_at(struct pk_control *c, const char *state_dir, struct pk_error *err)
{
    struct sockaddr_un at;
    mode_t before;
    int dir;
    int rc = address_of(state_dir, &dir, &at);

    if (rc < 0) {
        return pk_error_set(err, rc, "cannot open '%s': %s", state_dir, pk_code_text(rc));
    }
    c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (is_alive(&at)) {
        (void)close(dir);
        return pk_error_set(err, PK_EBUSY, "another agent works in '%s'", state_dir);
    }
    (void)unlink(at.sun_path); /* of an agent that was killed */
    before = umask(0177);
    if (c->fd < 0 || bind(c->fd, (const struct sockaddr *)&at, sizeof(at)) != 0 ||
            listen(c->fd, ASKERS_MAX) != 0) {
        rc = -errno;
    }
    c->bound = rc == PK_OK;
    (void)umask(before);
    (void)close(dir);
    return rc < 0 ? pk_error_set(err, rc, "no socket in '%s': %s", state_dir, pk_code_text(rc))
                  : PK_OK;
}

int pk_control_create(struct pk_loop *loop, const char *state_dir,
        void (*ask)(void *ctx, const char *line, int asker), void *ctx, struct pk_control **out,
        struct pk_error *err)
{
    struct pk_control *c = calloc(1, sizeof(*c));
    int rc;

    if (c == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    c->loop = loop;
    c->ask = ask;
    c->ctx = ctx;
    c->fd = -1;
    (void)snprintf(c->path, sizeof(c->path), "%s/agent.sock", state_dir);
    for (size_t i = 0; i < ASKERS_MAX; i++) {
        c->askers[i].control = c;
        c->askers[i].fd = -1;
        pk_timer_init(&c->askers[i].deadline, on_deadline, &c->askers[i]);
    }
    rc = listen_at(c, state_dir, err);
    if (rc == PK_OK) {
        rc = pk_loop_add(loop, c->fd, EPOLLIN, on_connection, c, err);
    }
    if (rc < 0) {
        pk_control_destroy(c);
        return rc;
    }
    *out = c;
    return PK_OK;
}

void pk_control_destroy(struct pk_control *control)
{
    if (control == NULL) {
        return;
    }
    for (size_t i = 0; i < ASKERS_MAX; i++) {
        let_go(&control->askers[i]);
    }
    if (control->fd >= 0) {
        pk_loop_remove(control->loop, control->fd);
        (void)close(control->fd);
    }
    if (control->bound) {
        (void)unlink(control->path);
    }
    free(control);
}

void pk_control_answer(struct pk_control *control, int asker, const char *json)
{
    struct asker *a = &control->askers[asker];
    size_t len = strlen(json);

    /* An answer is far smaller than a socket's buffer: what does not fit is the asker's loss. */
    if (a->fd >= 0 && send(a->fd, json, len, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)len) {
        (void)send(a->fd, "\n", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    let_go(a);
}

static int read_all(int fd, int64_t end_ms, struct pk_buffer *out, struct pk_error *err)
{
    ssize_t n;

    do {
        struct pollfd ready = { .fd = fd, .events = POLLIN };
        int64_t left = end_ms - pk_clock_monotonic_ms();
        char *to = pk_buffer_reserve(out, 4096);

        if (to == NULL || left <= 0 || poll(&ready, 1, (int)left) <= 0) {
            return pk_error_set(err, PK_ETIMEDOUT, "the agent does not answer");
        }
        n = read(fd, to, 4096);
        if (n > 0) {
            out->len += (size_t)n;
            to[n] = '\0';
        }
    } while (n > 0 || (n < 0 && errno == EINTR));
    if (out->len == 0) {
        return pk_error_set(err, PK_EIO, "the agent did not answer");
    }
    return PK_OK;
}

int pk_control_ask(const char *state_dir, const char *line, int64_t timeout_ms,
        struct pk_buffer *answer, struct pk_error *err)
{
    struct sockaddr_un at;
    int dir;
    int fd;
    int rc = address_of(state_dir, &dir, &at);

    if (rc < 0) {
        return pk_error_set(err, rc, "cannot open '%s': %s", state_dir, pk_code_text(rc));
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&at, sizeof(at)) != 0) {
        rc = errno == EACCES ? pk_error_set(err, PK_EACCES, "the agent belongs to another user")
                             : pk_error_set(err, PK_ENOENT, "no agent runs on '%s'", state_dir);
    } else if (dprintf(fd, "%s\n", line) < 0) {
        rc = pk_error_set(err, -errno, "the agent does not listen: %s", pk_code_text(-errno));
    } else {
        rc = read_all(fd, pk_clock_monotonic_ms() + timeout_ms, answer, err);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    (void)close(dir);
    return rc;
}
