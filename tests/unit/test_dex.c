/* DEX files: headers that the platform takes or refuses, ids, class data and code. */
#include "dex_builder.h"
#include "formats/android/dex.h"
#include "formats/android/dex_opcode.h"
#include "formats/limits.h"

struct seen {
    uint32_t classes, methods, invokes, sites, strings, fields;
    uint32_t last_invoke, last_string, last_pc;
};

static void saw_class(void *ctx, const struct pk_dex *dex, const struct pk_dex_class *cls)
{
    ((struct seen *)ctx)->classes++;
    assert_true(cls->type < dex->type_count);
}

static void saw_method(void *ctx, const struct pk_dex *dex, const struct pk_dex_class *cls,
        const struct pk_dex_code *code)
{
    ((struct seen *)ctx)->methods++;
    assert_true(code->method < dex->method_count);
}

static void saw_invoke(void *ctx, const struct pk_dex *dex, const struct pk_dex_code *code,
        uint32_t pc, uint32_t method)
{
    struct seen *seen = ctx;

    seen->invokes++;
    seen->last_invoke = method;
    seen->last_pc = pc;
}

static void saw_site(void *ctx, const struct pk_dex *dex, const struct pk_dex_code *code,
        uint32_t pc, uint32_t call_site)
{
    ((struct seen *)ctx)->sites++;
}

static void saw_string(void *ctx, const struct pk_dex *dex, const struct pk_dex_code *code,
        uint32_t pc, uint32_t string)
{
    ((struct seen *)ctx)->strings++;
    ((struct seen *)ctx)->last_string = string;
}

static void saw_field(void *ctx, const struct pk_dex *dex, const struct pk_dex_code *code,
        uint32_t pc, uint8_t opcode, uint32_t field)
{
    ((struct seen *)ctx)->fields++;
}

/* One file, opened and walked. */
struct run {
    struct pk_arena *arena;
    struct pk_anomalies odd;
    struct pk_dex dex;
    struct pk_dex_totals totals;
    struct seen seen;
    int rc;
};

static void run_bytes(struct run *run, const uint8_t *bytes, size_t len)
{
    struct pk_dex_visitor visitor = {
        .ctx = &run->seen,
        .on_class = saw_class,
        .on_method = saw_method,
        .on_invoke = saw_invoke,
        .on_call_site = saw_site,
        .on_string = saw_string,
        .on_field = saw_field,
    };
    size_t offset = 0;

    *run = (struct run){ .arena = pk_arena_create(1024UL * 1024) };
    assert_non_null(run->arena);
    assert_int_equal(pk_anomalies_init(&run->odd, run->arena), 0);
    run->rc = pk_dex_open(pk_slice_of(bytes, len), &offset, "t.dex", &run->odd, &run->dex, NULL);
    if (run->rc == 0) {
        pk_dex_check_sums(&run->dex);
        pk_dex_check_ids(&run->dex);
        pk_dex_walk(&run->dex, &visitor, &run->totals);
    }
}

static void run_spec(struct run *run, const struct dex_spec *spec, struct dex_made *made)
{
    *made = dex_build(spec);
    run_bytes(run, made->bytes, made->len);
    assert_int_equal(run->rc, 0);
}

/* The walk of one body of these units, in a DEX of one call site and one method handle. */
static void run_units(struct run *run, const uint16_t *units, uint32_t count)
{
    struct dex_body body = { .units = units, .count = count };
    struct dex_spec spec = { "038", &body, 1, 1, 1 };
    struct dex_made made;

    run_spec(run, &spec, &made);
    free(made.bytes);
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

static const uint16_t go[] = { 0x000e }; /* return-void */

static void test_open(void **state)
{
    static const char *const versions[] = { "035", "037", "038", "039", "040", "041" };
    struct dex_body body = { .units = go, .count = 1, .access = 9 };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(versions); i++) {
        struct dex_spec spec = { versions[i], &body, 1, 0, 0 };
        struct dex_made made;
        struct run run;

        run_spec(&run, &spec, &made);
        assert_int_equal(run.dex.version, strtol(versions[i], NULL, 10));
        assert_int_equal(run.dex.string_count, 3);
        assert_int_equal(run.dex.type_count, 2);
        assert_int_equal(run.dex.method_count, 1);
        assert_int_equal(run.totals.classes, 1);
        assert_int_equal(run.totals.methods_with_code, 1);
        assert_int_equal(run.totals.code_units, 1);
        assert_int_equal(run.odd.count, strcmp(versions[i], "041") == 0);
        assert_string_equal(pk_dex_method_text(&run.dex, 0, run.arena), "LCls;->go()V");
        assert_null(pk_dex_method_text(&run.dex, 1, run.arena));
        end(&run);
        free(made.bytes);
    }
}

