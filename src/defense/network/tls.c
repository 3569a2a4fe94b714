/* Check hosts that do not prove themselves, on a network that lets us through: someone answers in
 * their place. The forged chain itself is the proof. Each host is a part of its own: interception of
 * a few chosen hosts ends when these few are genuine again.
 *
 * Before a portal's sign-in nothing is concluded: portals answer for every host (RFC 8952, section
 * 3.4), and everything is asked again afterwards. The exception is our own server, whose authority
 * is known: a portal's own certificate does not bear its name, a forged one does. */
#include "base/clock.h"
#include "defense/defense.h"

#define UNTRUSTED "network.tls_untrusted_ca"
#define INSTALLED "network.tls_installed_ca"
#define ALLOWED   "network.tls_inspection_allowed"
#define DOWNGRADE "network.tls_downgrade"

/* What is said of an observation, and where it goes. */
struct verdict {
    const struct pk_observation *o;
    const struct pk_obs_tls *t;
    struct pk_arena *arena;
    struct pk_findings *out;
};

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

static json_t *evidence(const struct pk_obs_tls *t, const char *seen)
{
    return json_pack("{s:s, s:s, s:I, s:s*, s:s*, s:s, s:s*, s:s*, s:s*, s:s*, s:o}", "seen", seen,
            "host", t->host, "port", (json_int_t)t->port, "address", t->address, "check_said",
            t->error, "authority", pk_tls_trust_names[t->trust], "imitated_authority", t->lookalike,
            "tls_version", t->version, "best_version_before", t->version_before, "cipher",
            t->cipher, "chain", chain(&t->chain));
}

static int found(const struct verdict *v, const char *threat, double confidence, const char *rule,
        const char *seen)
{
    int rc = pk_findings_add(v->out, v->arena, threat, v->o->network, confidence, rule,
            evidence(v->t, seen), v->o->at_ms);

    if (rc == PK_OK) {
        pk_findings_part(v->out, v->t->host);
    }
    return rc;
}

static int gone(const struct verdict *v, const char *threat)
{
    int rc = pk_findings_clear(v->out, threat, v->o->network, v->o->at_ms);

    if (rc == PK_OK) {
        pk_findings_part(v->out, v->t->host);
    }
    return rc;
}

/* --- who vouched -------------------------------------------------------------------------- */

/* A root from before the agent that never vouched for this host, while another one did. Public
 * authorities may change at any time, and so may the certificates below any of them. */
static bool is_strange_root(const struct pk_obs_tls *t)
{
    return t->trust == PK_TLS_TRUST_ORIGINAL && t->root_known == PK_TRI_NO;
}

static int allowed(const struct verdict *v)
{
    int rc = gone(v, UNTRUSTED);

    if (rc == PK_OK) {
        rc = gone(v, INSTALLED);
    }
    return rc < 0 ? rc
                  : found(v, ALLOWED, 1.0, "network.tls_inspection_allowed/listed",
                            "An authority that your organisation allows vouched for a check host");
}

static int installed(const struct verdict *v)
{
    bool strange = is_strange_root(v->t);
    /* A company's own host may have a company's own authority: then there was no other before. */
    bool first = v->t->own && v->t->root_known == PK_TRI_UNKNOWN;
    int rc = gone(v, UNTRUSTED);

    return rc < 0
            ? rc
            : found(v, INSTALLED, strange || first ? 0.85 : 0.95,
                      strange ? "network.tls_installed_ca/another-root"
                              : "network.tls_installed_ca/installed-root",
                      strange ? "Another authority than ever before vouched for a check host, "
                                "and it is no public one"
                              : "An authority that was added to this device vouched for a "
                                "check host");
}

static int vouched(const struct verdict *v)
{
    const struct pk_obs_tls *t = v->t;
    int rc;

    if (t->trust == PK_TLS_TRUST_ALLOWED) {
        return allowed(v);
    }
    if (t->trust == PK_TLS_TRUST_INSTALLED || is_strange_root(t)) {
        return installed(v);
    }
    rc = gone(v, UNTRUSTED);
    if (rc == PK_OK && t->trust != PK_TLS_TRUST_UNKNOWN) {
        rc = gone(v, INSTALLED);
        rc = rc == PK_OK ? gone(v, ALLOWED) : rc;
    }
    return rc;
}

