#include "agent/judge.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/sense.h"
#include "base/clock.h"

#define ARENA_MAX  (256UL * 1024)
#define ALERT_FROM 0.8 /* confidence: below it the person is not troubled */
#define GREW       0.1 /* so much surer is news */
#define NAMES_MAX  8

struct name_row {
    char id[PK_OPEN_SUBJECT];
    char name[128];
};

struct pk_agent_judge {
    struct pk_judge_hooks hooks;
    struct pk_open rows[PK_OPEN_MAX];
    size_t count;
    struct name_row names[NAMES_MAX]; /* newest last */
    size_t name_count;
};

struct pk_agent_judge *pk_agent_judge_create(const struct pk_judge_hooks *hooks)
{
    struct pk_agent_judge *judge = calloc(1, sizeof(*judge));

    if (judge != NULL) {
        judge->hooks = *hooks;
    }
    return judge;
}

void pk_agent_judge_destroy(struct pk_agent_judge *judge)
{
    free(judge);
}

const char *pk_agent_judge_name(const struct pk_agent_judge *judge, const char *subject)
{
    for (size_t i = 0; i < judge->name_count; i++) {
        if (strcmp(judge->names[i].id, subject) == 0) {
            return judge->names[i].name;
        }
    }
    return strcmp(subject, PK_SUBJECT_DEVICE) == 0 ? "this device"
            : strncmp(subject, "net-", 4) == 0     ? "this network"
                                                   : subject;
}

/* What the subject of the observation's findings is called by the person. */
static void learn_name(
        struct pk_agent_judge *judge, const struct pk_observation *o, struct pk_arena *arena)
{
    bool harmful = o->kind == PK_OBS_NAME;
    const char *name = harmful ? o->name->seen : o->kind == PK_OBS_NETWORK ? o->net->name : NULL;
    const char *id = harmful ? pk_name_subject(o->name, arena) : o->network;
    size_t i = 0;

    if (name == NULL || id == NULL) {
        return;
    }
    while (i < judge->name_count && strcmp(judge->names[i].id, id) != 0) {
        i++;
    }
    if (i == judge->name_count && i == NAMES_MAX) {
        memmove(judge->names, judge->names + 1, (NAMES_MAX - 1) * sizeof(judge->names[0]));
        i = --judge->name_count;
    }
    if (i == judge->name_count) {
        judge->name_count++;
    }
    (void)snprintf(judge->names[i].id, sizeof(judge->names[i].id), "%s", id);
    (void)snprintf(judge->names[i].name, sizeof(judge->names[i].name), "%s", name);
}

static struct pk_open *find(
        struct pk_agent_judge *judge, const struct pk_threat *threat, const char *subject)
{
    for (size_t i = 0; i < judge->count; i++) {
        if (judge->rows[i].threat == threat && strcmp(judge->rows[i].subject, subject) == 0) {
            return &judge->rows[i];
        }
    }
    return NULL;
}

static void forget(struct pk_agent_judge *judge, struct pk_open *row)
{
    size_t index = (size_t)(row - judge->rows);

    memmove(row, row + 1, (judge->count - index - 1) * sizeof(*row));
    judge->count--;
}

/* A new row; the oldest gives way when the table is full. */
static struct pk_open *add(struct pk_agent_judge *judge, const struct pk_threat *threat,
        const char *subject, int64_t at_ms)
{
    struct pk_open *row;

    if (judge->count == PK_OPEN_MAX) {
        forget(judge, &judge->rows[0]);
    }
    row = &judge->rows[judge->count++];
    *row = (struct pk_open){ .threat = threat, .since_ms = at_ms };
    (void)snprintf(row->subject, sizeof(row->subject), "%s", subject);
    (void)snprintf(row->name, sizeof(row->name), "%s", pk_agent_judge_name(judge, subject));
    return row;
}

static size_t find_part(const struct pk_open *row, const char *part)
{
    size_t i = 0;

    while (i < row->part_count && strcmp(row->parts[i], part) != 0) {
        i++;
    }
    return i;
}

static bool add_part(struct pk_open *row, const char *part)
{
    if (part == NULL || row->part_count == PK_OPEN_PARTS ||
            find_part(row, part) < row->part_count) {
        return false;
    }
    (void)snprintf(row->parts[row->part_count++], sizeof(row->parts[0]), "%s", part);
    return true;
}

