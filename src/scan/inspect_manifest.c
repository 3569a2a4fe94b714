#include "formats/android/axml.h"
#include "scan/inspect_apk.h"

static bool has_filters(const struct pk_component *component)
{
    return component->filters.count > 0;
}

/* What any app can reach: declared so, or, before Android 12, by having a filter. A permission that
 * guards it makes it less than "any", but that is for the rules to weigh. */
static bool is_exported(const struct pk_component *component)
{
    if (component->exported != PK_TRI_UNKNOWN) {
        return component->exported == PK_TRI_YES;
    }
    return has_filters(component);
}

static struct pk_app_components *components(
        struct pk_inspect_context *ctx, const struct pk_manifest *manifest)
{
    const struct pk_component *items = manifest->components.items;
    struct pk_app_components *out = pk_inspect_alloc(ctx, 1, sizeof(*out));
    struct pk_strings exported = { 0 };

    exported.items = pk_arena_alloc(ctx->work, manifest->components.count + 1, sizeof(char *));
    if (out == NULL || exported.items == NULL) {
        (void)pk_inspect_full(ctx, PK_ENOMEM, "the components");
        return out;
    }
    for (size_t i = 0; i < manifest->components.count; i++) {
        int64_t *const counts[] = {
            [PK_COMPONENT_ACTIVITY] = &out->activities,
            [PK_COMPONENT_SERVICE] = &out->services,
            [PK_COMPONENT_RECEIVER] = &out->receivers,
            [PK_COMPONENT_PROVIDER] = &out->providers,
        };

        (*counts[items[i].kind])++;
        if (is_exported(&items[i])) {
            pk_inspect_push(&exported, items[i].name);
        }
    }
    out->exported = pk_inspect_keep_list(ctx, &exported, PK_INSPECT_NAMES_MAX);
    return out;
}

void pk_inspect_manifest(struct pk_inspect_context *ctx, const struct pk_manifest *manifest)
{
    struct pk_app_report *out = ctx->out;

    out->package = pk_inspect_keep(ctx, manifest->package);
    out->version_name = pk_inspect_keep(ctx, manifest->version_name);
    out->version_code = (int32_t)manifest->version_code;
    out->version_code_major = (int32_t)(manifest->version_code >> 32);
    out->label = pk_inspect_keep(ctx, manifest->label);
    out->min_sdk = manifest->min_sdk;
    out->target_sdk = manifest->target_sdk;
    out->min_sdk_codename = pk_inspect_keep_some(ctx, manifest->min_sdk_codename, 60);
    out->target_sdk_codename = pk_inspect_keep_some(ctx, manifest->target_sdk_codename, 60);
    out->debuggable = manifest->debuggable;
    out->test_only = manifest->test_only;
    out->launchable = pk_inspect_keep_some(ctx, manifest->launchable, PK_INSPECT_TEXT_MAX);
    out->split = pk_inspect_keep_some(ctx, manifest->split, PK_INSPECT_TEXT_MAX);
    out->launchers = pk_inspect_keep_list(ctx, &manifest->launchers, PK_INSPECT_NAMES_MAX);
    out->permissions = pk_inspect_keep_list(ctx, &manifest->permissions, PK_INSPECT_NAMES_MAX);
    out->implied_permissions = pk_inspect_keep_list(
            ctx, &manifest->implied_permissions, PK_INSPECT_NAMES_MAX);
    out->defined_permissions = pk_inspect_keep_list(
            ctx, &manifest->defined_permissions, PK_INSPECT_NAMES_MAX);
    out->features = pk_inspect_keep_list(ctx, &manifest->features, PK_INSPECT_NAMES_MAX);
    out->components = components(ctx, manifest);
}

/* How the document looks as XML, whatever it is for. */
static int count_document(struct pk_inspect_context *ctx, struct pk_slice xml,
        struct pk_anomalies *anomalies, struct pk_app_axml *out)
{
    struct pk_axml doc;
    int event = pk_axml_open(xml, ctx->work, anomalies, &doc, NULL);

    *out = (struct pk_app_axml){ 0 };
    if (event < 0) {
        return event;
    }
    while ((event = pk_axml_next(&doc)) > PK_AXML_END) {
        out->namespaces += event == PK_AXML_START_NAMESPACE;
        if (event == PK_AXML_START_ELEMENT) {
            out->attributes += (int64_t)doc.attribute_count;
            if (out->root == NULL) {
                out->root = pk_inspect_keep(ctx, pk_axml_text(&doc, doc.name));
            }
        }
    }
    out->elements = (int64_t)doc.elements;
    return event < 0 ? event : out->root != NULL ? PK_OK : PK_EMALF;
}

int pk_inspect_document(struct pk_inspect_context *ctx, struct pk_slice xml)
{
    struct pk_app_axml *axml = pk_inspect_alloc(ctx, 1, sizeof(*axml));
    int rc = axml != NULL ? count_document(ctx, xml, NULL, axml) : PK_ENOMEM;

    if (rc == PK_OK) {
        ctx->out->axml = axml;
    }
    return rc;
}

/* A manifest, or another of the documents that an app carries, such as a layout. */
void pk_inspect_axml(struct pk_inspect_context *ctx)
{
    struct pk_manifest manifest;
    struct pk_error err = { 0 };
    int rc = pk_inspect_document(ctx, ctx->file);

    if (rc == PK_OK && strcmp(ctx->out->axml->root, "manifest") != 0) {
        struct pk_app_axml again; /* now what is odd about it, too */

        (void)count_document(ctx, ctx->file, &ctx->anomalies, &again);
        return;
    }
    rc = pk_manifest_parse(ctx->file, NULL, ctx->work, &ctx->anomalies, &manifest, &err);
    if (pk_inspect_full(ctx, rc, "the manifest")) {
        pk_inspect_refuse(ctx, "The manifest needs more memory than a scan may have");
    } else if (rc < 0) {
        pk_inspect_refuse(ctx, "No device can read this binary XML: %s", err.text);
    } else {
        pk_inspect_manifest(ctx, &manifest);
    }
}
