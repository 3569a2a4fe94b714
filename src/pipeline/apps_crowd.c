/* What devices' apps tell the crowd: words in the store, written in the transaction that learns of the app, taken by
 * the crowd's thread in their order. Nothing is told twice, and nothing that was committed is lost. */
#include "base/buffer.h"
#include "crowd/key.h"
#include "crowd/visit_apps.h"
#include "pipeline/apps_circle.h"
#include "store/crowd_rows.h"

#define LINE_MAX   256
#define RETOLD     24  /* copies that are told again with a file's risk: more teach nothing new */
#define SURE_LEAST 0.9 /* an incident is told from here on */

static int tell(struct pk_store *store, const struct pk_sighting *sighting, const char *device,
        struct pk_pipeline_news *news, struct pk_error *err)
{
    struct pk_buffer line = pk_buffer_of(LINE_MAX);
    int rc;

    pk_visit_app_write(sighting, device, &line);
    rc = line.rc < 0 ? pk_error_set(err, line.rc, "an app cannot be told to the crowd")
                     : pk_crowd_word_add(store, line.ptr, err);
    pk_buffer_finish(&line);
    news->crowd |= rc == PK_OK;
    return rc;
}

static int tell_copy(struct pk_store *store, const struct pk_device_app *row,
        const struct pk_app_file *file, int64_t at_ms, struct pk_pipeline_news *news,
        struct pk_error *err)
{
    struct pk_visit_app app = {
        .package = row->package,
        .sha256 = row->sha256,
        .signer = file->signer[0] != '\0' ? file->signer : row->signer,
        .installer = row->installer,
        .version_code = row->version_code,
        .permissions = (uint64_t)file->permissions,
        .risk = (int)file->risk,
        .system = row->system == PK_TRI_YES,
    };
    struct pk_sighting sighting = { .at_s = at_ms / 1000, .kind = PK_SIGHTING_APP };

    return pk_visit_app(&app, &sighting.app) ? tell(store, &sighting, row->device, news, err)
                                             : PK_OK;
}

int pk_circle_tell_app(struct pk_circle *c, const struct pk_device_app *row,
        const struct pk_app_file *file, int64_t at_ms)
{
    return c->pipeline->crowd && file != NULL
            ? tell_copy(c->store, row, file, at_ms, c->news, c->err)
            : PK_OK;
}

/* What a list says, everybody can read there; and it can be taken back, which the crowd cannot. */
static bool is_content(const char *rule)
{
    static const char *const begins[] = { "rules/", "model/", "structure/", "leaks/" };

    for (size_t i = 0; i < PK_COUNT(begins); i++) {
        if (strncmp(rule, begins[i], strlen(begins[i])) == 0) {
            return true;
        }
    }
    return false;
}

int pk_circle_tell_malware(struct pk_circle *c, const struct pk_device_app *row,
        const struct pk_app_meaning *meaning, const struct pk_app_report *report, int64_t at_ms)
{
    struct pk_sighting sighting = {
        .at_s = at_ms / 1000,
        .kind = PK_SIGHTING_INCIDENT,
        .incident = { .attack = PK_SIGHT_MALWARE,
                .file = pk_crowd_digest_of(row->sha256),
                .package = pk_crowd_hash(row->package),
                .confidence = (uint8_t)(100 * meaning->confidence) },
    };

    if (!c->pipeline->crowd || sighting.incident.file == 0 ||
            report->verdict != PK_VERDICT_MALICIOUS || meaning->confidence < SURE_LEAST ||
            meaning->confidence > 1 || !is_content(meaning->rule)) {
        return PK_OK;
    }
    return tell(c->store, &sighting, row->device, c->news, c->err);
}

int pk_apps_retell(const struct pk_pipeline *pipeline, struct pk_store *store, const char *sha256,
        int64_t now_ms, struct pk_arena *arena, struct pk_pipeline_news *news, struct pk_error *err)
{
    struct pk_app_file file;
    struct pk_array rows = { 0 };
    const struct pk_device_app *all;
    int rc = pipeline->crowd ? pk_app_file_get(store, sha256, arena, &file, err) : PK_ENOENT;

    if (rc == PK_OK && file.state == PK_FILE_ANALYSED) {
        rc = pk_device_app_stale(store, sha256, INT64_MAX, RETOLD, arena, &rows, err);
    }
    all = rc == PK_OK ? rows.items : NULL;
    for (size_t i = 0; rc == PK_OK && i < rows.count; i++) {
        rc = tell_copy(store, &all[i], &file, now_ms, news, err);
    }
    return rc == PK_ENOENT ? PK_OK : rc;
}
