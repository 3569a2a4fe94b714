/* ELF files: what the loader would see of them, in every width and byte order. */
#include "elf_builder.h"
#include "formats/elf.h"
#include "formats/limits.h"

struct run {
    struct pk_arena *arena;
    struct pk_anomalies odd;
    struct pk_elf elf;
    int rc;
};

static void run_bytes(struct run *run, const uint8_t *bytes, size_t len)
{
    *run = (struct run){ .arena = pk_arena_create(1024UL * 1024) };
    assert_non_null(run->arena);
    assert_int_equal(pk_anomalies_init(&run->odd, run->arena), 0);
    run->elf.bits = 7;
    run->rc = pk_elf_parse(
            pk_slice_of(bytes, len), "lib/x/libt.so", run->arena, &run->odd, &run->elf, NULL);
    if (run->rc < 0) {
        assert_int_equal(run->elf.bits, 7); /* untouched */
    }
}

static void end(struct run *run)
{
    pk_arena_destroy(run->arena);
}

static size_t odd(const struct run *run, enum pk_anomaly_id id)
{
    const struct pk_anomaly *met = pk_anomaly_find(&run->odd, id);

    return met != NULL ? met->count : 0;
}

static const struct elf_spec arm64 = { .is64 = true, .machine = 183, .gnu_hash = true };

static void check_facts(const struct pk_elf *elf)
{
    assert_int_equal(elf->type, 3);
    assert_string_equal(elf->soname, "libt.so");
    assert_string_equal(elf->runpath, "/x");
    assert_string_equal(elf->build_id, "0badcafe");
    assert_int_equal(elf->needed.count, 2);
    assert_string_equal(elf->needed.items[0], "libc.so");
    assert_string_equal(elf->needed.items[1], "liblog.so");
    assert_int_equal(elf->import_count, 3);
    assert_int_equal(elf->imports.count, 3);
    assert_string_equal(elf->imports.items[0], "puts");
    assert_int_equal(elf->export_count, 3);
    assert_int_equal(elf->exports.count, 3);
    assert_string_equal(elf->exports.items[0], "JNI_OnLoad");
    assert_string_equal(elf->exports.items[1], "Java_a_B_c");
    assert_string_equal(elf->exports.items[2], "run");
    assert_true(elf->stack_protector && elf->fortify && elf->relro);
    assert_int_equal(elf->page_alignment, 0x4000);
}

static void test_facts(void **state)
{
    static const struct {
        struct elf_spec spec;
        const char *abi;
    } rows[] = {
        { { .is64 = true, .machine = 183 }, "arm64-v8a" },
        { { .is64 = true, .machine = 62, .gnu_hash = true }, "x86_64" },
        { { .machine = 40 }, "armeabi-v7a" },
        { { .machine = 3, .gnu_hash = true }, "x86" },
        { { .machine = 8 }, "mips" },
        { { .is64 = true, .machine = 8 }, "mips64" },
        { { .is64 = true, .machine = 243 }, "riscv64" },
        { { .machine = 8, .big_endian = true }, "mips" },
        { { .is64 = true, .machine = 21, .big_endian = true, .gnu_hash = true }, "" },
        { { .is64 = true, .machine = 183, .no_hash = true }, "arm64-v8a" },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct elf_made made = elf_build(&rows[i].spec);
        struct run run;

        run_bytes(&run, made.bytes, made.len);
        assert_int_equal(run.rc, 0);
        check_facts(&run.elf);
        assert_int_equal(run.elf.bits, rows[i].spec.is64 ? 64 : 32);
        assert_int_equal(run.elf.big_endian, rows[i].spec.big_endian);
        assert_string_equal(run.elf.abi, rows[i].abi);
        assert_true(run.elf.nx && run.elf.has_symbols && !run.elf.packed_sections);
        assert_false(run.elf.bind_now || run.elf.text_relocations);
        assert_int_equal(run.odd.count, 0);
        end(&run);
        free(made.bytes);
    }
}

