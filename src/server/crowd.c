#include "server/crowd.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/event.h"
#include "crowd/key.h"
#include "server/crowd_internal.h"

#define DEMO_AGE_DAYS 60
#define BATCH_ENTRIES 256 /* between two looks at everything else */
#define EFFECTS_MAX   256 /* then they are written at once */
#define LINES_MAX     (512UL * 1024)
#define LINES_WRITE   (64UL * 1024)
#define WRITE_AFTER_MS \
    1000 /* the order alone may wait so long: nobody has seen what followed from it */
#define TICK_S        60
#define PAUSE_MS      1000
#define WORDS_AT_ONCE 500
#define WORDS_MEMORY  (1UL * 1024 * 1024)
#define DEVICE_MEMORY (256UL * 1024)

bool pk_crowd_ending(struct pk_crowd_server *c)
{
    bool ends;

    pthread_mutex_lock(&c->wake_lock);
    ends = c->ends;
    pthread_mutex_unlock(&c->wake_lock);
    return ends;
}

static void wait_until(struct pk_crowd_server *c, int64_t ms, bool only_end)
{
    const struct timespec until = pk_clock_after(ms);

    pthread_mutex_lock(&c->wake_lock);
    while (!c->ends && (only_end || (!c->more && !c->told))) {
        if (pthread_cond_clockwait(&c->wake, &c->wake_lock, CLOCK_MONOTONIC, &until) != 0) {
            break;
        }
    }
    pthread_mutex_unlock(&c->wake_lock);
}

void pk_crowd_pause(struct pk_crowd_server *c)
{
    wait_until(c, PAUSE_MS, true);
}

/* ---- the lines of what is taken ------------------------------------------------------------------------ */

/* Entries one after another of one partition are one line. */
static void note(struct pk_crowd_server *c, const struct pk_crowd_line *line)
{
    bool grows = line->kind == PK_LINE_ENTRIES || line->kind == PK_LINE_SKIPPED;

    if (c->replays) {
        return;
    }
    if (c->lines.len == 0 && !c->has_open) {
        c->lines_ms = pk_clock_monotonic_ms();
    }
    if (grows && c->has_open && c->open.kind == line->kind &&
            c->open.partition == line->partition) {
        c->open.upto = line->upto;
        return;
    }
    if (c->has_open) {
        pk_crowd_line_write(&c->open, &c->lines);
        c->has_open = false;
    }
    if (grows) {
        c->open = *line;
        c->has_open = true;
    } else {
        pk_crowd_line_write(line, &c->lines);
    }
}

/* ---- taking -------------------------------------------------------------------------------------------- */

/* Visits of the network before this one. */
static float visits_before(const struct pk_crowd_server *c, const struct pk_sighting *sighting)
{
    struct pk_crowd_key key = { .kind = PK_CROWD_POINT, .a = sighting->network.network };
    struct pk_crowd_network network;

    return sighting->kind == PK_SIGHTING_NETWORK &&
                    pk_crowd_network(c->crowd, &key, sighting->at_s, &network)
            ? network.weight
            : 0;
}

/* The voice as it is after the sighting. */
static int foresee(struct pk_crowd_server *c, const struct pk_sighting *sighting,
        const struct pk_crowd_opinion *opinion, float visits)
{
    struct pk_hazard_voice voice = { .visits = visits };
    struct pk_crowd_voice heard;

    if (pk_crowd_voice(c->crowd, sighting->device, sighting->at_s, &heard)) {
        voice.weight = heard.weight;
        voice.record = heard.record;
    }
    if (sighting->kind == PK_SIGHTING_NETWORK) {
        pk_crowd_warned_joined(&c->warned, sighting->device, sighting->network.network);
    }
    c->attacked = c->attacked || opinion->before || opinion->after ||
            sighting->kind == PK_SIGHTING_INCIDENT;
    return pk_hazard_take(c->hazard, sighting, opinion, &voice);
}

