#include "track/cell.h"

#include <stdio.h>
#include <stdlib.h>

#include "track/cell_memory.h"

#define WORDS_MAX 23     /* of evidence, a ring */
#define REPEAT_MS 500    /* tools write a message twice: within radio control, and by itself */
#define SYSTEM_MS 600000 /* what was broadcast longer ago is not held against the cell of now */
#define CALM_MS   600000 /* a cell about which nothing is new is told of so often at most */
#define RECENT_MS 30000  /* a connection without a word for longer than this is over */
#define DENIED_MS 60000  /* a phone that was refused tries again within this */
#define RIPE_MS   5000   /* after the last word about priorities no other one is to be expected */

enum {
    NONE = -1
};

/* What a cell broadcasts. */
struct place {
    int64_t heard_ms;
    int64_t priorities_ms; /* when they changed last */
    int64_t area;
    int64_t cell;
    int64_t arfcn;
    int64_t signal_dbm;
    int64_t update_minutes;
    int64_t reselect_db;
    int neighbours;
    int blocks;
    int own;
    int older2;
    int older3;
    bool known; /* something was heard */
    bool round; /* it said who it is again after its priorities: these are complete */
    char plmn[PK_CELL_PLMN];
};

/* What happens between the phone's request and the end. */
struct connection {
    int64_t last_ms;
    int64_t identity_ms;
    int radio; /* enum pk_cell_radio */
    int identity;
    int cipher;
    int integrity;
    int layer;
    int reject;
    int redirect;
    int ended;
    bool open;
    bool begun; /* its beginning was heard */
    bool imsi;
    bool imei;
    bool proof_asked;
    bool secured; /* under integrity protection, or encrypted: only the holder of keys speaks */
    bool voice;
    bool emergency;
    enum pk_tri asked;
    enum pk_tri authenticated;
    enum pk_tri accepted;
    enum pk_tri refused;
    enum pk_tri after_proof;
    char former[6];
};

struct pk_cell_track {
    const struct pk_track_sink *sink;
    struct pk_cell_memory *memory;
    int source;
    struct place places[5]; /* by generation: the phone hears several */
    struct place next;      /* a cell that was heard while a connection was under way */
    struct connection c;
    int radio;       /* of the cell that the phone is on */
    int ended_radio; /* of the connection that was heard to end: what comes next there must begin */
    bool voice_before; /* the phone asked for a call just now */
    bool over;         /* the recording ended */
    int64_t denied_ms; /* when a phone was refused in clear, without a proof; 0: never */
    int64_t voice_ms;
    int64_t told_ms;
    char told[112]; /* what was told last, to tell news only */
    struct pk_cell_message last;
    int64_t last_ms;
    char words[WORDS_MAX][PK_CELL_WORDS + 16];
    size_t word_count;
    size_t word_next;
    int64_t began_ms; /* of the words' clock */
};

static struct place no_place(void)
{
    return (struct place){ .area = NONE,
        .cell = NONE,
        .arfcn = NONE,
        .update_minutes = NONE,
        .reselect_db = NONE,
        .neighbours = NONE,
        .blocks = NONE,
        .own = NONE,
        .older2 = NONE,
        .older3 = NONE };
}

struct pk_cell_track *pk_cell_track_create(const struct pk_track_sink *sink, int source)
{
    struct pk_cell_track *t = calloc(1, sizeof(*t));

    if (t == NULL) {
        return NULL;
    }
    t->memory = pk_cell_memory_create();
    if (t->memory == NULL) {
        free(t);
        return NULL;
    }
    t->sink = sink;
    t->source = source;
    t->next = no_place();
    t->c.reject = NONE;
    for (size_t i = 0; i < PK_COUNT(t->places); i++) {
        t->places[i] = no_place();
    }
    return t;
}

void pk_cell_track_destroy(struct pk_cell_track *track)
{
    if (track != NULL) {
        pk_cell_memory_destroy(track->memory);
        free(track);
    }
}

/* --- telling -------------------------------------------------------------------------------- */

