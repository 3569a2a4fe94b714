/* health.h - what operations ask: /healthz, /readyz, /metrics, and the CA certificate. */
#pragma once

#include "server/server.h"

void pk_healthz_handler(struct pk_request *request, void *server);
void pk_readyz_handler(struct pk_request *request, void *server);
void pk_metrics_handler(struct pk_request *request, void *server);
void pk_ca_pem_handler(struct pk_request *request, void *server);
