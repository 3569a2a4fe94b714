/* An app on a device, beside what all devices have: who signs the package elsewhere, who has this file, since
 * when (after Polonium 2011 and AESOP 2014: reputation by prevalence and company). */
#include "crowd/internal.h"

#define ITEM_MAX        9.0F
#define ITEM_ADD        4.0F
#define OLD_S           (5L * PK_DAY_S) /* held so long without a complaint it speaks for the file */
#define OLD_FILE        .15F
#define QUIET_FILE      .06F /* the same for a young one: most that have it find nothing */
#define OLD_SIGNER      .10F
#define HEARSAY         .1F
#define BASE_DOUBT      4.0F /* scores below minus this make incidents doubtful */
#define BASE_RANGE      8.0F
#define SIGNER_QUIET    .5F /* one bad file among good ones does not condemn who signed them all */
#define SIGNER_PACKAGES 4   /* so many unrelated ones, and its name alone condemns nobody */

struct view {
    struct pk_package *package;
    struct pk_signer *signer;
    struct pk_file_known *file;
    uint64_t package_key, signer_key, file_key;
    uint32_t folded;   /* signer as the package's slots hold it */
    float own, top;    /* of the package's devices: with this signer, with the main one */
    unsigned packages; /* of the signer, about */
    unsigned files;
    bool mismatch;
};

static unsigned counted(uint64_t bits)
{
    int zero = 64 - __builtin_popcountll(bits);

    return zero == 0 ? 266 : (unsigned)(-64.0 * log((double)zero / 64.0) + .5);
}

static void look(struct pk_crowd *crowd, const struct pk_sight_app *app, struct view *v)
{
    memset(v, 0, sizeof(*v));
    v->package_key = pk_crowd_mix(app->package, 0xa1);
    v->signer_key = pk_crowd_mix(app->signer, 0xa2);
    v->file_key = pk_crowd_mix(app->file, 0xa3);
    v->folded = (uint32_t)(v->signer_key >> 32) | 1;
    v->package = pk_table_find(&crowd->rooms[PK_ROOM_PACKAGES], v->package_key);
    v->signer = app->signer == 0 ? NULL
                                 : pk_table_find(&crowd->rooms[PK_ROOM_SIGNERS], v->signer_key);
    v->file = pk_table_find(&crowd->rooms[PK_ROOM_FILES], v->file_key);
    if (v->package != NULL) {
        for (size_t i = 0; i < PK_COUNT(v->package->signers); i++) {
            v->top = pk_maxf(v->top, v->package->signers[i].n);
            if (v->package->signers[i].signer == v->folded) {
                v->own = v->package->signers[i].n;
            }
        }
    }
    if (v->signer != NULL) {
        v->packages = counted(v->signer->packages);
        v->files = counted(v->signer->files);
    }
    v->mismatch = app->signer != 0 && v->own < v->top;
}

static float extra_permissions(const struct pk_sight_app *app, const struct view *v)
{
    if (v->package == NULL || v->package->permissions == 0) {
        int bits = __builtin_popcountll(app->permissions) - 6;

        return bits > 0 ? (float)bits / 8 : 0;
    }
    return (float)__builtin_popcountll(app->permissions & ~v->package->permissions) / 8;
}

