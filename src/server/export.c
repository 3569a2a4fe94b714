#include "server/export.h"

#include "base/clock.h"
#include "journal/journal.h"
#include "server/peer.h"
#include "server/query_args.h"
#include "store/personal.h"

/* Of one answer: some MiB of JSON. */
#define REPORTS_MAX      500
#define OBSERVATIONS_MAX 4000

static json_t *report_json(const struct pk_entry *entry)
{
    const struct pk_observation *o = entry->report.observations.items;
    json_t *list = json_array();
    char at[PK_TIME_TEXT];

    for (size_t i = 0; i < entry->report.observations.count; i++) {
        (void)json_array_append_new(list, pk_observation_encode(&o[i], true));
    }
    return json_pack("{s:I, s:s, s:I, s:o}", "offset", (json_int_t)entry->offset, "received_at",
            pk_time_format(entry->received_ms, at), "bytes", (json_int_t)entry->packed.len,
            "observations", list);
}

/* *next: 0 when there are no more. */
static int read_reports(struct pk_journal_reader *reader, const char *device, int64_t after,
        json_t *out, int64_t *next, struct pk_error *err)
{
    size_t observations = 0;
    int rc = PK_OK;

    *next = 0;
    for (size_t i = 0; rc == PK_OK; i++) {
        struct pk_entry *entry = NULL;

        rc = pk_journal_read_of(reader, device, after, &entry, err);
        if (rc < 0 || entry == NULL) {
            break;
        }
        if (i == REPORTS_MAX || (i > 0 && observations > OBSERVATIONS_MAX)) {
            *next = after;
            pk_entry_destroy(entry);
            break;
        }
        observations += entry->report.observations.count;
        after = entry->offset;
        (void)json_array_append_new(out, report_json(entry));
        pk_entry_destroy(entry);
    }
    return rc;
}

static int add_reports(struct pk_server *server, const char *device, int64_t after, json_t *out,
        struct pk_error *err)
{
    struct pk_journal_reader *reader = NULL;
    json_t *reports = json_array();
    int64_t next = 0;
    int rc = pk_journal_reader_open(server->settings.journal, &reader, err);

    if (rc == PK_OK) {
        rc = read_reports(reader, device, after, reports, &next, err);
    }
    pk_journal_reader_close(reader);
    (void)json_object_set_new(out, "reports", reports);
    (void)json_object_set_new(out, "next", next > 0 ? json_integer(next) : json_null());
    return rc;
}

int pk_export_make(struct pk_server *server, struct pk_store *store, const char *device,
        int64_t after, json_t **out, struct pk_error *err)
{
    json_t *tables = NULL;
    char now[PK_TIME_TEXT];
    json_t *all;
    int rc = after == 0 ? pk_personal_export(store, device, &tables, err) : PK_OK;

    if (rc < 0) {
        return rc;
    }
    if (after == 0 && json_array_size(json_object_get(tables, "devices")) == 0) {
        json_decref(tables);
        return pk_error_set(err, PK_ENOENT, "no such device");
    }
    all = json_pack("{s:s, s:s, s:s, s:s, s:o*}", "format", "picket-export-1", "exported_at",
            pk_time_format(pk_server_now(server), now), "server", server->settings.name, "device",
            device, "tables", tables);
    rc = all != NULL ? add_reports(server, device, after, all, err)
                     : pk_error_set(err, PK_ENOMEM, "out of memory");
    if (rc < 0) {
        json_decref(all);
        return rc;
    }
    *out = all;
    return PK_OK;
}

struct args {
    int64_t after;
    struct pk_error *err;
};

static int take_arg(const char *name, const char *value, void *ctx)
{
    struct args *args = ctx;

    if (strcmp(name, "after") != 0) {
        (void)pk_error_set(args->err, PK_EUNKNOWN, "this call has no such parameter");
        return pk_query_path(args->err, name);
    }
    return pk_query_int(name, value, 0, INT64_MAX - 1, &args->after, args->err);
}

void pk_export_handler(struct pk_request *request, void *server)
{
    struct pk_server *s = server;
    struct pk_error err = { 0 };
    struct args args = { .err = &err };
    struct pk_store *store;
    struct pk_peer peer;
    json_t *body = NULL;
    int rc;

    if (!pk_peer_of(request, s, &peer)) {
        return;
    }
    store = pk_server_store_for(s, request);
    if (store == NULL) {
        return;
    }
    rc = pk_request_query_each(request, take_arg, &args);
    if (rc == PK_OK) {
        rc = pk_export_make(s, store, peer.device, args.after, &body, &err);
    }
    if (rc < 0) {
        pk_reply_error(request, &err);
        return;
    }
    pk_reply_json(request, 200, body);
}
