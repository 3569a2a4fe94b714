/* Phones and masts, from the bits on the air to what is said of them: each known attack, and the innocent
 * cousin of each. Every observation is looked through for identities. */
#include <stdio.h>

#include "cell_builder.h"
#include "check.h"
#include "defense/defense.h"
#include "track/cell.h"

#define HOUR    3600000
#define PLMN    "26201"
#define CATCHER 666
#define HOME    100

enum threat {
    FAKE,
    OLD,
    CLEAR_TEXT,
    THREATS
};
static const char *const ids[THREATS] = { "network.cell_fake_station", "network.cell_2g_downgrade",
    "network.cell_null_cipher" };

struct world {
    struct pk_cell_track *track;
    struct pk_arena *arena;
    int64_t now;
    int worst[THREATS]; /* percent */
    bool open[THREATS];
    char part[64]; /* of the false mast that is open */
    int observations;
    char last[4096]; /* the last observation */
};

static void look_through(const char *text)
{
    assert_null(strstr(text, "1234567890"));
    assert_null(strstr(text, "62011234")); /* also as nibbles are sent */
    assert_null(strstr(text, "5643809"));
    assert_null(strstr(text, "deadbeef"));
    assert_null(strstr(text, "3735928559"));
}

static void take_finding(struct world *w, const struct pk_finding *f)
{
    json_t *encoded = pk_finding_encode(f);
    char *text = pk_json_text(encoded);

    look_through(text);
    for (int i = 0; i < THREATS; i++) {
        if (strcmp(f->threat->id, ids[i]) != 0) {
            continue;
        }
        assert_string_equal(f->subject, "mobile network");
        if (!f->cleared) {
            int percent = (int)(f->confidence * 100 + 0.5);

            w->worst[i] = percent > w->worst[i] ? percent : w->worst[i];
            w->open[i] = true;
            if (i == FAKE) {
                assert_non_null(f->part);
                (void)snprintf(w->part, sizeof(w->part), "%s", f->part);
            }
        } else if (i != FAKE || strcmp(w->part, f->part) == 0) {
            w->open[i] = false;
        }
    }
    free(text);
    json_decref(encoded);
}

static void on_observation(void *ctx, struct pk_observation *obs)
{
    struct world *w = ctx;
    struct pk_arena *arena = pk_arena_create(256UL * 1024);
    struct pk_findings found = { .count = 0 };
    struct pk_observation again;
    struct pk_error err;
    json_t *encoded;
    char *text;

    w->observations++;
    obs->seq = w->observations;
    encoded = pk_observation_encode(obs, true);
    assert_non_null(encoded);
    text = pk_json_text(encoded);
    look_through(text);
    (void)snprintf(w->last, sizeof(w->last), "%s", text);
    /* What the server gets is judged like what the device sees. */
    assert_int_equal(pk_observation_decode(encoded, arena, &again, &err), PK_OK);
    assert_int_equal(pk_defense_judge(&again, arena, &found), PK_OK);
    for (size_t i = 0; i < found.count; i++) {
        take_finding(w, &found.items[i]);
    }
    free(text);
    json_decref(encoded);
    pk_arena_destroy(arena);
}

/* --- sending -------------------------------------------------------------------------------- */

static void transmit(struct world *w, const struct cell_pdu *frame)
{
    size_t len = (frame->bits + 7) / 8;
    uint8_t *heap = pk_test_dup(frame->bytes, len);
    struct pk_gsmtap tap;

    w->now += 20;
    assert_int_equal(pk_gsmtap_parse(pk_slice_of(heap, len), &tap), PK_OK);
    pk_cell_track_frame(w->track, &tap, w->now);
    free(heap);
}

static void lte(struct world *w, unsigned subtype, struct cell_pdu pdu)
{
    struct cell_pdu frame = cell_gsmtap(0x0d, subtype, subtype == 2 || subtype == 3, &pdu);

    transmit(w, &frame);
}

static void wait_ms(struct world *w, int64_t ms)
{
    for (int64_t end = w->now + ms; w->now < end;) {
        w->now += ms > HOUR ? 60000 : 1000;
        pk_cell_track_tick(w->track, w->now);
    }
}

