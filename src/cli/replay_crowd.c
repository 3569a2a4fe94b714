#include "cli/replay_crowd.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "crowd/crowd.h"
#include "crowd/visit.h"
#include "defense/defense.h"
#include "model/incident.h"

#define REPORT_MS 30000
#define TEXTS_MAX (16UL * 1024)
#define ODD       1.0F /* log-odds of one reason that are worth a word */

struct pk_replay_crowd {
    struct pk_crowd *crowd;
    struct pk_visits *visits;
    bool every;
    pk_replay_crowd_say say;
    void *ctx;
    json_t *devices;         /* id: {"enrolled_s", "tenant", "asn", "attestation", "ios"} */
    char device[PK_ID_TEXT]; /* whose report it is; "": nobody's */
    int64_t since_ms;        /* its first observation */
    int rc;                  /* of the crowd, from within a callback */
};

/* --- what is said ------------------------------------------------------------------------- */

static json_t *key_json(const struct pk_crowd_key *key)
{
    json_t *out = json_pack("{s:s}", "kind", pk_crowd_kind_names[key->kind]);
    char text[PK_CROWD_TEXT];

    if (key->kind == PK_CROWD_POINT || key->kind == PK_CROWD_SITE) {
        (void)json_object_set_new(out, "network", json_string(pk_crowd_network_text(key->a, text)));
    } else {
        (void)json_object_set_new(out, "a", json_sprintf("%016llx", (unsigned long long)key->a));
    }
    if (key->kind == PK_CROWD_POINT && key->b != 0) {
        (void)json_object_set_new(out, "bssid", json_string(pk_crowd_hardware_text(key->b, text)));
    } else if (key->kind == PK_CROWD_SITE || key->kind == PK_CROWD_MAST) {
        (void)json_object_set_new(out, "place", json_sprintf("%08x", (unsigned)key->b));
    }
    return out;
}

static json_t *rounded(float value)
{
    return isfinite(value) ? json_real(round((double)value * 100) / 100) : json_null();
}

static json_t *reasons_json(const struct pk_crowd_opinion *o)
{
    struct pk_arena *arena = pk_arena_create(TEXTS_MAX);
    json_t *out = json_array();

    for (size_t i = 0; i < o->reason_count && arena != NULL; i++) {
        const char *text = pk_crowd_reason_text(&o->reasons[i], arena);

        (void)json_array_append_new(out,
                json_pack("{s:s, s:o, s:s*}", "term", pk_crowd_term_name(o->reasons[i].term),
                        "weight", rounded(o->reasons[i].weight), "text", text));
    }
    pk_arena_destroy(arena);
    return out;
}

static bool is_odd(const struct pk_crowd_opinion *o)
{
    for (size_t i = 0; i < o->reason_count; i++) {
        if (o->reasons[i].weight >= ODD) {
            return true;
        }
    }
    return false;
}

static void say_opinion(struct pk_replay_crowd *c, const struct pk_crowd_opinion *o)
{
    bool bad = o->before || o->after;
    json_t *body;

    if (!bad && !is_odd(o) && !c->every) {
        return;
    }
    body = json_pack("{s:s, s:o, s:b, s:b, s:b, s:o, s:o, s:I, s:I, s:o}", "device", c->device,
            "key", key_json(&o->key), "before", o->before, "after", o->after, "hard", o->hard,
            "score", rounded(o->score), "log_odds", rounded(o->log_odds), "devices",
            (json_int_t)o->devices, "groups", (json_int_t)o->groups, "why", reasons_json(o));
    c->say(c->ctx, "opinion", body, bad);
}

static void on_changed(void *ctx, const struct pk_crowd_change *change)
{
    struct pk_replay_crowd *c = ctx;

    c->say(c->ctx, "crowd",
            json_pack("{s:o, s:b, s:I, s:I}", "key", key_json(&change->key), "bad", change->bad,
                    "devices", (json_int_t)change->devices, "groups", (json_int_t)change->groups),
            false);
}

static void on_told(void *ctx, const struct pk_sighting *s)
{
    struct pk_replay_crowd *c = ctx;
    struct pk_crowd_opinion opinion;
    int rc = pk_crowd_take(c->crowd, s, &opinion);

    c->rc = c->rc < 0 ? c->rc : rc;
    if (s->kind == PK_SIGHTING_NETWORK || s->kind == PK_SIGHTING_MAST) {
        say_opinion(c, &opinion);
    }
}

/* --- life --------------------------------------------------------------------------------- */

int pk_replay_crowd_create(bool every, pk_replay_crowd_say say, void *ctx,
        struct pk_replay_crowd **out, struct pk_error *err)
{
    struct pk_replay_crowd *c = calloc(1, sizeof(*c));
    const struct pk_crowd_settings settings = {
        .trusting = true, .explaining = true, .changed = on_changed, .ctx = c
    };
    const struct pk_visits_settings visits = { .judge = pk_defense_judge };
    int rc;