/* Where the crowd has no memory left it has judged, and learns nothing. */
static void take(void *ctx, const struct pk_sighting *sighting)
{
    struct pk_crowd_server *c = ctx;
    struct pk_crowd_opinion opinion;
    float visits = visits_before(c, sighting); /* read by its only writer: no lock */
    int foreseen;
    int rc;

    (void)pthread_rwlock_wrlock(&c->lock);
    rc = pk_crowd_take(c->crowd, sighting, &opinion);
    foreseen = foresee(c, sighting, &opinion, visits);
    (void)pthread_rwlock_unlock(&c->lock);
    atomic_fetch_add(&c->sightings, 1);
    if (rc < 0 || foreseen < 0) {
        pk_event(PK_WARN, "crowd.full", { "why", pk_code_text(rc < 0 ? rc : foreseen) });
    }
    pk_crowd_conclude(c, sighting, &opinion);
}

static void forget(struct pk_crowd_server *c, const char *id)
{
    uint64_t number = pk_crowd_server_device(id);

    pk_crowd_forget(c->crowd, number);
    pk_visits_forget(c->visits, id);
    pk_hazard_forget(c->hazard, number);
    pk_crowd_warned_forget(&c->warned, number);
    pk_foresee_forget(c, id);
    pk_crowd_devices_drop(&c->devices, number);
}

static void heeded(void *ctx, const struct pk_crowd_warning *warning)
{
    struct pk_crowd_server *c = ctx;

    (void)pk_hazard_heeded(c->hazard, warning->device, warning->at_s);
}

static int warn(struct pk_crowd_server *c, const struct pk_crowd_line *line)
{
    return pk_crowd_warned_add(&c->warned,
            &(struct pk_crowd_warning){ .device = pk_crowd_server_device(line->device.id),
                    .network = line->key.a,
                    .at_s = line->at_s });
}

static int take_locked(struct pk_crowd_server *c, const struct pk_crowd_line *line)
{
    switch (line->kind) {
    case PK_LINE_DEVICE:
        return pk_crowd_devices_put(&c->devices, &line->device);
    case PK_LINE_TICK:
        pk_crowd_tick(c->crowd, line->at_s);
        pk_hazard_tick(c->hazard, line->at_s);
        pk_crowd_warned_tick(&c->warned, line->at_s, heeded, c);
        return PK_OK;
    case PK_LINE_HEARD:
        return pk_crowd_hear(
                c->crowd, &line->key, line->tenant, line->log_odds, line->trust, line->at_s);
    case PK_LINE_FORGET:
        forget(c, line->device.id);
        return PK_OK;
    case PK_LINE_WARNED:
        return warn(c, line);
    case PK_LINE_APP:
    case PK_LINE_ENTRIES:
    case PK_LINE_SKIPPED:
        break; /* these are counted when their entries are taken */
    }
    return PK_OK;
}

/* The crowd hears who somebody is with his first report of networks; his apps can be told before. */
static void take_app(struct pk_crowd_server *c, const struct pk_sighting *app)
{
    const struct pk_crowd_device *d = pk_crowd_devices_find(&c->devices, app->device);
    struct pk_crowd_voice voice; /* read by its only writer: no lock */

    if (d != NULL && !pk_crowd_voice(c->crowd, app->device, app->at_s, &voice)) {
        struct pk_sighting who = {
            .at_s = app->at_s,
            .device = app->device,
            .tenant = d->tenant,
            .kind = PK_SIGHTING_DEVICE,
            .enrolment = d->enrolment,
        };

        take(c, &who);
    }
    c->attacked = false;
    take(c, app);
    pk_foresee_news(c, app->device, c->attacked);
}