static void test_marks(void **state)
{
    struct elf_spec spec = arm64;
    struct elf_made made;
    struct run run;

    (void)state;
    spec.exec_stack = true;
    spec.no_sections = true;
    spec.flags = 4 | 8; /* text relocations, bind now */
    made = elf_build(&spec);
    run_bytes(&run, made.bytes, made.len);
    assert_int_equal(run.rc, 0);
    check_facts(&run.elf);
    assert_true(run.elf.bind_now && run.elf.text_relocations && run.elf.packed_sections);
    assert_false(run.elf.nx || run.elf.has_symbols);
    assert_int_equal(odd(&run, PK_ANOMALY_ELF_EXECUTABLE_STACK), 1);
    assert_int_equal(odd(&run, PK_ANOMALY_ELF_TEXT_RELOCATIONS), 1);
    assert_int_equal(odd(&run, PK_ANOMALY_ELF_SECTION_MISMATCH), 1);
    end(&run);
    free(made.bytes);
}

/* Sections that lie about where the dynamic segment or the symbols are, or lie outside the file. */
static void test_sections_lie(void **state)
{
    struct elf_made good = elf_build(&arm64);
    const struct {
        size_t at, size;
        uint64_t value;
    } rows[] = {
        { good.sections + 2 * 64 + 24, 8, 512 }, /* offset of the dynamic section */
        { good.sections + 2 * 64 + 32, 8, 16 },  /* and its size */
        { good.sections + 64 + 16, 8, 0x10001 }, /* address of the symbols */
        { 40, 8, good.len - 1 },                 /* the headers themselves */
        { 40, 8, UINT64_MAX }, { 58, 2, 1 },     /* size of one */
        { 60, 2, 0xffff },                       /* their count */
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        uint8_t *bytes = pk_test_dup(good.bytes, good.len);
        struct run run;

        elf_put(&arm64, bytes + rows[i].at, rows[i].size, rows[i].value);
        run_bytes(&run, bytes, good.len);
        assert_int_equal(run.rc, 0);
        check_facts(&run.elf);
        assert_true(run.elf.packed_sections);
        assert_int_equal(odd(&run, PK_ANOMALY_ELF_SECTION_MISMATCH), 1);
        assert_int_equal(odd(&run, PK_ANOMALY_ELF_MALFORMED), 0);
        end(&run);
        free(bytes);
    }
    free(good.bytes);
}

static void test_refused(void **state)
{
    static const struct {
        size_t at, size;
        uint64_t value;
        int rc;
    } rows[] = {
        { 4, 1, 3, PK_EMALF }, /* class */
        { 4, 1, 0, PK_EMALF },
        { 5, 1, 0, PK_EMALF },           /* byte order */
        { 20, 4, 2, PK_EMALF },          /* version */
        { 32, 8, UINT64_MAX, PK_EMALF }, /* segments */
        { 54, 2, 32, PK_EMALF },
        { 56, 2, 0, PK_EMALF },
        { 56, 2, 0xffff, PK_EMALF },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct elf_made made = elf_build(&arm64);
        struct run run;

        elf_put(&arm64, made.bytes + rows[i].at, rows[i].size, rows[i].value);
        run_bytes(&run, made.bytes, made.len);
        assert_int_equal(run.rc, rows[i].rc);
        assert_int_equal(odd(&run, PK_ANOMALY_ELF_MALFORMED), 1);
        end(&run);
        free(made.bytes);
    }
}

static void test_no_elf(void **state)
{
    static const char text[] = "not a library, whatever the name says";
    struct run run;

    (void)state;
    run_bytes(&run, (const uint8_t *)text, sizeof(text));
    assert_int_equal(run.rc, PK_EMALF);
    assert_int_equal(run.odd.count, 0);
    end(&run);
    run_bytes(&run, (const uint8_t *)text, 0);
    assert_int_equal(run.rc, PK_ETRUNC);
    end(&run);
}

