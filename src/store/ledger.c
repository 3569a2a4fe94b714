#include "base/clock.h"
#include "store/room.h"

/* One column an observation kind, in the order of enum pk_observation_kind. */
#define KINDS                                                                                     \
    "agent, posture, network, gateway, dns, tls, portal, choice, apps, lease, routers, redirect," \
    " http, proxy, wifi, cell, name, drill"
#define ADD_KINDS(t)                                  \
    "agent = " t ".agent + excluded.agent"            \
    ", posture = " t ".posture + excluded.posture"    \
    ", network = " t ".network + excluded.network"    \
    ", gateway = " t ".gateway + excluded.gateway"    \
    ", dns = " t ".dns + excluded.dns"                \
    ", tls = " t ".tls + excluded.tls"                \
    ", portal = " t ".portal + excluded.portal"       \
    ", choice = " t ".choice + excluded.choice"       \
    ", apps = " t ".apps + excluded.apps"             \
    ", lease = " t ".lease + excluded.lease"          \
    ", routers = " t ".routers + excluded.routers"    \
    ", redirect = " t ".redirect + excluded.redirect" \
    ", http = " t ".http + excluded.http"             \
    ", proxy = " t ".proxy + excluded.proxy"          \
    ", wifi = " t ".wifi + excluded.wifi"             \
    ", cell = " t ".cell + excluded.cell"             \
    ", name = " t ".name + excluded.name"             \
    ", drill = " t ".drill + excluded.drill"

_Static_assert(PK_OBS_KIND_COUNT == 18, "the columns of ledger and ledger_days");

static int run(struct pk_put *put, const struct pk_ledger_counts *more)
{
    int64_t n;

    for (int kind = 0; kind < PK_OBS_KIND_COUNT; kind++) {
        pk_put_int(put, more->by_kind[kind]);
    }
    n = pk_put_run(put);
    return n < 0 ? (int)n : PK_OK;
}

int pk_ledger_counts_add(struct pk_store *store, const char *device,
        const struct pk_ledger_counts *more, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "INSERT INTO ledger (device, reports, " KINDS ")"
            " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,"
            " ?18, ?19, ?20)"
            " ON CONFLICT (device) DO UPDATE SET reports = ledger.reports + "
            "excluded.reports, " ADD_KINDS("ledger"),
            err);

    pk_put_text(&put, device);
    pk_put_int(&put, more->reports);
    return run(&put, more);
}

int pk_ledger_day_add(struct pk_store *store, const char *device, int64_t at_ms,
        const struct pk_ledger_counts *more, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "INSERT INTO ledger_days (device, day, reports, bytes, " KINDS ")"
            " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,"
            " ?18, ?19, ?20, ?21, ?22)"
            " ON CONFLICT (device, day) DO UPDATE SET reports = ledger_days.reports + "
            "excluded.reports,"
            " bytes = ledger_days.bytes + excluded.bytes, " ADD_KINDS("ledger_days"),
            err);

    pk_put_text(&put, device);
    pk_put_int(&put, at_ms / PK_DAY_MS);
    pk_put_int(&put, more->reports);
    pk_put_int(&put, more->bytes);
    return run(&put, more);
}

int pk_ledger_counts_get(struct pk_store *store, const char *device, struct pk_ledger_counts *out,
        struct pk_error *err)
{
    struct pk_put put = pk_put_start(
            store, "SELECT reports, " KINDS " FROM ledger WHERE device = ?1", err);
    int rc;

    *out = (struct pk_ledger_counts){ 0 };
    pk_put_text(&put, device);
    rc = pk_put_step(&put);
    if (rc <= 0) {
        return rc;
    }
    out->reports = pk_column_int(put.stmt, 0);
    for (int kind = 0; kind < PK_OBS_KIND_COUNT; kind++) {
        out->by_kind[kind] = pk_column_int(put.stmt, kind + 1);
    }
    pk_stmt_reset(put.stmt);
    return PK_OK;
}

static int read_day(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_ledger_day *day = out;

    (void)err;
    day->day = pk_get_int(get);
    day->counts.reports = pk_get_int(get);
    day->counts.bytes = pk_get_int(get);
    for (int kind = 0; kind < PK_OBS_KIND_COUNT; kind++) {
        day->counts.by_kind[kind] = pk_get_int(get);
    }
    return PK_OK;
}

int pk_ledger_days(struct pk_store *store, const char *device, int64_t limit,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT day, reports, bytes, " KINDS " FROM ledger_days WHERE device = ?1"
            " ORDER BY day DESC LIMIT ?2",
            err);

    pk_put_text(&put, device);
    pk_put_int(&put, limit);
    return pk_put_get_all(&put, arena, read_day, sizeof(struct pk_ledger_day), out, err);
}