void pk_crowd_take_line(struct pk_crowd_server *c, const struct pk_crowd_line *line)
{
    int rc = PK_OK;

    if (line->kind == PK_LINE_APP) {
        take_app(c, &line->app);
    } else {
        (void)pthread_rwlock_wrlock(&c->lock);
        rc = take_locked(c, line);
        (void)pthread_rwlock_unlock(&c->lock);
    }
    if (rc < 0) {
        pk_event(PK_WARN, "crowd.full", { "why", pk_code_text(rc) });
    }
    note(c, line);
}

/* A device that was not met is introduced. PK_ENOENT: it is gone or revoked. */
static int introduce(struct pk_crowd_server *c, const char *id, struct pk_error *err)
{
    struct pk_store *store = pk_server_store(c->server, err);
    struct pk_arena *arena = pk_arena_create(DEVICE_MEMORY);
    struct pk_crowd_line line = { .kind = PK_LINE_DEVICE };
    struct pk_device row = { 0 };
    int rc = store == NULL  ? err->code
            : arena == NULL ? pk_error_set(err, PK_ENOMEM, "out of memory")
                            : pk_device_get(store, id, arena, &row, err);

    if (rc == PK_OK && (row.revoked_ms != 0 || strlen(id) >= sizeof(line.device.id))) {
        rc = PK_ENOENT;
    }
    if (rc == PK_OK) {
        memcpy(line.device.id, id, strlen(id) + 1);
        line.device.enrolment = (struct pk_sight_device){
            /* A demonstration plays a week in minutes: its phones count as long known. */
            .enrolled_s = (row.enrolled_ms -
                                  (c->server->settings.demo ? DEMO_AGE_DAYS * PK_DAY_MS : 0)) /
                    PK_SECOND_MS,
            .attestation = (uint8_t)c->settings->enrolled,
            .ios = row.platform == PK_PLATFORM_IOS,
        };
        pk_crowd_take_line(c, &line);
    }
    pk_arena_destroy(arena);
    return rc;
}

/* What was known before of the report was taken before, too. */
static void take_report(struct pk_crowd_server *c, const struct pk_entry *entry)
{
    const struct pk_crowd_device *d = pk_crowd_devices_find(
            &c->devices, pk_crowd_server_device(entry->device));
    const struct pk_observation *o = entry->report.observations.items;
    size_t count = entry->report.observations.count;
    struct pk_visit_device device = { .id = entry->device };
    int rc;

    if (d == NULL) {
        return; /* memory was short when it was introduced */
    }
    device.tenant = d->tenant;
    device.enrolment = d->enrolment;
    while (count > 0 && o->seq <= entry->after_seq) {
        o++;
        count--;
    }
    c->entry = entry;
    c->attacked = false;
    rc = count == 0 ? PK_OK
                    : pk_visits_take(c->visits, &device, o, count, entry->received_ms, take, c);
    c->entry = NULL;
    if (count > 0) {
        pk_foresee_news(c, d->number, c->attacked);
    }
    if (rc < 0) {
        pk_event(PK_WARN, "crowd.full", { "why", pk_code_text(rc) });
    }
}

/* Only what the store cannot do is an error; then nothing of the entry was taken. */
int pk_crowd_take_entry(
        struct pk_crowd_server *c, struct pk_entry *entry, bool skip, struct pk_error *err)
{
    struct pk_crowd_line line = { .partition = entry->partition, .upto = entry->offset };
    int rc = PK_OK;

    if ((!c->replays || c->anew) &&
            pk_crowd_devices_find(&c->devices, pk_crowd_server_device(entry->device)) == NULL) {
        rc = introduce(c, entry->device, err);
        skip = rc == PK_ENOENT;
        rc = skip ? PK_OK : rc;
    }
    if (rc == PK_OK && !skip) {
        take_report(c, entry);
    }
    if (rc == PK_OK) {
        line.kind = skip ? PK_LINE_SKIPPED : PK_LINE_ENTRIES;
        note(c, &line);
        c->taken[entry->partition] = entry->offset;
        atomic_fetch_add(&c->entries, 1);
    }
    pk_entry_destroy(entry);
    return rc;
}

