#include <arpa/inet.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/event.h"
#include "base/file.h"
#include "journal/journal.h"
#include "server/auth.h"
#include "server/crowd.h"
#include "server/devices.h"
#include "server/health.h"
#include "server/workers.h"

#define METRICS_MAX  (256UL * 1024)
#define METRICS_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

static bool is_loopback(const char *address)
{
    return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}

/* A program of the administrator by its token, or whoever sits on this machine. */
static bool may_read(struct pk_request *request, struct pk_server *server)
{
    const char *header = pk_request_header(request, "Authorization");
    struct pk_error err = { 0 };
    struct pk_token token;
    struct pk_store *store;
    char digest[PK_SHA256_HEX];

    if (is_loopback(pk_request_address(request))) {
        return true;
    }
    if (header == NULL || strncasecmp(header, "Bearer ", 7) != 0) {
        return false;
    }
    store = pk_server_store(server, &err);
    pk_sha256_hex(pk_slice_str(header + 7), digest);
    return store != NULL &&
            pk_token_use(store, PK_TOKEN_API, digest, pk_server_now(server),
                    pk_request_arena(request), &token, &err) == PK_OK &&
            pk_role_may((enum pk_role)token.role, PK_RIGHT_VIEW);
}

static void put(
        struct pk_buffer *out, const char *type, const char *name, const char *help, double value)
{
    (void)pk_buffer_printf(out, "# TYPE %s %s\n# HELP %s %s\n%s%s %.15g\n", name, type, name, help,
            name, type[0] == 'c' ? "_total" : "", value);
}

/* Resident memory in bytes; 0 when the system does not tell. */
static double resident_bytes(void)
{
    struct pk_buffer text = pk_buffer_of(256);
    const char *second;
    long pages = 0;

    if (pk_file_read("/proc/self/statm", &text, NULL) == PK_OK && text.ptr != NULL) {
        second = strchr(text.ptr, ' ');
        pages = second != NULL ? strtol(second, NULL, 10) : 0;
    }
    pk_buffer_finish(&text);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static void put_process(struct pk_buffer *out, const struct pk_server *server)
{
    struct rusage usage = { 0 };

    (void)getrusage(RUSAGE_SELF, &usage);
    put(out, "counter", "process_cpu_seconds", "CPU time of this process.",
            (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
                    (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
    put(out, "gauge", "process_resident_memory_bytes", "Resident memory.", resident_bytes());
    put(out, "gauge", "process_start_time_seconds", "Start of this process, Unix time.",
            (double)server->started_ms / 1000);
}

static void put_foresight(struct pk_buffer *out, struct pk_server *server)
{
    struct pk_hazard_count count;

    pk_crowd_server_hazard(server->crowd, &count);
    put(out, "gauge", "picket_foresight_devices", "Devices whose chance of an attack is computed.",
            (double)count.devices);
    put(out, "gauge", "picket_foresight_bytes", "Memory of what it is computed from.",
            (double)count.bytes);
    put(out, "gauge", "picket_foresight_rows", "Closed weeks that its level stands on, faded.",
            count.rows7);
    put(out, "gauge", "picket_foresight_shift", "How far its log-odds are shifted to that level.",
            count.shift7);
}

static void put_crowd(struct pk_buffer *out, struct pk_server *server)
{
    struct pk_crowd_server_status status;
    struct pk_crowd_counts counts;

    pk_crowd_server_status(server->crowd, &status);
    pk_crowd_server_count(server->crowd, &counts);
    put(out, "gauge", "picket_crowd_live", "1 when the crowd is as new as the journal.",
            status.live ? 1 : 0);
    put(out, "counter", "picket_crowd_reports", "Reports that the crowd took since start.",
            (double)status.entries);
    put(out, "counter", "picket_crowd_sightings", "Sightings that the crowd took since start.",
            (double)status.sightings);
    put(out, "gauge", "picket_crowd_lag", "Reports stored that the crowd has not taken.",
            (double)status.lag);
    put(out, "gauge", "picket_crowd_things", "Access points, masts and files that are known.",
            (double)(counts.points + counts.masts + counts.apps));
    put(out, "gauge", "picket_crowd_suspects", "Things that somebody speaks against.",
            (double)counts.suspects);
    put(out, "gauge", "picket_crowd_bad", "Things that are bad for everybody now.",
            (double)counts.bad);
    put(out, "gauge", "picket_crowd_bytes", "Memory of all that is remembered.",
            (double)counts.bytes);
    put(out, "gauge", "picket_crowd_checkpoint_time_seconds",
            "When the newest checkpoint was saved, Unix time; 0: never.",
            (double)status.checkpoint_ms / 1000);
    put(out, "gauge", "picket_crowd_checkpoint_bytes", "Its size.",
            (double)status.checkpoint_bytes);
    put(out, "gauge", "picket_crowd_checkpoint_seconds", "How long saving it took.",
            (double)status.checkpoint_took_ms / 1000);
}

void pk_metrics_handler(struct pk_request *request, void *server)
{
    struct pk_buffer out = pk_buffer_of(METRICS_MAX);
    struct pk_server *s = server;
    struct pk_strings problems;
    size_t len;

    if (!may_read(request, s)) {
        pk_reply_header(request, "WWW-Authenticate", "Bearer");
        pk_reply_problem(
                request, 401, "unauthorized", "an API token is needed from other machines", NULL);
        return;
    }
    pk_server_problems(s, pk_request_arena(request), &problems);
    pk_event_metrics(&out);
    put(&out, "gauge", "picket_connections", "Open connections.", pk_server_connections(s));
    put(&out, "gauge", "picket_waits", "Devices that wait for commands.", pk_server_waiting(s));
    put(&out, "gauge", "picket_devices", "Devices that ever enrolled.",
            (double)pk_devices_count(s->devices));
    put(&out, "counter", "picket_reports", "Reports stored since start.",
            (double)pk_journal_stored(s->journal));
    put(&out, "counter", "picket_reports_processed", "Reports worked in since start.",
            (double)pk_workers_done(s->workers));
    put(&out, "gauge", "picket_journal_lag", "Reports stored and not worked in yet.",
            (double)pk_server_lag(s));
    put(&out, "gauge", "picket_ready", "1 when reports are taken and worked in.",
            problems.count == 0 ? 1 : 0);
    if (s->crowd != NULL) {
        put_crowd(&out, s);
        put_foresight(&out, s);
    }
    put_process(&out, s);
    (void)pk_buffer_puts(&out, "# EOF\n");
    len = out.len;
    if (out.rc < 0) {
        struct pk_error err = { .code = out.rc, .text = "the metrics do not fit" };

        pk_buffer_finish(&out);
        pk_reply_error(request, &err);
        return;
    }
    pk_reply_bytes(request, 200, METRICS_TYPE, pk_buffer_take(&out), len);
}
