/* Mobile networks, as far as somebody tells: a file that a modem's helper, a platform shell or a Rayhunter
 * adds lines to. A line is the body of a cell observation ({"radio":"4g","plmn":...}), a whole one
 * ({"kind":"cell","cell":{...}}), or a row of Rayhunter's analysis. Read as it grows, bounded; nothing is
 * polled. What this device met before is filled in, and texts lose whatever may be an identity. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/place_file.h"
#include "agent/sense_round.h"
#include "base/arena.h"
#include "base/clock.h"
#include "track/cell_memory.h"
#include "track/rayhunter.h"

#define CHUNK_MAX   (64UL * 1024) /* also the longest line; longer ones are passed over */
#define EVENT_BYTES (128UL * 1024)
#define MORE_MS     20                  /* between chunks of a file that grew much */
#define BACKLOG_MS  (10 * PK_MINUTE_MS) /* what was written before the agent ran counts so long */

static const char no_file[] = "nobody tells about the mobile network (cell_file)";

struct cell_part {
    struct pk_sense *sense;
    struct pk_file_watch *watch;
    struct pk_cell_memory *memory;
    struct pk_rayhunter *rayhunter;
    struct pk_track_sink sink;
    struct pk_timer more;
    struct pk_timer later; /* an hour on other cells, or without alarms, will be over */
    struct pk_sense_told told;
    ino_t inode;
    off_t at;      /* of the file: what lies before is read */
    bool begun;    /* the first look is over: what comes now is new */
    bool mute;     /* what is over since long was told of by nobody */
    bool skipping; /* within a line that is too long */
    bool has_last;
    struct pk_obs_cell last; /* where the device is, for `later`; its text is below */
    char plmn[8];
};

/* --- telling -------------------------------------------------------------------------------- */

static int64_t in_ms(int64_t at_ms)
{
    int64_t ms = at_ms - pk_clock_ms();

    return ms > 0 ? ms + 1 : 1;
}

static void arm_later(struct cell_part *part)
{
    int64_t due = pk_rayhunter_due(part->rayhunter);
    int64_t left = part->has_last ? pk_cell_memory_due(part->memory, &part->last) : INT64_MAX;

    due = left < due ? left : due;
    if (due == INT64_MAX) {
        pk_loop_disarm(part->sense->loop, &part->later);
    } else {
        pk_loop_arm(part->sense->loop, &part->later, in_ms(due));
    }
}

static void remember(struct cell_part *part, const struct pk_obs_cell *cell)
{
    (void)snprintf(part->plmn, sizeof(part->plmn), "%s", cell->plmn != NULL ? cell->plmn : "");
    part->last = (struct pk_obs_cell){ .radio = cell->radio,
        .source = cell->source,
        .plmn = part->plmn[0] != '\0' ? part->plmn : NULL,
        .area = cell->area,
        .cell = cell->cell,
        .pci = cell->pci,
        .arfcn = cell->arfcn,
        .neighbours = -1,
        .reject_cause = -1,
        .area_known = -1,
        .arfcn_before = -1,
        .update_minutes = -1,
        .reselect_db = -1 };
    part->has_last = true;
}

/* The senses' own way of telling names the network at hand, which is another one. */
static void tell(struct cell_part *part, struct pk_obs_cell *cell)
{
    char key[PK_CELL_KEY];
    char place[PK_PLACE_TEXT];
    char text[96];

    if (cell->place == NULL) {
        cell->place = pk_place_now(part->sense->set.place_file, part->sense->set.place, place);
    }
    (void)snprintf(text, sizeof(text), "%s %d %d %d %d %d %d %d", pk_cell_key(cell, key),
            cell->identity, cell->cipher, cell->ended, cell->redirect, (int)cell->reject_cause,
            (int)cell->authenticated, cell->alarm);
    if (cell->left.count > 0 || pk_sense_is_news(&part->told, text, !pk_cell_is_odd(cell), false)) {
        part->sense->sink(
                &(struct pk_observation){
                        .at_ms = pk_clock_ms(), .kind = PK_OBS_CELL, .cell = cell },
                part->sense->ctx);
    }
}

static void on_rayhunter(void *ctx, struct pk_observation *obs)
{
    struct cell_part *part = ctx;

    if (!part->mute && (part->begun || pk_clock_ms() - obs->at_ms < BACKLOG_MS)) {
        tell(part, obs->cell);
    }
}

static void on_later(void *ctx)
{
    struct cell_part *part = ctx;
    int64_t now = pk_clock_ms();

    pk_rayhunter_tick(part->rayhunter, now);
    if (part->has_last && now >= pk_cell_memory_due(part->memory, &part->last)) {
        struct pk_obs_cell cell = part->last;

        pk_cell_memory_take(part->memory, &cell, now);
        tell(part, &cell);
    }
    arm_later(part);
}

/* --- lines ---------------------------------------------------------------------------------- */

static void hide_all(struct pk_arena *arena, struct pk_strings *list)
{
    for (size_t i = 0; i < list->count; i++) {
        char *text = pk_arena_strdup(arena, list->items[i]);

        if (text != NULL) {
            pk_cell_hide(text);
        }
        list->items[i] = text != NULL && text[0] != '\0' ? text : "#";
    }
}

/* A body alone gets what makes it an observation. */
static json_t *whole(json_t *line, int64_t now_ms)
{
    char now[PK_TIME_TEXT];
    json_t *kind = json_object_get(line, "kind");
    json_t *all = kind != NULL ? json_copy(line)
                               : json_pack("{s:s, s:O}", "kind", "cell", "cell", line);

    (void)json_object_set_new(all, "seq", json_integer(1));
    (void)json_object_del(all, "device");
    if (json_object_get(all, "at") == NULL) {
        (void)json_object_set_new(all, "at", json_string(pk_time_format(now_ms, now)));
    }
    return all;
}

