#include "agent/probe_posture.h"

#include <stdarg.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"

#define SIGNS_MAX  16
#define TEXT_BYTES 8192
#define TAIL_BYTES (64UL * 1024) /* of a log: its newest entries */
#define DM_DEPTH   6             /* crypt below LVM below RAID ... */

struct place {
    const char *root;
    struct pk_arena *arena;
};

static bool path_of(const struct place *p, const char *path, char out[PATH_MAX])
{
    return snprintf(out, PATH_MAX, "%s%s", p->root, path) < PATH_MAX;
}

/* The end of a file, at most max - 1 bytes, as text. Length, or -1. */
static ssize_t read_tail(const struct place *p, const char *path, char *out, size_t max)
{
    char full[PATH_MAX];
    int fd = path_of(p, path, full) ? open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    struct stat st;
    ssize_t len = -1;

    if (fd < 0) {
        return -1;
    }
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        if (st.st_size >= (off_t)max) {
            (void)lseek(fd, -(off_t)(max - 1), SEEK_END);
        }
        len = read(fd, out, max - 1);
    }
    (void)close(fd);
    if (len >= 0) {
        out[len] = '\0';
    }
    return len;
}

/* One short line, without blanks around it and what is not printable. */
static const char *read_line(const struct place *p, const char *path, size_t max)
{
    char text[256];
    size_t len = 0;

    if (read_tail(p, path, text, sizeof(text)) <= 0) {
        return NULL;
    }
    for (const char *c = text; *c != '\0' && *c != '\n' && len < max; c++) {
        if ((unsigned char)*c >= ' ' && (unsigned char)*c < 0x7f && (len > 0 || *c != ' ')) {
            text[len++] = *c;
        }
    }
    while (len > 0 && text[len - 1] == ' ') {
        len--;
    }
    return len > 0 ? pk_arena_strndup(p->arena, text, len) : NULL;
}

/* KEY=value or KEY="value" of os-release(5). */
static const char *release_value(const struct place *p, const char *text, const char *key)
{
    size_t key_len = strlen(key);

    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, key_len) == 0 && line[key_len] == '=') {
            const char *value = line + key_len + 1;
            char quote = *value == '"' || *value == '\'' ? *value : '\n';

            value += quote != '\n';
            size_t len = strcspn(value, quote == '\n' ? "\n" : quote == '"' ? "\"\n" : "'\n");

            return pk_arena_strndup(p->arena, value, len < 64 ? len : 64);
        }
    }
    return NULL;
}

static void read_system(const struct place *p, struct pk_obs_posture *out)
{
    char text[TEXT_BYTES];
    struct utsname name;

    if (read_tail(p, "/etc/os-release", text, sizeof(text)) > 0 ||
            read_tail(p, "/usr/lib/os-release", text, sizeof(text)) > 0) {
        out->os_name = release_value(p, text, "NAME");
        out->os_version = release_value(p, text, "VERSION");
        if (out->os_version == NULL) {
            out->os_version = release_value(p, text, "VERSION_ID");
        }
    }
    if (uname(&name) == 0) {
        out->kernel = pk_arena_strdup(p->arena, name.release);
    }
}

static void read_model(const struct place *p, struct pk_obs_posture *out)
{
    const char *maker = read_line(p, "/sys/class/dmi/id/sys_vendor", 60);
    const char *model = read_line(p, "/sys/class/dmi/id/product_name", 60);

    if (model == NULL) {
        out->model = read_line(p, "/proc/device-tree/model", 120);
    } else {
        out->model = pk_arena_printf(
                p->arena, "%s%s%s", maker != NULL ? maker : "", maker != NULL ? " " : "", model);
    }
}

/* "2026-11-20 10:11:12 upgrade pkg ..." or "... install pkg ...": the date of the last such line.
 * Debian's stable releases change packages for security and for little else. */
static bool last_upgrade(const char *log, char date[11])
{
    bool found = false;

    for (const char *line = log; line != NULL && *line != '\0';) {
        const char *end = strchr(line, '\n');

        if (strlen(line) > 28 && line[4] == '-' && line[7] == '-' && line[10] == ' ' &&
                strncmp(line + 19, " upgrade ", 9) == 0) {
            memcpy(date, line, 10);
            date[10] = '\0';
            found = true;
        }
        line = end != NULL ? end + 1 : NULL;
    }
    return found;
}