/* Addresses, counts and names that lead nowhere are met where the loader would meet them. */
static void test_dynamic_bad(void **state)
{
    struct elf_made good = elf_build(&arm64);
    size_t entry = good.dynamic + 8; /* the value of the first entry */
    const struct {
        size_t at, size;
        uint64_t value;
        size_t imports;
        bool malformed;
    } rows[] = {
        { entry, 8, UINT64_MAX, 3, false },      /* the name of a library */
        { entry + 64, 8, 0x999999, 0, false },   /* strings are not mapped: no names */
        { entry + 80, 8, 32, 1, false },         /* strings end behind "puts" */
        { entry + 96, 8, UINT64_MAX, 0, false }, /* symbols are not mapped */
        { good.hash, 4, UINT32_MAX, 0, false },  /* buckets */
        { good.hash + 8, 4, UINT32_MAX, 0, false },
        { good.hash + 28, 4, 0x7fffffff, 0, false },        /* a chain that begins outside */
        { 64 + 32, 8, UINT64_MAX, 0, true },                /* the loadable segment's size */
        { 64 + 56 + 8, 8, UINT64_MAX, 0, true },            /* the dynamic segment's place */
        { good.symbols + 2 * 24, 4, UINT32_MAX, 2, false }, /* a name */
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        uint8_t *bytes = pk_test_dup(good.bytes, good.len);
        struct run run;

        elf_put(&arm64, bytes + rows[i].at, rows[i].size, rows[i].value);
        run_bytes(&run, bytes, good.len);
        assert_int_equal(run.rc, 0);
        if (rows[i].at >= good.hash && rows[i].at < good.dynamic) {
            assert_true(run.elf.import_count == 0 || run.elf.import_count == 3);
        } else {
            assert_int_equal(run.elf.import_count, rows[i].imports);
        }
        assert_int_equal(odd(&run, PK_ANOMALY_ELF_MALFORMED), rows[i].malformed);
        end(&run);
        free(bytes);
    }
    free(good.bytes);
}

/* The older table says how many symbols there are, and may say too much. */
static void test_count_claimed(void **state)
{
    static const struct elf_spec spec = { .is64 = true, .machine = 183 };
    struct elf_made made = elf_build(&spec);
    struct run run;

    (void)state;
    elf_put(&spec, made.bytes + made.hash + 4, 4, UINT32_MAX);
    run_bytes(&run, made.bytes, made.len);
    assert_int_equal(run.rc, 0);
    assert_int_equal(odd(&run, PK_ANOMALY_ELF_MALFORMED), 1);
    assert_true(run.elf.import_count >= 3);
    end(&run);
    free(made.bytes);
}

/* Names with control characters are escaped: a report is read by people. */
static void test_names_clean(void **state)
{
    struct elf_made made = elf_build(&arm64);
    struct run run;

    (void)state;
    made.bytes[made.strings + 27] = 0x1b;
    made.bytes[made.strings + 19] = 0xff;
    run_bytes(&run, made.bytes, made.len);
    assert_int_equal(run.rc, 0);
    assert_string_equal(run.elf.imports.items[0], "\\x1buts");
    assert_string_equal(run.elf.soname, "\\xffibt.so");
    end(&run);
    free(made.bytes);
}

static void test_cut_and_short_of_memory(void **state)
{
    struct elf_made made = elf_build(&arm64);

    (void)state;
    for (size_t len = 0; len < made.len; len++) {
        uint8_t *cut = pk_test_dup(made.bytes, len);
        struct run run;

        run_bytes(&run, cut, len);
        assert_true(run.rc == 0 || run.rc == PK_ETRUNC || run.rc == PK_EMALF);
        end(&run);
        free(cut);
    }
    for (size_t max = 0; max < 1024; max += 8) {
        struct pk_arena *arena = pk_arena_create(max);
        struct pk_elf elf;
        int rc = pk_elf_parse(pk_slice_of(made.bytes, made.len), "t", arena, NULL, &elf, NULL);

        assert_true(rc == 0 || rc == PK_ENOMEM);
        if (rc == 0) {
            check_facts(&elf);
        }
        pk_arena_destroy(arena);
    }
    free(made.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_facts),
        cmocka_unit_test(test_marks),
        cmocka_unit_test(test_sections_lie),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_no_elf),
        cmocka_unit_test(test_dynamic_bad),
        cmocka_unit_test(test_count_claimed),
        cmocka_unit_test(test_names_clean),
        cmocka_unit_test(test_cut_and_short_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
