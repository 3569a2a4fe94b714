/* A finding that does not come from the device's own report. */
#include "pipeline/circle.h"

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
        rc = pk_circle_finding(c, finding);
    }
    if (rc == PK_OK) {
        rc = pk_circle_settle(c, finding->at_ms);
    }
    pk_circle_close(c);
    return rc;
}
