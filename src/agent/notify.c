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
#include "base/event.h"

#define PROGRAM  "/usr/bin/notify-send"
#define LIMIT_MS 5000

struct job {
    char urgency[24];
    char title[PK_ALERT_LINE];
    char body[2 * PK_ALERT_LINE];
};

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
    return access(PROGRAM, X_OK) == 0 && has_session_bus();
}

/* Waits for the child, at most LIMIT_MS. */
static void wait_bounded(pid_t pid)
{
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    struct pollfd ended = { .fd = fd, .events = POLLIN };

    if (fd < 0 || poll(&ended, 1, LIMIT_MS) <= 0) {
        (void)kill(pid, SIGKILL);
    }
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
    }
    if (fd >= 0) {
        (void)close(fd);
    }
}

static void run(void *ctx)
{
    struct job *job = ctx;
    char program[] = "notify-send";
    char app[] = "--app-name=Picket";
    char end[] = "--";
    char *argv[] = { program, app, job->urgency, end, job->title, job->body, NULL };
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t none;
    pid_t pid;

    (void)sigemptyset(&none);
    (void)posix_spawn_file_actions_init(&files);
    (void)posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDWR, 0);
    (void)posix_spawn_file_actions_adddup2(&files, 0, 1);
    (void)posix_spawn_file_actions_adddup2(&files, 0, 2);
    (void)posix_spawnattr_init(&attr);
    (void)posix_spawnattr_setsigmask(&attr, &none); /* the loop blocks some */
    (void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
    if (posix_spawn(&pid, PROGRAM, &files, &attr, argv, environ) == 0) {
        wait_bounded(pid);
    }
    (void)posix_spawnattr_destroy(&attr);
    (void)posix_spawn_file_actions_destroy(&files);
}

void pk_notify_send(struct pk_loop *loop, const struct pk_alert *alert)
{
    struct job *job = calloc(1, sizeof(*job));
    bool now = strcmp(alert->level, "now") == 0;

    if (job == NULL) {
        return;
    }
    (void)snprintf(job->urgency, sizeof(job->urgency), "--urgency=%s", now ? "critical" : "normal");
    (void)snprintf(job->title, sizeof(job->title), "%s", alert->title);
    pk_alert_body(alert, job->body, sizeof(job->body));
    if (pk_loop_work(loop, run, free, job, NULL) < 0) {
        pk_event(PK_WARN, "notify.refused", { "threat", alert->threat });
        free(job);
    }
}
