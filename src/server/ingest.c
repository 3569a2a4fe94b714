#include "server/ingest.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/clock.h"
#include "base/event.h"
#include "base/zpack.h"
#include "journal/journal.h"
#include "server/commands.h"
#include "server/limits.h"
#include "server/peer.h"
#include "server/trust_push.h"
#include "server/workers.h"

#define ENTRY_MEMORY (16UL * 1024 * 1024) /* of one decoded report; the wire's limits come first */
#define PACK_LEVEL   3

/* A report between the journal and its answer. */
struct pending {
    struct pk_server *server;
    struct pk_request *request;
    json_t *commands;
    size_t count;
    char trust[PK_TRUST_VERSION]; /* that the device has; "": it does not ask */
};

/* ---- one packer a thread -------------------------------------------------------------------- */

struct packers {
    struct pk_zpack *plain;
    struct pk_zpack *with_dictionary;
};

static pthread_key_t packers_key;
static pthread_once_t packers_once = PTHREAD_ONCE_INIT;

static void packers_destroy(void *arg)
{
    struct packers *p = arg;

    pk_zpack_destroy(p->plain);
    pk_zpack_destroy(p->with_dictionary);
    free(p);
}

static void packers_key_make(void)
{
    if (pthread_key_create(&packers_key, packers_destroy) != 0) {
        abort(); /* at the very first report, on a system without thread keys */
    }
}

static struct packers *packers(void)
{
    struct packers *p;

    (void)pthread_once(&packers_once, packers_key_make);
    p = pthread_getspecific(packers_key);
    if (p != NULL) {
        return p;
    }
    p = calloc(1, sizeof(*p));
    if (p == NULL) {
        return NULL;
    }
    p->plain = pk_zpack_create((struct pk_slice){ 0 }, PACK_LEVEL);
    p->with_dictionary = pk_zpack_create(pk_zpack_report_dictionary(), PACK_LEVEL);
    if (p->plain == NULL || p->with_dictionary == NULL ||
            pthread_setspecific(packers_key, p) != 0) {
        packers_destroy(p);
        return NULL;
    }
    return p;
}

/* ---- from bytes to an entry ------------------------------------------------------------------ */

enum body_kind {
    BODY_JSON,
    BODY_ZSTD,            /* without a dictionary */
    BODY_ZSTD_DICTIONARY, /* with ours */
};

static bool refuse_media(struct pk_request *request, const char *detail)
{
    pk_reply_header(request, "Accept-Encoding", "zstd, identity");
    pk_reply_problem(request, 415, "unsupported_media", detail, NULL);
    return false;
}

static bool body_kind(struct pk_request *request, enum body_kind *out)
{
    const char *encoding = pk_request_header(request, "Content-Encoding");
    uint32_t ours = pk_zpack_dictionary_id(pk_zpack_report_dictionary());
    uint32_t id;

    if (encoding == NULL || strcasecmp(encoding, "identity") == 0) {
        *out = BODY_JSON;
        return true;
    }
    if (strcasecmp(encoding, "zstd") != 0) {
        return refuse_media(request, "Content-Encoding must be zstd or identity");
    }
    id = pk_zpack_frame_dictionary(pk_request_body(request));
    if (id != 0 && id != ours) {
        return refuse_media(request, "the body needs a dictionary that this server does not have");
    }
    *out = id != 0 ? BODY_ZSTD_DICTIONARY : BODY_ZSTD;
    return true;
}

static int unpack(struct packers *p, enum body_kind kind, struct pk_slice body,
        struct pk_buffer *text, struct pk_error *err)
{
    int rc = PK_OK;

    switch (kind) {
    case BODY_JSON:
        rc = pk_buffer_put(text, body.ptr, body.len);
        break;
    case BODY_ZSTD:
        rc = pk_zpack_unpack(p->plain, body, text);
        break;
    case BODY_ZSTD_DICTIONARY:
        rc = pk_zpack_unpack(p->with_dictionary, body, text);
        break;
    }
    if (rc == PK_ELIMIT) {
        return pk_error_set(err, rc, "more than %lu bytes when unpacked", PK_REPORT_BYTES_MAX);
    }
    return rc == PK_OK ? PK_OK
                       : pk_error_set(err, rc, "the body is not what its Content-Encoding says");
}

static int check_times(const struct pk_report *report, int64_t now_ms, struct pk_error *err)
{
    const struct pk_observation *o = report->observations.items;

    for (size_t i = 0; i < report->observations.count; i++) {
        if (o[i].at_ms < now_ms - PK_INGEST_PAST_MS || o[i].at_ms > now_ms + PK_INGEST_FUTURE_MS) {
            int rc = pk_error_set(
                    err, PK_EBOUNDS, "must be at most 30 days old and 1 hour ahead of the server");

            (void)snprintf(err->path, sizeof(err->path), "observations[%zu].at", i);
            return rc;
        }
    }
    return PK_OK;
}

