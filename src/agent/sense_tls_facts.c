/* What an answer means in the light of what is known: who vouched for it, whether that was so before,
 * whether somebody borrows a name. Facts; the judge concludes. */
#include <string.h>

#include "agent/sense_tls.h"
#include "base/arena.h"

static const char *const versions[] = { "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3" };

static size_t rank_of(const char *version)
{
    size_t i = 0;

    while (i < PK_COUNT(versions) && strcmp(versions[i], version) != 0) {
        i++;
    }
    return i < PK_COUNT(versions) ? i + 1 : 0;
}

const char *pk_tls_version_before(const struct pk_sense *sense, const struct pk_tls_host *host)
{
    char key[PK_TLS_KEY];
    size_t best = 0;
    const char *version;

    pk_tls_host_key(host, key);
    for (size_t i = 0; (version = pk_known_at(sense->known, key, PK_KNOWN_VERSION, i)) != NULL;
            i++) {
        size_t rank = rank_of(version);

        best = rank > best ? rank : best;
    }
    return best > 0 ? versions[best - 1] : NULL;
}

/* --- who vouched -------------------------------------------------------------------------- */

/* By a certificate above the leaf. */
static bool is_allowed(const struct pk_sense *sense, const struct pk_obs_tls *obs)
{
    const struct pk_certificate *chain = obs->chain.items;

    for (size_t i = 1; i < obs->chain.count; i++) {
        if (pk_trust_has_certificate(&sense->trust->inspection_cas, chain[i].sha256)) {
            return true;
        }
    }
    return false;
}

/* An authority that vouches for other check hosts on clean visits is nobody's tool: the host has
 * changed its supplier. */
static bool vouches_elsewhere(
        const struct pk_sense_tls *tls, const struct pk_tls_host *host, const char *root)
{
    for (size_t i = 0; i < tls->count; i++) {
        char key[PK_TLS_KEY];

        if (&tls->hosts[i] != host &&
                pk_known_has(tls->sense->known, pk_tls_host_key(&tls->hosts[i], key), PK_KNOWN_ROOT,
                        root) == PK_TRI_YES) {
            return true;
        }
    }
    return false;
}

static void fill_root(
        struct pk_sense_tls *tls, const struct pk_tls_host *host, struct pk_obs_tls *obs)
{
    char key[PK_TLS_KEY];

    if (obs->outcome != PK_TLS_OK || obs->root_sha256 == NULL) {
        return;
    }
    if (host->own_ca != NULL) {
        obs->trust = PK_TLS_TRUST_OWN;
        return;
    }
    obs->root_known = pk_known_has(
            tls->sense->known, pk_tls_host_key(host, key), PK_KNOWN_ROOT, obs->root_sha256);
    if (obs->root_known == PK_TRI_NO && vouches_elsewhere(tls, host, obs->root_sha256)) {
        obs->root_known = PK_TRI_UNKNOWN;
    }
    obs->trust = (int)pk_roots_origin(tls->roots, obs->root_sha256);
}

/* --- borrowed names ----------------------------------------------------------------------- */

static const char *borrowed_name(struct pk_roots *roots, const struct pk_array *shown)
{
    const struct pk_certificate *chain = shown->items;
    const struct pk_certificate *top = shown->count > 0 ? &chain[shown->count - 1] : NULL;

    for (size_t i = 1; i < shown->count; i++) {
        if (chain[i].subject != NULL && chain[i].spki_sha256 != NULL &&
                pk_roots_lookalike(roots, chain[i].subject, chain[i].spki_sha256)) {
            return chain[i].subject;
        }
    }
    /* Nobody shown has signed the last one: the name that it claims is one that did not. */
    if (top != NULL && top->issuer != NULL && top->subject != NULL &&
            strcmp(top->issuer, top->subject) != 0 &&
            pk_roots_lookalike(roots, top->issuer, NULL)) {
        return top->issuer;
    }
    return NULL;
}

static void drop_pem(struct pk_obs_tls *obs)
{
    struct pk_certificate *chain = obs->chain.items;

    for (size_t i = 0; i < obs->chain.count; i++) {
        chain[i].pem = NULL;
    }
}

static bool is_clean(const struct pk_obs_tls *obs)
{
    return obs->outcome == PK_TLS_OK && obs->fallback != PK_TRI_YES &&
            (obs->trust == PK_TLS_TRUST_PUBLIC || obs->trust == PK_TLS_TRUST_OWN ||
                    (obs->trust == PK_TLS_TRUST_ORIGINAL && obs->root_known != PK_TRI_NO));
}

void pk_tls_facts(struct pk_sense_tls *tls, const struct pk_tls_host *host,
        struct pk_tls_result *result, struct pk_arena *arena)
{
    struct pk_obs_tls *obs = &result->obs;
    const char *borrowed = NULL;

    obs->own = host->own;
    obs->captive = pk_sense_captive(tls->sense);
    fill_root(tls, host, obs);
    if (is_clean(obs)) {
        drop_pem(obs);
        return;
    }
    if (obs->trust != PK_TLS_TRUST_OWN && (obs->outcome == PK_TLS_OK || result->holds_together) &&
            is_allowed(tls->sense, obs)) {
        obs->trust = PK_TLS_TRUST_ALLOWED;
        return;
    }
    if (obs->outcome == PK_TLS_UNTRUSTED || obs->trust == PK_TLS_TRUST_INSTALLED) {
        borrowed = borrowed_name(tls->roots, &obs->chain);
    }
    if (borrowed != NULL) {
        obs->lookalike = pk_arena_strdup(arena, borrowed);
    }
}

void pk_tls_learn(
        struct pk_sense_tls *tls, const struct pk_tls_host *host, const struct pk_obs_tls *obs)
{
    const struct pk_certificate *chain = obs->chain.items;
    char key[PK_TLS_KEY];

    if (!is_clean(obs) || obs->captive == PK_TRI_YES) {
        return;
    }
    pk_tls_host_key(host, key);
    pk_known_note(tls->sense->known, key, PK_KNOWN_VERSION, obs->version);
    if (obs->trust == PK_TLS_TRUST_OWN || obs->root_sha256 == NULL) {
        return;
    }
    pk_known_note(tls->sense->known, key, PK_KNOWN_ROOT, obs->root_sha256);
    for (size_t i = 1; i + 1 < obs->chain.count; i++) {
        if (chain[i].subject != NULL && chain[i].spki_sha256 != NULL) {
            pk_roots_vouched(tls->roots, chain[i].subject, chain[i].spki_sha256);
        }
    }
}
