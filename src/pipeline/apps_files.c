/* App files: what comes, what the reader says of it, and how every copy hears of that. */
#include <stdio.h>

#include "crowd/visit_apps.h"
#include "defense/apps.h"
#include "model/app_verdict.h"
#include "pipeline/apps_circle.h"
#include "pipeline/apps_proof.h"

#define REPORT_MEMORY (64UL * 1024 * 1024)

static int no_memory(struct pk_error *err)
{
    return pk_error_set(err, PK_ENOMEM, "out of memory");
}

static int add_event(struct pk_store *store, const char *type, int64_t at_ms, json_t *detail,
        struct pk_pipeline_news *news, struct pk_error *err)
{
    struct pk_event_row row = { .at_ms = at_ms, .type = type, .detail = detail };
    int rc = pk_event_add(store, &row, err);

    json_decref(detail);
    news->events = true;
    return rc;
}

static int tell_judged(struct pk_store *store, const struct pk_app_file *file, int64_t now_ms,
        struct pk_pipeline_news *news, struct pk_error *err)
{
    return add_event(store, "app.judged", now_ms,
            json_pack("{s:s, s:s*, s:s*, s:s, s:s, s:f, s:s*}", "sha256", file->sha256, "app",
                    file->app[0] != '\0' ? file->app : NULL, "package",
                    file->package[0] != '\0' ? file->package : NULL, "state",
                    pk_app_file_state_names[file->state], "verdict",
                    pk_app_standing_names[file->standing], "score", file->score, "threat",
                    file->threat),
            news, err);
}

/* ---- arrival ---- */

int pk_apps_arrived(struct pk_store *store, const struct pk_app_arrival *arrival,
        struct pk_arena *arena, bool *known, struct pk_error *err)
{
    struct pk_app_file file = {
        .sha256 = arrival->sha256,
        .label = arrival->name,
        .size = arrival->size,
        .state = PK_FILE_UPLOADING,
        .uploaded_by = arrival->uploaded_by,
        .first_ms = arrival->at_ms,
        .last_ms = arrival->at_ms,
        .judgement = 1,
        .risk = -1,
    };
    bool fresh = false;
    int rc = pk_app_file_add(store, &file, &fresh, err);

    *known = false;
    if (rc < 0 || fresh) {
        return rc;
    }
    rc = pk_app_file_get(store, arrival->sha256, arena, &file, err);
    if (rc < 0) {
        return rc;
    }
    *known = file.state == PK_FILE_ANALYSED;
    if (*known) {
        return PK_OK;
    }
    file.state = PK_FILE_UPLOADING;
    file.error = NULL;
    file.size = arrival->size;
    file.uploaded_by = arrival->uploaded_by != NULL ? arrival->uploaded_by : file.uploaded_by;
    rc = pk_app_ask_end(store, arrival->sha256, arrival->at_ms, err);
    return rc < 0 ? rc : pk_app_file_put(store, &file, err);
}

int pk_apps_failed(struct pk_store *store, const char *sha256, const char *why, int64_t now_ms,
        struct pk_arena *arena, struct pk_pipeline_news *news, struct pk_error *err)
{
    struct pk_app_file file;
    int rc = pk_app_file_get(store, sha256, arena, &file, err);

    if (rc < 0) {
        return rc == PK_ENOENT ? PK_OK : rc;
    }
    file.state = PK_FILE_FAILED;
    file.error = why;
    rc = pk_app_file_put(store, &file, err);
    return rc < 0 ? rc : tell_judged(store, &file, now_ms, news, err);
}

/* ---- judging a file for everybody ---- */

static const char *first_signer(const struct pk_app_report *report)
{
    const struct pk_app_signature *s = report->signature;

    return s != NULL && s->signers.count > 0
            ? ((const struct pk_app_signer *)s->signers.items)->sha256
            : NULL;
}

static const char *or_before(const char *text, const char *before)
{
    return text != NULL && text[0] != '\0' ? text : before;
}

static json_t *reasons_of(const struct pk_app_report *report, struct pk_arena *arena)
{
    json_t *list = json_array();

    for (size_t i = 0; i < report->reasons.count; i++) {
        (void)json_array_append_new(list, json_string(report->reasons.items[i]));
    }
    return list != NULL && pk_arena_defer(arena, pk_json_release, list) == PK_OK ? list : NULL;
}

/* What the reader alone said, in two numbers: what others say of the app is not in them, or the crowd would
 * hear its own echo. */
