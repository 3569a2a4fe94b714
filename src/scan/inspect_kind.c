#include "scan/inspect_kind.h"

#include "formats/android/dex.h"
#include "formats/apple/ipa.h"
#include "formats/apple/macho.h"
#include "formats/elf.h"
#include "formats/zip.h"
#include "model/app_report.h"

#define ZIP_END_SIZE    22
#define ZIP_COMMENT_MAX 65535
/* How far a broken archive is searched for names: its directory is at the end, its first local headers
 * at the begin. */
#define BROKEN_LOOK_MAX (256UL * 1024)
#define TEXT_LOOK_MAX   4096
#define CMS_LOOK_MAX    64

static bool begins(struct pk_slice in, const char *magic, size_t len)
{
    return in.len >= len && memcmp(in.ptr, magic, len) == 0;
}

static bool ends(struct pk_slice in, const char *tail)
{
    size_t len = strlen(tail);

    return in.len >= len && memcmp(in.ptr + in.len - len, tail, len) == 0;
}

static bool holds(struct pk_slice in, const char *text)
{
    return in.ptr != NULL && in.len > 0 && memmem(in.ptr, in.len, text, strlen(text)) != NULL;
}

static struct pk_slice head(struct pk_slice in, size_t max)
{
    return pk_slice_of(in.ptr, in.len < max ? in.len : max);
}

static struct pk_slice tail(struct pk_slice in, size_t max)
{
    size_t len = in.len < max ? in.len : max;

    return pk_slice_of(in.ptr + (in.len - len), len);
}

bool pk_inspect_looks_like_zip(struct pk_slice file, bool *sure)
{
    *sure = begins(file, "PK\3\4", 4) || begins(file, "PK\5\6", 4) || begins(file, "PK\1\2", 4);
    return *sure || holds(tail(file, ZIP_END_SIZE + ZIP_COMMENT_MAX), "PK\5\6");
}

int pk_inspect_kind_of_zip(const struct pk_zip *zip)
{
    bool code = pk_zip_find(zip, "classes.dex") != NULL ||
            pk_zip_find(zip, "resources.arsc") != NULL;
    bool apks = false;

    if (pk_zip_find(zip, "AndroidManifest.xml") != NULL) {
        return PK_APP_APK;
    }
    if (pk_ipa_is(zip)) {
        return PK_APP_IPA;
    }
    for (size_t i = 0; i < zip->count && !apks; i++) {
        apks = ends(zip->entries[i].name, ".apk");
    }
    if (code) {
        return PK_APP_APK;
    }
    if (apks) {
        return PK_APP_BUNDLE;
    }
    for (size_t i = 0; i < zip->count; i++) {
        if (begins(zip->entries[i].name, "Payload/", 8) && holds(zip->entries[i].name, ".app/")) {
            return PK_APP_IPA;
        }
    }
    return PK_APP_UNKNOWN;
}

const char *pk_inspect_zip_word(const struct pk_zip *zip)
{
    static const struct {
        const char *name;
        const char *word;
    } known[] = {
        { "BundleConfig.pb",
                "An Android App Bundle (.aab): stores build APKs from it, no device "
                "installs it; scan the APKs" },
        { "[Content_Types].xml", "An office document, not an app" },
        { "META-INF/MANIFEST.MF", "A Java archive without Android code, not an app" },
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (pk_zip_find(zip, known[i].name) != NULL) {
            return known[i].word;
        }
    }
    return zip->count == 0 ? "An empty archive, not an app"
                           : "An archive that holds no app that Picket knows";
}

int pk_inspect_kind_of_broken_zip(struct pk_slice file)
{
    struct pk_slice parts[] = { head(file, BROKEN_LOOK_MAX), tail(file, BROKEN_LOOK_MAX) };

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (holds(parts[i], "AndroidManifest.xml") || holds(parts[i], "classes.dex") ||
                holds(parts[i], "resources.arsc")) {
            return PK_APP_APK;
        }
        if (holds(parts[i], "Payload/") && holds(parts[i], ".app/")) {
            return PK_APP_IPA;
        }
    }
    return PK_APP_UNKNOWN;
}