static int parse(struct pk_slice text, int64_t now_ms, struct pk_entry *entry, struct pk_error *err)
{
    const struct pk_observation *last;
    json_t *json = NULL;
    int rc = pk_json_parse((const char *)text.ptr, text.len, &json, err);

    if (rc == PK_OK) {
        rc = pk_report_decode(json, entry->arena, &entry->report, err);
    }
    json_decref(json);
    if (rc == PK_OK) {
        rc = check_times(&entry->report, now_ms, err);
    }
    if (rc == PK_OK) {
        last = entry->report.observations.items;
        entry->last_seq = last[entry->report.observations.count - 1].seq;
    }
    return rc;
}

/* The journal keeps reports packed with the dictionary, however they came. */
static int keep_packed(struct packers *p, enum body_kind kind, struct pk_slice body,
        struct pk_slice text, struct pk_entry *entry, struct pk_error *err)
{
    struct pk_buffer packed = pk_buffer_of(PK_REPORT_BYTES_MAX + 65536);
    struct pk_slice from = body;
    char *copy;
    int rc = PK_OK;

    if (kind != BODY_ZSTD_DICTIONARY) {
        rc = pk_zpack_pack(p->with_dictionary, text, &packed);
        from = pk_buffer_slice(&packed);
    }
    copy = rc == PK_OK ? pk_arena_alloc(entry->arena, from.len, 1) : NULL;
    if (copy != NULL) {
        memcpy(copy, from.ptr, from.len);
        entry->packed = pk_slice_of(copy, from.len);
    } else {
        rc = pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    pk_buffer_finish(&packed);
    return rc;
}

static struct pk_entry *entry_create(const char *device, int64_t now_ms)
{
    struct pk_arena *arena = pk_arena_create(ENTRY_MEMORY);
    struct pk_entry *entry = arena != NULL ? pk_arena_alloc(arena, 1, sizeof(*entry)) : NULL;

    if (entry == NULL) {
        pk_arena_destroy(arena);
        return NULL;
    }
    entry->arena = arena;
    entry->device = pk_arena_strdup(arena, device);
    entry->partition = pk_journal_partition(device);
    entry->received_ms = now_ms;
    if (entry->device == NULL) {
        pk_arena_destroy(arena);
        return NULL;
    }
    return entry;
}

/* NULL: answered. */
static struct pk_entry *read_entry(struct pk_request *request, const char *device, int64_t now_ms)
{
    struct pk_buffer text = pk_buffer_of(PK_REPORT_BYTES_MAX);
    struct pk_slice body = pk_request_body(request);
    struct pk_error err = { 0 };
    struct packers *p = packers();
    struct pk_entry *entry;
    enum body_kind kind;
    int rc;

    if (!body_kind(request, &kind)) {
        return NULL;
    }
    entry = entry_create(device, now_ms);
    rc = entry != NULL && p != NULL ? unpack(p, kind, body, &text, &err)
                                    : pk_error_set(&err, PK_ENOMEM, "out of memory");
    if (rc == PK_OK) {
        rc = parse(pk_buffer_slice(&text), now_ms, entry, &err);
    }
    if (rc == PK_OK) {
        rc = keep_packed(p, kind, body, pk_buffer_slice(&text), entry, &err);
    }
    pk_buffer_finish(&text);
    if (rc == PK_OK) {
        return entry;
    }
    err.code = rc;
    pk_reply_error(request, &err);
    if (entry != NULL) {
        pk_entry_destroy(entry);
    }
    return NULL;
}

/* ---- after the journal ------------------------------------------------------------------------ */

static void note_storage(struct pk_server *server, int rc)
{
    int before = atomic_exchange(&server->storage_rc, rc);

    if (before == rc) {
        return;
    }
    if (rc == PK_OK) {
        pk_event0(PK_INFO, "ingest.storage_back");
    } else {
        pk_event(PK_ERROR, rc == PK_ENOSPC ? "ingest.storage_full" : "ingest.storage_failed",
                { "why", pk_code_text(rc) });
    }
}

static void reply_stored(const struct pending *p, size_t duplicates, int64_t acked_seq)
{
    char now[PK_TIME_TEXT];
    json_t *settings = pk_trust_push(p->server, p->trust);

    settings = settings != NULL ? settings : json_object();
    (void)json_object_set_new(settings, "network_key", json_string(p->server->network_key));
    pk_reply_json(p->request, 200,
            json_pack("{s:I, s:i, s:O, s:o, s:s}", "acked", (json_int_t)acked_seq, "duplicates",
                    (int)duplicates, "commands", p->commands, "settings", settings, "now",
                    pk_time_format(pk_server_now(p->server), now)));
}

static void reply_not_stored(const struct pending *p, int rc)
{
    struct pk_error err = { .code = rc };

    (void)snprintf(err.text, sizeof(err.text), "%s", pk_code_text(rc));
    pk_reply_error(p->request, &err);
}

static size_t known_before(const struct pk_entry *entry)
{
    const struct pk_observation *o = entry->report.observations.items;
    size_t known = 0;

    while (known < entry->report.observations.count && o[known].seq <= entry->after_seq) {
        known++;
    }
    return known;
}

/* On the journal's writer thread. */
static void on_appended(
        struct pk_entry *entry, enum pk_append_result result, int rc, int64_t acked_seq, void *ctx)
{
    struct pending *p = ctx;
    size_t known = result == PK_APPEND_STORED ? known_before(entry) : p->count;

