#include "formats/android/manifest.h"

#include "formats/android/manifest_list.h"
#include "formats/android/manifest_permission.h"
#include "formats/android/manifest_value.h"

struct walk {
    struct pk_axml doc;
    struct pk_manifest_source source;
    struct pk_manifest *m;
    struct pk_manifest_lists lists;
    struct pk_manifest_permissions permissions;
    int64_t aapt_target; /* the level that aapt decides by */

    bool done; /* behind the root: only what is odd counts from here on */
    bool in_application;
    struct pk_component *component; /* open at depth 3 */
    struct pk_intent_filter *filter;
    bool main, launcher; /* of the component, over all its filters */
};

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
        w->lists.rc = PK_ENOMEM;
    }
    return full;
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
    m->icon_id = pk_manifest_reference(s, ATTR_ICON, "icon");
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

/* The low byte of the level is its base; 0, also where there is none, is "normal". */
static void take_permission(struct walk *w)
{
    const char *name = name_of(w);
    int64_t level = 0;

    (void)pk_manifest_int(&w->source, ATTR_PROTECTION_LEVEL, "protectionLevel", &level);
    pk_manifest_add_text(&w->lists, &w->m->defined_permissions, name);
    if ((level & 0xf) == 0) {
        pk_manifest_add_text(&w->lists, &w->m->open_permissions, name);
    }
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
        pk_manifest_ask(&w->permissions, name_of(w), false);
    } else if (is(tag, "uses-permission-sdk-23") || is(tag, "uses-permission-sdk-m")) {
        pk_manifest_ask(&w->permissions, name_of(w), true);
    } else if (is(tag, "permission")) {
        take_permission(w);
    } else if (is(tag, "uses-feature")) {
        if (pk_manifest_bool(&w->source, ATTR_REQUIRED, "required", true)) {
            pk_manifest_add_text(&w->lists, &w->m->features, name_of(w));
        }
    } else if (is(tag, "uses-sdk")) {
        take_uses_sdk(w);
    }
}

static void take_component(struct walk *w, enum pk_component_kind kind, bool alias)
{
    const struct pk_manifest_source *s = &w->source;
    struct pk_component *c = pk_manifest_add(&w->lists, &w->m->components, sizeof(*c));

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
        .affinity = kind == PK_COMPONENT_ACTIVITY ? text_of(w, ATTR_TASK_AFFINITY, "taskAffinity")
                                                  : NULL,
    };
    if (kind == PK_COMPONENT_ACTIVITY) {
        (void)pk_manifest_int(s, ATTR_LAUNCH_MODE, "launchMode", &c->launch_mode);
    }
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
    struct pk_metadata_item *item = pk_manifest_add(&w->lists, &w->m->metadata, sizeof(*item));

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
        pk_manifest_add_text(&w->lists, &w->m->libraries, name_of(w));
    } else if (is(tag, "library") || is(tag, "static-library")) {
        w->m->is_shared_library = true;
    }
}

static void take_filter(struct walk *w)
{
    w->filter = pk_manifest_add(&w->lists, &w->component->filters, sizeof(*w->filter));
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
        pk_manifest_add_text(&w->lists, &w->filter->schemes, text_of(w, ATTR_SCHEME, "scheme"));
        pk_manifest_add_text(&w->lists, &w->filter->hosts, text_of(w, ATTR_HOST, "host"));
        return;
    }
    name = name_of(w);
    if (name == NULL) {
        return;
    }
    if (is(tag, "action")) {
        pk_manifest_add_text(&w->lists, &w->filter->actions, name);
        w->main |= is(name, "android.intent.action.MAIN");
    } else if (is(tag, "category")) {
        pk_manifest_add_text(&w->lists, &w->filter->categories, name);
        w->launcher |= is(name, "android.intent.category.LAUNCHER");
    }
}

/* aapt names only activities, the home screen shows aliases, too. */
static void end_component(struct walk *w)
{
    const struct pk_component *c = w->component;

    if (c != NULL && c->kind == PK_COMPONENT_ACTIVITY && w->main && w->launcher) {
        pk_manifest_add_text(&w->lists, &w->m->launchers, c->name);
        if (c->target == NULL && w->m->launchable[0] == '\0') {
            w->m->launchable = c->name;
        }
    }
    w->component = NULL;
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
    pk_manifest_check_attributes(&w->source);
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
        if (w->lists.rc < 0) {
            return pk_error_set(err, w->lists.rc, "out of memory");
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
    struct walk w = { .m = &m, .lists = { .arena = arena, .anomalies = anomalies } };
    int rc;

    if (pk_manifest_permissions_init(&w.permissions, &w.lists) < 0) {
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
    pk_manifest_imply(&w.permissions, w.aapt_target);
    if (w.lists.rc < 0) {
        return pk_error_set(err, w.lists.rc, "out of memory");
    }
    m.permissions = w.permissions.all;
    m.implied_permissions = w.permissions.implied;
    *out = m;
    return PK_OK;
}