static void terms(
        const struct pk_sighting *s, const struct pk_voice *voice, const struct view *v, float *phi)
{
    const struct pk_sight_app *app = &s->app;
    bool side = app->source == PK_SIGHT_FROM_SIDELOAD || app->source == PK_SIGHT_FROM_BROWSER;
    bool third = app->source == PK_SIGHT_FROM_THIRD;
    float r = (float)app->risk / 100;
    float pmx = extra_permissions(app, v);

    memset(phi, 0, PK_A_COUNT * sizeof(*phi));
    phi[PK_A_b] = 1;
    if (v->mismatch) {
        phi[PK_A_sg_mis] = pk_minf(4, logf((v->top + 1) / (v->own + .5F)));
        phi[PK_A_sg_mis_pop] = phi[PK_A_sg_mis] * pk_minf(1, logf(1 + v->package->n) / 4);
        phi[PK_A_alt_ok] = v->signer != NULL && v->signer->n > 12 && v->packages >= 4 ? 1 : 0;
        phi[PK_A_mis_risk] = r;
        phi[PK_A_vback] = app->version < v->package->newest ? 1 : 0;
    }
    phi[PK_A_side] = side ? 1 : 0;
    phi[PK_A_third] = third ? 1 : 0;
    phi[PK_A_official] = !side && !third ? 1 : 0;
    phi[PK_A_risk] = r;
    phi[PK_A_risk2] = pk_maxf(0, r - .35F);
    phi[PK_A_hnew] = v->file == NULL ? 1 : 0;
    phi[PK_A_sgnew] = v->signer == NULL ? 1 : 0;
    phi[PK_A_side_risk] = side || third ? r : 0;
    phi[PK_A_sgsmall] = 1 / (1 + (v->signer != NULL ? v->signer->n : 0));
    phi[PK_A_pmx] = pmx;
    phi[PK_A_pmx_risk] = pmx * r;
    phi[PK_A_inc_h] = v->file != NULL ? pk_minf(2, v->file->incidents / (1 + .15F * v->file->n))
                                      : 0;
    phi[PK_A_inc_sg] = v->signer != NULL
            ? pk_minf(2, v->signer->incidents / (1 + .15F * v->signer->n))
            : 0;
    if (v->signer != NULL && v->signer->n > 0) {
        float share = v->signer->risky / v->signer->n;

        phi[PK_A_sgrisk] = share > .3F ? share : 0;
        phi[PK_A_sgrisk_mean] = v->signer->n >= 2 ? v->signer->risk / v->signer->n : 0;
        phi[PK_A_sgpoly] = v->packages <= 2 && v->files >= 4
                ? pk_minf(2, logf((float)v->files / 3)) * (side || third ? 1 : 0)
                : 0;
    }
    phi[PK_A_newpkg] = v->package == NULL ? 1 : 0;
    phi[PK_A_newpkg_side] = v->package == NULL && side ? 1 : 0;
    phi[PK_A_sg_multi] = pk_minf(3, logf(1 + (float)v->packages));
    phi[PK_A_hyg] = (voice->unknown_sources ? 1.0F : 0) + (voice->root ? 1.0F : 0);
    if (v->package != NULL && v->package->n >= 3) {
        phi[PK_A_rjump] = pk_maxf(0, r - v->package->risk / v->package->n - .1F);
        phi[PK_A_pmx_same] = v->mismatch ? 0 : pmx;
    }
    phi[PK_A_debugkey] = v->mismatch && v->signer != NULL && v->packages >= 4 &&
                    v->signer->n < 4.0F * (float)v->packages
            ? 1
            : 0;
}

static void learn_package(
        struct pk_package *p, const struct pk_sighting *s, const struct view *v, float weight)
{
    size_t least = 0;
    size_t i;

    p->first = p->first != 0 ? p->first : (uint32_t)s->at_s;
    p->last = (uint32_t)s->at_s;
    p->n += weight;
    p->risk += weight * (float)s->app.risk / 100;
    for (i = 0; i < PK_COUNT(p->signers); i++) {
        if (p->signers[i].signer == v->folded) {
            p->signers[i].n += weight;
            break;
        }
        least = p->signers[i].n < p->signers[least].n ? i : least;
    }
    if (i == PK_COUNT(p->signers) && p->signers[least].n <= weight) {
        p->signers[least].signer = v->folded;
        p->signers[least].n = weight;
    } else if (i == PK_COUNT(p->signers)) {
        p->signers[least].n -= weight;
    }
    if (!v->mismatch && weight > .2F) {
        p->permissions |= s->app.permissions;
        p->newest = s->app.version > p->newest ? s->app.version : p->newest;
    }
}

static int learn(struct pk_crowd *crowd, const struct pk_judging *j, const struct view *v,
        float weight, bool quiet, float base)
{
    const struct pk_sighting *s = j->s;
    struct pk_package *p = pk_table_put(&crowd->rooms[PK_ROOM_PACKAGES], v->package_key);
    struct pk_file_known *f = pk_table_put(&crowd->rooms[PK_ROOM_FILES], v->file_key);
    struct pk_signer *g = s->app.signer == 0
            ? NULL
            : pk_table_put(&crowd->rooms[PK_ROOM_SIGNERS], v->signer_key);
    float risk = (float)s->app.risk / 100;

    if (p == NULL || f == NULL || (g == NULL && s->app.signer != 0)) {
        return PK_ENOMEM;
    }
    learn_package(p, s, v, weight);
    f->first = f->first != 0 ? f->first : (uint32_t)s->at_s;
    f->last = (uint32_t)s->at_s;
    f->base = f->n > 0 ? .9F * f->base + .1F * base : base;
    pk_voice_note(j->voice->files, v->file_key);
    f->n += j->w; /* who has it is a fact, bad or not */
    if (quiet) {
        f->quiet += j->w;
        f->old += s->at_s - (int64_t)f->first > OLD_S ? j->w : 0;
    }
    if (g != NULL) {
        g->first = g->first != 0 ? g->first : (uint32_t)s->at_s;
        g->last = (uint32_t)s->at_s;
        g->n += j->w;
        g->quiet += quiet ? j->w : 0;
        g->risky += risk > .4F ? j->w : 0;
        g->risk += j->w * risk;
        g->packages |= UINT64_C(1) << (v->package_key >> 20 & 63);
        g->files |= UINT64_C(1) << (v->file_key >> 20 & 63);
    }
    return PK_OK;
}

