/* Is the mast genuine, does it push to an old standard, does it scramble? One phone sees little, and each
 * sign has an innocent cousin, so signs count by group, groups are taken together as independent, and only
 * what is most likely an attack is said at all. Heuristics after Rayhunter (EFF) and SnoopSnitch (SRLabs);
 * docs/cell.md has the table. */
#include <stdio.h>

#include "defense/defense.h"

#define FAKE        "network.cell_fake_station"
#define OLD         "network.cell_2g_downgrade"
#define NULL_CIPHER "network.cell_null_cipher"
#define SUBJECT     "mobile network"

#define SAY_FROM   0.5  /* below nothing is said: too many innocent ways to get there */
#define CLEAR_TO   0.2  /* of a cell that proved itself: no sign to speak of */
#define ALONE_MAX  0.75 /* one group of signs, unless it is the whole chain at home */
#define LONELY_MAX 0.3  /* few neighbours, own area, not met before: one rural mast has them all */

enum { /* pk_cell_cipher_names */
    UNKNOWN = 0,
    NONE = 1,
    WEAK = 2,
    STRONG = 3
};
enum { /* pk_cell_identity_names */
    IMSI = 2,
    IMEI = 3
};
enum { /* pk_cell_alarm_names */
    ALARM_LOW = 1
};
enum { /* pk_cell_layer_names */
    LAYER_RADIO = 1
};

enum group {
    BY_IDENTITY,
    BY_PROOF,
    BY_SECURITY,
    BY_STANDARD,
    BY_BROADCAST,
    BY_SURROUNDINGS,
    BY_SOURCE,
    GROUPS
};

#define SIGNS_MAX 16

struct signs {
    double groups[GROUPS];
    const char *words[SIGNS_MAX];
    size_t count;
    bool chain; /* the whole chain of an identity catcher, at home */
};

static void add(struct signs *s, enum group group, double weight, const char *words)
{
    /* Within a group what is further seen adds a little. */
    double more = s->groups[group] > 0 ? (1 - s->groups[group]) * weight / 2 : 0;

    if (weight > s->groups[group]) {
        s->groups[group] = s->groups[group] > 0 ? weight + (1 - weight) * s->groups[group] / 2
                                                : weight;
    } else {
        s->groups[group] += more;
    }
    if (s->count < SIGNS_MAX) {
        s->words[s->count++] = words;
    }
}

/* Mobile networks for tests: MCC 001, and 999 for private ones (ITU-T E.212). */
static bool is_test(const struct pk_obs_cell *c)
{
    return c->plmn != NULL && (strncmp(c->plmn, "001", 3) == 0 || strncmp(c->plmn, "999", 3) == 0);
}

/* A subscription that is not in order, or an outage: both refuse honestly, before any proof. */
static bool is_honest_cause(int64_t cause)
{
    switch (cause) {
    case 2:  /* IMSI unknown in HLR */
    case 3:  /* illegal MS: the SIM is not accepted */
    case 5:  /* IMEI not accepted */
    case 6:  /* illegal ME */
    case 8:  /* neither calls nor packets: no plan */
    case 17: /* network failure */
    case 22: /* congestion */
    case 42: /* severe network failure */
        return true;
    default:
        return false;
    }
}

/* An identity was asked for in clear, the network did not prove itself, and then it sent the device away: what
 * a catcher does that only collects identities. */
static double chain_weight(const struct pk_obs_cell *c)
{
    bool sent_away = c->ended == PK_CELL_END_REJECT || c->ended == PK_CELL_END_DETACH;

    if (!sent_away && c->ended != PK_CELL_END_RELEASE) {
        return c->ended == PK_CELL_END_SILENCE ? 0.25 : 0;
    }
    if (c->home == PK_TRI_NO) {
        return 0.2; /* a guest whose own network is not asked, or says no */
    }
    if (sent_away && is_honest_cause(c->reject_cause)) {
        return c->home == PK_TRI_YES ? 0.4 : 0.3;
    }
    if (c->home == PK_TRI_UNKNOWN && c->alarm == ALARM_LOW) {
        return 0.4; /* the sensor that noticed it is not sure */
    }
    if (c->home == PK_TRI_YES) {
        return sent_away ? 0.85 : 0.65;
    }
    return sent_away ? 0.65 : 0.45;
}

static void identity_signs(const struct pk_obs_cell *c, struct signs *s)
{
    double chain;

    if (c->after_proof == PK_TRI_YES) {
        add(s, BY_IDENTITY, c->identity == IMSI ? 0.55 : 0.15,
                "it asked for an identity in clear after it had proved itself");
    }
    if (c->identity < IMSI || c->authenticated == PK_TRI_YES || c->accepted == PK_TRI_YES) {
        return;
    }
    chain = c->authenticated == PK_TRI_NO ? chain_weight(c) : 0;
    if (chain > 0) {
        s->chain = chain >= 0.8;
        add(s, BY_IDENTITY, c->identity == IMSI ? chain : chain * 0.7,
                "it asked who the device is, did not prove itself, and ended the connection");
    }
    if (c->asked == PK_TRI_NO) {
        add(s, BY_IDENTITY, c->identity == IMSI ? 0.5 : 0.3,
                "it asked who the device is though the device had asked for nothing");
    }
    if (c->both && chain > 0) {
        add(s, BY_IDENTITY, 0.2, "it asked for the identity of both device and SIM");
    }
}

