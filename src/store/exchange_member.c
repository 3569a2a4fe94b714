/* What a member of exchanges keeps. */
#include "store/exchange.h"
#include "store/exchange_word.h"
#include "store/networks.h"

static int run(struct pk_put *put)
{
    int64_t n = pk_put_run(put);

    return n < 0 ? (int)n : PK_OK;
}

/* ---- hubs ------------------------------------------------------------------------------------------- */

#define HUB                                                                          \
    "h.id, h.key, h.name, h.url, h.ca, h.keys, h.epoch, h.epoch_s, h.cursor, h.seq," \
    " h.joined_ms, h.ok_ms, h.error,"                                                \
    " (SELECT COUNT(*) FROM exchange_said s WHERE s.hub = h.id AND s.told = 0),"     \
    " (SELECT COUNT(*) FROM exchange_said s WHERE s.hub = h.id AND s.told = 1),"     \
    " (SELECT COUNT(*) FROM exchange_heard s WHERE s.hub = h.id)"

static int read_hub(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_exchange_hub *h = out;

    (void)err;
    h->id = pk_get_word(get);
    h->key = pk_get_word(get);
    h->name = pk_get_word(get);
    h->url = pk_get_word(get);
    h->ca = pk_get_word(get);
    h->keys = pk_get_word(get);
    h->epoch = pk_get_int(get);
    h->epoch_s = pk_get_int(get);
    h->cursor = pk_get_int(get);
    h->seq = pk_get_int(get);
    h->joined_ms = pk_get_int(get);
    h->ok_ms = pk_get_int(get);
    h->error = pk_get_text(get);
    h->waiting = pk_get_int(get);
    h->told = pk_get_int(get);
    h->heard = pk_get_int(get);
    return PK_OK;
}

int pk_exchange_hub_put(
        struct pk_store *store, const struct pk_exchange_hub *hub, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "INSERT INTO exchange_hubs (id, key, name, url, ca, keys, epoch, epoch_s, cursor, seq,"
            " joined_ms, ok_ms, error)"
            " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"
            " ON CONFLICT (id) DO UPDATE SET key = excluded.key, name = excluded.name,"
            " url = excluded.url, ca = excluded.ca, keys = excluded.keys, epoch = excluded.epoch,"
            " epoch_s = excluded.epoch_s, cursor = excluded.cursor,"
            " joined_ms = excluded.joined_ms, ok_ms = excluded.ok_ms, error = excluded.error",
            err);

    pk_put_text(&put, hub->id);
    pk_put_text(&put, hub->key);
    pk_put_word(&put, hub->name);
    pk_put_text(&put, hub->url);
    pk_put_text(&put, hub->ca);
    pk_put_word(&put, hub->keys);
    pk_put_int(&put, hub->epoch);
    pk_put_int(&put, hub->epoch_s);
    pk_put_int(&put, hub->cursor);
    pk_put_int(&put, hub->seq);
    pk_put_int(&put, hub->joined_ms);
    pk_put_int(&put, hub->ok_ms);
    pk_put_text(&put, hub->error);
    return run(&put);
}

int pk_exchange_hub_get(struct pk_store *store, const char *id, struct pk_arena *arena,
        struct pk_exchange_hub *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(
            store, "SELECT " HUB " FROM exchange_hubs h WHERE h.id = ?1", err);

    pk_put_text(&put, id);
    return pk_put_get(&put, arena, read_hub, out, "hub", err);
}

int pk_exchange_hubs(
        struct pk_store *store, struct pk_arena *arena, struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(
            store, "SELECT " HUB " FROM exchange_hubs h ORDER BY h.joined_ms, h.id", err);

    return pk_put_get_all(&put, arena, read_hub, sizeof(struct pk_exchange_hub), out, err);
}

int pk_exchange_hub_progress(
        struct pk_store *store, const struct pk_exchange_hub *hub, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "UPDATE exchange_hubs SET keys = ?1, epoch = ?2, epoch_s = ?3, cursor = ?4, seq = ?5,"
            " ok_ms = ?6, error = NULL WHERE id = ?7",
            err);

    pk_put_word(&put, hub->keys);
    pk_put_int(&put, hub->epoch);
    pk_put_int(&put, hub->epoch_s);
    pk_put_int(&put, hub->cursor);
    pk_put_int(&put, hub->seq);
    pk_put_int(&put, hub->ok_ms);
    pk_put_text(&put, hub->id);
    return pk_put_run_one(&put, "hub");
}

int pk_exchange_hub_failed(
        struct pk_store *store, const char *id, const char *error, struct pk_error *err)
{
    struct pk_put put = pk_put_start(
            store, "UPDATE exchange_hubs SET error = ?1 WHERE id = ?2", err);

    pk_put_text(&put, error);
    pk_put_text(&put, id);
    return run(&put);
}

