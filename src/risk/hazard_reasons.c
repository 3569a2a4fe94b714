#include "risk/hazard_reasons.h"

#include <math.h>
#include <string.h>

#include "risk/hazard_state.h"

#define LEAST_PART   0.08 /* log-odds: smaller parts are not worth a sentence */
#define CALMING_MAX  2    /* beside reasons that raise */
#define OWN_USUAL    1.7  /* a week so many times its own usual is what stands out, */
#define OWN_DAYS     30   /* of a device that is known for so long */
#define WORSE        1.25
#define WAVE_WORSE   1.6
#define CALMER       0.8
#define WEEK         7.0
#define MONTH        30.0
#define EVENT_DAYS   31
#define ATTACKED_NOW 0.25 /* of the joins of two days */
#define OLD_PATCH    60
#define NEW_PATCH    35

/* What overlaps is one topic. */
enum topic {
    ON_ATTACKS,
    ON_USUAL,
    ON_VISITS,
    ON_PLACES,
    ON_BAD_APPS,
    ON_SIDELOADS,
    ON_UNKNOWN_SOURCES,
    ON_PATCHES,
    ON_ROOT,
    ON_DEVELOPER,
    ON_PASSCODE,
    ON_SYSTEM,
    ON_WAVE,
    TOPICS,
};

static const uint8_t topic_of[PK_HAZARD_TERMS] = {
    [PK_HAZARD_ios] = ON_SYSTEM,
    [PK_HAZARD_pub_rate] = ON_VISITS,
    [PK_HAZARD_away_rate] = ON_VISITS,
    [PK_HAZARD_cells30] = ON_VISITS,
    [PK_HAZARD_zone_rate] = ON_PLACES,
    [PK_HAZARD_city] = ON_PLACES,
    [PK_HAZARD_wave] = ON_WAVE,
    [PK_HAZARD_usual_now] = ON_USUAL,
    [PK_HAZARD_usual_any] = ON_USUAL,
    [PK_HAZARD_usual_lasts] = ON_USUAL,
    [PK_HAZARD_days3] = ON_ATTACKS,
    [PK_HAZARD_hit90] = ON_ATTACKS,
    [PK_HAZARD_inc30] = ON_ATTACKS,
    [PK_HAZARD_site_app] = ON_SIDELOADS,
    [PK_HAZARD_bad_app30] = ON_BAD_APPS,
    [PK_HAZARD_bad_app90] = ON_BAD_APPS,
    [PK_HAZARD_unknown_src] = ON_UNKNOWN_SOURCES,
    [PK_HAZARD_patch_age] = ON_PATCHES,
    [PK_HAZARD_patch_most] = ON_PATCHES,
    [PK_HAZARD_root] = ON_ROOT,
    [PK_HAZARD_hook] = ON_ROOT,
    [PK_HAZARD_dev] = ON_DEVELOPER,
    [PK_HAZARD_nopass] = ON_PASSCODE,
};

const char *const pk_hazard_reason_names[] = {
    [PK_HAZARD_ATTACKED] = "attacked",
    [PK_HAZARD_WARNED] = "warned",
    [PK_HAZARD_UNHARMED] = "unharmed",
    [PK_HAZARD_USUAL_ATTACKED] = "usual_attacked",
    [PK_HAZARD_USUAL_PAST] = "usual_past",
    [PK_HAZARD_OPEN_OFTEN] = "open_often",
    [PK_HAZARD_OPEN_MORE] = "open_more",
    [PK_HAZARD_OPEN_SELDOM] = "open_seldom",
    [PK_HAZARD_MOVES] = "moves",
    [PK_HAZARD_PLACES_WORSE] = "places_worse",
    [PK_HAZARD_PLACES_CALMER] = "places_calmer",
    [PK_HAZARD_BAD_APP] = "bad_app",
    [PK_HAZARD_SIDELOADED] = "sideloaded",
    [PK_HAZARD_WAVE] = "wave",
    [PK_HAZARD_UNKNOWN_SOURCES] = "unknown_sources",
    [PK_HAZARD_PATCH_OLD] = "patch_old",
    [PK_HAZARD_PATCH_LATE] = "patch_late",
    [PK_HAZARD_PATCH_NEW] = "patch_new",
    [PK_HAZARD_ROOTED] = "rooted",
    [PK_HAZARD_HOOKED] = "hooked",
    [PK_HAZARD_DEVELOPER] = "developer",
    [PK_HAZARD_NO_PASSCODE] = "no_passcode",
    [PK_HAZARD_IOS] = "ios",
    [PK_HAZARD_ORDINARY] = "ordinary",
};