/* What is changed in a good file, and what comes of it. */
static void test_header_bad(void **state)
{
    static const struct {
        size_t at;
        uint32_t value;
        int rc;
    } rows[] = {
        { 0, 0x0a786564, 0 },                                 /* as it is */
        { 0, 0x0a796564, PK_EMALF },                          /* "dey": an odex */
        { 4, 0x00353341, PK_EMALF },                          /* "A35" */
        { 32, 0x6f, PK_EMALF },                               /* file size below the header */
        { 32, 0x7fffffff, PK_ETRUNC },                        /* beyond the file */
        { 36, 0x78, PK_EMALF },                               /* header size of another version */
        { 40, 0x78563412, PK_EMALF },                         /* the other byte order */
        { 56, 0xffffffff, PK_EMALF },                         /* 4 G strings */
        { 60, 0xfffffffc, PK_EMALF }, { 60, 0x71, PK_EMALF }, /* not aligned */
        { 64, 0x10000, PK_EMALF }, { 88, 0x20000000, PK_EMALF }, /* times 8 is 2^32 */
        { 96, 0x08000000, PK_EMALF },                            /* times 32 is 2^32 */
    };
    struct dex_body body = { .units = go, .count = 1 };
    struct dex_spec spec = { "035", &body, 1, 0, 0 };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct dex_made made = dex_build(&spec);
        struct run run;

        dex_put32(made.bytes + rows[i].at, rows[i].value);
        run_bytes(&run, made.bytes, made.len);
        assert_int_equal(run.rc, rows[i].rc);
        assert_int_equal(odd(&run, PK_ANOMALY_DEX_MALFORMED), rows[i].at > 4);
        end(&run);
        free(made.bytes);
    }
}

static void test_cut_anywhere(void **state)
{
    static const uint16_t units[] = { 0x001a, 2, 0x206e, 0, 0, 0x000e };
    struct dex_body body = { .units = units, .count = 6, .tries = 1 };
    struct dex_spec spec = { "041", &body, 1, 1, 1 };
    struct dex_made made = dex_build(&spec);

    (void)state;
    for (size_t len = 0; len < made.len; len++) {
        uint8_t *cut = pk_test_dup(made.bytes, len);
        struct run run;

        run_bytes(&run, cut, len);
        assert_true(run.rc == PK_ETRUNC || run.rc == PK_EMALF);
        end(&run);
        if (len >= 0x78) { /* the same with sizes that fit what is left */
            dex_put32(cut + 32, (uint32_t)len);
            dex_put32(cut + 112, (uint32_t)len);
            run_bytes(&run, cut, len);
            end(&run);
        }
        free(cut);
    }
    free(made.bytes);
}

static void test_sums(void **state)
{
    struct dex_body body = { .units = go, .count = 1 };
    struct dex_spec spec = { "035", &body, 1, 0, 0 };
    struct dex_made made = dex_build(&spec);
    struct run run;

    (void)state;
    made.bytes[made.class_defs + 4] = 0; /* not public any more: bytes change, nothing else */
    run_bytes(&run, made.bytes, made.len);
    assert_int_equal(run.rc, 0);
    assert_int_equal(odd(&run, PK_ANOMALY_DEX_CHECKSUM), 1);
    assert_int_equal(odd(&run, PK_ANOMALY_DEX_SIGNATURE), 1);
    end(&run);
    free(made.bytes);
}

static void test_versions_unknown(void **state)
{
    static const char *const versions[] = { "009", "034", "036", "042", "999", "035" };
    struct dex_body body = { .units = go, .count = 1 };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(versions); i++) {
        struct dex_spec spec = { versions[i], &body, 1, 0, 0 };
        struct dex_made made = dex_build(&spec);
        struct run run;

        if (strcmp(versions[i], "035") == 0) { /* a later number with the header of an early one */
            memcpy(made.bytes + 4, "099", 4);
        }
        run_bytes(&run, made.bytes, made.len);
        assert_int_equal(run.rc, 0);
        assert_int_equal(odd(&run, PK_ANOMALY_DEX_VERSION), 1);
        assert_int_equal(run.totals.classes, 1);
        end(&run);
        free(made.bytes);
    }
}

