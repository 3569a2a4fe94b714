#include "agent/names_system.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/loop.h"
#include "agent/resolv_conf.h"
#include "agent/watch_files.h"
#include "base/clock.h"
#include "base/file.h"

#define SETTLE_MS    30                  /* a file is written in several steps */
#define CONTEST_MAX  6                   /* times that others may take us out ... */
#define CONTEST_MS   (60 * PK_SECOND_MS) /* ... in this time; a busy day of roaming stays below */
#define RESOLVED_DIR "/run/systemd/resolve/"
#define RESOLVED_ALL RESOLVED_DIR "resolv.conf" /* the servers behind 127.0.0.53 */

enum {
    FILE_LIST,
};

struct pk_names_system {
    struct pk_loop *loop;
    struct pk_names_system_hooks hooks;
    struct pk_file_watch *watch;
    struct pk_timer timer;
    struct pk_address own;
    struct pk_resolv servers;
    bool wanted;
    bool contested;
    unsigned contests; /* since contest_ms */
    int64_t contest_ms;
    char given[PATH_MAX];
    char path[PATH_MAX]; /* of the file itself, links followed */
};

/* Programs that write the list replace the file behind the link: that one is ours to change, too. */
static void follow_link(struct pk_names_system *system)
{
    if (realpath(system->given, system->path) == NULL) {
        (void)snprintf(system->path, sizeof(system->path), "%s", system->given);
    }
}

static bool of_resolved(const char *path)
{
    char real[PATH_MAX];

    return realpath(path, real) != NULL && strncmp(real, RESOLVED_DIR, strlen(RESOLVED_DIR)) == 0;
}

static int read_list(const char *path, struct pk_buffer *out, struct pk_error *err)
{
    *out = pk_buffer_of(PK_RESOLV_BYTES);
    return pk_file_read(path, out, err);
}

static int write_in_place(const char *path, struct pk_slice text, struct pk_error *err)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    int rc = fd < 0 ? -errno : PK_OK;

    if (rc == PK_OK &&
            (pwrite(fd, text.ptr, text.len, 0) != (ssize_t)text.len ||
                    ftruncate(fd, (off_t)text.len) < 0)) {
        rc = -errno;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return rc < 0 ? pk_error_set(err, rc, "cannot write '%s': %s", path, pk_code_text(rc)) : PK_OK;
}

/* As a whole; in place where the file is a mount of its own. */
static int write_list(const char *path, struct pk_slice text, struct pk_error *err)
{
    struct stat st;
    mode_t mode = stat(path, &st) == 0 ? st.st_mode & 0777 : 0644;
    int rc = pk_file_write(path, text, mode, err);

    return rc == PK_EBUSY || rc == -EXDEV || rc == -EROFS ? write_in_place(path, text, err) : rc;
}

static int undo(const char *path, struct pk_error *err)
{
    struct pk_buffer now;
    struct pk_buffer before = pk_buffer_of(PK_RESOLV_BYTES);
    int rc = read_list(path, &now, err);

    if (rc == PK_OK && pk_resolv_conf_is_ours(pk_buffer_slice(&now))) {
        rc = pk_resolv_conf_restore(pk_buffer_slice(&now), &before);
        rc = rc < 0 ? pk_error_set(err, rc, "'%s' is too large", path)
                    : write_list(path, pk_buffer_slice(&before), err);
    }
    pk_buffer_finish(&now);
    pk_buffer_finish(&before);
    return rc;
}

/* --- whom to ask -------------------------------------------------------------------------- */

static bool is_own(const struct pk_names_system *system, const struct pk_address *a)
{
    return pk_address_same(a, &system->own) && a->port == system->own.port;
}

static bool drop_own(const struct pk_names_system *system, struct pk_resolv *resolv)
{
    size_t kept = 0;
    bool found = false;

    for (size_t i = 0; i < resolv->count; i++) {
        if (is_own(system, &resolv->servers[i])) {
            found = true;
        } else {
            resolv->servers[kept++] = resolv->servers[i];
        }
    }
    resolv->count = kept;
    return found;
}

