#include "cli/replay_preds.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/replay_explain.h"
#include "risk/table.h"

#define DAY_S        86400
#define EARLIER_30   14 /* days that predictions for 30 days begin before those for 7 */
#define INPUTS_EVERY 3
#define INPUTS_FROM  9
#define DEVICES_MAX  (4U << 20)

struct name { /* the texts of pseudonyms, for the lines that are written */
    uint64_t device;
    char text[40];
};

struct pk_replay_preds {
    struct pk_hazard *hazard;
    struct pk_rows names;
    FILE *preds, *inputs, *joins;
    int64_t first_day, day, from_days;
    int explain;
    int64_t last_s; /* of the newest line */
    float visits;   /* of the network of the line at hand, before it */
    int64_t now_s;
};

static int open_one(const char *file, FILE **out, struct pk_error *err)
{
    if (file == NULL) {
        return PK_OK;
    }
    *out = fopen(file, "we");
    return *out == NULL
            ? pk_error_set(err, -errno, "cannot write '%s': %s", file, pk_code_text(-errno))
            : PK_OK;
}

int pk_replay_preds_create(const struct pk_replay_preds_files *files, struct pk_replay_preds **out,
        struct pk_error *err)
{
    struct pk_replay_preds *p = calloc(1, sizeof(*p));
    struct pk_hazard_settings settings = { .no_online = files->no_online };
    int rc = p == NULL ? pk_error_set(err, PK_ENOMEM, "out of memory")
                       : pk_hazard_create(&settings, &p->hazard, err);

    if (rc == PK_OK) {
        p->names = (struct pk_rows){ .size = sizeof(struct name), .max = DEVICES_MAX };
        p->explain = files->explain;
        p->from_days = files->from_days != 0 ? files->from_days : PK_PREDS_FROM;
        rc = open_one(files->preds, &p->preds, err);
    }
    rc = rc == PK_OK ? open_one(files->inputs, &p->inputs, err) : rc;
    rc = rc == PK_OK ? open_one(files->joins, &p->joins, err) : rc;
    if (rc < 0) {
        pk_replay_preds_destroy(p);
        return rc;
    }
    if (p->inputs != NULL) {
        (void)fprintf(p->inputs, "d\tt");
        for (size_t i = 0; i < PK_HAZARD_TERMS; i++) {
            (void)fprintf(p->inputs, "\t%s", pk_hazard_term_names[i]);
        }
        (void)fputc('\n', p->inputs);
    }
    *out = p;
    return PK_OK;
}

/* ---- midnights ------------------------------------------------------------------------------------ */

static void predict_one(void *ctx, uint64_t device, int64_t enrolled_s)
{
    struct pk_replay_preds *p = ctx;
    const struct name *name = pk_rows_find(&p->names, device);
    int64_t days = p->day - p->first_day;
    struct pk_hazard_prediction is;

    (void)enrolled_s;
    if (name == NULL || !pk_hazard_predict(p->hazard, device, p->now_s, &is)) {
        return;
    }
    if (days >= p->from_days) {
        (void)fprintf(p->preds, "{\"d\":\"%s\",\"t\":%lld,\"h\":7,\"p\":%.6f}\n", name->text,
                (long long)p->now_s, is.p7);
    }
    (void)fprintf(p->preds, "{\"d\":\"%s\",\"t\":%lld,\"h\":30,\"p\":%.6f}\n", name->text,
            (long long)p->now_s, is.p30);
}

static void inputs_one(void *ctx, uint64_t device, int64_t enrolled_s)
{
    struct pk_replay_preds *p = ctx;
    const struct name *name = pk_rows_find(&p->names, device);
    double x[PK_HAZARD_TERMS];

    (void)enrolled_s;
    if (name == NULL || !pk_hazard_inputs(p->hazard, device, p->now_s, x)) {
        return;
    }
    (void)fprintf(p->inputs, "%s\t%lld", name->text, (long long)p->now_s);
    for (size_t i = 0; i < PK_HAZARD_TERMS; i++) {
        (void)fprintf(p->inputs, "\t%.5g", x[i]);
    }
    (void)fputc('\n', p->inputs);
}

static void midnight(struct pk_replay_preds *p)
{
    int64_t days = p->day - p->first_day;

    p->now_s = p->day * DAY_S;
    pk_hazard_tick(p->hazard, p->now_s);
    if (p->preds != NULL && days >= p->from_days - EARLIER_30) {
        pk_hazard_each(p->hazard, predict_one, p);
    }
    if (p->inputs != NULL && days >= INPUTS_FROM && days % INPUTS_EVERY == 0) {
        pk_hazard_each(p->hazard, inputs_one, p);
    }
}

/* ---- around a sighting ---------------------------------------------------------------------------- */

