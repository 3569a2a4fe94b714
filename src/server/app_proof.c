#include "server/app_proof.h"

#include <inttypes.h>
#include <strings.h>

#include "base/clock.h"
#include "crowd/key.h"
#include "crowd/visit_apps.h"
#include "intel/set.h"
#include "pipeline/apps_proof.h"
#include "pipeline/knowledge.h"
#include "server/crowd.h"
#include "server/view_app.h"
#include "server/view_crowd.h"

#define SIGNERS_MAX  10
#define VERSIONS_MAX 10
#define COPIES_MAX \
    200000 /* of an app whose sources are counted: all of them, but of fleets beyond it */
#define CERTS_MAX 64
#define WEEK_MS   (7 * PK_DAY_MS)
#define NEW_MS    (3 * PK_DAY_MS)

struct proof {
    struct pk_call *call;
    const struct pk_app_row *app;
    const struct pk_knowledge *knowledge;
    struct pk_array signings; /* struct pk_app_row: of the package */
    struct pk_array brought;  /* struct pk_app_brought: of the app */
    struct pk_app_ways ways;
    int64_t fleet;
    int64_t week;  /* devices that got it in the last 7 days */
    int64_t other; /* devices that have the package by another signer */
    json_t *summary;
    struct pk_error *err;
};

static int gather(struct proof *p)
{
    struct pk_store *store = p->call->store;
    const struct pk_app_row *rows;
    int rc = pk_app_proof_fleet(store, &p->fleet, p->err);

    if (rc == PK_OK) {
        rc = pk_app_proof_signings(
                store, p->app->package, SIGNERS_MAX, p->call->arena, &p->signings, p->err);
    }
    if (rc == PK_OK) {
        rc = pk_app_proof_sources(
                store, p->app->id, COPIES_MAX, p->call->arena, &p->brought, p->err);
    }
    if (rc == PK_OK) {
        rc = pk_app_proof_since(store, p->app->id, p->call->now_ms - WEEK_MS, &p->week, p->err);
    }
    p->ways = pk_apps_proof_ways(&p->brought);
    rows = p->signings.items;
    for (size_t i = 0; i < p->signings.count; i++) {
        p->other += strcmp(rows[i].id, p->app->id) != 0 && rows[i].signer[0] != '\0'
                ? rows[i].devices
                : 0;
    }
    return rc;
}

/* ---- sentences ---- */

static void PK_PRINTF(2, 3) say(struct proof *p, const char *format, ...)
{
    char text[400];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    (void)json_array_append_new(p->summary, json_string(text));
}

static const char *many(int64_t n)
{
    return n == 1 ? "" : "s";
}

static void say_how_many(struct proof *p)
{
    const struct pk_app_row *app = p->app;
    int64_t age = p->call->now_ms - app->first_ms;

    if (p->fleet > 0 && app->devices > 0) {
        say(p, "On %" PRId64 " of %" PRId64 " device%s (%.*f %%)", app->devices, p->fleet,
                many(p->fleet), app->devices * 100 < p->fleet * 10 ? 1 : 0,
                100.0 * (double)app->devices / (double)p->fleet);
    } else {
        say(p, "On %" PRId64 " device%s", app->devices, many(app->devices));
    }
    if (age < NEW_MS) {
        say(p, "New: first seen here less than 3 days ago");
    } else {
        say(p, "First seen here %" PRId64 " days ago", age / PK_DAY_MS);
    }
    if (p->week > 0) {
        say(p, "%" PRId64 " device%s got it in the last 7 days", p->week, many(p->week));
    }
}

static void say_signer(struct proof *p)
{
    int64_t others = p->app->devices > 1 ? p->app->devices - 1 : 0;

    if (p->app->signer[0] == '\0') {
        say(p, "Nobody knows who signed it");
    } else if (p->other > 0 && p->app->devices > p->other) {
        say(p,
                "The same signer as on most: %" PRId64
                " installation%s of this package ha%s another one",
                p->other, many(p->other), p->other == 1 ? "s" : "ve");
    } else if (p->other > 0) {
        say(p, "Signed by another key than %" PRId64 " other installation%s of this package",
                p->other, many(p->other));
    } else if (others > 0) {
        say(p, "Every installation of this package has the same signer");
    } else {
        say(p, "Nobody else has this package");
    }
}

