/* export.h - everything that this server holds about a device, for the person who carries it (GDPR Art. 15 and 20). */
#pragma once

#include "server/server.h"

/* {"format":"picket-export-1","exported_at","server","device","tables":{...},"reports":[{"offset","received_at",
 * "observations":[...]}],"next"}: the tables come with after = 0 alone, reports behind offset `after` as many as fit;
 * next is where to go on, null: that was all. The caller owns *out. PK_ENOENT: no such device. */
PK_MUST_USE int pk_export_make(struct pk_server *server, struct pk_store *store, const char *device,
        int64_t after, json_t **out, struct pk_error *err);

/* GET /v1/me/export?after=OFFSET */
void pk_export_handler(struct pk_request *request, void *server);
