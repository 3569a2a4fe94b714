#include "server/console.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/crypt.h"
#include "base/file.h"

#define DEPTH_MAX 8

struct pk_console {
    size_t count;
    size_t bytes;
    struct pk_console_file files[PK_CONSOLE_FILES_MAX];
};

static const char *type_of(const char *path)
{
    static const struct {
        const char *ending;
        const char *type;
    } types[] = {
        { ".html", "text/html; charset=utf-8" },
        { ".js", "text/javascript; charset=utf-8" },
        { ".css", "text/css; charset=utf-8" },
        { ".svg", "image/svg+xml" },
        { ".png", "image/png" },
        { ".ico", "image/x-icon" },
        { ".json", "application/json" },
        { ".webmanifest", "application/manifest+json" },
        { ".woff2", "font/woff2" },
        { ".txt", "text/plain; charset=utf-8" },
    };
    const char *ending = strrchr(path, '.');

    for (size_t i = 0; ending != NULL && i < PK_COUNT(types); i++) {
        if (strcmp(ending, types[i].ending) == 0) {
            return types[i].type;
        }
    }
    return "application/octet-stream";
}

/* "NAME-HASH.EXT" as the console's build names its assets: at least eight hex digits, or eight
 * characters of base 32 (RFC 4648 section 6). */
static bool is_hashed(const char *path)
{
    const char *dash = strrchr(path, '-');
    size_t hex = dash != NULL ? strspn(dash + 1, "0123456789abcdef") : 0;
    size_t base32 = dash != NULL ? strspn(dash + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") : 0;

    return (hex >= 8 && dash[1 + hex] == '.') || (base32 == 8 && dash[1 + base32] == '.');
}

static int add_file(
        struct pk_console *console, const char *file, const char *path, struct pk_error *err)
{
    struct pk_console_file *to = &console->files[console->count];
    struct pk_buffer bytes = pk_buffer_of(PK_CONSOLE_BYTES_MAX - console->bytes);
    char hash[PK_SHA256_HEX];
    int rc;

    if (console->count == PK_CONSOLE_FILES_MAX) {
        return pk_error_set(err, PK_ELIMIT, "more than %d files", PK_CONSOLE_FILES_MAX);
    }
    rc = pk_file_read(file, &bytes, err);
    if (rc < 0) {
        pk_buffer_finish(&bytes);
        return rc;
    }
    pk_sha256_hex(pk_buffer_slice(&bytes), hash);
    hash[32] = '\0';
    size_t len = bytes.len; /* taking the bytes empties the buffer */
    *to = (struct pk_console_file){
        .path = strdup(path),
        .type = type_of(path),
        .immutable = is_hashed(path),
        .len = len,
        .bytes = pk_buffer_take(&bytes),
    };
    console->count++;
    console->bytes += to->len;
    if (to->path == NULL || (to->bytes == NULL && to->len > 0) ||
            asprintf(&to->etag, "\"%s\"", hash) < 0) {
        to->etag = NULL;
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    return PK_OK;
}

static int add_folder(struct pk_console *console, const char *dir, const char *prefix, int depth,
        struct pk_error *err);

static int add_entry(struct pk_console *console, const char *dir, const char *prefix,
        const char *name, int depth, struct pk_error *err)
{
    char *file = NULL;
    char *path = NULL;
    struct stat info;
    int rc = PK_OK;

    if (asprintf(&file, "%s/%s", dir, name) < 0) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    if (asprintf(&path, "%s/%s", prefix, name) < 0) {
        free(file);
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    if (lstat(file, &info) == 0) { /* links are left out: they may lead outside */
        if (S_ISREG(info.st_mode)) {
            rc = add_file(console, file, path, err);
        } else if (S_ISDIR(info.st_mode) && depth < DEPTH_MAX) {
            rc = add_folder(console, file, path, depth + 1, err);
        }
    }
    free(path);
    free(file);
    return rc;
}

static int add_folder(struct pk_console *console, const char *dir, const char *prefix, int depth,
        struct pk_error *err)
{
    DIR *folder = opendir(dir);
    const struct dirent *entry;
    int rc = PK_OK;

    if (folder == NULL) {
        return errno == ENOENT ? PK_OK
                               : pk_error_set(err, -errno, "'%s': %s", dir, pk_code_text(-errno));
    }
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is ours alone */
    while (rc == PK_OK && (entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] != '.') {
            rc = add_entry(console, dir, prefix, entry->d_name, depth, err);
        }
    }
    (void)closedir(folder);
    return rc;
}

int pk_console_create(const char *dir, struct pk_console **out, struct pk_error *err)
{
    struct pk_console *console = calloc(1, sizeof(*console));
    int rc;

    if (console == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    rc = dir == NULL ? PK_OK : add_folder(console, dir, "", 0, err);
    if (rc < 0) {
        pk_error_prefix(err, "the console's files");
        pk_console_destroy(console);
        return rc;
    }
    *out = console;
    return PK_OK;
}

void pk_console_destroy(struct pk_console *console)
{
    if (console == NULL) {
        return;
    }
    for (size_t i = 0; i < console->count; i++) {
        free(console->files[i].path);
        free(console->files[i].etag);
        free(console->files[i].bytes);
    }
    free(console);
}

const struct pk_console_file *pk_console_find(const struct pk_console *console, const char *path)
{
    for (size_t i = 0; i < console->count; i++) {
        if (strcmp(console->files[i].path, path) == 0) {
            return &console->files[i];
        }
    }
    return NULL;
}
