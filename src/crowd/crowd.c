#include "crowd/crowd.h"

#include <stdlib.h>

#include "crowd/internal.h"

#define MEMORY_DEFAULT (1024UL * 1024 * 1024)

static const size_t record_sizes[PK_ROOM_COUNT] = {
    [PK_ROOM_POINTS] = sizeof(struct pk_point),
    [PK_ROOM_SITES] = sizeof(struct pk_profile),
    [PK_ROOM_NETWORKS] = sizeof(struct pk_profile),
    [PK_ROOM_WORLD] = sizeof(struct pk_world_value),
    [PK_ROOM_KEYS] = sizeof(struct pk_known_key),
    [PK_ROOM_CAMPAIGNS] = sizeof(struct pk_campaign),
    [PK_ROOM_VOICES] = sizeof(struct pk_voice),
    [PK_ROOM_SUSPECTS] = sizeof(struct pk_suspect),
    [PK_ROOM_MAST_PLACES] = sizeof(struct pk_mast_place),
    [PK_ROOM_MASTS] = sizeof(struct pk_mast_known),
    [PK_ROOM_PACKAGES] = sizeof(struct pk_package),
    [PK_ROOM_SIGNERS] = sizeof(struct pk_signer),
    [PK_ROOM_FILES] = sizeof(struct pk_file_known),
    [PK_ROOM_ZONES] = sizeof(struct pk_zone_count),
};