/* Two logical DEX files in one container; offsets count from its begin. */
static void test_container(void **state)
{
    struct dex_body body = { .units = go, .count = 1 };
    struct dex_spec spec = { "041", &body, 1, 0, 0 };
    struct dex_made one = dex_build(&spec);
    size_t first = 0x78;
    size_t len = first + one.len;
    uint8_t *both = calloc(len, 1);
    struct run run;
    struct pk_dex dex;
    size_t offset = 0;

    (void)state;
    assert_non_null(both);
    memcpy(both, one.bytes, one.len);
    memcpy(both + first, one.bytes, one.len);
    memset(both + 56, 0, 0x78 - 56); /* the first one has no tables */
    dex_put32(both + 32, (uint32_t)first);
    dex_put32(both + 112, (uint32_t)len);
    dex_put32(both + first + 112, (uint32_t)len);
    dex_put32(both + first + 116, (uint32_t)first);
    for (size_t at = 60; at <= 100; at += 8) { /* every table moved on by a header */
        uint32_t table;

        memcpy(&table, one.bytes + at, 4);
        dex_put32(both + first + at, table + (uint32_t)first);
    }
    run_bytes(&run, both, len);
    assert_int_equal(run.rc, 0);
    assert_int_equal(run.dex.class_count, 0);
    assert_int_equal(run.dex.container_count, 2);
    assert_int_equal(odd(&run, PK_ANOMALY_DEX_CONTAINER), 1);
    assert_int_equal(pk_dex_open(pk_slice_of(both, len), &offset, "t", NULL, &dex, NULL), 0);
    assert_int_equal(offset, first);
    assert_int_equal(pk_dex_open(pk_slice_of(both, len), &offset, "t", NULL, &dex, NULL), 0);
    assert_int_equal(offset, len);
    assert_int_equal(dex.header_offset, first);
    assert_int_equal(dex.class_count, 1);
    assert_int_equal(
            pk_dex_open(pk_slice_of(both, len), &offset, "t", NULL, &dex, NULL), PK_ENOENT);
    end(&run);
    /* A header that says it stands elsewhere, and one of an older version. */
    dex_put32(both + first + 116, 0);
    offset = first;
    assert_int_equal(pk_dex_open(pk_slice_of(both, len), &offset, "t", NULL, &dex, NULL), PK_EMALF);
    assert_int_equal(offset, first);
    memcpy(both + first + 4, "040", 4);
    assert_int_equal(pk_dex_open(pk_slice_of(both, len), &offset, "t", NULL, &dex, NULL), PK_EMALF);
    free(both);
    free(one.bytes);
}

/* Every opcode in front of a return: widths are right when the return is met where it stands. */
static void test_widths(void **state)
{
    (void)state;
    for (unsigned opcode = 1; opcode < 256; opcode++) {
        unsigned width = pk_dex_opcodes[opcode] & PK_DEX_WIDTH_MASK;
        uint16_t units[7] = { (uint16_t)opcode };
        struct run run;

        units[width] = 0x001a; /* const-string v0, 1 */
        units[width + 1] = 1;
        run_units(&run, units, width + 2);
        assert_int_equal(run.seen.last_string, 1);
        assert_int_equal(run.totals.invalid_instructions,
                pk_dex_opcodes[opcode] >> PK_DEX_REF_SHIFT == PK_DEX_REF_UNUSED);
        end(&run);
    }
}

static void test_references(void **state)
{
    static const uint16_t units[] = {
        0x206e,
        0,
        0, /* invoke-virtual */
        0x1077,
        0,
        0, /* invoke-static/range */
        0x20fa,
        0,
        0,
        0, /* invoke-polymorphic */
        0x10fb,
        0,
        0,
        0, /* its range form */
        0x10fc,
        0,
        0, /* invoke-custom */
        0x001a,
        2, /* const-string */
        0x001b,
        2,
        0, /* const-string/jumbo */
        0x0052,
        0,
        0x0068,
        0, /* iget, sput */
        0x00fe,
        0,
        0x00ff,
        0, /* const-method-handle, const-method-type */
        0x001c,
        1,
        0x0124,
        0,
        0, /* const-class, filled-new-array */
        0x000e,
    };
    struct run run;

    (void)state;
    run_units(&run, units, PK_COUNT(units));
    assert_int_equal(run.seen.invokes, 4);
    assert_int_equal(run.seen.sites, 1);
    assert_int_equal(run.seen.strings, 2);
    assert_int_equal(run.seen.fields, 2);
    assert_int_equal(run.seen.last_pc, 10);
    assert_int_equal(run.totals.invokes, 5);
    assert_int_equal(run.totals.strings_used, 2);
    assert_int_equal(run.odd.count, 0);
    end(&run);
}

