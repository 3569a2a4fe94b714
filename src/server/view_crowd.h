/* view_crowd.h - what the crowd thinks and knows, as the objects of docs/api.md, for those who may be told sums
 * only (crowd_door.h). */
#pragma once

#include "crowd/crowd.h"
#include "server/crowd_door.h"
#include "server/view.h"

struct pk_crowd_server_status;

/* The keys of a thing, into out: kind, name, network, bssid, place, mast, app, signer; null what its kind has not.
 * key->b 0: a network as a whole. */
void pk_view_crowd_thing(json_t *out, const struct pk_crowd_key *key, const char *name);

/* {"bad","score","devices","groups","clean","since_at","reasons":[{"term","text","weight"}]}; bare: only that it
 * is bad. */
json_t *pk_view_crowd_opinion(
        const struct pk_crowd_door *door, const struct pk_crowd_opinion *opinion, bool bare);
/* The strongest reason as a sentence, rather what was seen than how many saw it; NULL: there is none. In the
 * call's arena. */
const char *pk_view_crowd_why(
        const struct pk_crowd_door *door, const struct pk_crowd_opinion *opinion);

/* Values of traits that have a text that people know. */
#define PK_CROWD_NAMES_MAX 256
struct pk_crowd_names {
    struct {
        const char *text;
        uint64_t value; /* as in struct pk_crowd_value */
        enum pk_crowd_attribute attribute;
    } items[PK_CROWD_NAMES_MAX];
    size_t count;
};

/* One level of a network's profile; whole NULL: it is the whole network itself. */
json_t *pk_view_crowd_profile(const struct pk_crowd_door *door, const char *level,
        const struct pk_crowd_network *profile, const struct pk_crowd_network *whole,
        const struct pk_crowd_names *names);
json_t *pk_view_crowd_app(const struct pk_crowd_door *door, const struct pk_crowd_app *app);
json_t *pk_view_crowd_voice(const struct pk_crowd_voice *voice); /* the factors */
json_t *pk_view_crowd_status(const struct pk_crowd_server_status *status,
        const struct pk_crowd_counts *counts, int64_t memory_max, int64_t up_ms);