int pk_exchange_hub_remove(struct pk_store *store, const char *id, struct pk_error *err)
{
    static const char *const tables[] = {
        "DELETE FROM exchange_said WHERE hub = ?1",
        "DELETE FROM exchange_heard WHERE hub = ?1",
    };
    struct pk_put put;

    for (size_t i = 0; i < PK_COUNT(tables); i++) {
        int rc;

        put = pk_put_start(store, tables[i], err);
        pk_put_text(&put, id);
        rc = run(&put);
        if (rc < 0) {
            return rc;
        }
    }
    put = pk_put_start(store, "DELETE FROM exchange_hubs WHERE id = ?1", err);
    pk_put_text(&put, id);
    return pk_put_run_one(&put, "hub");
}

/* ---- what it says ---------------------------------------------------------------------------------------- */

#define SAYING "hub, kind, a, b, verdict, told, epoch, changed_ms, told_ms, mark, word"

static int read_saying(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_exchange_saying *s = out;

    s->hub = get->arena != NULL ? pk_get_word(get) : NULL;
    get->next = 1;
    s->kind = (int)pk_get_int(get);
    s->a = pk_get_int(get);
    s->b = pk_get_int(get);
    s->verdict = (int)pk_get_int(get);
    s->told = pk_get_int(get) != 0;
    s->epoch = (int)pk_get_int(get);
    s->changed_ms = pk_get_int(get);
    s->told_ms = pk_get_int(get);
    s->mark = pk_get_int(get);
    return pk_get_exchange_word(get, s->word, err);
}

/* What exchange_said is found by. */
static void put_thing(struct pk_put *put, const char *hub, int kind, int64_t a, int64_t b)
{
    pk_put_text(put, hub);
    pk_put_int(put, kind);
    pk_put_int(put, a);
    pk_put_int(put, b);
}

int pk_exchange_say(
        struct pk_store *store, const struct pk_exchange_saying *saying, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "INSERT INTO exchange_said (hub, kind, a, b, verdict, told, epoch, changed_ms,"
            " told_ms, mark, word) VALUES (?1, ?2, ?3, ?4, ?5, 0, 0, ?6, 0, 1, ?7)"
            " ON CONFLICT (hub, kind, a, b) DO UPDATE SET verdict = excluded.verdict, told = 0,"
            " changed_ms = excluded.changed_ms, mark = exchange_said.mark + 1,"
            " word = excluded.word",
            err);

    put_thing(&put, saying->hub, saying->kind, saying->a, saying->b);
    pk_put_int(&put, saying->verdict);
    pk_put_int(&put, saying->changed_ms);
    pk_put_exchange_word(&put, saying->word);
    return run(&put);
}

int pk_exchange_saying_get(struct pk_store *store, const char *hub, int kind, int64_t a, int64_t b,
        struct pk_exchange_saying *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT " SAYING " FROM exchange_said WHERE hub = ?1 AND kind = ?2 AND a = ?3"
            " AND b = ?4",
            err);
    int rc;

    put_thing(&put, hub, kind, a, b);
    rc = pk_put_get(&put, NULL, read_saying, out, "word", err);
    if (rc == PK_OK) {
        out->hub = hub;
    }
    return rc;
}

int pk_exchange_waiting(struct pk_store *store, const char *hub, int64_t limit,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT " SAYING " FROM exchange_said WHERE hub = ?1 AND told = 0"
            " ORDER BY changed_ms, kind, a, b LIMIT ?2",
            err);

    pk_put_text(&put, hub);
    pk_put_int(&put, limit);
    return pk_put_get_all(&put, arena, read_saying, sizeof(struct pk_exchange_saying), out, err);
}

int pk_exchange_told(struct pk_store *store, const struct pk_exchange_saying *saying, int epoch,
        int64_t at_ms, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "UPDATE exchange_said SET told = 1, epoch = ?1, told_ms = ?2"
            " WHERE hub = ?3 AND kind = ?4 AND a = ?5 AND b = ?6 AND mark = ?7",
            err);

    pk_put_int(&put, epoch);
    pk_put_int(&put, at_ms);
    put_thing(&put, saying->hub, saying->kind, saying->a, saying->b);
    pk_put_int(&put, saying->mark);
    return run(&put);
}

int pk_exchange_sayings(struct pk_store *store, const char *hub, int verdict, int64_t limit,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT " SAYING " FROM exchange_said WHERE hub = ?1 AND verdict = ?2"
            " ORDER BY changed_ms DESC, kind, a, b LIMIT ?3",
            err);

    pk_put_text(&put, hub);
    pk_put_int(&put, verdict);
    pk_put_int(&put, limit);
    return pk_put_get_all(&put, arena, read_saying, sizeof(struct pk_exchange_saying), out, err);
}

int pk_exchange_unsay(
        struct pk_store *store, const struct pk_exchange_saying *saying, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "DELETE FROM exchange_said WHERE hub = ?1 AND kind = ?2 AND a = ?3 AND b = ?4"
            " AND mark = ?5",
            err);

    put_thing(&put, saying->hub, saying->kind, saying->a, saying->b);
    pk_put_int(&put, saying->mark);
    return run(&put);
}