static float past_of_file(const struct view *v, int64_t now_s)
{
    float old = v->file != NULL && now_s - (int64_t)v->file->first > OLD_S ? v->file->old : 0;

    return v->file != NULL ? OLD_FILE * old + QUIET_FILE * v->file->quiet : 0;
}

static float past_of_signer(const struct view *v, int64_t now_s)
{
    return v->signer != NULL && now_s - (int64_t)v->signer->first > OLD_S
            ? OLD_SIGNER * v->signer->quiet
            : 0;
}

static void tell(const struct pk_crowd *crowd, const struct pk_sighting *s, const struct view *v,
        const float *phi, struct pk_crowd_opinion *out)
{
    for (unsigned i = 1; i < PK_A_COUNT; i++) {
        double a = 0;

        if (phi[i] == 0) {
            continue;
        }
        if (i == PK_A_sg_mis) {
            a = v->top;
        } else if (i == PK_A_risk || i == PK_A_risk2) {
            a = s->app.risk;
        } else if (i == PK_A_pmx) {
            a = phi[i] * 8;
        } else if (i == PK_A_sg_multi) {
            a = v->packages;
        } else if (i == PK_A_rjump || i == PK_A_sgrisk_mean) {
            a = phi[i] * 100;
        }
        pk_opinion_reason(out, (uint16_t)(PK_TERM_APP + i), crowd->weights->app[i] * phi[i], a, 0);
    }
}

static void claim(struct pk_crowd *crowd, const struct pk_judging *j, enum pk_crowd_kind kind,
        uint64_t id, float past, float l)
{
    struct pk_crowd_key thing = { id, 0, kind };
    struct pk_suspect *e = pk_suspect_make(crowd, &thing, past, j->s->at_s);
    struct pk_claim c = { .device = j->voice->key,
        .l = pk_minf(ITEM_MAX, l),
        .w = j->w,
        .tenant = j->voice->tenant,
        .cohort = j->voice->cohort,
        .hard = j->voice->attestation == PK_ATTESTED_HARDWARE };

    if (e != NULL && id != 0) {
        e->past = past;
        e->cause = PK_SIGHT_MALWARE;
        pk_suspect_against(e, &c, j->s->at_s);
        pk_suspect_settle(crowd, e, j->s->at_s);
    }
}

static bool ask(struct pk_crowd *crowd, struct pk_crowd_key thing, float past, int64_t now_s,
        struct pk_crowd_opinion *out)
{
    struct pk_suspect *e = pk_suspect_of(crowd, &thing);
    struct pk_standing st;
    bool bad;

    if (e == NULL) {
        return false;
    }
    e->past = past;
    pk_suspect_weigh(crowd, e, now_s, &st);
    bad = pk_suspect_bad(crowd, e, &st);
    if (st.log_odds > out->log_odds) {
        out->key = thing;
        out->log_odds = st.log_odds;
        out->devices = st.devices;
        out->groups = st.groups;
        out->since_s = e->since;
    }
    return bad;
}

int pk_app_take(struct pk_crowd *crowd, struct pk_judging *j)
{
    const struct pk_sighting *s = j->s;
    const struct pk_crowd_weights *w = crowd->weights;
    struct pk_crowd_opinion *out = j->out;
    struct view v;
    float phi[PK_A_COUNT];
    float score = 0;
    bool file_bad;
    bool signer_bad;

    look(crowd, &s->app, &v);
    terms(s, j->voice, &v, phi);
    if (crowd->told != NULL) {
        memcpy(crowd->told, phi, sizeof(phi));
    }
    for (unsigned i = 0; i < PK_A_COUNT; i++) {
        score += w->app[i] * phi[i];
    }
    out->key = (struct pk_crowd_key){ s->app.file, 0, PK_CROWD_APP };
    file_bad = ask(crowd, out->key, past_of_file(&v, s->at_s), s->at_s, out);
    /* A key that signs many packages for few devices each is one of developers' tools: it says nothing. */
    signer_bad = s->app.signer != 0 && v.packages < SIGNER_PACKAGES && v.signer != NULL &&
            v.signer->quiet < SIGNER_QUIET * v.signer->n &&
            ask(crowd, (struct pk_crowd_key){ s->app.signer, 0, PK_CROWD_SIGNER },
                    past_of_signer(&v, s->at_s), s->at_s, out);
    out->before = file_bad || signer_bad;
    out->score = score;
    out->hard = true;
    out->after = out->before || score > w->t[PK_T_POST_APP];
    if (score > w->t[PK_T_ITEM_APP]) {
        claim(crowd, j, PK_CROWD_APP, s->app.file, past_of_file(&v, s->at_s), score + ITEM_ADD);
        claim(crowd, j, PK_CROWD_SIGNER, s->app.signer, past_of_signer(&v, s->at_s),
                score + ITEM_ADD);
    }
    if (out->after || score > -3) {
        tell(crowd, s, &v, phi, out);
    }
    return learn(crowd, j, &v, j->w * (1 - pk_sigmoid(score)), score < w->t[PK_T_ITEM_APP],
            score - w->app[PK_A_inc_h] * phi[PK_A_inc_h] - w->app[PK_A_inc_sg] * phi[PK_A_inc_sg]);
}

