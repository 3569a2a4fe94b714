#include "formats/android/manifest.h"

#include "formats/android/manifest_value.h"
#include "formats/limits.h"

#define PERMISSION_SLOTS 4096UL /* a power of two, twice PK_PERMISSIONS_MAX */
#define COMPARED_MAX     64UL   /* attributes of one element that are looked through for doubles */

_Static_assert(PERMISSION_SLOTS > PK_PERMISSIONS_MAX, "the set of names never fills up");

/* What an old app gets more of when it asks for one of these by <uses-permission>. */
enum asked {
    ASKED_WRITE_STORAGE = 1U << 0,
    ASKED_READ_CONTACTS = 1U << 1,
    ASKED_WRITE_CONTACTS = 1U << 2,
};

struct walk {
    struct pk_axml doc;
    struct pk_manifest_source source;
    struct pk_manifest *m;
    size_t items; /* kept in all lists */
    int rc;

    bool done; /* behind the root: only what is odd counts from here on */
    bool in_application;
    struct pk_component *component; /* open at depth 3 */
    struct pk_intent_filter *filter;
    bool main, launcher; /* of the component, over all its filters */

    const char **names;  /* set of the permissions */
    unsigned asked;      /* for which of them more is granted: enum asked */
    int64_t aapt_target; /* the level that aapt decides by */
};

/* --- lists that grow in the arena: full whenever their count is a power of two from 4 on */

static void *grow(struct walk *w, void **items, size_t *count, size_t size)
{
    size_t n = *count;

    if (w->items >= PK_MANIFEST_ITEMS_MAX) {
        pk_anomaly_add(w->source.anomalies, PK_ANOMALY_LIMIT_MANIFEST, "more than %lu items",
                PK_MANIFEST_ITEMS_MAX);
        return NULL;
    }
    if (n == 0 || (n >= 4 && (n & (n - 1)) == 0)) {
        void *more = pk_arena_alloc(w->source.arena, n == 0 ? 4 : 2 * n, size);

        if (more == NULL) {
            w->rc = PK_ENOMEM;
            return NULL;
        }
        if (n > 0) {
            memcpy(more, *items, n * size);
        }
        *items = more;
    }
    w->items++;
    (*count)++;
    return (char *)*items + n * size;
}

static void push(struct walk *w, struct pk_strings *list, const char *text)
{
    void *items = (void *)list->items;
    const char **slot;

    if (text == NULL) {
        return;
    }
    slot = grow(w, &items, &list->count, sizeof(*slot));
    list->items = items;
    if (slot != NULL) {
        *slot = text;
    }
}

static void *push_item(struct walk *w, struct pk_array *list, size_t size)
{
    return grow(w, &list->items, &list->count, size);
}

/* --- small helpers */

static const char *text_of(struct walk *w, enum pk_manifest_attr id, const char *name)
{
    return pk_manifest_text(&w->source, id, name);
}

static const char *name_of(struct walk *w)
{
    return text_of(w, ATTR_NAME, "name");
}

static const char *or_empty(const char *text)
{
    return text != NULL ? text : "";
}

/* ".Main" and "Main" belong to the package, as the platform and aapt say. */
static const char *class_of(struct walk *w, const char *name)
{
    const char *full;

    if (name == NULL || name[0] == '\0') {
        return name;
    }
    if (name[0] != '.' && strchr(name, '.') != NULL) {
        return name;
    }
    full = pk_arena_printf(
            w->source.arena, "%s%s%s", w->m->package, name[0] == '.' ? "" : ".", name);
    if (full == NULL) {
        w->rc = PK_ENOMEM;
    }
    return full;
}

/* --- permissions: each once */

static const char **permission_slot(struct walk *w, const char *name)
{
    uint32_t hash = 2166136261U;
    size_t i;

    for (const char *p = name; *p != '\0'; p++) {
        hash = (hash ^ (uint8_t)*p) * 16777619U;
    }
    i = hash % PERMISSION_SLOTS;
    while (w->names[i] != NULL && strcmp(w->names[i], name) != 0) {
        i = (i + 1) % PERMISSION_SLOTS;
    }
    return &w->names[i];
}

