#include "scan/sandbox.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NOBODY     65534
#define WARDEN_FDS 16 /* the socket, standard error, a request's three, a process descriptor */

/* Landlock's rights by the version of its interface that brought them (linux/landlock.h of a newer
 * kernel than the headers here may know). All are taken; there are no rules. */
#define LANDLOCK_FS_1   0x1fffULL /* execute ... make_sym */
#define LANDLOCK_FS_2   0x2000ULL /* refer */
#define LANDLOCK_FS_3   0x4000ULL /* truncate */
#define LANDLOCK_FS_5   0x8000ULL /* ioctl_dev */
#define LANDLOCK_NET_4  0x3ULL    /* bind_tcp, connect_tcp */
#define LANDLOCK_SCOPES 0x3ULL    /* 6: abstract sockets and signals to the outside */

/* struct landlock_ruleset_attr as it is now; older kernels take it when what they do not know is 0. */
struct ruleset {
    uint64_t fs;
    uint64_t net;
    uint64_t scoped;
};

static int limit(int what, rlim_t value)
{
    const struct rlimit both = { .rlim_cur = value, .rlim_max = value };

    return setrlimit((__rlimit_resource_t)what, &both) < 0 ? -errno : PK_OK;
}

static int drop_limits(void)
{
    int rc = limit(RLIMIT_CORE, 0);

    rc = rc < 0 ? rc : limit(RLIMIT_NOFILE, WARDEN_FDS);
    /* The memory file of the answer is what readers may write to, and nothing is larger. */
    return rc < 0 ? rc : limit(RLIMIT_FSIZE, PK_SCAN_ANSWER_MAX);
}

/* Root becomes nobody; who is somebody else stays that. */
static int drop_user(void)
{
    if (geteuid() != 0 && getuid() != 0) {
        return PK_OK;
    }
    if (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
            setresuid(NOBODY, NOBODY, NOBODY) < 0) {
        return -errno;
    }
    return geteuid() == NOBODY && getegid() == NOBODY ? PK_OK : PK_EACCES;
}

static bool has_capabilities(const struct __user_cap_data_struct sets[2])
{
    uint32_t any = 0;

    for (int i = 0; i < 2; i++) {
        any |= sets[i].effective | sets[i].permitted | sets[i].inheritable;
    }
    return any != 0;
}

/* A change of user clears them; who was not root may have some all the same. Who has none asks for nothing:
 * a service manager may forbid even that. The ambient set is never more than the permitted one. */
static int drop_capabilities(void)
{
    struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
    const struct __user_cap_data_struct none[2] = { { 0 } };
    struct __user_cap_data_struct now[2] = { { 0 } };

    if (syscall(SYS_capget, &head, now) < 0) {
        return -errno;
    }
    if (!has_capabilities(now)) {
        return PK_OK;
    }
    return syscall(SYS_capset, &head, none) < 0 ? -errno : PK_OK;
}

/* Nobody of the same user may look into the process, and nothing that it would run gains rights. */
static int drop_privileges(void)
{
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
        return -errno;
    }
    return PK_OK;
}

/* All rights that this kernel's Landlock can take: no path can be opened any more. */
static int enter_landlock(void)
{
    struct ruleset all = { .fs = LANDLOCK_FS_1 };
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    long fd;
    int rc = PK_OK;

    if (version < 0) {
        return -errno;
    }
    all.fs |= version >= 2 ? LANDLOCK_FS_2 : 0;
    all.fs |= version >= 3 ? LANDLOCK_FS_3 : 0;
    all.fs |= version >= 5 ? LANDLOCK_FS_5 : 0;
    all.net = version >= 4 ? LANDLOCK_NET_4 : 0;
    all.scoped = version >= 6 ? LANDLOCK_SCOPES : 0;
    fd = syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);
    if (fd < 0) {
        return -errno;
    }
    if (syscall(SYS_landlock_restrict_self, fd, 0) < 0) {
        rc = -errno;
    }
    (void)close((int)fd);
    return rc;
}

/* /proc is out of reach later. */
static size_t address_space(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    char line[64] = "";
    unsigned long pages = 0;

    if (file != NULL) {
        pages = fgets(line, sizeof(line), file) != NULL ? strtoul(line, NULL, 10) : 0;
        (void)fclose(file);
    }
    return pages > 0 ? pages * (size_t)sysconf(_SC_PAGESIZE) : 64UL * 1024 * 1024;
}

int pk_sandbox_enter_warden(struct pk_sandbox *sandbox, enum pk_sandbox_step *step)
{
    static const struct {
        enum pk_sandbox_step step;
        int (*take)(void);
    } parts[] = {
        { PK_SANDBOX_RLIMITS, drop_limits },
        { PK_SANDBOX_USER, drop_user },
        { PK_SANDBOX_CAPABILITIES, drop_capabilities },
        { PK_SANDBOX_PRIVILEGES, drop_privileges },
        { PK_SANDBOX_LANDLOCK, enter_landlock },
        { PK_SANDBOX_SECCOMP, pk_sandbox_load_warden_filter },
    };
    int rc = pk_sandbox_reader_filter(&sandbox->reader_filter);

    *step = PK_SANDBOX_FILTER;
    sandbox->mapped = address_space();
    for (size_t i = 0; rc == PK_OK && i < PK_COUNT(parts); i++) {
        *step = parts[i].step;
        rc = parts[i].take();
    }
    if (rc == PK_OK) {
        *step = PK_SANDBOX_NONE;
    }
    return rc;
}

/* RLIMIT_DATA counts what a reader can fill; RLIMIT_AS also what it could map without filling it. */
static int limit_memory(const struct pk_sandbox *sandbox, const struct pk_sandbox_limits *limits)
{
    size_t all = sandbox->mapped;
    int rc;

    if (PK_SANITIZED) {
        return PK_OK;
    }
    if (__builtin_add_overflow(all, limits->file_size, &all) ||
            __builtin_add_overflow(all, limits->memory_max, &all)) {
        return PK_ELIMIT;
    }
    rc = limit(RLIMIT_DATA, limits->memory_max);
    return rc < 0 ? rc : limit(RLIMIT_AS, all);
}

int pk_sandbox_enter_reader(
        const struct pk_sandbox *sandbox, const struct pk_sandbox_limits *limits)
{
    int rc = limit_memory(sandbox, limits);

    rc = rc < 0 ? rc : limit(RLIMIT_CPU, limits->cpu_s);
    rc = rc < 0 ? rc : limit(RLIMIT_NPROC, 0);
    rc = rc < 0 ? rc : limit(RLIMIT_NOFILE, 0);
    if (rc == PK_OK &&
            prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &sandbox->reader_filter, 0, 0) < 0) {
        rc = -errno;
    }
    return rc;
}