/* systemd-resolved knows which names go to which link, so it is asked; unless it asks us. */
static void look_behind_resolved(const struct pk_names_system *system, struct pk_resolv *resolv)
{
    static const uint8_t stub[4] = { 127, 0, 0, 53 };
    struct pk_resolv behind;
    struct pk_buffer text;

    if (resolv->count == 0 || resolv->servers[0].family != AF_INET ||
            memcmp(resolv->servers[0].bytes, stub, 4) != 0) {
        return;
    }
    if (read_list(RESOLVED_ALL, &text, NULL) == PK_OK) {
        pk_resolv_parse(pk_buffer_slice(&text), &behind);
        if (drop_own(system, &behind)) {
            *resolv = behind;
        }
    }
    pk_buffer_finish(&text);
}

static bool same_servers(const struct pk_resolv *a, const struct pk_resolv *b)
{
    bool same = a->count == b->count;

    for (size_t i = 0; i < a->count && same; i++) {
        same = pk_address_same(&a->servers[i], &b->servers[i]);
    }
    return same;
}

static void take_servers(struct pk_names_system *system, struct pk_slice text)
{
    struct pk_resolv resolv;

    pk_resolv_parse(text, &resolv);
    (void)drop_own(system, &resolv);
    look_behind_resolved(system, &resolv);
    if (resolv.count > 0 && !same_servers(&resolv, &system->servers)) {
        system->servers = resolv;
        system->hooks.servers(system->hooks.ctx, &system->servers);
    }
}

/* --- putting us first --------------------------------------------------------------------- */

static int put_first(struct pk_names_system *system, struct pk_slice text, struct pk_error *err)
{
    struct pk_buffer out = pk_buffer_of(PK_RESOLV_BYTES);
    char address[PK_ADDRESS_TEXT];
    int rc = pk_resolv_conf_install(text, pk_address_text(&system->own, address), &out);

    rc = rc < 0 ? pk_error_set(err, rc, "'%s' is too large", system->path)
                : write_list(system->path, pk_buffer_slice(&out), err);
    pk_buffer_finish(&out);
    return rc;
}

/* Somebody wrote the list anew. False: too often, he wants it so. */
static bool may_contest(struct pk_names_system *system)
{
    int64_t now_ms = pk_clock_monotonic_ms();

    if (now_ms - system->contest_ms > CONTEST_MS) {
        system->contest_ms = now_ms;
        system->contests = 0;
    }
    return ++system->contests <= CONTEST_MAX;
}

static void put_first_again(struct pk_names_system *system, struct pk_slice text)
{
    struct pk_error err;

    if (!may_contest(system)) {
        system->contested = true;
        system->hooks.trouble(system->hooks.ctx,
                "another program keeps rewriting the list of name servers: names are not checked");
    } else if (put_first(system, text, &err) < 0) {
        system->hooks.trouble(system->hooks.ctx, err.text);
    }
}

static void on_settled(void *ctx)
{
    struct pk_names_system *system = ctx;
    struct pk_buffer text;

    follow_link(system);
    if (read_list(system->path, &text, NULL) == PK_OK) {
        struct pk_resolv any;

        pk_resolv_parse(pk_buffer_slice(&text), &any);
        take_servers(system, pk_buffer_slice(&text));
        if (system->wanted && !system->contested && any.count > 0 &&
                !pk_resolv_conf_is_ours(pk_buffer_slice(&text))) {
            put_first_again(system, pk_buffer_slice(&text));
        }
    }
    pk_buffer_finish(&text);
}

static void on_file(void *ctx, unsigned id)
{
    struct pk_names_system *system = ctx;

    (void)id;
    pk_loop_arm(system->loop, &system->timer, SETTLE_MS);
}