const char *const pk_hazard_remedy_names[] = {
    [PK_HAZARD_NO_REMEDY] = "none",
    [PK_HAZARD_AVOID_OPEN] = "avoid_open",
    [PK_HAZARD_AVOID_USUAL] = "avoid_usual",
    [PK_HAZARD_OFFICIAL_STORES] = "official_stores",
    [PK_HAZARD_FORBID_UNKNOWN] = "forbid_unknown",
    [PK_HAZARD_UPDATE] = "update",
    [PK_HAZARD_RESTORE_SYSTEM] = "restore_system",
    [PK_HAZARD_END_DEVELOPER] = "end_developer",
    [PK_HAZARD_SET_PASSCODE] = "set_passcode",
};

static const char *const remedy_texts[PK_HAZARD_REMEDIES] = {
    [PK_HAZARD_AVOID_OPEN] = "Use mobile data instead of open networks, or a VPN on them",
    [PK_HAZARD_AVOID_USUAL] = "Use mobile data there until the attack has ended",
    [PK_HAZARD_OFFICIAL_STORES] = "Install apps from the official stores alone",
    [PK_HAZARD_FORBID_UNKNOWN] = "Forbid apps from unknown sources",
    [PK_HAZARD_UPDATE] = "Install the newest security update",
    [PK_HAZARD_RESTORE_SYSTEM] = "Bring the system back to how its maker delivered it",
    [PK_HAZARD_END_DEVELOPER] = "Turn developer mode off",
    [PK_HAZARD_SET_PASSCODE] = "Set a screen lock",
};

enum pk_hazard_remedy pk_hazard_remedy_of(const char *lower)
{
    for (int r = PK_HAZARD_NO_REMEDY + 1; r < PK_HAZARD_REMEDIES; r++) {
        if (strncmp(lower, remedy_texts[r], strlen(remedy_texts[r])) == 0) {
            return (enum pk_hazard_remedy)r;
        }
    }
    return PK_HAZARD_NO_REMEDY;
}

struct found {
    struct pk_hazard_reason r;
    enum topic topic;
};

struct work {
    const struct pk_hazard *h;
    const struct state *s;
    struct pk_hazard_prediction is;
    double x[PK_HAZARD_TERMS];
    float c[COUNTERS];
    double days; /* that it is known */
    int64_t now_s;
};

/* ---- facts ---------------------------------------------------------------------------------------- */

/* A faded counter as a rate a day. */
static double a_day(const struct work *w, enum counter counter, double half)
{
    return (double)w->c[counter] / pk_hazard_days_worth(w->days, half);
}

/* How much a logarithmic term lies above the fleet's, as a factor. */
static double times_typical(const struct work *w, enum pk_hazard_term term)
{
    return exp(w->x[term] - w->h->mean[term]);
}

/* Days of the last 31 with an attack, and how long ago the last one is. */
static int attack_days(const struct work *w, int *last)
{
    int64_t behind = w->now_s / DAY_S - w->s->event_day;
    int count = 0;

    *last = -1;
    for (int64_t i = 0; i < 32 && behind + i < EVENT_DAYS; i++) {
        if (behind + i >= 0 && (w->s->events >> i & 1) != 0) {
            *last = count == 0 ? (int)(behind + i) : *last;
            count++;
        }
    }
    return count;
}

/* How many of its usual networks are attacked now, or were lately. */
static int usual_attacked(const struct work *w, bool now)
{
    int count = 0;

    for (size_t i = 0; i < USUAL; i++) {
        double lately;
        double ever;

        if (w->s->usual_weight[i] == 0 ||
                !pk_zones_site(w->h->zones, w->s->usual[i], w->now_s, &lately, &ever)) {
            continue;
        }
        count += now ? lately > ATTACKED_NOW : ever > 0.02;
    }
    return count;
}

/* ---- each topic's reason: true, when there is something to say that goes with its sign ------------------- */

