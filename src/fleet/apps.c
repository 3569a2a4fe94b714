#include "fleet/apps.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypt.h"
#include "fleet/random.h"

#define PLAY "com.android.vending"

/* Those with a file first, in the order of data/fleet/apps.bin. Nobody's app is meant. */
static struct pk_fleet_app apps[] = {
    { "com.example.fleet.mail", "Post", "5.2", 52, PLAY, { 0 }, 95, false, "" },
    { "com.example.fleet.calendar", "Kalender", "3.0.1", 301, PLAY, { 0 }, 90, false, "" },
    { "com.example.fleet.chat", "Plausch", "11.4", 1104, PLAY, { 0 }, 85, false, "" },
    { "com.example.fleet.bank", "Stadtbank", "7.9", 79, PLAY, { 0 }, 60, false, "" },
    { "com.example.fleet.transit", "Bus & Bahn", "24.11", 2411, PLAY, { 0 }, 50, false, "" },
    { "com.example.fleet.notes", "Notizen", "1.8", 18, "org.fdroid.fdroid", { 0 }, 30, false, "" },
    { "com.example.fleet.weather", "Wetter", "9.1", 91, PLAY, { 0 }, 70, false, "" },
    { "com.example.fleet.maps", "Karten", "6.6", 66, PLAY, { 0 }, 75, false, "" },
    { "com.example.fleet.podcasts", "Podcasts", "2.2", 22, "org.fdroid.fdroid", { 0 }, 20, false,
            "" },
    { "com.example.fleet.torch", "Taschenlampe", "1.0", 1, "", { 0 }, 6, false, "" },
    { "com.example.system.phone", "Telefon", "16", 16, NULL, { 0 }, 100, true, "" },
    { "com.example.system.camera", "Kamera", "16", 16, NULL, { 0 }, 100, true, "" },
    { "com.example.system.settings", "Einstellungen", "16", 16, NULL, { 0 }, 100, true, "" },
    { "com.example.system.files", "Dateien", "16", 16, NULL, { 0 }, 100, true, "" },
    { "com.example.system.clock", "Uhr", "16", 16, NULL, { 0 }, 100, true, "" },
};

void pk_fleet_apps_make(void)
{
    struct pk_slice all = pk_fleet_apps_bytes();
    size_t at = 0;

    for (size_t i = 0; i < PK_COUNT(apps) && at + 4 <= all.len; i++) {
        const uint8_t *p = all.ptr + at;
        size_t len = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];

        if (len > all.len - at - 4) {
            return;
        }
        apps[i].file = pk_slice_of(p + 4, len);
        pk_sha256_hex(apps[i].file, apps[i].sha256);
        at += 4 + len;
    }
}

size_t pk_fleet_app_count(void)
{
    return PK_COUNT(apps);
}

const struct pk_fleet_app *pk_fleet_app_at(size_t index)
{
    return &apps[index];
}

const struct pk_fleet_app *pk_fleet_app_of(const char *sha256)
{
    for (size_t i = 0; i < PK_COUNT(apps); i++) {
        if (apps[i].file.len > 0 && strcmp(apps[i].sha256, sha256) == 0) {
            return &apps[i];
        }
    }
    return NULL;
}

static int by_package(const void *a, const void *b)
{
    return strcmp(
            ((const struct pk_app_item *)a)->package, ((const struct pk_app_item *)b)->package);
}

static json_t *wire(const struct pk_fact *fact, struct pk_obs_apps *body)
{
    struct pk_observation o = {
        .seq = fact->seq, .at_ms = fact->at_ms, .kind = PK_OBS_APPS, .apps = body
    };

    return pk_observation_encode(&o, true);
}

/* An iPhone tells neither hashes nor where an app came from. */
static struct pk_app_item item_of(const struct pk_fleet_app *app, int platform)
{
    bool open = platform == PK_PLATFORM_ANDROID;

    return (struct pk_app_item){
        .package = app->package,
        .version = app->version,
        .version_code = app->version_code,
        .sha256 = open && app->sha256[0] != '\0' ? app->sha256 : NULL,
        .installer = open ? app->installer : NULL,
        .system = app->system ? PK_TRI_YES : PK_TRI_NO,
        .label = app->label,
        .size = open ? (int64_t)app->file.len : 0,
    };
}

json_t *pk_fact_apps(const struct pk_fact *fact, int platform, uint64_t seed, size_t index)
{
    struct pk_random random = pk_random_of(seed ^ 0x61707073U, index + 1);
    struct pk_app_item items[PK_COUNT(apps)];
    struct pk_obs_apps body = { .event = PK_APPS_ALL };
    size_t count = 0;

    for (size_t i = 0; i < PK_COUNT(apps); i++) {
        if (pk_random_percent(&random, apps[i].share)) {
            items[count++] = item_of(&apps[i], platform);
        }
    }
    if (count > 1) {
        qsort(items, count, sizeof(items[0]), by_package);
    }
    body.items = (struct pk_array){ .items = items, .count = count };
    return wire(fact, &body);
}

/* The package name stands in the public list of stalkerware; there is no such file here. */
json_t *pk_fact_bad_app(const struct pk_fact *fact)
{
    struct pk_app_item item = {
        .package = "app.ELogger",
        .version = "4.8.4",
        .version_code = 484,
        .installer = "",
        .system = PK_TRI_NO,
        .label = "System Service",
    };
    struct pk_obs_apps body = { .event = PK_APPS_CHANGED, .items = { &item, 1 } };

    return wire(fact, &body);
}
