#include "track/rayhunter.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

#define ALARMS_MAX 16
#define ALARM_TEXT 120
#define ROWS_MAX   100000 /* events of one line: a whole report in one object */

enum {
    SOURCE_RAYHUNTER = 1
}; /* pk_cell_source_names */
enum severity {
    INFORMATIONAL,
    LOW,
    MEDIUM,
    HIGH
};
enum {
    IDENTITY_IMSI = 2,
    CIPHER_NULL = 1,
    LAYER_RADIO = 1,
    LAYER_CORE = 2
};

struct pk_rayhunter {
    const struct pk_track_sink *sink;
    struct pk_obs_cell cell; /* what was said in this window; strings are ours, below */
    int64_t window_ms;       /* when it began; 0: nothing is in it */
    int64_t alarm_ms;        /* the last one; 0: none is open */
    int64_t now_ms;
    char alarms[ALARMS_MAX][ALARM_TEXT];
    const char *items[ALARMS_MAX];
    char plmn[8];
};

static struct pk_obs_cell nothing(const struct pk_rayhunter *r)
{
    return (struct pk_obs_cell){ .radio = PK_RADIO_4G,
        .source = SOURCE_RAYHUNTER,
        .plmn = r->plmn[0] != '\0' ? r->plmn : NULL,
        .area = -1,
        .cell = -1,
        .pci = -1,
        .arfcn = -1,
        .neighbours = -1,
        .reject_cause = -1,
        .area_known = -1,
        .arfcn_before = -1,
        .update_minutes = -1,
        .reselect_db = -1 };
}

struct pk_rayhunter *pk_rayhunter_create(const struct pk_track_sink *sink)
{
    struct pk_rayhunter *r = calloc(1, sizeof(*r));

    if (r != NULL) {
        r->sink = sink;
        r->cell = nothing(r);
    }
    return r;
}

void pk_rayhunter_destroy(struct pk_rayhunter *reader)
{
    free(reader);
}

bool pk_rayhunter_is(struct pk_slice text)
{
    static const char *const heads[] = { "{\"analyzers\":", "{ \"path\":", "{\"path\":" };

    for (size_t i = 0; i < PK_COUNT(heads); i++) {
        size_t len = strlen(heads[i]);

        if (text.len > len && memcmp(text.ptr, heads[i], len) == 0) {
            return true;
        }
    }
    return false;
}

/* --- what its sentences mean ---------------------------------------------------------------- */

static void asked_after_proof(struct pk_obs_cell *c)
{
    c->identity = IDENTITY_IMSI;
    c->authenticated = c->after_proof = PK_TRI_YES;
}

static void asked_unasked(struct pk_obs_cell *c)
{
    c->identity = IDENTITY_IMSI;
    c->asked = PK_TRI_NO;
}

static void sent_away(struct pk_obs_cell *c)
{
    c->identity = IDENTITY_IMSI;
    c->authenticated = PK_TRI_NO;
    c->ended = PK_CELL_END_REJECT;
}

static void sent_away_at_home(struct pk_obs_cell *c)
{
    sent_away(c);
    c->home = PK_TRI_YES;
}

static void sent_away_abroad(struct pk_obs_cell *c)
{
    sent_away(c);
    c->home = PK_TRI_NO;
}

static void no_plan(struct pk_obs_cell *c)
{
    sent_away(c);
    c->reject_cause = 8;
}

static void no_followup(struct pk_obs_cell *c)
{
    c->identity = IDENTITY_IMSI;
    c->authenticated = PK_TRI_NO;
    c->ended = c->ended != PK_CELL_END_NONE ? c->ended : PK_CELL_END_SILENCE;
}

static void to_2g(struct pk_obs_cell *c)
{
    c->redirect = PK_RADIO_2G;
}

static void prefers_older(struct pk_obs_cell *c)
{
    c->sib_downgrade = PK_TRI_YES;
}

static void null_radio(struct pk_obs_cell *c)
{
    c->cipher = CIPHER_NULL;
    c->layer = LAYER_RADIO;
}

static void null_core(struct pk_obs_cell *c)
{
    c->cipher = CIPHER_NULL;
    c->layer = c->layer == LAYER_RADIO ? LAYER_RADIO : LAYER_CORE;
}

static void incomplete(struct pk_obs_cell *c)
{
    c->sib_incomplete = PK_TRI_YES;
}

struct sentence {
    const char *part;
    void (*fact)(struct pk_obs_cell *c); /* NULL: nothing by itself */
    enum severity most;                  /* it counts as no more than that, whatever the row says */
};