/* 4G core messages. */
#define BYTES(...) ((const uint8_t[]){ __VA_ARGS__ }), sizeof((const uint8_t[]){ __VA_ARGS__ })
/* GUTI of PLMN, with a TMSI that must not be seen again. */
#define GUTI(a, b, c) 0x0b, 0xf6, a, b, c, 0x12, 0x34, 0x56, 0xde, 0xad, 0xbe, 0xef
#define GUTI_HOME     GUTI(0x62, 0xf2, 0x10)
#define GUTI_ABROAD   GUTI(0x02, 0xf8, 0x01)

#define ATTACH_HOME   BYTES(0x07, 0x41, 0x71, GUTI_HOME, 0x02, 0xe0, 0xe0)
#define ATTACH_ABROAD BYTES(0x07, 0x41, 0x71, GUTI_ABROAD, 0x02, 0xe0, 0xe0)
#define ATTACH_IMSI \
    BYTES(0x07, 0x41, 0x71, 0x08, 0x29, 0x26, 0x10, 0x21, 0x43, 0x65, 0x87, 0x09, 0x02, 0xe0, 0xe0)
#define ATTACH_EMERGENCY  BYTES(0x07, 0x41, 0x76, GUTI_HOME, 0x02, 0xe0, 0xe0)
#define UPDATE_HOME       BYTES(0x17, 1, 2, 3, 4, 5, 0x07, 0x48, 0x70, GUTI_HOME)
#define IDENTITY_IMSI     BYTES(0x07, 0x55, 0x01)
#define IDENTITY_IMEI     BYTES(0x07, 0x55, 0x03)
#define IDENTITY_OWN_IMEI BYTES(0x17, 1, 2, 3, 4, 6, 0x07, 0x55, 0x03)
#define ANSWER_IMSI       BYTES(0x07, 0x56, 0x08, 0x29, 0x26, 0x10, 0x21, 0x43, 0x65, 0x87, 0x09)
#define AUTH_REQUEST \
    BYTES(0x07, 0x52, 0x00, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 16)
#define AUTH_RESPONSE     BYTES(0x07, 0x53, 0x08, 1, 2, 3, 4, 5, 6, 7, 8)
#define AUTH_FAILURE(c)   BYTES(0x07, 0x5c, c)
#define NAS_SECURITY(a)   BYTES(0x37, 1, 2, 3, 4, 0, 0x07, 0x5d, a, 0x00, 0x02, 0xe0, 0xe0)
#define NAS_SECURED       BYTES(0x47, 1, 2, 3, 4, 0, 0x99, 0x98)
#define NAS_PLAIN_SECURED BYTES(0x07, 0x5e)
#define ATTACH_REJECT(c)  BYTES(0x07, 0x44, c)
#define UPDATE_REJECT(c)  BYTES(0x07, 0x4b, c)
#define OWN_REJECT(c)     BYTES(0x17, 1, 2, 3, 4, 6, 0x07, 0x4b, c)
#define DETACH            BYTES(0x07, 0x45, 0x01)
#define SERVICE           BYTES(0xc7, 0x12, 0x34, 0x56)
#define CALL              BYTES(0x07, 0x4c, 0x70, 0x05, 0xf4, 0xde, 0xad, 0xbe, 0xef)
#define ACCEPT            BYTES(0x07, 0x42, 0x01)

static void mast(struct world *w, const char *plmn, unsigned cell)
{
    lte(w, 5, cell_lte_sib1(plmn, 1000 + cell / 50, cell, 3));
}

static void ask(struct world *w, const uint8_t *nas, size_t len)
{
    lte(w, 2, cell_lte_request(3));
    lte(w, 3, cell_lte_setup_complete(nas, len));
}

static void down(struct world *w, const uint8_t *nas, size_t len)
{
    lte(w, 1, cell_lte_down(nas, len));
}

static void up(struct world *w, const uint8_t *nas, size_t len)
{
    lte(w, 3, cell_lte_up(nas, len));
}

static void release(struct world *w, enum cell_to to)
{
    lte(w, 1, cell_lte_release(to));
}

static void asked_imsi(struct world *w)
{
    down(w, IDENTITY_IMSI);
    up(w, ANSWER_IMSI);
}

static void prove(struct world *w)
{
    down(w, AUTH_REQUEST);
    up(w, AUTH_RESPONSE);
}

static void secure(struct world *w, unsigned eea, unsigned eia)
{
    lte(w, 1, cell_lte_security(eea, eia));
    lte(w, 3, cell_lte_security_complete());
}