static bool on_attacks(const struct work *w, double part, struct pk_hazard_reason *r)
{
    int last;
    int days = attack_days(w, &last);
    double warned = MONTH * a_day(w, HIT30, 21);

    if (part > 0 && days > 0) {
        *r = (struct pk_hazard_reason){ .kind = PK_HAZARD_ATTACKED, .a = days, .b = last };
        return true;
    }
    if (part > 0 && warned > 0.5) {
        *r = (struct pk_hazard_reason){ .kind = PK_HAZARD_WARNED, .a = fmax(1, round(warned)) };
        return true;
    }
    *r = (struct pk_hazard_reason){ .kind = PK_HAZARD_UNHARMED,
        .a = fmin(EVENT_DAYS, floor(w->days)) };
    return part < 0 && days == 0 && r->a >= 14;
}

static bool on_usual(const struct work *w, double part, struct pk_hazard_reason *r)
{
    int now = usual_attacked(w, true);

    *r = (struct pk_hazard_reason){ .kind = now > 0 ? PK_HAZARD_USUAL_ATTACKED
                                                    : PK_HAZARD_USUAL_PAST,
        .remedy = now > 0 ? PK_HAZARD_AVOID_USUAL : PK_HAZARD_NO_REMEDY,
        .a = now > 0 ? now : usual_attacked(w, false) };
    return part > 0 && r->a > 0;
}

static bool on_visits(const struct work *w, double part, struct pk_hazard_reason *r)
{
    double week = WEEK * a_day(w, PUB7, 7);
    double usual = WEEK * a_day(w, PUB90, 60);
    double typical = times_typical(w, PK_HAZARD_pub_rate);
    double moves = times_typical(w, PK_HAZARD_cells30);

    *r = (struct pk_hazard_reason){ .remedy = PK_HAZARD_AVOID_OPEN };
    if (part < 0) {
        r->remedy = PK_HAZARD_NO_REMEDY;
        r->kind = PK_HAZARD_OPEN_SELDOM;
        r->a = round(MONTH * a_day(w, PUB30, 21));
        r->b = typical;
        return typical < CALMER;
    }
    if (w->days >= OWN_DAYS && week >= 3 && week > OWN_USUAL * usual) {
        r->kind = PK_HAZARD_OPEN_MORE;
        r->a = round(week);
        r->b = week / usual;
        return true;
    }
    r->kind = PK_HAZARD_OPEN_OFTEN;
    r->a = round(usual);
    r->b = typical;
    if (r->a >= 1 && typical > WORSE) {
        return true;
    }
    r->kind = PK_HAZARD_MOVES;
    r->a = round(WEEK * a_day(w, CELLS30, 21));
    r->b = moves;
    return r->a >= 1 && moves > WORSE;
}

/* Attacks a join, where this device joins, beside the same of a typical device. */
static bool on_places(const struct work *w, double part, struct pk_hazard_reason *r)
{
    const double *mean = w->h->mean;
    double joins = exp(w->x[PK_HAZARD_pub_rate]);
    double here = exp(w->x[PK_HAZARD_zone_rate]) / joins;
    double there = exp(mean[PK_HAZARD_zone_rate] - mean[PK_HAZARD_pub_rate]);

    *r = (struct pk_hazard_reason){ .a = here, .b = here / there };
    if (part > 0) {
        r->kind = PK_HAZARD_PLACES_WORSE;
        r->remedy = PK_HAZARD_AVOID_OPEN;
        return r->b > WORSE;
    }
    r->kind = PK_HAZARD_PLACES_CALMER;
    return r->b < CALMER;
}

static bool on_bad_apps(const struct work *w, double part, struct pk_hazard_reason *r)
{
    *r = (struct pk_hazard_reason){ .kind = PK_HAZARD_BAD_APP,
        .a = fmax(1, round((double)w->c[BAD_APP90])) };
    return part > 0 && w->c[BAD_APP90] > 0.1F;
}

static bool on_sideloads(const struct work *w, double part, struct pk_hazard_reason *r)
{
    *r = (struct pk_hazard_reason){ .kind = PK_HAZARD_SIDELOADED,
        .remedy = PK_HAZARD_OFFICIAL_STORES,
        .a = round(MONTH * a_day(w, SITE_APP30, 21)) };
    return part > 0 && r->a >= 1;
}

