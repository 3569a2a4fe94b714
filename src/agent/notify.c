#include "agent/notify.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/loop.h"
#include "base/clock.h"
#include "base/event.h"

#define SENDER   "/usr/bin/notify-send"
#define CLOSER   "/usr/bin/dbus-send"
#define LIMIT_MS 5000
#define ROWS_MAX \
    32 /* notifications that can be taken back; older ones stay until the person closes them */
#define DIGITS    12
#define SUBJECT   104
#define ARGS_MAX  10
#define NO_SERIAL 0

/* A notification on the desktop, or on its way there. */
struct row {
    unsigned long serial; /* of our own; NO_SERIAL: free */
    char threat[64];
    char subject[SUBJECT];
    char alert[PK_ALERT_ID];
    char shown[DIGITS]; /* the desktop's number; "" while notify-send runs, or when it said none */
    bool closing;       /* to be closed as soon as its number is known */
};

struct pk_notify {
    struct pk_loop *loop;
    struct row rows[ROWS_MAX];
    size_t next;
    unsigned long serial;
};

struct job {
    struct pk_notify *notify;
    unsigned long serial;
    char urgency[24];
    char replace[24 + DIGITS];
    char title[PK_ALERT_LINE];
    char body[2 * PK_ALERT_LINE];
    char said[DIGITS + 4]; /* what notify-send printed */
};

struct pk_notify *pk_notify_create(struct pk_loop *loop)
{
    struct pk_notify *notify = calloc(1, sizeof(*notify));

    if (notify != NULL) {
        notify->loop = loop;
    }
    return notify;
}

void pk_notify_destroy(struct pk_notify *notify)
{
    free(notify);
}

static bool has_session_bus(void)
{
    /* NOLINTBEGIN(concurrency-mt-unsafe): nothing here changes the environment */
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    char path[256];

    if (getenv("DBUS_SESSION_BUS_ADDRESS") != NULL) {
        return true;
    }
    /* NOLINTEND(concurrency-mt-unsafe) */
    return runtime != NULL && snprintf(path, sizeof(path), "%s/bus", runtime) < (int)sizeof(path) &&
            access(path, F_OK) == 0;
}

bool pk_notify_possible(void)
{
    return access(SENDER, X_OK) == 0 && has_session_bus();
}

/* ---- programs beside the loop ---- */

/* Waits for the child, at most until the deadline. */
static void wait_bounded(pid_t pid, int64_t deadline_ms)
{
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    struct pollfd ended = { .fd = fd, .events = POLLIN };
    int64_t left_ms = deadline_ms - pk_clock_monotonic_ms();

    if (fd < 0 || poll(&ended, 1, left_ms > 0 ? (int)left_ms : 0) <= 0) {
        (void)kill(pid, SIGKILL);
    }
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
    }
    if (fd >= 0) {
        (void)close(fd);
    }
}

/* What the program prints, at most size - 1 bytes, until it closes its output or the time is up. */
static void read_bounded(int fd, char *out, size_t size, int64_t deadline_ms)
{
    size_t used = 0;

    while (used + 1 < size) {
        struct pollfd in = { .fd = fd, .events = POLLIN };
        int64_t left_ms = deadline_ms - pk_clock_monotonic_ms();
        ssize_t n;

        if (left_ms <= 0 || poll(&in, 1, (int)left_ms) <= 0) {
            break;
        }
        n = read(fd, out + used, size - 1 - used);
        if (n <= 0) {
            break;
        }
        used += (size_t)n;
    }
    out[used] = '\0';
}

static void run_program(const char *path, char *const argv[], char *said, size_t size)
{
    int64_t deadline_ms = pk_clock_monotonic_ms() + LIMIT_MS;
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t none;
    pid_t pid;
    int ends[2];
    int rc;

    if (pipe2(ends, O_CLOEXEC) < 0) {
        return;
    }
    (void)sigemptyset(&none);
    (void)posix_spawn_file_actions_init(&files);
    (void)posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDWR, 0);
    (void)posix_spawn_file_actions_adddup2(&files, ends[1], 1);
    (void)posix_spawn_file_actions_adddup2(&files, 0, 2);
    (void)posix_spawnattr_init(&attr);
    (void)posix_spawnattr_setsigmask(&attr, &none); /* the loop blocks some */
    (void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
    rc = posix_spawn(&pid, path, &files, &attr, argv, environ);
    (void)close(ends[1]);
    if (rc == 0) {
        read_bounded(ends[0], said, size, deadline_ms);
        wait_bounded(pid, deadline_ms);
    }
    (void)close(ends[0]);
    (void)posix_spawnattr_destroy(&attr);
    (void)posix_spawn_file_actions_destroy(&files);
}

static void run_send(void *ctx)
{
    struct job *job = ctx;
    char program[] = "notify-send";
    char app[] = "--app-name=Picket";
    char number[] = "--print-id";
    char end[] = "--";
    char *argv[ARGS_MAX] = { program, app, number, job->urgency };
    size_t n = 4;

    if (job->replace[0] != '\0') {
        argv[n++] = job->replace;
    }
    argv[n++] = end;
    argv[n++] = job->title;
    argv[n] = job->body;
    run_program(SENDER, argv, job->said, sizeof(job->said));
}

