#include "cli/app_upload.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LOOKS     600 /* for five minutes */
#define LOOK_MS   500
#define SLICE_MAX (4UL * 1024 * 1024 * 1024)

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

static int map_file(const char *path, struct pk_slice *out, struct pk_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    void *map;

    if (fd < 0 || fstat(fd, &st) != 0) {
        int code = -errno;

        if (fd >= 0) {
            (void)close(fd);
        }
        return pk_error_set(err, code, "'%s': %s", path, pk_code_text(code));
    }
    map = S_ISREG(st.st_mode) && st.st_size > 0 && (size_t)st.st_size <= SLICE_MAX
            ? mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0)
            : MAP_FAILED;
    (void)close(fd);
    if (map == MAP_FAILED) {
        return pk_error_set(err, PK_EINVAL, "'%s' is no file that can be sent", path);
    }
    *out = pk_slice_of(map, (size_t)st.st_size);
    return PK_OK;
}

static bool is_done(const json_t *file)
{
    const char *state = json_string_value(json_object_get(file, "state"));

    return state != NULL && (strcmp(state, "analysed") == 0 || strcmp(state, "failed") == 0);
}

/* Asks again until the file was read. *file is replaced. */
static int wait_for(struct pk_cli *cli, json_t **file, struct pk_error *err)
{
    const struct timespec pause = { .tv_nsec = LOOK_MS * 1000000L };
    char path[128];
    int rc = PK_OK;

    (void)snprintf(path, sizeof(path), "/app-files/%.64s",
            json_string_value(json_object_get(*file, "id")));
    for (int i = 0; i < LOOKS && rc == PK_OK && !is_done(*file); i++) {
        json_t *now = NULL;

        (void)nanosleep(&pause, NULL);
        rc = pk_rest_call(cli->rest, "GET", path, NULL, NULL, 0, &now, err);
        if (rc == PK_OK) {
            json_decref(*file);
            *file = now;
        }
    }
    return rc == PK_OK && !is_done(*file)
            ? pk_error_set(
                      err, PK_ETIMEDOUT, "the server has not read it yet; see: picket app show")
            : rc;
}

static int tell(struct pk_cli *cli, json_t *file, struct pk_error *err)
{
    const char *verdict = json_string_value(json_object_get(file, "verdict"));
    const char *why = json_string_value(json_object_get(file, "error"));

    if (why != NULL) {
        return pk_error_set(err, PK_EPEER, "%s", why);
    }
    if (cli->json) {
        pk_print_json(stdout, file);
    } else {
        (void)json_object_del(file, "report");
        (void)json_object_del(file, "on");
        pk_print_tree(stdout, file);
    }
    return verdict != NULL && strcmp(verdict, "clean") == 0 ? PK_EXIT_FINE : PK_EXIT_NEWS;
}

int pk_app_upload(struct pk_cli *cli, struct pk_error *err)
{
    const struct pk_rest_param params[] = { { "name", name_of(cli->args[0]) }, { NULL, NULL } };
    struct pk_slice bytes = { 0 };
    json_t *file = NULL;
    int rc = map_file(cli->args[0], &bytes, err);

    if (rc < 0) {
        return rc;
    }
    rc = pk_rest_post(cli->rest, "/app-files", params, bytes, &file, err);
    (void)munmap((void *)bytes.ptr, bytes.len);
    if (rc == PK_OK) {
        rc = wait_for(cli, &file, err);
    }
    if (rc == PK_OK) {
        rc = tell(cli, file, err);
    }
    json_decref(file);
    return rc;
}
