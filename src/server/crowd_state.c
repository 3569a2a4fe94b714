#include <limits.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/event.h"
#include "base/file.h"
#include "base/reader.h"
#include "defense/defense.h"
#include "server/crowd_internal.h"

#define FILE_NAME   "crowd.state"
#define TAG_VERSION 2
#define TAG_BARE    1 /* without foresight: it begins anew, the crowd goes on */
#define TAG_MAX     4096UL
#define PEOPLE_MAX  (8192UL * 1024 * 1024) /* about 450 bytes a device */
#define ROW_MEMORY  (2UL * 1024 * 1024)
#define PAGE        500
#define PAGE_MEMORY (1UL * 1024 * 1024)
#define REPLAY_STEP 4096 /* entries between two looks whether the server ends */

static void name_of(const struct pk_crowd_server *c, char out[PATH_MAX])
{
    (void)snprintf(out, PATH_MAX, "%s/%s", c->server->settings.state_dir, FILE_NAME);
}

/* ---- the file --------------------------------------------------------------------------------------------
 * Eight bytes that say how long the first part is; that part: the devices, their visits, what will happen to them
 * (risk/hazard.h) and who was warned, each behind its length, filled up to eight;
 * behind it what pk_crowd_save() writes, with a tag that says how far all this has come, and what the first
 * part's digest is. The crowd's own checksum covers the tag. */

static void put64(struct pk_buffer *out, uint64_t n)
{
    uint8_t bytes[8];

    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(n >> (8 * i));
    }
    (void)pk_buffer_put(out, bytes, sizeof(bytes));
}

/* Its length stands before it. */
static void close_part(struct pk_buffer *out, size_t begin)
{
    uint64_t len = out->len - begin - sizeof(len);

    for (size_t i = 0; out->rc == PK_OK && i < sizeof(len); i++) {
        out->ptr[begin + i] = (char)(len >> (8 * i));
    }
}

static size_t open_part(struct pk_buffer *out)
{
    size_t begin = out->len;

    put64(out, 0);
    return begin;
}

static int write_foresight(const struct pk_crowd_server *c, struct pk_buffer *out)
{
    size_t begin = open_part(out);
    int rc = pk_hazard_save(c->hazard, out, NULL);

    close_part(out, begin);
    begin = open_part(out);
    pk_crowd_warned_write(&c->warned, out);
    close_part(out, begin);
    return rc;
}

static int write_people(const struct pk_crowd_server *c, struct pk_buffer *out)
{
    size_t begin;
    int rc;

    put64(out, 0);
    begin = open_part(out);
    pk_crowd_devices_write(&c->devices, out);
    close_part(out, begin);
    begin = open_part(out);
    rc = pk_visits_save(c->visits, out);
    close_part(out, begin);
    rc = rc < 0 ? rc : write_foresight(c, out);
    while (out->rc == PK_OK && out->len % sizeof(uint64_t) != 0) {
        (void)pk_buffer_putc(out, 0);
    }
    close_part(out, 0);
    return rc < 0 ? rc : out->rc;
}

static int write_tag(const struct pk_crowd_server *c, struct pk_slice people, struct pk_buffer *out)
{
    uint8_t digest[PK_SHA256_SIZE];

    put64(out, TAG_VERSION);
    put64(out, (uint64_t)c->seq);
    for (int p = 0; p < PK_PARTITIONS; p++) {
        put64(out, (uint64_t)c->taken[p]);
    }
    pk_sha256(people, digest);
    (void)pk_buffer_put(out, digest, sizeof(digest));
    return out->rc;
}

static const struct pk_visits_settings visit_settings = { .judge = pk_defense_judge };

/* Of another version (other weights have other terms), or of a time before there was any: it begins anew, which is
 * no reason to lose the crowd. */
static int read_hazard(struct pk_crowd_server *c, struct pk_slice bytes, struct pk_error *err)
{
    int rc = bytes.len > 0 ? pk_hazard_load(bytes, NULL, &c->hazard, err) : PK_ENOENT;

    if (rc == PK_OK || rc == PK_ENOMEM) {
        return rc;
    }
    pk_event(PK_WARN, "foresight.begins_anew",
            { "why", bytes.len > 0 ? err->text : "there is none" });
    return pk_hazard_create(NULL, &c->hazard, err);
}