/* A device was found compromised. */
static void incident_of_app(struct pk_crowd *crowd, struct pk_judging *j, float l)
{
    const struct pk_sight_incident *inc = &j->s->incident;
    struct pk_file_known *f = pk_table_find(
            &crowd->rooms[PK_ROOM_FILES], pk_crowd_mix(inc->file, 0xa3));

    float believed = 1;

    /* Who was never seen with the file knows it from hearsay; and of a file in which nothing odd was ever
     * read it takes more than words. */
    if (!pk_voice_perhaps(j->voice->files, pk_crowd_mix(inc->file, 0xa3))) {
        believed *= HEARSAY;
    }
    if (f != NULL) {
        believed *= pk_clipf(1 + (f->base + BASE_DOUBT) / BASE_RANGE, .1F, 1);
        f->incidents += believed * j->w / (1 + .15F * f->n);
    }
    l *= believed;
    {
        struct view v = { .file = f };

        claim(crowd, j, PK_CROWD_APP, inc->file, past_of_file(&v, j->s->at_s), l);
    }
}

int pk_incident_take(struct pk_crowd *crowd, struct pk_judging *j)
{
    const struct pk_sighting *s = j->s;
    const struct pk_sight_incident *inc = &s->incident;
    float l = 7.5F * (float)inc->confidence / 100;
    struct pk_crowd_key point = { inc->network, inc->point, PK_CROWD_POINT };

    if (inc->attack == PK_SIGHT_MALWARE && inc->file != 0) {
        incident_of_app(crowd, j, l);
    } else if (inc->attack <= PK_SIGHT_STRIPPING && inc->network != 0) {
        struct pk_suspect *e = pk_suspect_of(crowd, &point);
        struct pk_point *p = pk_table_find(&crowd->rooms[PK_ROOM_POINTS],
                pk_crowd_mix(inc->network, (inc->point << 8) | 0x42));
        struct pk_claim c = { .device = j->voice->key,
            .l = l,
            .w = j->w,
            .tenant = j->voice->tenant,
            .cohort = j->voice->cohort,
            .hard = j->voice->attestation == PK_ATTESTED_HARDWARE };

        if (e == NULL) {
            e = pk_suspect_make(
                    crowd, &point, p != NULL ? (float)p->clean / PK_COUNT_ONE : 0, s->at_s);
        }
        if (e != NULL) {
            if (e->past >= PK_PAST_SETTLED) {
                c.w *= pk_voice_budget(crowd, j->voice, s->at_s);
                pk_voice_claims(j->voice, pk_suspect_key(&point), s->at_s);
            }
            pk_suspect_against(e, &c, s->at_s);
            e->cause = inc->attack;
            pk_suspect_settle(crowd, e, s->at_s);
        }
    }
    return PK_OK;
}

bool pk_crowd_app(const struct pk_crowd *crowd, uint64_t package, uint64_t file, uint64_t signer,
        struct pk_crowd_app *out)
{
    struct pk_sight_app app = { .package = package, .file = file, .signer = signer };
    struct view v;
    float all = 0;

    look((struct pk_crowd *)crowd, &app, &v);
    memset(out, 0, sizeof(*out));
    if (v.package != NULL) {
        for (size_t i = 0; i < PK_COUNT(v.package->signers); i++) {
            all += v.package->signers[i].n;
        }
        out->package_devices = (uint32_t)(v.package->n + .5F);
        out->signer_share = all > 0 ? v.own / all : 0;
        out->signer_main = v.own > 0 && v.own >= v.top;
    }
    if (v.signer != NULL) {
        out->signer_packages = v.packages;
        out->signer_devices = (uint32_t)(v.signer->n + .5F);
    }
    if (v.file != NULL) {
        out->devices = (uint32_t)(v.file->n + .5F);
        out->first_s = v.file->first;
        out->last_s = v.file->last;
    }
    return v.file != NULL || v.package != NULL || v.signer != NULL;
}
