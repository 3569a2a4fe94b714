#include <stdlib.h>
#include <string.h>

#include "agent/sense_round.h"
#include "base/arena.h"
#include "base/clock.h"

#define RESOLV_FILE "/etc/resolv.conf"

const char *const pk_sense_canaries[] = { "www.debian.org", "www.wikipedia.org", NULL };

static const char *copy(struct pk_sense *sense, const char *text, const char *def)
{
    const char *from = text != NULL && *text != '\0' ? text : def;

    return from != NULL ? pk_arena_strdup(sense->arena, from) : NULL;
}

static int copy_strings(struct pk_sense *sense, const struct pk_strings *in, struct pk_strings *out)
{
    out->items = pk_arena_alloc(sense->arena, in->count + 1, sizeof(*out->items));
    for (out->count = 0; out->items != NULL && out->count < in->count; out->count++) {
        out->items[out->count] = copy(sense, in->items[out->count], "");
    }
    return out->items != NULL ? PK_OK : PK_ENOMEM;
}

static int copy_pages(struct pk_sense *sense, const struct pk_array *in, struct pk_array *out)
{
    const struct pk_page *from = in->items;
    struct pk_page *to = pk_arena_alloc(sense->arena, in->count + 1, sizeof(*to));

    for (size_t i = 0; to != NULL && i < in->count; i++) {
        to[i] = (struct pk_page){ copy(sense, from[i].url, ""), copy(sense, from[i].sha256, NULL) };
    }
    *out = (struct pk_array){ .items = to, .count = in->count };
    return to != NULL ? PK_OK : PK_ENOMEM;
}

static int64_t or_default(int64_t value, int64_t def)
{
    return value > 0 ? value : def;
}

static int add_target(
        struct pk_sense *sense, const char *text, const char *own_ca, struct pk_error *err)
{
    struct pk_sense_target *target = &sense->targets[sense->target_count];
    char host[256];

    if (sense->target_count == PK_SENSE_TARGETS_MAX) {
        return pk_error_set(err, PK_ELIMIT, "more than %d hosts to check", PK_SENSE_TARGETS_MAX);
    }
    if (pk_host_split(text, 443, host, sizeof(host), &target->port) < 0) {
        return pk_error_set(err, PK_EMALF, "'%s' is no host or host:port", text);
    }
    target->host = copy(sense, host, NULL);
    target->own_ca = copy(sense, own_ca, NULL);
    sense->target_count++;
    return target->host != NULL ? PK_OK : pk_error_set(err, PK_ENOMEM, "out of memory");
}

static int add_targets(
        struct pk_sense *sense, const struct pk_sense_settings *in, struct pk_error *err)
{
    int rc = PK_OK;

    for (size_t i = 0; i < in->canaries.count && rc == PK_OK; i++) {
        rc = add_target(sense, in->canaries.items[i], NULL, err);
    }
    for (size_t i = 0; in->canaries.count == 0 && pk_sense_canaries[i] != NULL && rc == PK_OK;
            i++) {
        rc = add_target(sense, pk_sense_canaries[i], NULL, err);
    }
    if (rc == PK_OK && in->own_server != NULL && in->own_ca != NULL) {
        rc = add_target(sense, in->own_server, in->own_ca, err);
    }
    return rc;
}

int pk_sense_take_settings(
        struct pk_sense *sense, const struct pk_sense_settings *in, struct pk_error *err)
{
    uint8_t *key = pk_arena_alloc(sense->arena, in->network_key.len + 1, 1);

    if (key == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    if (in->network_key.len > 0) {
        memcpy(key, in->network_key.ptr, in->network_key.len);
    }
    sense->set = (struct pk_sense_settings){
        .probe_url = copy(sense, in->probe_url, PK_SENSE_PROBE_URL),
        .probe_domain = copy(sense, in->probe_domain, NULL),
        .ca_file = copy(sense, in->ca_file, NULL),
        .ca_dir = copy(sense, in->ca_dir, NULL),
        .wifi_file = copy(sense, in->wifi_file, NULL),
        .cell_file = copy(sense, in->cell_file, NULL),
        .lease_file = copy(sense, in->lease_file, NULL),
        .resolv_file = copy(sense, in->resolv_file, RESOLV_FILE),
        .interface = copy(sense, in->interface, NULL),
        .resolver_name = copy(sense, in->resolver_name, NULL),
        .place = copy(sense, in->place, NULL),
        .place_file = copy(sense, in->place_file, NULL),
        .state_dir = copy(sense, in->state_dir, NULL),
        .network_key = pk_slice_of(key, in->network_key.len),
        .probe_ms = or_default(in->probe_ms, 4000),
        .settle_ms = or_default(in->settle_ms, 200),
        .dns_every_ms = or_default(in->dns_every_ms, 30 * PK_SECOND_MS),
        .tls_every_ms = or_default(in->tls_every_ms, 30 * PK_MINUTE_MS),
        .posture_every_ms = or_default(in->posture_every_ms, PK_DAY_MS),
    };
    if (in->resolver != NULL && *in->resolver != '\0' &&
            pk_address_parse(in->resolver, 53, &sense->trusted) < 0) {
        return pk_error_set(err, PK_EMALF, "'%s' is no address", in->resolver);
    }
    if (copy_strings(sense, &in->redirects, &sense->set.redirects) < 0 ||
            copy_pages(sense, &in->pages, &sense->set.pages) < 0) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    return add_targets(sense, in, err);
}