static bool is_profile(struct pk_slice file)
{
    /* SEQUENCE, then the OID of pkcs7-signedData within the first few bytes. */
    static const char signed_data[] = "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02";

    return begins(file, "\x30", 1) && holds(head(file, CMS_LOOK_MAX), signed_data) &&
            (holds(head(file, TEXT_LOOK_MAX), "<plist") ||
                    holds(head(file, TEXT_LOOK_MAX), "bplist00"));
}

static uint16_t le16(struct pk_slice in, size_t at)
{
    return at + 2 <= in.len ? (uint16_t)(in.ptr[at] | in.ptr[at + 1] << 8) : 0;
}

/* The type of the outer chunk may be wrong (a trick): then its string pool tells. */
static bool is_axml(struct pk_slice file)
{
    bool pool = le16(file, 8) == 0x0001 && le16(file, 10) == 0x001c;

    return file.len >= 16 && le16(file, 2) == 8 && (le16(file, 0) == 0x0003 || pool);
}

/* The first byte that is neither white space nor a byte order mark. */
static struct pk_slice text_start(struct pk_slice file)
{
    struct pk_slice in = head(file, TEXT_LOOK_MAX);

    if (begins(in, "\xef\xbb\xbf", 3)) {
        in = pk_slice_of(in.ptr + 3, in.len - 3);
    }
    while (in.len > 0 && (in.ptr[0] == ' ' || (in.ptr[0] >= '\t' && in.ptr[0] <= '\r'))) {
        in = pk_slice_of(in.ptr + 1, in.len - 1);
    }
    return in;
}

int pk_inspect_kind_of_bytes(struct pk_slice file)
{
    struct pk_slice text;

    if (begins(file, "dex\n", 4) || pk_dex_magic(file)) {
        return PK_APP_DEX;
    }
    if (pk_elf_magic(file)) {
        return PK_APP_ELF;
    }
    if (pk_macho_magic(file)) {
        return PK_APP_MACHO;
    }
    if (begins(file, "bplist", 6)) {
        return PK_APP_PLIST;
    }
    if (is_profile(file)) {
        return PK_APP_PROVISION;
    }
    if (is_axml(file)) {
        return PK_APP_AXML;
    }
    text = text_start(file);
    if (begins(text, "<", 1)) {
        return holds(text, "<plist") || holds(text, "<!DOCTYPE plist") ? PK_APP_PLIST
                : holds(text, "<manifest")                             ? PK_APP_AXML
                                                                       : PK_APP_UNKNOWN;
    }
    /* OpenStep's have no mark; whether it is one shows when it is read. */
    return pk_plist_maybe_openstep(file) ? PK_APP_PLIST : PK_APP_UNKNOWN;
}

const char *pk_inspect_unknown_word(struct pk_slice file)
{
    static const struct {
        const char *magic;
        size_t len;
        const char *word;
    } known[] = {
        { "\x7f", 1, "No kind of app file that Picket knows (damaged ELF?)" },
        { "\xca\xfe\xba\xbe", 4, "A Java class, not an app" },
        { "\x89PNG", 4, "A picture, not an app" },
        { "\xff\xd8\xff", 3, "A picture, not an app" },
        { "GIF8", 4, "A picture, not an app" },
        { "%PDF", 4, "A PDF document, not an app" },
        { "\x1f\x8b", 2, "A gzip file; unpack it first" },
        { "\xfd"
          "7zXZ",
                5, "An xz file; unpack it first" },
        { "7z\xbc\xaf", 4, "A 7-Zip archive; unpack it first" },
        { "Rar!", 4, "A RAR archive; unpack it first" },
        { "BZh", 3, "A bzip2 file; unpack it first" },
        { "MZ", 2, "A Windows program, not an app for phones" },
        { "#!", 2, "A script, not an app" },
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (begins(file, known[i].magic, known[i].len)) {
            return known[i].word;
        }
    }
    return "No kind of app file that Picket knows";
}
