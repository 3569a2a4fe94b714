/* trust_sources.h - what the organisation trusts, from all who say so: agent.yaml, the file that it names, and the
 * server. Loop thread. */
#pragma once

#include "agent/trust_file.h"
#include "agent/trust_store.h"

struct pk_agent_settings;
struct pk_sense;
struct pk_trust_sources;

/* settings are borrowed; hooks as those of the file: changed() also after the server said something new, trouble()
 * also from here. */
PK_MUST_USE int pk_trust_sources_open(struct pk_loop *loop,
        const struct pk_agent_settings *settings, const struct pk_trust_file_hooks *hooks,
        struct pk_trust_sources **out, struct pk_error *err);
void pk_trust_sources_close(struct pk_trust_sources *sources); /* NULL is fine */

/* All of them united, given to the senses. */
PK_MUST_USE int pk_trust_sources_apply(
        const struct pk_trust_sources *sources, struct pk_sense *sense, struct pk_error *err);

/* The server's: the version that we have, and a new one. */
const char *pk_trust_sources_version(const struct pk_trust_sources *sources);
void pk_trust_sources_take(
        struct pk_trust_sources *sources, const char *version, const json_t *trust);
