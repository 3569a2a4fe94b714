/* ipa_parts.c - code inside the app: frameworks, libraries, extensions, the watch's app. */
#include <string.h>

#include "formats/apple/ipa_internal.h"

/* What one part's executable may tell us before it is forgotten. */
#define PART_ARENA_MAX (64UL * 1024 * 1024)

static const struct {
    const char *folder;
    const char *suffix;
    bool plugin;
    bool bundle;
} kinds[] = {
    { "Frameworks/", ".framework", false, true },
    { "Frameworks/", ".dylib", false, false },
    { "PlugIns/", ".appex", true, true },
    { "Extensions/", ".appex", true, true },
    { "Watch/", ".app", true, true },
    { "AppClips/", ".app", true, true },
};

struct part {
    struct pk_slice path; /* in the app: "Frameworks/X.framework" */
    bool plugin;
};

static bool part_of(struct pk_slice path, struct part *out)
{
    for (size_t i = 0; i < PK_COUNT(kinds); i++) {
        size_t folder = strlen(kinds[i].folder);
        size_t suffix = strlen(kinds[i].suffix);
        const uint8_t *slash;
        size_t end;

        if (path.len <= folder || memcmp(path.ptr, kinds[i].folder, folder) != 0) {
            continue;
        }
        slash = memchr(path.ptr + folder, '/', path.len - folder);
        end = slash != NULL ? (size_t)(slash - path.ptr) : path.len;
        if ((slash != NULL) == kinds[i].bundle && end > folder + suffix &&
                memcmp(path.ptr + end - suffix, kinds[i].suffix, suffix) == 0) {
            *out = (struct part){ .path = pk_slice_of(path.ptr, end), .plugin = kinds[i].plugin };
            return true;
        }
    }
    return false;
}

/* The parts in the archive's order, each once. */
static size_t find_parts(struct pk_ipa_job *job, struct part *parts)
{
    size_t count = 0;

    for (size_t i = 0; i < job->zip->count; i++) {
        struct pk_slice name = job->zip->entries[i].name;
        struct part part;
        size_t k = 0;

        if (name.len <= job->folder.len ||
                memcmp(name.ptr, job->folder.ptr, job->folder.len) != 0 ||
                !part_of(pk_slice_of(name.ptr + job->folder.len, name.len - job->folder.len),
                        &part)) {
            continue;
        }
        /* Entries of one part stand together: the last one is the usual match. */
        for (k = count; k > 0 && !pk_slice_eq(parts[k - 1].path, part.path); k--) {
        }
        if (k > 0) {
            continue;
        }
        if (count == PK_IPA_PARTS_MAX) {
            pk_anomaly_add(job->anomalies, PK_ANOMALY_IPA_MALFORMED,
                    "more than %lu frameworks and extensions", PK_IPA_PARTS_MAX);
            return count;
        }
        parts[count++] = part;
    }
    return count;
}

/* All hashes of all slices. */
static int keep_hashes(
        struct pk_ipa_job *job, const struct pk_macho *macho, struct pk_ipa_part *out)
{
    const struct pk_macho_slice *slices = macho->slices.items;
    const char **items;
    size_t count = 0;

    for (size_t i = 0; i < macho->slices.count; i++) {
        count += slices[i].sign.cdhashes.count;
    }
    items = pk_arena_alloc(job->arena, count + 1, sizeof(*items));
    if (items == NULL) {
        return pk_ipa_no_memory(job);
    }
    out->cdhashes.items = items;
    for (size_t i = 0; i < macho->slices.count; i++) {
        for (size_t k = 0; k < slices[i].sign.cdhashes.count; k++) {
            const char *copy = pk_arena_strdup(job->arena, slices[i].sign.cdhashes.items[k]);

            if (copy == NULL) {
                return pk_ipa_no_memory(job);
            }
            items[out->cdhashes.count++] = copy;
        }
    }
    return PK_OK;
}