static void test_references_bad(void **state)
{
    static const uint16_t rows[][5] = {
        { 0x206e, 1, 0 },         /* there is one method */
        { 0x20fa, 0xffff, 0, 0 }, /* */
        { 0x10fc, 1, 0 },         /* one call site */
        { 0x001a, 3 },            /* three strings */
        { 0x001b, 0, 1 },         /* jumbo: 65536 */
        { 0x0052, 1 },            /* one field */
        { 0x00fe, 1 },            /* one method handle */
        { 0x00ff, 1 },            /* one prototype */
        { 0x001c, 2 },            /* two types */
        { 0x0124, 2, 0 },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        uint32_t width = pk_dex_opcodes[rows[i][0] & 0xff] & PK_DEX_WIDTH_MASK;
        struct run run;

        run_units(&run, rows[i], width);
        assert_int_equal(odd(&run, PK_ANOMALY_DEX_RANGE), 1);
        assert_int_equal(run.seen.invokes + run.seen.sites + run.seen.strings + run.seen.fields, 0);
        end(&run);
        run_units(&run, rows[i], width - 1); /* and cut */
        assert_int_equal(run.totals.invalid_instructions, 1);
        assert_int_equal(odd(&run, PK_ANOMALY_DEX_RANGE), 0);
        assert_int_equal(odd(&run, PK_ANOMALY_DEX_INSTRUCTION), 1);
        end(&run);
    }
}

/* Data of switches and arrays look like instructions and must not be read as such. */
static void test_payloads(void **state)
{
    static const struct {
        uint16_t units[12];
        uint32_t count;
        uint32_t strings;
        uint32_t invalid;
    } rows[] = {
        { { 0x0100, 2, 0, 0, 0x1a, 0, 0x1a, 0, 0x001a, 0 }, 10, 1, 0 }, /* packed, 2 targets */
        { { 0x0200, 1, 0x1a, 0, 0x1a, 0, 0x001a, 0 }, 8, 1, 0 },        /* sparse, 1 key */
        { { 0x0300, 1, 3, 0, 0x1a, 0x1a, 0x001a, 0 }, 8, 1, 0 },        /* 3 bytes */
        { { 0x0300, 8, 1, 0, 0x1a, 0, 0x1a, 0, 0x001a, 0 }, 10, 1, 0 }, /* one long */
        { { 0x0400, 0x001a, 0 }, 3, 1, 0 },                             /* a nop */
        { { 0x0100, 0xffff, 0x001a, 0 }, 4, 0, 1 },                     /* beyond the end */
        { { 0x0200, 2, 0x1a, 0, 0x1a, 0 }, 6, 0, 1 },
        { { 0x0300, 0xffff, 0xffff, 0xffff, 0x1a, 0 }, 6, 0, 1 },
        { { 0x0100 }, 1, 0, 0 }, /* no room for its size: a nop, as good as any */
        { { 0x0300, 1, 1 }, 3, 0, 0 },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct run run;

        run_units(&run, rows[i].units, rows[i].count);
        assert_int_equal(run.seen.strings, rows[i].strings);
        assert_int_equal(run.totals.invalid_instructions, rows[i].invalid);
        end(&run);
    }
}

/* Offsets and counts of class data and code items that lead out of the file. */
static void test_places_bad(void **state)
{
    struct dex_body body = { .units = go, .count = 1 };
    struct dex_spec spec = { "035", &body, 1, 0, 0 };
    struct dex_made good = dex_build(&spec);
    const struct {
        size_t at;
        uint32_t value;
        uint32_t classes;
    } rows[] = {
        { good.class_defs, 2, 0 },           /* type */
        { good.class_defs + 8, 2, 1 },       /* super */
        { good.class_defs + 16, 3, 1 },      /* source file */
        { good.class_defs + 20, 0xffff, 1 }, /* annotations */
        { good.class_defs + 24, 0xffffffff, 1 },
        { good.class_data, 0x7f7f7f7f, 1 },     /* 127 fields of each kind */
        { good.class_data, 0xffffffff, 1 },     /* one overlong number */
        { good.class_data + 6, 0x7f000070, 1 }, /* a method and code elsewhere */
        { good.codes[0] + 12, 0xffffffff, 1 },  /* 8 GB of code */
        { good.codes[0] + 4, 0xffff0000, 1 },   /* 65,535 try blocks */
        { good.map, 0xffffffff, 1 },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        uint8_t *bytes = pk_test_dup(good.bytes, good.len);
        struct run run;

        dex_put32(bytes + rows[i].at, rows[i].value);
        run_bytes(&run, bytes, good.len);
        assert_int_equal(run.rc, 0);
        assert_int_equal(run.totals.classes, rows[i].classes);
        assert_true(odd(&run, PK_ANOMALY_DEX_RANGE) > 0);
        end(&run);
        free(bytes);
    }
    free(good.bytes);
}

