#include "formats/apple/macho.h"

#include "formats/apple/macho_view.h"
#include "formats/limits.h"

#define FAT_MAGIC    0xcafebabeU /* always big-endian; a Java class begins like that, too */
#define FAT_MAGIC_64 0xcafebabfU
#define FAT_HEADER   8
#define FAT_ARCH     20
#define FAT_ARCH_64  32
/* A Java class has its version here, 45 and more. */
#define FAT_COUNT_JAVA 43U

#define CPU_64    0x01000000U /* of the type: 64-bit */
#define CPU_64_32 0x02000000U
#define CPU_X86   7U
#define CPU_ARM   12U
#define CPU_PPC   18U
#define SUBTYPE   0x00ffffffU /* without the capability bits */

static const struct {
    uint32_t type;
    uint32_t subtype;
    const char *name;
} arch_names[] = {
    { CPU_X86, 3, "i386" },
    { CPU_X86, 4, "i486" },
    { CPU_X86, 5, "i586" },
    { CPU_X86 | CPU_64, 3, "x86_64" },
    { CPU_X86 | CPU_64, 8, "x86_64h" },
    { CPU_ARM, 0, "arm" },
    { CPU_ARM, 5, "armv4t" },
    { CPU_ARM, 6, "armv6" },
    { CPU_ARM, 7, "armv5" },
    { CPU_ARM, 8, "xscale" },
    { CPU_ARM, 9, "armv7" },
    { CPU_ARM, 10, "armv7f" },
    { CPU_ARM, 11, "armv7s" },
    { CPU_ARM, 12, "armv7k" },
    { CPU_ARM, 13, "armv8" },
    { CPU_ARM, 14, "armv6m" },
    { CPU_ARM, 15, "armv7m" },
    { CPU_ARM, 16, "armv7em" },
    { CPU_ARM | CPU_64, 0, "arm64" },
    { CPU_ARM | CPU_64, 1, "arm64v8" },
    { CPU_ARM | CPU_64, 2, "arm64e" },
    { CPU_ARM | CPU_64_32, 0, "arm64_32" },
    { CPU_ARM | CPU_64_32, 1, "arm64_32" },
    { CPU_PPC, 0, "ppc" },
    { CPU_PPC, 9, "ppc750" },
    { CPU_PPC, 10, "ppc7400" },
    { CPU_PPC, 11, "ppc7450" },
    { CPU_PPC, 100, "ppc970" },
    { CPU_PPC | CPU_64, 0, "ppc64" },
    { CPU_PPC | CPU_64, 100, "ppc970-64" },
};

static uint32_t be32_at(struct pk_slice bytes, uint64_t at)
{
    struct pk_macho_view view = { .bytes = bytes, .big_endian = true };

    return pk_macho_u32(&view, at);
}

const char *pk_macho_arch_name(uint32_t cpu_type, uint32_t cpu_subtype, struct pk_arena *arena)
{
    for (size_t i = 0; i < PK_COUNT(arch_names); i++) {
        if (arch_names[i].type == cpu_type && arch_names[i].subtype == (cpu_subtype & SUBTYPE)) {
            return arch_names[i].name;
        }
    }
    return pk_arena_printf(arena, "cpu %u/%u", cpu_type, cpu_subtype & SUBTYPE);
}

const char *pk_macho_type_name(uint32_t file_type)
{
    static const char *const names[] = { "", "object", "execute", "fvmlib", "core", "preload",
        "dylib", "dylinker", "bundle", "dylib_stub", "dsym", "kext_bundle", "fileset" };

    return file_type < PK_COUNT(names) ? names[file_type] : "";
}

static bool is_thin(struct pk_slice bytes)
{
    uint32_t magic = be32_at(bytes, 0);

    return magic == 0xfeedface || magic == 0xfeedfacf || magic == 0xcefaedfe || magic == 0xcffaedfe;
}

static bool is_fat(struct pk_slice bytes)
{
    uint32_t magic = be32_at(bytes, 0);
    uint32_t count = be32_at(bytes, 4);

    return bytes.len >= FAT_HEADER && (magic == FAT_MAGIC || magic == FAT_MAGIC_64) && count > 0 &&
            (count < FAT_COUNT_JAVA || magic == FAT_MAGIC_64);
}

bool pk_macho_magic(struct pk_slice bytes)
{
    return is_thin(bytes) || is_fat(bytes);
}

struct job {
    struct pk_slice file;
    struct pk_slice info_plist, resources;
    struct pk_arena *arena;
    struct pk_anomalies *anomalies;
    struct pk_error *err;
};

/* What the kernel runs must be signed; what a linker still has to put together need not be. */
static bool needs_signature(uint32_t file_type)
{
    return file_type == 2 || file_type == 6 || file_type == 8;
}

