#include "base/file.h"

#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_STEP 65536

static int failed(struct pk_error *err, const char *path, const char *what)
{
    int saved = errno;

    return pk_error_set(err, -saved, "cannot %s '%s': %s", what, path, pk_code_text(-saved));
}

int pk_file_read(const char *path, struct pk_buffer *out, struct pk_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n;

    if (fd < 0) {
        return failed(err, path, "read");
    }
    do {
        size_t room = out->max - out->len < READ_STEP ? out->max - out->len : READ_STEP;
        char extra;
        char *to = pk_buffer_reserve(out, room);

        if (to == NULL) {
            (void)close(fd);
            return pk_error_set(err, out->rc, "cannot read '%s': %s", path, pk_code_text(out->rc));
        }
        n = room > 0 ? read(fd, to, room) : read(fd, &extra, 1);
        if (room == 0 && n > 0) {
            (void)close(fd);
            return pk_error_set(err, PK_ELIMIT, "'%s' is larger than %zu bytes", path, out->max);
        }
        if (n > 0) {
            out->len += (size_t)n;
            out->ptr[out->len] = '\0';
        }
    } while (n > 0 || (n < 0 && errno == EINTR));
    if (n < 0) {
        int rc = failed(err, path, "read");

        (void)close(fd);
        return rc;
    }
    (void)close(fd);
    return PK_OK;
}

static int write_all(int fd, struct pk_slice bytes)
{
    while (bytes.len > 0) {
        ssize_t n = write(fd, bytes.ptr, bytes.len);

        if (n < 0 && errno != EINTR) {
            return -errno;
        }
        if (n > 0) {
            bytes.ptr += n;
            bytes.len -= (size_t)n;
        }
    }
    return fsync(fd) == 0 ? PK_OK : -errno;
}

static void sync_folder_of(const char *path)
{
    char copy[PATH_MAX];
    int fd;

    (void)snprintf(copy, sizeof(copy), "%s", path);
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): glibc's dirname() works in the copy alone */
    fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd); /* some file systems refuse; the rename itself is done */
        (void)close(fd);
    }
}

int pk_file_write(const char *path, struct pk_slice bytes, mode_t mode, struct pk_error *err)
{
    char beside[PATH_MAX];
    int fd;
    int rc;

    if (snprintf(beside, sizeof(beside), "%s.XXXXXX", path) >= (int)sizeof(beside)) {
        return pk_error_set(err, -ENAMETOOLONG, "'%s' is too long a path", path);
    }
    fd = mkostemp(beside, O_CLOEXEC);
    if (fd < 0) {
        return failed(err, path, "write");
    }
    rc = fchmod(fd, mode) == 0 ? write_all(fd, bytes) : -errno;
    (void)close(fd);
    if (rc == PK_OK && rename(beside, path) != 0) {
        rc = -errno;
    }
    if (rc < 0) {
        (void)unlink(beside);
        return pk_error_set(err, rc, "cannot write '%s': %s", path, pk_code_text(rc));
    }
    sync_folder_of(path);
    return PK_OK;
}

int pk_file_mkdirs(const char *path, mode_t mode, struct pk_error *err)
{
    char part[PATH_MAX];

    if (snprintf(part, sizeof(part), "%s", path) >= (int)sizeof(part)) {
        return pk_error_set(err, -ENAMETOOLONG, "'%s' is too long a path", path);
    }
    for (char *p = part + 1; *p != '\0'; p++) {
        if (*p != '/') {
            continue;
        }
        *p = '\0';
        if (mkdir(part, 0755) != 0 && errno != EEXIST) {
            return failed(err, part, "make the folder");
        }
        *p = '/';
    }
    if (mkdir(part, mode) != 0 && errno != EEXIST) {
        return failed(err, part, "make the folder");
    }
    return PK_OK;
}
