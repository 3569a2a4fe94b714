#include "server/life.h"

#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/event.h"
#include "base/file.h"
#include "intel/places.h"
#include "journal/journal.h"
#include "pipeline/pipeline.h"
#include "respond/dispatch.h"
#include "server/api.h"
#include "server/apps.h"
#include "server/ca.h"
#include "server/crowd.h"
#include "server/crowd_share.h"
#include "server/devices.h"
#include "server/due.h"
#include "server/exchange.h"
#include "server/limits.h"
#include "server/networks.h"
#include "server/oidc.h"
#include "server/outbox.h"
#include "server/policies.h"
#include "server/retention.h"
#include "server/routes.h"
#include "server/scans.h"
#include "server/tell.h"
#include "server/texts.h"
#include "server/tls.h"
#include "server/wait.h"
#include "server/workers.h"

#define SETTINGS_MEMORY (4UL * 1024 * 1024)
/* Uploads of the largest size that may lie in the state folder at a time. */
#define SPOOLED_FILES_MAX 4
#define ROUTES_MAX        256
#define NETWORK_KEY       "network_key" /* of the store's meta table */
#define LIMIT_SLOTS       65536
#define FILES_SPARE       512UL /* descriptors beside the connections */

/* What only start and stop care about. */
struct life {
    struct pk_server server;
    struct pk_tls tls;
    struct pk_policies *policies;
    struct pk_texts *texts;
    pthread_mutex_t policies_lock; /* of the texts, too */
    struct pk_pipeline pipeline;
    struct pk_intel_set *builtin;         /* NULL: none */
    struct pk_dispatch *_Atomic dispatch; /* started last; workers may have news before */
    char host[256];
    struct pk_route routes[ROUTES_MAX];
    size_t route_count;
    int lock_fd;
};

static struct life *life_of(struct pk_server *server)
{
    return (struct life *)server; /* its first member */
}

static int no_memory(struct pk_error *err)
{
    return pk_error_set(err, PK_ENOMEM, "out of memory");
}

/* ---- open ---------------------------------------------------------------------------------------- */

static void close_store(void *store)
{
    pk_store_close(store);
}

/* The port that is listened on: configured, or what the running server wrote down. */
static int port_for_links(const struct pk_server *s)
{
    struct pk_buffer text = pk_buffer_of(16);
    char path[PATH_MAX];
    int port = (int)s->settings.listen->port;

    (void)snprintf(path, sizeof(path), "%s/port", s->settings.state_dir);
    if (port == 0 && pk_file_read(path, &text, NULL) == PK_OK && text.ptr != NULL) {
        port = (int)strtol(text.ptr, NULL, 10);
    }
    pk_buffer_finish(&text);
    return port;
}

/* How people and devices reach us: the first configured name; on loopback that name; else this
 * machine's own. */
static int name_url(struct pk_server *s, int port, struct pk_error *err)
{
    const char *address = s->settings.listen->address;
    const char *host = life_of(s)->host;
    bool six;

    if (s->settings.names.count > 0) {
        host = s->settings.names.items[0];
    } else if (strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0) {
        host = "localhost";
    }
    six = strchr(host, ':') != NULL;
    s->url = pk_arena_printf(
            s->arena, "https://%s%s%s:%d", six ? "[" : "", host, six ? "]" : "", port);
    life_of(s)->pipeline.origin = s->url;
    return s->url != NULL ? PK_OK : no_memory(err);
}

/* The deployment's key of network ids, made once; two processes that start together agree. */
static int read_network_key(struct pk_server *s, struct pk_store *store, struct pk_error *err)
{
    char made[2 * PK_SHA256_SIZE + 1];
    int rc = pk_store_begin(store, err);

    if (rc < 0) {
        return rc;
    }
    rc = pk_meta_get(store, NETWORK_KEY, s->arena, &s->network_key, err);
    if (rc == PK_ENOENT || (rc == PK_OK && s->network_key == NULL)) {
        pk_random_hex(PK_SHA256_SIZE, made);
        rc = pk_meta_put(store, NETWORK_KEY, made, err);
        s->network_key = pk_arena_strdup(s->arena, made);
    }
    if (rc < 0) {
        pk_store_rollback(store);
        return rc;
    }
    rc = pk_store_commit(store, err);
    return rc == PK_OK && s->network_key == NULL ? no_memory(err) : rc;
}