static int read_slice(const struct job *job, struct pk_slice bytes, struct pk_macho_slice *out)
{
    struct pk_codesign_input in = {
        .code = bytes, .info_plist = job->info_plist, .resources = job->resources
    };
    int rc;

    *out = (struct pk_macho_slice){ .bytes = bytes };
    rc = pk_macho_read_slice(out, job->arena, job->anomalies, job->err);
    if (rc < 0) {
        return rc;
    }
    if (out->encrypted) {
        pk_anomaly_add(job->anomalies, PK_ANOMALY_IPA_ENCRYPTED, "%s", out->arch);
    }
    in.arch = out->arch;
    in.signature = out->signature;
    in.embedded_info = out->info_plist;
    if (in.signature.ptr == NULL && needs_signature(out->file_type)) {
        pk_anomaly_add(job->anomalies, PK_ANOMALY_MACHO_UNSIGNED, "%s", out->arch);
    }
    return pk_codesign_read(&in, job->arena, job->anomalies, &out->sign, job->err);
}

/* One row of the fat header. */
struct fat_row {
    uint32_t cpu_type;
    uint64_t offset;
    uint64_t size;
};

static struct fat_row fat_row(struct pk_slice file, bool wide, uint32_t i)
{
    struct pk_macho_view view = { .bytes = file, .big_endian = true };
    uint64_t at = FAT_HEADER + (uint64_t)i * (wide ? FAT_ARCH_64 : FAT_ARCH);

    return (struct fat_row){
        .cpu_type = pk_macho_u32(&view, at),
        .offset = wide ? pk_macho_u64(&view, at + 8) : pk_macho_u32(&view, at + 8),
        .size = wide ? pk_macho_u64(&view, at + 16) : pk_macho_u32(&view, at + 12),
    };
}

/* A slice that shares bytes with an earlier one would be hashed again and again. */
static bool overlaps(const struct pk_macho_slice *slices, size_t count, struct pk_slice bytes)
{
    for (size_t i = 0; i < count; i++) {
        const struct pk_slice *s = &slices[i].bytes;

        if (bytes.ptr < s->ptr + s->len && s->ptr < bytes.ptr + bytes.len) {
            return true;
        }
    }
    return false;
}

static int fat_slice(
        const struct job *job, bool wide, uint32_t i, struct pk_macho_slice *slices, size_t *count)
{
    struct fat_row row = fat_row(job->file, wide, i);
    struct pk_slice bytes = pk_macho_part(job->file, row.offset, row.size);
    struct pk_macho_slice slice;
    const char *what = NULL;
    int rc;

    if (bytes.ptr == NULL) {
        what = "lies outside of the file";
    } else if (overlaps(slices, *count, bytes)) {
        what = "shares bytes with another";
    } else if (!is_thin(bytes)) {
        what = "is no Mach-O"; /* static libraries are fat files of archives */
    }
    if (what != NULL) {
        pk_anomaly_add(job->anomalies, PK_ANOMALY_MACHO_MALFORMED, "slice %u of the fat header %s",
                i, what);
        return pk_error_set(job->err, PK_EMALF, "slice %u %s", i, what);
    }
    rc = read_slice(job, bytes, &slice);
    if (rc < 0) {
        return rc;
    }
    if (slice.cpu_type != row.cpu_type) {
        pk_anomaly_add(job->anomalies, PK_ANOMALY_MACHO_MALFORMED,
                "slice %u is %s, not what the fat header says", i, slice.arch);
    }
    slices[(*count)++] = slice;
    return PK_OK;
}

static int read_fat(const struct job *job, struct pk_macho *out)
{
    uint32_t claimed = be32_at(job->file, 4);
    uint32_t rows = claimed > PK_MACHO_SLICES_MAX ? PK_MACHO_SLICES_MAX : claimed;
    struct pk_macho_slice *slices = pk_arena_alloc(job->arena, rows, sizeof(*slices));
    size_t count = 0;
    int first = PK_OK;

    if (slices == NULL) {
        return pk_error_set(job->err, PK_ENOMEM, "out of memory");
    }
    if (claimed > rows) {
        pk_anomaly_add(
                job->anomalies, PK_ANOMALY_MACHO_MALFORMED, "a fat header of %u slices", claimed);
    }
    for (uint32_t i = 0; i < rows; i++) {
        int rc = fat_slice(job, be32_at(job->file, 0) == FAT_MAGIC_64, i, slices, &count);

        if (rc == PK_ENOMEM) {
            return rc;
        }
        first = first == PK_OK ? rc : first;
    }
    if (count == 0) {
        return first;
    }
    *out = (struct pk_macho){ .fat = true, .slices = { .items = slices, .count = count } };
    return PK_OK;
}

int pk_macho_parse(struct pk_slice file, struct pk_slice info_plist, struct pk_slice resources,
        struct pk_arena *arena, struct pk_anomalies *anomalies, struct pk_macho *out,
        struct pk_error *err)
{
    struct job job = { .file = file,
        .info_plist = info_plist,
        .resources = resources,
        .arena = arena,
        .anomalies = anomalies,
        .err = err };
    struct pk_macho_slice *slice;
    int rc;

    if (is_fat(file)) {
        return read_fat(&job, out);
    }
    if (!is_thin(file)) {
        return pk_error_set(err, PK_EMALF, "no Mach-O");
    }
    slice = pk_arena_alloc(arena, 1, sizeof(*slice));
    if (slice == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    rc = read_slice(&job, file, slice);
    if (rc == PK_OK) {
        *out = (struct pk_macho){ .slices = { .items = slice, .count = 1 } };
    }
    return rc;
}