static void security_signs(const struct pk_obs_cell *c, struct signs *s)
{
    if (c->refused == PK_TRI_YES) {
        add(s, BY_PROOF, 0.6, "the SIM did not accept its proof");
    }
    if (c->emergency) {
        return; /* calls for help work without keys */
    }
    if (c->cipher == NONE && c->integrity == NONE) {
        add(s, BY_SECURITY, 0.5, "it wants neither encryption nor protection against change");
    } else if (c->cipher == NONE && c->cipher_before > NONE) {
        add(s, BY_SECURITY, 0.3, "it does not encrypt, as this carrier did before");
    } else if (c->cipher == WEAK && c->cipher_before == STRONG) {
        add(s, BY_SECURITY, 0.2, "its encryption is weaker than this carrier's was before");
    }
}

static void standard_signs(const struct pk_obs_cell *c, struct signs *s)
{
    if (c->redirect == PK_RADIO_2G && !c->voice && !c->emergency && c->authenticated == PK_TRI_NO) {
        add(s, BY_STANDARD, 0.4, "it sent the device to 2G before it had proved itself");
    }
    if (c->prefers != PK_RADIO_UNKNOWN || c->sib_downgrade == PK_TRI_YES) {
        add(s, BY_STANDARD, 0.35, "it rates older standards above all 4G cells");
    }
}

static void cell_signs(const struct pk_obs_cell *c, struct signs *s)
{
    double lonely;

    if (c->sib_incomplete == PK_TRI_YES) {
        add(s, BY_BROADCAST, 0.3, "what it broadcasts is incomplete");
    }
    if (c->update_minutes > 0 && c->update_minutes < 30) {
        add(s, BY_BROADCAST, 0.2, "it makes devices report every few minutes");
    }
    if (c->reselect_db >= 100) {
        add(s, BY_BROADCAST, 0.15, "it makes itself look very much stronger");
    }
    if (c->arfcn_before >= 0 && c->arfcn >= 0 && c->arfcn != c->arfcn_before) {
        add(s, BY_BROADCAST, 0.1, "this cell was on another channel before");
    }
    if (c->neighbours == 0 || c->neighbours == 1) {
        add(s, BY_SURROUNDINGS, 0.15, "it announces no other cells, or one");
    }
    if (c->area_known == 0) {
        add(s, BY_SURROUNDINGS, 0.2, "no other cell of its area was ever met");
    }
    if (c->known == PK_TRI_NO) {
        add(s, BY_SURROUNDINGS, 0.1, "it was not met here before");
    }
    lonely = s->groups[BY_SURROUNDINGS];
    s->groups[BY_SURROUNDINGS] = lonely < LONELY_MAX ? lonely : LONELY_MAX;
}

/* What a sensor such as Rayhunter called suspicious, and which is not told by the facts themselves. */
static void source_signs(const struct pk_obs_cell *c, struct signs *s)
{
    static const double weights[] = { 0, 0.15, 0.4, 0.55 };
    bool told = c->identity >= IMSI || c->cipher == NONE || c->redirect != 0 || c->prefers != 0 ||
            c->sib_downgrade == PK_TRI_YES || c->sib_incomplete == PK_TRI_YES;

    if (c->alarm > 0 && !told) {
        add(s, BY_SOURCE, weights[c->alarm], "the sensor raised an alarm");
    }
}

static double weigh(const struct signs *s)
{
    double not_any = 1;
    size_t groups = 0;

    for (size_t i = 0; i < GROUPS; i++) {
        not_any *= 1 - s->groups[i];
        groups += s->groups[i] >= 0.15;
    }
    if (groups <= 1 && !s->chain && 1 - not_any > ALONE_MAX) {
        return ALONE_MAX;
    }
    return 1 - not_any < 0.98 ? 1 - not_any : 0.98;
}

static json_t *texts(const char *const *items, size_t count)
{
    json_t *array = json_array();

    for (size_t i = 0; i < count; i++) {
        (void)json_array_append_new(array, json_string(items[i]));
    }
    return array;
}

static json_t *evidence(const struct pk_obs_cell *c, const char *seen, json_t *signs)
{
    char key[PK_CELL_KEY];
    json_t *out = json_pack("{s:s, s:s, s:s, s:o, s:o, s:o}", "seen", seen, "cell",
            pk_cell_key(c, key), "noticed_by", pk_cell_source_names[c->source], "signs", signs,
            "alarms", texts(c->alarms.items, c->alarms.count), "signalling",
            texts(c->frames.items, c->frames.count));

    if (out != NULL && c->reject_cause >= 0) {
        (void)json_object_set_new(out, "reject_cause", json_integer((json_int_t)c->reject_cause));
    }
    if (out != NULL && c->place != NULL) {
        (void)json_object_set_new(out, "place", json_string(c->place));
    }
    return out;
}

