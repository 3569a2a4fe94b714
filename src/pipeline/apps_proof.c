#include "pipeline/apps_proof.h"

#include <strings.h>

#include "crowd/key.h"
#include "crowd/visit_apps.h"
#include "store/crowd_rows.h"

#define SIGNINGS_MAX 32 /* signers of one package that are looked at */
#define COPIES_MAX \
    4000 /* of one app that are looked at for where they came from: a sample of more */
#define COMMON_LEAST 5 /* as in the judge: below, nobody is asked for more */
#define RARE_TIMES   10
#define SETTLED_MAX  1000
#define DOUBTS_MAX   50 /* files of a package that are judged again at a time */

static int no_memory(struct pk_error *err)
{
    return pk_error_set(err, PK_ENOMEM, "out of memory");
}

struct pk_app_ways pk_apps_proof_ways(const struct pk_array *brought)
{
    const struct pk_app_brought *all = brought->items;
    struct pk_app_ways ways = { 0 };

    for (size_t i = 0; i < brought->count; i++) {
        enum pk_sight_source source = pk_visit_source(
                all[i].installer, all[i].system == PK_TRI_YES);

        if (pk_visit_source_is_public(source)) {
            ways.store += all[i].copies;
        } else if (source == PK_SIGHT_FROM_MDM) {
            ways.mdm += all[i].copies;
        } else if (pk_visit_source_is_hand(source)) {
            ways.hand += all[i].copies;
        } else {
            ways.other += all[i].copies;
        }
    }
    return ways;
}

/* ---- signers ---- */

static const char *signer_of(const struct pk_app_report *report)
{
    const struct pk_app_signature *s = report->signature;

    return s != NULL && s->signers.count > 0
            ? ((const struct pk_app_signer *)s->signers.items)->sha256
            : NULL;
}

struct asked {
    struct pk_store *store;
    const struct pk_kanon *kanon;
    const struct pk_app_report *report;
    const char *signer;
    struct pk_arena *arena;
    struct pk_app_proof *out;
    struct pk_error *err;
};

/* A sample stands for the whole. */
static int64_t scaled(int64_t part, int64_t sample, int64_t all)
{
    return sample <= 0 || sample >= all ? part : part * all / sample;
}

static int fill_ways(struct asked *a, const struct pk_app_row *app, struct pk_app_prevalence *out)
{
    struct pk_array rows = { 0 };
    struct pk_app_ways w;
    int64_t sample;
    int rc = pk_app_proof_sources(a->store, app->id, COPIES_MAX, a->arena, &rows, a->err);

    if (rc == PK_OK) {
        w = pk_apps_proof_ways(&rows);
        sample = w.store + w.mdm + w.hand + w.other;
        out->store_devices = scaled(w.store, sample, app->devices);
        out->mdm_devices = scaled(w.mdm, sample, app->devices);
    }
    return rc;
}

/* What else stores, makers of devices and device management brought by this signer. */
static int fill_breadth(struct asked *a, struct pk_app_prevalence *out)
{
    struct pk_array rows = { 0 };
    const struct pk_app_brought *all;
    int rc = pk_app_proof_signer(a->store, out->cert, COPIES_MAX, a->arena, &rows, a->err);

    all = rc == PK_OK ? rows.items : NULL;
    for (size_t i = 0; rc == PK_OK && i < rows.count; i++) {
        enum pk_sight_source source = pk_visit_source(
                all[i].installer, all[i].system == PK_TRI_YES);

        if (pk_visit_source_is_public(source) || source == PK_SIGHT_FROM_MDM) {
            out->installs += all[i].copies;
            out->packages = all[i].packages > out->packages ? all[i].packages : out->packages;
        }
    }
    return rc;
}

