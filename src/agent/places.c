#include "agent/places.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/schema.h"
#include "crowd/key.h"
#include "model/situation.h"

#define FADE      0.98 /* of what was learnt before, with each move */
#define NEXTS     4    /* squares that are kept behind a pair */
#define OFTEN     24   /* squares whose frequency is kept */
#define OWN_MAX   8    /* of the asked ones */
#define OWN_FROM  1.5  /* visits, faded, that make a square one of the device's */
#define LIKELY    0.25 /* a guess that is worth a warning */
#define WARN_MS   PK_DAY_MS
#define AROUND    12 /* squares that a drawn one is away at most: some 60 km */
#define LAT_BITS  12
#define LON_BITS  13
#define PLACE_MIN (1U << (LAT_BITS + LON_BITS)) /* pk_crowd_place_of(): 25 bits behind a 1 */

struct weighted {
    uint32_t place; /* 0: none */
    double weight;
};

struct pair {
    uint32_t before, here; /* here 0: free */
    double weight;
    struct weighted next[NEXTS];
};

struct asked {
    uint32_t place; /* 0: none */
    bool own;
    int standing; /* enum pk_zone_standing */
    double p;
    int64_t until_ms; /* 0: never answered */
};

struct pk_places {
    uint32_t before, here; /* 0: not known */
    struct pair pairs[PK_PLACES_PAIRS];
    struct weighted often[OFTEN];
    struct asked asked[PK_PLACES_ASKED];
    int64_t asked_ms, warned_ms;
};

struct pk_places *pk_places_create(void)
{
    return calloc(1, sizeof(struct pk_places));
}

void pk_places_destroy(struct pk_places *places)
{
    free(places);
}

/* ---- squares -------------------------------------------------------------------------------------- */

static void split(uint32_t place, uint32_t *lat, uint32_t *lon)
{
    *lat = *lon = 0;
    for (int bit = LAT_BITS + LON_BITS - 1; bit >= 0; bit--) {
        uint32_t *to = bit % 2 == 0 ? lon
                                    : lat; /* the first of the 25, bit 24, is of the longitude */

        *to = *to << 1 | (place >> bit & 1);
    }
}

static uint32_t put_together(uint32_t lat, uint32_t lon)
{
    uint32_t place = 1;

    for (int bit = LAT_BITS + LON_BITS - 1; bit >= 0; bit--) {
        place = place << 1 | (bit % 2 == 0 ? lon >> bit / 2 & 1 : lat >> bit / 2 & 1);
    }
    return place;
}

static uint32_t draw_around(uint32_t place)
{
    uint32_t lat;
    uint32_t lon;
    uint32_t r[2];
    int64_t y;

    split(place, &lat, &lon);
    pk_random(r, sizeof(r));
    y = (int64_t)lat + (int64_t)(r[0] % (2 * AROUND + 1)) - AROUND;
    y = y < 0 ? 0 : y >= 1 << LAT_BITS ? (1 << LAT_BITS) - 1 : y;
    lon = (lon + (1U << LON_BITS) + r[1] % (2 * AROUND + 1) - AROUND) & ((1U << LON_BITS) - 1);
    return put_together((uint32_t)y, lon);
}

static bool is_place(uint32_t place)
{
    return place >= PLACE_MIN && place < 2 * PLACE_MIN;
}

/* ---- learning ------------------------------------------------------------------------------------- */

/* The most frequent in bounded memory: who is new wears the lightest one down, then takes its place. */
static void take_weighted(struct weighted *list, size_t count, uint32_t place)
{
    size_t lightest = 0;

    for (size_t i = 0; i < count; i++) {
        list[i].weight *= FADE;
    }
    for (size_t i = 0; i < count; i++) {
        if (list[i].place == place) {
            list[i].weight++;
            return;
        }
        lightest = list[i].weight < list[lightest].weight ? i : lightest;
    }
    if (list[lightest].weight < 1) {
        list[lightest] = (struct weighted){ .place = place, .weight = 1 };
    } else {
        list[lightest].weight -= 0.5;
    }
}

static struct pair *pair_of(struct pk_places *p, uint32_t before, uint32_t here)
{
    struct pair *lightest = p->pairs;

