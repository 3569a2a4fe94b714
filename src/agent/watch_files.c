#include "agent/watch_files.h"

#include <stdint.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "agent/loop.h"

#define FOLDER_EVENTS (IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CREATE)
#define FILE_EVENTS   (IN_CLOSE_WRITE | IN_MOVE_SELF | IN_DELETE_SELF | IN_ATTRIB)

struct entry {
    char *path;
    const char *name; /* in path; "": the whole folder */
    int folder;       /* watch descriptors, -1: none */
    int file;
    unsigned id;
    uint32_t events; /* of the file */
};

struct pk_file_watch {
    struct pk_loop *loop;
    int fd;
    void (*fn)(void *ctx, unsigned id);
    void *ctx;
    struct entry entries[PK_FILE_WATCH_MAX];
    size_t count;
};

static bool concerns(const struct entry *e, const struct inotify_event *event)
{
    if (event->wd == e->file) {
        return (event->mask & (e->events | IN_IGNORED)) != 0;
    }
    return event->wd == e->folder &&
            (e->name[0] == '\0' || (event->len > 0 && strcmp(event->name, e->name) == 0));
}

static void follow_file(struct pk_file_watch *watch, struct entry *e)
{
    if (e->name[0] != '\0') { /* the same descriptor when it is the same file */
        e->file = inotify_add_watch(watch->fd, e->path, e->events);
    }
}

static void on_readable(void *ctx, uint32_t events)
{
    struct pk_file_watch *watch = ctx;
    char bytes[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
    bool hit[PK_FILE_WATCH_MAX] = { false };
    ssize_t len;

    (void)events;
    while ((len = read(watch->fd, bytes, sizeof(bytes))) > 0) {
        for (char *at = bytes; at < bytes + len;) {
            struct inotify_event *event = (struct inotify_event *)at;

            for (size_t i = 0; i < watch->count; i++) {
                hit[i] = hit[i] || concerns(&watch->entries[i], event);
            }
            at += sizeof(*event) + event->len;
        }
    }
    for (size_t i = 0; i < watch->count; i++) {
        if (hit[i]) {
            follow_file(watch, &watch->entries[i]);
            watch->fn(watch->ctx, watch->entries[i].id);
        }
    }
}

int pk_file_watch_create(struct pk_loop *loop, void (*fn)(void *ctx, unsigned id), void *ctx,
        struct pk_file_watch **out, struct pk_error *err)
{
    struct pk_file_watch *watch = calloc(1, sizeof(*watch));
    int rc = PK_OK;

    if (watch == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    watch->loop = loop;
    watch->fn = fn;
    watch->ctx = ctx;
    watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (watch->fd < 0) {
        rc = pk_error_set(err, -errno, "inotify: %s", pk_code_text(-errno));
    }
    if (rc == PK_OK) {
        rc = pk_loop_add(loop, watch->fd, EPOLLIN, on_readable, watch, err);
    }
    if (rc < 0) {
        pk_file_watch_destroy(watch);
        return rc;
    }
    *out = watch;
    return PK_OK;
}

void pk_file_watch_destroy(struct pk_file_watch *watch)
{
    if (watch == NULL) {
        return;
    }
    if (watch->fd >= 0) {
        pk_loop_remove(watch->loop, watch->fd);
        (void)close(watch->fd);
    }
    for (size_t i = 0; i < watch->count; i++) {
        free(watch->entries[i].path);
    }
    free(watch);
}

static int add(struct pk_file_watch *watch, const char *path, const char *name, unsigned id,
        uint32_t events, struct pk_error *err)
{
    char folder[PATH_MAX];
    struct entry *e = &watch->entries[watch->count];
    size_t len = *name != '\0' ? (size_t)(name - path) : strlen(path);

    if (watch->count == PK_FILE_WATCH_MAX || len >= sizeof(folder)) {
        return pk_error_set(err, PK_ELIMIT, "too many files to watch");
    }
    memcpy(folder, path, len);
    folder[len] = '\0';
    *e = (struct entry){
        .path = strdup(path), .folder = -1, .file = -1, .id = id, .events = events
    };
    if (e->path == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    e->name = e->path + (*name != '\0' ? len : strlen(path));
    e->folder = inotify_add_watch(
            watch->fd, len > 0 ? folder : ".", FOLDER_EVENTS | IN_ONLYDIR | IN_MASK_ADD);
    if (e->folder < 0) {
        int code = -errno;

        free(e->path);
        return pk_error_set(err, code, "'%s': %s", path, pk_code_text(code));
    }
    watch->count++;
    follow_file(watch, e);
    return PK_OK;
}

int pk_file_watch_add(
        struct pk_file_watch *watch, const char *path, unsigned id, struct pk_error *err)
{
    const char *slash = strrchr(path, '/');

    return add(watch, path, slash != NULL ? slash + 1 : path, id, FILE_EVENTS, err);
}

int pk_file_watch_growing(
        struct pk_file_watch *watch, const char *path, unsigned id, struct pk_error *err)
{
    const char *slash = strrchr(path, '/');

    return add(watch, path, slash != NULL ? slash + 1 : path, id, FILE_EVENTS | IN_MODIFY, err);
}

int pk_file_watch_folder(
        struct pk_file_watch *watch, const char *path, unsigned id, struct pk_error *err)
{
    return add(watch, path, "", id, FILE_EVENTS, err);
}