static int open_all(struct pk_server *s, const char *config, struct pk_error *err)
{
    struct pk_store *store;
    int rc = pk_settings_load(config, s->arena, &s->settings, err);

    if (rc == PK_OK) {
        rc = pk_file_mkdirs(s->settings.state_dir, 0700, err);
    }
    if (rc < 0) {
        return rc;
    }
    pk_event_setup(STDERR_FILENO, (enum pk_event_format)s->settings.log->format,
            (enum pk_level)s->settings.log->level);
    if (pthread_key_create(&s->store_key, close_store) != 0) {
        return no_memory(err);
    }
    s->store_key_made = true;
    rc = pk_ca_open(s->settings.state_dir, s->started_ms, &s->ca, err);
    store = rc == PK_OK ? pk_server_store(s, err) : NULL;
    if (store == NULL) {
        return rc < 0 ? rc : PK_EIO;
    }
    rc = read_network_key(s, store, err);
    return rc < 0 ? rc : name_url(s, port_for_links(s), err);
}

int pk_server_open(const char *config, struct pk_server **out, struct pk_error *err)
{
    struct life *life = calloc(1, sizeof(*life));
    int rc;

    if (life == NULL) {
        return no_memory(err);
    }
    life->lock_fd = -1;
    life->server.started_ms = pk_clock_ms();
    life->server.arena = pk_arena_create(SETTINGS_MEMORY);
    if (gethostname(life->host, sizeof(life->host) - 1) != 0 || life->host[0] == '\0') {
        (void)snprintf(life->host, sizeof(life->host), "localhost");
    }
    rc = life->server.arena != NULL ? open_all(&life->server, config, err) : no_memory(err);
    if (rc < 0) {
        pk_server_close(&life->server);
        return rc;
    }
    *out = &life->server;
    return PK_OK;
}

void pk_server_close(struct pk_server *server)
{
    struct life *life;

    if (server == NULL) {
        return;
    }
    life = life_of(server);
    if (server->store_key_made) {
        pk_store_close(pthread_getspecific(server->store_key)); /* this thread's own */
        (void)pthread_key_delete(server->store_key);
    }
    pk_ca_close(server->ca);
    pk_tls_finish(&life->tls);
    pk_policies_destroy(life->policies);
    pk_texts_destroy(life->texts);
    pthread_mutex_destroy(&life->policies_lock);
    pk_arena_destroy(server->arena);
    if (life->lock_fd >= 0) {
        (void)close(life->lock_fd);
    }
    free(life);
}

/* ---- start --------------------------------------------------------------------------------------- */

/* Two servers on one state folder would each believe their own caches. */
static int lock_state(struct life *life, struct pk_error *err)
{
    char path[PATH_MAX];

    (void)snprintf(path, sizeof(path), "%s/lock", life->server.settings.state_dir);
    life->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (life->lock_fd < 0) {
        return pk_error_set(err, -errno, "cannot open '%s': %s", path, pk_code_text(-errno));
    }
    if (flock(life->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        return pk_error_set(
                err, PK_EBUSY, "another picketd runs on '%s'", life->server.settings.state_dir);
    }
    return PK_OK;
}

static unsigned processors(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);

    return n < 2 ? 2 : n > 16 ? 16 : (unsigned)n;
}

/* Each connection is a descriptor. Returns how many connections there can be. */
static unsigned raise_file_limit(const struct pk_server *s)
{
    rlim_t want = (rlim_t)s->settings.limits->connections + FILES_SPARE;
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return (unsigned)s->settings.limits->connections;
    }
    if (limit.rlim_cur < want) {
        struct rlimit more = { .rlim_cur = want,
            .rlim_max = want > limit.rlim_max ? want : limit.rlim_max };

        if (setrlimit(RLIMIT_NOFILE, &more) != 0) { /* beyond the hard limit only with privilege */
            more = (struct rlimit){ .rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max };
            (void)setrlimit(RLIMIT_NOFILE, &more);
        }
        (void)getrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur >= want) {
        return (unsigned)s->settings.limits->connections;
    }
    want = limit.rlim_cur > 2 * FILES_SPARE ? limit.rlim_cur - FILES_SPARE : limit.rlim_cur / 2;
    pk_event(PK_WARN, "start.few_files", { "files", PK_NUM(limit.rlim_cur) },
            { "connections", PK_NUM(want) });
    return (unsigned)want;
}

