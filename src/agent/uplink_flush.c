/* The last words of an agent that stops, and how the uplink fares. */
#include <poll.h>
#include <sys/epoll.h>

#include "agent/spool.h"
#include "agent/uplink_internal.h"
#include "base/clock.h"

void pk_uplink_flush(struct pk_uplink *uplink, int64_t limit_ms)
{
    int64_t end_ms = pk_clock_monotonic_ms() + limit_ms;
    struct pk_uplink_channel *ch = &uplink->report;
    struct pk_error err;
    int rc = PK_EAGAIN;

    if (uplink->to.count == 0 || !uplink->state.connected ||
            pk_spool_state(uplink->spool).pending == 0) {
        return;
    }
    pk_uplink_drop(&uplink->wait);
    if (ch->job == NOTHING) {
        pk_uplink_report(uplink, ch);
    }
    while (ch->job == REPORTING && rc == PK_EAGAIN && pk_clock_monotonic_ms() < end_ms) {
        struct pollfd ready = { .fd = pk_https_fd(ch->https),
            .events = pk_https_events(ch->https) == EPOLLOUT ? POLLOUT : POLLIN };

        (void)poll(&ready, 1, (int)(end_ms - pk_clock_monotonic_ms()));
        rc = pk_https_step(ch->https, pk_clock_monotonic_ms(), &err);
    }
    if (ch->job == REPORTING && rc == PK_OK) {
        const struct pk_http_answer *answer = pk_https_answer(ch->https);

        if (answer->status == 200) {
            pk_uplink_acked(uplink, answer);
        }
    }
}

struct pk_uplink_state pk_uplink_state(const struct pk_uplink *uplink)
{
    const struct pk_uplink_channel *channels[] = { &uplink->wait, &uplink->report };
    struct pk_uplink_state state = uplink->state;

    for (size_t i = 0; i < PK_COUNT(channels); i++) {
        uint64_t in;
        uint64_t out;

        if (channels[i]->https != NULL) {
            pk_https_traffic(channels[i]->https, &in, &out);
            state.bytes_in += in;
            state.bytes_out += out;
        }
    }
    return state;
}