int pk_crowd_create(
        const struct pk_crowd_settings *settings, struct pk_crowd **out, struct pk_error *err)
{
    struct pk_crowd *crowd = calloc(1, sizeof(*crowd));

    if (crowd == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    crowd->settings = settings != NULL ? *settings : (struct pk_crowd_settings){ .trusting = true };
    if (crowd->settings.memory_max == 0) {
        crowd->settings.memory_max = MEMORY_DEFAULT;
    }
    crowd->weights = crowd->settings.weights != NULL ? crowd->settings.weights
                                                     : &pk_crowd_weights_shipped;
    for (int i = 0; i < PK_ROOM_COUNT; i++) {
        pk_table_init(&crowd->rooms[i], record_sizes[i]);
    }
    *out = crowd;
    return PK_OK;
}

void pk_crowd_destroy(struct pk_crowd *crowd)
{
    if (crowd == NULL) {
        return;
    }
    for (int i = 0; i < PK_ROOM_COUNT; i++) {
        pk_table_clear(&crowd->rooms[i]);
    }
    free(crowd);
}

static void take_device(struct pk_voice *v, const struct pk_sighting *s)
{
    const struct pk_sight_device *e = &s->enrolment;

    v->enrolled = (uint32_t)e->enrolled_s;
    v->attestation = e->attestation <= PK_ATTESTED_HARDWARE ? e->attestation : PK_ATTESTED_NOT;
    v->tenant = s->tenant;
    v->cohort = e->asn == 0
            ? 0
            : (uint32_t)pk_crowd_mix(e->asn, (uint64_t)(e->enrolled_s / PK_DAY_S)) | 1;
    v->ios = e->ios;
}

static int take_known(struct pk_crowd *crowd, struct pk_judging *j)
{
    const struct pk_sighting *s = j->s;

    switch (s->kind) {
    case PK_SIGHTING_DEVICE:
        take_device(j->voice, s);
        return PK_OK;
    case PK_SIGHTING_POSTURE:
        j->voice->lives |= PK_LIVES_POSTURE;
        j->voice->unknown_sources = s->posture.unknown_sources;
        j->voice->root = s->posture.root;
        return PK_OK;
    case PK_SIGHTING_NETWORK:
        pk_voice_joined(j->voice, s);
        return pk_network_take(crowd, j);
    case PK_SIGHTING_MAST:
        j->voice->lives |= PK_LIVES_MAST;
        return pk_mast_take(crowd, j);
    case PK_SIGHTING_APP:
        j->voice->lives |= PK_LIVES_APP;
        return pk_app_take(crowd, j);
    case PK_SIGHTING_INCIDENT:
        return pk_incident_take(crowd, j);
    default:
        return PK_OK;
    }
}

int pk_crowd_take(struct pk_crowd *crowd, const struct pk_sighting *s, struct pk_crowd_opinion *out)
{
    struct pk_judging j = { .s = s, .out = out };
    uint64_t dice = pk_crowd_mix(s->device ^ (uint64_t)s->at_s, crowd->sightings);
    int rc;

    memset(out, 0, sizeof(*out));
    out->log_odds = -INFINITY;
    crowd->begun_s = crowd->begun_s == 0 ? s->at_s : crowd->begun_s;
    pk_crowd_tick(crowd, s->at_s);
    crowd->sightings++;
    if (crowd->sightings % PK_SWEEP_EACH == 0) {
        pk_crowd_sweep_full(crowd, s->at_s);
    }
    j.voice = pk_voice_of(crowd, s);
    if (j.voice == NULL) {
        return PK_ENOMEM;
    }
    j.w = pk_voice_weight(crowd, j.voice, s->at_s, NULL);
    j.dice = (float)(dice >> 40) / 16777216.0F;
    rc = take_known(crowd, &j);
    if (out->score > 0 && out->reason_count > 0) {
        pk_why_remember(crowd, s, out);
    }
    return rc;
}

void pk_crowd_tick(struct pk_crowd *crowd, int64_t now_s)
{
    crowd->now_s = now_s > crowd->now_s ? now_s : crowd->now_s;
    if (crowd->night_s == 0) {
        crowd->night_s = now_s;
    }
    if (crowd->now_s - crowd->night_s >= PK_DAY_S) {
        crowd->night_s += (crowd->now_s - crowd->night_s) / PK_DAY_S * PK_DAY_S;
        pk_suspects_night(crowd, crowd->night_s);
        pk_crowd_sweep_night(crowd, crowd->night_s);
    }
}

static void fill(const struct pk_crowd *crowd, const struct pk_suspect *e, int64_t now_s,
        struct pk_crowd_opinion *out)
{
    struct pk_standing st;

    pk_suspect_weigh(crowd, e, now_s, &st);
    memset(out, 0, sizeof(*out));
    out->key = e->thing;
    out->before = out->after = e->bad != 0;
    out->log_odds = st.log_odds;
    out->devices = st.devices;
    out->groups = st.groups;
    out->clean = (uint32_t)e->clean_n;
    out->since_s = e->since;
    pk_opinion_reason(out, PK_TERM_WITNESSES, st.against, st.devices, st.groups);
    pk_why_tell(e, out);
    if (st.in_favour < 0) {
        pk_opinion_reason(out, PK_TERM_CLEAN, st.in_favour, e->clean_n, 0);
    }
    if (e->past > 1 && e->thing.kind <= PK_CROWD_SITE) {
        pk_opinion_reason(out, PK_TERM_HISTORY, -logf(1 + e->past), e->past, 0);
    }
}

bool pk_crowd_ask(const struct pk_crowd *crowd, const struct pk_crowd_key *key, int64_t now_s,
        struct pk_crowd_opinion *out)
{
    const struct pk_suspect *e = pk_table_find(
            &crowd->rooms[PK_ROOM_SUSPECTS], pk_suspect_key(key));

    memset(out, 0, sizeof(*out));
    out->key = *key;
    out->log_odds = -INFINITY;
    if (e == NULL) {
        struct pk_crowd_network network;

        return key->kind <= PK_CROWD_SITE && pk_crowd_network(crowd, key, now_s, &network);
    }
    fill(crowd, e, now_s, out);
    return true;
}

void pk_crowd_each_bad(const struct pk_crowd *crowd, int64_t now_s,
        void (*fn)(void *ctx, const struct pk_crowd_opinion *opinion), void *ctx)
{
    const struct pk_table *room = &crowd->rooms[PK_ROOM_SUSPECTS];

    for (uint32_t i = 0; i < room->made; i++) {
        const struct pk_suspect *e = pk_table_at(room, i);

        if (e != NULL && e->bad) {
            struct pk_crowd_opinion out;

            fill(crowd, e, now_s, &out);
            fn(ctx, &out);
        }
    }
}

void pk_crowd_forget(struct pk_crowd *crowd, uint64_t device)
{
    uint64_t key = pk_crowd_mix(device, 7);
    struct pk_table *room = &crowd->rooms[PK_ROOM_SUSPECTS];

    pk_table_drop(&crowd->rooms[PK_ROOM_VOICES], key);
    for (uint32_t i = 0; i < crowd->rooms[PK_ROOM_POINTS].made; i++) {
        struct pk_point *p = pk_table_at(&crowd->rooms[PK_ROOM_POINTS], i);

        if (p != NULL && p->run_device == (uint32_t)(key >> 32)) {
            p->run_device = 0;
        }
    }
    for (uint32_t i = 0; i < room->made; i++) {
        struct pk_suspect *e = pk_table_at(room, i);

        for (size_t k = 0; e != NULL && k < PK_ITEMS_BAD; k++) {
            if (e->against[k].device == key) {
                memset(&e->against[k], 0, sizeof(e->against[k]));
            }
        }
        for (size_t k = 0; e != NULL && k < PK_ITEMS_CLEAN; k++) {
            if (e->for_it[k].device == key) {
                memset(&e->for_it[k], 0, sizeof(e->for_it[k]));
            }
        }
    }
}

int pk_crowd_hear(struct pk_crowd *crowd, const struct pk_crowd_key *key, uint32_t tenant,
        float log_odds, float trust, int64_t at_s)
{
    struct pk_suspect *e = pk_suspect_of(crowd, key);
    struct pk_claim claim = { .device = pk_crowd_mix(tenant, 0x7e),
        .l = pk_clipf(log_odds + 3.2F, .6F, 9),
        .w = pk_clipf(trust, 0, 1),
        .tenant = tenant,
        .hard = true };

    if (e == NULL) {
        struct pk_crowd_network known;
        float past = 0;

        if (log_odds <= 0) {
            return PK_OK; /* nobody said otherwise */
        }
        if (key->kind == PK_CROWD_POINT && pk_crowd_network(crowd, key, at_s, &known)) {
            past = known.clean;
        }
        e = pk_suspect_make(crowd, key, past, at_s);
    }
    if (e == NULL) {
        return PK_ENOMEM;
    }
    if (log_odds > 0) {
        pk_suspect_against(e, &claim, at_s);
    } else {
        pk_suspect_for(e, &claim, at_s);
    }
    pk_suspect_settle(crowd, e, at_s);
    return PK_OK;
}

bool pk_crowd_voice(
        const struct pk_crowd *crowd, uint64_t device, int64_t now_s, struct pk_crowd_voice *out)
{
    const struct pk_voice *v = pk_table_find(
            &crowd->rooms[PK_ROOM_VOICES], pk_crowd_mix(device, 7));

    memset(out, 0, sizeof(*out));
    if (v == NULL) {
        return false;
    }
    (void)pk_voice_weight(crowd, v, now_s, out);
    return true;
}

static void copy_slots(
        const struct pk_slot *slots, const uint8_t *layout, float f, struct pk_crowd_network *out)
{
    for (int a = 0; a < PK_ATTR_COUNT; a++) {
        size_t n = 0;

        for (size_t i = layout[a]; i < layout[a + 1]; i++) {
            size_t at = n;

            if (slots[i].count == 0) {
                continue;
            }
            while (at > 0 &&
                    out->values[a][at - 1].count < (float)slots[i].count / PK_COUNT_ONE * f) {
                out->values[a][at] = out->values[a][at - 1];
                at--;
            }
            out->values[a][at] = (struct pk_crowd_value){ slots[i].value,
                (float)slots[i].count / PK_COUNT_ONE * f };
            n++;
        }
    }
}

bool pk_crowd_network(const struct pk_crowd *crowd, const struct pk_crowd_key *key, int64_t now_s,
        struct pk_crowd_network *out)
{
    uint32_t today = (uint32_t)(now_s / PK_DAY_S) & 0xffff;
    float f;

    memset(out, 0, sizeof(*out));
    if (key->kind == PK_CROWD_POINT && key->b != 0) {
        const struct pk_point *p = pk_table_find(
                &crowd->rooms[PK_ROOM_POINTS], pk_crowd_mix(key->a, (key->b << 8) | 0x42));

        if (p == NULL) {
            return false;
        }
        f = today > p->day ? pk_fade(today - p->day) : 1;
        out->weight = p->n * f;
        out->clean = (float)p->clean / PK_COUNT_ONE * f;
        out->first_s = p->first;
        out->last_s = p->last;
        copy_slots(p->slots, pk_point_layout, f, out);
        return true;
    }
    {
        const struct pk_profile *p = key->b != 0
                ? pk_table_find(
                          &crowd->rooms[PK_ROOM_SITES], pk_crowd_mix(key->a, (key->b << 8) | 0x51))
                : pk_table_find(&crowd->rooms[PK_ROOM_NETWORKS], pk_crowd_mix(key->a, 0x4e));

        if (p == NULL) {
            return false;
        }
        f = today > p->day ? pk_fade(today - p->day) : 1;
        out->weight = p->n * f;
        for (unsigned h = 0; h < PK_SIGHT_HOSTS; h++) {
            out->clean = pk_maxf(out->clean, (float)p->clean[h] / PK_COUNT_ONE * f);
        }
        out->first_s = p->first;
        out->last_s = p->last;
        copy_slots(p->slots, pk_profile_layout, f, out);
    }
    return true;
}

void pk_crowd_tell_terms(struct pk_crowd *crowd, float *terms)
{
    crowd->told = terms;
}

void pk_crowd_count(const struct pk_crowd *crowd, struct pk_crowd_counts *out)
{
    const struct pk_table *r = crowd->rooms;

    *out = (struct pk_crowd_counts){ .sightings = crowd->sightings,
        .points = r[PK_ROOM_POINTS].count,
        .sites = r[PK_ROOM_SITES].count,
        .networks = r[PK_ROOM_NETWORKS].count,
        .masts = r[PK_ROOM_MASTS].count,
        .apps = r[PK_ROOM_FILES].count,
        .packages = r[PK_ROOM_PACKAGES].count,
        .signers = r[PK_ROOM_SIGNERS].count,
        .devices = r[PK_ROOM_VOICES].count,
        .suspects = r[PK_ROOM_SUSPECTS].count,
        .newest_s = crowd->now_s };
    for (int i = 0; i < PK_ROOM_COUNT; i++) {
        out->bytes += pk_table_bytes(&r[i]);
    }
    out->point_bytes = pk_table_bytes(&r[PK_ROOM_POINTS]) + pk_table_bytes(&r[PK_ROOM_SITES]) +
            pk_table_bytes(&r[PK_ROOM_NETWORKS]);
    for (uint32_t i = 0; i < r[PK_ROOM_SUSPECTS].made; i++) {
        const struct pk_suspect *e = pk_table_at(&r[PK_ROOM_SUSPECTS], i);

        out->bad += e != NULL && e->bad;
    }
}
