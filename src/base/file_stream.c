#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define GATHER (256UL * 1024)

struct pk_file_new {
    int fd;
    int rc; /* sticky */
    uint64_t written;
    size_t held;
    char path[PATH_MAX];
    char beside[PATH_MAX];
    char gathered[GATHER];
};

static int failed(struct pk_error *err, const char *path, const char *what, int rc)
{
    return pk_error_set(err, rc, "cannot %s '%s': %s", what, path, pk_code_text(rc));
}

int pk_file_begin(const char *path, mode_t mode, struct pk_file_new **out, struct pk_error *err)
{
    struct pk_file_new *file = calloc(1, sizeof(*file));

    if (file == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    if (snprintf(file->path, sizeof(file->path), "%s", path) >= (int)sizeof(file->path) ||
            snprintf(file->beside, sizeof(file->beside), "%s.new", path) >=
                    (int)sizeof(file->beside)) {
        free(file);
        return pk_error_set(err, -ENAMETOOLONG, "'%s' is too long a path", path);
    }
    /* One name, so that what a crash left behind is used again and never piles up. */
    file->fd = open(file->beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
    if (file->fd < 0) {
        int rc = failed(err, path, "write", -errno);

        free(file);
        return rc;
    }
    *out = file;
    return PK_OK;
}

static void write_out(struct pk_file_new *file, const char *bytes, size_t len)
{
    while (len > 0 && file->rc == PK_OK) {
        ssize_t n = write(file->fd, bytes, len);

        if (n < 0 && errno != EINTR) {
            file->rc = -errno;
        }
        if (n > 0) {
            bytes += n;
            len -= (size_t)n;
        }
    }
}

int pk_file_put(struct pk_file_new *file, const void *bytes, size_t len)
{
    if (len > GATHER - file->held) {
        write_out(file, file->gathered, file->held);
        file->held = 0;
    }
    if (len > GATHER) {
        write_out(file, bytes, len);
    } else if (len > 0) {
        memcpy(file->gathered + file->held, bytes, len);
        file->held += len;
    }
    file->written += len;
    return file->rc;
}

static void sync_folder_of(const char *path)
{
    char copy[PATH_MAX];
    int fd;

    (void)snprintf(copy, sizeof(copy), "%s", path);
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): glibc's dirname() works in the copy alone */
    fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        (void)close(fd);
    }
}

int pk_file_commit(struct pk_file_new *file, struct pk_error *err)
{
    int rc;

    write_out(file, file->gathered, file->held);
    file->held = 0;
    if (file->rc == PK_OK && fsync(file->fd) != 0) {
        file->rc = -errno;
    }
    if (file->rc == PK_OK && rename(file->beside, file->path) != 0) {
        file->rc = -errno;
    }
    rc = file->rc;
    if (rc < 0) {
        (void)failed(err, file->path, "write", rc);
        pk_file_abandon(file);
        return rc;
    }
    sync_folder_of(file->path);
    (void)close(file->fd);
    free(file);
    return PK_OK;
}

void pk_file_abandon(struct pk_file_new *file)
{
    if (file != NULL) {
        (void)unlink(file->beside);
        (void)close(file->fd);
        free(file);
    }
}

uint64_t pk_file_written(const struct pk_file_new *file)
{
    return file->written;
}

int pk_file_map(const char *path, struct pk_slice *out, struct pk_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    void *bytes;

    if (fd < 0) {
        return failed(err, path, "read", -errno);
    }
    if (fstat(fd, &st) != 0) {
        int rc = failed(err, path, "read", -errno);

        (void)close(fd);
        return rc;
    }
    if (st.st_size == 0) {
        *out = (struct pk_slice){ 0 };
        (void)close(fd);
        return PK_OK;
    }
    bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED) {
        int rc = failed(err, path, "map", -errno);

        (void)close(fd);
        return rc;
    }
    (void)close(fd);
    (void)madvise(bytes, (size_t)st.st_size, MADV_SEQUENTIAL);
    *out = pk_slice_of(bytes, (size_t)st.st_size);
    return PK_OK;
}

void pk_file_unmap(struct pk_slice bytes)
{
    if (bytes.ptr != NULL) {
        (void)munmap((void *)bytes.ptr, bytes.len);
    }
}