    switch (result) {
    case PK_APPEND_STORED:
        note_storage(p->server, PK_OK);
        pk_workers_hand(p->server->workers, entry); /* gone from here */
        reply_stored(p, known, acked_seq);
        break;
    case PK_APPEND_DUPLICATE:
        pk_entry_destroy(entry);
        reply_stored(p, known, acked_seq);
        break;
    case PK_APPEND_FAILED:
        pk_entry_destroy(entry);
        note_storage(p->server, rc);
        reply_not_stored(p, rc);
        break;
    }
    json_decref(p->commands);
    free(p);
}

static int known_query(const char *name, const char *value, void *ctx)
{
    const char **unknown = ctx;

    (void)value;
    *unknown = name;
    return strcmp(name, "seen") == 0 ? PK_OK : PK_EUNKNOWN;
}

static bool admit(struct pk_request *request, struct pk_server *server, const char *device)
{
    char seconds[16];
    int retry_s = 1;

    if (pk_limits_take(server->report_limits, device, pk_server_now(server), &retry_s)) {
        return true;
    }
    (void)snprintf(seconds, sizeof(seconds), "%d", retry_s);
    pk_reply_header(request, "Retry-After", seconds);
    pk_reply_problem(request, 429, "rate_limited", "too many reports of this device", NULL);
    return false;
}

/* Commands for the answer, after those that the device has seen are marked. */
static int commands_for(struct pk_request *request, struct pk_server *server, const char *device,
        json_t **out, struct pk_error *err)
{
    struct pk_store *store = pk_server_store(server, err);
    int rc;

    if (store == NULL) {
        return err->code;
    }
    rc = pk_commands_seen(
            store, device, pk_request_query(request, "seen"), pk_server_now(server), err);
    return rc < 0 ? rc : pk_commands_pending(store, device, pk_request_arena(request), out, err);
}

void pk_ingest_handler(struct pk_request *request, void *server)
{
    struct pk_server *s = server;
    struct pk_error err = { 0 };
    const char *unknown = NULL;
    struct pending *pending;
    struct pk_entry *entry;
    struct pk_peer peer;
    json_t *commands = NULL;
    int rc;

    if (!pk_peer_of(request, s, &peer) || !admit(request, s, peer.device)) {
        return;
    }
    if (pk_request_query_each(request, known_query, &unknown) < 0) {
        pk_reply_problem(request, 400, "unknown_key", "unknown query parameter", unknown);
        return;
    }
    entry = read_entry(request, peer.device, pk_server_now(s));
    if (entry == NULL) {
        return;
    }
    rc = commands_for(request, s, peer.device, &commands, &err);
    pending = rc == PK_OK ? calloc(1, sizeof(*pending)) : NULL;
    if (pending == NULL) {
        err.code = rc < 0 ? rc : PK_ENOMEM;
        json_decref(commands);
        pk_entry_destroy(entry);
        pk_reply_error(request, &err);
        return;
    }
    *pending = (struct pending){ .server = s,
        .request = request,
        .commands = commands,
        .count = entry->report.observations.count };
    pk_trust_known(request, pending->trust);
    pk_request_suspend(request); /* the answer may come before pk_journal_append() returns */
    rc = pk_journal_append(s->journal, entry, on_appended, pending);
    if (rc < 0) {
        pk_entry_destroy(entry);
        reply_not_stored(pending, rc);
        json_decref(commands);
        free(pending);
    }
}