static void honest_attach(struct world *w)
{
    ask(w, ATTACH_HOME);
    prove(w);
    down(w, NAS_SECURITY(0x22));
    up(w, NAS_SECURED);
    secure(w, 2, 2);
    down(w, ACCEPT);
    release(w, CELL_TO_NONE);
}

/* --- scenes: attacks ------------------------------------------------------------------------ */

static void catcher_rejects(struct world *w)
{
    mast(w, PLMN, CATCHER);
    ask(w, UPDATE_HOME);
    asked_imsi(w);
    down(w, UPDATE_REJECT(15));
    release(w, CELL_TO_NONE);
}

static void catcher_wants_both(struct world *w)
{
    mast(w, PLMN, CATCHER);
    ask(w, ATTACH_HOME);
    asked_imsi(w);
    down(w, IDENTITY_IMEI);
    down(w, ATTACH_REJECT(13));
    release(w, CELL_TO_NONE);
}

/* Without any Identity Request: the refusal makes the phone come back with its IMSI. */
static void catcher_denies_twice(struct world *w)
{
    mast(w, PLMN, CATCHER);
    ask(w, UPDATE_HOME);
    down(w, UPDATE_REJECT(9));
    release(w, CELL_TO_NONE);
    ask(w, ATTACH_IMSI);
    down(w, ATTACH_REJECT(15));
    release(w, CELL_TO_NONE);
}

/* The recording begins within. */
static void catcher_heard_late(struct world *w)
{
    down(w, IDENTITY_IMSI);
    up(w, ANSWER_IMSI);
    down(w, ATTACH_REJECT(15));
}

static void catcher_releases(struct world *w)
{
    lte(w, 5, cell_lte_sib1(PLMN, 9, CATCHER, 0)); /* and announces no further blocks */
    ask(w, ATTACH_HOME);
    asked_imsi(w);
    release(w, CELL_TO_NONE);
}

static void catcher_detaches(struct world *w)
{
    mast(w, PLMN, CATCHER);
    ask(w, ATTACH_HOME);
    asked_imsi(w);
    down(w, DETACH);
}

static void catcher_pushes_to_2g(struct world *w)
{
    mast(w, PLMN, CATCHER);
    ask(w, UPDATE_HOME);
    asked_imsi(w);
    down(w, UPDATE_REJECT(7));
    release(w, CELL_TO_2G);
}

static void only_pushed_to_2g(struct world *w)
{
    mast(w, PLMN, CATCHER);
    ask(w, SERVICE);
    release(w, CELL_TO_2G);
}

static void asked_for_nothing(struct world *w)
{
    mast(w, PLMN, HOME);
    honest_attach(w);
    down(w, IDENTITY_IMSI);
    wait_ms(w, 20000);
}

static void asks_after_proof(struct world *w)
{
    mast(w, PLMN, HOME);
    ask(w, ATTACH_HOME);
    prove(w);
    asked_imsi(w);
    release(w, CELL_TO_NONE);
}

static void sim_refuses(struct world *w)
{
    mast(w, PLMN, CATCHER);
    ask(w, ATTACH_HOME);
    down(w, AUTH_REQUEST);
    up(w, AUTH_FAILURE(20));
    release(w, CELL_TO_NONE);
}

static void radio_in_clear(struct world *w)
{
    mast(w, PLMN, HOME);
    ask(w, ATTACH_HOME);
    prove(w);
    down(w, NAS_SECURITY(0x22));
    up(w, NAS_SECURED);
    secure(w, 0, 2);
    release(w, CELL_TO_NONE);
}

static void core_in_clear(struct world *w)
{
    mast(w, PLMN, HOME);
    ask(w, ATTACH_HOME);
    prove(w);
    down(w, NAS_SECURITY(0x02));
    up(w, NAS_PLAIN_SECURED);
    secure(w, 2, 2);
    release(w, CELL_TO_NONE);
}

static void nothing_protected(struct world *w)
{
    mast(w, PLMN, CATCHER);
    ask(w, ATTACH_HOME);
    asked_imsi(w);
    down(w, NAS_SECURITY(0x00));
    up(w, NAS_PLAIN_SECURED);
    secure(w, 0, 0);
    release(w, CELL_TO_NONE);
}

static void prefers_2g(struct world *w)
{
    mast(w, PLMN, CATCHER);
    lte(w, 5, cell_lte_si(3, 5, -1, 7, 1));
    wait_ms(w, 6000);
}