static int make_caches(struct pk_server *s, struct pk_error *err)
{
    const struct pk_limit_settings *l = s->settings.limits;
    struct pk_store *store = pk_server_store(s, err);

    s->devices = pk_devices_create();
    s->report_limits = pk_limits_create(l->reports_per_minute, l->reports_per_minute, LIMIT_SLOTS);
    s->enrolment_limits = pk_limits_create(
            l->enrolment_tries_per_minute, l->enrolment_tries_per_minute, LIMIT_SLOTS);
    s->api_limits = pk_limits_create(l->api_per_minute, l->api_per_minute, LIMIT_SLOTS);
    if (s->devices == NULL || s->report_limits == NULL || s->enrolment_limits == NULL ||
            s->api_limits == NULL) {
        return no_memory(err);
    }
    return store != NULL ? pk_devices_load(s->devices, store, err) : err->code;
}

/* What is known from the start; the store's own set comes on top. */
static int open_builtin(struct life *life, struct pk_error *err)
{
    char path[PATH_MAX];
    int rc = PK_OK;

    if (pk_intel_builtin_path(path)[0] != '\0') {
        rc = pk_intel_set_load(path, &life->builtin, err);
        pk_event(rc < 0 ? PK_ERROR : PK_INFO, "start.intel", { "set", path },
                { "why", rc < 0 ? err->text : NULL });
    }
    return rc == PK_ENOENT ? PK_OK : rc;
}

static bool listens(void *ctx, const char *device)
{
    return pk_waits_has(((struct pk_server *)ctx)->waits, device);
}

int pk_server_reload_texts(struct pk_server *server, struct pk_error *err)
{
    struct life *life = life_of(server);
    const struct pk_text_overrides *texts = NULL;
    struct pk_store *store = pk_server_store(server, err);
    int rc;

    if (store == NULL) {
        return err->code;
    }
    pthread_mutex_lock(&life->policies_lock);
    rc = pk_texts_load(life->texts, store, pk_server_now(server), &texts, err);
    if (rc == PK_OK) {
        life->pipeline.texts = texts;
    }
    pthread_mutex_unlock(&life->policies_lock);
    return rc;
}

static int load_policy(struct life *life, struct pk_error *err)
{
    const struct pk_settings *settings = &life->server.settings;
    const struct pk_policy *policy = NULL;
    struct pk_kanon kanon;
    struct pk_store *store;
    int rc;

    life->policies = pk_policies_create();
    life->texts = pk_texts_create();
    pthread_mutex_init(&life->policies_lock, NULL);
    if (life->policies == NULL || life->texts == NULL) {
        return no_memory(err);
    }
    store = pk_server_store(&life->server, err);
    rc = store == NULL ? err->code
                       : pk_policies_load(life->policies, settings->policy, store,
                                 pk_server_now(&life->server), &policy, err);
    if (rc < 0) {
        return rc;
    }
    rc = open_builtin(life, err);
    if (rc < 0) {
        return rc;
    }
    kanon = pk_privacy_kanon(
            settings->privacy, settings->crowd->min_devices, settings->exchange->min_devices);
    rc = pk_shelf_create(life->builtin, &kanon, &life->server.shelf);
    if (rc < 0) {
        return no_memory(err);
    }
    life->pipeline = (struct pk_pipeline){
        .policy = policy,
        .listens = listens,
        .listens_ctx = &life->server,
        .shelf = life->server.shelf,
        .asks = settings->apps->ask,
        .crowd = settings->crowd->enabled,
        .origin = life->server.url,
    };
    life->server.pipeline = &life->pipeline;
    rc = pk_server_reload_texts(&life->server, err);
    if (rc < 0) {
        return rc;
    }
    return pk_outbox_tell_pipeline(settings, life->server.arena, &life->pipeline, err);
}

const struct pk_policy *pk_server_policy(const struct pk_server *server)
{
    return server->pipeline->policy;
}