    for (size_t i = 0; i < PK_PLACES_PAIRS; i++) {
        if (p->pairs[i].here == here && p->pairs[i].before == before) {
            return &p->pairs[i];
        }
        lightest = p->pairs[i].weight < lightest->weight ? &p->pairs[i] : lightest;
    }
    if (lightest->weight >= 1) {
        lightest->weight -= 0.5;
        return NULL;
    }
    *lightest = (struct pair){ .before = before, .here = here };
    return lightest;
}

static struct asked *asked_of(struct pk_places *p, uint32_t place)
{
    for (size_t i = 0; i < PK_PLACES_ASKED; i++) {
        if (p->asked[i].place == place) {
            return &p->asked[i];
        }
    }
    return NULL;
}

static size_t own_count(const struct pk_places *p)
{
    size_t count = 0;

    for (size_t i = 0; i < PK_PLACES_ASKED; i++) {
        count += p->asked[i].own;
    }
    return count;
}

/* One that is not among them yet; near the device's own ones, where everybody's may be. */
static uint32_t draw_new(struct pk_places *p, uint32_t around)
{
    uint32_t place;

    do {
        place = draw_around(around);
    } while (asked_of(p, place) != NULL);
    return place;
}

/* In the place of a drawn one. A second drawn one goes with it, so that a change does not tell which is meant. */
static void ask_about(struct pk_places *p, uint32_t place)
{
    struct asked *drawn[PK_PLACES_ASKED];
    size_t count = 0;
    uint32_t r;

    if (asked_of(p, place) != NULL) {
        asked_of(p, place)->own = true;
        return;
    }
    if (p->asked[0].place == 0) { /* the first one of all */
        for (size_t i = 1; i < PK_PLACES_ASKED; i++) {
            p->asked[i].place = draw_new(p, place);
        }
        p->asked[0] = (struct asked){ .place = place, .own = true };
        return;
    }
    for (size_t i = 0; i < PK_PLACES_ASKED; i++) {
        if (!p->asked[i].own) {
            drawn[count++] = &p->asked[i];
        }
    }
    pk_random(&r, sizeof(r));
    *drawn[r % count] = (struct asked){ .place = place, .own = true };
    *drawn[(r + 1) % count] = (struct asked){ .place = draw_new(p, place) };
}

bool pk_places_at(struct pk_places *places, const char *geohash)
{
    uint32_t place = geohash != NULL && strlen(geohash) == PK_PLACES_TEXT - 1
            ? pk_crowd_place_of(geohash)
            : 0;
    struct pair *pair;

    if (place == 0 || place == places->here) {
        return false;
    }
    if (places->here != 0) {
        for (size_t i = 0; i < PK_PLACES_PAIRS; i++) {
            places->pairs[i].weight *= FADE;
        }
        pair = pair_of(places, places->before, places->here);
        if (pair != NULL) {
            pair->weight++;
            take_weighted(pair->next, NEXTS, place);
        }
    }
    take_weighted(places->often, OFTEN, place);
    places->before = places->here;
    places->here = place;
    for (size_t i = 0; i < OFTEN && own_count(places) < OWN_MAX; i++) {
        if (places->often[i].place != 0 &&
                (places->often[i].weight >= OWN_FROM || places->asked[0].place == 0)) {
            ask_about(places, places->often[i].place);
        }
    }
    return true;
}

/* ---- guessing ------------------------------------------------------------------------------------- */

/* What came behind it, by square. */
struct tally {
    struct weighted rows[PK_PLACES_PAIRS * NEXTS];
    size_t count;
    double sum;
};

static void add(struct tally *t, const struct weighted *next, uint32_t here)
{
    size_t i = 0;

    if (next->place == 0 || next->place == here) {
        return;
    }
    while (i < t->count && t->rows[i].place != next->place) {
        i++;
    }
    if (i == t->count) {
        t->rows[t->count++] = (struct weighted){ .place = next->place };
    }
    t->rows[i].weight += next->weight;
    t->sum += next->weight;
}

