/* ingest.h - POST /v1/report: checks and bounds a batch of observations, hands it to the journal and
 * answers when it is durable. docs/protocol.md is the contract. */
#pragma once

#include "server/server.h"

#define PK_INGEST_SENT_MAX  (256UL * 1024) /* bytes as sent; unpacked: PK_REPORT_BYTES_MAX */
#define PK_INGEST_PAST_MS   (INT64_C(30) * 86400000)
#define PK_INGEST_FUTURE_MS (INT64_C(3600) * 1000)

void pk_ingest_handler(struct pk_request *request, void *server);