static void read_patch(const struct place *p, struct pk_obs_posture *out)
{
    static const char *const logs[] = { "/var/log/dpkg.log", "/var/log/dpkg.log.1" };
    static const char *const databases[] = { "/var/lib/dpkg/status", "/var/lib/rpm/rpmdb.sqlite",
        "/usr/lib/sysimage/rpm/rpmdb.sqlite" };
    char *log = malloc(TAIL_BYTES);
    char date[11];
    struct stat st;

    for (size_t i = 0; i < PK_COUNT(logs) && log != NULL && out->patch == NULL; i++) {
        if (read_tail(p, logs[i], log, TAIL_BYTES) > 0 && last_upgrade(log, date)) {
            out->patch = pk_arena_strdup(p->arena, date);
        }
    }
    free(log);
    for (size_t i = 0; i < PK_COUNT(databases) && out->patch == NULL; i++) {
        char full[PATH_MAX];
        struct tm tm;

        if (path_of(p, databases[i], full) && stat(full, &st) == 0 &&
                gmtime_r(&st.st_mtime, &tm) != NULL &&
                strftime(date, sizeof(date), "%Y-%m-%d", &tm)) {
            out->patch = pk_arena_strdup(p->arena, date);
        }
    }
}

/* --- storage ------------------------------------------------------------------------------ */

static enum pk_tri block_encrypted(const struct place *p, const char *block, int depth);

/* All devices below must be encrypted; one that is not gives it away. */
static enum pk_tri slaves_encrypted(const struct place *p, const char *block, int depth)
{
    char path[PATH_MAX];
    char full[PATH_MAX];
    enum pk_tri all = PK_TRI_UNKNOWN;
    struct dirent *entry;
    DIR *dir;

    snprintf(path, sizeof(path), "/sys/class/block/%s/slaves", block);
    dir = path_of(p, path, full) ? opendir(full) : NULL;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is ours alone */
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        enum pk_tri one;

        if (entry->d_name[0] == '.') {
            continue;
        }
        one = block_encrypted(p, entry->d_name, depth + 1);
        if (all == PK_TRI_UNKNOWN || one == PK_TRI_NO) {
            all = one;
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return all;
}

/* The host of a virtual machine, or the other end of a network disk, may well encrypt. */
static bool is_foreign(const char *block)
{
    static const char *const prefixes[] = { "vd", "xvd", "nbd", "rbd", "loop", "zram", "ram" };

    for (size_t i = 0; i < PK_COUNT(prefixes); i++) {
        if (strncmp(block, prefixes[i], strlen(prefixes[i])) == 0) {
            return true;
        }
    }
    return false;
}

static enum pk_tri block_encrypted(const struct place *p, const char *block, int depth)
{
    char path[PATH_MAX];
    char uuid[128];
    enum pk_tri below;