static void run_close(void *ctx)
{
    struct job *job = ctx;
    char program[] = "dbus-send";
    char bus[] = "--session";
    char kind[] = "--type=method_call";
    char to[] = "--dest=org.freedesktop.Notifications";
    char object[] = "/org/freedesktop/Notifications";
    char method[] = "org.freedesktop.Notifications.CloseNotification";
    char *argv[] = { program, bus, kind, to, object, method, job->replace, NULL };

    run_program(CLOSER, argv, job->said, sizeof(job->said));
}

/* ---- rows ---- */

static struct row *row_of_serial(struct pk_notify *notify, unsigned long serial)
{
    for (size_t i = 0; i < ROWS_MAX; i++) {
        if (notify->rows[i].serial == serial) {
            return &notify->rows[i];
        }
    }
    return NULL;
}

static struct row *row_of_alert(struct pk_notify *notify, const char *alert)
{
    for (size_t i = 0; i < ROWS_MAX && alert != NULL && alert[0] != '\0'; i++) {
        if (notify->rows[i].serial != NO_SERIAL && strcmp(notify->rows[i].alert, alert) == 0) {
            return &notify->rows[i];
        }
    }
    return NULL;
}

static struct row *row_of_thing(struct pk_notify *notify, const char *threat, const char *subject)
{
    for (size_t i = 0; i < ROWS_MAX && threat != NULL && subject != NULL; i++) {
        if (notify->rows[i].serial != NO_SERIAL && strcmp(notify->rows[i].threat, threat) == 0 &&
                strcmp(notify->rows[i].subject, subject) == 0) {
            return &notify->rows[i];
        }
    }
    return NULL;
}

static bool start(struct pk_notify *notify, void (*run)(void *ctx), void (*done)(void *ctx),
        const struct job *with)
{
    struct job *job = malloc(sizeof(*job));

    if (job == NULL) {
        return false;
    }
    *job = *with;
    if (pk_loop_work(notify->loop, run, done, job, NULL) < 0) {
        pk_event(PK_WARN, "notify.refused", { "title", with->title });
        free(job);
        return false;
    }
    return true;
}

static void close_row(struct pk_notify *notify, struct row *row)
{
    struct job job = { .notify = notify };

    (void)snprintf(job.replace, sizeof(job.replace), "uint32:%s", row->shown);
    *row = (struct row){ 0 };
    if (access(CLOSER, X_OK) == 0) {
        (void)start(notify, run_close, free, &job);
    }
}

/* notify-send has ended: now the desktop's number is known. */
static void on_sent(void *ctx)
{
    struct job *job = ctx;
    struct row *row = row_of_serial(job->notify, job->serial);
    size_t digits = strspn(job->said, "0123456789");

    if (row != NULL && digits > 0 && digits < DIGITS) {
        (void)snprintf(row->shown, sizeof(row->shown), "%.*s", (int)digits, job->said);
        if (row->closing && !pk_loop_stopping(job->notify->loop)) {
            close_row(job->notify, row);
        }
    } else if (row != NULL) {
        *row = (struct row){ 0 };
    }
    free(job);
}

void pk_notify_send(struct pk_notify *notify, const struct pk_alert *alert, const char *subject)
{
    struct job job = { .notify = notify, .serial = ++notify->serial };
    struct row *row = row_of_alert(notify, alert->replaces);
    bool now = strcmp(alert->level, "now") == 0;

    row = row != NULL ? row : row_of_thing(notify, alert->threat, subject);
    if (row != NULL && row->shown[0] != '\0') {
        (void)snprintf(job.replace, sizeof(job.replace), "--replace-id=%s", row->shown);
    }
    if (row == NULL) {
        row = &notify->rows[notify->next++ % ROWS_MAX];
    }
    *row = (struct row){ .serial = job.serial };
    (void)snprintf(row->threat, sizeof(row->threat), "%s", alert->threat);
    (void)snprintf(row->subject, sizeof(row->subject), "%s", subject);
    (void)snprintf(row->alert, sizeof(row->alert), "%s", alert->id);
    (void)snprintf(job.urgency, sizeof(job.urgency), "--urgency=%s",
            now                                                ? "critical"
                    : alert->careful || alert->level[0] == 'i' ? "low"
                                                               : "normal");
    (void)snprintf(job.title, sizeof(job.title), "%s", alert->title);
    pk_alert_body(alert, job.body, sizeof(job.body));
    if (!start(notify, run_send, on_sent, &job)) {
        *row = (struct row){ 0 };
    }
}

void pk_notify_name(
        struct pk_notify *notify, const char *threat, const char *subject, const char *alert)
{
    struct row *row = row_of_thing(notify, threat, subject);

    if (row != NULL) {
        (void)snprintf(row->alert, sizeof(row->alert), "%s", alert);
    }
}

bool pk_notify_close(
        struct pk_notify *notify, const char *alert, const char *threat, const char *subject)
{
    struct row *row = row_of_alert(notify, alert);

    row = row != NULL ? row : row_of_thing(notify, threat, subject);
    if (row == NULL) {
        return false;
    }
    row->closing = true;
    if (row->shown[0] != '\0') {
        close_row(notify, row);
    }
    return true;
}
