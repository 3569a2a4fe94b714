/* hazard_save.c - everything that the model knows, as bytes and back. */
#include <math.h>
#include <string.h>

#include "base/crypt.h"
#include "risk/hazard_state.h"

static const char magic[8] = "PKHZ\0\0\0\4"; /* the last byte is the version */

struct head {
    char magic[8];
    uint32_t state_size, terms;
    uint32_t calibrate_size, spare;
    int64_t day;
    double slow;
    double mean[PK_HAZARD_TERMS];
    double mean_rows;
};

int pk_hazard_save(const struct pk_hazard *hazard, struct pk_buffer *out, struct pk_error *err)
{
    struct head head = { .state_size = sizeof(struct state),
        .terms = PK_HAZARD_TERMS,
        .calibrate_size = sizeof(struct pk_calibrate),
        .day = hazard->day,
        .slow = hazard->slow,
        .mean_rows = hazard->mean_rows };
    size_t from = out->len;
    uint8_t sum[PK_SHA256_SIZE];

    memcpy(head.magic, magic, sizeof(magic));
    memcpy(head.mean, hazard->mean, sizeof(head.mean));
    (void)pk_buffer_put(out, &head, sizeof(head));
    (void)pk_buffer_put(out, hazard->seven, sizeof(*hazard->seven));
    (void)pk_buffer_put(out, hazard->thirty, sizeof(*hazard->thirty));
    (void)!pk_rows_save(&hazard->devices, out);
    if (pk_zones_save(hazard->zones, out) == PK_OK) {
        pk_sha256(pk_slice_of(out->ptr + from, out->len - from), sum);
        (void)pk_buffer_put(out, sum, sizeof(sum));
    }
    return out->rc < 0 ? pk_error_set(err, out->rc, "the memory of risks cannot be written")
                       : PK_OK;
}

/* The sum guards against accidents; these against arithmetic that would not end well. */
static bool sound_calibrate(const struct pk_calibrate *c)
{
    for (size_t i = 0; i < PK_CALIBRATE_BINS; i++) {
        if (!(c->n[i] >= 0 && c->n[i] < 1e12) || !(c->y[i] >= 0 && c->y[i] <= c->n[i]) ||
                !(c->fresh_n[i] >= 0 && c->fresh_n[i] < 1e12) ||
                !(c->fresh_y[i] >= 0 && c->fresh_y[i] <= c->fresh_n[i]) ||
                !(c->shape[i] >= 0 && c->shape[i] <= 1)) {
            return false;
        }
    }
    return c->days >= 0 && c->days < 1e6 && c->using >= 0 && c->using < PK_MAPS && isfinite(c->z) &&
            fabs(c->z) <= 100;
}

static bool sound_head(const struct head *head)
{
    for (size_t i = 0; i < PK_HAZARD_TERMS; i++) {
        if (!(fabs(head->mean[i]) <= 100)) {
            return false;
        }
    }
    return memcmp(head->magic, magic, sizeof(magic)) == 0 &&
            head->state_size == sizeof(struct state) && head->terms == PK_HAZARD_TERMS &&
            head->calibrate_size == sizeof(struct pk_calibrate) && head->day >= 0 &&
            head->day <= UINT32_MAX / DAY_S && fabs(head->slow) <= 100 && head->mean_rows >= 1 &&
            head->mean_rows < 1e12;
}

static bool sound_devices(const struct pk_rows *devices)
{
    for (uint32_t i = 0; i < devices->count; i++) {
        const struct state *s = pk_rows_at(devices, i);

        for (size_t k = 0; k < COUNTERS; k++) {
            if (!(s->c[k] >= 0 && s->c[k] < 1e9F)) {
                return false;
            }
        }
        if (s->index7 >= PK_CALIBRATE_BINS || s->index30 >= PK_CALIBRATE_BINS) {
            return false;
        }
    }
    return true;
}

static int read_all(struct pk_hazard *h, struct pk_reader *in, struct pk_error *err)
{
    struct pk_slice head_bytes = pk_read_slice(in, sizeof(struct head));
    struct pk_slice seven = pk_read_slice(in, sizeof(*h->seven));
    struct pk_slice thirty = pk_read_slice(in, sizeof(*h->thirty));
    struct pk_zones *zones = NULL;
    struct head head;
    int rc = in->rc;

    if (rc < 0) {
        return rc;
    }
    memcpy(&head, head_bytes.ptr, sizeof(head));
    memcpy(h->seven, seven.ptr, seven.len);
    memcpy(h->thirty, thirty.ptr, thirty.len);
    h->day = head.day;
    h->slow = head.slow;
    memcpy(h->mean, head.mean, sizeof(h->mean));
    h->mean_rows = head.mean_rows;
    if (!sound_head(&head) || !sound_calibrate(h->seven) || !sound_calibrate(h->thirty)) {
        return PK_EMALF;
    }
    rc = pk_rows_load(&h->devices, in);
    rc = rc == PK_OK && !sound_devices(&h->devices) ? PK_EMALF : rc;
    rc = rc == PK_OK ? pk_zones_load(in, &zones, err) : rc;
    if (rc == PK_OK) {
        pk_zones_destroy(h->zones);
        h->zones = zones;
        rc = pk_reader_left(in) != 0 ? PK_EMALF : PK_OK;
    }
    return rc;
}

int pk_hazard_load(struct pk_slice bytes, const struct pk_hazard_settings *settings,
        struct pk_hazard **out, struct pk_error *err)
{
    uint8_t sum[PK_SHA256_SIZE];
    struct pk_hazard *h = NULL;
    struct pk_reader in;
    int rc = bytes.len < sizeof(sum) ? PK_ETRUNC : PK_OK;

    if (rc == PK_OK) {
        bytes.len -= sizeof(sum);
        pk_sha256(bytes, sum);
        rc = memcmp(sum, bytes.ptr + bytes.len, sizeof(sum)) != 0 ? PK_EMALF : PK_OK;
    }
    rc = rc == PK_OK ? pk_hazard_create(settings, &h, err) : rc;
    if (rc == PK_OK) {
        in = pk_reader_of(bytes);
        rc = read_all(h, &in, err);
    }
    if (rc < 0) {
        pk_hazard_destroy(h);
        return pk_error_set(err, rc, "the memory of risks is damaged or of another version");
    }
    *out = h;
    return PK_OK;
}