/* The pair says it when it is known; else the square alone, whatever came before. */
static void add_pairs(const struct pk_places *p, bool both, struct tally *t)
{
    for (size_t i = 0; i < PK_PLACES_PAIRS && p->here != 0; i++) {
        const struct pair *pair = &p->pairs[i];

        for (size_t n = 0;
                n < NEXTS && pair->here == p->here && (!both || pair->before == p->before); n++) {
            add(t, &pair->next[n], p->here);
        }
    }
}

static int by_weight(const void *a, const void *b)
{
    const struct weighted *x = a;
    const struct weighted *y = b;

    return x->weight > y->weight ? -1 : x->weight < y->weight;
}

size_t pk_places_next(const struct pk_places *places, struct pk_places_guess out[PK_PLACES_GUESSES])
{
    struct tally t = { .count = 0 };
    size_t count;

    add_pairs(places, true, &t);
    if (t.count == 0) {
        add_pairs(places, false, &t);
    }
    if (t.count > 1) {
        qsort(t.rows, t.count, sizeof(t.rows[0]), by_weight);
    }
    for (count = 0; count < t.count && count < PK_PLACES_GUESSES && t.sum > 0; count++) {
        char text[PK_CROWD_TEXT];

        (void)snprintf(out[count].place, PK_PLACES_TEXT, "%s",
                pk_crowd_place_text(t.rows[count].place, text));
        out[count].p = t.rows[count].weight / t.sum;
    }
    return count;
}

/* ---- asking --------------------------------------------------------------------------------------- */

static int by_place(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

int pk_places_question(struct pk_places *places, int64_t now_ms, struct pk_buffer *out)
{
    uint32_t sorted[PK_PLACES_ASKED];

    if (places->asked[0].place == 0) {
        return PK_ENOENT;
    }
    if (places->asked_ms != 0 && now_ms >= places->asked_ms &&
            now_ms - places->asked_ms < PK_PLACES_EVERY_MS) {
        return PK_EAGAIN;
    }
    for (size_t i = 0; i < PK_PLACES_ASKED; i++) {
        sorted[i] = places->asked[i].place;
    }
    qsort(sorted, PK_PLACES_ASKED, sizeof(sorted[0]), by_place);
    (void)pk_buffer_puts(out, "{\"cells\":[");
    for (size_t i = 0; i < PK_PLACES_ASKED; i++) {
        char text[PK_CROWD_TEXT];

        (void)pk_buffer_printf(
                out, "%s\"%s\"", i > 0 ? "," : "", pk_crowd_place_text(sorted[i], text));
    }
    (void)pk_buffer_puts(out, "]}");
    places->asked_ms = now_ms;
    return out->rc;
}

struct said {
    const char *place;
    int light;
    double p;
};
static const struct pk_field said_fields[] = {
    { "place", PK_TYPE_STRING, PK_REQUIRED, offsetof(struct said, place), .min = 5, .max = 5 },
    { "light", PK_TYPE_ENUM, PK_REQUIRED, offsetof(struct said, light),
            .names = pk_zone_standing_names },
    { "p", PK_TYPE_REAL, PK_REQUIRED, offsetof(struct said, p), .min = 0, .max = 1 },
};
static const struct pk_schema said_schema = PK_SCHEMA(struct said, said_fields, "cell");

struct answer {
    struct pk_array cells;
};
static const struct pk_field answer_fields[] = {
    { "cells", PK_TYPE_OBJECTS, PK_REQUIRED, offsetof(struct answer, cells), .sub = &said_schema,
            .count_max = PK_PLACES_ASKED },
};
static const struct pk_schema answer_schema = PK_SCHEMA(struct answer, answer_fields, "answer");

int pk_places_answer(
        struct pk_places *places, struct pk_slice body, int64_t now_ms, struct pk_error *err)
{
    struct pk_arena *arena = pk_arena_create(PK_PLACES_BYTES);
    json_t *in = body.len <= PK_PLACES_BYTES
            ? json_loadb((const char *)body.ptr, body.len, JSON_REJECT_DUPLICATES, NULL)
            : NULL;
    struct answer answer = { 0 };
    int rc = arena == NULL ? pk_error_set(err, PK_ENOMEM, "out of memory")
            : in == NULL   ? pk_error_set(err, PK_EMALF, "the server's answer is no JSON")
                           : pk_schema_decode(&answer_schema, in, arena, &answer, err);
    const struct said *said = rc == PK_OK ? answer.cells.items : NULL;

    for (size_t i = 0; rc == PK_OK && i < answer.cells.count; i++) {
        struct asked *asked = asked_of(places, pk_crowd_place_of(said[i].place));

        if (asked != NULL && asked->place != 0) {
            asked->standing = said[i].light;
            asked->p = said[i].p;
            asked->until_ms = now_ms + PK_PLACES_GOOD_MS;
        }
    }
    json_decref(in);
    pk_arena_destroy(arena);
    return rc;
}

int pk_places_light(const struct pk_places *places, const char *geohash, int64_t now_ms, double *p)
{
    uint32_t place = pk_crowd_place_of(geohash);

    for (size_t i = 0; place != 0 && i < PK_PLACES_ASKED; i++) {
        const struct asked *a = &places->asked[i];

        if (a->place == place && now_ms < a->until_ms) {
            if (p != NULL) {
                *p = a->p;
            }
            return a->standing;
        }
    }
    return PK_ZONE_STANDING_UNKNOWN;
}

bool pk_places_warns(struct pk_places *places, int64_t now_ms)
{
    struct pk_places_guess next[PK_PLACES_GUESSES];
    size_t count = pk_places_next(places, next);

    if (places->warned_ms != 0 && now_ms >= places->warned_ms &&
            now_ms - places->warned_ms < WARN_MS) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (next[i].p >= LIKELY &&
                pk_places_light(places, next[i].place, now_ms, NULL) == PK_ZONE_STANDING_RED) {
            places->warned_ms = now_ms;
            return true;
        }
    }
    return false;
}

