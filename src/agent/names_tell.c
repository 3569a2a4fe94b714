#include "agent/names_tell.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/loop.h"
#include "base/clock.h"
#include "base/file.h"

#define HOUR_MS     PK_HOUR_MS
#define TOGETHER_MS 2000 /* A, AAAA and HTTPS of one visit are one */
#define FILE_MAX    (64UL * 1024)

/* Without another question for so long it is over: a page that was left; an app that may call home once
 * a week (docs/threats.md says "no contact for 7 days"). */
#define PHISHING_OVER_MS PK_HOUR_MS
#define CONTROL_OVER_MS  (7 * PK_DAY_MS)

struct told {
    struct pk_obs_name body; /* its strings are below */
    bool open;               /* false: free */
    int64_t last_ms;         /* wall clock: it outlives the agent */
    int64_t hour_ms;         /* since when the lookups are counted */
    int64_t reported;        /* of which told */
    char name[254];          /* "" after a restart */
    char domain[254];
    char source[129];
    char family[129];
    char date[11];
    char reference[301];
    char reasons[PK_NAME_REASONS_MAX][PK_NAME_REASON];
    const char *reason_items[PK_NAME_REASONS_MAX];
};

struct pk_names_tell {
    struct pk_loop *loop;
    struct pk_names_tell_hooks hooks;
    struct pk_timer timer;
    int64_t news_ms; /* hour in which new ones are counted */
    unsigned news;
    char *path;
    struct told rows[PK_NAMES_TOLD_MAX];
};

