/* names_system.h - where the system asks for names: reads and watches the list of resolvers, and puts the
 * agent's own one before them while that is wanted. The list belongs to others, who write it anew whenever
 * the network or a VPN changes: then theirs is taken over, and ours comes before it again. One who keeps
 * writing against us wins. Loop thread. */
#pragma once

#include <stdbool.h>

#include "agent/lan_files.h"
#include "base/error.h"

struct pk_loop;
struct pk_names_system;

struct pk_names_system_hooks {
    /* The resolvers to forward to, without our own; at least one. */
    void (*servers)(void *ctx, const struct pk_resolv *resolv);
    void (*trouble)(void *ctx, const char *what);
    void *ctx;
};

/* path: the list of resolvers, [/etc/resolv.conf]; own: the address that is listened on. Strings are
 * copied. Tells servers() before it returns when there are any. */
PK_MUST_USE int pk_names_system_create(struct pk_loop *loop, const char *path,
        const struct pk_address *own, const struct pk_names_system_hooks *hooks,
        struct pk_names_system **out, struct pk_error *err);
/* Restores the list when it was changed. NULL is fine. */
void pk_names_system_destroy(struct pk_names_system *system);

/* Changes the list, or restores it; and keeps it so. */
PK_MUST_USE int pk_names_system_install(struct pk_names_system *system, struct pk_error *err);
PK_MUST_USE int pk_names_system_restore(struct pk_names_system *system, struct pk_error *err);

enum pk_names_state {
    PK_NAMES_OUT,       /* our resolver is not in the list */
    PK_NAMES_IN,        /* it is the first */
    PK_NAMES_CONTESTED, /* wanted, but another program keeps taking it out */
};
enum pk_names_state pk_names_system_state(const struct pk_names_system *system);
const struct pk_resolv *pk_names_system_servers(const struct pk_names_system *system);

/* Without an agent: is our resolver in this list? And out with it: what a killed agent left behind. */
bool pk_names_left_behind(const char *path);
PK_MUST_USE int pk_names_repair(const char *path, struct pk_error *err);
/* What makes programs of this system ask elsewhere; NULL: nothing that is known. A constant. */
const char *pk_names_bypass(const char *path);
