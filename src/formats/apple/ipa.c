#include "formats/apple/ipa.h"

#include <stdarg.h>
#include <stdio.h>

#include "formats/apple/ipa_internal.h"

#define LIST_MAX     256 /* platforms, URL schemes */
#define PATH_MAX_LEN 4096

int pk_ipa_no_memory(struct pk_ipa_job *job)
{
    return pk_error_set(job->err, PK_ENOMEM, "out of memory");
}

int pk_ipa_problem(struct pk_ipa_job *job, const char **problem, const char *format, ...)
{
    char text[400];
    va_list args;

    if (*problem != NULL && (*problem)[0] != '\0') {
        return PK_OK;
    }
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    *problem = pk_printable(job->arena, text, strlen(text), sizeof(text));
    return *problem != NULL ? PK_OK : pk_ipa_no_memory(job);
}

const struct pk_zip_entry *pk_ipa_entry(
        struct pk_ipa_job *job, struct pk_slice folder, struct pk_slice path)
{
    char name[PATH_MAX_LEN];

    if (folder.len + path.len >= sizeof(name) || memchr(folder.ptr, 0, folder.len) != NULL ||
            path.len == 0 || memchr(path.ptr, 0, path.len) != NULL) {
        return NULL;
    }
    memcpy(name, folder.ptr, folder.len);
    memcpy(name + folder.len, path.ptr, path.len);
    name[folder.len + path.len] = '\0';
    return pk_zip_find(job->zip, name);
}

static void release(void *bytes)
{
    pk_zip_release(bytes);
}

int pk_ipa_read(struct pk_ipa_job *job, const struct pk_zip_entry *entry, struct pk_slice *out,
        struct pk_error *err)
{
    struct pk_zip_bytes *bytes;
    int rc;

    if (entry == NULL) {
        return pk_error_set(err, PK_ENOENT, "not in the archive");
    }
    bytes = pk_arena_alloc(job->arena, 1, sizeof(*bytes));
    if (bytes == NULL) {
        return pk_ipa_no_memory(job);
    }
    rc = pk_zip_read(job->zip, entry, bytes, err);
    if (rc == PK_OK) {
        rc = pk_arena_defer(job->arena, release, bytes);
    }
    if (rc == PK_OK) {
        *out = bytes->bytes;
    }
    return rc;
}

/* "Payload/X.app/" or "X.app/" of an entry "Payload/X.app/Info.plist"; ptr NULL when it is none. */
static struct pk_slice app_folder(struct pk_slice name, bool *payload)
{
    static const char top[] = "Payload/";
    static const char end[] = ".app/Info.plist";
    size_t start;

    *payload = name.len > sizeof(top) - 1 && memcmp(name.ptr, top, sizeof(top) - 1) == 0;
    start = *payload ? sizeof(top) - 1 : 0;
    if (name.len - start < sizeof(end) ||
            memcmp(name.ptr + name.len - (sizeof(end) - 1), end, sizeof(end) - 1) != 0 ||
            memchr(name.ptr + start, '/', name.len - start) !=
                    name.ptr + name.len - strlen("/Info.plist")) {
        return (struct pk_slice){ 0 };
    }
    return pk_slice_of(name.ptr, name.len - strlen("Info.plist"));
}

/* The app: one under Payload/ goes before one at the top. */
static struct pk_slice find_app(const struct pk_zip *zip, bool *payload, size_t *count)
{
    struct pk_slice found = { 0 };

    *payload = false;
    *count = 0;
    for (size_t i = 0; i < zip->count; i++) {
        bool inside;
        struct pk_slice folder = app_folder(zip->entries[i].name, &inside);

        if (folder.ptr == NULL || (*payload && !inside)) {
            continue;
        }
        if (found.ptr == NULL || (inside && !*payload)) {
            found = folder;
            *payload = inside;
            *count = 0;
        }
        (*count)++;
    }
    return found;
}