static void note_content(struct pk_app_file *file, const struct pk_app_report *report)
{
    file->risk = report->score <= 0 ? 0 : report->score >= 1 ? 100 : (int64_t)(report->score * 100);
    file->permissions = (int64_t)pk_visit_permissions(&report->permissions);
}

/* report: as the reader made it, or of the inventory alone (read false). Afterwards it is judged. */
static int judge(struct pk_store *store, const struct pk_knowledge *knowledge,
        struct pk_app_file *file, struct pk_app_report *report, bool read, int64_t now_ms,
        struct pk_arena *arena, struct pk_error *err)
{
    struct pk_app_proof proof;
    struct pk_app_situation situation = { .now_ms = now_ms, .proof = &proof };
    struct pk_app_meaning meaning;
    int rc = pk_apps_proof(
            store, pk_knowledge_kanon(knowledge), report, now_ms, arena, &proof, err);

    if (read) {
        note_content(file, report);
    }
    if (rc == PK_OK) {
        rc = pk_reputation_judge(report, pk_knowledge_apps(knowledge), &situation, arena);
    }
    if (rc < 0) {
        return pk_error_set(err, rc, "an app cannot be judged: %s", pk_code_text(rc));
    }
    meaning = pk_app_meaning_of(report);
    file->standing = !read && report->verdict == PK_VERDICT_CLEAN
            ? PK_STANDING_UNKNOWN
            : (int)pk_app_standing_of(report->verdict);
    file->score = report->score;
    file->threat = meaning.threat != NULL ? meaning.threat->id : NULL;
    file->reasons = file->standing != PK_STANDING_UNKNOWN ? reasons_of(report, arena) : NULL;
    file->judged_ms = now_ms;
    file->knowledge = pk_knowledge_number(knowledge);
    return PK_OK;
}

/* The file belongs to an app by what stands in it, whatever its devices said. */
static int place(struct pk_store *store, struct pk_app_file *file, int64_t now_ms,
        struct pk_arena *arena, struct pk_error *err)
{
    struct pk_app_row row = {
        .package = file->package,
        .signer = file->signer,
        .label = file->label,
        .version = file->version,
        .version_code = file->version_code,
        .first_ms = file->first_ms,
        .last_ms = now_ms,
    };
    const char *before = file->app;
    bool fresh;
    int rc;

    if (file->package[0] == '\0') {
        file->app = "";
        return PK_OK;
    }
    pk_app_id(file->package, file->signer, row.id);
    rc = pk_app_add(store, &row, &fresh, err);
    file->app = pk_arena_strdup(arena, row.id);
    if (rc < 0 || file->app == NULL) {
        return rc < 0 ? rc : no_memory(err);
    }
    if (strcmp(before, row.id) == 0) {
        return PK_OK;
    }
    rc = pk_device_app_move(store, file->sha256, file->app, err);
    if (rc == PK_OK && before[0] != '\0') {
        rc = pk_app_recount(store, before, err);
    }
    return rc < 0 ? rc : pk_app_recount(store, file->app, err);
}

static bool same_text(const char *a, const char *b)
{
    return a != NULL && b != NULL ? strcmp(a, b) == 0 : a == b;
}

/* What copies were told, and may have to be told anew. */
struct before {
    int standing;
    const char *threat;
    const char *app;
};

static struct before remember(const struct pk_app_file *file)
{
    return (struct before){ .standing = file->standing, .threat = file->threat, .app = file->app };
}

static int write_judged(struct pk_store *store, const struct pk_knowledge *knowledge,
        struct pk_app_file *file, const struct before *before, bool always, int64_t now_ms,
        struct pk_pipeline_news *news, struct pk_error *err)
{
    bool changed = before->standing != file->standing || !same_text(before->threat, file->threat);
    /* Where nothing bad was or is, only what looks at the device can make a difference. */
    bool matters = always || changed || file->standing > PK_STANDING_CLEAN ||
            file->threat != NULL || pk_knowledge_is_local(knowledge);
    int rc;

    if (matters) {
        file->judgement++;
        file->push = file->devices > 0;
        news->apps |= file->push;
    }
    rc = pk_app_file_put(store, file, err);
    if (rc == PK_OK && file->app[0] != '\0') {
        rc = pk_app_refresh(store, file->app, err);
    }
    if (rc == PK_OK && !same_text(before->app, file->app) && before->app[0] != '\0') {
        rc = pk_app_refresh(store, before->app, err);
        if (rc == PK_OK) {
            rc = pk_app_drop_empty(store, before->app, err);
        }
    }
    return rc == PK_OK && (changed || always) ? tell_judged(store, file, now_ms, news, err) : rc;
}