/* The executable's slices: their hashes, its team, what does not hold. */
static int read_code(struct pk_ipa_job *job, struct pk_slice code, struct pk_slice info,
        struct pk_slice resources, struct pk_arena *arena, struct pk_ipa_part *out)
{
    struct pk_macho macho;
    struct pk_error why = { 0 };
    int rc = pk_macho_parse(code, info, resources, arena, job->anomalies, &macho, &why);
    const struct pk_macho_slice *slices = macho.slices.items;

    if (rc < 0) {
        return rc == PK_ENOMEM ? rc : pk_ipa_problem(job, &out->problem, "%s", why.text);
    }
    out->cdhash = pk_arena_strdup(job->arena, slices[0].sign.cdhash);
    out->team_id = pk_arena_strdup(job->arena, slices[0].sign.team_id);
    rc = out->cdhash == NULL || out->team_id == NULL ? pk_ipa_no_memory(job)
                                                     : keep_hashes(job, &macho, out);
    for (size_t i = 0; rc == PK_OK && i < macho.slices.count; i++) {
        const struct pk_codesign *sign = &slices[i].sign;

        if (!pk_codesign_holds(sign)) {
            rc = pk_ipa_problem(
                    job, &out->problem, "%s", sign->present ? sign->error : "not signed");
        }
    }
    return rc;
}

static int describe(struct pk_ipa_job *job, const struct pk_plist *info, struct pk_ipa_part *out)
{
    const struct pk_plist *extension = pk_plist_get(info, "NSExtension");
    const char *id = pk_plist_text(info, "CFBundleIdentifier", job->arena);
    const char *executable = pk_plist_text(info, "CFBundleExecutable", job->arena);
    const char *point = pk_plist_text(extension, "NSExtensionPointIdentifier", job->arena);

    out->bundle_id = id != NULL ? id : "";
    out->extension_point = point != NULL ? point : "";
    out->executable = executable == NULL
            ? ""
            : pk_arena_printf(job->arena, "%s/%s", out->path, executable);
    return out->executable == NULL ? pk_ipa_no_memory(job) : PK_OK;
}

/* What a bundle's own list seals. */
static int check_files(struct pk_ipa_job *job, struct pk_ipa_job *inner, struct pk_slice folder,
        struct pk_slice resources, struct pk_slice executable, struct pk_ipa_part *out)
{
    struct pk_ipa_seal seal;
    int rc = pk_ipa_check_seal(inner, folder, resources, executable, &seal);

    return rc == PK_OK && seal.problem[0] != '\0'
            ? pk_ipa_problem(job, &out->problem, "%s", seal.problem)
            : rc;
}

/* A bundle: its property list names the executable. inner forgets what it reads. */
static int read_bundle(struct pk_ipa_job *job, struct pk_ipa_job *inner, struct pk_slice folder,
        struct pk_ipa_part *out)
{
    struct pk_slice info = { 0 };
    struct pk_slice resources = { 0 };
    struct pk_slice code = { 0 };
    const struct pk_plist *list = NULL;
    const struct pk_plist *name;
    struct pk_error why = { 0 };
    int rc = pk_ipa_read(inner, pk_ipa_named(job, folder, "Info.plist"), &info, &why);

    if (rc == PK_OK) {
        rc = pk_plist_parse(info, inner->arena, job->anomalies, &list, NULL, &why);
    }
    if (rc < 0) {
        return rc == PK_ENOMEM ? rc : pk_ipa_problem(job, &out->problem, "no readable Info.plist");
    }
    rc = describe(job, list, out);
    name = pk_plist_get_as(list, "CFBundleExecutable", PK_PLIST_STRING);
    if (rc < 0 || name == NULL) {
        return rc < 0 ? rc : pk_ipa_problem(job, &out->problem, "names no executable");
    }
    rc = pk_ipa_read(
            inner, pk_ipa_named(job, folder, "_CodeSignature/CodeResources"), &resources, &why);
    if (rc != PK_ENOMEM) {
        rc = pk_ipa_read(inner, pk_ipa_entry(job, folder, name->data), &code, &why);
    }
    if (rc < 0) {
        return rc == PK_ENOMEM ? rc : pk_ipa_problem(job, &out->problem, "no readable executable");
    }
    rc = read_code(job, code, info, resources, inner->arena, out);
    return rc < 0 ? rc : check_files(job, inner, folder, resources, name->data, out);
}

