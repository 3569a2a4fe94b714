/* Where authorities come from: a system's list, a store that changes, a memory of how it was first; and
 * who borrows whose name. */
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agent/roots.h"
#include "agent/roots_read.h"
#include "base/buffer.h"
#include "base/crypt.h"
#include "base/file.h"
#include "check.h"
#include "probe_servers.h"

static struct probe_world world; /* for its certificates */
static char public_pem[4096], other_pem[4096], foreign_pem[4096];
static char public_sha[PK_SHA256_HEX], other_sha[PK_SHA256_HEX], foreign_sha[PK_SHA256_HEX];

struct places {
    char base[32], store[48], system[48], list[48], state[48];
};

static void put(const char *folder, const char *name, const char *text)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    assert_int_equal(pk_file_write(path, pk_slice_str(text), 0600, NULL), PK_OK);
}

/* mtimes are compared: a change must not fall into the same tick. */
static void touch(const char *path, int64_t seconds)
{
    struct timespec at[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = seconds } };

    assert_int_equal(utimensat(AT_FDCWD, path, at, 0), 0);
}

static void set_places(struct places *p)
{
    char list[256];

    (void)snprintf(p->base, sizeof(p->base), "/tmp/picket-roots-XXXXXX");
    assert_non_null(mkdtemp(p->base));
    (void)snprintf(p->store, sizeof(p->store), "%s/store", p->base);
    (void)snprintf(p->system, sizeof(p->system), "%s/system", p->base);
    (void)snprintf(p->list, sizeof(p->list), "%s/list", p->base);
    (void)snprintf(p->state, sizeof(p->state), "%s/state", p->base);
    assert_int_equal(mkdir(p->store, 0700) | mkdir(p->system, 0700) | mkdir(p->state, 0700), 0);
    put(p->system, "public.crt", public_pem);
    (void)snprintf(list, sizeof(list), "/.\n/usr\n%s/public.crt\n%s/missing.crt\n/etc/x.crt\n",
            p->system, p->system);
    put(p->base, "list", list);
    put(p->store, "public.pem", public_pem);
    put(p->store, "other.pem", other_pem);
}