/* ---- what it heard ------------------------------------------------------------------------------------------ */

static int read_hearing(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_exchange_hearing *h = out;

    h->hub = pk_get_word(get);
    h->kind = (int)pk_get_int(get);
    h->epoch = (int)pk_get_int(get);
    h->id = pk_get_int(get);
    h->at_ms = pk_get_int(get);
    return pk_get_exchange_word(get, h->word, err);
}

int pk_exchange_hear(
        struct pk_store *store, const struct pk_exchange_hearing *hearing, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "INSERT INTO exchange_heard (hub, kind, epoch, id, at_ms, word)"
            " VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (hub, kind, epoch, id)"
            " DO UPDATE SET at_ms = excluded.at_ms, word = excluded.word",
            err);

    pk_put_text(&put, hearing->hub);
    pk_put_int(&put, hearing->kind);
    pk_put_int(&put, hearing->epoch);
    pk_put_int(&put, hearing->id);
    pk_put_int(&put, hearing->at_ms);
    pk_put_exchange_word(&put, hearing->word);
    return run(&put);
}

int pk_exchange_unhear(
        struct pk_store *store, const struct pk_exchange_hearing *hearing, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "DELETE FROM exchange_heard WHERE hub = ?1 AND kind = ?2 AND epoch = ?3 AND id = ?4",
            err);

    pk_put_text(&put, hearing->hub);
    pk_put_int(&put, hearing->kind);
    pk_put_int(&put, hearing->epoch);
    pk_put_int(&put, hearing->id);
    return run(&put);
}

int pk_exchange_heard(struct pk_store *store, const char *hub, int64_t limit,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT hub, kind, epoch, id, at_ms, word FROM exchange_heard"
            " WHERE (?1 = '' OR hub = ?1) ORDER BY at_ms DESC, hub, kind, epoch, id LIMIT ?2",
            err);

    pk_put_word(&put, hub);
    pk_put_int(&put, limit);
    return pk_put_get_all(&put, arena, read_hearing, sizeof(struct pk_exchange_hearing), out, err);
}

int pk_exchange_heard_trim(
        struct pk_store *store, const char *hub, int64_t before_ms, struct pk_error *err)
{
    struct pk_put put = pk_put_start(
            store, "DELETE FROM exchange_heard WHERE hub = ?1 AND at_ms < ?2", err);

    pk_put_text(&put, hub);
    pk_put_int(&put, before_ms);
    return run(&put);
}

int pk_exchange_unhear_all(struct pk_store *store, const char *hub, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store, "DELETE FROM exchange_heard WHERE hub = ?1", err);

    pk_put_text(&put, hub);
    return run(&put);
}

/* ---- its own things ------------------------------------------------------------------------------------------- */

static int read_point(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_exchange_point *p = out;

    (void)err;
    p->network = pk_get_word(get);
    p->bssid = pk_get_word(get);
    p->first_ms = pk_get_int(get);
    return PK_OK;
}

int pk_exchange_points(struct pk_store *store, int64_t since_ms, int64_t limit,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT network, value, first_ms FROM network_traits WHERE kind = ?1"
            " AND first_ms >= ?2 ORDER BY first_ms, network, value LIMIT ?3",
            err);

    pk_put_int(&put, PK_TRAIT_POINT);
    pk_put_int(&put, since_ms);
    pk_put_int(&put, limit);
    return pk_put_get_all(&put, arena, read_point, sizeof(struct pk_exchange_point), out, err);
}

static int read_file(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_exchange_file *f = out;

    (void)err;
    f->sha256 = pk_get_word(get);
    f->signer = pk_get_word(get);
    f->devices = pk_get_int(get);
    f->first_ms = pk_get_int(get);
    f->last_ms = pk_get_int(get);
    return PK_OK;
}

int pk_exchange_files(struct pk_store *store, int64_t least, int64_t since_ms, int64_t limit,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT sha256, signer, devices, first_ms, last_ms FROM app_files"
            " WHERE devices >= ?1 AND first_ms >= ?2 ORDER BY first_ms, sha256 LIMIT ?3",
            err);

    pk_put_int(&put, least);
    pk_put_int(&put, since_ms);
    pk_put_int(&put, limit);
    return pk_put_get_all(&put, arena, read_file, sizeof(struct pk_exchange_file), out, err);
}

int pk_exchange_file_of(struct pk_store *store, const char *begin, struct pk_arena *arena,
        struct pk_exchange_file *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT sha256, signer, devices, first_ms, last_ms FROM app_files"
            " WHERE sha256 >= ?1 AND sha256 < ?2 ORDER BY sha256 LIMIT 1",
            err);
    char *end = pk_arena_printf(arena, "%sg", begin); /* behind every hex digit */

    pk_put_text(&put, begin);
    pk_put_text(&put, end != NULL ? end : begin);
    return pk_put_get(&put, arena, read_file, out, "file", err);
}