static int read_library(struct pk_ipa_job *job, struct pk_ipa_job *inner,
        const struct pk_zip_entry *entry, struct pk_ipa_part *out)
{
    struct pk_slice code = { 0 };
    struct pk_slice none = { 0 };
    struct pk_error why = { 0 };
    int rc = pk_ipa_read(inner, entry, &code, &why);

    out->executable = out->path;
    if (rc < 0) {
        return rc == PK_ENOMEM ? rc : pk_ipa_problem(job, &out->problem, "%s", why.text);
    }
    return read_code(job, code, none, none, inner->arena, out);
}

static int read_either(struct pk_ipa_job *job, struct pk_slice folder, struct pk_slice path,
        struct pk_ipa_part *out)
{
    const struct pk_zip_entry *entry = pk_ipa_entry(job, folder, path);
    struct pk_ipa_job inner = *job;
    uint8_t *below;
    int rc = PK_ENOMEM;

    /* An arena of its own, so that hundreds of executables do not add up. */
    inner.arena = pk_arena_create(PART_ARENA_MAX);
    inner.depth = job->depth + 1;
    below = inner.arena != NULL ? pk_arena_alloc(inner.arena, folder.len + path.len + 1, 1) : NULL;
    if (below != NULL) {
        memcpy(below, folder.ptr, folder.len);
        memcpy(below + folder.len, path.ptr, path.len);
        below[folder.len + path.len] = '/';
        rc = entry != NULL
                ? read_library(job, &inner, entry, out)
                : read_bundle(job, &inner, pk_slice_of(below, folder.len + path.len + 1), out);
    }
    pk_arena_destroy(inner.arena);
    /* Its own arena may be full, which is no reason not to read the others. */
    return rc == PK_ENOMEM ? pk_ipa_problem(job, &out->problem, "asks for too much memory") : rc;
}

int pk_ipa_read_part(struct pk_ipa_job *job, struct pk_slice folder, struct pk_slice path,
        struct pk_ipa_part *out)
{
    *out = (struct pk_ipa_part){ .bundle_id = "",
        .executable = "",
        .extension_point = "",
        .cdhash = "",
        .team_id = "",
        .problem = "" };
    out->path = pk_printable(job->arena, path.ptr, path.len, 512);
    if (out->path == NULL) {
        return pk_ipa_no_memory(job);
    }
    if (job->depth > PK_BUNDLE_DEPTH_MAX || *job->parts_left == 0 || path.len == 0) {
        return PK_ENOENT;
    }
    --*job->parts_left;
    return read_either(job, folder, path, out);
}

/* Reads those of one kind. */
static int read_kind(struct pk_ipa_job *job, const struct part *parts, size_t count, bool plugin,
        struct pk_array *out)
{
    struct pk_ipa_part *made = pk_arena_alloc(job->arena, count + 1, sizeof(*made));

    if (made == NULL) {
        return pk_ipa_no_memory(job);
    }
    out->items = made;
    for (size_t i = 0; i < count; i++) {
        int rc;

        if (parts[i].plugin != plugin) {
            continue;
        }
        rc = pk_ipa_read_part(job, job->folder, parts[i].path, &made[out->count]);
        if (rc == PK_ENOENT) {
            rc = pk_ipa_problem(job, &made[out->count].problem, "not read: too many parts");
        }
        if (rc < 0) {
            return rc;
        }
        out->count++;
    }
    return PK_OK;
}

int pk_ipa_read_parts(struct pk_ipa_job *job)
{
    struct part *parts = pk_arena_alloc(job->arena, PK_IPA_PARTS_MAX, sizeof(*parts));
    size_t count;
    int rc;

    if (parts == NULL) {
        return pk_ipa_no_memory(job);
    }
    count = find_parts(job, parts);
    rc = read_kind(job, parts, count, false, &job->out->frameworks);
    return rc < 0 ? rc : read_kind(job, parts, count, true, &job->out->plugins);
}