static int read_foresight(struct pk_crowd_server *c, struct pk_reader *r, struct pk_error *err)
{
    struct pk_slice hazard = { 0 };
    struct pk_slice warned = { 0 };

    if (pk_reader_left(r) > sizeof(uint64_t)) {
        hazard = pk_read_slice(r, pk_read_le64(r));
        warned = pk_read_slice(r, pk_read_le64(r));
    }
    if (r->rc < 0 || pk_crowd_warned_read(&c->warned, warned) < 0) {
        return pk_error_set(err, PK_EMALF, "its list of warnings is damaged");
    }
    return read_hazard(c, hazard, err);
}

static int read_people(struct pk_crowd_server *c, struct pk_slice bytes, struct pk_error *err)
{
    struct pk_reader r = pk_reader_of(bytes);
    struct pk_slice devices;
    struct pk_slice visits;
    int rc;

    pk_read_skip(&r, sizeof(uint64_t));
    devices = pk_read_slice(&r, pk_read_le64(&r));
    visits = pk_read_slice(&r, pk_read_le64(&r));
    if (r.rc < 0) {
        return pk_error_set(err, PK_EMALF, "its list of devices is cut");
    }
    rc = pk_crowd_devices_read(&c->devices, devices, err);
    rc = rc < 0 ? rc : pk_visits_load(visits, &visit_settings, &c->visits, err);
    return rc < 0 ? rc : read_foresight(c, &r, err);
}

static int read_tag(struct pk_crowd_server *c, struct pk_slice tag, struct pk_slice people,
        struct pk_error *err)
{
    struct pk_reader r = pk_reader_of(tag);
    uint64_t version = pk_read_le64(&r);
    uint8_t digest[PK_SHA256_SIZE];
    struct pk_slice said;

    c->seq = (int64_t)pk_read_le64(&r);
    for (int p = 0; p < PK_PARTITIONS; p++) {
        c->taken[p] = (int64_t)pk_read_le64(&r);
    }
    said = pk_read_slice(&r, sizeof(digest));
    if (r.rc < 0 || (version != TAG_VERSION && version != TAG_BARE) || c->seq < 0) {
        return pk_error_set(err, PK_EMALF, "it was written by another version");
    }
    pk_sha256(people, digest);
    return memcmp(said.ptr, digest, sizeof(digest)) == 0
            ? PK_OK
            : pk_error_set(err, PK_EMALF, "its list of devices is damaged");
}

/* ---- saving -------------------------------------------------------------------------------------------- */

static int write_piece(void *ctx, const void *bytes, size_t len)
{
    return pk_file_put(ctx, bytes, len);
}

static int write_parts(struct pk_crowd_server *c, struct pk_file_new *file, struct pk_error *err)
{
    struct pk_buffer people = pk_buffer_of(PEOPLE_MAX);
    struct pk_buffer tag = pk_buffer_of(TAG_MAX);
    int rc = write_people(c, &people);

    if (rc == PK_OK) {
        rc = write_tag(c, pk_buffer_slice(&people), &tag);
    }
    if (rc < 0) {
        (void)pk_error_set(err, rc, "the devices' visits do not fit: %s", pk_code_text(rc));
    } else {
        rc = pk_file_put(file, people.ptr, people.len);
        pk_buffer_finish(&people); /* may be large */
        rc = rc < 0 ? pk_error_set(err, rc, "it cannot be written: %s", pk_code_text(rc))
                    : pk_crowd_save(c->crowd, pk_buffer_slice(&tag), write_piece, file, err);
    }
    pk_buffer_finish(&people);
    pk_buffer_finish(&tag);
    return rc;
}

