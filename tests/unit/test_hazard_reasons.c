/* A prediction in words: what is said, in which order, what helps, and what is never said. */
#include <math.h>
#include <string.h>

#include "check.h"
#include "risk/hazard_reasons.h"

#define DAY      INT64_C(86400)
#define FIRST    (INT64_C(20000) * DAY)
#define NETWORK  UINT64_C(0x1234567890)
#define PLACE    417
#define ENROLLED (FIRST - 100 * DAY)

static const struct pk_hazard_voice trusted = { .weight = 1, .record = 0.9F, .visits = 9 };
static const struct pk_crowd_opinion nothing = { .log_odds = -INFINITY };
static const struct pk_crowd_opinion attacked = { .after = true, .hard = true, .log_odds = 3 };

static uint32_t dice(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33);
}

/* Easy to follow, and free of what training will make of the shipped ones. */
static const struct pk_hazard_weights plain = {
    .bias = { { -3, -30, -30 }, { -2, -30, -30 } },
    .w = { { { [PK_HAZARD_pub_rate] = 0.5,
            [PK_HAZARD_hit90] = 0.8,
            [PK_HAZARD_patch_age] = 0.4,
            [PK_HAZARD_dev] = 0.3 } } },
    .mean = { [PK_HAZARD_pub_rate] = -1.2, [PK_HAZARD_hit90] = 0.1, [PK_HAZARD_patch_age] = 0.6 },
};

static struct pk_hazard *create(const struct pk_hazard_weights *weights)
{
    struct pk_hazard_settings settings = { .weights = weights, .no_online = true };
    struct pk_hazard *h = NULL;

    assert_int_equal(pk_hazard_create(&settings, &h, NULL), PK_OK);
    return h;
}

static void take(struct pk_hazard *h, const struct pk_sighting *s, const struct pk_crowd_opinion *o)
{
    assert_int_equal(pk_hazard_take(h, s, o, &trusted), PK_OK);
}

static void enrol(struct pk_hazard *h, uint64_t device)
{
    struct pk_sighting s = { .device = device,
        .at_s = FIRST,
        .kind = PK_SIGHTING_DEVICE,
        .enrolment = { .enrolled_s = ENROLLED } };

    take(h, &s, &nothing);
}

static void join(struct pk_hazard *h, uint64_t device, int64_t at_s, uint8_t security,
        const struct pk_crowd_opinion *opinion)
{
    struct pk_sighting s = { .device = device,
        .at_s = at_s,
        .place = PLACE,
        .city = 4,
        .kind = PK_SIGHTING_NETWORK,
        .network = { .network = NETWORK, .point = 7, .security = security } };

    take(h, &s, opinion);
}

static void posture(struct pk_hazard *h, uint64_t device, int64_t at_s, struct pk_sight_posture is)
{
    struct pk_sighting s = {
        .device = device, .at_s = at_s, .kind = PK_SIGHTING_POSTURE, .posture = is
    };

    take(h, &s, &nothing);
}

static const struct pk_hazard_reason *find(
        const struct pk_hazard_reasons *all, enum pk_hazard_reason_kind kind)
{
    for (size_t i = 0; i < all->count; i++) {
        if (all->items[i].kind == kind) {
            return &all->items[i];
        }
    }
    return NULL;
}

/* What holds for any list of reasons. */
static void check_list(const struct pk_hazard_reasons *all)
{
    assert_true(all->count <= PK_HAZARD_REASONS_MAX);
    for (size_t i = 0; i < all->count; i++) {
        const struct pk_hazard_reason *r = &all->items[i];
        const struct pk_hazard_reason *last = i > 0 ? &all->items[i - 1] : r;

        assert_non_null(pk_hazard_reason_names[r->kind]);
        assert_true(r->text != NULL && r->text[0] != '\0' && strchr(r->text, '\n') == NULL);
        assert_true(last->log_odds > 0 || r->log_odds < 0); /* what raises comes first */
        assert_true((last->log_odds > 0) != (r->log_odds > 0) ||
                fabs(last->log_odds) >= fabs(r->log_odds));
        assert_true((r->points > 0) == (r->log_odds > 0));
        assert_true(fabs(log(r->factor) - r->log_odds) < 1e-9);
        assert_int_equal(r->lower != NULL, r->remedy != PK_HAZARD_NO_REMEDY);
        assert_int_equal(r->lower != NULL, r->lower_points > 0);
        for (size_t k = 0; k < i; k++) {
            assert_int_not_equal(all->items[k].kind, r->kind);
            assert_true(r->lower == NULL || all->items[k].remedy != r->remedy);
        }
    }
}

