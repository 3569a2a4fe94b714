#include "cli/scan_open.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE 65536UL

/* A file on disk that has no name; in memory where there is no place for one. */
static int spool_file(void)
{
    const char *dir = getenv("TMPDIR"); /* NOLINT(concurrency-mt-unsafe): before any thread */
    int fd = open(dir != NULL && dir[0] == '/' ? dir : "/tmp",
            O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);

    return fd >= 0 ? fd : memfd_create("picket-scan", MFD_CLOEXEC);
}

static int write_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);

        if (n < 0 && errno != EINTR) {
            return -errno;
        }
        bytes += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return PK_OK;
}

static int copy(int from, int to, const char *name, struct pk_error *err)
{
    char piece[PIECE];
    size_t total = 0;

    for (;;) {
        ssize_t n = read(from, piece, sizeof(piece));
        int rc;

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return pk_error_set(err, -errno, "cannot read %s: %s", name, pk_code_text(-errno));
        }
        if (n == 0) {
            return PK_OK;
        }
        total += (size_t)n;
        if (total > PK_SCAN_SPOOL_MAX) {
            return pk_error_set(err, PK_ELIMIT, "%s brings more than %lu MiB", name,
                    PK_SCAN_SPOOL_MAX / 1024 / 1024);
        }
        rc = write_all(to, piece, (size_t)n);
        if (rc < 0) {
            return pk_error_set(err, rc,
                    "no room for what %s brings: %s; TMPDIR names another place", name,
                    pk_code_text(rc));
        }
    }
}

/* Takes from over. */
static int spool(int from, const char *name, int *fd, struct pk_error *err)
{
    int to = spool_file();
    int rc = to < 0
            ? pk_error_set(err, -errno, "cannot make a temporary file: %s", pk_code_text(-errno))
            : copy(from, to, name, err);

    (void)close(from);
    if (rc < 0) {
        if (to >= 0) {
            (void)close(to);
        }
        return rc;
    }
    *fd = to;
    return PK_OK;
}

/* A path that leads to a pipe which somebody already holds open. */
static bool is_open_pipe(const char *path)
{
    return strncmp(path, "/dev/fd/", 8) == 0 || strncmp(path, "/proc/self/fd/", 14) == 0 ||
            strcmp(path, "/dev/stdin") == 0;
}

static int open_kind(
        const char *path, int fd, const struct stat *st, int *out, struct pk_error *err)
{
    if (S_ISREG(st->st_mode)) {
        *out = fd;
        return PK_OK;
    }
    if (is_open_pipe(path)) {
        (void)fcntl(fd, F_SETFL, 0); /* wait for what comes */
        return spool(fd, path, out, err);
    }
    (void)close(fd);
    return S_ISFIFO(st->st_mode) || S_ISSOCK(st->st_mode)
            ? pk_error_set(
                      err, PK_EINVAL, "'%s' is a pipe; 'picket scan - <%s' reads it", path, path)
            : pk_error_set(err, PK_EINVAL, "'%s' is no regular file", path);
}

static int open_stdin(int *fd, struct pk_error *err)
{
    int from = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    struct stat st;

    if (from < 0 || fstat(from, &st) < 0) {
        int rc = -errno;

        if (from >= 0) {
            (void)close(from);
        }
        return pk_error_set(err, rc, "cannot read standard input: %s", pk_code_text(rc));
    }
    if (S_ISREG(st.st_mode)) {
        *fd = from; /* as a whole, wherever its offset stands */
        return PK_OK;
    }
    return spool(from, "standard input", fd, err);
}

int pk_scan_open(const char *path, int *out, struct pk_error *err)
{
    struct stat st;
    int fd;

    if (strcmp(path, "-") == 0) {
        return open_stdin(out, err);
    }
    /* A named pipe without a writer must not hold us up. */
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        return pk_error_set(err, -errno, "cannot read '%s': %s%s", path, pk_code_text(-errno),
                errno == EACCES ? "; run it as a user who may" : "");
    }
    if (fstat(fd, &st) < 0) {
        int rc = -errno;

        (void)close(fd);
        return pk_error_set(err, rc, "cannot read '%s': %s", path, pk_code_text(rc));
    }
    return open_kind(path, fd, &st, out, err);
}

int pk_scan_open_idsig(const char *path)
{
    char *name = NULL;
    struct stat st;
    int fd;

    if (strcmp(path, "-") == 0 || asprintf(&name, "%s.idsig", path) < 0) {
        return -1;
    }
    fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    free(name);
    if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))) {
        (void)close(fd);
        return -1;
    }
    return fd;
}
