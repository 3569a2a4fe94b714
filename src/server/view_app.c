#include "server/view_app.h"

#include <string.h>

static json_t *score_of(int standing, double score)
{
    return standing == PK_STANDING_UNKNOWN ? json_null() : json_real(score);
}

json_t *pk_view_app(const struct pk_app_row *app)
{
    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:I, s:s, s:o, s:o, s:I, s:I, s:o, s:o}", "id",
            app->id, "package", app->package, "signer", pk_view_text(app->signer), "label",
            pk_view_text(app->label), "version", pk_view_text(app->version), "version_code",
            (json_int_t)app->version_code, "verdict", pk_app_standing_names[app->standing], "score",
            score_of(app->standing, app->score), "threat", pk_view_text(app->threat), "devices",
            (json_int_t)app->devices, "versions", (json_int_t)app->versions, "first_seen_at",
            pk_view_time(app->first_ms), "last_seen_at", pk_view_time(app->last_ms));
}

static json_t *asked_of(const struct pk_app_file *file, const char *name)
{
    if (file->asked_device == NULL) {
        return json_null();
    }
    return json_pack("{s:o, s:o, s:I}", "device", pk_view_device_ref(file->asked_device, name),
            "at", pk_view_time(file->asked_ms), "asks", (json_int_t)file->asks);
}

json_t *pk_view_app_file(const struct pk_app_file *f, const char *asked_name)
{
    json_t *reasons = f->reasons != NULL ? json_incref(f->reasons) : json_array();

    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:s, s:o, s:s, s:o, s:o, s:o, s:I,"
                     " s:o, s:o, s:o, s:o, s:o}",
            "id", f->sha256, "app", pk_view_text(f->app), "package", pk_view_text(f->package),
            "label", pk_view_text(f->label), "version", pk_view_text(f->version), "version_code",
            (json_int_t)f->version_code, "signer", pk_view_text(f->signer), "size",
            f->size > 0 ? json_integer(f->size) : json_null(), "state",
            pk_app_file_state_names[f->state], "error", pk_view_text(f->error), "verdict",
            pk_app_standing_names[f->standing], "score", score_of(f->standing, f->score), "threat",
            pk_view_text(f->threat), "reasons", reasons, "devices", (json_int_t)f->devices,
            "first_seen_at", pk_view_time(f->first_ms), "last_seen_at", pk_view_time(f->last_ms),
            "judged_at", pk_view_time(f->judged_ms), "asked", asked_of(f, asked_name),
            "uploaded_by", pk_view_text(f->uploaded_by));
}

static json_t *installer_of(const char *installer)
{
    return installer == NULL ? json_null() : json_string(installer[0] == '\0' ? "hand" : installer);
}

static json_t *tri_of(int value)
{
    return value == PK_TRI_UNKNOWN ? json_null() : json_boolean(value == PK_TRI_YES);
}

json_t *pk_view_app_install(const struct pk_device_app *x)
{
    return json_pack("{s:o, s:s, s:s, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:s,"
                     " s:o, s:o}",
            "device", pk_view_device_ref(x->device, x->device_name), "app", x->app, "package",
            x->package, "label", pk_view_text(x->label), "version", pk_view_text(x->version),
            "version_code", (json_int_t)x->version_code, "sha256", pk_view_text(x->sha256),
            "signer", pk_view_text(x->signer), "installer", installer_of(x->installer), "system",
            tri_of(x->system), "profile", pk_app_profile_names[x->profile], "since",
            pk_view_time(x->since_ms), "version_since", pk_view_time(x->version_ms), "gone_at",
            pk_view_time(x->gone_ms), "verdict", pk_app_standing_names[x->standing], "threat",
            pk_view_text(x->threat), "excepted", pk_view_text(x->excepted));
}

json_t *pk_view_app_exception(
        const struct pk_exception_row *e, const char *device_name, int64_t now_ms)
{
    json_t *device = e->scope == PK_EXCEPTION_DEVICE ? pk_view_device_ref(e->target, device_name)
                                                     : json_null();
    json_t *group = e->scope == PK_EXCEPTION_GROUP ? json_string(e->target) : json_null();

    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:b}",
            "id", e->id, "reason", e->reason, "scope", pk_exception_scope_names[e->scope], "group",
            group, "device", device, "sha256", pk_view_text(e->sha256), "package",
            pk_view_text(e->package), "signer", pk_view_text(e->signer), "team",
            pk_view_text(e->team), "threat", pk_view_text(e->threat), "rule", pk_view_text(e->rule),
            "created_at", pk_view_time(e->created_ms), "created_by", e->created_by, "expires_at",
            pk_view_time(e->expires_ms), "active",
            (int)(e->expires_ms == 0 || e->expires_ms > now_ms));
}

json_t *pk_view_app_rules(const struct pk_document *document)
{
    json_t *rules = NULL;

    if (document == NULL) {
        return json_pack("{s:i, s:n, s:n, s:{s:i}}", "version", 0, "changed_at", "changed_by",
                "rules", "version", 1);
    }
    if (pk_json_parse(document->text, strlen(document->text), &rules, NULL) < 0) {
        return NULL;
    }
    return json_pack("{s:I, s:o, s:s, s:o}", "version", (json_int_t)document->version, "changed_at",
            pk_view_time(document->at_ms), "changed_by", document->who, "rules", rules);
}

static json_t *source_of(const struct pk_intel_source *s)
{
    return json_pack("{s:s, s:o, s:o, s:o, s:I, s:I, s:I, s:I}", "name", s->name, "reference",
            pk_view_text(s->reference), "licence", pk_view_text(s->licence), "date",
            pk_view_text(s->date), "indicators", (json_int_t)s->indicators, "warnings",
            (json_int_t)s->warnings, "signers", (json_int_t)s->signers, "apps",
            (json_int_t)s->apps);
}

json_t *pk_view_intel_set(const struct pk_intel_set *set)
{
    struct pk_intel_info info;
    struct pk_intel_source source;
    json_t *sources;

    if (set == NULL) {
        return json_null();
    }
    pk_intel_set_info(set, &info);
    sources = json_array();
    for (size_t i = 0; pk_intel_source_at(set, i, &source); i++) {
        (void)json_array_append_new(sources, source_of(&source));
    }
    return json_pack("{s:s, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "version", info.version,
            "created_at", pk_view_time(info.created_ms), "bytes", (json_int_t)info.bytes,
            "indicators", (json_int_t)info.indicators, "values", (json_int_t)info.values,
            "warnings", (json_int_t)info.warnings, "signers",
            (json_int_t)pk_intel_signer_count(set), "apps", (json_int_t)pk_intel_app_count(set),
            "sources", sources);
}
