/* Seats at rest: little-endian fields in order; only what is used. */
#include <stdlib.h>

#include "base/reader.h"
#include "crowd/visit_internal.h"

#define VERSION  0x31564b50U /* "PKV1" */
#define SEAT_MIN 50          /* bytes of one without checks, points and masts */

/* --- writing ------------------------------------------------------------------------------ */

static void put(struct pk_buffer *out, uint64_t value, size_t bytes)
{
    uint8_t text[8];

    for (size_t i = 0; i < bytes; i++) {
        text[i] = (uint8_t)(value >> (8 * i));
    }
    (void)pk_buffer_put(out, text, bytes);
}

static void put_now(struct pk_buffer *out, const struct visit_now *now)
{
    put(out, now->network, 8);
    put(out, now->point, 8);
    put(out, now->gateway, 8);
    put(out, now->resolver, 4);
    put(out, now->lease, 4);
    put(out, now->portal, 4);
    put(out, now->at_s, 4);
    put(out, now->flags_s, 4);
    put(out, (uint16_t)now->dbm, 2);
    put(out, now->security, 1);
    put(out, now->flags, 1);
    put(out, now->incidents, 1);
    put(out, now->sure[0], 1);
    put(out, now->sure[1], 1);
    put(out, now->news, 1);
    put(out, now->check_count, 1);
    for (size_t i = 0; i < now->check_count; i++) {
        put(out, now->checks[i].host, 4);
        put(out, now->checks[i].key, 4);
        put(out, now->checks[i].valid, 1);
        put(out, now->checks[i].told, 1);
    }
}

static void put_told(struct pk_buffer *out, const struct visit_told *told)
{
    put(out, told->network, 8);
    put(out, told->point, 8);
    put(out, told->since_s, 4);
    for (size_t i = 0; i < VISIT_FACTS; i++) {
        put(out, told->facts[i], 2);
    }
    put(out, told->evidence, 1);
    put(out, told->forged, 1);
    put(out, told->incidents, 1);
    put(out, told->further, 1);
}

static void put_seat(struct pk_buffer *out, const struct visit_seat *seat)
{
    uint8_t points = 0; /* which places are used: their order decides who makes room */
    uint8_t masts = 0;

    for (size_t i = 0; i < VISIT_POINTS; i++) {
        points |= seat->told[i].since_s != 0 ? (uint8_t)(1U << i) : 0;
    }
    for (size_t i = 0; i < VISIT_MASTS; i++) {
        masts |= seat->masts[i].since_s != 0 ? (uint8_t)(1U << i) : 0;
    }
    put(out, seat->device, 8);
    put(out, seat->seen_s, 4);
    put(out, seat->enrolment, 4);
    put(out, seat->posture, 4);
    put(out, seat->posture_s, 4);
    put(out, seat->budget_s, 4);
    put(out, seat->budget, 2);
    put(out, seat->extra_ca, 1);
    put(out, seat->now.place, 4);
    put(out, seat->now.city, 4);
    put(out, points, 1);
    put(out, masts, 1);
    put(out, seat->now.open, 1);
    put(out, seat->now.network,
            8); /* of the last visit, also when it is over: see visit_note_joined() */
    if (seat->now.open) {
        put_now(out, &seat->now);
    }
    for (size_t i = 0; i < VISIT_POINTS; i++) {
        if (seat->told[i].since_s != 0) {
            put_told(out, &seat->told[i]);
        }
    }
    for (size_t i = 0; i < VISIT_MASTS; i++) {
        if (seat->masts[i].since_s != 0) {
            put(out, seat->masts[i].key, 8);
            put(out, seat->masts[i].since_s, 4);
            put(out, seat->masts[i].flags, 1);
        }
    }
}

int pk_visits_save(const struct pk_visits *visits, struct pk_buffer *out)
{
    put(out, VERSION, 4);
    put(out, visits->count, 4);
    put(out, visits->hand, 4);
    for (size_t i = 0; i < visits->count; i++) {
        put_seat(out, &visits->seats[i]);
    }
    return out->rc;
}

/* --- reading ------------------------------------------------------------------------------ */

/* A number that the program itself never writes above `max`. */
static uint64_t bounded(struct pk_reader *r, uint64_t value, uint64_t max)
{
    if (value > max) {
        r->rc = r->rc < 0 ? r->rc : PK_EMALF;
        return 0;
    }
    return value;
}

static uint8_t small(struct pk_reader *r, uint8_t max)
{
    return (uint8_t)bounded(r, pk_read_u8(r), max);
}

