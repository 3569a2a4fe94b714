#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/file.h"
#include "journal/journal.h"
#include "server/ca.h"
#include "server/call.h"
#include "server/view.h"
#include "store/db.h"

static int64_t entries_of(struct pk_journal *journal)
{
    int64_t entries = 0;

    for (int p = 0; p < PK_PARTITIONS; p++) {
        entries += pk_journal_newest(journal, p);
    }
    return entries;
}

/* ---- the machine ------------------------------------------------------------------------------------- */

#define STATUS_MAX 8192

/* The number behind a name in /proc/self/status; -1: it cannot be read. */
static int64_t status_of(const char *text, const char *name)
{
    const char *at = text != NULL ? strstr(text, name) : NULL;

    return at != NULL ? strtoll(at + strlen(name), NULL, 10) : -1;
}

static json_t *view_process(void)
{
    struct pk_buffer text = pk_buffer_of(STATUS_MAX);
    int rc = pk_file_read("/proc/self/status", &text, NULL);
    const char *status = rc == PK_OK ? text.ptr : NULL;
    json_t *out = json_pack("{s:I, s:I}", "threads", (json_int_t)status_of(status, "\nThreads:"),
            "memory_kb", (json_int_t)status_of(status, "\nVmRSS:"));

    pk_buffer_finish(&text);
    return out;
}

static json_t *view_disk(const char *dir)
{
    struct statvfs fs;
    json_int_t unit;

    if (statvfs(dir, &fs) != 0) {
        return json_null();
    }
    unit = (json_int_t)fs.f_frsize;
    return json_pack("{s:I, s:I}", "bytes", (json_int_t)fs.f_blocks * unit, "free",
            (json_int_t)fs.f_bavail * unit);
}

static json_t *view_certificates(const struct pk_server *server, const struct pk_store_size *size)
{
    char path[PATH_MAX];
    X509 *own = NULL;
    json_t *server_end = NULL;

    (void)snprintf(path, sizeof(path), "%s/server.pem", server->settings.state_dir);
    if (pk_x509_load(path, &own, NULL) == PK_OK) {
        server_end = pk_view_time(pk_x509_not_after_ms(own));
        X509_free(own);
    }
    return json_pack("{s:o, s:o, s:I, s:I}", "authority_ends_at",
            pk_view_time(pk_x509_not_after_ms(pk_ca_certificate(server->ca))), "server_ends_at",
            server_end != NULL ? server_end : json_null(), "devices_ending",
            (json_int_t)size->ending, "devices_ended", (json_int_t)size->ended);
}

int pk_api_health_get(struct pk_call *call, struct pk_error *err)
{
    struct pk_server *server = call->server;
    struct pk_strings problems = { 0 };
    struct pk_array targets = { 0 };
    struct pk_store_size size = { 0 };
    int rc = pk_target_states(call->store, call->arena, &targets, err);

    if (rc == PK_OK) {
        rc = pk_store_size(call->store, call->now_ms, &size, err);
    }
    if (rc < 0) {
        return rc;
    }
    pk_server_problems(server, call->arena, &problems);
    return pk_call_reply(call, 200,
            json_pack("{s:s, s:s, s:o, s:o, s:s, s:I, s:o, s:o, s:o, s:{s:I, s:I}, s:I, s:I, s:o, "
                      "s:o}",
                    "status", problems.count == 0 ? "ok" : "degraded", "version", PK_VERSION,
                    "started_at", pk_view_time(server->started_ms), "now",
                    pk_view_time(call->now_ms), "store",
                    pk_db_engine(pk_store_db(call->store)) == PK_ENGINE_SQLITE ? "sqlite"
                                                                               : "postgresql",
                    "store_bytes", (json_int_t)size.bytes, "disk",
                    view_disk(server->settings.state_dir), "process", view_process(),
                    "certificates", view_certificates(server, &size), "journal", "entries",
                    (json_int_t)entries_of(server->journal), "lag",
                    (json_int_t)pk_server_lag(server), "connections",
                    (json_int_t)pk_http_connections(server->http), "waiting",
                    (json_int_t)pk_server_waiting(server), "outbox", pk_view_targets(&targets),
                    "problems", pk_view_strings(problems.items, problems.count)));
}