/* The first that fits. Those with no fact are known to be of no consequence. */
static const struct sentence sentences[] = {
    { "Identity requested after auth", asked_after_proof, HIGH },
    { "Identity requested without Attach", asked_unasked, HIGH },
    { "without Auth Accept on home network", sent_away_at_home, HIGH },
    { "PLMN: Unknown", sent_away, LOW },
    { "could be a false positive roaming issue", sent_away_abroad, LOW },
    { "unless your SIM card has an active plan", no_plan, LOW },
    { "Disconnected after Identity Request without Auth", sent_away, MEDIUM },
    { "without auth request followup", no_followup, LOW },
    { "NAS identity request detected", NULL, LOW }, /* version 0: at every one */
    { "Detected 2G downgrade", to_2g, HIGH },
    { "legacy (3G/2G) cell for priority", prefers_older, HIGH },
    { "cell for priority 0", NULL, LOW }, /* version 1: known for false alarms */
    { "suggested use of null cipher", null_radio, HIGH },
    { "Security mode command requested null cipher", null_core, HIGH },
    { "SIB1 scheduling info list was malformed", incomplete, LOW },
    { "SIB1 received", NULL, INFORMATIONAL }, /* the test analyzer: at every cell */
};

static const struct sentence *find(const char *message)
{
    for (size_t i = 0; i < PK_COUNT(sentences); i++) {
        if (strstr(message, sentences[i].part) != NULL) {
            return &sentences[i];
        }
    }
    return NULL;
}

/* --- telling -------------------------------------------------------------------------------- */

static void tell(struct pk_rayhunter *r, int64_t at_ms)
{
    struct pk_obs_cell body = r->cell;

    r->sink->tell(r->sink->ctx,
            &(struct pk_observation){ .at_ms = at_ms, .kind = PK_OBS_CELL, .cell = &body });
}

void pk_rayhunter_tick(struct pk_rayhunter *r, int64_t at_ms)
{
    char key[PK_CELL_KEY];
    const char *item = key;

    if (at_ms < pk_rayhunter_due(r)) {
        return;
    }
    r->alarm_ms = r->window_ms = 0;
    r->cell = nothing(r);
    (void)pk_cell_key(&r->cell, key);
    r->cell.left = (struct pk_strings){ .items = &item, .count = 1 };
    tell(r, at_ms);
    r->cell = nothing(r);
}

int64_t pk_rayhunter_due(const struct pk_rayhunter *r)
{
    return r->alarm_ms != 0 ? r->alarm_ms + PK_RAYHUNTER_QUIET_MS : INT64_MAX;
}

static void add_alarm(struct pk_rayhunter *r, const char *message)
{
    struct pk_strings *list = &r->cell.alarms;
    char *slot = r->alarms[list->count < ALARMS_MAX ? list->count : ALARMS_MAX - 1];

    (void)snprintf(slot, ALARM_TEXT, "%s", message);
    slot[strcspn(slot, "\r\n\t")] = '\0';
    for (char *p = slot; *p != '\0'; p++) { /* a sentence that was cut within a character, or odd */
        *p = *p >= 0x20 && *p < 0x7f ? *p : '?';
    }
    pk_cell_hide(slot);
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(r->alarms[i], slot) == 0 && slot != r->alarms[i]) {
            return;
        }
    }
    if (list->count < ALARMS_MAX && slot[0] != '\0') {
        r->items[list->count] = slot;
        list->items = r->items;
        list->count++;
    }
}

static int take_event(
        struct pk_rayhunter *r, enum severity severity, const char *message, int64_t at_ms)
{
    const struct sentence *s = find(message);

    if (s != NULL && severity > s->most) {
        severity = s->most;
    }
    if (severity == INFORMATIONAL && (s == NULL || s->fact == NULL)) {
        return PK_OK;
    }
    if (r->window_ms == 0 || at_ms - r->window_ms >= PK_RAYHUNTER_WINDOW_MS) {
        r->cell = nothing(r);
        r->window_ms = at_ms;
    }
    if (s != NULL && s->fact != NULL) {
        s->fact(&r->cell);
    }
    r->cell.alarm = (int)severity > r->cell.alarm ? (int)severity : r->cell.alarm;
    add_alarm(r, message);
    r->alarm_ms = at_ms;
    tell(r, at_ms);
    return PK_OK;
}

/* --- reading -------------------------------------------------------------------------------- */