/* No lock: only this thread writes, and readers may read meanwhile. */
static int write_file(struct pk_crowd_server *c, uint64_t *size, struct pk_error *err)
{
    struct pk_file_new *file = NULL;
    char path[PATH_MAX];
    int rc;

    name_of(c, path);
    rc = pk_file_begin(path, 0600, &file, err);
    if (rc < 0) {
        return rc;
    }
    rc = write_parts(c, file, err);
    if (rc < 0) {
        pk_file_abandon(file);
        return rc;
    }
    *size = pk_file_written(file);
    return pk_file_commit(file, err);
}

static void show_needs(struct pk_crowd_server *c)
{
    for (int p = 0; p < PK_PARTITIONS; p++) {
        atomic_store(&c->needs[p], c->taken[p]);
    }
}

int pk_crowd_save_state(struct pk_crowd_server *c, struct pk_error *err)
{
    int64_t began_ms = pk_clock_monotonic_ms();
    struct pk_store *store = pk_server_store(c->server, err);
    uint64_t size = 0;
    int rc = store != NULL ? write_file(c, &size, err) : err->code;

    if (rc == PK_OK) {
        rc = pk_crowd_base_put(store, c->seq, c->taken, PK_PARTITIONS, err);
    }
    if (rc == PK_OK) {
        rc = pk_crowd_changes_trim(store, pk_server_now(c->server) - PK_CROWD_CHANGES_KEEP_MS, err);
    }
    if (rc < 0) {
        return rc;
    }
    c->saved_seq = c->seq;
    show_needs(c);
    atomic_store(&c->save_failures, 0);
    atomic_store(&c->checkpoint_ms, pk_server_now(c->server));
    atomic_store(&c->checkpoint_bytes, size);
    atomic_store(&c->checkpoint_took_ms, pk_clock_monotonic_ms() - began_ms);
    return PK_OK;
}

/* ---- loading ------------------------------------------------------------------------------------------- */

static int read_parts(struct pk_crowd_server *c, struct pk_slice bytes,
        const struct pk_crowd_settings *settings, struct pk_error *err)
{
    struct pk_reader r = pk_reader_of(bytes);
    uint64_t len = pk_read_le64(&r);
    struct pk_buffer tag = pk_buffer_of(TAG_MAX);
    struct pk_slice people;
    int rc;

    if (r.rc < 0 || len % sizeof(len) != 0 || len > pk_reader_left(&r)) {
        return pk_error_set(err, PK_EMALF, "it is cut, or no checkpoint");
    }
    people = pk_slice_of(bytes.ptr, sizeof(len) + len);
    rc = pk_crowd_load(pk_slice_of(bytes.ptr + people.len, bytes.len - people.len), settings,
            &c->crowd, &tag, err);
    if (rc == PK_OK) {
        rc = read_tag(c, pk_buffer_slice(&tag), people, err);
    }
    pk_buffer_finish(&tag);
    return rc < 0 ? rc : read_people(c, people, err);
}

static int read_file(
        struct pk_crowd_server *c, const struct pk_crowd_settings *settings, struct pk_error *err)
{
    struct pk_slice bytes;
    char path[PATH_MAX];
    int rc;

    name_of(c, path);
    rc = pk_file_map(path, &bytes, err);
    if (rc < 0) {
        return rc;
    }
    rc = read_parts(c, bytes, settings, err);
    atomic_store(&c->checkpoint_bytes, bytes.len);
    pk_file_unmap(bytes);
    return rc;
}

/* The log must go on where the checkpoint ends. */
static int check_log(struct pk_crowd_server *c, int64_t base, int64_t newest, struct pk_error *err)
{
    if (c->seq < base || c->seq > newest) {
        return pk_error_set(err, PK_EMALF,
                "it ends at %lld, but the store's log goes from %lld to %lld", (long long)c->seq,
                (long long)base, (long long)newest);
    }
    return PK_OK;
}

static void drop_all(struct pk_crowd_server *c)
{
    pk_crowd_destroy(c->crowd);
    c->crowd = NULL;
    pk_hazard_destroy(c->hazard);
    c->hazard = NULL;
    pk_crowd_warned_finish(&c->warned);
    pk_visits_destroy(c->visits);
    c->visits = NULL;
    pk_crowd_devices_finish(&c->devices);
    memset(c->taken, 0, sizeof(c->taken));
    c->anew = false;
}