static enum pk_zone_kind kind_of(uint8_t security)
{
    return security == PK_SIGHT_OPEN || security == PK_SIGHT_OWE ? PK_ZONE_OPEN
            : security == PK_SIGHT_EAP                           ? PK_ZONE_NAMED
                                                                 : PK_ZONE_SECRET;
}

static void tell_join(
        struct pk_replay_preds *p, const struct pk_crowd *crowd, const struct pk_sim_line *line)
{
    const struct pk_sighting *s = &line->sighting;
    const struct pk_zones *zones = pk_hazard_zones(p->hazard);
    struct pk_crowd_key key = {
        .kind = PK_CROWD_POINT, .a = s->network.network, .b = s->network.point
    };
    struct pk_zone_question q = {
        .now_s = s->at_s,
        .place = s->place,
        .city = s->city,
        .kind = kind_of(s->network.security),
        .known = p->visits >= 5,
    };
    struct pk_crowd_opinion opinion;
    struct pk_zone_risk zone;

    if (q.kind != PK_ZONE_OPEN && s->network.portal == 0) {
        return;
    }
    q.log_odds = pk_crowd_ask(crowd, &key, s->at_s, &opinion) ? opinion.log_odds : -INFINITY;
    pk_zones_risk(zones, s->place, s->city, s->at_s, &zone);
    (void)fprintf(p->joins, "{\"i\":%lld,\"z\":%.6f,\"p\":%.6f}\n", (long long)line->index, zone.p,
            pk_zones_ask(zones, &q));
}

int pk_replay_preds_before(struct pk_replay_preds *preds, const struct pk_crowd *crowd,
        const struct pk_sim_line *line, struct pk_error *err)
{
    const struct pk_sighting *s = &line->sighting;
    int64_t today = s->at_s / DAY_S;
    struct pk_crowd_network network;
    struct pk_crowd_key key = { .kind = PK_CROWD_POINT };
    struct name *name;
    int fresh;

    preds->first_day = preds->first_day == 0 ? today : preds->first_day;
    preds->day = preds->day == 0 || today - preds->day > 400 ? today : preds->day;
    while (preds->day < today) {
        preds->day++;
        midnight(preds);
    }
    name = pk_rows_make(&preds->names, s->device, &fresh);
    if (name == NULL) {
        return pk_error_set(err, PK_ENOMEM, "too many devices");
    }
    if (fresh) {
        (void)snprintf(name->text, sizeof(name->text), "%s", line->device);
    }
    preds->visits = 0;
    preds->last_s = s->at_s > preds->last_s ? s->at_s : preds->last_s;
    if (s->kind == PK_SIGHTING_NETWORK) {
        key.a = s->network.network;
        if (pk_crowd_network(crowd, &key, s->at_s, &network)) {
            preds->visits = network.weight;
        }
        if (preds->joins != NULL) {
            tell_join(preds, crowd, line);
        }
    }
    return PK_OK;
}

int pk_replay_preds_after(struct pk_replay_preds *preds, const struct pk_crowd *crowd,
        const struct pk_sim_line *line, const struct pk_crowd_opinion *opinion,
        struct pk_error *err)
{
    struct pk_hazard_voice voice = { .visits = preds->visits };
    struct pk_crowd_voice heard;
    int rc;

    if (pk_crowd_voice(crowd, line->sighting.device, line->sighting.at_s, &heard)) {
        voice.weight = heard.weight;
        voice.record = heard.record;
    }
    rc = pk_hazard_take(preds->hazard, &line->sighting, opinion, &voice);
    return rc < 0 ? pk_error_set(err, rc, "out of memory") : PK_OK;
}

void pk_replay_preds_count(const struct pk_replay_preds *preds, struct pk_hazard_count *out)
{
    pk_hazard_count(preds->hazard, out);
}

static int close_one(FILE **file)
{
    int rc = *file != NULL && fclose(*file) != 0 ? -errno : PK_OK;

    *file = NULL;
    return rc;
}

int pk_replay_preds_finish(struct pk_replay_preds *preds, struct pk_error *err)
{
    int rc = preds->explain > 0
            ? pk_replay_explain(preds->hazard, preds->last_s, preds->explain, stderr)
            : PK_OK;
    int lines = close_one(&preds->preds);
    int inputs = close_one(&preds->inputs);
    int joins = close_one(&preds->joins);

    if (rc < 0) {
        return pk_error_set(err, rc, "cannot explain: %s", pk_code_text(rc));
    }
    rc = lines < 0 ? lines : inputs < 0 ? inputs : joins;
    return rc < 0 ? pk_error_set(err, rc, "cannot write the predictions: %s", pk_code_text(rc))
                  : PK_OK;
}

void pk_replay_preds_destroy(struct pk_replay_preds *preds)
{
    if (preds != NULL) {
        (void)close_one(&preds->preds);
        (void)close_one(&preds->inputs);
        (void)close_one(&preds->joins);
        pk_hazard_destroy(preds->hazard);
        pk_rows_finish(&preds->names);
        free(preds);
    }
}