int pk_apps_analysed(struct pk_store *store, const struct pk_knowledge *knowledge,
        const char *sha256, struct pk_app_report *report, int64_t now_ms, struct pk_arena *arena,
        struct pk_pipeline_news *news, struct pk_error *err)
{
    json_t *raw = pk_app_report_json(report);
    struct pk_app_file file;
    struct before before;
    int rc = raw != NULL ? pk_app_file_get(store, sha256, arena, &file, err) : no_memory(err);

    if (rc == PK_OK) {
        rc = pk_app_report_put(store, sha256, raw, err);
    }
    json_decref(raw);
    if (rc < 0) {
        return rc == PK_ENOENT ? PK_OK : rc;
    }
    before = remember(&file);
    file.package = or_before(report->package, file.package);
    file.label = report->package != NULL ? or_before(report->label, "") : file.label;
    file.version = or_before(report->version_name, file.version);
    file.version_code = report->version_code > 0 ? report->version_code : file.version_code;
    file.signer = or_before(first_signer(report), file.signer);
    file.size = report->size > 0 ? report->size : file.size;
    file.state = PK_FILE_ANALYSED;
    file.error = NULL;
    rc = judge(store, knowledge, &file, report, true, now_ms, arena, err);
    if (rc == PK_OK) {
        rc = place(store, &file, now_ms, arena, err);
    }
    if (rc == PK_OK) {
        rc = pk_app_ask_end(store, sha256, now_ms, err);
    }
    return rc < 0 ? rc : write_judged(store, knowledge, &file, &before, true, now_ms, news, err);
}

/* What is known of the file: the reader's report, or what devices say of it. */
static int basis(struct pk_store *store, const struct pk_app_file *file, struct pk_arena *arena,
        struct pk_app_report *out, bool *read, struct pk_error *err)
{
    struct pk_app_item item = {
        .package = file->package,
        .version = file->version,
        .version_code = file->version_code,
        .sha256 = file->sha256,
        .signer = file->signer,
        .label = file->label,
        .size = file->size,
    };
    int rc = PK_ENOENT;

    if (file->state == PK_FILE_ANALYSED) {
        rc = pk_app_report_get(store, file->sha256, arena, out, err);
    }
    *read = rc == PK_OK;
    if (rc == PK_ENOENT) {
        rc = pk_app_report_of_item(&item, arena, out);
    }
    return rc;
}

int pk_apps_judge_again(struct pk_store *store, const struct pk_knowledge *knowledge,
        struct pk_app_file *file, int64_t now_ms, struct pk_arena *arena,
        struct pk_pipeline_news *news, struct pk_error *err)
{
    struct before before = remember(file);
    struct pk_app_report report;
    bool read = false;
    int rc = basis(store, file, arena, &report, &read, err);

    if (rc == PK_OK) {
        rc = judge(store, knowledge, file, &report, read, now_ms, arena, err);
    }
    return rc < 0 ? rc : write_judged(store, knowledge, file, &before, false, now_ms, news, err);
}

int pk_apps_report(struct pk_store *store, const struct pk_knowledge *knowledge, const char *sha256,
        int64_t now_ms, struct pk_arena *arena, struct pk_app_report *out, struct pk_error *err)
{
    struct pk_app_proof proof;
    struct pk_app_situation situation = { .now_ms = now_ms, .proof = &proof };
    int rc = pk_app_report_get(store, sha256, arena, out, err);

    if (rc == PK_OK) {
        rc = pk_apps_proof(store, pk_knowledge_kanon(knowledge), out, now_ms, arena, &proof, err);
    }
    if (rc == PK_OK) {
        rc = pk_reputation_judge(out, pk_knowledge_apps(knowledge), &situation, arena);
    }
    return rc;
}

/* ---- to every copy ---- */

static bool is_other(const struct pk_device_app *a, const struct pk_device_app *b)
{
    return a->standing != b->standing || a->judgement != b->judgement ||
            !same_text(a->threat, b->threat) || !same_text(a->subject, b->subject) ||
            !same_text(a->excepted, b->excepted);
}