/* ---- the thread ---------------------------------------------------------------------------------------- */

/* How many were taken, at most a batch; < 0: later. */
static int take_some(struct pk_crowd_server *c)
{
    struct pk_error err = { 0 };
    int count = 0;
    int rc = PK_OK;

    while (count < BATCH_ENTRIES && c->effects.count < EFFECTS_MAX && c->lines.len < LINES_WRITE) {
        struct pk_entry *entry = NULL;

        rc = pk_crowd_feed_next(&c->feed, &entry, &err);
        if (rc < 0 || entry == NULL) {
            break;
        }
        rc = pk_crowd_take_entry(c, entry, false, &err);
        if (rc < 0) {
            pk_crowd_feed_seek(&c->feed, c->taken);
            break;
        }
        count++;
    }
    if (rc < 0) {
        pk_event(PK_ERROR, "crowd.journal", { "why", err.text });
        pk_crowd_pause(c);
        return rc;
    }
    return count;
}

/* Words about apps are of devices, who are introduced before. */
static int take_word(struct pk_crowd_server *c, struct pk_crowd_line *line, struct pk_error *err)
{
    const struct pk_crowd_device *device;
    int rc = PK_OK;

    if (line->kind == PK_LINE_APP && pk_crowd_devices_find(&c->devices, line->app.device) == NULL) {
        rc = introduce(c, line->device.id, err);
    }
    if (rc == PK_OK && line->kind == PK_LINE_APP) {
        device = pk_crowd_devices_find(&c->devices, line->app.device);
        line->app.tenant = device != NULL ? device->tenant : 0;
    }
    if (rc == PK_OK) {
        pk_crowd_take_line(c, line);
    }
    return rc == PK_ENOENT ? PK_OK : rc; /* the device is gone: nobody says it */
}

static int take_words(struct pk_crowd_server *c, struct pk_error *err)
{
    struct pk_store *store = pk_server_store(c->server, err);
    struct pk_arena *arena = pk_arena_create(WORDS_MEMORY);
    struct pk_array list = { 0 };
    int rc = store == NULL ? err->code
            : arena == NULL
            ? pk_error_set(err, PK_ENOMEM, "out of memory")
            : pk_crowd_words_after(store, c->word, WORDS_AT_ONCE, arena, &list, err);
    const struct pk_crowd_word *words = list.items;

    for (size_t i = 0; rc == PK_OK && i < list.count; i++) {
        const char *text = words[i].text;
        struct pk_crowd_line line;
        struct pk_error why = { 0 };

        if (pk_crowd_line_read(&text, &line, &why) < 0) {
            pk_event(PK_ERROR, "crowd.word", { "why", why.text });
        } else {
            rc = take_word(c, &line, err);
        }
        if (rc == PK_OK) {
            c->word = words[i].id;
            c->words_taken = true;
        }
    }
    if (rc == PK_OK && list.count == WORDS_AT_ONCE) {
        pk_crowd_server_tell(c);
    }
    pk_arena_destroy(arena);
    return rc;
}

static void tick(struct pk_crowd_server *c)
{
    struct pk_crowd_line line = { .kind = PK_LINE_TICK,
        .at_s = pk_server_now(c->server) / PK_SECOND_MS };

    if (line.at_s - c->ticked_s >= TICK_S || line.at_s < c->ticked_s) {
        c->ticked_s = line.at_s;
        pk_crowd_take_line(c, &line);
    }
}

/* What was woken for; what comes from here on wakes again. */
static bool look_up(struct pk_crowd_server *c)
{
    bool told;

    pthread_mutex_lock(&c->wake_lock);
    memcpy(c->feed.limit, c->worked, sizeof(c->feed.limit));
    told = c->told;
    c->more = false;
    c->told = false;
    pthread_mutex_unlock(&c->wake_lock);
    return told;
}