bool pk_ipa_is(const struct pk_zip *zip)
{
    bool payload;
    size_t count;

    return find_app(zip, &payload, &count).ptr != NULL;
}

/* "" when it is not there; NULL when memory is short. */
static const char *text(struct pk_ipa_job *job, const char *key)
{
    return pk_plist_get_as(job->out->info, key, PK_PLIST_STRING) == NULL
            ? ""
            : pk_plist_text(job->out->info, key, job->arena);
}

/* Adds the strings of an array. */
static int add_texts(struct pk_ipa_job *job, const struct pk_plist *list, struct pk_strings *out)
{
    if (list == NULL || list->type != PK_PLIST_ARRAY) {
        return PK_OK;
    }
    if (out->items == NULL) {
        out->items = pk_arena_alloc(job->arena, LIST_MAX, sizeof(*out->items));
    }
    for (size_t i = 0; i < list->count && out->count < LIST_MAX; i++) {
        const struct pk_plist *item = &list->items[i];

        if (out->items == NULL) {
            return pk_ipa_no_memory(job);
        }
        if (item->type == PK_PLIST_STRING) {
            out->items[out->count] = pk_printable(job->arena, item->data.ptr, item->data.len, 512);
            if (out->items[out->count++] == NULL) {
                return pk_ipa_no_memory(job);
            }
        }
    }
    return PK_OK;
}

static int describe(struct pk_ipa_job *job)
{
    struct pk_ipa *out = job->out;
    const struct pk_plist *types = pk_plist_get_as(out->info, "CFBundleURLTypes", PK_PLIST_ARRAY);
    int rc;

    out->bundle_id = text(job, "CFBundleIdentifier");
    out->name = text(job, "CFBundleDisplayName");
    if (out->name != NULL && out->name[0] == '\0') {
        out->name = text(job, "CFBundleName");
    }
    out->executable = text(job, "CFBundleExecutable");
    out->version = text(job, "CFBundleShortVersionString");
    out->build = text(job, "CFBundleVersion");
    out->minimum_os = text(job, "MinimumOSVersion");
    if (out->bundle_id == NULL || out->name == NULL || out->executable == NULL ||
            out->version == NULL || out->build == NULL || out->minimum_os == NULL) {
        return pk_ipa_no_memory(job);
    }
    rc = add_texts(job, pk_plist_get(out->info, "CFBundleSupportedPlatforms"), &out->platforms);
    for (size_t i = 0; rc == PK_OK && types != NULL && i < types->count; i++) {
        rc = add_texts(
                job, pk_plist_get(&types->items[i], "CFBundleURLSchemes"), &out->url_schemes);
    }
    return rc;
}

static int malformed(struct pk_ipa_job *job, const char *what, const char *why)
{
    pk_anomaly_add(job->anomalies, PK_ANOMALY_IPA_MALFORMED, "%s: %s", what, why);
    return pk_ipa_problem(job, &job->out->problem, "%s: %s", what, why);
}

static int read_info(struct pk_ipa_job *job, struct pk_slice *bytes)
{
    const struct pk_plist *info = NULL;
    struct pk_error why = { 0 };
    int rc = pk_ipa_read(job, pk_ipa_named(job, job->folder, "Info.plist"), bytes, &why);

    if (rc == PK_OK) {
        rc = pk_plist_parse(*bytes, job->arena, job->anomalies, &info, NULL, &why);
    }
    if (rc == PK_OK && info->type != PK_PLIST_DICT) {
        rc = pk_error_set(&why, PK_EMALF, "no dictionary");
    }
    if (rc == PK_ENOMEM) {
        return pk_ipa_no_memory(job);
    }
    if (rc < 0) {
        return malformed(job, "Info.plist", why.text);
    }
    job->out->info = info;
    return describe(job);
}