static void take_cell(struct cell_part *part, json_t *line)
{
    struct pk_arena *arena = pk_arena_create(EVENT_BYTES);
    int64_t now = pk_clock_ms();
    json_t *all = whole(line, now);
    struct pk_observation obs;

    if (arena != NULL && all != NULL && pk_observation_decode(all, arena, &obs, NULL) == PK_OK &&
            obs.cell != NULL && (part->begun || now - obs.at_ms < BACKLOG_MS)) {
        hide_all(arena, &obs.cell->alarms);
        hide_all(arena, &obs.cell->frames);
        pk_cell_memory_take(part->memory, obs.cell, now);
        remember(part, obs.cell);
        tell(part, obs.cell);
    }
    json_decref(all);
    pk_arena_destroy(arena);
}

/* A line that is nothing we know is passed over: helpers of later versions may say more. */
static void take_line(struct cell_part *part, const char *text, size_t len)
{
    json_t *line = NULL;

    if (len == 0 || pk_json_parse(text, len, &line, NULL) < 0) {
        return;
    }
    if (json_object_get(line, "radio") != NULL || json_object_get(line, "kind") != NULL) {
        take_cell(part, line);
    } else {
        (void)!pk_rayhunter_line(part->rayhunter, pk_slice_of(text, len), NULL);
    }
    json_decref(line);
}

/* Returns how many bytes are done with: whole lines, or all of one that is too long. */
static size_t take_chunk(struct cell_part *part, const char *text, size_t len)
{
    size_t done = 0;

    while (done < len) {
        const char *end = memchr(text + done, '\n', len - done);

        if (end == NULL) {
            break;
        }
        if (!part->skipping) {
            take_line(part, text + done, (size_t)(end - text) - done);
        }
        part->skipping = false;
        done = (size_t)(end - text) + 1;
    }
    if (done == 0 && len == CHUNK_MAX) {
        part->skipping = true;
        done = len;
    }
    return done;
}

/* --- the file ------------------------------------------------------------------------------- */

static int open_file(struct cell_part *part, struct stat *st)
{
    int fd = open(part->sense->set.cell_file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd >= 0 && (fstat(fd, st) < 0 || !S_ISREG(st->st_mode))) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

/* True: there is more. */
static bool read_more(struct cell_part *part, int fd, off_t size)
{
    char *text = malloc(CHUNK_MAX);
    ssize_t len = text != NULL ? pread(fd, text, CHUNK_MAX, part->at) : -1;
    size_t done = len > 0 ? take_chunk(part, text, (size_t)len) : 0;

    part->at += (off_t)done;
    free(text);
    return done > 0 && part->at < size;
}

static void look(void *ctx)
{
    struct cell_part *part = ctx;
    struct pk_sense *sense = part->sense;
    struct stat st;
    int fd = open_file(part, &st);
    bool more;

    pk_sense_set_sensor(
            sense, SENSOR_CELL, fd >= 0 ? SENSOR_ON : SENSOR_LIMITED, fd >= 0 ? NULL : no_file);
    if (fd < 0) {
        return;
    }
    if (st.st_ino != part->inode || st.st_size < part->at) { /* another file, or begun anew */
        part->inode = st.st_ino;
        part->at = !part->begun && st.st_size > (off_t)CHUNK_MAX ? st.st_size - (off_t)CHUNK_MAX
                                                                 : 0;
        part->skipping = part->at > 0;
    }
    more = read_more(part, fd, st.st_size);
    (void)close(fd);
    if (more) {
        pk_loop_arm(sense->loop, &part->more, MORE_MS);
    } else if (!part->begun) {
        part->begun = part->mute = true;
        pk_rayhunter_tick(part->rayhunter, pk_clock_ms());
        part->mute = false;
    }
    arm_later(part);
}

static void on_file(void *ctx, unsigned id)
{
    struct cell_part *part = ctx;

    (void)id;
    pk_loop_arm_sooner(part->sense->loop, &part->more, MORE_MS);
}

static void destroy(void *state)
{
    struct cell_part *part = state;

    pk_loop_disarm(part->sense->loop, &part->more);
    pk_loop_disarm(part->sense->loop, &part->later);
    pk_file_watch_destroy(part->watch);
    pk_rayhunter_destroy(part->rayhunter);
    pk_cell_memory_destroy(part->memory);
    free(part);
}

static int create(struct pk_sense *sense, void **state, struct pk_error *err)
{
    struct cell_part *part;
    int rc;

    sense->sensors[SENSOR_CELL].state = SENSOR_LIMITED;
    sense->sensors[SENSOR_CELL].why = no_file;
    if (sense->set.cell_file == NULL) {
        return PK_OK;
    }
    part = calloc(1, sizeof(*part));
    if (part == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    *state = part;
    part->sense = sense;
    part->sink = (struct pk_track_sink){ on_rayhunter, part };
    pk_timer_init(&part->more, look, part);
    pk_timer_init(&part->later, on_later, part);
    part->memory = pk_cell_memory_create();
    part->rayhunter = pk_rayhunter_create(&part->sink);
    if (part->memory == NULL || part->rayhunter == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    rc = pk_file_watch_create(sense->loop, on_file, part, &part->watch, err);
    if (rc == PK_OK && pk_file_watch_growing(part->watch, sense->set.cell_file, 0, NULL) == PK_OK) {
        pk_loop_arm(sense->loop, &part->more, MORE_MS);
    }
    return rc;
}

const struct pk_sense_part pk_sense_cell_part = { .create = create, .destroy = destroy };