static bool on_patches(const struct work *w, double part, struct pk_hazard_reason *r)
{
    double days = w->s->patch_days;

    *r = (struct pk_hazard_reason){ .kind = PK_HAZARD_PATCH_NEW, .a = days };
    if (part < 0) {
        return days > 0 && days < NEW_PATCH;
    }
    if (days > OLD_PATCH) {
        r->kind = PK_HAZARD_PATCH_OLD;
        r->remedy = PK_HAZARD_UPDATE;
        return true;
    }
    r->kind = PK_HAZARD_PATCH_LATE;
    r->a = w->s->patch_most;
    return r->a > OLD_PATCH;
}

static bool on_flag(const struct work *w, double part, enum state_flag flag,
        struct pk_hazard_reason as, struct pk_hazard_reason *r)
{
    *r = as;
    return part > 0 && (w->s->flags & flag) != 0;
}

static bool reason_of(
        const struct work *w, enum topic topic, double part, struct pk_hazard_reason *r)
{
    static const struct pk_hazard_reason rooted = { .kind = PK_HAZARD_ROOTED,
        .remedy = PK_HAZARD_RESTORE_SYSTEM };
    static const struct pk_hazard_reason hooked = { .kind = PK_HAZARD_HOOKED,
        .remedy = PK_HAZARD_RESTORE_SYSTEM };
    static const struct pk_hazard_reason developer = { .kind = PK_HAZARD_DEVELOPER,
        .remedy = PK_HAZARD_END_DEVELOPER };
    static const struct pk_hazard_reason open = { .kind = PK_HAZARD_NO_PASSCODE,
        .remedy = PK_HAZARD_SET_PASSCODE };
    static const struct pk_hazard_reason unknown = { .kind = PK_HAZARD_UNKNOWN_SOURCES,
        .remedy = PK_HAZARD_FORBID_UNKNOWN };

    switch (topic) {
    case ON_ATTACKS:
        return on_attacks(w, part, r);
    case ON_USUAL:
        return on_usual(w, part, r);
    case ON_VISITS:
        return on_visits(w, part, r);
    case ON_PLACES:
        return on_places(w, part, r);
    case ON_BAD_APPS:
        return on_bad_apps(w, part, r);
    case ON_SIDELOADS:
        return on_sideloads(w, part, r);
    case ON_UNKNOWN_SOURCES:
        return on_flag(w, part, STATE_UNKNOWN_SOURCES, unknown, r);
    case ON_PATCHES:
        return on_patches(w, part, r);
    case ON_ROOT:
        return (w->s->flags & STATE_HOOK) != 0 ? on_flag(w, part, STATE_HOOK, hooked, r)
                                               : on_flag(w, part, STATE_ROOT, rooted, r);
    case ON_DEVELOPER:
        return on_flag(w, part, STATE_DEVELOPER, developer, r);
    case ON_PASSCODE:
        return on_flag(w, part, STATE_OPEN, open, r);
    case ON_SYSTEM:
        *r = (struct pk_hazard_reason){ .kind = PK_HAZARD_IOS };
        return part < 0 && (w->s->flags & STATE_IOS) != 0;
    case ON_WAVE:
        *r = (struct pk_hazard_reason){ .kind = PK_HAZARD_WAVE, .a = exp(w->x[PK_HAZARD_wave]) };
        return part > 0 && r->a > WAVE_WORSE; /* everybody has it: only when it is worth it */
    case TOPICS:
        break;
    }
    return false;
}

/* ---- what a remedy is worth ------------------------------------------------------------------------- */

/* The terms of a topic as they are once the remedy has worked: of a state nothing is left, and at once; of visits
 * what is typical, and of counters nothing, when they have faded. How late updates were stays known. */
static void apply(const struct work *w, enum topic topic, enum pk_hazard_remedy remedy,
        double x[PK_HAZARD_TERMS])
{
    for (size_t i = 0; i < PK_HAZARD_TERMS; i++) {
        if (topic_of[i] == topic && i != PK_HAZARD_patch_most) {
            x[i] = remedy == PK_HAZARD_AVOID_OPEN ? w->h->mean[i] : 0;
        }
    }
}