static int read_executable(struct pk_ipa_job *job, struct pk_slice info, struct pk_slice resources)
{
    const struct pk_plist *name = pk_plist_get_as(
            job->out->info, "CFBundleExecutable", PK_PLIST_STRING);
    struct pk_macho *macho = pk_arena_alloc(job->arena, 1, sizeof(*macho));
    struct pk_slice code = { 0 };
    struct pk_error why = { 0 };
    int rc = macho != NULL ? PK_OK : PK_ENOMEM;

    if (rc == PK_OK) {
        rc = pk_ipa_read(
                job, name != NULL ? pk_ipa_entry(job, job->folder, name->data) : NULL, &code, &why);
    }
    if (rc == PK_OK) {
        rc = pk_macho_parse(code, info, resources, job->arena, job->anomalies, macho, &why);
    }
    if (rc == PK_ENOMEM) {
        return pk_ipa_no_memory(job);
    }
    if (rc < 0) {
        return malformed(job, "the executable", why.text);
    }
    job->out->macho = macho;
    return PK_OK;
}

static int read_profile(struct pk_ipa_job *job)
{
    const struct pk_zip_entry *entry = pk_ipa_named(job, job->folder, "embedded.mobileprovision");
    struct pk_provision *profile = pk_arena_alloc(job->arena, 1, sizeof(*profile));
    struct pk_slice bytes = { 0 };
    struct pk_error why = { 0 };
    int rc = profile != NULL ? PK_OK : PK_ENOMEM;

    if (entry == NULL) {
        return PK_OK;
    }
    if (rc == PK_OK) {
        rc = pk_ipa_read(job, entry, &bytes, &why);
    }
    if (rc == PK_OK) {
        rc = pk_provision_parse(bytes, job->arena, job->anomalies, profile, &why);
    }
    if (rc == PK_ENOMEM) {
        return pk_ipa_no_memory(job);
    }
    if (rc < 0) {
        return malformed(job, "the profile", why.text);
    }
    job->out->profile = profile;
    return PK_OK;
}

/* "TEAM.*" allows any that begins with "TEAM.". */
static bool app_id_fits(struct pk_slice allowed, struct pk_slice asked)
{
    if (allowed.len > 0 && allowed.ptr[allowed.len - 1] == '*') {
        return asked.len >= allowed.len - 1 && memcmp(asked.ptr, allowed.ptr, allowed.len - 1) == 0;
    }
    return pk_slice_eq(allowed, asked);
}

static bool signer_is_in(const struct pk_provision *profile, const struct pk_codesign *sign)
{
    const struct pk_cert *developers = profile->certs.items;
    const struct pk_cert *signer = sign->certs.items;

    for (size_t i = 0; sign->cms_verified && i < profile->certs.count; i++) {
        if (pk_slice_eq(developers[i].der, signer->der)) {
            return true;
        }
    }
    return false;
}

static bool profile_fits(const struct pk_ipa *ipa)
{
    const char *key = "application-identifier";
    const struct pk_plist *allowed;
    const struct pk_macho_slice *slices;

    if (ipa->profile == NULL || ipa->macho == NULL) {
        return false;
    }
    allowed = pk_plist_get_as(ipa->profile->entitlements, key, PK_PLIST_STRING);
    slices = ipa->macho->slices.items;
    for (size_t i = 0; i < ipa->macho->slices.count; i++) {
        const struct pk_plist *asked = pk_plist_get_as(
                slices[i].sign.entitlements, key, PK_PLIST_STRING);

        if (allowed == NULL || asked == NULL || !app_id_fits(allowed->data, asked->data) ||
                !signer_is_in(ipa->profile, &slices[i].sign)) {
            return false;
        }
    }
    return true;
}

/* The first part of a list that does not hold. */
static int judge_parts(struct pk_ipa_job *job, const struct pk_array *list)
{
    const struct pk_ipa_part *parts = list->items;

    for (size_t i = 0; i < list->count; i++) {
        if (parts[i].problem[0] != '\0') {
            return pk_ipa_problem(
                    job, &job->out->problem, "%s: %s", parts[i].path, parts[i].problem);
        }
    }
    return PK_OK;
}