static bool add_permission(struct walk *w, const char *name)
{
    const char **slot;

    if (name == NULL || name[0] == '\0') {
        return false;
    }
    slot = permission_slot(w, name);
    if (*slot != NULL) {
        return false;
    }
    if (w->m->permissions.count >= PK_PERMISSIONS_MAX) {
        pk_anomaly_add(w->source.anomalies, PK_ANOMALY_LIMIT_MANIFEST, "more than %lu permissions",
                PK_PERMISSIONS_MAX);
        return false;
    }
    *slot = name;
    push(w, &w->m->permissions, name);
    return true;
}

static void imply(struct walk *w, const char *name)
{
    if (add_permission(w, name)) {
        push(w, &w->m->implied_permissions, name);
    }
}

static void note_asked(struct walk *w, const char *name)
{
    static const struct {
        const char *name;
        unsigned asked;
    } rows[] = {
        { "android.permission.WRITE_EXTERNAL_STORAGE", ASKED_WRITE_STORAGE },
        { "android.permission.READ_CONTACTS", ASKED_READ_CONTACTS },
        { "android.permission.WRITE_CONTACTS", ASKED_WRITE_CONTACTS },
    };

    for (size_t i = 0; name != NULL && i < PK_COUNT(rows); i++) {
        if (strcmp(name, rows[i].name) == 0) {
            w->asked |= rows[i].asked;
        }
    }
}

/* What aapt dump badging adds (tools/aapt/Command.cpp): the platform's own split permissions. */
static void imply_permissions(struct walk *w)
{
    if (w->aapt_target < 4) {
        imply(w, "android.permission.WRITE_EXTERNAL_STORAGE");
        imply(w, "android.permission.READ_PHONE_STATE");
        w->asked |= ASKED_WRITE_STORAGE;
    }
    if ((w->asked & ASKED_WRITE_STORAGE) != 0) {
        imply(w, "android.permission.READ_EXTERNAL_STORAGE");
    }
    if (w->aapt_target < 16 && (w->asked & ASKED_READ_CONTACTS) != 0) {
        imply(w, "android.permission.READ_CALL_LOG");
    }
    if (w->aapt_target < 16 && (w->asked & ASKED_WRITE_CONTACTS) != 0) {
        imply(w, "android.permission.WRITE_CALL_LOG");
    }
}

/* --- elements */

static void take_manifest(struct walk *w)
{
    const struct pk_manifest_source *s = &w->source;
    struct pk_manifest *m = w->m;
    int64_t major = 0;
    int64_t minor = 0;

    m->package = or_empty(pk_manifest_plain(s, "package"));
    m->split = pk_manifest_plain(s, "split");
    m->shared_user_id = text_of(w, ATTR_SHARED_USER_ID, "sharedUserId");
    m->has_version_code = pk_manifest_int(s, ATTR_VERSION_CODE, "versionCode", &minor);
    (void)pk_manifest_int(s, ATTR_VERSION_CODE_MAJOR, "versionCodeMajor", &major);
    m->version_code = (int64_t)((uint64_t)(uint32_t)major << 32 | (uint32_t)minor);
    m->version_name = or_empty(text_of(w, ATTR_VERSION_NAME, "versionName"));
    (void)pk_manifest_int(s, ATTR_COMPILE_SDK, "compileSdkVersion", &m->compile_sdk);
    (void)pk_manifest_int(
            s, ATTR_TARGET_SANDBOX, "targetSandboxVersion", &m->target_sandbox_version);
}

/* A level is a number, or the codename of a platform that was not final. */
static void take_level(struct walk *w, enum pk_manifest_attr id, const char *name, int64_t *level,
        const char **codename)
{
    struct pk_manifest_value v = pk_manifest_value(&w->source, id, name);

    if (pk_manifest_int(&w->source, id, name, level)) {
        *codename = NULL;
    } else if (v.type == PK_RES_STRING) {
        *level = 0;
        *codename = v.text;
    }
}

/* Of the codenames aapt knows only this one's level. */
static int64_t aapt_level(int64_t level, const char *codename)
{
    return codename != NULL && strcmp(codename, "Donut") == 0 ? 4 : level;
}

static void note_target(struct walk *w)
{
    int64_t min = aapt_level(w->m->min_sdk, w->m->min_sdk_codename);
    int64_t target = aapt_level(w->m->target_sdk, w->m->target_sdk_codename);

    w->aapt_target = min > target ? min : target;
}

