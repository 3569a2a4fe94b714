/* zones_http.h - POST /v1/zones: what joining open networks means in 16 squares at a time, of which the server is not
 * told which is meant. Nothing is kept of the question. */
#pragma once

#include "server/server.h"

#define PK_ZONES_ASKED    16 /* squares in a question, no more and no fewer */
#define PK_ZONES_BODY_MAX 1024

void pk_zones_handler(struct pk_request *request, void *server);