static void test_words(void **state)
{
    struct pk_arena *arena = pk_arena_create(1UL << 16);
    struct pk_hazard *h = create(&plain);
    struct pk_hazard_reasons all;
    int64_t now = FIRST + 40 * DAY;

    (void)state;
    enrol(h, 1);
    enrol(h, 2);
    for (int64_t day = 0; day < 40; day++) {
        for (int64_t n = 0; n < 2; n++) {
            join(h, 1, FIRST + day * DAY + (n + 1) * 3600, PK_SIGHT_OPEN,
                    n == 0 && day >= 35 && day < 37 ? &attacked : &nothing);
        }
        join(h, 2, FIRST + day * DAY + 9 * 3600, PK_SIGHT_WPA2, &nothing);
    }
    posture(h, 1, now - 10,
            (struct pk_sight_posture){ .patch_days = 210, .passcode = true, .developer = true });
    posture(h, 2, now - 5, (struct pk_sight_posture){ .patch_days = 10, .passcode = true });
    assert_int_equal(pk_hazard_reasons(h, 1, now, arena, &all), PK_OK);
    check_list(&all);
    static const struct {
        const char *text, *lower;
        enum pk_hazard_reason_kind kind;
    } wanted[] = {
        { "joins open networks about 14 times a week, 6 times as often as a typical device",
                "Use mobile data instead of open networks, or a VPN on them",
                PK_HAZARD_OPEN_OFTEN },
        { "attacked on 2 days of the last month, the last time 4 days ago", NULL,
                PK_HAZARD_ATTACKED },
        { "newest security update 210 days old", "Install the newest security update",
                PK_HAZARD_PATCH_OLD },
        { "developer mode is on", "Turn developer mode off", PK_HAZARD_DEVELOPER },
    };

    assert_int_equal(all.count, PK_COUNT(wanted));
    for (size_t i = 0; i < all.count; i++) {
        assert_int_equal(all.items[i].kind, wanted[i].kind);
        assert_string_equal(all.items[i].text, wanted[i].text);
        if (wanted[i].lower == NULL) {
            assert_null(all.items[i].lower); /* nobody can undo it */
        } else {
            assert_string_equal(all.items[i].lower, wanted[i].lower);
        }
    }
    assert_int_equal(pk_hazard_reasons(h, 2, now, arena, &all), PK_OK);
    check_list(&all);
    assert_int_equal(all.count, 2); /* .08 is the least that is worth a sentence */
    assert_string_equal(all.items[0].text, "hardly ever joins an open network");
    assert_string_equal(all.items[1].text, "newest security update 10 days old");
    assert_true(all.items[0].points < 0 && all.items[1].points < 0);
    assert_int_equal(pk_hazard_reasons(h, 3, now, arena, &all), PK_ENOENT);
    pk_hazard_destroy(h);
    pk_arena_destroy(arena);
}

