/* One thing at a time that the agent wants from its server, beside reports and waiting. It goes on the waiting
 * connection when that is free, so that the first filters come before the first wait. */
#include <stdio.h>

#include "agent/uplink_internal.h"
#include "base/clock.h"

#define FETCH_MS (5 * PK_MINUTE_MS) /* 2 MB over a slow mobile link */
#define TRIES    3

static int wish_for(struct pk_uplink *uplink, const char *target, const char *headers,
        const char *body, size_t body_max, pk_uplink_take take, void *ctx)
{
    struct pk_uplink_wish *wish = &uplink->wish;

    if (wish->target[0] != '\0') {
        return PK_EBUSY;
    }
    if (strlen(target) >= sizeof(wish->target) || strlen(headers) >= sizeof(wish->headers) ||
            strlen(body) >= sizeof(wish->body)) {
        return PK_EBOUNDS;
    }
    (void)snprintf(wish->target, sizeof(wish->target), "%s", target);
    (void)snprintf(wish->headers, sizeof(wish->headers), "%s", headers);
    (void)snprintf(wish->body, sizeof(wish->body), "%s", body);
    wish->failures = 0;
    wish->body_max = body_max;
    wish->take = take;
    wish->ctx = ctx;
    pk_uplink_pump(uplink);
    return PK_OK;
}

int pk_uplink_fetch(struct pk_uplink *uplink, const char *target, const char *headers,
        size_t body_max, pk_uplink_take take, void *ctx)
{
    return wish_for(uplink, target, headers, "", body_max, take, ctx);
}

bool pk_uplink_is_free(const struct pk_uplink *uplink)
{
    return uplink->wish.target[0] == '\0';
}

int pk_uplink_ask(struct pk_uplink *uplink, const char *target, const char *json, size_t body_max,
        pk_uplink_take take, void *ctx)
{
    return wish_for(
            uplink, target, "Content-Type: application/json\r\n", json, body_max, take, ctx);
}

/* While a report rides on the waiting connection it waits for that, too: it is soon free. */
void pk_uplink_start_fetch(struct pk_uplink *u)
{
    struct pk_uplink_channel *ch = u->wait.job == WAITING ? &u->report : &u->wait;
    struct pk_https_request request = { .method = u->wish.body[0] != '\0' ? "POST" : "GET",
        .target = u->wish.target,
        .headers = u->wish.headers[0] != '\0' ? u->wish.headers : NULL,
        .body = pk_slice_str(u->wish.body),
        .timeout_ms = FETCH_MS,
        .body_max = u->wish.body_max };

    if (ch->job != NOTHING || u->wait.job == FETCHING || u->report.job == FETCHING) {
        return;
    }
    ch->seen_sent = false;
    pk_uplink_request(ch, FETCHING, &request);
}

void pk_uplink_fetch_failed(struct pk_uplink *u)
{
    if (u->wish.target[0] != '\0' && ++u->wish.failures == TRIES) {
        pk_uplink_fetched(u, 0, pk_slice_of(NULL, 0));
    }
}

void pk_uplink_fetched(struct pk_uplink *u, int status, struct pk_slice body)
{
    struct pk_uplink_wish wish = u->wish;

    u->wish = (struct pk_uplink_wish){ .take = NULL };
    wish.take(wish.ctx, status, body);
}
