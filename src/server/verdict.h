/* verdict.h - GET /v1/network/verdict: what is known of a network before joining it. */
#pragma once

#include "server/server.h"

void pk_verdict_handler(struct pk_request *request, void *server);