static void remove_part(struct pk_open *row, const char *part)
{
    size_t i = find_part(row, part);

    if (i < row->part_count) {
        row->part_count--;
        memmove(row->parts[i], row->parts[i + 1], (row->part_count - i) * sizeof(row->parts[0]));
    }
}

static bool take_cleared(struct pk_agent_judge *judge, const struct pk_finding *f)
{
    struct pk_open *row = find(judge, f->threat, f->subject);
    struct pk_open was;

    if (row == NULL) {
        return false;
    }
    if (f->part != NULL && row->part_count > 0) {
        bool had = find_part(row, f->part) < row->part_count;

        remove_part(row, f->part);
        if (row->part_count > 0) {
            return had; /* the server counts parts, too */
        }
    }
    was = *row;
    forget(judge, row);
    if (was.open && judge->hooks.cleared != NULL) {
        judge->hooks.cleared(judge->hooks.ctx, &was, f->at_ms);
    }
    return was.open;
}

static bool take_present(struct pk_agent_judge *judge, const struct pk_finding *f)
{
    const char *seen = json_string_value(json_object_get(f->evidence, "seen"));
    struct pk_open *row = find(judge, f->threat, f->subject);
    bool news;

    if (row == NULL) {
        row = add(judge, f->threat, f->subject, f->at_ms);
    }
    news = !row->open || f->confidence >= row->confidence + GREW;
    news |= add_part(row, f->part);
    if (!row->open) {
        row->since_ms = f->at_ms;
    }
    row->open = true;
    row->simulated = f->simulated;
    if (f->confidence > row->confidence) {
        row->confidence = f->confidence;
    }
    (void)snprintf(row->seen, sizeof(row->seen), "%s", seen != NULL ? seen : "");
    if (news && judge->hooks.finding != NULL) {
        judge->hooks.finding(judge->hooks.ctx, f, row);
    }
    if (!row->told && row->confidence >= ALERT_FROM && f->threat->severity > PK_SEVERITY_INFO) {
        if (judge->hooks.alert != NULL) {
            judge->hooks.alert(judge->hooks.ctx, row, f->at_ms);
        }
        row->told = true;
    }
    return news;
}

void pk_agent_judge_findings(
        struct pk_agent_judge *judge, const struct pk_findings *findings, bool *news)
{
    *news = false;
    for (size_t i = 0; i < findings->count; i++) {
        const struct pk_finding *f = &findings->items[i];

        *news |= f->cleared ? take_cleared(judge, f) : take_present(judge, f);
    }
}