json_t *pk_places_status(const struct pk_places *places)
{
    char at[PK_TIME_TEXT];
    json_int_t pairs = 0;

    for (size_t i = 0; i < PK_PLACES_PAIRS; i++) {
        pairs += places->pairs[i].here != 0;
    }
    return json_pack("{s:I, s:s?}", "pairs", pairs, "asked_at",
            places->asked_ms != 0 ? pk_time_format(places->asked_ms, at) : NULL);
}

/* ---- at rest -------------------------------------------------------------------------------------- */

static json_t *weighted_json(const struct weighted *list, size_t count)
{
    json_t *out = json_array();

    for (size_t i = 0; i < count; i++) {
        (void)json_array_append_new(
                out, json_pack("[I, f]", (json_int_t)list[i].place, list[i].weight));
    }
    return out;
}

int pk_places_write(const struct pk_places *places, struct pk_buffer *out)
{
    json_t *pairs = json_array();
    json_t *asked = json_array();
    json_t *all;
    char *text;

    for (size_t i = 0; i < PK_PLACES_PAIRS; i++) {
        const struct pair *p = &places->pairs[i];

        (void)json_array_append_new(pairs,
                json_pack("[I, I, f, o]", (json_int_t)p->before, (json_int_t)p->here, p->weight,
                        weighted_json(p->next, NEXTS)));
    }
    for (size_t i = 0; i < PK_PLACES_ASKED; i++) {
        const struct asked *a = &places->asked[i];

        (void)json_array_append_new(asked,
                json_pack("[I, b, i, f, I]", (json_int_t)a->place, a->own, a->standing, a->p,
                        (json_int_t)a->until_ms));
    }
    all = json_pack("{s:i, s:[I, I], s:o, s:o, s:o, s:I, s:I}", "v", 1, "last",
            (json_int_t)places->before, (json_int_t)places->here, "pairs", pairs, "often",
            weighted_json(places->often, OFTEN), "asked", asked, "asked_ms",
            (json_int_t)places->asked_ms, "warned_ms", (json_int_t)places->warned_ms);
    text = all != NULL ? json_dumps(all, JSON_COMPACT) : NULL;
    if (text != NULL) {
        (void)pk_buffer_puts(out, text);
    }
    free(text);
    json_decref(all);
    return text != NULL ? out->rc : PK_ENOMEM;
}

