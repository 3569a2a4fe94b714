#include "store/room.h"

int pk_ledger_counts_add(struct pk_store *store, const char *device,
        const struct pk_ledger_counts *more, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "INSERT INTO ledger (device, reports, agent, posture, network, gateway, dns, tls,"
            " portal, choice, apps, lease, routers, redirect, http, proxy, wifi, cell, name)"
            " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,"
            " ?18, ?19)"
            " ON CONFLICT (device) DO UPDATE SET reports = ledger.reports + excluded.reports,"
            " agent = ledger.agent + excluded.agent,"
            " posture = ledger.posture + excluded.posture,"
            " network = ledger.network + excluded.network,"
            " gateway = ledger.gateway + excluded.gateway, dns = ledger.dns + excluded.dns,"
            " tls = ledger.tls + excluded.tls, portal = ledger.portal + excluded.portal,"
            " choice = ledger.choice + excluded.choice, apps = ledger.apps + excluded.apps,"
            " lease = ledger.lease + excluded.lease,"
            " routers = ledger.routers + excluded.routers,"
            " redirect = ledger.redirect + excluded.redirect, http = ledger.http + excluded.http,"
            " proxy = ledger.proxy + excluded.proxy, wifi = ledger.wifi + excluded.wifi,"
            " cell = ledger.cell + excluded.cell, name = ledger.name + excluded.name",
            err);
    int64_t n;

    pk_put_text(&put, device);
    pk_put_int(&put, more->reports);
    for (int kind = 0; kind < PK_OBS_KIND_COUNT; kind++) {
        pk_put_int(&put, more->by_kind[kind]);
    }
    n = pk_put_run(&put);
    return n < 0 ? (int)n : PK_OK;
}

int pk_ledger_counts_get(struct pk_store *store, const char *device, struct pk_ledger_counts *out,
        struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT reports, agent, posture, network, gateway, dns, tls, portal, choice, apps,"
            " lease, routers, redirect, http, proxy, wifi, cell, name FROM ledger WHERE device = "
            "?1",
            err);
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
