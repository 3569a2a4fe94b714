/* probe_pac.h - where a proxy script (proxy auto-config, a JavaScript function FindProxyForURL) can lead. It is
 * never run: the strings in it are read, also those that are put together from pieces. Pure; hostile. */
#pragma once

#include "base/schema.h"

struct pk_arena;

#define PK_PAC_PROXIES_MAX 8

struct pk_pac {
    bool is_script;            /* it defines FindProxyForURL */
    struct pk_strings proxies; /* "host:port" */
    enum pk_tri direct;        /* it only ever says DIRECT; UNKNOWN: it hides what it says */
};

/* PK_ENOMEM. */
PK_MUST_USE int pk_pac_read(struct pk_slice script, struct pk_arena *arena, struct pk_pac *out);