    if (depth > DM_DEPTH || strlen(block) > 64) {
        return PK_TRI_UNKNOWN;
    }
    snprintf(path, sizeof(path), "/sys/class/block/%s/dm/uuid", block);
    if (read_tail(p, path, uuid, sizeof(uuid)) > 0 && strncmp(uuid, "CRYPT-", 6) == 0) {
        return PK_TRI_YES;
    }
    below = slaves_encrypted(p, block, depth);
    if (below != PK_TRI_UNKNOWN) {
        return below;
    }
    return is_foreign(block) ? PK_TRI_UNKNOWN : PK_TRI_NO;
}

/* "36 35 98:0 / / rw ... - ext4 /dev/mapper/root rw": the kernel's name of the device behind "/". */
static bool root_block(const struct place *p, char out[128])
{
    char *text = malloc(TAIL_BYTES);
    bool found = false;
    char *save = NULL;

    if (text == NULL || read_tail(p, "/proc/self/mountinfo", text, TAIL_BYTES) <= 0) {
        free(text);
        return false;
    }
    for (char *line = strtok_r(text, "\n", &save); line != NULL;
            line = strtok_r(NULL, "\n", &save)) {
        char at[PATH_MAX];
        char number[32]; /* major:minor */
        char link[PATH_MAX];
        char full[PATH_MAX];
        char path[64];

        if (sscanf(line, "%*s %*s %31s %*s %4095s", number, at) != 2 || strcmp(at, "/") != 0) {
            continue;
        }
        snprintf(path, sizeof(path), "/sys/dev/block/%s", number);
        ssize_t len = path_of(p, path, full) ? readlink(full, link, sizeof(link) - 1) : -1;

        found = len > 0;
        if (found) {
            link[len] = '\0';
            const char *slash = strrchr(link, '/');

            snprintf(out, 128, "%.100s", slash != NULL ? slash + 1 : link);
        }
    }
    free(text);
    return found;
}

/* --- signs that the system's own protection is off ----------------------------------------- */

static void add_sign(const struct place *p, struct pk_obs_posture *out, const char *format, ...)
{
    char text[96];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (out->root_signs.count < SIGNS_MAX) {
        out->root_signs.items[out->root_signs.count] = pk_arena_strdup(p->arena, text);
        out->root_signs.count += out->root_signs.items[out->root_signs.count] != NULL;
    }
}

static void look_for_preload(const struct place *p, struct pk_obs_posture *out)
{
    char text[1024];

    if (read_tail(p, "/etc/ld.so.preload", text, sizeof(text)) > 0 &&
            text[strspn(text, " \t\r\n")] != '\0') {
        add_sign(p, out, "a library is loaded into every program (/etc/ld.so.preload)");
    }
}

static void look_for_open_files(const struct place *p, struct pk_obs_posture *out)
{
    static const char *const files[] = { "/etc/passwd", "/etc/shadow", "/etc/sudoers", "/etc",
        "/usr/bin" };

    for (size_t i = 0; i < PK_COUNT(files); i++) {
        char full[PATH_MAX];
        struct stat st;

        if (path_of(p, files[i], full) && stat(full, &st) == 0 && (st.st_mode & S_IWOTH) != 0) {
            add_sign(p, out, "everybody may change %s", files[i]);
        }
    }
}

static void look_for_accounts(const struct place *p, struct pk_obs_posture *out)
{
    char *text = malloc(TAIL_BYTES);
    char *save = NULL;

    if (text != NULL && read_tail(p, "/etc/passwd", text, TAIL_BYTES) > 0) {
        for (char *line = strtok_r(text, "\n", &save); line != NULL;
                line = strtok_r(NULL, "\n", &save)) {
            char name[40];
            char id[16];

            if (sscanf(line, "%39[^:]:%*[^:]:%15[^:]:", name, id) == 2 && strcmp(id, "0") == 0 &&
                    strcmp(name, "root") != 0) {
                add_sign(p, out, "another account has root's rights");
            }
        }
    }
    if (text != NULL && read_tail(p, "/etc/shadow", text, TAIL_BYTES) > 0 &&
            strncmp(text, "root::", 6) == 0) {
        add_sign(p, out, "root has no password");
    }
    free(text);
}

static void look_at_sshd(const struct place *p, struct pk_obs_posture *out)
{
    char text[TEXT_BYTES];
    char *save = NULL;
    bool root = false;
    bool password = true; /* sshd's default */

    if (read_tail(p, "/etc/ssh/sshd_config", text, sizeof(text)) <= 0) {
        return;
    }
    for (char *line = strtok_r(text, "\n", &save); line != NULL;
            line = strtok_r(NULL, "\n", &save)) {
        char key[40];
        char value[40];

        if (sscanf(line, " %39[A-Za-z] %39s", key, value) != 2) {
            continue;
        }
        if (strcasecmp(key, "PermitRootLogin") == 0) {
            root = strcasecmp(value, "yes") == 0;
        } else if (strcasecmp(key, "PasswordAuthentication") == 0) {
            password = strcasecmp(value, "no") != 0;
        }
    }
    if (root && password) {
        add_sign(p, out, "root may sign in over the network with a password");
    }
}

struct pk_obs_posture *pk_probe_posture(const char *root, struct pk_arena *arena)
{
    struct place place = { root, arena };
    struct pk_obs_posture *out = pk_arena_alloc(arena, 1, sizeof(*out));
    char block[128];

    if (out == NULL) {
        return NULL;
    }
    out->platform = PK_PLATFORM_LINUX;
    out->updates_waiting = -1;
    out->root_signs.items = pk_arena_alloc(arena, SIGNS_MAX, sizeof(*out->root_signs.items));
    if (out->root_signs.items == NULL) {
        return NULL;
    }
    read_system(&place, out);
    read_model(&place, out);
    read_patch(&place, out);
    if (root_block(&place, block)) {
        out->disk_encrypted = block_encrypted(&place, block, 0);
    }
    look_for_preload(&place, out);
    look_for_open_files(&place, out);
    look_for_accounts(&place, out);
    look_at_sshd(&place, out);
    return out;
}
