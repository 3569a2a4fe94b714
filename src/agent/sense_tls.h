/* sense_tls.h - inside of the sense for TLS: which hosts are asked when (sense_tls_hosts.c), what their
 * answers mean in the light of what is known (sense_tls_facts.c), and the asking (sense_tls.c). Loop
 * thread only. */
#pragma once

#include "agent/probe_tls.h"
#include "agent/roots.h"
#include "agent/sense_round.h"

#define PK_TLS_HOSTS_MAX \
    48                     /* canaries, our own server, and the first of the organisation's hosts */
#define PK_TLS_ROUND_MAX 8 /* hosts that are asked at once */
#define PK_TLS_HOST_TEXT 254

/* What looks like an attack for a moment while somebody installs, allows or signs in. */
enum pk_tls_doubt {
    PK_TLS_SURE,
    PK_TLS_DOUBT_ROOT,     /* an authority that should not vouch: will it be allowed right away? */
    PK_TLS_DOUBT_CHAIN,    /* the store or the portal's state has just changed */
    PK_TLS_DOUBT_FALLBACK, /* an older greeting was answered, a newer one was not: by chance? */
};

struct pk_tls_host {
    char name[PK_TLS_HOST_TEXT];
    uint16_t port;
    bool own;
    bool listed;
    bool bad;           /* its last answer was none that a clean network gives */
    const char *own_ca; /* in the senses' arena; NULL: the system's roots */
    int64_t asked_ms;   /* monotonic; 0: never */
    struct pk_sense_told told;
    enum pk_tls_doubt doubt;
    bool confirmed;         /* the doubt is over, it was no passing moment */
    int64_t doubt_since_ms; /* monotonic */
    int64_t doubt_count;
};

struct pk_sense_tls {
    struct pk_sense *sense;
    struct pk_roots *roots;
    struct pk_tls_host hosts[PK_TLS_HOSTS_MAX];
    size_t count;
    size_t chosen[PK_TLS_ROUND_MAX];
    size_t chosen_count;
    bool joined;      /* this network's first round was begun */
    bool turn;        /* the round that begins asks one host, in turn */
    bool doubts;      /* ... or only those in doubt */
    int64_t asked_ms; /* when all were asked last; monotonic */
    int portal_state; /* the last one that was seen, and since when */
    int64_t portal_ms;
    int64_t rechecks, first_turns;
    struct pk_timer turn_timer, doubt_timer;
};

static inline bool pk_tls_in_doubt(const struct pk_tls_host *host)
{
    return host->doubt != PK_TLS_SURE && !host->confirmed;
}

/* --- sense_tls_hosts.c --- */

/* Brings the table up to date with settings and trust. */
void pk_tls_hosts_update(struct pk_sense_tls *tls);
/* Fills chosen with the hosts of the round that begins. */
void pk_tls_hosts_choose(struct pk_sense_tls *tls, int64_t now_ms);
/* NULL: it is not on the list any more. */
struct pk_tls_host *pk_tls_hosts_find(struct pk_sense_tls *tls, const char *name, int64_t port);

/* Something was learnt of every host. */
bool pk_tls_hosts_learnt(const struct pk_sense_tls *tls);

#define PK_TLS_KEY (PK_TLS_HOST_TEXT + 8)
/* "name:port", under which is learnt. Returns out. */
char *pk_tls_host_key(const struct pk_tls_host *host, char out[PK_TLS_KEY]);

/* --- sense_tls_facts.c --- */

/* Fills in what depends on the organisation's lists and on what was learnt. */
void pk_tls_facts(struct pk_sense_tls *tls, const struct pk_tls_host *host,
        struct pk_tls_result *result, struct pk_arena *arena);
/* The newest version that the host ever spoke; NULL. */
const char *pk_tls_version_before(const struct pk_sense *sense, const struct pk_tls_host *host);
/* A clean answer: notes what it shows. */
void pk_tls_learn(
        struct pk_sense_tls *tls, const struct pk_tls_host *host, const struct pk_obs_tls *obs);