static int begin_anew(struct pk_crowd_server *c, const struct pk_crowd_settings *settings,
        int64_t base, struct pk_error *err)
{
    int rc;

    drop_all(c);
    c->seq = base;
    c->anew = true;
    rc = pk_crowd_create(settings, &c->crowd, err);
    rc = rc < 0 ? rc : pk_hazard_create(NULL, &c->hazard, err);
    return rc < 0 ? rc : pk_visits_create(&visit_settings, &c->visits, err);
}

static int64_t worked_of(struct pk_crowd_server *c, int partition)
{
    int64_t worked;

    pthread_mutex_lock(&c->wake_lock);
    worked = c->worked[partition];
    pthread_mutex_unlock(&c->wake_lock);
    return worked;
}

static void add_row(struct pk_crowd_server *c, const char *text)
{
    struct pk_crowd_line line;
    struct pk_error why;

    while (pk_crowd_line_read(&text, &line, &why) == PK_OK) {
        if (line.kind == PK_LINE_ENTRIES || line.kind == PK_LINE_SKIPPED) {
            int p = line.partition;
            int64_t worked = worked_of(c, p);
            int64_t upto = line.upto < worked ? line.upto : worked;

            c->base[p] = upto > c->base[p] ? upto : c->base[p];
        }
    }
}

/* How far the log goes, without its order: so far everything was announced. */
static int find_end(
        struct pk_crowd_server *c, struct pk_store *store, int64_t *seq, struct pk_error *err)
{
    int rc = PK_OK;

    while (rc == PK_OK) {
        struct pk_arena *arena = pk_arena_create(ROW_MEMORY);
        struct pk_crowd_log_row row;

        rc = arena != NULL ? pk_crowd_log_next(store, *seq, arena, &row, err)
                           : pk_error_set(err, PK_ENOMEM, "out of memory");
        if (rc == PK_OK) {
            add_row(c, row.text);
            *seq = row.seq;
        }
        pk_arena_destroy(arena);
    }
    return rc == PK_ENOENT ? PK_OK : rc;
}

static void show(struct pk_crowd_server *c)
{
    c->saved_seq = c->anew ? -1 : c->seq;
    pk_crowd_show_taken(c);
    show_needs(c);
}

/* The checkpoint, when there is one that fits the log. */
static int read_checked(struct pk_crowd_server *c, const struct pk_crowd_settings *settings,
        int64_t base, int64_t newest, struct pk_error *err)
{
    int rc = c->lost ? pk_error_set(err, PK_EMALF, "the log does not fit the journal")
                     : read_file(c, settings, err);

    return rc < 0 ? rc : check_log(c, base, newest, err);
}

int pk_crowd_load_state(struct pk_crowd_server *c, struct pk_error *err)
{
    struct pk_crowd_settings settings = { .trusting = true,
        .memory_max = (uint64_t)c->settings->memory_max_mb * 1024 * 1024,
        .changed = pk_crowd_changed,
        .ctx = c };
    struct pk_store *store = pk_server_store(c->server, err);
    int64_t newest = 0;
    int64_t base = 0;
    int rc = store != NULL ? pk_crowd_base_get(store, &base, c->base, PK_PARTITIONS, err)
                           : err->code;

    drop_all(c);
    if (rc == PK_OK) {
        rc = c->lost ? find_end(c, store, &base, err) : pk_crowd_log_newest(store, &newest, err);
    }
    if (rc < 0) {
        return rc;
    }
    newest = newest > base ? newest : base;
    rc = read_checked(c, &settings, base, newest, err);
    if (rc == PK_ENOMEM) {
        return rc;
    }
    if (rc == PK_OK) {
        atomic_store(&c->checkpoint_ms, c->server->started_ms);
    } else {
        if (newest > 0 || rc != PK_ENOENT) {
            atomic_store(&c->begun, true);
            pk_event(PK_WARN, "crowd.begins_anew", { "why", err->text });
        }
        rc = begin_anew(c, &settings, base, err);
    }
    show(c);
    return rc;
}