int pk_server_reload(struct pk_server *server, struct pk_error *err)
{
    struct life *life = life_of(server);
    const struct pk_policy *policy = NULL;
    struct pk_error why = { 0 };
    struct pk_store *store = pk_server_store(server, err);
    int rc;

    if (store == NULL) {
        return err->code;
    }
    /* By a signal and by the console at the same time: one after the other. */
    pthread_mutex_lock(&life->policies_lock);
    rc = pk_policies_load(
            life->policies, server->settings.policy, store, pk_server_now(server), &policy, err);
    if (rc == PK_OK) {
        life->pipeline.policy = policy;
    }
    pthread_mutex_unlock(&life->policies_lock);
    if (rc < 0) {
        return rc;
    }
    pk_due_wake(server->due);
    pk_waits_notify_all(server->waits);
    if (pk_networks_learn(server, &why) < 0) { /* only how people see them called */
        pk_event(PK_ERROR, "networks.names", { "why", why.text });
    }
    return PK_OK;
}

void pk_server_outbox_grew(struct pk_server *server)
{
    pk_dispatch_wake(life_of(server)->dispatch);
}

static int start_workers(struct life *life, struct pk_error *err)
{
    struct pk_server *s = &life->server;
    struct pk_workers_settings workers = {
        .server = s,
        .pipeline = &life->pipeline,
        .threads = s->settings.workers > 0 ? (unsigned)s->settings.workers : processors(),
    };
    int rc = PK_OK;

    if (s->settings.crowd->enabled) {
        rc = pk_crowd_share_start(s, &s->share, err);
    }
    if (rc == PK_OK) {
        rc = pk_crowd_server_start(s, &s->crowd, err);
    }
    return rc < 0 ? rc : pk_workers_start(&workers, &s->workers, err);
}

/* What leaves the server; last, since letters name the address that it listens on. */
static int start_telling(struct life *life, struct pk_error *err)
{
    struct pk_dispatch *dispatch = NULL;
    int rc = pk_outbox_start(&life->server, life->host, &dispatch, err);

    life->dispatch = dispatch;
    return rc < 0 ? rc : pk_tell_start(life->server.tell, err);
}

static int write_port(const struct pk_server *s, int port, struct pk_error *err)
{
    char path[PATH_MAX];
    char text[16];

    (void)snprintf(path, sizeof(path), "%s/port", s->settings.state_dir);
    (void)snprintf(text, sizeof(text), "%d\n", port);
    return pk_file_write(path, pk_slice_str(text), 0644, err);
}

static int listen_on(struct life *life, struct pk_error *err)
{
    struct pk_server *s = &life->server;
    const struct pk_limit_settings *limits = s->settings.limits;
    struct pk_http_settings http = {
        .address = s->settings.listen->address,
        .port = (int)s->settings.listen->port,
        .certificate_pem = life->tls.certificate_pem,
        .key_pem = life->tls.key_pem,
        .client_ca_pem = pk_ca_pem(s->ca),
        .threads = s->settings.threads > 0 ? (unsigned)s->settings.threads : processors(),
        .connections_max = raise_file_limit(s),
        .connections_per_address_max = (unsigned)limits->connections_per_address,
        .idle_timeout_s = (unsigned)limits->idle_timeout_s,
        .spool_dir = s->settings.state_dir,
        .spool_max = (size_t)s->settings.scan->upload_max_mb * SPOOLED_FILES_MAX * 1024 * 1024,
    };
    size_t count;
    const struct pk_route *device_routes = pk_device_routes(&count);
    int rc;

    memcpy(life->routes, device_routes, count * sizeof(life->routes[0]));
    for (size_t i = 0; i < count; i++) {
        if (life->routes[i].spool) {
            life->routes[i].body_max = (size_t)s->settings.scan->upload_max_mb * 1024 * 1024;
        }
    }
    life->route_count = count +
            pk_api_routes(&s->settings, life->routes + count, ROUTES_MAX - count);
    if (life->route_count > ROUTES_MAX) {
        return pk_error_set(
                err, PK_ELIMIT, "%zu routes, there is room for %d", life->route_count, ROUTES_MAX);
    }
    rc = pk_http_start(&http, life->routes, life->route_count, pk_api_console, s, &s->http, err);
    if (rc == PK_OK && http.port == 0) {
        rc = write_port(s, pk_http_port(s->http), err);
    }
    return rc < 0 ? rc : name_url(s, pk_http_port(s->http), err);
}

