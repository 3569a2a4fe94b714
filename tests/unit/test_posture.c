/* The state of the device, read from folders that look like a system's root. */
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/probe_posture.h"
#include "base/arena.h"
#include "check.h"

static char root[64];

static void put(const char *path, const char *text)
{
    char full[256];
    FILE *file;

    (void)snprintf(full, sizeof(full), "%s%s", root, path);
    for (char *slash = strchr(full + strlen(root) + 1, '/'); slash != NULL;
            slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(full, 0755);
        *slash = '/';
    }
    file = fopen(full, "w");
    assert_non_null(file);
    (void)fputs(text, file);
    (void)fclose(file);
}

static int drop(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

static int set_up(void **state)
{
    (void)state;
    (void)snprintf(root, sizeof(root), "/tmp/picket-posture-XXXXXX");
    return mkdtemp(root) != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    return nftw(root, drop, 8, FTW_DEPTH | FTW_PHYS);
}

static void link_block(const char *number, const char *name)
{
    char path[256];
    char target[128];

    put("/sys/dev/block/.keep", "");
    (void)snprintf(path, sizeof(path), "%s/sys/dev/block/%s", root, number);
    (void)snprintf(target, sizeof(target), "../../devices/virtual/block/%s", name);
    assert_int_equal(symlink(target, path), 0);
}

#define MOUNTS(number) \
    "24 20 0:6 / /dev rw - devtmpfs dev rw\n30 1 " number " / / rw - ext4 /dev/x rw\n"

static void test_empty(void **state)
{
    struct pk_arena *arena = pk_arena_create(1 << 16);
    struct pk_obs_posture *p = pk_probe_posture(root, arena);

    (void)state;
    assert_non_null(p);
    assert_null(p->os_name);
    assert_null(p->patch);
    assert_int_equal(p->updates_waiting, -1);
    assert_int_equal(p->disk_encrypted, PK_TRI_UNKNOWN);
    assert_int_equal(p->root_signs.count, 0);
    pk_arena_destroy(arena);
}

static void test_system(void **state)
{
    struct pk_arena *arena = pk_arena_create(1 << 16);
    struct pk_obs_posture *p;

    (void)state;
    put("/etc/os-release",
            "PRETTY_NAME=\"X\"\nNAME=\"Debian GNU/Linux\"\nVERSION=\"12 (bookworm)\"\n");
    put("/sys/class/dmi/id/sys_vendor", "LENOVO\n");
    put("/sys/class/dmi/id/product_name", "20XW \n");
    put("/var/log/dpkg.log",
            "2026-10-01 10:00:00 upgrade a:amd64 1 2\n"
            "2026-11-02 10:00:00 upgrade b:amd64 1 2\n"
            "2026-11-03 10:00:00 install c:amd64 <none> 1\n");
    p = pk_probe_posture(root, arena);
    assert_string_equal(p->os_name, "Debian GNU/Linux");
    assert_string_equal(p->os_version, "12 (bookworm)");
    assert_string_equal(p->model, "LENOVO 20XW");
    assert_string_equal(p->patch, "2026-11-02");
    pk_arena_destroy(arena);
}

static void test_disk(void **state)
{
    static const struct {
        const char *mounts, *number, *block, *uuid;
        enum pk_tri encrypted;
    } rows[] = {
        { MOUNTS("254:1"), "254:1", "dm-1", "CRYPT-LUKS2-abc", PK_TRI_YES },
        { MOUNTS("8:1"), "8:1", "sda1", NULL, PK_TRI_NO },
        { MOUNTS("253:0"), "253:0", "vda", NULL, PK_TRI_UNKNOWN }, /* the host may encrypt */
        { MOUNTS("0:99"), NULL, NULL, NULL, PK_TRI_UNKNOWN },      /* no block device */
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_arena *arena = pk_arena_create(1 << 16);
        char path[128];

        set_up(NULL);
        put("/proc/self/mountinfo", rows[i].mounts);
        if (rows[i].number != NULL) {
            link_block(rows[i].number, rows[i].block);
        }
        if (rows[i].uuid != NULL) {
            (void)snprintf(path, sizeof(path), "/sys/class/block/%s/dm/uuid", rows[i].block);
            put(path, rows[i].uuid);
        }
        assert_int_equal(pk_probe_posture(root, arena)->disk_encrypted, rows[i].encrypted);
        tear_down(NULL);
        pk_arena_destroy(arena);
    }
    set_up(NULL);
}

/* LVM on an encrypted partition. */
static void test_disk_below(void **state)
{
    struct pk_arena *arena = pk_arena_create(1 << 16);

    (void)state;
    put("/proc/self/mountinfo", MOUNTS("254:2"));
    link_block("254:2", "dm-2");
    put("/sys/class/block/dm-2/dm/uuid", "LVM-xyz");
    put("/sys/class/block/dm-2/slaves/dm-0/.keep", "");
    put("/sys/class/block/dm-0/dm/uuid", "CRYPT-LUKS2-abc");
    assert_int_equal(pk_probe_posture(root, arena)->disk_encrypted, PK_TRI_YES);
    pk_arena_destroy(arena);
}

static void test_signs(void **state)
{
    struct pk_arena *arena = pk_arena_create(1 << 16);
    struct pk_obs_posture *p;
    char path[128];

    (void)state;
    put("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nme:x:1000:1000::/:/bin/sh\n");
    put("/etc/shadow", "root:*:1::::::\n");
    put("/etc/ld.so.preload", " \n");
    put("/etc/ssh/sshd_config", "#PermitRootLogin yes\nPermitRootLogin prohibit-password\n");
    assert_int_equal(pk_probe_posture(root, arena)->root_signs.count, 0);

    put("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\ntoor:x:0:0::/:/bin/sh\n");
    put("/etc/shadow", "root::1::::::\n");
    put("/etc/ld.so.preload", "/tmp/evil.so\n");
    put("/etc/ssh/sshd_config", "PermitRootLogin yes\n");
    (void)snprintf(path, sizeof(path), "%s/etc/passwd", root);
    assert_int_equal(chmod(path, 0666), 0);
    p = pk_probe_posture(root, arena);
    assert_int_equal(p->root_signs.count, 5);
    pk_arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_empty, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_system, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_disk, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_disk_below, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_signs, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