static void prefers_3g(struct world *w)
{
    mast(w, PLMN, CATCHER);
    lte(w, 5, cell_lte_si(3, -1, 7, 2, 0));
    mast(w, PLMN, CATCHER);
    wait_ms(w, 6000);
}

/* --- scenes: innocent ----------------------------------------------------------------------- */

static void first_attach(struct world *w)
{
    mast(w, PLMN, HOME);
    ask(w, ATTACH_HOME);
    asked_imsi(w);
    prove(w);
    down(w, NAS_SECURITY(0x22));
    up(w, NAS_SECURED);
    secure(w, 2, 2);
    down(w, IDENTITY_OWN_IMEI);
    down(w, ACCEPT);
    release(w, CELL_TO_NONE);
}

/* The network forgot the phone: refused, back with the IMSI, and then all as it should be. */
static void forgotten(struct world *w)
{
    mast(w, PLMN, HOME);
    ask(w, UPDATE_HOME);
    down(w, UPDATE_REJECT(9));
    release(w, CELL_TO_NONE);
    ask(w, ATTACH_IMSI);
    prove(w);
    secure(w, 2, 2);
    down(w, ACCEPT);
    release(w, CELL_TO_NONE);
}

/* Only what the mast says was recorded. */
static void one_side(struct world *w)
{
    down(w, IDENTITY_IMSI);
    down(w, AUTH_REQUEST);
    down(w, NAS_SECURITY(0x22));
    lte(w, 1, cell_lte_security(2, 2));
    release(w, CELL_TO_NONE);
}

static void roaming_reject(struct world *w)
{
    mast(w, "20801", HOME);
    ask(w, ATTACH_HOME);
    asked_imsi(w);
    down(w, ATTACH_REJECT(11));
    release(w, CELL_TO_NONE);
}

static void no_plan(struct world *w)
{
    mast(w, PLMN, HOME);
    ask(w, ATTACH_HOME);
    asked_imsi(w);
    down(w, ATTACH_REJECT(8));
    release(w, CELL_TO_NONE);
}

static void outage(struct world *w)
{
    for (int i = 0; i < 5; i++) {
        mast(w, PLMN, HOME);
        ask(w, ATTACH_HOME);
        asked_imsi(w);
        down(w, ATTACH_REJECT(17));
        release(w, CELL_TO_NONE);
        wait_ms(w, 10000);
    }
}

static void bad_coverage(struct world *w)
{
    mast(w, PLMN, HOME);
    ask(w, ATTACH_HOME);
    down(w, IDENTITY_IMSI);
    wait_ms(w, 30000);
}

static void call_in_2g(struct world *w)
{
    mast(w, PLMN, HOME);
    ask(w, CALL);
    release(w, CELL_TO_2G);
}

static void handed_to_2g(struct world *w)
{
    mast(w, PLMN, HOME);
    ask(w, SERVICE);
    secure(w, 2, 2);
    release(w, CELL_TO_2G);
}

static void call_for_help(struct world *w)
{
    mast(w, PLMN, HOME);
    lte(w, 2, cell_lte_request(0));
    lte(w, 3, cell_lte_setup_complete(ATTACH_EMERGENCY));
    down(w, IDENTITY_IMEI);
    down(w, NAS_SECURITY(0x00));
    up(w, NAS_PLAIN_SECURED);
    secure(w, 0, 0);
    down(w, ACCEPT);
    release(w, CELL_TO_NONE);
}

static void rural(struct world *w)
{
    mast(w, PLMN, HOME);
    honest_attach(w);
    for (unsigned i = 0; i < 8; i++) {
        mast(w, PLMN, 200 + i);
        honest_attach(w);
    }
    lte(w, 5, cell_lte_sib1(PLMN, 7777, 1, 0)); /* an own area, nothing announced */
    honest_attach(w);
    ask(w, SERVICE);
    release(w, CELL_TO_NONE);
}

static void sound_priorities(struct world *w)
{
    lte(w, 5, cell_lte_si(3, -1, 5, 2, 0)); /* of whom? */
    mast(w, PLMN, HOME);
    lte(w, 5, cell_lte_si(3, -1, 5, 2, 0));
    lte(w, 5, cell_lte_si(-1, 6, -1, -1, 0)); /* block 5 comes later, and is above both */
    mast(w, PLMN, HOME);
    wait_ms(w, 6000);
}