/* ---- replaying ----------------------------------------------------------------------------------------- */

static int ended(struct pk_error *err)
{
    return pk_error_set(err, PK_EAGAIN, "the server ends");
}

/* Without a checkpoint: the journal up to where the log begins, in order of time. Nobody wrote down in which
 * order it was taken then; what is left of it is taken in the next best one. */
static int relearn(struct pk_crowd_server *c, struct pk_error *err)
{
    struct pk_entry *entry = NULL;
    uint64_t count = 0;
    int rc;

    pk_crowd_feed_seek(&c->feed, c->taken);
    memcpy(c->feed.limit, c->base, sizeof(c->feed.limit));
    while ((rc = pk_crowd_feed_next(&c->feed, &entry, err)) == PK_OK && entry != NULL) {
        rc = pk_crowd_take_entry(c, entry, false, err);
        if (rc == PK_OK && ++count % REPLAY_STEP == 0 && pk_crowd_ending(c)) {
            rc = ended(err);
        }
        if (rc < 0) {
            return rc;
        }
    }
    if (rc == PK_OK) {
        memcpy(c->taken, c->base, sizeof(c->taken));
        c->anew = false;
    }
    return rc;
}

/* Rows that were taken out of the journal since then (an erased device) are not missed. */
static int replay_entries(
        struct pk_crowd_server *c, const struct pk_crowd_line *line, struct pk_error *err)
{
    struct pk_entry *entry = NULL;
    int p = line->partition;
    int rc = line->upto <= worked_of(c, p)
            ? PK_OK
            : pk_error_set(
                      err, PK_ENOENT, "partition %d does not reach %lld", p, (long long)line->upto);

    while (rc == PK_OK) {
        rc = pk_crowd_feed_upto(&c->feed, p, line->upto, &entry, err);
        if (rc < 0 || entry == NULL) {
            break;
        }
        rc = pk_crowd_take_entry(c, entry, line->kind == PK_LINE_SKIPPED, err);
    }
    if (rc == PK_OK) {
        c->taken[p] = line->upto;
    }
    return rc;
}

static int replay_row(struct pk_crowd_server *c, const char *text, struct pk_error *err)
{
    struct pk_crowd_line line;
    int rc;

    while ((rc = pk_crowd_line_read(&text, &line, err)) == PK_OK) {
        if (line.kind != PK_LINE_ENTRIES && line.kind != PK_LINE_SKIPPED) {
            pk_crowd_take_line(c, &line);
            continue;
        }
        rc = replay_entries(c, &line, err);
        if (rc < 0) {
            return rc;
        }
    }
    return rc == PK_ENOENT ? PK_OK : rc;
}

/* 1: a row was replayed, 0: there is none. */
static int replay_next(struct pk_crowd_server *c, struct pk_store *store, struct pk_error *err)
{
    struct pk_arena *arena = pk_arena_create(ROW_MEMORY);
    struct pk_crowd_log_row row;
    int rc = arena != NULL ? pk_crowd_log_next(store, c->seq, arena, &row, err)
                           : pk_error_set(err, PK_ENOMEM, "out of memory");
    bool none = rc == PK_ENOENT;

    if (rc == PK_OK) {
        rc = replay_row(c, row.text, err);
    }
    if (rc == PK_OK) {
        c->seq = row.seq;
    }
    pk_arena_destroy(arena);
    return none ? 0 : rc < 0 ? rc : 1;
}

static int replay_log(struct pk_crowd_server *c, struct pk_store *store, struct pk_error *err)
{
    int rc;

    pk_crowd_feed_seek(&c->feed, c->taken);
    while ((rc = replay_next(c, store, err)) > 0) {
        if (pk_crowd_ending(c)) {
            return ended(err);
        }
    }
    return rc;
}

/* ---- what was announced, and what is thought ----------------------------------------------------------- */