/* "High", or {"type":"QualitativeWarning","severity":"High"} of older versions. */
static bool read_severity(const json_t *type, enum severity *out)
{
    static const char *const names[] = { "Informational", "Low", "Medium", "High" };
    const char *text = json_string_value(type);

    if (json_is_object(type)) {
        text = json_string_value(json_object_get(type, "severity"));
        text = text != NULL ? text : json_string_value(json_object_get(type, "type"));
    }
    for (size_t i = 0; text != NULL && i < PK_COUNT(names); i++) {
        if (strcmp(text, names[i]) == 0) {
            *out = (enum severity)i;
            return true;
        }
    }
    return false;
}

static int read_event(
        struct pk_rayhunter *r, const json_t *event, const char *time, struct pk_error *err)
{
    const char *message = json_string_value(json_object_get(event, "message"));
    enum severity severity;
    int64_t at_ms;

    if (json_is_null(event)) {
        return PK_OK;
    }
    if (message == NULL || !read_severity(json_object_get(event, "event_type"), &severity)) {
        return pk_error_set(err, PK_EMALF, "a row's event has no message or no known severity");
    }
    if (time == NULL || pk_time_parse(time, &at_ms) < 0) {
        return pk_error_set(err, PK_EMALF, "a row with an event has no time");
    }
    r->now_ms = at_ms > r->now_ms ? at_ms : r->now_ms;
    pk_rayhunter_tick(r, r->now_ms);
    return take_event(r, severity, message, r->now_ms);
}

static int read_events(
        struct pk_rayhunter *r, const json_t *events, const char *time, struct pk_error *err)
{
    int rc = PK_OK;

    if (!json_is_array(events) || json_array_size(events) > ROWS_MAX) {
        return pk_error_set(err, PK_EMALF, "a row's events are no list");
    }
    for (size_t i = 0; i < json_array_size(events) && rc == PK_OK; i++) {
        rc = read_event(r, json_array_get(events, i), time, err);
    }
    return rc;
}

/* Version 1: {"timestamp", "skipped_message_reasons", "analysis": [{"timestamp", "events"}]}. */
static int read_analysis(struct pk_rayhunter *r, const json_t *analysis, struct pk_error *err)
{
    int rc = PK_OK;

    if (!json_is_array(analysis) || json_array_size(analysis) > ROWS_MAX) {
        return pk_error_set(err, PK_EMALF, "a row's analysis is no list");
    }
    for (size_t i = 0; i < json_array_size(analysis) && rc == PK_OK; i++) {
        const json_t *one = json_array_get(analysis, i);

        rc = read_events(r, json_object_get(one, "events"),
                json_string_value(json_object_get(one, "timestamp")), err);
    }
    return rc;
}

/* rayhunter-check --json: {"path", "metadata", "reports": [{"events": [{"timestamp", "event"}]}]}. */
static int read_reports(struct pk_rayhunter *r, const json_t *reports, struct pk_error *err)
{
    int rc = PK_OK;

    for (size_t i = 0; i < json_array_size(reports) && rc == PK_OK; i++) {
        const json_t *events = json_object_get(json_array_get(reports, i), "events");

        for (size_t k = 0; k < json_array_size(events) && rc == PK_OK; k++) {
            const json_t *one = json_array_get(events, k);

            rc = read_event(r, json_object_get(one, "event"),
                    json_string_value(json_object_get(one, "timestamp")), err);
        }
    }
    return rc;
}

int pk_rayhunter_line(struct pk_rayhunter *r, struct pk_slice line, struct pk_error *err)
{
    json_t *row = NULL;
    int rc;

    if (line.len > PK_RAYHUNTER_LINE_MAX) {
        return pk_error_set(err, PK_ELIMIT, "a line of more than %lu bytes", PK_RAYHUNTER_LINE_MAX);
    }
    rc = pk_json_parse((const char *)line.ptr, line.len, &row, err);
    if (rc < 0) {
        return rc;
    }
    if (json_object_get(row, "events") != NULL) {
        rc = read_events(r, json_object_get(row, "events"),
                json_string_value(json_object_get(row, "packet_timestamp")), err);
    } else if (json_object_get(row, "analysis") != NULL) {
        rc = read_analysis(r, json_object_get(row, "analysis"), err);
    } else if (json_object_get(row, "reports") != NULL) {
        rc = read_reports(r, json_object_get(row, "reports"), err);
    } else if (json_object_get(row, "analyzers") == NULL) {
        rc = pk_error_set(err, PK_EUNKNOWN, "no line of a Rayhunter report");
    }
    json_decref(row);
    return rc;
}
