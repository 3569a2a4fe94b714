/* view_network.h - networks and what the organisation trusts as the API shows them. Pure, as view.h; the caller owns
 * what comes back. */
#pragma once

#include "model/trust.h"
#include "server/view.h"
#include "store/networks.h"

/* until_ms: when it is forgotten. */
json_t *pk_view_network(const struct pk_network_row *row, int64_t until_ms);
json_t *pk_view_network_device(const struct pk_network_device *row);
/* traits: struct pk_network_trait_row. */
json_t *pk_view_network_traits(const struct pk_array *traits);
json_t *pk_view_network_facts(const struct pk_array *facts); /* struct pk_network_fact */
json_t *pk_view_network_cells(const struct pk_array *cells); /* struct pk_network_cell */
/* Is it what the organisation's list says? null: not on it. */
json_t *pk_view_network_trust(const struct pk_trust *trust, const struct pk_network_row *row,
        const struct pk_array *traits);
/* Openings and ends of its incidents (struct pk_incident_row), newest first. */
json_t *pk_view_network_timeline(const struct pk_array *incidents);