static void weigh(const struct work *w, double part, struct pk_hazard_reason *r)
{
    r->log_odds = part;
    r->factor = exp(part);
    r->points = 100 * (w->is.p7 - pk_hazard_p7(w->h, w->is.score - part));
}

/* Each remedy is given once, with the first reason that it helps with, for all of them together. */
static void advise(const struct work *w, struct found *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct pk_hazard_reason *r = &items[i].r;
        double x[PK_HAZARD_TERMS];
        double off;

        if (r->remedy == PK_HAZARD_NO_REMEDY) {
            continue;
        }
        memcpy(x, w->x, sizeof(x));
        apply(w, items[i].topic, r->remedy, x);
        for (size_t k = i + 1; k < count; k++) {
            if (items[k].r.remedy == r->remedy) {
                apply(w, items[k].topic, r->remedy, x);
                items[k].r.remedy = PK_HAZARD_NO_REMEDY;
            }
        }
        off = w->is.p7 -
                pk_hazard_p7(w->h, pk_hazard_state_score(w->h->weights, PK_HAZARD_SEVEN, x));
        r->lower_points = off > 0 ? 100 * off : 0;
        r->remedy = off > 0 ? r->remedy : PK_HAZARD_NO_REMEDY;
        r->lower = remedy_texts[r->remedy];
    }
}

/* ---- sentences -------------------------------------------------------------------------------------- */

/* "3 times": for ratios that are rough. */
static const char *ratio(struct pk_arena *arena, double b)
{
    double whole = round(b);

    return b >= 2.75    ? pk_arena_printf(arena, "%.0f times", fmin(whole, 99))
            : b >= 1.75 ? "twice"
                        : "one and a half times";
}

static const char *share_of(double b)
{
    return b > 0.6 ? "two thirds" : b > 0.4 ? "half" : b > 0.28 ? "a third" : "less than a quarter";
}

static const char *times(struct pk_arena *arena, double n)
{
    return n < 1.5 ? "once" : n < 2.5 ? "twice" : pk_arena_printf(arena, "%.0f times", n);
}

static const char *ago(struct pk_arena *arena, double days)
{
    return days < 0.5    ? "today"
            : days < 1.5 ? "yesterday"
                         : pk_arena_printf(arena, "%.0f days ago", days);
}

static const char *visit_text(const struct pk_hazard_reason *r, struct pk_arena *arena)
{
    const char *b = r->kind == PK_HAZARD_OPEN_SELDOM ? share_of(r->b) : ratio(arena, r->b);

    if (b == NULL) {
        return NULL;
    }
    if (r->kind == PK_HAZARD_OPEN_OFTEN) {
        return pk_arena_printf(arena,
                "joins open networks about %s a week, %s as often as a typical device",
                times(arena, r->a), b);
    }
    if (r->kind == PK_HAZARD_OPEN_MORE) {
        return pk_arena_printf(arena,
                "joined open networks about %s in the last week, %s as often as it usually does",
                times(arena, r->a), b);
    }
    if (r->kind == PK_HAZARD_MOVES) {
        return pk_arena_printf(arena,
                "joins networks in many places: changes about %s a week, %s as often as a typical "
                "device",
                times(arena, r->a), b);
    }
    return r->a < 1 ? pk_arena_printf(arena, "hardly ever joins an open network")
                    : pk_arena_printf(arena,
                              "joins open networks about %s a month, %s of what a typical device "
                              "does",
                              times(arena, r->a), b);
}

static const char *attack_text(const struct pk_hazard_reason *r, struct pk_arena *arena)
{
    const char *when = ago(arena, r->b);

    if (r->kind == PK_HAZARD_UNHARMED) {
        return pk_arena_printf(arena, "no attack on it in %.0f days", r->a);
    }
    if (r->kind == PK_HAZARD_WARNED) {
        return r->a < 1.5
                ? pk_arena_printf(arena, "joined a network thought dangerous in the last month")
                : pk_arena_printf(arena,
                          "joined networks thought dangerous about %s in the last month",
                          times(arena, r->a));
    }
    if (when == NULL) {
        return NULL;
    }
    return r->a < 1.5
            ? pk_arena_printf(arena, "attacked %s", when)
            : pk_arena_printf(arena, "attacked on %.0f days of the last month, the last time %s",
                      r->a, when);
}

