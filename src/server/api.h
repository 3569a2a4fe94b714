/* api.h - the administrators' face of picketd: everything under /api/v1 of docs/api.md, and the
 * console's files. It stands on server.h and knows nothing of how devices speak. */
#pragma once

#include "server/http.h"

struct pk_api;
struct pk_server;
struct pk_settings;

/* Reads the console's files into memory, starts the thread that answers waiting readers of the event
 * stream. The server is borrowed; call before the first request and put *out into server->api. */
PK_MUST_USE int pk_api_create(struct pk_server *server, struct pk_api **out, struct pk_error *err);
/* Answers all that wait with 503; before pk_http_stop(). NULL is fine. */
void pk_api_stop(struct pk_api *api);
/* After pk_http_stop(). NULL is fine. */
void pk_api_destroy(struct pk_api *api);

/* Copies the routes to out (at most max) and returns how many there are. Their context is the
 * server. */
size_t pk_api_routes(const struct pk_settings *settings, struct pk_route *out, size_t max);
/* The fallback of pk_http_start(): the console. */
void pk_api_console(struct pk_request *request, void *context);

/* Readers of the event stream that wait now, for the metrics. */
unsigned pk_api_waiting(struct pk_api *api);
