/* What was kept of devices' visits, damaged: loads or does not; what loads goes on, and is what it saves. */
#include <stdlib.h>

#include "crowd/visit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_told(void *ctx, const struct pk_sighting *s)
{
    size_t *told = ctx;

    if (s->device == 0 || s->at_s <= 0 || s->at_s > UINT32_MAX ||
            (s->kind == PK_SIGHTING_NETWORK && s->network.check_count > PK_SIGHT_HOSTS)) {
        abort();
    }
    (*told)++;
}

static void go_on(struct pk_visits *visits, const char *id)
{
    const struct pk_visit_device device = { .id = id, .tenant = 1 };
    struct pk_certificate leaf = { .spki_sha256 = "" };
    struct pk_obs_network net = { .event = PK_NETWORK_CHANGED,
        .link = 1,
        .security = 1,
        .bssid = "02:00:5e:00:53:01",
        .gateway_mac = "02:00:5e:00:53:02" };
    struct pk_obs_tls tls = { .host = "one.example",
        .outcome = PK_TLS_UNTRUSTED,
        .captive = PK_TRI_NO,
        .chain = { .items = &leaf, .count = 1 } };
    struct pk_obs_cell cell = { .radio = PK_RADIO_4G, .plmn = "26201", .cell = 7 };
    struct pk_observation o[] = {
        { .kind = PK_OBS_NETWORK, .network = "net-0123456789abcdef", .net = &net },
        { .kind = PK_OBS_TLS, .network = "net-0123456789abcdef", .tls = &tls },
        { .kind = PK_OBS_CELL, .cell = &cell },
    };
    size_t told = 0;

    for (int64_t at_ms = 1700000000000; at_ms < 1700000000000 + 40 * 3600000; at_ms += 7200000) {
        for (size_t i = 0; i < PK_COUNT(o); i++) {
            o[i].at_ms = at_ms;
        }
        if (pk_visits_take(visits, &device, o, PK_COUNT(o), at_ms, on_told, &told) < 0) {
            return;
        }
    }
    if (told > 20 * PK_COUNT(o) + 20) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct pk_visits_settings settings = { .devices_max = 64 };
    struct pk_visits *visits = NULL;
    struct pk_visits *again = NULL;
    struct pk_buffer bytes = pk_buffer_of(1UL << 20);

    if (pk_visits_load(pk_slice_of(data, size), &settings, &visits, NULL) < 0) {
        return 0;
    }
    if (pk_visits_save(visits, &bytes) < 0 || bytes.len != size ||
            memcmp(bytes.ptr, data, size) != 0) {
        abort(); /* two forms of one thing */
    }
    go_on(visits, "device-1");
    go_on(visits, "device-2");
    pk_buffer_clear(&bytes);
    if (pk_visits_save(visits, &bytes) < 0 ||
            pk_visits_load(pk_buffer_slice(&bytes), &settings, &again, NULL) < 0) {
        abort();
    }
    pk_visits_destroy(visits);
    pk_visits_destroy(again);
    pk_buffer_finish(&bytes);
    return 0;
}
