/* A finding that does not come from the device's own report. */
#include "pipeline/circle.h"

/* It is about a network that the device is not on any more: it was there, and that is over. */
static bool is_behind_it(const struct pk_circle *c, const struct pk_finding *finding)
{
    const char *on = json_string_value(json_object_get(c->device.network, "id"));

    return !finding->cleared && finding->threat->vector == PK_VECTOR_NETWORK &&
            strncmp(finding->subject, "net-", 4) == 0 &&
            (on == NULL || strcmp(on, finding->subject) != 0);
}

static int keep(struct pk_circle *c, const struct pk_finding *finding)
{
    struct pk_finding over = { .threat = finding->threat,
        .cleared = true,
        .subject = finding->subject,
        .at_ms = finding->at_ms };
    int rc = pk_circle_finding(c, finding);

    return rc == PK_OK && is_behind_it(c, finding) ? pk_circle_finding(c, &over) : rc;
}

int pk_pipeline_finding(const struct pk_pipeline *pipeline, struct pk_store *store,
        const char *device, const struct pk_finding *finding, struct pk_pipeline_news *news,
        struct pk_error *err)
{
    struct pk_circle *c = pk_circle_open(
            &(struct pk_circle){ .pipeline = pipeline, .store = store, .news = news, .err = err });
    int rc;

    if (c == NULL) {
        return PK_ENOMEM;
    }
    rc = pk_circle_load(c, device);
    if (rc == PK_OK) {
        rc = keep(c, finding);
    }
    if (rc == PK_OK) {
        rc = pk_circle_settle(c, finding->at_ms);
    }
    pk_circle_close(c);
    return rc;
}