static void say_ways(struct proof *p)
{
    const struct pk_app_ways *w = &p->ways;

    if (w->mdm > 0 && w->mdm * 2 >= p->app->devices) {
        say(p, "Device management brought it: an app of the organisation's own, or chosen by it");
    } else if (w->hand > 0 && w->store > 0) {
        say(p, "%" PRId64 " from a store, %" PRId64 " by hand", w->store, w->hand);
    } else if (w->hand > 0) {
        say(p, "No store brought it: %" PRId64 " by hand", w->hand);
    }
}

/* ---- parts ---- */

static json_t *sources_of(const struct proof *p)
{
    const struct pk_app_brought *rows = p->brought.items;
    int64_t copies[PK_SIGHT_FROM_UNKNOWN + 1] = { 0 };
    json_t *list = json_array();

    for (size_t i = 0; i < p->brought.count; i++) {
        copies[pk_visit_source(rows[i].installer, rows[i].system == PK_TRI_YES)] += rows[i].copies;
    }
    for (size_t i = 0; i < PK_COUNT(copies); i++) {
        if (copies[i] > 0) {
            (void)json_array_append_new(list,
                    json_pack("{s:s, s:I}", "source", pk_sight_source_names[i], "copies",
                            (json_int_t)copies[i]));
        }
    }
    return list;
}

/* The list that knows this certificate for the package; NULL: none. */
static const char *known_as(const struct proof *p, const char *cert)
{
    const struct pk_app_knowledge *apps = pk_knowledge_apps(p->knowledge);
    const struct pk_intel_set *const *sets = apps != NULL ? apps->sets : NULL;

    for (size_t i = 0; sets != NULL && sets[i] != NULL; i++) {
        size_t first = 0;
        size_t count = pk_intel_signers(sets[i], p->app->package, &first);

        for (size_t n = 0; n < count && n < CERTS_MAX; n++) {
            struct pk_intel_signer signer;

            if (pk_intel_signer_at(sets[i], first + n, &signer) &&
                    strcasecmp(signer.cert, cert) == 0) {
                return pk_arena_strdup(p->call->arena, signer.source);
            }
        }
    }
    return NULL;
}

static int add_signer(struct proof *p, const struct pk_app_row *row, json_t *list)
{
    bool own = strcmp(row->id, p->app->id) == 0;
    struct pk_array brought = p->brought;
    struct pk_app_ways w;
    int rc = own ? PK_OK
                 : pk_app_proof_sources(
                           p->call->store, row->id, COPIES_MAX, p->call->arena, &brought, p->err);

    if (rc < 0) {
        return rc;
    }
    w = pk_apps_proof_ways(&brought);
    (void)json_array_append_new(list,
            json_pack("{s:s, s:o, s:I, s:I, s:I, s:I, s:o, s:o, s:b, s:o}", "app", row->id,
                    "signer", pk_view_text(row->signer), "devices", (json_int_t)row->devices,
                    "from_store", (json_int_t)w.store, "from_management", (json_int_t)w.mdm,
                    "by_hand", (json_int_t)w.hand, "first_seen_at", pk_view_time(row->first_ms),
                    "last_seen_at", pk_view_time(row->last_ms), "own", (int)own, "known_as",
                    pk_view_text(known_as(p, row->signer))));
    return PK_OK;
}

static int signers_of(struct proof *p, json_t **out)
{
    const struct pk_app_row *rows = p->signings.items;
    int rc = PK_OK;

    *out = json_array();
    for (size_t i = 0; i < p->signings.count && rc == PK_OK; i++) {
        if (rows[i].devices > 0 || strcmp(rows[i].id, p->app->id) == 0) {
            rc = add_signer(p, &rows[i], *out);
        }
    }
    return rc;
}