static void checkpoint(struct pk_crowd_server *c, bool last)
{
    struct pk_error err = { 0 };
    int64_t now = pk_clock_monotonic_ms();

    if (!last && now - c->saved_mono_ms < c->settings->checkpoint_s * PK_SECOND_MS) {
        return;
    }
    c->saved_mono_ms = now;
    if (pk_crowd_flush(c) < 0 || c->seq == c->saved_seq) {
        return; /* it holds more than the log, or nothing new */
    }
    if (pk_crowd_save_state(c, &err) < 0) {
        atomic_fetch_add(&c->save_failures, 1);
        pk_event(PK_ERROR, "crowd.checkpoint_failed", { "why", err.text });
    }
}

static bool has_lines(const struct pk_crowd_server *c)
{
    return c->lines.len > 0 || c->has_open;
}

static bool is_due(const struct pk_crowd_server *c)
{
    return c->effects.count > 0 || c->words_taken || c->lines.len >= LINES_WRITE ||
            (has_lines(c) && pk_clock_monotonic_ms() - c->lines_ms >= WRITE_AFTER_MS);
}

void pk_crowd_show_taken(struct pk_crowd_server *c)
{
    for (int p = 0; p < PK_PARTITIONS; p++) {
        atomic_store(&c->shown_taken[p], c->taken[p]);
    }
}

static void step(struct pk_crowd_server *c)
{
    struct pk_error err = { 0 };
    int taken;

    if (look_up(c) && take_words(c, &err) < 0) {
        pk_event(PK_ERROR, "crowd.words", { "why", err.text });
        pk_crowd_server_tell(c);
        pk_crowd_pause(c);
    }
    taken = take_some(c);
    tick(c);
    if (is_due(c) && pk_crowd_flush(c) < 0) {
        return; /* the server ends */
    }
    pk_crowd_show_taken(c);
    pk_foresee_step(c);
    pk_habits_step(c);
    checkpoint(c, false);
    if (taken == 0) {
        int64_t most_ms = has_lines(c) ? WRITE_AFTER_MS : TICK_S * PK_SECOND_MS;

        wait_until(c, pk_foresee_rest_ms(c, most_ms), false);
    }
}

/* Half of the log was taken: from the checkpoint on once more. What the database could not do may pass; a log
 * that does not fit the journal will not. */
static void start_over(struct pk_crowd_server *c, int rc, const struct pk_error *why)
{
    bool broken = rc == PK_ENOENT || rc == PK_EMALF;
    struct pk_error err = { 0 };

    pk_event(PK_ERROR, broken ? "crowd.log_broken" : "crowd.replay", { "why", why->text });
    c->lost = c->lost || broken;
    if (!broken) {
        pk_crowd_pause(c);
    }
    (void)pthread_rwlock_wrlock(&c->lock);
    rc = pk_crowd_load_state(c, &err);
    (void)pthread_rwlock_unlock(&c->lock);
    if (rc < 0) {
        pk_event(PK_ERROR, "crowd.load", { "why", err.text });
        pk_crowd_pause(c);
    }
}

static void *run(void *arg)
{
    struct pk_crowd_server *c = arg;
    struct pk_error err = { 0 };

    int rc;

    while ((rc = pk_crowd_replay(c, &err)) < 0) {
        if (pk_crowd_ending(c)) {
            return NULL; /* the checkpoint and the log are as they were */
        }
        start_over(c, rc, &err);
    }
    atomic_store(&c->live, true);
    pk_crowd_server_tell(c); /* words that came while nobody listened */
    while (!pk_crowd_ending(c)) {
        step(c);
    }
    checkpoint(c, true);
    return NULL;
}

/* ---- from outside -------------------------------------------------------------------------------------- */

