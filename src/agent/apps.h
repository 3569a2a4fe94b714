/* apps.h - app files that lie in folders of this device: noticed by inotify, read once by the sandboxed
 * reader, judged here, told to the server, and sent when it asks. Between events it only sleeps; what a file
 * was found to be is remembered by its inode, size and time. Loop thread. */
#pragma once

#include "agent/settings.h"
#include "model/finding.h"
#include "model/observation.h"

struct pk_agent_apps;
struct pk_identity;
struct pk_loop;

struct pk_agent_apps_hooks {
    /* Without seq. news: it is about a finding. */
    void (*observation)(void *ctx, const struct pk_observation *obs, bool news);
    void (*findings)(void *ctx, const struct pk_findings *findings);
    void (*trouble)(void *ctx, const char *what);
    void *ctx;
};

/* All arguments are borrowed; hooks are copied. */
PK_MUST_USE int pk_agent_apps_create(struct pk_loop *loop, const struct pk_agent_settings *settings,
        struct pk_identity *identity, const struct pk_agent_apps_hooks *hooks,
        struct pk_agent_apps **out, struct pk_error *err);
void pk_agent_apps_destroy(struct pk_agent_apps *apps); /* before the loop; NULL is fine */

/* Looks at everything soon, then whenever something changes. */
void pk_agent_apps_start(struct pk_agent_apps *apps);
/* Looks now; done (NULL is fine) is called when that is over. */
void pk_agent_apps_look(struct pk_agent_apps *apps, void (*done)(void *ctx), void *ctx);

/* The server asks for the file with this hash. What is not here, is not told to the server or may not be
 * sent is passed over in silence: another device will be asked. */
void pk_agent_apps_send(struct pk_agent_apps *apps, const char *sha256);