static const char *place_text(const struct pk_hazard_reason *r, struct pk_arena *arena)
{
    const char *b = r->kind == PK_HAZARD_PLACES_WORSE ? ratio(arena, r->b) : share_of(r->b);

    if (b == NULL) {
        return NULL;
    }
    return r->kind == PK_HAZARD_PLACES_WORSE
            ? pk_arena_printf(arena,
                      "attacks are %s as frequent where it joins as where a typical device does", b)
            : pk_arena_printf(arena,
                      "attacks are rarer where it joins: %s of what a typical device meets", b);
}

static const char *usual_text(const struct pk_hazard_reason *r, struct pk_arena *arena)
{
    if (r->kind == PK_HAZARD_USUAL_ATTACKED) {
        return r->a < 1.5
                ? pk_arena_printf(arena, "a network that it joins again and again is attacked now")
                : pk_arena_printf(arena,
                          "%.0f networks that it joins again and again are attacked now", r->a);
    }
    return r->a < 1.5
            ? pk_arena_printf(
                      arena, "a network that it joins again and again was attacked in recent weeks")
            : pk_arena_printf(arena,
                      "%.0f networks that it joins again and again were attacked in recent weeks",
                      r->a);
}

static const char *app_text(const struct pk_hazard_reason *r, struct pk_arena *arena)
{
    if (r->kind == PK_HAZARD_BAD_APP) {
        return r->a < 1.5
                ? pk_arena_printf(arena, "a harmful app was found on it in the last months")
                : pk_arena_printf(
                          arena, "%.0f harmful apps were found on it in the last months", r->a);
    }
    return r->a < 1.5
            ? pk_arena_printf(arena, "installed an app from outside the official stores lately")
            : pk_arena_printf(arena,
                      "installed about %.0f apps from outside the official stores in the last "
                      "month",
                      r->a);
}

static const char *patch_text(const struct pk_hazard_reason *r, struct pk_arena *arena)
{
    if (r->kind == PK_HAZARD_PATCH_LATE) {
        return pk_arena_printf(arena,
                "security updates come late to it: it has gone %s%.0f days without one",
                r->a >= UINT8_MAX ? "more than " : "", r->a);
    }
    return pk_arena_printf(arena, "newest security update %s%.0f days old",
            r->a >= UINT8_MAX ? "more than " : "", r->a);
}

static const char *text_of(const struct pk_hazard_reason *r, struct pk_arena *arena)
{
    switch (r->kind) {
    case PK_HAZARD_ATTACKED:
    case PK_HAZARD_WARNED:
    case PK_HAZARD_UNHARMED:
        return attack_text(r, arena);
    case PK_HAZARD_USUAL_ATTACKED:
    case PK_HAZARD_USUAL_PAST:
        return usual_text(r, arena);
    case PK_HAZARD_OPEN_OFTEN:
    case PK_HAZARD_OPEN_MORE:
    case PK_HAZARD_OPEN_SELDOM:
    case PK_HAZARD_MOVES:
        return visit_text(r, arena);
    case PK_HAZARD_PLACES_WORSE:
    case PK_HAZARD_PLACES_CALMER:
        return place_text(r, arena);
    case PK_HAZARD_BAD_APP:
    case PK_HAZARD_SIDELOADED:
        return app_text(r, arena);
    case PK_HAZARD_WAVE:
        return "attacks are more frequent everywhere these days than in the weeks before";
    case PK_HAZARD_UNKNOWN_SOURCES:
        return "apps from unknown sources are allowed";
    case PK_HAZARD_PATCH_OLD:
    case PK_HAZARD_PATCH_LATE:
    case PK_HAZARD_PATCH_NEW:
        return patch_text(r, arena);
    case PK_HAZARD_ROOTED:
        return "the system is rooted or jailbroken";
    case PK_HAZARD_HOOKED:
        return "the system is rooted and programs are being changed while they run";
    case PK_HAZARD_DEVELOPER:
        return "developer mode is on";
    case PK_HAZARD_NO_PASSCODE:
        return "no screen lock is set";
    case PK_HAZARD_IOS:
        return "an iPhone or iPad: apps come from one store";
    case PK_HAZARD_ORDINARY:
        return "nothing about it is out of the ordinary";
    case PK_HAZARD_REASON_KINDS:
        break;
    }
    return NULL;
}

