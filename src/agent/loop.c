#include "agent/loop.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"

#define EVENTS_MAX  16
#define SIGNALS_MAX 8

struct watch {
    int fd; /* -1: removed, freed after the events of this round */
    void (*fn)(void *ctx, uint32_t events);
    void *ctx;
    struct watch *next;
};

struct job {
    void (*fn)(void *ctx);
    void (*done)(void *ctx);
    void *ctx;
    struct pk_loop *loop;
    struct job *next;
};

struct handler {
    int signo;
    void (*fn)(void *ctx, int signo);
    void *ctx;
};

struct pk_loop {
    int epoll_fd;
    int timer_fd;
    int signal_fd; /* -1 until the first signal is wanted */
    int wake_fd;   /* a job has ended */
    int cancel_fd;
    bool stop;
    struct watch *watches;
    struct pk_timer *timers; /* soonest first */
    struct handler handlers[SIGNALS_MAX];
    size_t handler_count;
    struct job *waiting, **waiting_end;
    size_t waiting_count;
    unsigned running; /* threads whose done was not called yet */
    pthread_mutex_t lock;
    pthread_cond_t ended;
    struct job *done; /* under lock */
};

/* --- timers ------------------------------------------------------------------------------- */

static void set_timer_fd(struct pk_loop *loop)
{
    struct itimerspec at = { 0 };

    if (loop->timers != NULL) {
        int64_t due = loop->timers->due_ms > 0 ? loop->timers->due_ms : 1;

        at.it_value.tv_sec = due / 1000;
        at.it_value.tv_nsec = (due % 1000) * 1000000;
    }
    (void)timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &at, NULL);
}

static void unlink_timer(struct pk_loop *loop, struct pk_timer *timer)
{
    struct pk_timer **at = &loop->timers;

    while (*at != NULL && *at != timer) {
        at = &(*at)->next;
    }
    if (*at != NULL) {
        *at = timer->next;
    }
    timer->armed = false;
    timer->next = NULL;
}

void pk_loop_arm(struct pk_loop *loop, struct pk_timer *timer, int64_t in_ms)
{
    struct pk_timer **at = &loop->timers;

    unlink_timer(loop, timer);
    timer->due_ms = pk_clock_monotonic_ms() + (in_ms > 0 ? in_ms : 0);
    timer->armed = true;
    while (*at != NULL && (*at)->due_ms <= timer->due_ms) {
        at = &(*at)->next;
    }
    timer->next = *at;
    *at = timer;
    set_timer_fd(loop);
}

void pk_loop_arm_sooner(struct pk_loop *loop, struct pk_timer *timer, int64_t in_ms)
{
    if (!timer->armed || timer->due_ms > pk_clock_monotonic_ms() + in_ms) {
        pk_loop_arm(loop, timer, in_ms);
    }
}

void pk_loop_disarm(struct pk_loop *loop, struct pk_timer *timer)
{
    if (timer->armed) {
        unlink_timer(loop, timer);
        set_timer_fd(loop);
    }
}

static void on_timer(void *ctx, uint32_t events)
{
    struct pk_loop *loop = ctx;
    uint64_t count;
    int64_t now = pk_clock_monotonic_ms();

    (void)events;
    (void)!read(loop->timer_fd, &count, sizeof(count));
    /* What a callback arms for now waits for the next round: no starving of descriptors. */
    while (loop->timers != NULL && loop->timers->due_ms <= now && !loop->stop) {
        struct pk_timer *timer = loop->timers;

        unlink_timer(loop, timer);
        timer->fn(timer->ctx);
    }
    set_timer_fd(loop);
}

/* --- jobs --------------------------------------------------------------------------------- */

static void *job_main(void *arg)
{
    struct job *job = arg;
    struct pk_loop *loop = job->loop;
    sigset_t set;

    /* OpenSSL writes to sockets that the other side has closed: an error, not the end of us. */
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    job->fn(job->ctx);
    pthread_mutex_lock(&loop->lock);
    job->next = loop->done;
    loop->done = job;
    (void)!write(loop->wake_fd, &(uint64_t){ 1 }, sizeof(uint64_t));
    pthread_cond_signal(&loop->ended); /* the loop may end as soon as the lock is free */
    pthread_mutex_unlock(&loop->lock);
    return NULL;
}

