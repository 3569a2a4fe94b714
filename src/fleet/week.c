#include "fleet/week.h"

#include <stdlib.h>

#include "base/clock.h"

#define LOOK_EVERY_MS (100 * PK_MINUTE_MS)
/* Those who are somewhere in particular when the week ends. */
#define LINGER_MS (55 * PK_MINUTE_MS)

struct walker {
    struct pk_week *week;
    struct pk_random random;
    const struct pk_incidence *troubles;
    size_t trouble_count;
    int64_t end_ms;
    int home;
    int office;
    int place; /* where it is */
    int rc;
};

static void add(struct walker *w, int64_t at_ms, enum pk_moment_kind kind)
{
    struct pk_week *week = w->week;

    if (at_ms > w->end_ms || w->rc < 0) {
        return;
    }
    if (week->count == week->room) {
        size_t room = week->room == 0 ? 256 : 2 * week->room;
        struct pk_moment *grown = reallocarray(week->moments, room, sizeof(*grown));

        if (grown == NULL) {
            w->rc = PK_ENOMEM;
            return;
        }
        week->moments = grown;
        week->room = room;
    }
    week->moments[week->count++] = (struct pk_moment){ at_ms, kind, w->place };
}

/* Looks around now and then, and soon after something begins or ends here. */
static void look(struct walker *w, int64_t from_ms, int64_t to_ms)
{
    int64_t at_ms = from_ms;

    while (at_ms < to_ms && at_ms <= w->end_ms) {
        int64_t next_ms = at_ms + LOOK_EVERY_MS + pk_random_below(&w->random, 20) * PK_MINUTE_MS;

        add(w, at_ms, PK_MOMENT_LOOKED);
        for (size_t i = 0; i < w->trouble_count; i++) {
            const struct pk_incidence *t = &w->troubles[i];
            int64_t lag_ms = pk_random_between(&w->random, 2, 90) * PK_SECOND_MS;

            if (pk_places_trouble_at(t, 1, w->place, t->from_ms) == PK_TROUBLE_NONE) {
                continue;
            }
            if (t->from_ms > at_ms && t->from_ms + lag_ms < next_ms) {
                next_ms = t->from_ms + lag_ms;
            }
            if (t->to_ms > at_ms && t->to_ms != INT64_MAX && t->to_ms + lag_ms < next_ms) {
                next_ms = t->to_ms + lag_ms;
            }
        }
        at_ms = next_ms;
    }
}

/* Is at the place from then to then. */
static void stay(struct walker *w, int place, int64_t from_ms, int64_t to_ms)
{
    struct pk_place_text text;
    struct pk_fact_router router;
    struct pk_place p;
    int64_t at_ms = from_ms;

    if (from_ms >= w->end_ms || from_ms >= to_ms) {
        return;
    }
    pk_place_get(place, &p, &router, &text);
    w->place = place;
    add(w, at_ms, PK_MOMENT_JOINED);
    if (p.portal != NULL) {
        add(w, at_ms + 2 * PK_SECOND_MS, PK_MOMENT_CAPTIVE);
        at_ms += pk_random_between(&w->random, 40, 200) * PK_SECOND_MS;
    }
    if (p.kind != PK_PLACE_MOBILE) {
        add(w, at_ms + 3 * PK_SECOND_MS, PK_MOMENT_FREE);
        look(w, at_ms + 5 * PK_SECOND_MS, to_ms);
    }
    add(w, to_ms, PK_MOMENT_LEFT);
}

/* Hour and minute in ms, and up to so many minutes either way. */
static int64_t around(struct walker *w, int64_t hour, int64_t minute, int64_t spread)
{
    return (hour * 60 + minute + pk_random_between(&w->random, -spread, spread)) * PK_MINUTE_MS;
}

static void working_day(struct walker *w, int64_t day_ms, int day)
{
    int64_t out_ms = day_ms + around(w, 7, 0, 40);
    int64_t there_ms = out_ms + around(w, 0, 35, 15);
    int64_t lunch_ms = day_ms + around(w, 11, 15, 20);
    int64_t back_ms = lunch_ms + around(w, 0, 45, 10);
    int64_t go_ms = day_ms + around(w, 16, 0, 50);
    int64_t home_ms = go_ms + around(w, 0, 40, 15);
    int lunch = pk_random_percent(&w->random, 30) ? PK_PLACE_CAFE
                                                  : (int)pk_random_between(&w->random, 6, 11);

    stay(w, w->home, day_ms + around(w, 4, 30, 50), out_ms);
    if (pk_random_percent(&w->random, 35)) {
        stay(w, PK_PLACE_STATION, out_ms + 5 * PK_MINUTE_MS, there_ms - 4 * PK_MINUTE_MS);
    } else {
        stay(w, PK_PLACE_MOBILE_ONE, out_ms + PK_MINUTE_MS, there_ms - PK_MINUTE_MS);
    }
    stay(w, w->office, there_ms, lunch_ms);
    if (pk_random_percent(&w->random, 40)) {
        stay(w, lunch, lunch_ms + 6 * PK_MINUTE_MS, back_ms - 4 * PK_MINUTE_MS);
    }
    stay(w, w->office, back_ms, go_ms);
    if (pk_random_percent(&w->random, day >= 4 ? 25 : 12)) {
        stay(w, (int)pk_random_between(&w->random, 6, 10), go_ms + 9 * PK_MINUTE_MS,
                home_ms + 60 * PK_MINUTE_MS);
        home_ms += 80 * PK_MINUTE_MS;
    }
    stay(w, w->home, home_ms, day_ms + 24 * PK_HOUR_MS + around(w, 0, -50, 40));
}

