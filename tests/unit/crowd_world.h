/* crowd_world.h - a crowd, its devices, and the cafe where they meet; for the tests of the crowd. */
#pragma once

#include "check.h"
#include "crowd/crowd.h"

#define DAY  INT64_C(86400)
#define HOUR INT64_C(3600)
#define T0   (20000 * DAY)

#define CAFE    UINT64_C(0xcafe)
#define POINT   UINT64_C(0x001122334455)
#define TWIN    UINT64_C(0x001122339999)
#define BAD_KEY 0xbadU

struct world {
    struct pk_crowd *crowd;
    int64_t now_s;
    struct pk_crowd_opinion o; /* the last one */
    unsigned said_bad, said_good;
};

static inline void on_change(void *ctx, const struct pk_crowd_change *change)
{
    struct world *w = ctx;

    w->said_bad += change->bad;
    w->said_good += !change->bad;
}

static inline void begin(struct world *w)
{
    const struct pk_crowd_settings settings = { .trusting = true, .changed = on_change, .ctx = w };

    memset(w, 0, sizeof(*w));
    w->now_s = T0;
    assert_int_equal(pk_crowd_create(&settings, &w->crowd, NULL), PK_OK);
}

static inline void end(struct world *w)
{
    pk_crowd_destroy(w->crowd);
}

static inline void take(struct world *w, struct pk_sighting *s)
{
    s->at_s = w->now_s;
    s->place = 11;
    s->city = 1;
    assert_int_equal(pk_crowd_take(w->crowd, s, &w->o), PK_OK);
}

/* asn: with the day the cohort. All are enrolled sixty days before the world begins. */
static inline void enrol(
        struct world *w, uint64_t device, enum pk_attestation attestation, uint32_t asn)
{
    struct pk_sighting s = { .device = device,
        .kind = PK_SIGHTING_DEVICE,
        .enrolment = { .enrolled_s = T0 - 60 * DAY, .asn = asn, .attestation = attestation } };

    take(w, &s);
    s.kind = PK_SIGHTING_POSTURE; /* it tells of itself, too */
    memset(&s.posture, 0, sizeof(s.posture));
    take(w, &s);
}

/* Hosts of their own each: attested, of independent cohorts. */
static inline void enrol_many(struct world *w, uint64_t first, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        enrol(w, first + i, PK_ATTESTED_HARDWARE, 64000 + (uint32_t)first + i);
    }
}

static inline struct pk_sight_network net_at(uint64_t point, bool forged)
{
    struct pk_sight_network net = { .network = CAFE,
        .point = point,
        .gateway = point == POINT ? 0x00aabbccdd01 : 0x00aabbccdd02,
        .resolver = 77,
        .lease = 88,
        .egress = 64500,
        .dbm = -65,
        .security = PK_SIGHT_WPA2,
        .check_count = 3 };

    for (uint8_t i = 0; i < 3; i++) {
        net.checks[i] = (struct pk_sight_check){ .key = forged ? BAD_KEY : 1000U + i,
            .host = i,
            .valid = forged ? PK_SIGHT_FORGED : PK_SIGHT_INTACT };
    }
    return net;
}

static inline void join(struct world *w, uint64_t device, uint64_t point, bool forged)
{
    struct pk_sighting s = {
        .device = device, .kind = PK_SIGHTING_NETWORK, .network = net_at(point, forged)
    };

    take(w, &s);
}

static inline bool is_bad(struct world *w, uint64_t point)
{
    struct pk_crowd_key key = { CAFE, point, PK_CROWD_POINT };
    struct pk_crowd_opinion o;

    return pk_crowd_ask(w->crowd, &key, w->now_s, &o) && o.before;
}

/* Twelve regulars, ten days, all is well. */
static inline void a_used_cafe(struct world *w)
{
    enrol_many(w, 1, 12);
    for (int day = 0; day < 10; day++) {
        for (uint64_t d = 1; d <= 12; d++) {
            w->now_s = T0 + day * DAY + (int64_t)d * HOUR;
            join(w, d, POINT, false);
            assert_false(w->o.before || w->o.after);
        }
    }
    w->now_s = T0 + 10 * DAY + 9 * HOUR;
}

static inline void has_app(struct world *w, uint64_t device, struct pk_sight_app app)
{
    struct pk_sighting s = { .device = device, .kind = PK_SIGHTING_APP, .app = app };

    take(w, &s);
}

static const struct pk_sight_app bad_app = { .package = 0xb1,
    .file = 0xf2,
    .signer = 0x51,
    .permissions = 0xffff,
    .version = 1,
    .source = PK_SIGHT_FROM_SIDELOAD,
    .risk = 98 };