static void remember_words(struct pk_cell_track *t, const struct pk_cell_message *m, int64_t at_ms)
{
    char text[PK_CELL_WORDS];
    int64_t ms = at_ms - t->began_ms;

    if (t->word_count == 0) {
        t->began_ms = at_ms;
    }
    if (t->word_count == 0 || ms < 0) { /* the logs of one phone are not quite in order */
        ms = 0;
    }
    (void)snprintf(t->words[t->word_next], sizeof(t->words[0]), "+%lld.%lld s %s",
            (long long)(ms / 1000), (long long)(ms % 1000 / 100), pk_cell_words(m, text));
    t->word_next = (t->word_next + 1) % WORDS_MAX;
    t->word_count += t->word_count < WORDS_MAX;
}

static void forget_words(struct pk_cell_track *t)
{
    t->word_count = t->word_next = 0;
}

static void fill_place(const struct pk_cell_track *t, int64_t at_ms, struct pk_obs_cell *o)
{
    const struct place *p = &t->places[t->radio];
    bool fresh = p->known && at_ms - p->heard_ms < SYSTEM_MS;
    bool ripe = p->round || t->over || at_ms - p->priorities_ms >= RIPE_MS;

    o->radio = t->radio;
    o->area = o->cell = o->arfcn = o->pci = o->neighbours = NONE;
    o->update_minutes = o->reselect_db = o->arfcn_before = o->area_known = NONE;
    if (!p->known) {
        return;
    }
    o->plmn = p->plmn[0] != '\0' ? p->plmn : NULL;
    o->area = p->area;
    o->cell = p->cell;
    o->arfcn = p->arfcn;
    o->signal_dbm = p->signal_dbm;
    o->neighbours = p->neighbours;
    o->update_minutes = p->update_minutes;
    o->reselect_db = p->reselect_db;
    if (fresh && p->blocks >= 0) {
        o->sib_incomplete = p->blocks < 2 ? PK_TRI_YES : PK_TRI_NO;
    }
    if (fresh && ripe && p->own >= 0) {
        o->prefers = p->older2 > p->own ? PK_RADIO_2G : p->older3 > p->own ? PK_RADIO_3G : 0;
        o->sib_downgrade = o->prefers != 0 ? PK_TRI_YES : PK_TRI_NO;
    }
}

static void fill_connection(const struct connection *c, struct pk_obs_cell *o)
{
    o->identity = c->identity;
    o->both = c->imsi && c->imei;
    o->cipher = c->cipher;
    o->integrity = c->integrity;
    o->layer = c->layer;
    o->reject_cause = c->reject;
    o->redirect = c->redirect;
    o->ended = c->ended;
    o->asked = c->asked;
    o->authenticated = c->authenticated;
    o->accepted = c->accepted;
    o->refused = c->refused;
    o->after_proof = c->after_proof;
    o->voice = c->voice;
    o->emergency = c->emergency;
    if (c->former[0] != '\0' && o->plmn != NULL) {
        o->home = strncmp(c->former, o->plmn, 5) == 0 ? PK_TRI_YES : PK_TRI_NO;
    }
}

/* One line about the cell, then what was said. */
static void fill_words(const struct pk_cell_track *t, const char *items[WORDS_MAX + 1],
        char summary[160], struct pk_obs_cell *o)
{
    const struct place *p = &t->places[t->radio];
    size_t at = t->word_count < WORDS_MAX ? 0 : t->word_next;
    char key[PK_CELL_KEY];

    (void)snprintf(summary, 160,
            "cell %s: neighbours %d, further blocks %d, priority own %d, 3G %d, 2G %d (-1: not "
            "said)",
            pk_cell_key(o, key), p->neighbours, p->blocks, p->own, p->older3, p->older2);
    items[0] = summary;
    for (size_t i = 0; i < t->word_count; i++) {
        items[i + 1] = t->words[(at + i) % WORDS_MAX];
    }
    o->frames = (struct pk_strings){ .items = items, .count = t->word_count + 1 };
}