static void finish_job(struct job *job)
{
    if (job->done != NULL) {
        job->done(job->ctx);
    }
    free(job);
}

static int start_thread(struct job *job)
{
    pthread_attr_t attr;
    pthread_t thread;
    int rc;

    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, PK_LOOP_STACK);
    rc = pthread_create(&thread, &attr, job_main, job);
    pthread_attr_destroy(&attr);
    return rc;
}

static void start_jobs(struct pk_loop *loop)
{
    while (loop->waiting != NULL && loop->running < PK_LOOP_THREADS && !loop->stop) {
        struct job *job = loop->waiting;

        loop->waiting = job->next;
        if (loop->waiting == NULL) {
            loop->waiting_end = &loop->waiting;
        }
        loop->waiting_count--;
        loop->running++;
        if (start_thread(job) != 0) {
            (void)job_main(job); /* no threads to be had: late is better than never */
        }
    }
}

static struct job *take_done(struct pk_loop *loop)
{
    struct job *done;

    pthread_mutex_lock(&loop->lock);
    done = loop->done;
    loop->done = NULL;
    pthread_mutex_unlock(&loop->lock);
    return done;
}

static void finish_done(struct pk_loop *loop)
{
    struct job *done = take_done(loop);

    while (done != NULL) {
        struct job *next = done->next;

        loop->running--;
        finish_job(done);
        done = next;
    }
}

static void on_wake(void *ctx, uint32_t events)
{
    struct pk_loop *loop = ctx;
    uint64_t count;

    (void)events;
    (void)!read(loop->wake_fd, &count, sizeof(count));
    finish_done(loop);
    start_jobs(loop);
}

int pk_loop_work(struct pk_loop *loop, void (*fn)(void *ctx), void (*done)(void *ctx), void *ctx,
        struct pk_error *err)
{
    struct job *job;