/* Everything together: what any of them says first is the problem. */
static int judge(struct pk_ipa_job *job)
{
    struct pk_ipa *out = job->out;
    const struct pk_macho_slice *slices = out->macho != NULL ? out->macho->slices.items : NULL;
    size_t count = out->macho != NULL ? out->macho->slices.count : 0;
    int rc = PK_OK;

    out->has_signature = count > 0;
    out->apple = count > 0;
    for (size_t i = 0; rc == PK_OK && i < count; i++) {
        const struct pk_codesign *sign = &slices[i].sign;

        out->has_signature = out->has_signature && sign->present;
        out->apple = out->apple && sign->chain_to_apple;
        if (!pk_codesign_holds(sign)) {
            rc = pk_ipa_problem(job, &out->problem, "%s: %s", slices[i].arch,
                    sign->present ? sign->error : "not signed");
        }
    }
    if (rc == PK_OK && out->has_signature && !out->seal.present) {
        rc = pk_ipa_problem(job, &out->problem, "nothing seals the files beside the executable");
    } else if (rc == PK_OK && out->seal.problem[0] != '\0') {
        rc = pk_ipa_problem(job, &out->problem, "%s", out->seal.problem);
    }
    if (rc == PK_OK) {
        rc = judge_parts(job, &out->frameworks);
    }
    if (rc == PK_OK) {
        rc = judge_parts(job, &out->plugins);
    }
    out->verified = out->has_signature && out->problem[0] == '\0';
    out->apple = out->apple && out->verified;
    return rc;
}

static int read_app(struct pk_ipa_job *job)
{
    const struct pk_plist *name;
    struct pk_slice info = { 0 };
    struct pk_slice resources = { 0 };
    struct pk_error why = { 0 };
    int rc = read_info(job, &info);

    if (rc == PK_OK) {
        rc = pk_ipa_read(job, pk_ipa_named(job, job->folder, "_CodeSignature/CodeResources"),
                &resources, &why);
        rc = rc == PK_ENOMEM ? rc : PK_OK;
    }
    if (rc == PK_OK) {
        rc = read_executable(job, info, resources);
    }
    if (rc == PK_OK) {
        rc = read_profile(job);
    }
    if (rc == PK_OK) {
        rc = pk_ipa_read_parts(job);
    }
    if (rc == PK_OK) {
        name = pk_plist_get_as(job->out->info, "CFBundleExecutable", PK_PLIST_STRING);
        rc = pk_ipa_check_seal(job, job->folder, resources,
                name != NULL ? name->data : (struct pk_slice){ 0 }, &job->out->seal);
    }
    if (rc < 0) {
        return rc;
    }
    job->out->profile_fits = profile_fits(job->out);
    return judge(job);
}

int pk_ipa_parse(struct pk_zip *zip, struct pk_arena *arena, struct pk_anomalies *anomalies,
        struct pk_ipa *out, struct pk_error *err)
{
    struct pk_ipa made = { .bundle_id = "",
        .name = "",
        .executable = "",
        .version = "",
        .build = "",
        .minimum_os = "",
        .problem = "" };
    struct pk_ipa_job job = {
        .zip = zip, .arena = arena, .anomalies = anomalies, .out = &made, .err = err
    };
    size_t parts_left = PK_IPA_PARTS_MAX;
    size_t count;
    int rc;

    job.parts_left = &parts_left;
    job.folder = find_app(zip, &made.payload, &count);
    if (job.folder.ptr == NULL) {
        return pk_error_set(err, PK_ENOENT, "no app in the archive");
    }
    made.folder = pk_printable(arena, job.folder.ptr, job.folder.len, 512);
    if (made.folder == NULL) {
        return pk_ipa_no_memory(&job);
    }
    if (count > 1) {
        pk_anomaly_add(anomalies, PK_ANOMALY_IPA_MALFORMED, "%zu apps in the archive", count);
    }
    rc = read_app(&job);
    if (rc == PK_OK) {
        *out = made;
    }
    return rc;
}