    if (c == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    c->every = every;
    c->say = say;
    c->ctx = ctx;
    c->devices = json_object();
    rc = pk_crowd_create(&settings, &c->crowd, err);
    rc = rc < 0 ? rc : pk_visits_create(&visits, &c->visits, err);
    if (rc < 0) {
        pk_replay_crowd_destroy(c);
        return rc;
    }
    *out = c;
    return PK_OK;
}

void pk_replay_crowd_destroy(struct pk_replay_crowd *crowd)
{
    if (crowd != NULL) {
        pk_visits_destroy(crowd->visits);
        pk_crowd_destroy(crowd->crowd);
        json_decref(crowd->devices);
        free(crowd);
    }
}

static json_t *facts_of(struct pk_replay_crowd *c, const char *device, int64_t at_ms)
{
    json_t *facts = json_object_get(c->devices, device);

    if (facts == NULL) {
        facts = json_pack("{s:I, s:i, s:i, s:i, s:b}", "enrolled_s", (json_int_t)(at_ms / 1000),
                "tenant", 0, "asn", 0, "attestation", PK_ATTESTED_HARDWARE, "ios", 0);
        (void)json_object_set_new(c->devices, device, facts);
    }
    return facts;
}

int pk_replay_crowd_enrol(struct pk_replay_crowd *crowd, const char *device, const json_t *facts,
        struct pk_error *err)
{
    static const char *const words[] = { "none", "software", "hardware" };
    const char *at = json_string_value(json_object_get(facts, "at"));
    const char *group = json_string_value(json_object_get(facts, "group"));
    const char *attestation = json_string_value(json_object_get(facts, "attestation"));
    const char *platform = json_string_value(json_object_get(facts, "platform"));
    int level = PK_ATTESTED_HARDWARE;
    int64_t at_ms;

    if (at == NULL || pk_time_parse(at, &at_ms) < 0) {
        return pk_error_set(err, PK_EMALF, "'enrolled' needs a time, 'at'");
    }
    if (attestation != NULL) {
        for (level = 0; level <= PK_ATTESTED_HARDWARE; level++) {
            if (strcmp(words[level], attestation) == 0) {
                break;
            }
        }
        if (level > PK_ATTESTED_HARDWARE) {
            return pk_error_set(err, PK_EUNKNOWN, "'attestation' is hardware, software or none");
        }
    }
    (void)json_object_set_new(crowd->devices, device,
            json_pack("{s:I, s:I, s:I, s:i, s:b}", "enrolled_s", (json_int_t)(at_ms / 1000),
                    "tenant", (json_int_t)pk_crowd_tenant_of(group), "asn",
                    json_integer_value(json_object_get(facts, "asn")) & 0xffffffff, "attestation",
                    level, "ios", platform != NULL && strcmp(platform, "ios") == 0));
    return PK_OK;
}

/* --- reports ------------------------------------------------------------------------------ */

static int64_t number(const json_t *facts, const char *name)
{
    return json_integer_value(json_object_get(facts, name));
}

static struct pk_visit_device who(struct pk_replay_crowd *c, const char *device, int64_t at_ms)
{
    const json_t *facts = facts_of(c, device, at_ms);

    return (struct pk_visit_device){ .id = device,
        .tenant = (uint32_t)number(facts, "tenant"),
        .enrolment = { .enrolled_s = number(facts, "enrolled_s"),
                .asn = (uint32_t)number(facts, "asn"),
                .attestation = (uint8_t)number(facts, "attestation"),
                .ios = json_is_true(json_object_get(facts, "ios")) } };
}

static int result(const struct pk_replay_crowd *c, int rc, struct pk_error *err)
{
    rc = rc < 0 ? rc : c->rc;
    return rc < 0 ? pk_error_set(err, rc, "the crowd: %s", pk_code_text(rc)) : PK_OK;
}

int pk_replay_crowd_end(struct pk_replay_crowd *crowd, struct pk_error *err)
{
    struct pk_visit_device device;
    int rc;

    if (crowd->device[0] == '\0') {
        return PK_OK;
    }
    device = who(crowd, crowd->device, crowd->since_ms);
    rc = pk_visits_end(crowd->visits, &device, on_told, crowd);
    crowd->device[0] = '\0';
    return result(crowd, rc, err);
}

int pk_replay_crowd_take(struct pk_replay_crowd *crowd, const char *device,
        const struct pk_observation *o, struct pk_error *err)
{
    struct pk_visit_device from;
    int rc = PK_OK;

    if (strcmp(crowd->device, device) != 0 || o->at_ms - crowd->since_ms > REPORT_MS) {
        rc = pk_replay_crowd_end(crowd, err);
        if (rc < 0) {
            return rc;
        }
        (void)snprintf(crowd->device, sizeof(crowd->device), "%s", device);
        crowd->since_ms = o->at_ms;
    }
    from = who(crowd, device, o->at_ms);
    rc = pk_visits_note(crowd->visits, &from, o, o->at_ms, on_told, crowd);
    return result(crowd, rc, err);
}