/* Tells of the cell and the connection as they are now; what is no news only now and then. */
static void tell(struct pk_cell_track *t, int64_t at_ms, bool always)
{
    const char *items[WORDS_MAX + 1];
    struct pk_obs_cell o = { .reject_cause = NONE, .source = t->source };
    char text[sizeof(t->told)];
    char summary[160];
    char key[PK_CELL_KEY];

    if (t->radio == PK_CELL_NO_RADIO) {
        return;
    }
    fill_place(t, at_ms, &o);
    fill_connection(&t->c, &o);
    (void)snprintf(text, sizeof(text), "%s %d %d %d %d %d %d %d %d", pk_cell_key(&o, key),
            o.identity, o.cipher, o.ended, o.redirect, (int)o.reject_cause, (int)o.authenticated,
            o.prefers, (int)o.sib_incomplete);
    if (!always && strcmp(text, t->told) == 0 && at_ms - t->told_ms < CALM_MS) {
        return;
    }
    memcpy(t->told, text, sizeof(text));
    t->told_ms = at_ms;
    pk_cell_memory_take(t->memory, &o, at_ms);
    fill_words(t, items, summary, &o);
    t->sink->tell(t->sink->ctx,
            &(struct pk_observation){ .at_ms = at_ms, .kind = PK_OBS_CELL, .cell = &o });
}

/* --- connections ---------------------------------------------------------------------------- */

/* The connection is over: tells of it, and what was heard of another cell meanwhile counts from now. */
static void finish(struct pk_cell_track *t, int ended, int64_t at_ms)
{
    if (t->c.open) {
        t->c.ended = t->c.ended != PK_CELL_END_NONE ? t->c.ended : ended;
        tell(t, at_ms, false);
        t->ended_radio = t->c.radio;
    }
    t->c = (struct connection){ .reject = NONE };
    forget_words(t);
    if (t->next.known) {
        t->places[t->radio] = t->next;
        t->next = no_place();
    }
}

static void begin(struct pk_cell_track *t, int radio, enum pk_tri asked, int64_t at_ms)
{
    t->radio = radio;
    t->c = (struct connection){ .open = true,
        .begun = asked == PK_TRI_YES,
        .radio = radio,
        .asked = asked,
        .reject = NONE,
        .last_ms = at_ms,
        .authenticated = asked == PK_TRI_YES ? PK_TRI_NO : PK_TRI_UNKNOWN };
    if (t->voice_before && at_ms - t->voice_ms < RECENT_MS) {
        t->c.voice = true;
    }
}

/* A message of a connection whose beginning was not heard. */
static void need_open(struct pk_cell_track *t, int radio, int64_t at_ms)
{
    if (t->c.open && t->c.radio != radio) {
        finish(t, PK_CELL_END_GONE, at_ms);
    }
    if (!t->c.open) {
        begin(t, radio, t->ended_radio == radio ? PK_TRI_NO : PK_TRI_UNKNOWN, at_ms);
    }
}

static bool only_asked(const struct connection *c)
{
    return c->identity == 0 && !c->proof_asked && !c->secured && c->accepted == PK_TRI_UNKNOWN &&
            c->cipher == 0 && c->ended == PK_CELL_END_NONE;
}

static void on_request(struct pk_cell_track *t, const struct pk_cell_message *m, int64_t at_ms)
{
    struct connection *c = &t->c;

    if (c->open && m->said == PK_CELL_CONNECT && c->radio == m->radio && c->begun &&
            only_asked(c) && at_ms - c->last_ms < RECENT_MS) {
        c->emergency |= m->emergency;
        return; /* the core's request was logged before the radio's, or the phone tries again */
    }
    if (c->open && (m->said == PK_CELL_CONNECT || c->ended != PK_CELL_END_NONE)) {
        finish(t, PK_CELL_END_GONE, at_ms);
    }
    if (m->said == PK_CELL_CONNECT) {
        begin(t, m->radio, PK_TRI_YES, at_ms);
    } else {
        need_open(t, m->radio, at_ms);
        c->asked = PK_TRI_YES;
        if (!c->secured && c->identity == 0) { /* who asks anew has to be convinced anew */
            c->authenticated = PK_TRI_NO;
            c->begun = true;
        }
    }
    if (m->former[0] != '\0') {
        memcpy(c->former, m->former, sizeof(c->former));
    }
    /* Who is refused without a proof comes back with its IMSI, unasked: as good as asked for. */
    if (m->identity == PK_CELL_IMSI && t->denied_ms != 0 && at_ms - t->denied_ms < DENIED_MS) {
        c->imsi = true;
        c->identity = PK_CELL_IMSI;
        c->identity_ms = at_ms;
    }
    c->emergency |= m->emergency;
    if (m->voice) {
        c->voice = t->voice_before = true;
        t->voice_ms = at_ms;
    }
}