static int drop(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

static void remove_places(const struct places *p)
{
    assert_int_equal(nftw(p->base, drop, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static struct pk_roots *open_places(const struct places *p, bool remembers)
{
    struct pk_roots_places places = { .store = { .dir = p->store },
        .system_dir = p->system,
        .system_list = p->list,
        .state_dir = remembers ? p->state : NULL };
    struct pk_roots *roots;

    assert_int_equal(pk_roots_open(&places, &roots, NULL), PK_OK);
    return roots;
}

static void test_origin(void **state)
{
    struct places p;
    struct pk_roots *roots;

    (void)state;
    set_places(&p);
    roots = open_places(&p, true);
    assert_int_equal(pk_roots_origin(roots, public_sha), PK_TLS_TRUST_PUBLIC);
    assert_int_equal(pk_roots_origin(roots, other_sha), PK_TLS_TRUST_ORIGINAL);
    assert_int_equal(pk_roots_origin(roots, foreign_sha), PK_TLS_TRUST_INSTALLED);
    assert_int_equal(pk_roots_origin(roots, "nonsense"), PK_TLS_TRUST_UNKNOWN);
    pk_roots_close(roots);
    put(p.store, "foreign.pem", foreign_pem); /* while the agent is away */
    roots = open_places(&p, true);
    assert_int_equal(pk_roots_origin(roots, foreign_sha), PK_TLS_TRUST_INSTALLED);
    assert_int_equal(pk_roots_origin(roots, other_sha), PK_TLS_TRUST_ORIGINAL);
    pk_roots_close(roots);
    roots = open_places(&p, false); /* without a memory all of it is as it always was */
    assert_int_equal(pk_roots_origin(roots, foreign_sha), PK_TLS_TRUST_ORIGINAL);
    assert_int_equal(pk_roots_origin(roots, public_sha), PK_TLS_TRUST_PUBLIC);
    pk_roots_close(roots);
    remove_places(&p);
}

/* Only what the package manager lists came with the system. */
static void test_system_list(void **state)
{
    struct places p;
    struct pk_roots *roots;
    char list[160];

    (void)state;
    set_places(&p);
    put(p.system, "foreign.crt", foreign_pem);
    touch(p.list, 1000);
    roots = open_places(&p, true);
    assert_int_equal(pk_roots_origin(roots, foreign_sha), PK_TLS_TRUST_INSTALLED);
    (void)snprintf(list, sizeof(list), "%s/foreign.crt", p.system); /* an update of the package */
    put(p.base, "list", list);
    touch(p.list, 2000);
    assert_int_equal(pk_roots_origin(roots, foreign_sha), PK_TLS_TRUST_PUBLIC);
    pk_roots_close(roots);
    assert_int_equal(unlink(p.list), 0); /* no package manager: the folder */
    roots = open_places(&p, false);
    assert_int_equal(pk_roots_origin(roots, foreign_sha), PK_TLS_TRUST_PUBLIC);
    assert_int_equal(pk_roots_origin(roots, public_sha), PK_TLS_TRUST_PUBLIC);
    pk_roots_close(roots);
    remove_places(&p);
}

/* The memory is of one store; another one, or a memory that cannot be read, begins anew. */
static void test_memory(void **state)
{
    static const char *const bad[] = { "", "{", "[]", "{\"original\":7}",
        "{\"dir\":\"/elsewhere\",\"original\":[]}" };
    struct places p;

    (void)state;
    set_places(&p);
    for (size_t i = 0; i < PK_COUNT(bad); i++) {
        struct pk_roots *roots;

        put(p.state, "roots.json", bad[i]);
        roots = open_places(&p, true);
        assert_int_equal(pk_roots_origin(roots, other_sha), PK_TLS_TRUST_ORIGINAL);
        pk_roots_close(roots);
        roots = open_places(&p, true); /* and is remembered */
        assert_int_equal(pk_roots_origin(roots, other_sha), PK_TLS_TRUST_ORIGINAL);
        pk_roots_close(roots);
    }
    remove_places(&p);
}

static void count_one(void *ctx, struct pk_slice der)
{
    assert_true(der.len > 100);
    ++*(size_t *)ctx;
}

static size_t count(const char *text)
{
    uint8_t *heap = pk_test_dup(text, strlen(text));
    size_t found = 0;

    pk_roots_each(pk_slice_of(heap, strlen(text)), count_one, &found);
    free(heap);
    return found;
}

static void test_bundles(void **state)
{
    char text[3 * sizeof(public_pem)];

    (void)state;
    assert_int_equal(count(""), 0);
    assert_int_equal(count("nothing to see"), 0);
    assert_int_equal(count(public_pem), 1);
    (void)snprintf(text, sizeof(text), "# a comment\n%s\nmore\n%s", public_pem, other_pem);
    assert_int_equal(count(text), 2);
    (void)snprintf(text, sizeof(text),
            "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n%s", other_pem);
    assert_int_equal(count(text), 1);
    (void)snprintf(text, sizeof(text), "%s%.*s", public_pem, 200, other_pem); /* cut off */
    assert_int_equal(count(text), 1);
    assert_int_equal(count("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), 0);
}

/* A store as c_rehash makes it: a second name for each file, and things that are none. */
static void test_store_of_links(void **state)
{
    struct places p;
    struct pk_roots *roots;
    char link[96];

    (void)state;
    set_places(&p);
    (void)snprintf(link, sizeof(link), "%s/01234567.0", p.store);
    assert_int_equal(symlink("other.pem", link), 0);
    (void)snprintf(link, sizeof(link), "%s/dangling.pem", p.store);
    assert_int_equal(symlink("nowhere", link), 0);
    put(p.store, "89abcdef.0", foreign_pem); /* a file with such a name is a certificate */
    put(p.store, "README", "hello");
    roots = open_places(&p, false);
    assert_int_equal(pk_roots_origin(roots, other_sha), PK_TLS_TRUST_ORIGINAL);
    assert_int_equal(pk_roots_origin(roots, foreign_sha), PK_TLS_TRUST_ORIGINAL);
    pk_roots_close(roots);
    remove_places(&p);
}

static void describe_first(void *ctx, struct pk_slice der)
{
    pk_sha256_hex(der, ctx);
}

#define KEY_A "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void test_lookalike(void **state)
{
    struct places p;
    struct pk_roots *roots;

    (void)state;
    set_places(&p);
    put(p.store, "other.pem", other_pem);
    roots = open_places(&p, true);
    assert_true(pk_roots_lookalike(roots, "CN=Test Root", KEY_A));
    assert_true(pk_roots_lookalike(roots, "CN=test  ROOT", KEY_A));
    assert_true(pk_roots_lookalike(roots, "CN=Test Root", NULL));
    assert_true(pk_roots_lookalike(roots, "CN=Other Root", KEY_A));
    assert_false(pk_roots_lookalike(roots, "CN=Foreign Root", KEY_A)); /* nobody's name */
    assert_false(pk_roots_lookalike(roots, "CN=Test Root 2", KEY_A));
    assert_false(pk_roots_lookalike(roots, "", KEY_A));
    assert_false(pk_roots_lookalike(roots, "CN=Test Root", "nonsense"));
    put(p.store, "foreign.pem", foreign_pem); /* the name of one that was added is not protected */
    touch(p.store, 1000);
    assert_false(pk_roots_lookalike(roots, "CN=Foreign Root", KEY_A));
    assert_false(pk_roots_lookalike(roots, "CN=Issuing A", NULL));
    pk_roots_vouched(roots, "CN=Issuing A", KEY_A);
    assert_true(pk_roots_lookalike(roots, "CN=Issuing A", NULL));
    assert_false(pk_roots_lookalike(roots, "CN=Issuing A", KEY_A));
    for (int i = 0; i < 200; i++) { /* bounded */
        char name[32];

        (void)snprintf(name, sizeof(name), "CN=Issuing %d", i);
        pk_roots_vouched(roots, name, KEY_A);
    }
    assert_true(pk_roots_lookalike(roots, "CN=Issuing 199", NULL));
    assert_false(pk_roots_lookalike(roots, "CN=Issuing 7", NULL));
    pk_roots_close(roots);
    remove_places(&p);
}

static void test_nothing_there(void **state)
{
    struct pk_roots_places places = { .store = { .dir = "/nonexistent", .file = "/nonexistent" },
        .system_dir = "/nonexistent",
        .system_list = "/nonexistent",
        .state_dir = "/nonexistent" };
    struct pk_roots *roots;

    (void)state;
    assert_int_equal(pk_roots_open(&places, &roots, NULL), PK_OK);
    assert_int_equal(pk_roots_origin(roots, public_sha), PK_TLS_TRUST_INSTALLED);
    assert_false(pk_roots_lookalike(roots, "CN=Test Root", KEY_A));
    assert_true(pk_roots_changed_ms(roots) == INT64_MAX);
    pk_roots_close(roots);
    pk_roots_close(NULL);
}

static void read_pem(const char *path, char *out, size_t size, char *sha256)
{
    struct pk_buffer text = pk_buffer_of(size - 1);
    const char *end;

    assert_int_equal(pk_file_read(path, &text, NULL), PK_OK);
    end = strstr(text.ptr, "-----END CERTIFICATE-----");
    assert_non_null(end);
    (void)snprintf(out, size, "%.*s-----END CERTIFICATE-----\n", (int)(end - text.ptr), text.ptr);
    pk_roots_each(pk_slice_str(out), describe_first, sha256);
    pk_buffer_finish(&text);
}

static int set_up(void **state)
{
    (void)state;
    if (probe_world_start(&world) < 0) {
        return -1;
    }
    read_pem(world.roots, public_pem, sizeof(public_pem), public_sha);
    read_pem(world.other_roots, other_pem, sizeof(other_pem), other_sha);
    read_pem(world.foreign_roots, foreign_pem, sizeof(foreign_pem), foreign_sha);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    probe_world_stop(&world);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_origin),
        cmocka_unit_test(test_system_list),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_bundles),
        cmocka_unit_test(test_store_of_links),
        cmocka_unit_test(test_lookalike),
        cmocka_unit_test(test_nothing_there),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