static int untrusted(const struct verdict *v)
{
    const struct pk_obs_tls *t = v->t;
    bool named = t->name_fits != PK_TRI_NO;

    if (t->trust == PK_TLS_TRUST_ALLOWED) { /* it is allowed, but not installed here */
        return allowed(v);
    }
    if (t->captive == PK_TRI_YES) {
        return !t->pinned || t->name_fits != PK_TRI_YES
                ? PK_OK
                : found(v, UNTRUSTED, 0.85, "network.tls_untrusted_ca/pinned-before-sign-in",
                          "Somebody signed a certificate in the name of your organisation's "
                          "server");
    }
    /* A box that answers everything with its own certificate while nobody knows whether it holds
     * the device: perhaps a portal without an answer to the plain question. */
    if (!named && t->captive == PK_TRI_UNKNOWN) {
        return PK_OK;
    }
    return found(v, UNTRUSTED, named ? 0.95 : 0.85,
            t->lookalike != NULL ? "network.tls_untrusted_ca/lookalike"
                                 : "network.tls_untrusted_ca/chain",
            t->lookalike != NULL
                    ? "A check host showed a certificate by an authority that borrows the name of "
                      "a trusted one, but has another key"
                    : "A check host showed a certificate that no trusted authority signed");
}

static int pinned(const struct verdict *v)
{
    return v->t->trust == PK_TLS_TRUST_ALLOWED
            ? allowed(v)
            : found(v, UNTRUSTED, 0.97, "network.tls_untrusted_ca/pin",
                      "A host whose key is known showed another one");
}

/* --- how strong it is --------------------------------------------------------------------- */

/* 0: not known. */
static int rank_of(const char *version)
{
    static const char *const versions[] = { "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3" };

    for (size_t i = 0; version != NULL && i < PK_COUNT(versions); i++) {
        if (strcmp(versions[i], version) == 0) {
            return (int)i + 1;
        }
    }
    return 0;
}

enum {
    RANK_12 = 4,
    RANK_13 = 5
};

static bool is_intercepted(const struct pk_obs_tls *t)
{
    return t->outcome != PK_TLS_OK || t->trust == PK_TLS_TRUST_INSTALLED || is_strange_root(t);
}

/* Old and weak by somebody in between: a downgrade. By the genuine host itself it is the host's own
 * choice as long as its handshake came to an end: the versions and suites that were offered are
 * signed into it (RFC 8446, section 4.1.3), nobody on the way can lower them. What can be forced is
 * only a second, older greeting, when the first one is cut off. */
static int strength(const struct verdict *v)
{
    const struct pk_obs_tls *t = v->t;
    int now = rank_of(t->version);
    int before = rank_of(t->version_before);
    bool old = now != 0 && now < RANK_12;

    if (now == 0 || t->trust == PK_TLS_TRUST_ALLOWED) {
        return PK_OK;
    }
    if (is_intercepted(t)) {
        return !old && t->weak != PK_TRI_YES
                ? PK_OK
                : found(v, DOWNGRADE, 0.95, "network.tls_downgrade/intercepted",
                          "Somebody who answers in place of a check host speaks only outdated TLS");
    }
    if (t->fallback == PK_TRI_YES && before > now) {
        return found(v, DOWNGRADE, 0.85, "network.tls_downgrade/fallback",
                "A check host is reached only with an older greeting than it is known to answer");
    }
    if (old && before >= RANK_12) {
        return found(v, DOWNGRADE, 0.6, "network.tls_downgrade/older",
                "A check host speaks outdated TLS, and never did so before");
    }
    if (t->weak == PK_TRI_YES && before == RANK_13) {
        return found(v, DOWNGRADE, 0.6, "network.tls_downgrade/weak",
                "A check host chose a weak suite, and never did so before");
    }
    return gone(v, DOWNGRADE);
}

int pk_judge_tls(const struct pk_observation *o, struct pk_arena *arena, struct pk_findings *out)
{
    const struct verdict v = { .o = o, .t = o->tls, .arena = arena, .out = out };
    const struct pk_obs_tls *t = o->tls;
    int rc = PK_OK;

    if (o->network == NULL) {
        return PK_OK;
    }
    switch ((enum pk_tls_outcome)t->outcome) {
    case PK_TLS_OK:
        if (t->captive == PK_TRI_YES && is_intercepted(t)) {
            return PK_OK;
        }
        rc = vouched(&v);
        break;
    case PK_TLS_UNTRUSTED:
        if (t->chain.count == 0) {
            return PK_OK;
        }
        rc = untrusted(&v);
        break;
    case PK_TLS_PIN:
        if (t->chain.count == 0) {
            return PK_OK;
        }
        rc = pinned(&v);
        break;
    case PK_TLS_EXPIRED: /* wrong clocks and forgotten renewals look like this, attackers rarely */
    case PK_TLS_WRONG_NAME: /* portals without an API do this */
    case PK_TLS_INVALID:
    case PK_TLS_FAILED:
    case PK_TLS_UNREACHABLE:
        return PK_OK;
    }
    return rc < 0 || t->captive == PK_TRI_YES ? rc : strength(&v);
}