/* The newest file of the app that was read: what it asks for. */
static int fill_usual(struct asked *a, const char *app)
{
    struct pk_array files = { 0 };
    const struct pk_app_file *all;
    struct pk_app_report *report = pk_arena_alloc(a->arena, 1, sizeof(*report));
    int rc = report != NULL ? pk_app_file_of(a->store, app, 10, a->arena, &files, a->err)
                            : no_memory(a->err);

    all = rc == PK_OK ? files.items : NULL;
    for (size_t i = 0; rc == PK_OK && i < files.count; i++) {
        if (all[i].state == PK_FILE_ANALYSED) {
            rc = pk_app_report_get(a->store, all[i].sha256, a->arena, report, a->err);
            a->out->usual = rc == PK_OK ? &report->permissions : NULL;
            return rc == PK_ENOENT ? PK_OK : rc;
        }
    }
    return rc;
}

static bool is_own(const struct asked *a, const struct pk_app_row *app)
{
    return strcasecmp(app->signer, a->signer) == 0;
}

/* Rows come most common first. */
static const struct pk_app_row *most_common(const struct asked *a, const struct pk_array *apps)
{
    const struct pk_app_row *all = apps->items;

    for (size_t i = 0; i < apps->count; i++) {
        if (all[i].signer[0] != '\0' && !is_own(a, &all[i])) {
            return &all[i];
        }
    }
    return NULL;
}

static int64_t own_devices(const struct asked *a, const struct pk_array *apps)
{
    const struct pk_app_row *all = apps->items;
    int64_t own = 0;

    for (size_t i = 0; i < apps->count; i++) {
        own += is_own(a, &all[i]) ? all[i].devices : 0;
    }
    return own;
}

static int fill_rows(struct asked *a, const struct pk_array *apps, const struct pk_app_row *other)
{
    const struct pk_app_row *all = apps->items;
    struct pk_app_prevalence *rows = pk_arena_alloc(a->arena, apps->count, sizeof(*rows));
    size_t count = 0;
    int rc = rows != NULL ? PK_OK : no_memory(a->err);

    for (size_t i = 0; i < apps->count && rc == PK_OK; i++) {
        struct pk_app_prevalence *row = &rows[count];

        if (all[i].signer[0] == '\0') {
            continue; /* nobody knows who signed it */
        }
        *row = (struct pk_app_prevalence){ .cert = all[i].signer, .devices = all[i].devices };
        count++;
        if (is_own(a, &all[i]) || &all[i] == other) {
            rc = fill_ways(a, &all[i], row);
        }
        if (rc == PK_OK && is_own(a, &all[i])) {
            rc = fill_breadth(a, row);
        }
    }
    a->out->signers = rows;
    a->out->signer_count = count;
    return rc;
}

/* Only where another signer is so much more common that the judge would say something. */
static int fill_signers(struct asked *a)
{
    const struct pk_app_row *other;
    struct pk_array apps = { 0 };
    int rc = pk_app_proof_signings(
            a->store, a->report->package, SIGNINGS_MAX, a->arena, &apps, a->err);

    other = rc == PK_OK ? most_common(a, &apps) : NULL;
    if (other == NULL || other->devices < COMMON_LEAST ||
            other->devices / RARE_TIMES < own_devices(a, &apps)) {
        return rc;
    }
    rc = fill_rows(a, &apps, other);
    if (rc == PK_OK) {
        rc = fill_usual(a, other->id);
    }
    return rc == PK_OK ? pk_app_proof_fleet(a->store, &a->out->fleet, a->err) : rc;
}

/* ---- the file ---- */

static bool is_doubted(const struct pk_app_report *report)
{
    const struct pk_app_finding *items = report->findings.items;

    for (size_t i = 0; i < report->findings.count; i++) {
        if (items[i].weight > PK_APP_WEIGHT_NONE) {
            return true;
        }
    }
    return false;
}