static void on_identity(struct pk_cell_track *t, const struct pk_cell_message *m, int64_t at_ms)
{
    struct connection *c = &t->c;

    need_open(t, m->radio, at_ms);
    if (c->secured || m->integral || m->identity < PK_CELL_IMSI) {
        return; /* asked by who has the keys, or for nothing that matters */
    }
    if (c->authenticated == PK_TRI_YES) {
        c->after_proof = PK_TRI_YES;
    }
    c->imsi |= m->identity == PK_CELL_IMSI;
    c->imei |= m->identity == PK_CELL_IMEI;
    c->identity = c->imsi ? PK_CELL_IMSI : PK_CELL_IMEI;
    c->identity_ms = at_ms;
}

static void on_security(struct pk_cell_track *t, const struct pk_cell_message *m, int64_t at_ms)
{
    struct connection *c = &t->c;
    bool core = m->said == PK_CELL_NAS_SECURITY;

    need_open(t, m->radio, at_ms);
    if (m->cipher == PK_CELL_NULL) {
        c->layer = core && c->layer != 1 ? 2 : 1; /* pk_cell_layer_names: rrc is the worse */
        c->cipher = PK_CELL_NULL;
    } else if (m->cipher != PK_CELL_STRENGTH_UNKNOWN && c->cipher != PK_CELL_NULL) {
        c->cipher = m->cipher;
    }
    if (m->integrity != PK_CELL_STRENGTH_UNKNOWN && c->integrity != PK_CELL_NULL) {
        c->integrity = m->integrity;
    }
    if (m->radio == PK_CELL_2G || m->integrity == PK_CELL_NULL) {
        /* 2G encryption says that the keys are there; without it, or without integrity, nothing. */
        c->secured |= m->radio == PK_CELL_2G && m->cipher > PK_CELL_NULL;
    }
}

/* The phone accepted the command: it checked the integrity with its own keys. */
static void on_secured(struct pk_cell_track *t, const struct pk_cell_message *m, int64_t at_ms)
{
    struct connection *c = &t->c;

    need_open(t, m->radio, at_ms);
    if (m->radio != PK_CELL_2G && c->integrity != PK_CELL_NULL) {
        c->secured = true;
        c->authenticated = PK_TRI_YES;
    }
    c->secured |= m->radio == PK_CELL_2G && c->cipher > PK_CELL_NULL;
    if (c->cipher == PK_CELL_NULL) {
        tell(t, at_ms, false);
    }
}

static void on_proof(struct pk_cell_track *t, const struct pk_cell_message *m, int64_t at_ms)
{
    struct connection *c = &t->c;

    need_open(t, m->radio, at_ms);
    if (m->said == PK_CELL_AUTH_REQUEST) {
        c->proof_asked = true;
    } else if (m->said == PK_CELL_AUTH_RESPONSE) {
        c->authenticated = PK_TRI_YES;
        c->refused = c->refused == PK_TRI_YES ? PK_TRI_NO : c->refused;
    } else if (m->cause == 20) { /* MAC failure; 21, out of step, is a matter of course */
        c->refused = PK_TRI_YES;
        c->authenticated = PK_TRI_NO;
    }
}

static void on_end(struct pk_cell_track *t, const struct pk_cell_message *m, int64_t at_ms)
{
    struct connection *c = &t->c;
    bool rejected = m->said == PK_CELL_REJECT || m->said == PK_CELL_AUTH_REJECT ||
            m->said == PK_CELL_DETACH;

    if (!c->open && m->said == PK_CELL_RELEASE && m->redirect == PK_CELL_NO_RADIO) {
        return; /* a repetition, or the end of what was not heard */
    }
    need_open(t, m->radio, at_ms);
    if (m->cause >= 0) {
        c->reject = m->cause;
    }
    if (m->redirect != PK_CELL_NO_RADIO && m->redirect != PK_CELL_4G) {
        c->redirect = m->redirect;
    }
    c->voice |= m->voice;
    if (c->identity != 0 && c->authenticated == PK_TRI_UNKNOWN && !c->proof_asked && !c->secured) {
        c->authenticated = PK_TRI_NO; /* since the identity was asked for, all was heard */
    }
    if (!rejected) {
        finish(t, PK_CELL_END_RELEASE, at_ms);
        return;
    }
    if (c->secured || m->integral) {
        return; /* the true network says no; told of with the connection's end */
    }
    c->ended = m->said == PK_CELL_DETACH ? PK_CELL_END_DETACH : PK_CELL_END_REJECT;
    t->denied_ms = c->authenticated != PK_TRI_YES ? at_ms : 0;
    c->last_ms = at_ms;
    tell(t, at_ms, false); /* a release may follow, with a direction */
}

