#include "agent/renewal.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/est.h"
#include "agent/loop.h"
#include "base/clock.h"
#include "base/event.h"

#define RETRY_MS PK_HOUR_MS

struct job {
    struct pk_renewal *renewal; /* NULL: it is gone */
    const struct pk_identity *identity;
    char url[300];
    int rc;
    struct pk_error err;
};

struct pk_renewal {
    struct pk_loop *loop;
    struct pk_identity *identity;
    void (*renewed)(void *ctx);
    void *ctx;
    struct job *job;
    int64_t next_ms; /* wall clock: not before */
};

struct pk_renewal *pk_renewal_create(
        struct pk_loop *loop, struct pk_identity *identity, void (*renewed)(void *ctx), void *ctx)
{
    struct pk_renewal *renewal = calloc(1, sizeof(*renewal));

    if (renewal != NULL) {
        *renewal = (struct pk_renewal){
            .loop = loop, .identity = identity, .renewed = renewed, .ctx = ctx
        };
    }
    return renewal;
}

void pk_renewal_destroy(struct pk_renewal *renewal)
{
    if (renewal != NULL && renewal->job != NULL) {
        renewal->job->renewal = NULL;
    }
    free(renewal);
}

/* Beside the loop; the identity changes in done() alone. */
static void ask(void *ctx)
{
    struct job *job = ctx;

    job->rc = pk_est_renew(job->identity, job->url, &job->err);
}

static void done(void *ctx)
{
    struct job *job = ctx;
    struct pk_renewal *renewal = job->renewal;

    if (renewal != NULL) {
        renewal->job = NULL;
        if (job->rc == PK_OK) {
            job->rc = pk_identity_reload(renewal->identity, &job->err);
        }
        if (job->rc == PK_OK) {
            pk_event0(PK_INFO, "identity.renewed");
            renewal->renewed(renewal->ctx);
        } else {
            pk_event(PK_WARN, "identity.renewal_failed", { "why", job->err.text });
        }
    }
    free(job);
}

void pk_renewal_maybe(struct pk_renewal *renewal, const char *url, int64_t now_ms)
{
    struct job *job;

    if (renewal->job != NULL || now_ms < pk_identity_renew_at(renewal->identity) ||
            now_ms < renewal->next_ms) {
        return;
    }
    renewal->next_ms = now_ms + RETRY_MS;
    job = calloc(1, sizeof(*job));
    if (job == NULL) {
        return;
    }
    job->renewal = renewal;
    job->identity = renewal->identity;
    (void)snprintf(job->url, sizeof(job->url), "%s", url);
    renewal->job = job;
    if (pk_loop_work(renewal->loop, ask, done, job, NULL) < 0) {
        renewal->job = NULL;
        free(job);
    }
}