static int push_one(const struct pk_circle *with, const struct pk_knowledge *knowledge,
        const struct pk_app_report *base, int64_t judgement, struct pk_device_app *row,
        int64_t now_ms, bool *commands)
{
    struct pk_arena *scratch = pk_arena_create(REPORT_MEMORY);
    struct pk_circle *c = scratch != NULL ? pk_circle_open(with) : NULL;
    const struct pk_device_app before = *row;
    int rc = c != NULL ? pk_circle_load(c, row->device) : no_memory(with->err);

    if (rc == PK_OK) {
        rc = pk_circle_app_judge(c, knowledge, base, row, now_ms, scratch);
    }
    if (rc == PK_OK) {
        rc = pk_circle_settle(c, now_ms);
    }
    row->judgement = judgement;
    if (rc == PK_OK && is_other(&before, row)) {
        rc = pk_device_app_put(c->store, row, c->err);
    }
    if (rc == PK_OK && before.standing != row->standing) {
        rc = pk_app_refresh(c->store, row->app, c->err);
    }
    *commands = with->news->commands;
    pk_circle_close(c);
    pk_arena_destroy(scratch);
    return rc;
}

static int push_all(const struct pk_circle *with, const struct pk_knowledge *knowledge,
        const struct pk_app_report *base, int64_t judgement, struct pk_array *rows, int64_t now_ms,
        pk_apps_tell tell, void *ctx)
{
    struct pk_device_app *copies = rows->items;
    int rc = PK_OK;

    for (size_t i = 0; i < rows->count && rc == PK_OK; i++) {
        bool commands = false;

        with->news->commands = false;
        rc = push_one(with, knowledge, base, judgement, &copies[i], now_ms, &commands);
        if (rc == PK_OK && commands) {
            tell(copies[i].device, ctx);
        }
    }
    return rc;
}

int pk_apps_push(const struct pk_pipeline *pipeline, struct pk_store *store,
        const struct pk_knowledge *knowledge, struct pk_app_file *file, int64_t limit,
        int64_t now_ms, pk_apps_tell tell, void *ctx, struct pk_pipeline_news *news, bool *left,
        struct pk_error *err)
{
    struct pk_circle with = { .pipeline = pipeline, .store = store, .news = news, .err = err };
    struct pk_arena *arena = pk_arena_create(REPORT_MEMORY);
    struct pk_app_report report;
    struct pk_array rows = { 0 };
    bool read = false;
    int rc = arena != NULL ? pk_device_app_stale(store, file->sha256, file->judgement, limit + 1,
                                     arena, &rows, err)
                           : no_memory(err);

    *left = rc == PK_OK && rows.count > (size_t)limit;
    rows.count = *left ? (size_t)limit : rows.count;
    if (rc == PK_OK && rows.count > 0) {
        rc = basis(store, file, arena, &report, &read, err);
    }
    if (rc == PK_OK && rows.count > 0) {
        rc = push_all(
                &with, knowledge, read ? &report : NULL, file->judgement, &rows, now_ms, tell, ctx);
    }
    if (rc == PK_OK && !*left) {
        file->push = false;
        rc = pk_app_file_put(store, file, err);
    }
    pk_arena_destroy(arena);
    return rc;
}

int pk_apps_judge_unhashed(const struct pk_pipeline *pipeline, struct pk_store *store,
        const struct pk_knowledge *knowledge, struct pk_apps_place *place, int64_t limit,
        int64_t now_ms, pk_apps_tell tell, void *ctx, struct pk_pipeline_news *news, bool *left,
        struct pk_error *err)
{
    struct pk_circle with = { .pipeline = pipeline, .store = store, .news = news, .err = err };
    struct pk_arena *arena = pk_arena_create(REPORT_MEMORY);
    const struct pk_device_app *last;
    struct pk_array rows = { 0 };
    int rc = arena != NULL
            ? pk_device_app_unhashed(store, place->device, place->package, limit, arena, &rows, err)
            : no_memory(err);

    *left = rc == PK_OK && rows.count == (size_t)limit;
    if (rc == PK_OK && rows.count > 0) {
        rc = push_all(&with, knowledge, NULL, 0, &rows, now_ms, tell, ctx);
        last = (const struct pk_device_app *)rows.items + rows.count - 1;
        (void)snprintf(place->device, sizeof(place->device), "%s", last->device);
        (void)snprintf(place->package, sizeof(place->package), "%s", last->package);
    }
    pk_arena_destroy(arena);
    return rc;
}