static void test_network(struct world *w)
{
    mast(w, "00101", CATCHER);
    lte(w, 5, cell_lte_si(3, -1, -1, 7, 0));
    ask(w, ATTACH_HOME);
    asked_imsi(w);
    secure(w, 0, 0);
    release(w, CELL_TO_2G);
}

static void own_reject(struct world *w)
{
    mast(w, PLMN, HOME);
    ask(w, UPDATE_HOME);
    asked_imsi(w);
    prove(w);
    down(w, NAS_SECURITY(0x22));
    down(w, OWN_REJECT(13));
    release(w, CELL_TO_NONE);
}

static void out_of_step(struct world *w)
{
    mast(w, PLMN, HOME);
    ask(w, ATTACH_HOME);
    down(w, AUTH_REQUEST);
    up(w, AUTH_FAILURE(21));
    prove(w);
    secure(w, 2, 2);
    release(w, CELL_TO_NONE);
}

static void same_twice(struct world *w)
{
    struct cell_pdu nas = cell_raw(IDENTITY_IMSI);
    struct cell_pdu frame = cell_gsmtap(0x12, 0, 0, &nas);

    mast(w, PLMN, HOME); /* tools write core messages within radio control and by themselves */
    ask(w, ATTACH_HOME);
    down(w, IDENTITY_IMSI);
    transmit(w, &frame);
    prove(w);
    secure(w, 2, 2);
    release(w, CELL_TO_NONE);
}

static const struct {
    const char *what;
    void (*play)(struct world *w);
    int worst[THREATS];
} scenes[] = {
    { "identity, no proof, reject", catcher_rejects, { 85, 0, 0 } },
    { "identity of SIM and device, reject", catcher_wants_both, { 87, 0, 0 } },
    { "identity, release, incomplete broadcast", catcher_releases, { 76, 0, 0 } },
    { "refused twice, IMSI between", catcher_denies_twice, { 85, 0, 0 } },
    { "identity, reject, heard late", catcher_heard_late, { 65, 0, 0 } },
    { "identity, detach", catcher_detaches, { 85, 0, 0 } },
    { "identity, reject, to 2G", catcher_pushes_to_2g, { 91, 85, 0 } },
    { "to 2G without proof", only_pushed_to_2g, { 0, 85, 0 } },
    { "identity, unasked", asked_for_nothing, { 50, 0, 0 } },
    { "identity in clear after the proof", asks_after_proof, { 55, 0, 0 } },
    { "the SIM does not accept the proof", sim_refuses, { 60, 0, 0 } },
    { "no encryption on the radio", radio_in_clear, { 0, 0, 90 } },
    { "no encryption in the core", core_in_clear, { 0, 0, 80 } },
    { "neither encryption nor integrity", nothing_protected, { 83, 0, 90 } },
    { "2G above all", prefers_2g, { 0, 70, 0 } },
    { "3G above all", prefers_3g, { 0, 55, 0 } },
    { "first attach", first_attach, { 0, 0, 0 } },
    { "an honest day", honest_attach, { 0, 0, 0 } },
    { "the network forgot the phone", forgotten, { 0, 0, 0 } },
    { "one side only", one_side, { 0, 0, 0 } },
    { "a guest is refused", roaming_reject, { 0, 0, 0 } },
    { "no plan", no_plan, { 0, 0, 0 } },
    { "outage", outage, { 0, 0, 0 } },
    { "bad coverage", bad_coverage, { 0, 0, 0 } },
    { "a call falls back to 2G", call_in_2g, { 0, 0, 0 } },
    { "handed to 2G by the true network", handed_to_2g, { 0, 0, 0 } },
    { "call for help without keys", call_for_help, { 0, 0, 0 } },
    { "a lone mast", rural, { 0, 0, 0 } },
    { "sound priorities in several parts", sound_priorities, { 0, 0, 0 } },
    { "test network", test_network, { 0, 0, 0 } },
    { "refused by who has the keys", own_reject, { 0, 0, 0 } },
    { "SIM out of step", out_of_step, { 0, 0, 0 } },
    { "each message twice", same_twice, { 0, 0, 0 } },
};

static struct world begin(void)
{
    return (struct world){ .now = INT64_C(1767225600000) };
}

