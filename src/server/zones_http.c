#include "server/zones_http.h"

#include <math.h>

#include "crowd/key.h"
#include "server/crowd.h"
#include "server/peer.h"

#define PLACE_LENGTH 5

struct question {
    struct pk_strings cells;
};

static const struct pk_field fields[] = {
    { "cells", PK_TYPE_STRINGS, PK_REQUIRED, offsetof(struct question, cells), .min = PLACE_LENGTH,
            .max = PLACE_LENGTH, .count_max = PK_ZONES_ASKED,
            .help = "geohashes of 5 letters, 16 of them" },
};
static const struct pk_schema schema = PK_SCHEMA(struct question, fields, "question");

static json_t *answer_of(struct pk_server *s, const char *place, struct pk_arena *arena)
{
    struct pk_foresight_zone zone = { .standing = PK_ZONE_STANDING_UNKNOWN };

    (void)pk_crowd_server_place(s->crowd, pk_crowd_place_of(place), arena, &zone);
    return json_pack("{s:s, s:s, s:f}", "place", place, "light",
            pk_zone_standing_names[zone.standing], "p", round(zone.p * 1e4) / 1e4);
}

void pk_zones_handler(struct pk_request *request, void *server)
{
    struct pk_server *s = server;
    struct question q = { 0 };
    struct pk_peer peer;
    json_t *cells;

    if (!pk_peer_of(request, s, &peer) || pk_request_decode(request, &schema, &q) < 0) {
        return;
    }
    if (q.cells.count != PK_ZONES_ASKED) {
        pk_reply_problem(
                request, 400, "bad_request", "16 cells are asked about at a time", "cells");
        return;
    }
    for (size_t i = 0; i < q.cells.count; i++) {
        if (pk_crowd_place_of(q.cells.items[i]) == 0) {
            pk_reply_problem(
                    request, 400, "bad_request", "a cell is a geohash of 5 letters", "cells");
            return;
        }
    }
    cells = json_array();
    for (size_t i = 0; i < q.cells.count; i++) {
        (void)json_array_append_new(
                cells, answer_of(s, q.cells.items[i], pk_request_arena(request)));
    }
    pk_reply_json(request, 200, json_pack("{s:o}", "cells", cells));
}
