/* A check host whose certificate does not lead to a trusted root, on a network that lets us
 * through: someone answers in its place. The forged chain itself is the proof. Before a portal's
 * sign-in nothing is concluded: portals answer for every host (RFC 8952, section 3.4). */
#include "base/clock.h"
#include "defense/defense.h"

#define UNTRUSTED "network.tls_untrusted_ca"

static json_t *chain(const struct pk_array *certificates)
{
    const struct pk_certificate *c = certificates->items;
    json_t *array = json_array();
    json_t *one;

    for (size_t i = 0; i < certificates->count; i++) {
        char before[PK_TIME_TEXT];
        char after[PK_TIME_TEXT];

        one = json_pack("{s:s*, s:s*, s:s, s:s*, s:s, s:s, s:s*}", "subject", c[i].subject,
                "issuer", c[i].issuer, "sha256", c[i].sha256, "spki_sha256", c[i].spki_sha256,
                "not_before", pk_time_format(c[i].not_before_ms, before), "not_after",
                pk_time_format(c[i].not_after_ms, after), "pem", c[i].pem);
        (void)json_array_append_new(array, one);
    }
    return array;
}

static int forged(const struct pk_observation *o, double confidence, const char *rule,
        const char *seen, struct pk_arena *arena, struct pk_findings *out)
{
    const struct pk_obs_tls *t = o->tls;
    int rc = pk_findings_add(out, arena, UNTRUSTED, o->network, confidence, rule,
            json_pack("{s:s, s:s, s:I, s:s*, s:s*, s:s*, s:o}", "seen", seen, "host", t->host,
                    "port", (json_int_t)t->port, "address", t->address, "check_said", t->error,
                    "tls_version", t->version, "chain", chain(&t->chain)),
            o->at_ms);

    if (rc == PK_OK) {
        pk_findings_part(out, t->host);
    }
    return rc;
}

int pk_judge_tls(const struct pk_observation *o, struct pk_arena *arena, struct pk_findings *out)
{
    const struct pk_obs_tls *t = o->tls;
    int rc;

    if (o->network == NULL) {
        return PK_OK;
    }
    switch ((enum pk_tls_outcome)t->outcome) {
    case PK_TLS_OK:
        rc = pk_findings_clear(out, UNTRUSTED, o->network, o->at_ms);
        if (rc == PK_OK) {
            pk_findings_part(out, t->host);
        }
        return rc;
    case PK_TLS_UNTRUSTED:
        if (t->captive == PK_TRI_YES || t->chain.count == 0) {
            return PK_OK;
        }
        return forged(o, 0.95, "network.tls_untrusted_ca/chain",
                "A check host showed a certificate that no trusted authority signed", arena, out);
    case PK_TLS_PIN:
        if (t->chain.count == 0) {
            return PK_OK;
        }
        return forged(o, 0.97, "network.tls_untrusted_ca/pin",
                "A host whose key is known showed another one", arena, out);
    case PK_TLS_EXPIRED: /* wrong clocks and forgotten renewals look like this, attackers rarely */
    case PK_TLS_WRONG_NAME: /* portals without an API do this */
    case PK_TLS_INVALID:
    case PK_TLS_FAILED:
    case PK_TLS_UNREACHABLE:
        return PK_OK;
    }
    return PK_OK;
}
