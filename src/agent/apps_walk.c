/* Folders with app files: found by patterns, walked a few levels deep, without following links. Owners of
 * these folders can put anything there, so nothing is opened but regular files below a real folder. */
#include <dirent.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/apps_internal.h"

#define DEPTH_MAX   5     /* Waydroid: data/app/~~x==/package-y==/base.apk */
#define ENTRIES_MAX 20000 /* of all folders together */

static bool ends_with(const char *name, const char *end)
{
    size_t len = strlen(name);
    size_t n = strlen(end);

    return len > n && strcasecmp(name + len - n, end) == 0;
}

/* A split holds a part of an app whose base says all that counts. */
static bool is_app_name(const char *name)
{
    static const char *const ends[] = { ".apk", ".apks", ".xapk", ".apkm" };

    for (size_t i = 0; i < PK_COUNT(ends); i++) {
        if (ends_with(name, ends[i])) {
            return strncmp(name, "split_", 6) != 0;
        }
    }
    return false;
}

static bool is_cancelled(const struct pk_apps_walk *walk)
{
    struct pollfd cancel = { .fd = walk->cancel_fd, .events = POLLIN };

    return walk->cancel_fd >= 0 && poll(&cancel, 1, 0) > 0;
}

static bool is_known(const json_t *file, const struct stat *st)
{
    return json_integer_value(json_object_get(file, "dev")) == (json_int_t)st->st_dev &&
            json_integer_value(json_object_get(file, "ino")) == (json_int_t)st->st_ino &&
            json_integer_value(json_object_get(file, "size")) == (json_int_t)st->st_size &&
            json_integer_value(json_object_get(file, "mtime")) ==
            (json_int_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec &&
            json_integer_value(json_object_get(file, "ctime")) ==
            (json_int_t)st->st_ctim.tv_sec * 1000000000 + st->st_ctim.tv_nsec;
}

bool pk_apps_same_file(const json_t *file, int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && is_known(file, &st);
}

void pk_apps_note_file(json_t *file, int fd)
{
    struct stat st;

    if (fstat(fd, &st) != 0) {
        return;
    }
    (void)json_object_set_new(file, "dev", json_integer((json_int_t)st.st_dev));
    (void)json_object_set_new(file, "ino", json_integer((json_int_t)st.st_ino));
    (void)json_object_set_new(file, "size", json_integer((json_int_t)st.st_size));
    (void)json_object_set_new(file, "mtime",
            json_integer((json_int_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec));
    (void)json_object_set_new(file, "ctime",
            json_integer((json_int_t)st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec));
}

struct place {
    struct pk_apps_walk *walk;
    struct pk_apps_reader **reader;
    const char *profile;
};

/* A file that is not known, or not as it is now. */
static void read_new(struct place *place, int dir, const char *name, const char *path)
{
    struct pk_apps_walk *walk = place->walk;
    struct pk_error err = { 0 };
    json_t *file = NULL;
    int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0) {
        return;
    }
    if (*place->reader == NULL) {
        *place->reader = pk_apps_reader_create(walk->settings);
    }
    if (*place->reader != NULL) {
        json_t *noted = json_object();

        pk_apps_note_file(noted, fd);
        file = pk_apps_reader_read(*place->reader, fd, name, &err);
        if (file != NULL && pk_apps_same_file(noted, fd)) { /* else it is still being written */
            (void)json_object_update(file, noted);
            (void)json_object_set_new(file, "profile", json_string(place->profile));
            (void)json_object_set(walk->files, path, file);
        }
        json_decref(noted);
    }
    if (file == NULL && err.text[0] != '\0') {
        (void)snprintf(walk->trouble, sizeof(walk->trouble), "%s", err.text);
    }
    json_decref(file);
    (void)close(fd);
}

static void take_file(struct place *place, int dir, const char *name, const char *path)
{
    struct pk_apps_walk *walk = place->walk;
    json_t *known = json_object_get(walk->before, path);
    struct stat st;

    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode) ||
            st.st_size == 0 || st.st_size > walk->settings->file_max_mb * 1024 * 1024) {
        return;
    }
    if (json_object_size(walk->files) >= PK_AGENT_FILES_MAX) {
        walk->cut = true;
        return;
    }
    if (known != NULL && is_known(known, &st) &&
            strcmp(json_string_value(json_object_get(known, "profile")), place->profile) == 0) {
        (void)json_object_set(walk->files, path, known);
    } else {
        read_new(place, dir, name, path);
    }
}

