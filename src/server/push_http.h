/* push_http.h - POST /v1/push: a device tells where it can be woken (docs/protocol.md). */
#pragma once

#include "server/server.h"

#define PK_PUSH_BODY_MAX 4096

void pk_push_handler(struct pk_request *request, void *server);
