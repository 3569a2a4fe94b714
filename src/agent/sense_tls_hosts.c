/* Whom to ask. A handshake costs some 4 kB, so two at a join, one in turn while nothing happens, and all
 * when something does. */
#include <stdio.h>
#include <string.h>

#include "agent/sense_tls.h"

#define JOIN_MAX     2
#define JOIN_OWN_MAX 1 /* of which the organisation's, when there are canaries too */
#define OFTEN_MAX    4
#define OFTEN_MS     12000 /* all were asked so shortly before: then fewer */

enum reason {
    REASON_JOIN,
    REASON_TURN,
    REASON_DOUBT,
    REASON_OFTEN,
    REASON_ALL
};

char *pk_tls_host_key(const struct pk_tls_host *host, char out[PK_TLS_KEY])
{
    (void)snprintf(out, PK_TLS_KEY, "%s:%u", host->name, host->port);
    return out;
}

struct pk_tls_host *pk_tls_hosts_find(struct pk_sense_tls *tls, const char *name, int64_t port)
{
    for (size_t i = 0; i < tls->count; i++) {
        if (tls->hosts[i].port == port && strcmp(tls->hosts[i].name, name) == 0) {
            return &tls->hosts[i];
        }
    }
    return NULL;
}

/* --- the table ---------------------------------------------------------------------------- */

/* A host that is on the list already keeps what it remembers. */
static void list_host(
        struct pk_sense_tls *tls, const char *name, uint16_t port, const char *own_ca, bool own)
{
    struct pk_tls_host *row = pk_tls_hosts_find(tls, name, port);

    if (row == NULL) {
        if (tls->count == PK_TLS_HOSTS_MAX || strlen(name) >= sizeof(row->name)) {
            return;
        }
        row = &tls->hosts[tls->count++];
        *row = (struct pk_tls_host){ .port = port };
        (void)snprintf(row->name, sizeof(row->name), "%s", name);
    }
    /* A canary may be the organisation's own host, too. */
    row->own = own || (row->listed && row->own);
    row->own_ca = row->listed ? row->own_ca : own_ca;
    row->listed = true;
}

static void drop_unlisted(struct pk_sense_tls *tls)
{
    size_t kept = 0;

    for (size_t i = 0; i < tls->count; i++) {
        if (tls->hosts[i].listed) {
            tls->hosts[kept++] = tls->hosts[i];
        }
    }
    tls->count = kept;
}

void pk_tls_hosts_update(struct pk_sense_tls *tls)
{
    const struct pk_sense *sense = tls->sense;

    for (size_t i = 0; i < tls->count; i++) {
        tls->hosts[i].listed = false;
    }
    for (size_t i = 0; i < sense->target_count; i++) {
        const struct pk_sense_target *t = &sense->targets[i];

        list_host(tls, t->host, t->port, t->own_ca, t->own_ca != NULL);
    }
    for (size_t i = 0; i < sense->trust->hosts.count; i++) {
        char name[PK_TLS_HOST_TEXT];
        uint16_t port;

        if (pk_host_split(sense->trust->hosts.items[i], 443, name, sizeof(name), &port) == PK_OK) {
            list_host(tls, name, port, NULL, true);
        }
    }
    drop_unlisted(tls);
}

/* --- the choice --------------------------------------------------------------------------- */

static enum reason reason_of(const struct pk_sense_tls *tls, int64_t now_ms)
{
    return tls->doubts                                                ? REASON_DOUBT
            : tls->turn                                               ? REASON_TURN
            : !tls->joined                                            ? REASON_JOIN
            : tls->asked_ms != 0 && now_ms - tls->asked_ms < OFTEN_MS ? REASON_OFTEN
                                                                      : REASON_ALL;
}

static size_t limit_of(enum reason reason)
{
    static const size_t limits[] = { [REASON_JOIN] = JOIN_MAX,
        [REASON_TURN] = 1,
        [REASON_DOUBT] = PK_TLS_ROUND_MAX,
        [REASON_OFTEN] = OFTEN_MAX,
        [REASON_ALL] = PK_TLS_ROUND_MAX };

    return limits[reason];
}

static bool is_chosen(const struct pk_sense_tls *tls, size_t index)
{
    for (size_t i = 0; i < tls->chosen_count; i++) {
        if (tls->chosen[i] == index) {
            return true;
        }
    }
    return false;
}

static bool is_learnt(const struct pk_sense_tls *tls, const struct pk_tls_host *host)
{
    char key[PK_TLS_KEY];

    return pk_known_at(tls->sense->known, pk_tls_host_key(host, key), PK_KNOWN_VERSION, 0) != NULL;
}

/* First those that were odd, at a join the organisation's own, then those of which nothing is known
 * yet: what they show on a clean visit is the comparison later. Then whoever waits longest. */
static bool before(const struct pk_sense_tls *tls, enum reason reason, size_t a, size_t b)
{
    const struct pk_tls_host *x = &tls->hosts[a];
    const struct pk_tls_host *y = &tls->hosts[b];

    if (x->bad != y->bad) {
        return x->bad;
    }
    if (reason == REASON_JOIN && x->own != y->own) {
        return x->own;
    }
    if (is_learnt(tls, x) != is_learnt(tls, y)) {
        return !is_learnt(tls, x);
    }
    return x->asked_ms < y->asked_ms;
}

bool pk_tls_hosts_learnt(const struct pk_sense_tls *tls)
{
    for (size_t i = 0; i < tls->count; i++) {
        if (!is_learnt(tls, &tls->hosts[i])) {
            return false;
        }
    }
    return true;
}

static bool fits(
        const struct pk_sense_tls *tls, enum reason reason, size_t index, size_t own_chosen)
{
    const struct pk_tls_host *host = &tls->hosts[index];
    bool canaries = tls->sense->target_count > 0;

    return !is_chosen(tls, index) && (reason != REASON_DOUBT || pk_tls_in_doubt(host)) &&
            (reason != REASON_JOIN || !host->own || !canaries || own_chosen < JOIN_OWN_MAX);
}

void pk_tls_hosts_choose(struct pk_sense_tls *tls, int64_t now_ms)
{
    enum reason reason = reason_of(tls, now_ms);
    size_t limit = limit_of(reason);
    size_t own = 0;

    tls->chosen_count = 0;
    while (tls->chosen_count < limit) {
        size_t best = tls->count;

        for (size_t i = 0; i < tls->count; i++) {
            if (fits(tls, reason, i, own) && (best == tls->count || before(tls, reason, i, best))) {
                best = i;
            }
        }
        if (best == tls->count) {
            break;
        }
        own += tls->hosts[best].own;
        tls->chosen[tls->chosen_count++] = best;
    }
}