/* Every table's references; they stand behind each other: strings, types, prototypes, fields, methods. */
static void test_ids_bad(void **state)
{
    static const uint16_t units[] = { 0x10fc, 0, 0, 0x000e };
    struct dex_body body = { .units = units, .count = 4 };
    struct dex_spec spec = { "038", &body, 1, 1, 1 };
    struct dex_made good = dex_build(&spec);
    size_t sites = good.map - 12;
    const struct {
        size_t at;
        uint32_t value;
        const char *what;
    } rows[] = {
        { 0x78, (uint32_t)good.len, "'t.dex': string 2 refers to nothing" },
        { 0x7c, 3, "'t.dex': type 0 refers to nothing" },
        { 0x84, 3, "'t.dex': prototype 0 refers to nothing" }, /* shorty */
        { 0x88, 2, "'t.dex': prototype 0 refers to nothing" }, /* what it returns */
        { 0x8c, (uint32_t)good.len - 3, "'t.dex': prototype 0 refers to nothing" },
        { 0x8c, 8, "'t.dex': prototype 0 refers to nothing" }, /* the checksum is its length */
        { 0x90, 2, "'t.dex': field 0 refers to nothing" },
        { 0x90, 2U << 16, "'t.dex': field 0 refers to nothing" },
        { 0x94, 3, "'t.dex': field 0 refers to nothing" },
        { 0x98, 2, "'t.dex': method 0 refers to nothing" },
        { 0x98, 1U << 16, "'t.dex': method 0 refers to nothing" },
        { 0x9c, 3, "'t.dex': method 0 refers to nothing" },
        { sites, 0xffffffff, "'t.dex': call site 0 refers to nothing" },
        { sites + 8, 1, "'t.dex': method handle 0 refers to nothing" }, /* of a field */
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        uint8_t *bytes = pk_test_dup(good.bytes, good.len);
        const struct pk_anomaly *met;
        struct run run;

        dex_put32(bytes + rows[i].at, rows[i].value);
        run_bytes(&run, bytes, good.len);
        assert_int_equal(run.rc, 0);
        met = pk_anomaly_find(&run.odd, PK_ANOMALY_DEX_RANGE);
        assert_non_null(met);
        assert_int_equal(met->count, 1);
        assert_string_equal(met->evidence, rows[i].what);
        end(&run);
        free(bytes);
    }
    free(good.bytes);
}

static void test_no_code(void **state)
{
    struct dex_body bodies[] = {
        { .bare = true, .access = 0x0101 }, /* native */
        { .bare = true, .access = 0x0401 }, /* abstract */
        { .units = go, .count = 1, .access = 1 },
    };
    struct dex_spec spec = { "035", bodies, 3, 0, 0 };
    struct dex_made made;
    struct run run;

    (void)state;
    run_spec(&run, &spec, &made);
    assert_int_equal(run.totals.methods, 3);
    assert_int_equal(run.totals.native_methods, 1);
    assert_int_equal(run.totals.methods_with_code, 1);
    assert_int_equal(run.seen.methods, 3);
    assert_int_equal(run.odd.count, 0);
    end(&run);
    free(made.bytes);
}