static int clear_part(struct pk_findings *out, const char *threat, const char *part,
        struct pk_arena *arena, int64_t at_ms)
{
    const char *kept = pk_arena_strdup(arena, part);
    int rc = kept == NULL ? PK_ENOMEM : pk_findings_clear(out, threat, SUBJECT, at_ms);

    if (rc == PK_OK) {
        pk_findings_part(out, kept);
    }
    return rc;
}

static int judge_fake(
        const struct pk_observation *o, struct pk_arena *arena, struct pk_findings *out)
{
    const struct pk_obs_cell *c = o->cell;
    struct signs s = { .count = 0 };
    char key[PK_CELL_KEY];
    const char *part = pk_arena_strdup(arena, pk_cell_key(c, key));
    double sure;
    int rc = PK_OK;

    for (size_t i = 0; i < c->left.count && rc >= 0; i++) {
        rc = clear_part(out, FAKE, c->left.items[i], arena, o->at_ms);
    }
    if (rc < 0 || part == NULL) {
        return rc < 0 ? rc : PK_ENOMEM;
    }
    identity_signs(c, &s);
    security_signs(c, &s);
    standard_signs(c, &s);
    cell_signs(c, &s);
    source_signs(c, &s);
    sure = weigh(&s);
    if (sure >= SAY_FROM) {
        rc = pk_findings_add(out, arena, FAKE, SUBJECT, sure, FAKE "/signs",
                evidence(c, s.words[0], texts(s.words, s.count)), o->at_ms);
        if (rc >= 0) {
            pk_findings_part(out, part);
        }
        return rc < 0 ? rc : PK_OK;
    }
    if (sure < CLEAR_TO && c->authenticated == PK_TRI_YES && c->cipher != NONE && c->cell >= 0) {
        return clear_part(out, FAKE, part, arena, o->at_ms);
    }
    return PK_OK;
}

static int judge_old(
        const struct pk_observation *o, struct pk_arena *arena, struct pk_findings *out)
{
    const struct pk_obs_cell *c = o->cell;
    const char *words = NULL;
    double sure = 0;

    /* Calls in networks without voice over 4G, and calls for help, need the older generation. */
    if (c->redirect == PK_RADIO_2G && !c->voice && !c->emergency &&
            c->authenticated != PK_TRI_YES) {
        sure = c->authenticated == PK_TRI_NO ? 0.85 : 0.7;
        words = "The device was sent away to 2G by a mast that had not proved itself";
    } else if (c->prefers == PK_RADIO_2G) {
        sure = 0.7;
        words = "The mast tells devices to prefer 2G to every 4G cell";
    } else if (c->prefers == PK_RADIO_3G || c->sib_downgrade == PK_TRI_YES) {
        sure = 0.55;
        words = "The mast tells devices to prefer an older standard to every 4G cell";
    }
    if (words != NULL) {
        int rc = pk_findings_add(out, arena, OLD, SUBJECT, sure,
                c->redirect == PK_RADIO_2G ? OLD "/redirect" : OLD "/priorities",
                evidence(c, words, texts(&words, 1)), o->at_ms);

        return rc < 0 ? rc : PK_OK;
    }
    /* Back on a newer standard with a mast that proved itself, or all has been quiet for an hour. */
    if (c->left.count > 0 ||
            (c->radio >= PK_RADIO_3G && c->authenticated == PK_TRI_YES &&
                    c->redirect != PK_RADIO_2G && c->alarm == 0)) {
        int rc = pk_findings_clear(out, OLD, SUBJECT, o->at_ms);

        return rc < 0 ? rc : PK_OK;
    }
    return PK_OK;
}

static int judge_cipher(
        const struct pk_observation *o, struct pk_arena *arena, struct pk_findings *out)
{
    const struct pk_obs_cell *c = o->cell;
    bool radio = c->layer == LAYER_RADIO || c->layer == UNKNOWN;
    const char *words = radio ? "The mast and the device talk without encryption"
                              : "The carrier's core and the device talk without encryption";
    int rc = PK_OK;

    if (c->cipher == NONE && !c->emergency) {
        double sure = radio ? 0.9 : 0.8;

        if (c->cipher_before ==
                NONE) { /* it never encrypts: a carrier's choice, or its country's */
            sure -= 0.3;
        }
        rc = pk_findings_add(out, arena, NULL_CIPHER, SUBJECT, sure,
                radio ? NULL_CIPHER "/radio" : NULL_CIPHER "/core",
                evidence(c, words, texts(&words, 1)), o->at_ms);
    } else if (c->cipher > NONE || (c->cipher == UNKNOWN && c->left.count > 0)) {
        rc = pk_findings_clear(out, NULL_CIPHER, SUBJECT, o->at_ms);
    }
    return rc < 0 ? rc : PK_OK;
}

int pk_judge_cell(const struct pk_observation *o, struct pk_arena *arena, struct pk_findings *out)
{
    int rc;

    if (is_test(o->cell)) {
        return PK_OK;
    }
    rc = judge_fake(o, arena, out);
    if (rc == PK_OK) {
        rc = judge_old(o, arena, out);
    }
    return rc < 0 ? rc : judge_cipher(o, arena, out);
}
