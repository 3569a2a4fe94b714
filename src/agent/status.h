/* status.h - how this device fares, as one JSON object and as a page for people. */
#pragma once

#include <stdint.h>
#include <jansson.h>

#include "base/buffer.h"
#include "model/observation.h"

struct pk_agent_judge;
struct pk_identity;
struct pk_spool_state;
struct pk_uplink_state;

struct pk_status_input {
    const struct pk_agent_judge *judge;
    const struct pk_identity *identity;   /* NULL: works without a server */
    const struct pk_uplink_state *uplink; /* NULL: the same */
    const struct pk_spool_state *spool;   /* NULL: the same */
    struct pk_array sensors;              /* struct pk_sensor */
    const char *network;                  /* id; NULL: none */
    json_t *crowd;                        /* what is here of it; taken over; NULL: nothing */
    json_t *places;                       /* a count of ways; taken over; NULL: nothing */
    const char *language;                 /* of words; NULL: English */
    int64_t started_ms;
    int64_t checked_ms; /* the newest observation; 0: none yet */
};

/* {"language","state":"protected|fix|act","words","to_fix":N,"cards":{"device","apps","network","updates"},
 *  "findings":[...],"sensors":[...],"server":{...},"network":{...},"crowd":{...},"places":{"pairs","asked_at"}|null,"checked_at","agent":{...}}.
 * A finding of severity info is shown but fixes nothing. The caller owns the result. */
json_t *pk_status_json(const struct pk_status_input *in);

/* The same for people. */
void pk_status_print(const json_t *status, bool colour, struct pk_buffer *out);

/* Whether it is bad news: exit status 1. */
bool pk_status_is_bad(const json_t *status);
