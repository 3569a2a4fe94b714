/* A receiver of the SOC as a channel of the dispatcher. */
#include <stdlib.h>

#include "respond/siem/target.h"

struct siem {
    const struct pk_siem_ops *ops;
    void *target;
};

static void destroy(void *self)
{
    struct siem *s = self;

    if (s->target != NULL) {
        s->ops->destroy(s->target);
    }
    free(s);
}

static int create(const void *settings, const struct pk_origin *origin, int stop_fd, void **out,
        struct pk_error *err)
{
    const struct pk_siem_settings *wanted = settings;
    struct siem *s = calloc(1, sizeof(*s));
    int rc;

    if (s == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    s->ops = pk_siem_ops_of(wanted->format);
    rc = s->ops->create(wanted, origin, stop_fd, &s->target, err);
    if (rc < 0) {
        free(s);
        return rc;
    }
    *out = s;
    return PK_OK;
}

static int send_all(void *self, struct pk_store *store, struct pk_sending *rows, size_t count,
        struct pk_error *err)
{
    struct siem *s = self;
    struct pk_siem_event *events = calloc(count, sizeof(*events));
    int rc;

    (void)store;
    if (events == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < count; i++) {
        events[i].event = rows[i].action->payload;
    }
    rc = s->ops->send(s->target, events, count, err);
    for (size_t i = 0; i < count && rc == PK_OK; i++) {
        rows[i].result = events[i].rc < 0 ? PK_SENT_REFUSED : PK_SENT_OK;
        rows[i].error = events[i].error;
    }
    free(events);
    return rc;
}

static const struct pk_channel_ops siem_ops = {
    .create = create,
    .send = send_all,
    .destroy = destroy,
};

struct pk_channel pk_siem_channel(const struct pk_siem_settings *settings)
{
    return (struct pk_channel){
        .ops = &siem_ops,
        .settings = settings,
        .name = settings->name,
        .target = settings->name,
        .kind = PK_ACTION_SIEM,
        .batch = PK_CHANNEL_BATCH,
    };
}
