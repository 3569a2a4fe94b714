/* apps.h - what apps the phones of the demonstration have: a few files that they can send, apps of the
 * system, and what one of them should not have. */
#pragma once

#include "base/slice.h"
#include "fleet/facts.h"

struct pk_fleet_app {
    const char *package;
    const char *label;
    const char *version;
    int64_t version_code;
    const char *installer;
    struct pk_slice file; /* empty: it cannot be sent */
    int share;            /* of phones that have it, in percent */
    bool system;
    char sha256[65]; /* "" without a file */
};

/* Once, before the others; not thread-safe. */
void pk_fleet_apps_make(void);
size_t pk_fleet_app_count(void);
const struct pk_fleet_app *pk_fleet_app_at(size_t index);
/* The app whose file has this hash; NULL: none. */
const struct pk_fleet_app *pk_fleet_app_of(const char *sha256);

/* The inventory of this phone; the same phone has the same apps whenever it is asked. NULL: memory. */
json_t *pk_fact_apps(const struct pk_fact *fact, int platform, uint64_t seed, size_t index);
/* Someone with the phone in hand has installed what watches its owner. */
json_t *pk_fact_bad_app(const struct pk_fact *fact);

struct pk_slice pk_fleet_apps_bytes(void); /* data/fleet/apps.bin */