    if (loop->stop) {
        return pk_error_set(err, PK_EBUSY, "the loop is stopping");
    }
    if (loop->waiting_count >= PK_LOOP_JOBS) {
        return pk_error_set(err, PK_ELIMIT, "more than %d jobs are waiting", PK_LOOP_JOBS);
    }
    job = malloc(sizeof(*job));
    if (job == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    *job = (struct job){ .fn = fn, .done = done, .ctx = ctx, .loop = loop };
    *loop->waiting_end = job;
    loop->waiting_end = &job->next;
    loop->waiting_count++;
    start_jobs(loop);
    return PK_OK;
}

static void end_jobs(struct pk_loop *loop)
{
    while (loop->running > 0) {
        pthread_mutex_lock(&loop->lock);
        while (loop->done == NULL) {
            pthread_cond_wait(&loop->ended, &loop->lock);
        }
        pthread_mutex_unlock(&loop->lock);
        finish_done(loop);
    }
    while (loop->waiting != NULL) {
        struct job *job = loop->waiting;

        loop->waiting = job->next;
        finish_job(job);
    }
}

/* --- descriptors -------------------------------------------------------------------------- */

int pk_loop_add(struct pk_loop *loop, int fd, uint32_t events,
        void (*fn)(void *ctx, uint32_t events), void *ctx, struct pk_error *err)
{
    struct watch *watch = malloc(sizeof(*watch));
    struct epoll_event event = { .events = events, .data.ptr = watch };

    if (watch == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    *watch = (struct watch){ .fd = fd, .fn = fn, .ctx = ctx, .next = loop->watches };
    if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
        int code = -errno;

        free(watch);
        return pk_error_set(err, code, "epoll: %s", pk_code_text(code));
    }
    loop->watches = watch;
    return PK_OK;
}

void pk_loop_remove(struct pk_loop *loop, int fd)
{
    for (struct watch *w = loop->watches; w != NULL; w = w->next) {
        if (w->fd == fd && fd >= 0) {
            (void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
            w->fd = -1;
            return;
        }
    }
}

static void sweep_watches(struct pk_loop *loop, bool all)
{
    struct watch **at = &loop->watches;

    while (*at != NULL) {
        struct watch *w = *at;

        if (all || w->fd < 0) {
            *at = w->next;
            free(w);
        } else {
            at = &w->next;
        }
    }
}

/* --- signals ------------------------------------------------------------------------------ */

static void on_signal(void *ctx, uint32_t events)
{
    struct pk_loop *loop = ctx;
    struct signalfd_siginfo info;

    (void)events;
    while (read(loop->signal_fd, &info, sizeof(info)) == sizeof(info)) {
        for (size_t i = 0; i < loop->handler_count; i++) {
            if ((uint32_t)loop->handlers[i].signo == info.ssi_signo) {
                loop->handlers[i].fn(loop->handlers[i].ctx, loop->handlers[i].signo);
            }
        }
    }
}

int pk_loop_signal(struct pk_loop *loop, int signo, void (*fn)(void *ctx, int signo), void *ctx,
        struct pk_error *err)
{
    sigset_t set;
    bool first = loop->signal_fd < 0;
    int fd;

    if (loop->handler_count == SIGNALS_MAX) {
        return pk_error_set(err, PK_ELIMIT, "more than %d signals", SIGNALS_MAX);
    }
    sigemptyset(&set);
    sigaddset(&set, signo);
    for (size_t i = 0; i < loop->handler_count; i++) {
        sigaddset(&set, loop->handlers[i].signo);
    }
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    fd = signalfd(loop->signal_fd, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0) {
        return pk_error_set(err, -errno, "signalfd failed");
    }
    loop->signal_fd = fd;
    loop->handlers[loop->handler_count++] = (struct handler){ signo, fn, ctx };
    return first ? pk_loop_add(loop, fd, EPOLLIN, on_signal, loop, err) : PK_OK;
}

/* --- the loop ----------------------------------------------------------------------------- */

int pk_loop_create(struct pk_loop **out, struct pk_error *err)
{
    struct pk_loop *loop = calloc(1, sizeof(*loop));
    int rc = PK_OK;

    if (loop == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    pthread_mutex_init(&loop->lock, NULL);
    pthread_cond_init(&loop->ended, NULL);
    loop->waiting_end = &loop->waiting;
    loop->signal_fd = -1;
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    loop->timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    loop->cancel_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (loop->epoll_fd < 0 || loop->timer_fd < 0 || loop->wake_fd < 0 || loop->cancel_fd < 0) {
        rc = pk_error_set(err, -errno, "no descriptors for the event loop");
    }
    if (rc == PK_OK) {
        rc = pk_loop_add(loop, loop->timer_fd, EPOLLIN, on_timer, loop, err);
    }
    if (rc == PK_OK) {
        rc = pk_loop_add(loop, loop->wake_fd, EPOLLIN, on_wake, loop, err);
    }
    if (rc < 0) {
        pk_loop_destroy(loop);
        return rc;
    }
    *out = loop;
    return PK_OK;
}

static void close_fd(int fd)
{
    if (fd >= 0) {
        (void)close(fd);
    }
}

void pk_loop_destroy(struct pk_loop *loop)
{
    if (loop == NULL) {
        return;
    }
    pk_loop_stop(loop);
    end_jobs(loop);
    sweep_watches(loop, true);
    close_fd(loop->epoll_fd);
    close_fd(loop->timer_fd);
    close_fd(loop->signal_fd);
    close_fd(loop->wake_fd);
    close_fd(loop->cancel_fd);
    pthread_cond_destroy(&loop->ended);
    pthread_mutex_destroy(&loop->lock);
    free(loop);
}

int pk_loop_run(struct pk_loop *loop, struct pk_error *err)
{
    struct epoll_event events[EVENTS_MAX];

    while (!loop->stop) {
        int count = epoll_wait(loop->epoll_fd, events, EVENTS_MAX, -1);

        if (count < 0 && errno != EINTR) {
            return pk_error_set(err, -errno, "epoll_wait failed");
        }
        for (int i = 0; i < count && !loop->stop; i++) {
            struct watch *watch = events[i].data.ptr;

            if (watch->fd >= 0) {
                watch->fn(watch->ctx, events[i].events);
            }
        }
        sweep_watches(loop, false);
    }
    return PK_OK;
}

void pk_loop_stop(struct pk_loop *loop)
{
    loop->stop = true;
    (void)!write(loop->cancel_fd, &(uint64_t){ 1 }, sizeof(uint64_t));
}

bool pk_loop_stopping(const struct pk_loop *loop)
{
    return loop->stop;
}

int pk_loop_cancel_fd(const struct pk_loop *loop)
{
    return loop->cancel_fd;
}