/* Files come newest version first. */
static json_t *versions_of(const struct pk_array *files)
{
    const struct pk_app_file *rows = files->items;
    json_t *list = json_array();
    size_t count = 0;

    for (size_t i = 0; i < files->count && count < VERSIONS_MAX; i++) {
        if (rows[i].devices > 0) {
            count++;
            (void)json_array_append_new(list,
                    json_pack("{s:s, s:o, s:I, s:I, s:o}", "sha256", rows[i].sha256, "version",
                            pk_view_text(rows[i].version), "version_code",
                            (json_int_t)rows[i].version_code, "devices",
                            (json_int_t)rows[i].devices, "first_seen_at",
                            pk_view_time(rows[i].first_ms)));
        }
    }
    return list;
}

/* ---- the crowd: through the door, as everything that others know ---- */

static json_t *opinion_of(
        const struct proof *p, struct pk_crowd_door *door, const struct pk_crowd_key *key)
{
    struct pk_crowd_opinion opinion;
    enum pk_kanon_answer answer;

    if (key->a == 0 || !pk_crowd_server_ask(p->call->server->crowd, key, &opinion)) {
        return json_null();
    }
    answer = pk_crowd_door_ask(door, key, &opinion);
    return answer == PK_KANON_HIDDEN
            ? json_null()
            : pk_view_crowd_opinion(door, &opinion, answer == PK_KANON_BARE);
}

/* What it knows of the newest file, its package and its signer; null: nothing, or there is no crowd. */
static json_t *crowd_of(const struct proof *p, const struct pk_array *files)
{
    const struct pk_app_file *newest = files->count > 0 ? files->items : NULL;
    struct pk_crowd_key file = pk_crowd_key_of_app(newest != NULL ? newest->sha256 : NULL);
    struct pk_crowd_key signer = pk_crowd_key_of_signer(p->app->signer);
    struct pk_crowd_door door;
    struct pk_crowd_app known;

    if (!pk_crowd_server_app(
                p->call->server->crowd, pk_crowd_hash(p->app->package), file.a, signer.a, &known)) {
        return json_null();
    }
    pk_crowd_door_init(&door, p->call);
    return json_pack("{s:o, s:o, s:o}", "known", pk_view_crowd_app(&door, &known), "file",
            opinion_of(p, &door, &file), "signer", opinion_of(p, &door, &signer));
}

/* One signer alone, or only its own: consistent. Without a signer nobody can say. */
static json_t *consistent(const struct proof *p)
{
    return p->app->signer[0] == '\0' ? json_null() : json_boolean(p->other == 0);
}

static int build(struct proof *p, const struct pk_array *files, json_t **out)
{
    json_t *signers = NULL;
    int rc = signers_of(p, &signers);

    if (rc < 0) {
        json_decref(signers);
        return rc;
    }
    say_how_many(p);
    say_signer(p);
    say_ways(p);
    *out = json_pack("{s:I, s:I, s:f, s:I, s:o, s:o, s:I, s:o, s:o, s:o, s:O}", "fleet",
            (json_int_t)p->fleet, "devices", (json_int_t)p->app->devices, "share",
            p->fleet > 0 ? (double)p->app->devices / (double)p->fleet : 0.0, "devices_7d",
            (json_int_t)p->week, "sources", sources_of(p), "same_signer", consistent(p),
            "other_signers", (json_int_t)p->other, "signers", signers, "versions",
            versions_of(files), "crowd", crowd_of(p, files), "summary", p->summary);
    return *out != NULL ? PK_OK : pk_error_set(p->err, PK_ENOMEM, "out of memory");
}

int pk_app_proof_view(struct pk_call *call, const struct pk_app_row *app,
        const struct pk_array *files, json_t **out, struct pk_error *err)
{
    struct pk_knowledge *knowledge = pk_shelf_take(call->server->shelf);
    struct proof p = {
        .call = call, .app = app, .knowledge = knowledge, .summary = json_array(), .err = err
    };
    int rc = gather(&p);

    if (rc == PK_OK) {
        rc = build(&p, files, out);
    }
    json_decref(p.summary);
    pk_knowledge_unref(knowledge);
    return rc;
}
