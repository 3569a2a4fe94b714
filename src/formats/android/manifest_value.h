/* manifest_value.h - the attributes of one element as the facts of manifest.h: found by resource id (by
 * name in a document that has no ids at all), references resolved. Private to manifest*.c. */
#pragma once

#include "formats/android/axml.h"
#include "formats/android/manifest.h"

struct pk_arsc; /* arsc.h */

/* Resource ids of android.R.attr. */
enum pk_manifest_attr {
    ATTR_LABEL = 0x01010001,
    ATTR_ICON = 0x01010002,
    ATTR_NAME = 0x01010003,
    ATTR_PERMISSION = 0x01010006,
    ATTR_SHARED_USER_ID = 0x0101000b,
    ATTR_PROTECTION_LEVEL = 0x01010009,
    ATTR_ENABLED = 0x0101000e,
    ATTR_DEBUGGABLE = 0x0101000f,
    ATTR_EXPORTED = 0x01010010,
    ATTR_PROCESS = 0x01010011,
    ATTR_TASK_AFFINITY = 0x01010012,
    ATTR_AUTHORITIES = 0x01010018,
    ATTR_PRIORITY = 0x0101001c,
    ATTR_LAUNCH_MODE = 0x0101001d,
    ATTR_VALUE = 0x01010024,
    ATTR_RESOURCE = 0x01010025,
    ATTR_SCHEME = 0x01010027,
    ATTR_HOST = 0x01010028,
    ATTR_TARGET_ACTIVITY = 0x01010202,
    ATTR_MIN_SDK = 0x0101020c,
    ATTR_VERSION_CODE = 0x0101021b,
    ATTR_VERSION_NAME = 0x0101021c,
    ATTR_TARGET_SDK = 0x01010270,
    ATTR_MAX_SDK = 0x01010271,
    ATTR_TEST_ONLY = 0x01010272,
    ATTR_ALLOW_BACKUP = 0x01010280,
    ATTR_REQUIRED = 0x0101028e,
    ATTR_EXTRACT_NATIVE_LIBS = 0x010104ea,
    ATTR_CLEARTEXT = 0x010104ec,
    ATTR_NETWORK_SECURITY = 0x01010527,
    ATTR_TARGET_SANDBOX = 0x0101054c,
    ATTR_COMPILE_SDK = 0x01010572,
    ATTR_VERSION_CODE_MAJOR = 0x01010576,
    ATTR_COMPONENT_FACTORY = 0x0101057a,
};

struct pk_manifest_source {
    struct pk_axml *doc;
    const struct pk_arsc *arsc; /* NULL: references stay unresolved */
    struct pk_arena *arena;
    struct pk_anomalies *anomalies;
};

/* A value with references followed; type PK_RES_NULL when the attribute is absent or empty. */
struct pk_manifest_value {
    uint8_t type;     /* enum pk_res_type */
    uint32_t data;    /* of what is no string; the id of a reference that leads nowhere */
    const char *text; /* of a string; NULL otherwise */
};

struct pk_manifest_value pk_manifest_value(
        const struct pk_manifest_source *s, enum pk_manifest_attr id, const char *name);

/* NULL when absent or not text; numbers are written out. An unresolved reference is NULL. */
const char *pk_manifest_text(
        const struct pk_manifest_source *s, enum pk_manifest_attr id, const char *name);
/* A text in the language that aapt names it in; NULL as above. */
const char *pk_manifest_label(
        const struct pk_manifest_source *s, enum pk_manifest_attr id, const char *name);
/* Any value in text form, references as "@0x7f010000" when they lead nowhere; NULL when absent. */
const char *pk_manifest_any(
        const struct pk_manifest_source *s, enum pk_manifest_attr id, const char *name);
/* False when absent or no number; *out is then untouched. */
bool pk_manifest_int(const struct pk_manifest_source *s, enum pk_manifest_attr id, const char *name,
        int64_t *out);
enum pk_tri pk_manifest_tri(
        const struct pk_manifest_source *s, enum pk_manifest_attr id, const char *name);
bool pk_manifest_bool(const struct pk_manifest_source *s, enum pk_manifest_attr id,
        const char *name, bool absent);
/* The resource that an attribute refers to; 0: it is absent or no reference. */
uint32_t pk_manifest_reference(
        const struct pk_manifest_source *s, enum pk_manifest_attr id, const char *name);
/* An attribute without namespace and id, such as "package"; NULL when absent. */
const char *pk_manifest_plain(const struct pk_manifest_source *s, const char *name);

/* Says what is odd about the attributes of the current element. */
void pk_manifest_check_attributes(const struct pk_manifest_source *s);
