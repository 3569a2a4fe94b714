/* life.h - picketd from its first file to its last thread. One process, one server. */
#pragma once

#include "server/server.h"

/* Reads the settings (config NULL: defaults), opens CA and store and makes what is missing. Nothing
 * listens yet: enough for --issue-enrollment and --signin-link beside a running server. */
PK_MUST_USE int pk_server_open(const char *config, struct pk_server **out, struct pk_error *err);
/* After pk_server_stop() when it was started. NULL is fine. */
void pk_server_close(struct pk_server *server);

/* Takes the state folder for this process alone, starts all threads and listens. */
PK_MUST_USE int pk_server_start(struct pk_server *server, struct pk_error *err);
/* Reads the policy file anew; devices that wait hear at once what it trusts. On failure the one that was
 * read before stays in force. The thread that started the server. */
PK_MUST_USE int pk_server_reload(struct pk_server *server, struct pk_error *err);
/* Reads the organisation's own words for threats anew, after they were changed in the store. Any thread. */
PK_MUST_USE int pk_server_reload_texts(struct pk_server *server, struct pk_error *err);
/* Answers what waits, commits what was taken, ends all threads. */
void pk_server_stop(struct pk_server *server);