static void read_now(struct pk_reader *r, struct visit_now *now)
{
    now->network = pk_read_le64(r);
    now->point = bounded(r, pk_read_le64(r), 0xffffffffffffULL);
    now->gateway = bounded(r, pk_read_le64(r), 0xffffffffffffULL);
    now->resolver = pk_read_le32(r);
    now->lease = pk_read_le32(r);
    now->portal = pk_read_le32(r);
    now->at_s = pk_read_le32(r);
    now->flags_s = pk_read_le32(r);
    now->dbm = (int16_t)pk_read_le16(r);
    now->security = small(r, PK_SIGHT_EAP);
    now->flags = small(r, PK_SIGHT_GATEWAY_CHANGED | PK_SIGHT_STRIPPED | PK_SIGHT_DNS_DIFFERS);
    now->incidents = small(r, 3);
    now->sure[0] = small(r, 100);
    now->sure[1] = small(r, 100);
    now->news = small(r, 1) != 0;
    now->check_count = small(r, PK_SIGHT_HOSTS);
    now->open = true;
    for (size_t i = 0; i < now->check_count && r->rc == PK_OK; i++) {
        now->checks[i].host = pk_read_le32(r);
        now->checks[i].key = pk_read_le32(r);
        now->checks[i].valid = small(r, PK_SIGHT_INSPECTED);
        now->checks[i].told = small(r, 1) != 0;
    }
}

static void read_told(struct pk_reader *r, struct visit_told *told)
{
    told->network = pk_read_le64(r);
    told->point = bounded(r, pk_read_le64(r), 0xffffffffffffULL);
    told->since_s = pk_read_le32(r);
    for (size_t i = 0; i < VISIT_FACTS; i++) {
        told->facts[i] = pk_read_le16(r);
    }
    told->evidence = small(r, 127);
    told->forged = pk_read_u8(r);
    told->incidents = small(r, 3);
    told->further = small(r, PK_VISIT_FURTHER_MAX);
    if (told->since_s == 0) {
        r->rc = r->rc < 0 ? r->rc : PK_EMALF;
    }
}

static void read_seat(struct pk_reader *r, struct visit_seat *seat)
{
    uint64_t network;
    uint8_t points;
    uint8_t masts;
    bool open;

    seat->seen_s = pk_read_le32(r);
    seat->enrolment = pk_read_le32(r);
    seat->posture = pk_read_le32(r);
    seat->posture_s = pk_read_le32(r);
    seat->budget_s = pk_read_le32(r);
    seat->budget = (uint16_t)bounded(r, pk_read_le16(r), PK_VISIT_BUDGET);
    seat->extra_ca = small(r, 1) != 0;
    seat->now.place = pk_read_le32(r);
    seat->now.city = pk_read_le32(r);
    points = pk_read_u8(r);
    masts = small(r, (1U << VISIT_MASTS) - 1);
    open = small(r, 1) != 0;
    network = pk_read_le64(r);
    if (open) {
        read_now(r, &seat->now);
    }
    if (open && seat->now.network != network) {
        r->rc = r->rc < 0 ? r->rc : PK_EMALF;
    }
    seat->now.network = network;
    for (size_t i = 0; i < VISIT_POINTS && r->rc == PK_OK; i++) {
        if ((points & 1U << i) != 0) {
            read_told(r, &seat->told[i]);
        }
    }
    for (size_t i = 0; i < VISIT_MASTS && r->rc == PK_OK; i++) {
        if ((masts & 1U << i) != 0) {
            seat->masts[i].key = pk_read_le64(r);
            seat->masts[i].since_s = pk_read_le32(r);
            seat->masts[i].flags = small(r, 7);
            r->rc = r->rc == PK_OK && seat->masts[i].since_s == 0 ? PK_EMALF : r->rc;
        }
    }
}

static int read_seats(struct pk_reader *r, struct pk_visits *visits, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t device = pk_read_le64(r);
        struct visit_seat *seat = r->rc == PK_OK ? visit_seat_of(visits, device) : NULL;

        if (r->rc < 0) {
            return r->rc;
        }
        if (seat == NULL) {
            return PK_ENOMEM;
        }
        if (visits->count != i + 1 || device == 0) {
            return PK_EMALF; /* twice */
        }
        read_seat(r, seat);
    }
    return r->rc < 0 ? r->rc : pk_reader_left(r) > 0 ? PK_EMALF : PK_OK;
}

int pk_visits_load(struct pk_slice bytes, const struct pk_visits_settings *settings,
        struct pk_visits **out, struct pk_error *err)
{
    struct pk_reader r = pk_reader_of(bytes);
    struct pk_visits *visits = NULL;
    uint32_t version = pk_read_le32(&r);
    size_t count = pk_read_le32(&r);
    size_t hand = pk_read_le32(&r);
    int rc = pk_visits_create(settings, &visits, err);

    if (rc < 0) {
        return rc;
    }
    if (r.rc < 0) {
        rc = r.rc;
    } else if (version != VERSION || count > visits->settings.devices_max ||
            count > pk_reader_left(&r) / SEAT_MIN) {
        rc = PK_EMALF;
    } else {
        rc = read_seats(&r, visits, count);
        visits->hand = hand;
    }
    if (rc < 0) {
        pk_visits_destroy(visits);
        return pk_error_set(err, rc, "the memory of visits is damaged or of another version");
    }
    *out = visits;
    return PK_OK;
}