/* A place of the file, or 0. *bad is set by what can be neither. */
static uint32_t read_place(const json_t *v, bool *bad)
{
    json_int_t n = json_integer_value(v);

    if (!json_is_integer(v) || (n != 0 && (n < 0 || n > UINT32_MAX || !is_place((uint32_t)n)))) {
        *bad = true;
        return 0;
    }
    return (uint32_t)n;
}

static double read_weight(const json_t *v, bool *bad)
{
    double w = json_number_value(v);

    *bad = *bad || !json_is_number(v) || !(w >= 0 && w < 1e6);
    return *bad ? 0 : w;
}

static int64_t read_time(const json_t *v, bool *bad)
{
    json_int_t n = json_integer_value(v);

    *bad = *bad || !json_is_integer(v) || n < 0 || n > INT64_C(1) << 50;
    return *bad ? 0 : n;
}

static void read_weighted(const json_t *in, struct weighted *out, size_t count, bool *bad)
{
    *bad = *bad || json_array_size(in) != count;
    for (size_t i = 0; !*bad && i < count; i++) {
        const json_t *row = json_array_get(in, i);

        out[i].place = read_place(json_array_get(row, 0), bad);
        out[i].weight = read_weight(json_array_get(row, 1), bad);
        *bad = *bad || (out[i].place == 0 && out[i].weight > 0);
    }
}

static void read_all(const json_t *in, struct pk_places *p, bool *bad)
{
    const json_t *pairs = json_object_get(in, "pairs");
    const json_t *asked = json_object_get(in, "asked");
    const json_t *last = json_object_get(in, "last");

    *bad = json_integer_value(json_object_get(in, "v")) != 1 ||
            json_array_size(pairs) != PK_PLACES_PAIRS || json_array_size(asked) != PK_PLACES_ASKED;
    p->before = read_place(json_array_get(last, 0), bad);
    p->here = read_place(json_array_get(last, 1), bad);
    read_weighted(json_object_get(in, "often"), p->often, OFTEN, bad);
    p->asked_ms = read_time(json_object_get(in, "asked_ms"), bad);
    p->warned_ms = read_time(json_object_get(in, "warned_ms"), bad);
    for (size_t i = 0; !*bad && i < PK_PLACES_PAIRS; i++) {
        const json_t *row = json_array_get(pairs, i);

        p->pairs[i].before = read_place(json_array_get(row, 0), bad);
        p->pairs[i].here = read_place(json_array_get(row, 1), bad);
        p->pairs[i].weight = read_weight(json_array_get(row, 2), bad);
        read_weighted(json_array_get(row, 3), p->pairs[i].next, NEXTS, bad);
    }
    for (size_t i = 0; !*bad && i < PK_PLACES_ASKED; i++) {
        const json_t *row = json_array_get(asked, i);
        json_int_t standing = json_integer_value(json_array_get(row, 2));

        p->asked[i].place = read_place(json_array_get(row, 0), bad);
        p->asked[i].own = json_is_true(json_array_get(row, 1));
        p->asked[i].p = read_weight(json_array_get(row, 3), bad);
        p->asked[i].until_ms = read_time(json_array_get(row, 4), bad);
        *bad = *bad || standing < 0 || standing > PK_ZONE_STANDING_RED ||
                (p->asked[i].place == 0) != (p->asked[0].place == 0);
        p->asked[i].standing = *bad ? 0 : (int)standing;
    }
    *bad = *bad || own_count(p) > OWN_MAX;
}

int pk_places_read(struct pk_places *places, struct pk_slice bytes)
{
    struct pk_places fresh = { 0 };
    bool bad = true;
    json_t *in = bytes.len <= PK_PLACES_BYTES
            ? json_loadb((const char *)bytes.ptr, bytes.len, JSON_REJECT_DUPLICATES, NULL)
            : NULL;

    if (in != NULL) {
        read_all(in, &fresh, &bad);
    }
    json_decref(in);
    *places = bad ? (struct pk_places){ 0 } : fresh;
    return bad ? PK_EMALF : PK_OK;
}