static void finish(struct pk_crowd_server *c)
{
    pk_crowd_feed_finish(&c->feed);
    pk_crowd_effects_finish(&c->effects);
    pk_buffer_finish(&c->lines);
    pk_crowd_destroy(c->crowd);
    pk_hazard_destroy(c->hazard);
    pk_crowd_warned_finish(&c->warned);
    pk_foresee_finish(&c->foresee);
    pk_visits_destroy(c->visits);
    pk_crowd_devices_finish(&c->devices);
    (void)pthread_rwlock_destroy(&c->lock);
    pthread_mutex_destroy(&c->wake_lock);
    pthread_cond_destroy(&c->wake);
    free(c);
}

static void init_locks(struct pk_crowd_server *c)
{
    pthread_rwlockattr_t attr;

    /* Readers are many: the writer must not wait for a moment without any. */
    (void)pthread_rwlockattr_init(&attr);
    (void)pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    (void)pthread_rwlock_init(&c->lock, &attr);
    (void)pthread_rwlockattr_destroy(&attr);
    pthread_mutex_init(&c->wake_lock, NULL);
    pthread_cond_init(&c->wake, NULL);
}

static int open_all(struct pk_crowd_server *c, struct pk_error *err)
{
    struct pk_store *store = pk_server_store(c->server, err);
    int rc = store != NULL
            ? pk_journal_reader_open(c->server->settings.journal, &c->feed.reader, err)
            : err->code;

    for (int p = 0; rc == PK_OK && p < PK_PARTITIONS; p++) {
        rc = pk_progress_get(store, p, &c->worked[p], err);
    }
    if (rc == PK_OK && pk_buffer_reserve(&c->lines, LINES_MAX / 2) == NULL) {
        rc = pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    if (rc == PK_OK) {
        rc = pk_crowd_load_state(c, err);
    }
    if (rc == PK_OK) {
        c->saved_mono_ms = pk_clock_monotonic_ms();
        rc = -pthread_create(&c->thread, NULL, run, c);
        if (rc < 0) {
            (void)pk_error_set(err, rc, "cannot start a thread: %s", pk_code_text(rc));
        }
    }
    return rc;
}

int pk_crowd_server_start(
        struct pk_server *server, struct pk_crowd_server **out, struct pk_error *err)
{
    struct pk_crowd_server *c;
    int rc;

    *out = NULL;
    if (!server->settings.crowd->enabled) {
        return PK_OK;
    }
    c = calloc(1, sizeof(*c));
    if (c == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    c->server = server;
    c->settings = server->settings.crowd;
    c->lines = pk_buffer_of(LINES_MAX);
    init_locks(c);
    rc = open_all(c, err);
    if (rc < 0) {
        finish(c);
        return rc;
    }
    c->runs = true;
    *out = c;
    return PK_OK;
}

void pk_crowd_server_stop(struct pk_crowd_server *crowd)
{
    if (crowd == NULL) {
        return;
    }
    pthread_mutex_lock(&crowd->wake_lock);
    crowd->ends = true;
    pthread_cond_signal(&crowd->wake);
    pthread_mutex_unlock(&crowd->wake_lock);
    if (crowd->runs) {
        pthread_join(crowd->thread, NULL);
    }
    finish(crowd);
}

void pk_crowd_server_worked(struct pk_crowd_server *crowd, int partition, int64_t offset)
{
    if (crowd == NULL) {
        return;
    }
    pthread_mutex_lock(&crowd->wake_lock);
    crowd->worked[partition] = offset;
    crowd->more = true;
    pthread_cond_signal(&crowd->wake);
    pthread_mutex_unlock(&crowd->wake_lock);
}

void pk_crowd_server_tell(struct pk_crowd_server *crowd)
{
    if (crowd == NULL) {
        return;
    }
    pthread_mutex_lock(&crowd->wake_lock);
    crowd->told = true;
    pthread_cond_signal(&crowd->wake);
    pthread_mutex_unlock(&crowd->wake_lock);
}