int pk_agent_judge_take(struct pk_agent_judge *judge, const struct pk_observation *observation,
        bool *news, struct pk_error *err)
{
    struct pk_arena *arena = pk_arena_create(ARENA_MAX);
    struct pk_findings found = { .count = 0 };
    int rc;

    if (arena == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    learn_name(judge, observation, arena);
    rc = pk_defense_judge(observation, arena, &found);
    *news = false;
    if (rc == PK_OK) {
        pk_agent_judge_findings(judge, &found, news);
    }
    pk_arena_destroy(arena);
    return rc < 0 ? pk_error_set(err, rc, "judging failed: %s", pk_code_text(rc)) : PK_OK;
}

bool pk_agent_judge_tell(struct pk_agent_judge *judge, const struct pk_threat *threat,
        const char *subject, int64_t at_ms)
{
    struct pk_open *row = find(judge, threat, subject);
    bool told = row != NULL && row->told;

    if (row == NULL) {
        row = add(judge, threat, subject, at_ms);
    }
    row->told = true;
    return told;
}

void pk_agent_judge_untell(
        struct pk_agent_judge *judge, const struct pk_threat *threat, const char *subject)
{
    struct pk_open *row = find(judge, threat, subject);

    if (row != NULL && !row->open) {
        forget(judge, row);
    }
}

size_t pk_agent_judge_count(const struct pk_agent_judge *judge)
{
    return judge->count;
}

const struct pk_open *pk_agent_judge_at(const struct pk_agent_judge *judge, size_t index)
{
    return &judge->rows[index];
}

unsigned pk_agent_judge_probes(const struct pk_agent_judge *judge)
{
    static const struct {
        const char *prefix;
        unsigned probe;
    } rows[] = {
        { "network.arp_", PK_PROBE_GATEWAY },
        { "network.icmp_", PK_PROBE_GATEWAY },
        { "network.ndp_", PK_PROBE_ROUTERS },
        { "network.ra_", PK_PROBE_ROUTERS },
        { "network.dhcp_", PK_PROBE_LEASE },
        { "network.dns_", PK_PROBE_DNS },
        { "network.tls_", PK_PROBE_TLS },
        { "network.ssl_", PK_PROBE_HTTP },
        { "network.content_", PK_PROBE_HTTP },
        { "network.wpad_", PK_PROBE_PROXY | PK_PROBE_LEASE },
        { "network.evil_", PK_PROBE_WIFI | PK_PROBE_DNS },
        { "network.rogue_ap", PK_PROBE_WIFI },
        { "network.deauth_", PK_PROBE_WIFI },
    };
    unsigned probes = 0;

    for (size_t i = 0; i < judge->count; i++) {
        bool real = judge->rows[i].open && !judge->rows[i].simulated;

        for (size_t k = 0; k < PK_COUNT(rows) && real; k++) {
            if (strncmp(judge->rows[i].threat->id, rows[k].prefix, strlen(rows[k].prefix)) == 0) {
                probes |= rows[k].probe;
            }
        }
    }
    return probes;
}

bool pk_agent_judge_attacked(const struct pk_agent_judge *judge)
{
    for (size_t i = 0; i < judge->count; i++) {
        const struct pk_open *row = &judge->rows[i];

        if (row->open && row->threat->vector == PK_VECTOR_NETWORK &&
                row->threat->severity >= PK_SEVERITY_HIGH &&
                strncmp(row->subject, "net-", 4) == 0) {
            return true;
        }
    }
    return false;
}

bool pk_agent_judge_keeps(const struct pk_threat *threat)
{
    return threat->vector != PK_VECTOR_NETWORK ||
            strcmp(threat->id, "network.phishing_site") == 0 ||
            strcmp(threat->id, "network.c2_traffic") == 0;
}

json_t *pk_agent_judge_save(const struct pk_agent_judge *judge)
{
    json_t *out = json_array();

    for (size_t i = 0; i < judge->count; i++) {
        const struct pk_open *row = &judge->rows[i];
        char since[PK_TIME_TEXT];

        if (!pk_agent_judge_keeps(row->threat) || row->simulated) {
            continue;
        }
        (void)json_array_append_new(out,
                json_pack("{s:s, s:s, s:b, s:b, s:f, s:s, s:s}", "threat", row->threat->id,
                        "subject", row->subject, "open", row->open, "told", row->told, "confidence",
                        row->confidence, "since", pk_time_format(row->since_ms, since), "seen",
                        row->seen));
    }
    return out;
}

void pk_agent_judge_load(struct pk_agent_judge *judge, const json_t *saved)
{
    for (size_t i = 0; i < json_array_size(saved); i++) {
        const json_t *one = json_array_get(saved, i);
        const char *id = json_string_value(json_object_get(one, "threat"));
        const char *subject = json_string_value(json_object_get(one, "subject"));
        const char *since = json_string_value(json_object_get(one, "since"));
        const char *seen = json_string_value(json_object_get(one, "seen"));
        const struct pk_threat *threat = id != NULL ? pk_threat_find(id) : NULL;
        struct pk_open *row;
        int64_t since_ms = 0;

        if (threat == NULL || subject == NULL || find(judge, threat, subject) != NULL) {
            continue; /* of another version of the catalogue */
        }
        if (since != NULL && pk_time_parse(since, &since_ms) < 0) {
            since_ms = 0;
        }
        row = add(judge, threat, subject, since_ms);
        row->open = json_is_true(json_object_get(one, "open"));
        row->told = json_is_true(json_object_get(one, "told"));
        row->confidence = json_number_value(json_object_get(one, "confidence"));
        (void)snprintf(row->seen, sizeof(row->seen), "%s", seen != NULL ? seen : "");
    }
}