int pk_names_system_install(struct pk_names_system *system, struct pk_error *err)
{
    struct pk_buffer text;
    int rc;

    if (of_resolved(system->given)) {
        return pk_error_set(err, PK_EBUSY,
                "systemd-resolved keeps '%s': see \"Beside systemd-resolved\" in docs/names.md",
                system->given);
    }
    if (system->own.port != 53) {
        return pk_error_set(
                err, PK_EINVAL, "'%s' knows no ports: names.listen must be port 53", system->given);
    }
    rc = read_list(system->path, &text, err);
    if (rc == PK_OK && !pk_resolv_conf_is_ours(pk_buffer_slice(&text))) {
        take_servers(system, pk_buffer_slice(&text));
        rc = system->servers.count > 0
                ? put_first(system, pk_buffer_slice(&text), err)
                : pk_error_set(err, PK_ENOENT, "'%s' names no other name server", system->path);
    }
    pk_buffer_finish(&text);
    if (rc == PK_OK) {
        system->wanted = true;
        system->contested = false;
        system->contests = 0;
    }
    return rc;
}

int pk_names_system_restore(struct pk_names_system *system, struct pk_error *err)
{
    system->wanted = false;
    return undo(system->path, err);
}

int pk_names_system_create(struct pk_loop *loop, const char *path, const struct pk_address *own,
        const struct pk_names_system_hooks *hooks, struct pk_names_system **out,
        struct pk_error *err)
{
    struct pk_names_system *system = calloc(1, sizeof(*system));
    int rc;

    if (system == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    system->loop = loop;
    system->own = *own;
    system->hooks = *hooks;
    pk_timer_init(&system->timer, on_settled, system);
    (void)snprintf(system->given, sizeof(system->given), "%s", path);
    follow_link(system);
    rc = pk_file_watch_create(loop, on_file, system, &system->watch, err);
    if (rc < 0) {
        free(system);
        return rc;
    }
    (void)!pk_file_watch_add(system->watch, system->path, FILE_LIST, NULL);
    if (strcmp(system->path, system->given) != 0) { /* the link may come to point elsewhere */
        (void)!pk_file_watch_add(system->watch, system->given, FILE_LIST, NULL);
    }
    on_settled(system);
    *out = system;
    return PK_OK;
}

void pk_names_system_destroy(struct pk_names_system *system)
{
    if (system == NULL) {
        return;
    }
    if (system->wanted) {
        (void)!undo(system->path, NULL);
    }
    pk_loop_disarm(system->loop, &system->timer);
    pk_file_watch_destroy(system->watch);
    free(system);
}

enum pk_names_state pk_names_system_state(const struct pk_names_system *system)
{
    return system->contested                     ? PK_NAMES_CONTESTED
            : pk_names_left_behind(system->path) ? PK_NAMES_IN
                                                 : PK_NAMES_OUT;
}

const struct pk_resolv *pk_names_system_servers(const struct pk_names_system *system)
{
    return &system->servers;
}

bool pk_names_left_behind(const char *path)
{
    struct pk_buffer text;
    bool ours = read_list(path, &text, NULL) == PK_OK &&
            pk_resolv_conf_is_ours(pk_buffer_slice(&text));

    pk_buffer_finish(&text);
    return ours;
}

int pk_names_repair(const char *path, struct pk_error *err)
{
    char real[PATH_MAX];

    return undo(realpath(path, real) != NULL ? real : path, err);
}

const char *pk_names_bypass(const char *path)
{
    struct pk_buffer text = pk_buffer_of(PK_RESOLV_BYTES);
    const char *line;
    const char *why = NULL;

    if (of_resolved(path)) {
        return "systemd-resolved answers for this system";
    }
    (void)!pk_file_read("/etc/nsswitch.conf", &text, NULL);
    line = text.ptr != NULL ? strstr(text.ptr, "\nhosts:") : NULL;
    if (line != NULL) {
        const char *end = strchr(line + 1, '\n');
        const char *module = strstr(line, " resolve");

        why = module != NULL && (end == NULL || module < end)
                ? "nsswitch.conf sends programs to systemd-resolved first (hosts: resolve)"
                : NULL;
    }
    pk_buffer_finish(&text);
    return why;
}
