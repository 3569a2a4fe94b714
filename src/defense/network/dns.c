/* A resolver that answers for names that cannot exist sends typing mistakes, and everything that
 * relies on "no such name", to a place of its own choice. A portal may do so until the sign-in. */
#include "defense/defense.h"

#define HIJACK "network.dns_hijack"

int pk_judge_dns(const struct pk_observation *o, struct pk_arena *arena, struct pk_findings *out)
{
    const struct pk_obs_dns *d = o->dns;
    json_t *addresses;

    if (o->network == NULL || d->captive == PK_TRI_YES || d->nx_probes <= d->timeouts) {
        return PK_OK;
    }
    if (d->nx_answered == 0) {
        return pk_findings_clear(out, HIJACK, o->network, o->at_ms);
    }
    if (d->trusted_nx == PK_TRI_NO) {
        return PK_OK; /* the names do exist somewhere: the probe proves nothing */
    }
    addresses = json_array();
    for (size_t i = 0; i < d->nx_addresses.count; i++) {
        (void)json_array_append_new(addresses, json_string(d->nx_addresses.items[i]));
    }
    return pk_findings_add(out, arena, HIJACK, o->network, d->trusted_nx == PK_TRI_YES ? 0.95 : 0.7,
            "network.dns_hijack/nx-answered",
            json_pack("{s:s, s:s, s:I, s:I, s:o, s:b}", "seen",
                    "The network's name server gives addresses for names that do not exist",
                    "resolver", d->resolver, "made_up_names_asked", (json_int_t)d->nx_probes,
                    "answered_with_an_address", (json_int_t)d->nx_answered, "addresses", addresses,
                    "trusted_resolver_says_no_such_name", d->trusted_nx == PK_TRI_YES),
            o->at_ms);
}