static void take_uses_sdk(struct walk *w)
{
    struct pk_manifest *m = w->m;

    take_level(w, ATTR_MIN_SDK, "minSdkVersion", &m->min_sdk, &m->min_sdk_codename);
    take_level(w, ATTR_TARGET_SDK, "targetSdkVersion", &m->target_sdk, &m->target_sdk_codename);
    (void)pk_manifest_int(&w->source, ATTR_MAX_SDK, "maxSdkVersion", &m->max_sdk);
    note_target(w);
}

static void take_application(struct walk *w)
{
    const struct pk_manifest_source *s = &w->source;
    struct pk_manifest *m = w->m;

    m->has_application = true;
    m->label = or_empty(pk_manifest_label(s, ATTR_LABEL, "label"));
    m->icon = or_empty(text_of(w, ATTR_ICON, "icon"));
    m->application_name = class_of(w, name_of(w));
    m->component_factory = class_of(w, text_of(w, ATTR_COMPONENT_FACTORY, "appComponentFactory"));
    m->network_security_config = text_of(w, ATTR_NETWORK_SECURITY, "networkSecurityConfig");
    m->debuggable = pk_manifest_bool(s, ATTR_DEBUGGABLE, "debuggable", false);
    m->test_only = pk_manifest_bool(s, ATTR_TEST_ONLY, "testOnly", false);
    m->allow_backup = pk_manifest_tri(s, ATTR_ALLOW_BACKUP, "allowBackup");
    m->cleartext = pk_manifest_tri(s, ATTR_CLEARTEXT, "usesCleartextTraffic");
    m->extract_native_libs = pk_manifest_tri(s, ATTR_EXTRACT_NATIVE_LIBS, "extractNativeLibs");
}

static bool is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* Children of <manifest>. */
static void take_child(struct walk *w, const char *tag)
{
    if (is(tag, "application")) {
        /* The platform ignores a second one. */
        w->in_application = !w->m->has_application;
        if (w->in_application) {
            take_application(w);
        }
    } else if (is(tag, "uses-permission")) {
        note_asked(w, name_of(w));
        (void)add_permission(w, name_of(w));
    } else if (is(tag, "uses-permission-sdk-23") || is(tag, "uses-permission-sdk-m")) {
        (void)add_permission(w, name_of(w));
    } else if (is(tag, "permission")) {
        push(w, &w->m->defined_permissions, name_of(w));
    } else if (is(tag, "uses-feature")) {
        if (pk_manifest_bool(&w->source, ATTR_REQUIRED, "required", true)) {
            push(w, &w->m->features, name_of(w));
        }
    } else if (is(tag, "uses-sdk")) {
        take_uses_sdk(w);
    }
}

static void take_component(struct walk *w, enum pk_component_kind kind, bool alias)
{
    const struct pk_manifest_source *s = &w->source;
    struct pk_component *c = push_item(w, &w->m->components, sizeof(*c));

    w->component = c;
    w->main = false;
    w->launcher = false;
    if (c == NULL) {
        return;
    }
    *c = (struct pk_component){
        .kind = kind,
        .name = or_empty(class_of(w, name_of(w))),
        .permission = text_of(w, ATTR_PERMISSION, "permission"),
        .exported = pk_manifest_tri(s, ATTR_EXPORTED, "exported"),
        .enabled = pk_manifest_bool(s, ATTR_ENABLED, "enabled", true),
        .process = text_of(w, ATTR_PROCESS, "process"),
    };
    if (kind == PK_COMPONENT_PROVIDER) {
        c->authorities = text_of(w, ATTR_AUTHORITIES, "authorities");
    }
    if (alias) {
        c->target = or_empty(class_of(w, text_of(w, ATTR_TARGET_ACTIVITY, "targetActivity")));
    }
}

static void take_metadata(struct walk *w)
{
    const char *value = pk_manifest_any(&w->source, ATTR_VALUE, "value");
    struct pk_metadata_item *item = push_item(w, &w->m->metadata, sizeof(*item));

    if (value == NULL) {
        value = pk_manifest_any(&w->source, ATTR_RESOURCE, "resource");
    }
    if (item != NULL) {
        *item = (struct pk_metadata_item){ or_empty(name_of(w)), or_empty(value) };
    }
}

