/* GET /trust: what the policy says about networks. It is changed in the policy's file alone. */
#include "base/crypt.h"
#include "model/observation.h"
#include "policy/policy.h"
#include "server/call.h"
#include "server/view_network.h"

/* A network of the list, with what devices found where it is. */
static int view_one(struct pk_call *call, struct pk_slice key, const struct pk_trust_network *n,
        json_t *out, struct pk_error *err)
{
    struct pk_network_row row = { 0 };
    char id[PK_NETWORK_ID];
    int rc;

    pk_network_id(key, n->name, id);
    rc = pk_network_get(call->store, id, call->arena, &row, err);
    if (rc < 0 && rc != PK_ENOENT) {
        return rc;
    }
    (void)json_array_append_new(out,
            json_pack("{s:s, s:s, s:s, s:o, s:o, s:b, s:s, s:I}", "id", id, "name", n->name,
                    "security", pk_security_names[n->security], "bssids",
                    pk_view_strings(n->bssids.items, n->bssids.count), "certificate",
                    pk_view_text(n->certificate), "met", (int)(rc == PK_OK), "verdict",
                    pk_network_verdict_names[row.standing], "devices", (json_int_t)row.devices));
    return PK_OK;
}

static json_t *view_names(const struct pk_trust_names *n)
{
    return json_pack("{s:s, s:s, s:b, s:o, s:o, s:b}", "phishing", pk_block_mode_names[n->phishing],
            "control", pk_block_mode_names[n->control], "lookalikes", (int)n->lookalikes, "allow",
            pk_view_strings(n->allow.items, n->allow.count), "deny",
            pk_view_strings(n->deny.items, n->deny.count), "tell_name", (int)n->tell_name);
}

int pk_api_trust_get(struct pk_call *call, struct pk_error *err)
{
    const struct pk_policy *policy = pk_server_policy(call->server);
    const struct pk_trust *t = pk_policy_trust(policy);
    const struct pk_trust_network *rows = t->networks.items;
    uint8_t key[PK_SHA256_SIZE];
    json_t *networks = json_array();
    int rc = pk_unhex(call->server->network_key, key, sizeof(key));

    for (size_t i = 0; i < t->networks.count && rc == PK_OK; i++) {
        rc = view_one(call, pk_slice_of(key, sizeof(key)), &rows[i], networks, err);
    }
    if (rc < 0) {
        json_decref(networks);
        return rc;
    }
    return pk_call_reply(call, 200,
            json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "policy", pk_policy_name(policy),
                    "version", pk_policy_trust_version(policy), "networks", networks,
                    "inspection_cas",
                    pk_view_strings(t->inspection_cas.items, t->inspection_cas.count), "pac_urls",
                    pk_view_strings(t->pac_urls.items, t->pac_urls.count), "split_zones",
                    pk_view_strings(t->split_zones.items, t->split_zones.count), "hosts",
                    pk_view_strings(t->hosts.items, t->hosts.count), "names",
                    view_names(t->names)));
}