/* Many methods that name one large body: the walk ends when it has read a few times the file. */
static void test_shared_code(void **state)
{
    enum {
        UNITS = 100000
    };
    uint16_t *units = calloc(UNITS, sizeof(*units));
    struct dex_body bodies[DEX_METHODS_MAX];
    struct dex_spec spec = { "035", bodies, DEX_METHODS_MAX, 0, 0 };
    struct dex_made made;
    struct run run;
    uint8_t *p;

    (void)state;
    assert_non_null(units);
    for (int i = 0; i < DEX_METHODS_MAX; i++) {
        bodies[i] = (struct dex_body){ .units = units, .count = i == 0 ? UNITS : 0 };
    }
    made = dex_build(&spec);
    /* Access is 0 in one byte and each offset has three: the first one is written over the others. */
    p = made.bytes + made.class_data + 6;
    for (int i = 0; i < DEX_METHODS_MAX; i++) {
        size_t first = 2 + (made.codes[0] < 0x80 ? 1 : 2);
        uint8_t *offset = p + (i == 0 ? 2 : first + 5 * (size_t)(i - 1) + 2);

        if (i > 0) {
            offset[0] = (uint8_t)(made.codes[0] | 0x80);
            offset[1] = (uint8_t)(made.codes[0] >> 7 | 0x80);
            offset[2] = 0;
        }
    }
    run_bytes(&run, made.bytes, made.len);
    assert_int_equal(run.rc, 0);
    assert_int_equal(odd(&run, PK_ANOMALY_LIMIT_DEX), 1);
    assert_true(run.totals.code_units >= UNITS);
    assert_true(run.totals.code_units <= PK_DEX_WALK_RATIO * made.len / 2);
    assert_true(run.totals.methods < DEX_METHODS_MAX);
    end(&run);
    free(made.bytes);
    free(units);
}

/* What follows the last part: behind the claimed size, or inside of it. */
static void test_payload(void **state)
{
    static const char *const versions[] = { "035", "035", "041" };
    struct dex_body body = { .units = go, .count = 1 };

    (void)state;
    for (size_t i = 0; i < 4 * PK_COUNT(versions); i++) {
        const char *version = versions[i / 4];
        struct dex_spec spec = { version, &body, 1, 1, 1, i / 4 == 1 };
        size_t more = i % 2 == 0 ? PK_DEX_PAYLOAD_ODD : PK_DEX_PAYLOAD_ODD - 1;
        struct dex_made made = dex_build(&spec);
        uint8_t *bytes = calloc(1, made.len + more);
        struct run run;

        assert_non_null(bytes);
        memcpy(bytes, made.bytes, made.len);
        if (i % 4 >= 2) { /* claimed, and summed up again */
            dex_put32(bytes + 32, (uint32_t)(made.len + more));
            if (strcmp(version, "041") == 0) {
                dex_put32(bytes + 112, (uint32_t)(made.len + more));
            }
            dex_seal(bytes, made.len + more);
        }
        run_bytes(&run, bytes, made.len + more);
        assert_int_equal(run.rc, 0);
        assert_int_equal(odd(&run, PK_ANOMALY_DEX_PAYLOAD), i % 2 == 0 && (i / 4 < 2 || i % 4 < 2));
        assert_int_equal(odd(&run, PK_ANOMALY_DEX_CHECKSUM), 0);
        end(&run);
        free(bytes);
        free(made.bytes);
    }
}

static void test_strings(void **state)
{
    struct dex_body body = { .units = go, .count = 1 };
    struct dex_spec spec = { "035", &body, 1, 0, 0 };
    struct dex_made made;
    struct run run;
    uint32_t ids = 0x70;

    (void)state;
    run_spec(&run, &spec, &made);
    assert_int_equal(run.dex.string_ids, ids);
    assert_true(pk_slice_eq(pk_dex_string(&run.dex, 2), pk_slice_str("go")));
    assert_true(pk_slice_eq(pk_dex_type(&run.dex, 0), pk_slice_str("LCls;")));
    assert_null(pk_dex_string(&run.dex, 3).ptr);
    assert_null(pk_dex_string(&run.dex, PK_DEX_NO_INDEX).ptr);
    assert_null(pk_dex_type(&run.dex, 2).ptr);
    dex_put32(made.bytes + ids, (uint32_t)made.len);
    assert_null(pk_dex_string(&run.dex, 0).ptr);
    assert_null(pk_dex_method_text(&run.dex, 0, run.arena));
    dex_put32(made.bytes + ids, (uint32_t)made.len - 1); /* a length and nothing after it */
    assert_null(pk_dex_string(&run.dex, 0).ptr);
    dex_put32(made.bytes + ids, 0xffffffff);
    assert_null(pk_dex_string(&run.dex, 0).ptr);
    end(&run);
    free(made.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open),
        cmocka_unit_test(test_header_bad),
        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_sums),
        cmocka_unit_test(test_versions_unknown),
        cmocka_unit_test(test_container),
        cmocka_unit_test(test_widths),
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_references_bad),
        cmocka_unit_test(test_payloads),
        cmocka_unit_test(test_places_bad),
        cmocka_unit_test(test_ids_bad),
        cmocka_unit_test(test_no_code),
        cmocka_unit_test(test_shared_code),
        cmocka_unit_test(test_payload),
        cmocka_unit_test(test_strings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