/* A day away: station, airport or hotel. */
static void travel_day(struct walker *w, int64_t day_ms)
{
    stay(w, w->home, day_ms + around(w, 4, 0, 30), day_ms + around(w, 6, 0, 20));
    stay(w, PK_PLACE_AIRPORT, day_ms + around(w, 7, 30, 20), day_ms + around(w, 9, 0, 20));
    stay(w, 7, day_ms + around(w, 10, 30, 20), day_ms + around(w, 16, 0, 30));
    stay(w, PK_PLACE_HOTEL, day_ms + around(w, 17, 10, 20), day_ms + 22 * PK_HOUR_MS);
}

static void free_day(struct walker *w, int64_t day_ms)
{
    int64_t out_ms = day_ms + around(w, 9, 30, 70);
    int64_t back_ms = out_ms + around(w, 0, 150, 50);

    stay(w, w->home, day_ms + around(w, 6, 30, 60), out_ms);
    if (pk_random_percent(&w->random, 60)) {
        stay(w,
                pk_random_percent(&w->random, 40) ? PK_PLACE_CAFE
                                                  : (int)pk_random_between(&w->random, 6, 11),
                out_ms + 15 * PK_MINUTE_MS, back_ms - 10 * PK_MINUTE_MS);
    }
    stay(w, w->home, back_ms, day_ms + 23 * PK_HOUR_MS + around(w, 0, 0, 40));
}

/* 0 is Monday. */
static int weekday(int64_t at_ms)
{
    return (int)((at_ms / PK_DAY_MS + 3) % 7);
}

static void live(struct walker *w, size_t index, int64_t start_ms)
{
    int travels_on = index % 9 == 4 ? (int)pk_random_between(&w->random, 1, 4) : -1;
    int64_t day_ms = start_ms;

    w->place = -1;
    add(w, start_ms + around(w, 0, 30, 25), PK_MOMENT_STARTED);
    for (int day = 0; day_ms < w->end_ms; day++, day_ms += PK_DAY_MS) {
        w->place = -1;
        add(w, day_ms + around(w, 3, 0, 20), day == 3 ? PK_MOMENT_UPDATED : PK_MOMENT_POSTURE);
        if (day == travels_on) {
            travel_day(w, day_ms);
        } else if (weekday(day_ms) >= 5) {
            free_day(w, day_ms);
        } else {
            working_day(w, day_ms, day);
        }
    }
}

/* Whoever is where something happens while the week ends. */
static int lingers_at(size_t index)
{
    return index % 25 == 3 ? PK_PLACE_COWORKING : index % 40 == 7 ? PK_PLACE_HOTEL : -1;
}

int pk_week_make(uint64_t seed, size_t index, int64_t start_ms, int64_t end_ms,
        const struct pk_incidence *troubles, size_t trouble_count, struct pk_week *out)
{
    int last = lingers_at(index);
    struct walker w = {
        .week = out,
        .random = pk_random_of(seed ^ 0x7765656BU, index + 1),
        .troubles = troubles,
        .trouble_count = trouble_count,
        .end_ms = last >= 0 ? end_ms - LINGER_MS : end_ms,
        .home = PK_PLACE_HOME_FIRST + (int)index,
        .office = PK_PLACE_OFFICE_FIRST +
                (int)(index % 7 < 4             ? 0
                                : index % 7 < 6 ? 1
                                                : 2),
    };

    *out = (struct pk_week){ 0 };
    live(&w, index, start_ms);
    if (last >= 0) {
        if (out->count > 0 && out->moments[out->count - 1].kind != PK_MOMENT_LEFT) {
            add(&w, w.end_ms, PK_MOMENT_LEFT);
        }
        w.end_ms = end_ms;
        stay(&w, last, end_ms - LINGER_MS + pk_random_between(&w.random, 1, 20) * PK_MINUTE_MS,
                INT64_MAX / 2);
    }
    if (w.rc < 0) {
        pk_week_finish(out);
    }
    return w.rc;
}

void pk_week_finish(struct pk_week *week)
{
    free(week->moments);
    *week = (struct pk_week){ 0 };
}