/* --- cells ---------------------------------------------------------------------------------- */

static bool same_cell(const struct place *p, const struct pk_cell_message *m)
{
    return (m->plmn[0] == '\0' || p->plmn[0] == '\0' || strcmp(m->plmn, p->plmn) == 0) &&
            (m->area < 0 || p->area < 0 || m->area == p->area) &&
            (m->cell < 0 || p->cell < 0 || m->cell == p->cell);
}

static void merge(struct place *p, const struct pk_cell_message *m, const struct pk_gsmtap *frame,
        int64_t at_ms)
{
    p->known = true;
    p->round |= p->own >= 0 && m->count >= 0;
    p->heard_ms = at_ms;
    if (m->plmn[0] != '\0') {
        memcpy(p->plmn, m->plmn, sizeof(p->plmn));
    }
    p->area = m->area >= 0 ? m->area : p->area;
    p->cell = m->cell >= 0 ? m->cell : p->cell;
    p->blocks = m->said == PK_CELL_SYSTEM && m->count >= 0 ? m->count : p->blocks;
    p->update_minutes = m->update_minutes >= 0 ? m->update_minutes : p->update_minutes;
    p->reselect_db = m->reselect_db >= 0 ? m->reselect_db : p->reselect_db;
    p->arfcn = frame->arfcn >= 0 ? frame->arfcn : p->arfcn;
    if (frame->signal_dbm < 0) {
        p->signal_dbm = frame->signal_dbm;
    }
}

static void on_system(struct pk_cell_track *t, const struct pk_cell_message *m,
        const struct pk_gsmtap *frame, int64_t at_ms)
{
    struct place *p = &t->places[m->radio];
    bool busy = t->c.open && t->c.radio == m->radio && at_ms - t->c.last_ms < RECENT_MS;

    if (!p->known || same_cell(p, m)) {
        merge(p, m, frame, at_ms);
    } else if (busy) {
        if (!t->next.known || !same_cell(&t->next, m)) {
            t->next = no_place();
        }
        merge(&t->next, m, frame, at_ms);
        return;
    } else {
        if (t->c.open && t->c.radio == m->radio) {
            finish(t, PK_CELL_END_GONE, at_ms);
        }
        *p = no_place();
        merge(p, m, frame, at_ms);
    }
    if (!t->c.open) {
        t->radio = m->radio;
    }
}

static void on_broadcast(struct pk_cell_track *t, const struct pk_cell_message *m, int64_t at_ms)
{
    struct place *p = t->next.known && t->c.open && t->c.radio == m->radio ? &t->next
                                                                           : &t->places[m->radio];

    if (!p->known) {
        return; /* of whom? */
    }
    p->heard_ms = at_ms;
    if (m->said == PK_CELL_NEIGHBOURS) {
        p->neighbours = m->count > p->neighbours ? m->count : p->neighbours;
        return;
    }
    if (m->own > p->own || m->older2 > p->older2 || m->older3 > p->older3) {
        p->priorities_ms = at_ms;
        p->round = false;
    }
    p->own = m->own > p->own ? m->own : p->own;
    p->older2 = m->older2 > p->older2 ? m->older2 : p->older2;
    p->older3 = m->older3 > p->older3 ? m->older3 : p->older3;
}