static const char *or_null(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

/* The strings of the body stand in the row. */
static void point(struct told *row)
{
    row->body.source = or_null(row->source);
    row->body.family = or_null(row->family);
    row->body.date = or_null(row->date);
    row->body.reference = or_null(row->reference);
    row->body.domain = or_null(row->domain);
    row->body.seen = or_null(row->name);
    for (size_t i = 0; i < row->body.reasons.count; i++) {
        row->reason_items[i] = row->reasons[i];
    }
    row->body.reasons.items = row->reason_items;
}

static int64_t over_ms(const struct told *row)
{
    return row->body.what == PK_NAME_CONTROL || row->body.what == PK_NAME_MALWARE
            ? CONTROL_OVER_MS
            : PHISHING_OVER_MS;
}

static void emit(struct pk_names_tell *tell, struct told *row, int64_t count, bool news)
{
    struct pk_observation obs = { .at_ms = pk_clock_ms(), .kind = PK_OBS_NAME };

    point(row);
    row->body.count = count;
    obs.name = &row->body;
    tell->hooks.observation(tell->hooks.ctx, &obs, news);
}

/* --- what outlives the agent -------------------------------------------------------------- */

static void save(const struct pk_names_tell *tell)
{
    json_t *list = json_array();
    char *text;

    if (tell->path == NULL) {
        json_decref(list);
        return;
    }
    for (size_t i = 0; i < PK_NAMES_TOLD_MAX; i++) {
        const struct told *row = &tell->rows[i];

        if (row->open) {
            (void)json_array_append_new(list,
                    json_pack("{s:s, s:s, s:s, s:s, s:s, s:I}", "what",
                            pk_name_what_names[row->body.what], "by",
                            pk_name_by_names[row->body.by], "source", row->source, "family",
                            row->family, "domain", row->domain, "last_ms",
                            (json_int_t)row->last_ms));
        }
    }
    text = pk_json_text(list);
    if (text !=
            NULL) { /* what cannot be kept ends on the server with the next word of this device */
        (void)!pk_file_write(tell->path, pk_slice_str(text), 0600, NULL);
    }
    free(text);
    json_decref(list);
}

static void copy_member(const json_t *one, const char *key, char *out, size_t size)
{
    const char *text = json_string_value(json_object_get(one, key));

    (void)snprintf(out, size, "%s", text != NULL ? text : "");
}

static int index_of(const json_t *one, const char *key, const char *const *names)
{
    const char *text = json_string_value(json_object_get(one, key));

    for (int i = 0; text != NULL && names[i] != NULL; i++) {
        if (strcmp(text, names[i]) == 0) {
            return i;
        }
    }
    return 0;
}

static void load(struct pk_names_tell *tell)
{
    struct pk_buffer text = pk_buffer_of(FILE_MAX);
    json_t *list = NULL;

    if (tell->path != NULL && pk_file_read(tell->path, &text, NULL) == PK_OK && text.len > 0 &&
            pk_json_parse(text.ptr, text.len, &list, NULL) == PK_OK) {
        for (size_t i = 0; i < json_array_size(list) && i < PK_NAMES_TOLD_MAX; i++) {
            const json_t *one = json_array_get(list, i);
            struct told *row = &tell->rows[i];

            row->open = true;
            row->body.what = index_of(one, "what", pk_name_what_names);
            row->body.by = index_of(one, "by", pk_name_by_names);
            row->body.score = -1;
            row->last_ms = json_integer_value(json_object_get(one, "last_ms"));
            row->hour_ms = row->last_ms;
            copy_member(one, "source", row->source, sizeof(row->source));
            copy_member(one, "family", row->family, sizeof(row->family));
            copy_member(one, "domain", row->domain, sizeof(row->domain));
        }
    }
    json_decref(list);
    pk_buffer_finish(&text);
}

/* --- the end ------------------------------------------------------------------------------ */

/* Two names of one kind and campaign are one thing to all who do not know the names (pk_name_subject()). */
static bool same_subject(const struct told *a, const struct told *b)
{
    return a->body.what == b->body.what && a->body.by == b->body.by &&
            strcmp(a->family, b->family) == 0 && strcmp(a->domain, b->domain) == 0;
}

static bool has_sibling(const struct pk_names_tell *tell, const struct told *row)
{
    for (size_t i = 0; i < PK_NAMES_TOLD_MAX; i++) {
        const struct told *other = &tell->rows[i];

        if (other != row && other->open && same_subject(other, row)) {
            return true;
        }
    }
    return false;
}

static void end(struct pk_names_tell *tell, struct told *row)
{
    if (!has_sibling(tell, row)) {
        emit(tell, row, 0, false);
    }
    memset(row, 0, sizeof(*row));
}

static int64_t due_of(const struct told *row)
{
    int64_t end_ms = row->last_ms + over_ms(row);
    int64_t hour_ms = row->hour_ms + HOUR_MS;

    return row->body.count > row->reported && hour_ms < end_ms ? hour_ms : end_ms;
}

static void arm(struct pk_names_tell *tell)
{
    int64_t now_ms = pk_clock_ms();
    int64_t soonest = 0;

    for (size_t i = 0; i < PK_NAMES_TOLD_MAX; i++) {
        int64_t due_ms = tell->rows[i].open ? due_of(&tell->rows[i]) : 0;

        if (due_ms > 0 && (soonest == 0 || due_ms < soonest)) {
            soonest = due_ms;
        }
    }
    if (soonest > 0) { /* the wall clock may be set meanwhile: looked at once an hour */
        int64_t in_ms = soonest - now_ms;

        pk_loop_arm(tell->loop, &tell->timer,
                in_ms < 1000              ? 1000
                        : in_ms > HOUR_MS ? HOUR_MS
                                          : in_ms);
    }
}

static void on_timer(void *ctx)
{
    struct pk_names_tell *tell = ctx;
    int64_t now_ms = pk_clock_ms();
    bool changed = false;

    for (size_t i = 0; i < PK_NAMES_TOLD_MAX; i++) {
        struct told *row = &tell->rows[i];

        if (!row->open) {
            continue;
        }
        if (now_ms >= row->last_ms + over_ms(row)) {
            end(tell, row);
            changed = true;
        } else if (now_ms >= row->hour_ms + HOUR_MS && row->body.count > row->reported) {
            row->reported = row->body.count;
            emit(tell, row, row->body.count, false);
            changed = true;
        }
    }
    if (changed) {
        save(tell);
    }
    arm(tell);
}

/* --- noting ------------------------------------------------------------------------------- */

static struct told *find_row(struct pk_names_tell *tell, const char *name)
{
    for (size_t i = 0; i < PK_NAMES_TOLD_MAX; i++) {
        if (tell->rows[i].open && strcmp(tell->rows[i].name, name) == 0) {
            return &tell->rows[i];
        }
    }
    return NULL;
}

/* A free row; else that of the name that was quiet longest. */
static struct told *take_row(struct pk_names_tell *tell)
{
    struct told *oldest = &tell->rows[0];

    for (size_t i = 0; i < PK_NAMES_TOLD_MAX; i++) {
        if (!tell->rows[i].open) {
            return &tell->rows[i];
        }
        if (tell->rows[i].last_ms < oldest->last_ms) {
            oldest = &tell->rows[i];
        }
    }
    end(tell, oldest);
    return oldest;
}

static void describe(struct told *row, const char *name, const struct pk_name_decision *d,
        enum pk_name_did did, bool tells_name)
{
    row->open = true;
    row->body.what = (int)d->what;
    row->body.did = (int)did;
    row->body.by = (int)d->by;
    row->body.score = -1;
    (void)snprintf(row->name, sizeof(row->name), "%s", name);
    (void)snprintf(row->domain, sizeof(row->domain), "%s", tells_name ? name : "");
    if (d->by == PK_NAME_BY_LIST) {
        const char *reference = d->hit.reference != NULL ? d->hit.reference : "";

        (void)snprintf(row->source, sizeof(row->source), "%s", d->hit.source);
        (void)snprintf(
                row->family, sizeof(row->family), "%s", d->hit.family != NULL ? d->hit.family : "");
        (void)snprintf(row->date, sizeof(row->date), "%s", d->hit.date != NULL ? d->hit.date : "");
        /* A reference that spells the name out would tell it. */
        if (tells_name || strstr(reference, d->hit.indicator) == NULL) {
            (void)snprintf(row->reference, sizeof(row->reference), "%s", reference);
        }
    } else if (d->by == PK_NAME_BY_MODEL) {
        row->body.score = d->opinion.score;
        (void)snprintf(row->family, sizeof(row->family), "%s", d->opinion.brand);
        row->body.reasons.count = d->opinion.reason_count < PK_NAME_REASONS_MAX
                ? d->opinion.reason_count
                : PK_NAME_REASONS_MAX;
        memcpy(row->reasons, d->opinion.reasons, sizeof(row->reasons));
    }
}

static bool may_be_new(struct pk_names_tell *tell, int64_t now_ms)
{
    if (now_ms - tell->news_ms >= HOUR_MS || now_ms < tell->news_ms) {
        tell->news_ms = now_ms;
        tell->news = 0;
    }
    return tell->news++ < PK_NAMES_NEW_MAX;
}

void pk_names_tell_note(struct pk_names_tell *tell, const char *name,
        const struct pk_name_decision *decision, enum pk_name_did did, bool tells_name)
{
    int64_t now_ms = pk_clock_ms();
    struct told *row = find_row(tell, name);
    bool fresh = row == NULL || now_ms - row->hour_ms >= HOUR_MS || now_ms < row->hour_ms;

    if (row != NULL && !fresh && (int)did == row->body.did) {
        row->body.count += now_ms - row->last_ms > TOGETHER_MS;
        row->last_ms = now_ms;
        if (!tell->timer.armed || row->body.count == row->reported + 1) {
            arm(tell);
        }
        return;
    }
    if (row == NULL) {
        if (!may_be_new(tell, now_ms)) {
            return;
        }
        row = take_row(tell);
    }
    memset(row, 0, sizeof(*row));
    describe(row, name, decision, did, tells_name);
    row->last_ms = row->hour_ms = now_ms;
    row->reported = 1;
    emit(tell, row, 1, fresh);
    save(tell);
    arm(tell);
}

int pk_names_tell_create(struct pk_loop *loop, const char *path,
        const struct pk_names_tell_hooks *hooks, struct pk_names_tell **out, struct pk_error *err)
{
    struct pk_names_tell *tell = calloc(1, sizeof(*tell));

    if (tell == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    tell->path = path != NULL ? strdup(path) : NULL;
    if (path != NULL && tell->path == NULL) {
        free(tell);
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    tell->loop = loop;
    tell->hooks = *hooks;
    pk_timer_init(&tell->timer, on_timer, tell);
    load(tell);
    arm(tell);
    *out = tell;
    return PK_OK;
}

void pk_names_tell_destroy(struct pk_names_tell *tell)
{
    if (tell == NULL) {
        return;
    }
    save(tell);
    pk_loop_disarm(tell->loop, &tell->timer);
    free(tell->path);
    free(tell);
}