/* Children of <application>. */
static void take_part(struct walk *w, const char *tag)
{
    if (is(tag, "activity") || is(tag, "activity-alias")) {
        take_component(w, PK_COMPONENT_ACTIVITY, tag[8] != '\0');
    } else if (is(tag, "service")) {
        take_component(w, PK_COMPONENT_SERVICE, false);
    } else if (is(tag, "receiver")) {
        take_component(w, PK_COMPONENT_RECEIVER, false);
    } else if (is(tag, "provider")) {
        take_component(w, PK_COMPONENT_PROVIDER, false);
    } else if (is(tag, "meta-data")) {
        take_metadata(w);
    } else if (is(tag, "uses-library")) {
        push(w, &w->m->libraries, name_of(w));
    } else if (is(tag, "library") || is(tag, "static-library")) {
        w->m->is_shared_library = true;
    }
}

static void take_filter(struct walk *w)
{
    w->filter = push_item(w, &w->component->filters, sizeof(*w->filter));
    if (w->filter != NULL) {
        *w->filter = (struct pk_intent_filter){ 0 };
        (void)pk_manifest_int(&w->source, ATTR_PRIORITY, "priority", &w->filter->priority);
    }
}

/* Children of <intent-filter>. */
static void take_condition(struct walk *w, const char *tag)
{
    const char *name;

    if (is(tag, "data")) {
        push(w, &w->filter->schemes, text_of(w, ATTR_SCHEME, "scheme"));
        push(w, &w->filter->hosts, text_of(w, ATTR_HOST, "host"));
        return;
    }
    name = name_of(w);
    if (name == NULL) {
        return;
    }
    if (is(tag, "action")) {
        push(w, &w->filter->actions, name);
        w->main |= is(name, "android.intent.action.MAIN");
    } else if (is(tag, "category")) {
        push(w, &w->filter->categories, name);
        w->launcher |= is(name, "android.intent.category.LAUNCHER");
    }
}

/* aapt names only activities, the home screen shows aliases, too. */
static void end_component(struct walk *w)
{
    const struct pk_component *c = w->component;

    if (c != NULL && c->kind == PK_COMPONENT_ACTIVITY && w->main && w->launcher) {
        push(w, &w->m->launchers, c->name);
        if (c->target == NULL && w->m->launchable[0] == '\0') {
            w->m->launchable = c->name;
        }
    }
    w->component = NULL;
}

/* --- what is odd about an element's attributes */

static void check_doubles(struct walk *w)
{
    size_t n = w->doc.attribute_count < COMPARED_MAX ? w->doc.attribute_count : COMPARED_MAX;

    for (size_t i = 1; i < n; i++) {
        struct pk_axml_attribute a = pk_axml_attribute(&w->doc, i);

        for (size_t k = 0; k < i; k++) {
            struct pk_axml_attribute b = pk_axml_attribute(&w->doc, k);

            if (a.id == b.id && (a.id != 0 || (a.name == b.name && a.ns == b.ns))) {
                pk_anomaly_add(w->source.anomalies, PK_ANOMALY_AXML_DUPLICATE_ATTRIBUTE,
                        "'%s', line %u", pk_axml_text(&w->doc, a.name), w->doc.line);
                return;
            }
        }
    }
}

static void check_name(struct walk *w, const struct pk_axml_attribute *a)
{
    const char *name = pk_axml_text(&w->doc, a->name);

    if (name[0] == '\0' && a->name < w->doc.pool.count) {
        pk_anomaly_add(w->source.anomalies, PK_ANOMALY_AXML_ATTRIBUTE_NAME_EMPTY,
                "resource id 0x%08x, line %u", a->id, w->doc.line);
    } else if (a->ns != PK_RESPOOL_NONE && !pk_axml_has_ids(&w->doc)) {
        pk_anomaly_add(w->source.anomalies, PK_ANOMALY_AXML_RESOURCE_MAP_MISSING,
                "attribute '%s' has no resource id", name);
    }
    if (strchr(name, ':') != NULL) {
        pk_anomaly_add(w->source.anomalies, PK_ANOMALY_AXML_NAMESPACE, "attribute '%s'", name);
    }
}

/* A text stands twice in an attribute: as written in the source, and as the value. */
static void check_texts(struct walk *w, const struct pk_axml_attribute *a)
{
    const char *raw;
    const char *value;

    if (a->type != PK_RES_STRING || a->raw == PK_RESPOOL_NONE || a->raw == a->data) {
        return;
    }
    raw = pk_axml_text(&w->doc, a->raw);
    value = pk_axml_text(&w->doc, a->data);
    if (strcmp(raw, value) != 0) {
        pk_anomaly_add(w->source.anomalies, PK_ANOMALY_AXML_RAW_VALUE,
                "'%s' is written as '%.60s' and means '%.60s'", pk_axml_text(&w->doc, a->name), raw,
                value);
    }
}