static void on_message(struct pk_cell_track *t, const struct pk_cell_message *m,
        const struct pk_gsmtap *frame, int64_t at_ms)
{
    switch ((enum pk_cell_said)m->said) {
    case PK_CELL_SYSTEM:
        on_system(t, m, frame, at_ms);
        return;
    case PK_CELL_NEIGHBOURS:
    case PK_CELL_PRIORITIES:
        on_broadcast(t, m, at_ms);
        return;
    case PK_CELL_CONNECT:
    case PK_CELL_ATTACH:
    case PK_CELL_UPDATE:
    case PK_CELL_SERVICE:
        on_request(t, m, at_ms);
        break;
    case PK_CELL_IDENTITY_REQUEST:
        on_identity(t, m, at_ms);
        break;
    case PK_CELL_IDENTITY_RESPONSE:
        break;
    case PK_CELL_AUTH_REQUEST:
    case PK_CELL_AUTH_RESPONSE:
    case PK_CELL_AUTH_FAILURE:
        on_proof(t, m, at_ms);
        break;
    case PK_CELL_NAS_SECURITY:
    case PK_CELL_RADIO_SECURITY:
        on_security(t, m, at_ms);
        break;
    case PK_CELL_NAS_SECURED:
    case PK_CELL_RADIO_SECURED:
        on_secured(t, m, at_ms);
        break;
    case PK_CELL_ACCEPT:
        need_open(t, m->radio, at_ms);
        t->c.accepted = PK_TRI_YES;
        break;
    case PK_CELL_PROTECTED:
        break;
    case PK_CELL_HANDOVER:
        if (m->voice) {
            t->voice_before = true;
            t->voice_ms = at_ms;
        }
        break;
    case PK_CELL_AUTH_REJECT:
    case PK_CELL_REJECT:
    case PK_CELL_DETACH:
    case PK_CELL_RELEASE:
        on_end(t, m, at_ms);
        return;
    }
    t->c.last_ms = at_ms;
}

static bool is_broadcast(const struct pk_cell_message *m)
{
    return m->said == PK_CELL_SYSTEM || m->said == PK_CELL_NEIGHBOURS ||
            m->said == PK_CELL_PRIORITIES;
}

static bool is_repeat(const struct pk_cell_track *t, const struct pk_cell_message *m, int64_t at_ms)
{
    const struct pk_cell_message *last = &t->last;

    return at_ms - t->last_ms < REPEAT_MS && !is_broadcast(m) && m->said == last->said &&
            m->radio == last->radio && m->identity == last->identity && m->cause == last->cause &&
            m->cipher == last->cipher && m->redirect == last->redirect &&
            m->integral == last->integral && m->voice == last->voice;
}

void pk_cell_track_frame(struct pk_cell_track *t, const struct pk_gsmtap *frame, int64_t at_ms)
{
    struct pk_cell_messages said = { 0 };

    pk_cell_decode(frame, &said);
    for (size_t i = 0; i < said.count; i++) {
        const struct pk_cell_message *m = &said.items[i];

        if (is_repeat(t, m, at_ms)) {
            continue;
        }
        t->last = *m;
        t->last_ms = at_ms;
        if (!is_broadcast(m)) {
            remember_words(t, m, at_ms);
        }
        on_message(t, m, frame, at_ms);
    }
    if (said.count > 0) {
        pk_cell_track_tick(t, at_ms);
    }
}

void pk_cell_track_tick(struct pk_cell_track *t, int64_t at_ms)
{
    struct connection *c = &t->c;
    struct pk_obs_cell now = { .radio = t->radio };

    if (c->open && c->identity != 0 && c->ended == PK_CELL_END_NONE &&
            c->authenticated != PK_TRI_YES && c->accepted != PK_TRI_YES &&
            at_ms - c->identity_ms >= PK_CELL_SILENCE_MS) {
        finish(t, PK_CELL_END_SILENCE, at_ms);
    }
    if (t->radio != PK_CELL_NO_RADIO && !c->open) {
        fill_place(t, at_ms, &now);
        if (at_ms >= pk_cell_memory_due(t->memory, &now)) {
            tell(t, at_ms, true);
        } else if (pk_cell_is_odd(&now)) {
            tell(t, at_ms, false); /* by what it broadcasts */
        }
    }
}

void pk_cell_track_end(struct pk_cell_track *t, int64_t at_ms)
{
    t->over = true;
    if (t->c.open) {
        finish(t, PK_CELL_END_NONE, at_ms);
    } else {
        tell(t, at_ms, false);
    }
}