static void note_dir(struct pk_apps_walk *walk, const char *path)
{
    if (walk->dir_count == PK_AGENT_DIRS_MAX) {
        walk->cut = true;
        return;
    }
    walk->dirs[walk->dir_count] = strdup(path);
    walk->dir_count += walk->dirs[walk->dir_count] != NULL;
}

static void walk_dir(
        struct place *place, int parent, const char *name, const char *path, int depth);

static void take_entry(
        struct place *place, int dir, const struct dirent *entry, const char *path, int depth)
{
    char below[PATH_MAX];
    struct stat st;

    if (snprintf(below, sizeof(below), "%s/%s", path, entry->d_name) >= (int)sizeof(below)) {
        return;
    }
    if (is_app_name(entry->d_name)) {
        take_file(place, dir, entry->d_name, below);
    } else if (depth < DEPTH_MAX && (entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN) &&
            fstatat(dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode)) {
        walk_dir(place, dir, entry->d_name, below, depth + 1);
    }
}

static void walk_dir(struct place *place, int parent, const char *name, const char *path, int depth)
{
    struct pk_apps_walk *walk = place->walk;
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *entry;

    if (dir == NULL) {
        if (fd >= 0) {
            (void)close(fd);
        }
        return;
    }
    note_dir(walk, path);
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this function's own */
    while ((entry = readdir(dir)) != NULL && !is_cancelled(walk)) {
        if (++walk->seen > ENTRIES_MAX) {
            walk->cut = true;
            break;
        }
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            take_entry(place, dirfd(dir), entry, path, depth);
        }
    }
    (void)closedir(dir);
}

/* "~/x" in place of the home folder of whoever runs the agent. */
static const char *expand_home(const char *path, char out[PATH_MAX])
{
    const char *home = getenv("HOME"); /* NOLINT(concurrency-mt-unsafe): nobody sets it */

    if (strncmp(path, "~/", 2) != 0 || home == NULL) {
        return path;
    }
    (void)snprintf(out, PATH_MAX, "%s/%s", home, path + 2);
    return out;
}

void pk_apps_walk_run(struct pk_apps_walk *walk)
{
    const struct pk_app_folder *folders = walk->settings->folders.items;
    struct pk_apps_reader *reader = NULL;

    walk->files = json_object();
    for (size_t i = 0; walk->files != NULL && i < walk->settings->folders.count; i++) {
        struct place place = {
            .walk = walk,
            .reader = &reader,
            .profile = pk_app_profile_names[folders[i].profile],
        };
        char home[PATH_MAX];
        glob_t found = { 0 };

        /* NOLINTNEXTLINE(concurrency-mt-unsafe): nobody changes locale or environment */
        if (glob(expand_home(folders[i].path, home), GLOB_ONLYDIR | GLOB_NOSORT, NULL, &found) ==
                0) {
            for (size_t n = 0; n < found.gl_pathc; n++) {
                walk_dir(&place, AT_FDCWD, found.gl_pathv[n], found.gl_pathv[n], 0);
            }
        }
        globfree(&found);
    }
    pk_apps_reader_destroy(reader);
}

void pk_apps_walk_finish(struct pk_apps_walk *walk)
{
    for (size_t i = 0; i < walk->dir_count; i++) {
        free(walk->dirs[i]);
    }
    json_decref(walk->before);
    json_decref(walk->files);
}
