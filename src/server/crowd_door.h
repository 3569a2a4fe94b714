/* crowd_door.h - what people may be shown of the crowd: the door VIEW of crowd/kanon.h, for things of this
 * server. Belongs to one call. */
#pragma once

#include "crowd/kanon.h"
#include "crowd/opinion.h"
#include "server/call.h"
#include "store/apps.h"
#include "store/networks.h"

struct pk_crowd_door {
    struct pk_call *call;
    struct pk_kanon kanon;
    /* The network that was looked at last: lists ask for many things of one. */
    uint64_t network;
    bool has_row;
    struct pk_network_row row;
};

void pk_crowd_door_init(struct pk_crowd_door *door, struct pk_call *call);

/* May it be shown, and how much? opinion NULL: nobody speaks of it. When it is of a network, door->row is that
 * network's if door->has_row. */
enum pk_kanon_answer pk_crowd_door_ask(struct pk_crowd_door *door, const struct pk_crowd_key *key,
        const struct pk_crowd_opinion *opinion);
/* How the organisation calls it: a network of its list, an app. NULL: it does not. In the arena. */
const char *pk_crowd_door_name(struct pk_crowd_door *door, const struct pk_crowd_key *key);

/* The file whose SHA-256 begins so. false: it was never here. */
bool pk_crowd_door_file(struct pk_crowd_door *door, uint64_t file, struct pk_app_file *out);

/* A number as it may be told: at least so many; 0 (null): fewer than the door's least. */
uint32_t pk_crowd_door_sum(const struct pk_crowd_door *door, double number);
json_t *pk_crowd_door_number(const struct pk_crowd_door *door, double number);