int pk_server_start(struct pk_server *server, struct pk_error *err)
{
    struct life *life = life_of(server);
    int rc = lock_state(life, err);

    if (rc == PK_OK) {
        rc = pk_tls_open(server->ca, server->settings.state_dir, &server->settings.names,
                server->started_ms, &life->tls, err);
    }
    if (rc == PK_OK) {
        rc = make_caches(server, err);
    }
    if (rc == PK_OK) {
        rc = load_policy(life, err);
    }
    if (rc == PK_OK) {
        rc = pk_journal_open(server->settings.journal, &server->journal, err);
    }
    if (rc == PK_OK) {
        rc = pk_tell_create(server, &server->tell, err);
    }
    if (rc == PK_OK) {
        rc = pk_waits_create(server, &server->waits, err);
    }
    if (rc == PK_OK) {
        rc = pk_oidc_create(server->settings.sso, &server->oidc, err);
    }
    if (rc == PK_OK) {
        rc = pk_api_create(server, &server->api, err);
    }
    if (rc == PK_OK) {
        rc = pk_scans_create(server, &server->scans, err);
    }
    if (rc == PK_OK) {
        rc = pk_apps_start(server, &server->apps, err);
    }
    if (rc == PK_OK) {
        rc = pk_networks_learn(server, err);
    }
    if (rc == PK_OK) {
        rc = start_workers(life, err);
    }
    if (rc == PK_OK) {
        rc = pk_retention_start(server, &server->retention, err);
    }
    if (rc == PK_OK) {
        rc = pk_due_start(server, &server->due, err);
    }
    if (rc == PK_OK) {
        rc = pk_exchange_start(server, &server->exchange, err);
    }
    if (rc == PK_OK) {
        rc = listen_on(life, err);
    }
    if (rc == PK_OK) {
        rc = start_telling(life, err);
    }
    if (rc < 0) {
        pk_server_stop(server);
        return rc;
    }
    pk_event(PK_INFO, "start.ready", { "url", server->url },
            { "devices", PK_NUM(pk_devices_count(server->devices)) }, { "version", PK_VERSION });
    return PK_OK;
}

/* From the outside in: who holds suspended requests answers them first, then the listener ends, then
 * what its handlers used. */
void pk_server_stop(struct pk_server *server)
{
    struct life *life = life_of(server);
    struct pk_workers *workers = server->workers;
    struct pk_crowd_server *crowd = server->crowd;
    struct pk_tell *tell = server->tell;

    pk_api_stop(server->api);
    pk_tell_stop(tell);
    pk_exchange_stop(server->exchange); /* its threads tell the crowd */
    pk_due_stop(server->due);
    server->due = NULL;
    pk_retention_stop(server->retention);
    server->retention = NULL;
    pk_apps_stop(server->apps); /* gives the readers nothing more */
    pk_scans_stop(server->scans);
    pk_crowd_share_stop(server->share);
    pk_waits_stop(server->waits);
    pk_http_stop(server->http);
    server->http = NULL;
    if (server->journal != NULL) {
        pk_journal_close(server->journal); /* hands the last entries to the workers */
        server->journal = NULL;
    }
    server->workers = NULL;
    pk_workers_stop(workers);
    server->crowd = NULL;
    pk_crowd_server_stop(crowd);
    pk_dispatch_stop(life->dispatch);
    life->dispatch = NULL;
    pk_tell_destroy(tell);
    pk_exchange_destroy(server->exchange);
    server->exchange = NULL;
    pk_api_destroy(server->api);
    pk_oidc_destroy(server->oidc);
    server->api = NULL;
    pk_scans_destroy(server->scans);
    server->scans = NULL;
    pk_apps_destroy(server->apps);
    server->apps = NULL;
    life->pipeline.shelf = NULL;
    pk_shelf_destroy(server->shelf);
    server->shelf = NULL;
    pk_intel_set_destroy(life->builtin);
    life->builtin = NULL;
    pk_crowd_share_destroy(server->share);
    server->share = NULL;
    pk_waits_destroy(server->waits);
    server->waits = NULL;
    pk_devices_destroy(server->devices);
    server->devices = NULL;
    pk_limits_destroy(server->report_limits);
    pk_limits_destroy(server->enrolment_limits);
    pk_limits_destroy(server->api_limits);
    server->report_limits = server->enrolment_limits = server->api_limits = NULL;
}