static void test_scenes(void **state)
{
    (void)state;
    for (size_t i = 0; i < PK_COUNT(scenes); i++) {
        struct world w = begin();
        struct pk_track_sink sink = { on_observation, &w };

        w.track = pk_cell_track_create(&sink, 3);
        assert_non_null(w.track);
        scenes[i].play(&w);
        pk_cell_track_end(w.track, w.now);
        for (int k = 0; k < THREATS; k++) {
            if (w.worst[k] != scenes[i].worst[k]) {
                fail_msg("%s: %s is %d %%, not %d %%; %s", scenes[i].what, ids[k], w.worst[k],
                        scenes[i].worst[k], w.last);
            }
        }
        assert_true(w.observations > 0);
        pk_cell_track_destroy(w.track);
    }
}

/* What was found ends by itself: the mast turns out to be genuine, or is left for an hour. */
static void test_ends(void **state)
{
    struct world w = begin();
    struct pk_track_sink sink = { on_observation, &w };

    (void)state;
    w.track = pk_cell_track_create(&sink, 3);
    catcher_pushes_to_2g(&w);
    assert_true(w.open[FAKE] && w.open[OLD]);
    mast(&w, PLMN, HOME);
    honest_attach(&w);
    assert_true(w.open[FAKE]); /* that the next mast is genuine says nothing of the last */
    assert_false(w.open[OLD]);
    wait_ms(&w, HOUR / 2);
    assert_true(w.open[FAKE]);
    wait_ms(&w, HOUR);
    assert_false(w.open[FAKE]);

    catcher_rejects(&w);
    assert_true(w.open[FAKE]);
    mast(&w, PLMN, CATCHER);
    honest_attach(&w);
    assert_false(w.open[FAKE]);

    radio_in_clear(&w);
    assert_true(w.open[CLEAR_TEXT]);
    honest_attach(&w);
    assert_false(w.open[CLEAR_TEXT]);
    pk_cell_track_destroy(w.track);
}

/* Version 3 of the header, 2G and 5G, where radio control is another one. */
static void gsm(struct world *w, unsigned channel, const uint8_t *l3, size_t len)
{
    struct cell_pdu pdu = cell_raw(l3, len);
    struct cell_pdu frame = cell_gsmtap3(0x0200, channel, &pdu);

    transmit(w, &frame);
}

static void nr(struct world *w, const uint8_t *nas, size_t len)
{
    struct cell_pdu pdu = cell_raw(nas, len);
    struct cell_pdu frame = cell_gsmtap3(0x0504, 0, &pdu);

    transmit(w, &frame);
}

#define LAI_HOME 0x62, 0xf2, 0x10, 0x12, 0x34

static void gsm_mast(struct world *w, uint8_t t3212)
{
    gsm(w, 1,
            BYTES(0x49, 0x06, 0x1b, 0x00, 0x07, LAI_HOME, 0x40, 0x00, t3212, 0x10, 0x60, 0x00, 0x20,
                    0x00, 0x00, 0x2b, 0x2b, 0x2b, 0x2b));
    gsm(w, 1,
            BYTES(0x59, 0x06, 0x1a, 0x00, 0x00, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0,
                    0, 0));
}

static void gsm_update(struct world *w)
{
    gsm(w, 8, BYTES(0x05, 0x08, 0x70, LAI_HOME, 0x30, 0x05, 0xf4, 0xde, 0xad, 0xbe, 0xef));
}

static void gsm_ask_imsi(struct world *w)
{
    /* As on the air: LAPDm, filled up to 23 octets. */
    gsm(w, 8,
            BYTES(0x03, 0x20, 0x0d, 0x05, 0x18, 0x01, 0x2b, 0x2b, 0x2b, 0x2b, 0x2b, 0x2b, 0x2b,
                    0x2b, 0x2b, 0x2b, 0x2b, 0x2b, 0x2b, 0x2b, 0x2b, 0x2b, 0x2b));
    gsm(w, 8, BYTES(0x05, 0x19, 0x08, 0x29, 0x26, 0x10, 0x21, 0x43, 0x65, 0x87, 0x09));
}

static void gsm_catcher(struct world *w)
{
    gsm_mast(w, 1);
    gsm_update(w);
    gsm_ask_imsi(w);
    gsm(w, 8, BYTES(0x05, 0x04, 0x0d));
    gsm(w, 8, BYTES(0x06, 0x0d, 0x00));
}

static void gsm_in_clear(struct world *w)
{
    gsm_mast(w, 30);
    gsm(w, 8, BYTES(0x05, 0x24, 0x71, 0x03, 0x30, 0x19, 0xa1, 0x05, 0xf4, 0xde, 0xad, 0xbe, 0xef));
    gsm(w, 8, BYTES(0x06, 0x35, 0x10));
    gsm(w, 8, BYTES(0x06, 0x32));
    gsm(w, 8, BYTES(0x06, 0x0d, 0x00));
}