/* What the remedy promises is what the model says once it has worked. */
static void test_remedy_keeps_its_word(void **state)
{
    static const struct {
        struct pk_sight_posture is;
        enum pk_hazard_reason_kind kind;
    } rows[] = {
        { { .patch_days = 250, .passcode = true }, PK_HAZARD_PATCH_OLD },
        { { .patch_days = 50, .passcode = false }, PK_HAZARD_NO_PASSCODE },
        { { .patch_days = 50, .passcode = true, .developer = true }, PK_HAZARD_DEVELOPER },
        { { .patch_days = 50, .passcode = true, .root = true }, PK_HAZARD_ROOTED },
        { { .patch_days = 50, .passcode = true, .unknown_sources = true },
                PK_HAZARD_UNKNOWN_SOURCES },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct pk_arena *arena = pk_arena_create(1UL << 16);
        struct pk_hazard *h = create(NULL);
        struct pk_sight_posture cured = { .patch_days = 50, .passcode = true };
        struct pk_hazard_prediction before;
        struct pk_hazard_prediction after;
        struct pk_hazard_reasons all;
        const struct pk_hazard_reason *r;
        int64_t now = FIRST + 5 * DAY;

        enrol(h, 1);
        posture(h, 1, now, rows[i].is);
        assert_int_equal(pk_hazard_reasons(h, 1, now, arena, &all), PK_OK);
        assert_true(pk_hazard_predict(h, 1, now, &before));
        r = find(&all, rows[i].kind);
        assert_non_null(r);
        cured.patch_days = rows[i].kind == PK_HAZARD_PATCH_OLD ? 0 : cured.patch_days;
        posture(h, 1, now, cured);
        assert_true(pk_hazard_predict(h, 1, now, &after));
        assert_true(fabs(100 * (before.p7 - after.p7) - r->lower_points) < 1e-9);
        pk_hazard_destroy(h);
        pk_arena_destroy(arena);
    }
}

/* Many devices of all kinds: the rules hold for each, and a small arena is refused, not overrun. */
static void test_any(void **state)
{
    struct pk_hazard *h = create(NULL);
    int64_t now = FIRST + 30 * DAY;
    uint64_t seed = 9;
    size_t seen = 0;

    (void)state;
    for (uint64_t d = 1; d <= 300; d++) {
        enrol(h, d);
    }
    for (int64_t day = 0; day < 30; day++) {
        for (uint64_t d = 1; d <= 300; d++) {
            int64_t at = FIRST + day * DAY + 100 + (int64_t)d;
            struct pk_sighting app = { .device = d,
                .at_s = at,
                .kind = PK_SIGHTING_APP,
                .app = { .package = d,
                        .file = 2,
                        .signer = 3,
                        .source = (uint8_t)(dice(&seed) % 9),
                        .risk = (uint8_t)(dice(&seed) % 100) } };

            if (dice(&seed) % (1 + d % 9) == 0) {
                join(h, d, at, (uint8_t)(dice(&seed) % 5),
                        dice(&seed) % 40 == 0 ? &attacked : &nothing);
            }
            if (dice(&seed) % 15 == 0) {
                take(h, &app, dice(&seed) % 9 == 0 ? &attacked : &nothing);
            }
            if (day == 3) {
                posture(h, d, at,
                        (struct pk_sight_posture){ .patch_days = (uint16_t)(dice(&seed) % 400),
                                .root = dice(&seed) % 20 == 0,
                                .hook = dice(&seed) % 40 == 0,
                                .developer = dice(&seed) % 9 == 0,
                                .passcode = dice(&seed) % 9 != 0,
                                .unknown_sources = dice(&seed) % 5 == 0 });
            }
        }
    }
    for (uint64_t d = 1; d <= 300; d++) {
        struct pk_arena *arena = pk_arena_create(1UL << 14);
        struct pk_arena *small = pk_arena_create(24);
        struct pk_hazard_reasons all = { .count = 77 };
        struct pk_hazard_prediction p;

        assert_int_equal(pk_hazard_reasons(h, d, now, arena, &all), PK_OK);
        check_list(&all);
        assert_true(all.count >= 1);
        assert_true(find(&all, PK_HAZARD_ORDINARY) == NULL || all.count == 1);
        seen += all.count;
        assert_true(pk_hazard_predict(h, d, now, &p));
        assert_non_null(pk_hazard_headline(h, &p, arena));
        if (find(&all, PK_HAZARD_ATTACKED) != NULL) {
            all.count = 77;
            assert_int_equal(pk_hazard_reasons(h, d, now, small, &all), PK_ENOMEM);
            assert_int_equal(all.count, 77);
        }
        pk_arena_destroy(small);
        pk_arena_destroy(arena);
    }
    assert_true(seen > 500);
    pk_hazard_destroy(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_remedy_keeps_its_word),
        cmocka_unit_test(test_any),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