struct checking {
    struct pk_crowd_server *c;
    struct pk_store *store;
    struct pk_error *err;
    int rc;
    int64_t now_s;
};

static void say(const struct checking *k, const struct pk_crowd_opinion *o, bool bad)
{
    pk_crowd_changed(k->c,
            &(struct pk_crowd_change){ .key = o->key,
                    .bad = bad,
                    .log_odds = o->log_odds,
                    .at_s = k->now_s,
                    .devices = o->devices,
                    .groups = o->groups,
                    .cause = 0xff });
}

static void check_bad(void *ctx, const struct pk_crowd_opinion *opinion)
{
    struct pk_crowd_thing thing = pk_crowd_thing_of_key(&opinion->key);
    struct checking *k = ctx;
    bool has = false;

    if (k->rc == PK_OK) {
        k->rc = pk_crowd_bad_has(k->store, &thing, &has, k->err);
        if (k->rc == PK_OK && !has) {
            say(k, opinion, true);
        }
    }
}

static int check_announced(struct checking *k)
{
    struct pk_crowd_thing last = { .kind = -1 };
    struct pk_array page = { 0 };

    do {
        struct pk_arena *arena = pk_arena_create(PAGE_MEMORY);
        const struct pk_crowd_change_row *rows;

        k->rc = arena != NULL ? pk_crowd_bad_after(k->store, &last, PAGE, arena, &page, k->err)
                              : pk_error_set(k->err, PK_ENOMEM, "out of memory");
        rows = k->rc == PK_OK ? page.items : NULL;
        for (size_t i = 0; rows != NULL && i < page.count; i++) {
            struct pk_crowd_key key = pk_crowd_key_of_thing(&rows[i].thing);
            struct pk_crowd_opinion opinion;

            last = rows[i].thing;
            if (!pk_crowd_ask(k->c->crowd, &key, k->now_s, &opinion) || !opinion.before) {
                opinion.key = key;
                say(k, &opinion, false);
            }
        }
        pk_arena_destroy(arena);
    } while (k->rc == PK_OK && page.count == PAGE);
    return k->rc;
}

/* After a replay of the log there is no difference. After a new beginning, or when the rules have changed, what
 * others were told must follow. */
static int reconcile(struct pk_crowd_server *c, struct pk_store *store, struct pk_error *err)
{
    struct checking k = { .c = c, .store = store, .err = err };
    struct pk_crowd_counts counts;
    int rc;

    pk_crowd_count(c->crowd, &counts);
    k.now_s = counts.newest_s > 0 ? counts.newest_s : pk_server_now(c->server) / PK_SECOND_MS;
    rc = check_announced(&k);
    if (rc == PK_OK) {
        pk_crowd_each_bad(c->crowd, k.now_s, check_bad, &k);
        rc = k.rc;
    }
    if (rc == PK_OK && c->effects.count > 0) {
        pk_event(PK_WARN, "crowd.reconciled", { "changes", PK_NUM(c->effects.count) });
    }
    return rc < 0 ? rc : pk_crowd_flush(c);
}

int pk_crowd_replay(struct pk_crowd_server *c, struct pk_error *err)
{
    int64_t began_ms = pk_clock_monotonic_ms();
    struct pk_store *store = pk_server_store(c->server, err);
    int rc = store != NULL ? PK_OK : err->code;

    c->replays = true;
    if (rc == PK_OK && c->crowd == NULL) {
        rc = pk_error_set(err, PK_EAGAIN, "nothing could be loaded");
    }
    if (rc == PK_OK && c->anew) {
        rc = relearn(c, err);
    }
    if (rc == PK_OK) {
        rc = replay_log(c, store, err);
    }
    if (rc < 0) {
        return rc;
    }
    c->replays = false;
    pk_crowd_feed_seek(&c->feed, c->taken);
    rc = reconcile(c, store, err);
    pk_event(PK_INFO, "crowd.ready", { "reports", PK_NUM(atomic_load(&c->entries)) },
            { "ms", PK_NUM(pk_clock_monotonic_ms() - began_ms) });
    return rc;
}