static void gsm_honest(struct world *w)
{
    gsm_mast(w, 30);
    gsm_update(w);
    gsm_ask_imsi(w);
    gsm(w, 8, BYTES(0x05, 0x12, 0x00, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16));
    gsm(w, 8, BYTES(0x05, 0x14, 1, 2, 3, 4));
    gsm(w, 8, BYTES(0x06, 0x35, 0x01)); /* A5/1: weak, and still in use */
    gsm(w, 8, BYTES(0x06, 0x32));
    gsm(w, 8, BYTES(0x05, 0x02, LAI_HOME));
    gsm(w, 8, BYTES(0x06, 0x0d, 0x00));
}

static void gsm_no_proof_but_service(struct world *w)
{
    gsm_mast(w, 30);
    gsm_update(w);
    gsm_ask_imsi(w);
    gsm(w, 8, BYTES(0x05, 0x02, LAI_HOME));
    gsm(w, 8, BYTES(0x06, 0x0d, 0x00));
}

#define GUTI5 0x00, 0x0b, 0xf2, 0x62, 0xf2, 0x10, 0x01, 0x02, 0x03, 0xde, 0xad, 0xbe, 0xef

static void nr_catcher(struct world *w)
{
    nr(w, BYTES(0x7e, 0x00, 0x41, 0x79, GUTI5));
    nr(w, BYTES(0x7e, 0x00, 0x5b, 0x01));
    nr(w, BYTES(0x7e, 0x00, 0x5b, 0x05));
    nr(w, BYTES(0x7e, 0x00, 0x44, 0x0f));
}

static void nr_in_clear(struct world *w)
{
    nr(w, BYTES(0x7e, 0x00, 0x41, 0x79, GUTI5));
    nr(w, BYTES(0x7e, 0x00, 0x56, 0x00));
    nr(w, BYTES(0x7e, 0x00, 0x57, 0x2d));
    nr(w, BYTES(0x7e, 0x03, 1, 2, 3, 4, 0, 0x7e, 0x00, 0x5d, 0x02, 0x00, 0x02, 0xf0, 0xf0));
    nr(w, BYTES(0x7e, 0x00, 0x5e));
}

static void nr_honest(struct world *w)
{
    nr(w, BYTES(0x7e, 0x00, 0x41, 0x79, GUTI5));
    nr(w, BYTES(0x7e, 0x00, 0x5b, 0x01));
    nr(w, BYTES(0x7e, 0x00, 0x56, 0x00));
    nr(w, BYTES(0x7e, 0x00, 0x57, 0x2d));
    nr(w, BYTES(0x7e, 0x03, 1, 2, 3, 4, 0, 0x7e, 0x00, 0x5d, 0x22, 0x00, 0x02, 0xf0, 0xf0));
    nr(w, BYTES(0x7e, 0x02, 1, 2, 3, 4, 0, 0x55));
}

static void test_other_radios(void **state)
{
    static const struct {
        const char *what;
        void (*play)(struct world *w);
        int worst[THREATS];
    } rows[] = {
        { "2G catcher that makes phones report", gsm_catcher, { 90, 0, 0 } },
        { "2G without encryption", gsm_in_clear, { 0, 0, 90 } },
        { "2G as it should be", gsm_honest, { 0, 0, 0 } },
        { "2G carrier that gives service without proof", gsm_no_proof_but_service, { 0, 0, 0 } },
        { "5G catcher", nr_catcher, { 69, 0, 0 } },
        { "5G without encryption", nr_in_clear, { 0, 0, 80 } },
        { "5G as it should be", nr_honest, { 0, 0, 0 } },
    };

    (void)state;
    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        struct world w = begin();
        struct pk_track_sink sink = { on_observation, &w };

        w.track = pk_cell_track_create(&sink, 3);
        rows[i].play(&w);
        pk_cell_track_end(w.track, w.now);
        for (int k = 0; k < THREATS; k++) {
            if (w.worst[k] != rows[i].worst[k]) {
                fail_msg("%s: %s is %d %%, not %d %%; %s", rows[i].what, ids[k], w.worst[k],
                        rows[i].worst[k], w.last);
            }
        }
        pk_cell_track_destroy(w.track);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scenes),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_other_radios),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