static int fill_file(struct asked *a, int64_t now_ms)
{
    struct pk_app_file *file = pk_arena_alloc(a->arena, 1, sizeof(*file));
    int rc = file != NULL ? pk_app_file_get(a->store, a->report->sha256, a->arena, file, a->err)
                          : no_memory(a->err);

    if (rc < 0) {
        return rc == PK_ENOENT ? PK_OK : rc;
    }
    a->out->file_devices = file->devices;
    a->out->file_first_ms = file->first_ms;
    return file->devices < PK_PROOF_SETTLED
            ? PK_OK
            : pk_app_proof_settled(a->store, file->sha256, now_ms - PK_PROOF_SETTLED_MS,
                      SETTLED_MAX, &a->out->file_settled, a->err);
}

/* ---- what the crowd says ---- */

/* Few devices are not counted aloud: an incident is read by others than those that spoke. */
static int fill_word(struct asked *a, const struct pk_crowd_key *key, struct pk_app_word *out)
{
    struct pk_crowd_thing thing = {
        .a = (int64_t)key->a, .b = (int64_t)key->b, .kind = (int)key->kind
    };
    struct pk_crowd_change_row row;
    int rc;

    if (key->a == 0) {
        return PK_OK;
    }
    rc = pk_crowd_bad_get(a->store, &thing, a->arena, &row, NULL);
    if (rc == PK_OK) {
        uint32_t devices = row.devices > UINT32_MAX ? UINT32_MAX : (uint32_t)row.devices;

        *out = (struct pk_app_word){
            .bad = true,
            .log_odds = row.log_odds,
            .devices = pk_kanon_sum(a->kanon, PK_KANON_VIEW, devices),
            .groups = row.groups,
            .since_ms = row.at_ms,
        };
    }
    return rc == PK_OK || rc == PK_ENOENT
            ? PK_OK
            : pk_error_set(a->err, rc, "the crowd's words cannot be read: %s", pk_code_text(rc));
}

static int fill_words(struct asked *a)
{
    struct pk_crowd_key file = pk_crowd_key_of_app(a->report->sha256);
    struct pk_crowd_key signer = pk_crowd_key_of_signer(a->signer);
    int rc = fill_word(a, &file, &a->out->file);

    return rc < 0 ? rc : fill_word(a, &signer, &a->out->signer);
}

int pk_apps_proof(struct pk_store *store, const struct pk_kanon *kanon,
        const struct pk_app_report *report, int64_t now_ms, struct pk_arena *arena,
        struct pk_app_proof *out, struct pk_error *err)
{
    struct asked a = { .store = store,
        .kanon = kanon,
        .report = report,
        .signer = signer_of(report),
        .arena = arena,
        .out = out,
        .err = err };
    int rc = PK_OK;

    *out = (struct pk_app_proof){ 0 };
    if (report->package != NULL && a.signer != NULL && report->apple == NULL) {
        rc = fill_signers(&a);
    }
    if (rc == PK_OK && report->sha256 != NULL && is_doubted(report)) {
        rc = fill_file(&a, now_ms);
    }
    return rc < 0 ? rc : fill_words(&a);
}

/* ---- when numbers cross ---- */

bool pk_apps_proof_is_step(int64_t devices)
{
    static const int64_t steps[] = { 1, 2, 3, 5, 10, 20, 30, 50 };

    for (size_t i = 0; i < PK_COUNT(steps); i++) {
        if (devices == steps[i]) {
            return true;
        }
    }
    /* then 100, 200, 400 ... */
    return devices >= 100 && devices % 100 == 0 && (devices / 100 & (devices / 100 - 1)) == 0;
}

int pk_apps_proof_counted(struct pk_store *store, const char *package, int64_t devices, bool *doubt,
        struct pk_error *err)
{
    int64_t count = 0;
    int rc = PK_OK;

    if (pk_apps_proof_is_step(devices)) {
        rc = pk_app_proof_doubt_package(store, package, DOUBTS_MAX, &count, err);
    }
    *doubt = *doubt || count > 0;
    return rc;
}