static void check_attributes(struct walk *w)
{
    for (size_t i = 0; i < w->doc.attribute_count; i++) {
        struct pk_axml_attribute a = pk_axml_attribute(&w->doc, i);

        check_name(w, &a);
        check_texts(w, &a);
    }
    check_doubles(w);
}

/* --- the walk */

static int take_root(struct walk *w, const char *tag, struct pk_error *err)
{
    if (!is(tag, "manifest")) {
        pk_anomaly_add(
                w->source.anomalies, PK_ANOMALY_AXML_MALFORMED, "the root element is '%s'", tag);
        return pk_error_set(err, PK_EMALF, "the root element is not 'manifest'");
    }
    take_manifest(w);
    return PK_OK;
}

static int start_element(struct walk *w, struct pk_error *err)
{
    size_t depth = w->doc.depth;
    const char *tag = pk_axml_text(&w->doc, w->doc.name);

    if (w->done) {
        pk_anomaly_add(w->source.anomalies, PK_ANOMALY_AXML_DUMMY_DATA,
                "element '%s' behind the root", tag);
        return PK_OK;
    }
    check_attributes(w);
    switch (depth) {
    case 1:
        return take_root(w, tag, err);
    case 2:
        w->in_application = false;
        take_child(w, tag);
        break;
    case 3:
        w->component = NULL;
        if (w->in_application) {
            take_part(w, tag);
        }
        break;
    case 4:
        w->filter = NULL;
        if (w->component != NULL && is(tag, "intent-filter")) {
            take_filter(w);
        }
        break;
    case 5:
        if (w->filter != NULL) {
            take_condition(w, tag);
        }
        break;
    default:
        break;
    }
    return PK_OK;
}

static void end_element(struct walk *w)
{
    if (w->doc.depth == 4) {
        w->filter = NULL;
    } else if (w->doc.depth == 3) {
        end_component(w);
    } else if (w->doc.depth == 2) {
        w->in_application = false;
    } else if (w->doc.depth == 1) {
        w->done = true; /* here the platform stops */
    }
}

static int walk_events(struct walk *w, struct pk_error *err)
{
    for (;;) {
        int event = pk_axml_next(&w->doc);
        int rc = PK_OK;

        if (event < 0) {
            return pk_error_set(err, event, "out of memory");
        }
        if (event == PK_AXML_END) {
            break;
        }
        if (event == PK_AXML_START_ELEMENT) {
            rc = start_element(w, err);
        } else if (event == PK_AXML_END_ELEMENT) {
            end_element(w);
        }
        if (rc < 0) {
            return rc;
        }
        if (w->rc < 0) {
            return pk_error_set(err, w->rc, "out of memory");
        }
    }
    if (w->doc.elements == 0) {
        pk_anomaly_add(w->source.anomalies, PK_ANOMALY_AXML_MALFORMED, "no element");
        return pk_error_set(err, PK_EMALF, "no element in the manifest");
    }
    return PK_OK;
}

int pk_manifest_parse(struct pk_slice xml, const struct pk_arsc *arsc, struct pk_arena *arena,
        struct pk_anomalies *anomalies, struct pk_manifest *out, struct pk_error *err)
{
    struct pk_manifest m = {
        .package = "",
        .version_name = "",
        .label = "",
        .icon = "",
        .launchable = "",
        .target_sandbox_version = 1,
    };
    struct walk w = { .m = &m };
    int rc;

    w.names = pk_arena_alloc(arena, PERMISSION_SLOTS, sizeof(*w.names));
    if (w.names == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    rc = pk_axml_open(xml, arena, anomalies, &w.doc, err);
    if (rc < 0) {
        return rc;
    }
    w.source = (struct pk_manifest_source){ &w.doc, arsc, arena, anomalies };
    rc = walk_events(&w, err);
    if (rc < 0) {
        return rc;
    }
    imply_permissions(&w);
    if (w.rc < 0) {
        return pk_error_set(err, w.rc, "out of memory");
    }
    *out = m;
    return PK_OK;
}