/* ---- all together ------------------------------------------------------------------------------------- */

/* What raises comes first, largest first; then what lowers. */
static bool before(const struct pk_hazard_reason *a, const struct pk_hazard_reason *b)
{
    return (a->log_odds > 0) != (b->log_odds > 0) ? a->log_odds > 0
                                                  : fabs(a->log_odds) > fabs(b->log_odds);
}

static void sum_topics(const struct work *w, double parts[TOPICS])
{
    const double *mean = w->h->mean;
    double zone = w->x[PK_HAZARD_zone_rate] - mean[PK_HAZARD_zone_rate];
    double visits = w->x[PK_HAZARD_pub_rate] - mean[PK_HAZARD_pub_rate];

    for (size_t i = 0; i < PK_HAZARD_TERMS; i++) {
        parts[topic_of[i]] += w->is.terms[i];
    }
    /* The sum of rates grows with joins, too: that part of its logarithm belongs to the visits. */
    if (fabs(zone) > 1e-6) {
        double moved = w->is.terms[PK_HAZARD_zone_rate] * visits / zone;

        parts[ON_VISITS] += moved;
        parts[ON_PLACES] -= moved;
    }
}

static size_t collect(const struct work *w, struct found all[TOPICS])
{
    double parts[TOPICS] = { 0 };
    size_t count = 0;

    sum_topics(w, parts);
    for (enum topic topic = 0; topic < TOPICS; topic++) {
        struct found f = { .topic = topic };
        size_t at = count;

        if (fabs(parts[topic]) < LEAST_PART || !reason_of(w, topic, parts[topic], &f.r)) {
            continue;
        }
        weigh(w, parts[topic], &f.r);
        for (; at > 0 && before(&f.r, &all[at - 1].r); at--) {
            all[at] = all[at - 1];
        }
        all[at] = f;
        count++;
    }
    if (count == 0) {
        all[0] = (struct found){ .r = { .kind = PK_HAZARD_ORDINARY }, .topic = TOPICS };
        weigh(w, w->is.score - w->is.base, &all[0].r);
        count = 1;
    }
    return count;
}

/* At most five, and few that calm beside those that raise. */
static size_t choose(const struct found *all, size_t count)
{
    size_t calming = 0;

    for (size_t i = 0; i < count; i++) {
        calming += all[i].r.log_odds < 0;
        if (i == PK_HAZARD_REASONS_MAX || (calming > CALMING_MAX && all[0].r.log_odds > 0)) {
            return i;
        }
    }
    return count;
}

int pk_hazard_reasons(const struct pk_hazard *hazard, uint64_t device, int64_t now_s,
        struct pk_arena *arena, struct pk_hazard_reasons *out)
{
    struct work w = { .h = hazard, .now_s = now_s };
    struct pk_hazard_reasons list = { .count = 0 };
    struct found all[TOPICS];

    if (!pk_hazard_predict(hazard, device, now_s, &w.is) ||
            !pk_hazard_inputs(hazard, device, now_s, w.x)) {
        return PK_ENOENT;
    }
    w.s = pk_rows_find(&hazard->devices, device);
    w.days = (double)(now_s - w.s->first_day * DAY_S) / (double)DAY_S;
    memcpy(w.c, w.s->c, sizeof(w.c));
    pk_hazard_state_fade(w.c, now_s - (int64_t)w.s->last_s);
    list.count = choose(all, collect(&w, all));
    advise(&w, all, list.count);
    for (size_t i = 0; i < list.count; i++) {
        list.items[i] = all[i].r;
        list.items[i].text = text_of(&all[i].r, arena);
        if (list.items[i].text == NULL) {
            return PK_ENOMEM;
        }
    }
    *out = list;
    return PK_OK;
}

const char *pk_hazard_headline(const struct pk_hazard *hazard,
        const struct pk_hazard_prediction *prediction, struct pk_arena *arena)
{
    double typical = pk_hazard_p7(hazard, prediction->base);
    double times_of = prediction->p7 / typical;

    return pk_arena_printf(arena,
            times_of < 10 ? "%.1f %% in 7 days, %.1f times a typical device of this fleet"
                          : "%.1f %% in 7 days, %.0f times a typical device of this fleet",
            100 * prediction->p7, times_of);
}
