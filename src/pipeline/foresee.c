/* What will probably happen to a device, into its row. */
#include "pipeline/circle.h"

static double rounded(double p)
{
    return p < 0 ? -1 : (double)(int64_t)(p * 1e5 + 0.5) / 1e5;
}

static int note(struct pk_circle *c, const struct pk_foresight *foresight)
{
    struct pk_device *d = &c->device;
    struct pk_foresight plain = *foresight;

    plain.p7 = rounded(foresight->p7);
    plain.p30 = rounded(foresight->p30);
    d->p7 = plain.p7;
    d->p30 = plain.p30;
    d->outlook = plain.outlook;
    d->zone = plain.zone != NULL ? plain.zone->standing : PK_ZONE_STANDING_UNKNOWN;
    d->foresight = pk_schema_encode(&pk_foresight_schema, &plain, false);
    if (d->foresight == NULL || pk_arena_defer(c->arena, pk_json_release, d->foresight) < 0) {
        return pk_error_set(c->err, PK_ENOMEM, "out of memory");
    }
    c->row_stale = true;
    c->risk_stale = true;
    return PK_OK;
}

int pk_pipeline_foresee(const struct pk_pipeline *pipeline, struct pk_store *store,
        const char *device, const struct pk_foresight *foresight, int64_t now_ms,
        struct pk_pipeline_news *news, struct pk_error *err)
{
    struct pk_circle *c = pk_circle_open(
            &(struct pk_circle){ .pipeline = pipeline, .store = store, .news = news, .err = err });
    int rc;

    if (c == NULL) {
        return PK_ENOMEM;
    }
    rc = pk_circle_load(c, device);
    if (rc == PK_OK) {
        rc = note(c, foresight);
    }
    if (rc == PK_OK) {
        rc = pk_circle_settle(c, now_ms);
    }
    pk_circle_close(c);
    return rc;
}
