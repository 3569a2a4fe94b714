#include "crowd/crowd.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct pk_crowd {
    struct pk_crowd_settings settings;
    struct pk_crowd_counts counts;
};

const char *const pk_crowd_attribute_names[] = { "gateway", "gateway maker", "resolver", "lease",
    "egress", "portal", "security", "point maker", NULL };

int pk_crowd_create(
        const struct pk_crowd_settings *settings, struct pk_crowd **out, struct pk_error *err)
{
    struct pk_crowd *crowd = calloc(1, sizeof(*crowd));

    if (crowd == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    if (settings != NULL) {
        crowd->settings = *settings;
    }
    *out = crowd;
    return PK_OK;
}

void pk_crowd_destroy(struct pk_crowd *crowd)
{
    free(crowd);
}

int pk_crowd_take(
        struct pk_crowd *crowd, const struct pk_sighting *sighting, struct pk_crowd_opinion *out)
{
    memset(out, 0, sizeof(*out));
    out->log_odds = -INFINITY;
    crowd->counts.sightings++;
    crowd->counts.newest_s = sighting->at_s;
    return PK_OK;
}

bool pk_crowd_ask(const struct pk_crowd *crowd, const struct pk_crowd_key *key, int64_t now_s,
        struct pk_crowd_opinion *out)
{
    (void)crowd;
    (void)now_s;
    memset(out, 0, sizeof(*out));
    out->key = *key;
    out->log_odds = -INFINITY;
    return false;
}

void pk_crowd_tick(struct pk_crowd *crowd, int64_t now_s)
{
    crowd->counts.newest_s = now_s;
}

void pk_crowd_each_bad(const struct pk_crowd *crowd, int64_t now_s,
        void (*fn)(void *ctx, const struct pk_crowd_opinion *opinion), void *ctx)
{
    (void)crowd;
    (void)now_s;
    (void)fn;
    (void)ctx;
}

void pk_crowd_forget(struct pk_crowd *crowd, uint64_t device)
{
    (void)crowd;
    (void)device;
}

int pk_crowd_hear(struct pk_crowd *crowd, const struct pk_crowd_key *key, uint32_t tenant,
        float log_odds, float trust, int64_t at_s)
{
    (void)key;
    (void)tenant;
    (void)log_odds;
    (void)trust;
    crowd->counts.newest_s = at_s;
    return PK_OK;
}

bool pk_crowd_network(const struct pk_crowd *crowd, const struct pk_crowd_key *key, int64_t now_s,
        struct pk_crowd_network *out)
{
    (void)crowd;
    (void)key;
    (void)now_s;
    memset(out, 0, sizeof(*out));
    return false;
}

bool pk_crowd_app(const struct pk_crowd *crowd, uint64_t package, uint64_t file, uint64_t signer,
        struct pk_crowd_app *out)
{
    (void)crowd;
    (void)package;
    (void)file;
    (void)signer;
    memset(out, 0, sizeof(*out));
    return false;
}

void pk_crowd_each_zone(const struct pk_crowd *crowd, int64_t now_s,
        void (*fn)(void *ctx, const struct pk_crowd_zone *zone), void *ctx)
{
    (void)crowd;
    (void)now_s;
    (void)fn;
    (void)ctx;
}

bool pk_crowd_voice(
        const struct pk_crowd *crowd, uint64_t device, int64_t now_s, struct pk_crowd_voice *out)
{
    (void)crowd;
    (void)device;
    (void)now_s;
    memset(out, 0, sizeof(*out));
    return false;
}

void pk_crowd_count(const struct pk_crowd *crowd, struct pk_crowd_counts *out)
{
    *out = crowd->counts;
}

int pk_crowd_save(const struct pk_crowd *crowd, struct pk_slice tag, pk_crowd_write write,
        void *ctx, struct pk_error *err)
{
    int rc = write(ctx, &crowd->counts, sizeof(crowd->counts));

    rc = rc < 0 ? rc : write(ctx, tag.ptr, tag.len);
    return rc < 0 ? pk_error_set(err, rc, "the crowd's memory cannot be written") : PK_OK;
}

int pk_crowd_load(struct pk_slice bytes, const struct pk_crowd_settings *settings,
        struct pk_crowd **out, struct pk_buffer *tag, struct pk_error *err)
{
    int rc;

    if (bytes.len < sizeof((*out)->counts)) {
        return pk_error_set(err, PK_ETRUNC, "the crowd's memory ends too early");
    }
    rc = pk_crowd_create(settings, out, err);
    if (rc < 0) {
        return rc;
    }
    memcpy(&(*out)->counts, bytes.ptr, sizeof((*out)->counts));
    return pk_buffer_put(
            tag, bytes.ptr + sizeof((*out)->counts), bytes.len - sizeof((*out)->counts));
}
