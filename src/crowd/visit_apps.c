#include "crowd/visit_apps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "crowd/key.h"

const char *const pk_sight_source_names[] = { "play", "appstore", "fdroid", "oem", "amazon", "mdm",
    "third", "sideload", "browser", "unknown", NULL };

/* ---- where it came from ---- */

static const struct {
    const char *installer;
    enum pk_sight_source source;
} installers[] = {
    { "com.android.vending", PK_SIGHT_FROM_PLAY },
    { "com.apple.AppStore", PK_SIGHT_FROM_APPSTORE },
    { "com.apple.TestFlight", PK_SIGHT_FROM_APPSTORE },
    { "org.fdroid.fdroid", PK_SIGHT_FROM_FDROID },
    { "org.fdroid.basic", PK_SIGHT_FROM_FDROID },
    { "com.amazon.venezia", PK_SIGHT_FROM_AMAZON },
    { "com.sec.android.app.samsungapps", PK_SIGHT_FROM_OEM },
    { "com.huawei.appmarket", PK_SIGHT_FROM_OEM },
    { "com.xiaomi.mipicks", PK_SIGHT_FROM_OEM },
    { "com.heytap.market", PK_SIGHT_FROM_OEM },
    { "com.oppo.market", PK_SIGHT_FROM_OEM },
    { "com.vivo.appstore", PK_SIGHT_FROM_OEM },
    { "com.hihonor.appmarket", PK_SIGHT_FROM_OEM },
    /* device management */
    { "com.google.android.apps.work.clouddpc", PK_SIGHT_FROM_MDM },
    { "com.microsoft.windowsintune.companyportal", PK_SIGHT_FROM_MDM },
    { "com.airwatch.androidagent", PK_SIGHT_FROM_MDM },
    { "com.mobileiron", PK_SIGHT_FROM_MDM },
    { "com.mobileiron.anyware.android", PK_SIGHT_FROM_MDM },
    { "com.hmdm.launcher", PK_SIGHT_FROM_MDM },
    { "com.sophos.mobilecontrol.client.android", PK_SIGHT_FROM_MDM },
    /* other stores */
    { "app.accrescent.client", PK_SIGHT_FROM_THIRD },
    { "com.aurora.store", PK_SIGHT_FROM_THIRD },
    { "cm.aptoide.pt", PK_SIGHT_FROM_THIRD },
    { "com.uptodown", PK_SIGHT_FROM_THIRD },
    { "com.apkpure.aegon", PK_SIGHT_FROM_THIRD },
    { "com.looker.droidify", PK_SIGHT_FROM_THIRD },
    { "com.machiav3lli.fdroid", PK_SIGHT_FROM_THIRD },
    { "dev.imranr.obtainium", PK_SIGHT_FROM_THIRD },
    /* programs that load files from the web */
    { "com.android.chrome", PK_SIGHT_FROM_BROWSER },
    { "org.mozilla.firefox", PK_SIGHT_FROM_BROWSER },
    { "org.mozilla.fenix", PK_SIGHT_FROM_BROWSER },
    { "com.microsoft.emmx", PK_SIGHT_FROM_BROWSER },
    { "com.brave.browser", PK_SIGHT_FROM_BROWSER },
    { "com.opera.browser", PK_SIGHT_FROM_BROWSER },
    { "com.sec.android.app.sbrowser", PK_SIGHT_FROM_BROWSER },
    { "com.duckduckgo.mobile.android", PK_SIGHT_FROM_BROWSER },
};

enum pk_sight_source pk_visit_source(const char *installer, bool system)
{
    if (installer == NULL) {
        return system ? PK_SIGHT_FROM_OEM : PK_SIGHT_FROM_UNKNOWN;
    }
    for (size_t i = 0; i < PK_COUNT(installers); i++) {
        if (strcmp(installer, installers[i].installer) == 0) {
            return installers[i].source;
        }
    }
    return system ? PK_SIGHT_FROM_OEM : PK_SIGHT_FROM_SIDELOAD;
}

bool pk_visit_source_is_public(enum pk_sight_source source)
{
    switch (source) {
    case PK_SIGHT_FROM_PLAY:
    case PK_SIGHT_FROM_APPSTORE:
    case PK_SIGHT_FROM_FDROID:
    case PK_SIGHT_FROM_OEM:
    case PK_SIGHT_FROM_AMAZON:
        return true;
    case PK_SIGHT_FROM_MDM:
    case PK_SIGHT_FROM_THIRD:
    case PK_SIGHT_FROM_SIDELOAD:
    case PK_SIGHT_FROM_BROWSER:
    case PK_SIGHT_FROM_UNKNOWN:
        break;
    }
    return false;
}

bool pk_visit_source_is_hand(enum pk_sight_source source)
{
    return source == PK_SIGHT_FROM_SIDELOAD || source == PK_SIGHT_FROM_BROWSER;
}

/* ---- permissions ---- */

/* A name's place is its bit: only ever add at the end. */
static const char *const permissions[] = { "ACCESS_BACKGROUND_LOCATION", "ACCESS_COARSE_LOCATION",
    "ACCESS_FINE_LOCATION", "ACCESS_MEDIA_LOCATION", "ACTIVITY_RECOGNITION", "ANSWER_PHONE_CALLS",
    "BODY_SENSORS", "BODY_SENSORS_BACKGROUND", "CAMERA", "GET_ACCOUNTS", "MANAGE_EXTERNAL_STORAGE",
    "PACKAGE_USAGE_STATS", "PROCESS_OUTGOING_CALLS", "QUERY_ALL_PACKAGES", "READ_CALENDAR",
    "READ_CALL_LOG", "READ_CELL_BROADCASTS", "READ_CONTACTS", "READ_EXTERNAL_STORAGE",
    "READ_MEDIA_AUDIO", "READ_MEDIA_IMAGES", "READ_MEDIA_VIDEO", "READ_PHONE_NUMBERS",
    "READ_PHONE_STATE", "READ_SMS", "RECEIVE_MMS", "RECEIVE_SMS", "RECEIVE_WAP_PUSH",
    "RECORD_AUDIO", "WRITE_CALENDAR", "WRITE_CALL_LOG", "WRITE_CONTACTS", "WRITE_EXTERNAL_STORAGE",
    "CALL_PHONE", "DISABLE_KEYGUARD", "REQUEST_DELETE_PACKAGES", "REQUEST_INSTALL_PACKAGES",
    "SEND_SMS", "SYSTEM_ALERT_WINDOW", "WRITE_SETTINGS", "BLUETOOTH_SCAN", "BLUETOOTH_CONNECT",
    "NEARBY_WIFI_DEVICES", "POST_NOTIFICATIONS", "RECEIVE_BOOT_COMPLETED", "USE_SIP",
    "ADD_VOICEMAIL", "SCHEDULE_EXACT_ALARM", "REQUEST_IGNORE_BATTERY_OPTIMIZATIONS",
    "FOREGROUND_SERVICE", "WAKE_LOCK", "BIND_ACCESSIBILITY_SERVICE", "BIND_DEVICE_ADMIN",
    "BIND_NOTIFICATION_LISTENER_SERVICE", "BIND_VPN_SERVICE" };
_Static_assert(PK_COUNT(permissions) <= 64, "one bit each");

uint64_t pk_visit_permissions(const struct pk_strings *names)
{
    static const char prefix[] = "android.permission.";
    uint64_t out = 0;

    for (size_t i = 0; i < names->count; i++) {
        const char *name = names->items[i];

        if (strncmp(name, prefix, sizeof(prefix) - 1) != 0) {
            continue;
        }
        for (size_t bit = 0; bit < PK_COUNT(permissions); bit++) {
            if (strcmp(name + sizeof(prefix) - 1, permissions[bit]) == 0) {
                out |= UINT64_C(1) << bit;
            }
        }
    }
    return out;
}

/* ---- the sighting ---- */

bool pk_visit_app(const struct pk_visit_app *app, struct pk_sight_app *out)
{
    struct pk_sight_app seen = {
        .package = pk_crowd_hash(app->package),
        .file = pk_crowd_digest_of(app->sha256),
        .signer = pk_crowd_digest_of(app->signer),
        .permissions = app->permissions,
        .version = app->version_code < 0         ? 0
                : app->version_code > UINT32_MAX ? UINT32_MAX
                                                 : (uint32_t)app->version_code,
        .source = (uint8_t)pk_visit_source(app->installer, app->system),
        .risk = (uint8_t)(app->risk < 0   ? 0
                        : app->risk > 100 ? 100
                                          : app->risk),
    };

    if (seen.package == 0 || seen.file == 0) {
        return false;
    }
    *out = seen;
    return true;
}

/* ---- as a line ---- */

typedef unsigned long long ull;

void pk_visit_app_write(const struct pk_sighting *s, const char *device, struct pk_buffer *out)
{
    if (s->kind == PK_SIGHTING_INCIDENT) {
        (void)pk_buffer_printf(out, "m %s %u %lld %016llx %016llx %u\n", device, s->tenant,
                (long long)s->at_s, (ull)s->incident.package, (ull)s->incident.file,
                s->incident.confidence);
        return;
    }
    (void)pk_buffer_printf(out, "a %s %u %lld %016llx %016llx %016llx %016llx %u %u %u\n", device,
            s->tenant, (long long)s->at_s, (ull)s->app.package, (ull)s->app.file,
            (ull)s->app.signer, (ull)s->app.permissions, s->app.version, s->app.source,
            s->app.risk);
}

struct words {
    const char *at;
    bool bad;
};

/* The next word as a number; the first that is none, or too large, spoils the line. */
static uint64_t number(struct words *w, int base, uint64_t max)
{
    const char *digits = base == 16 ? "0123456789abcdef" : "0123456789";
    size_t len = *w->at == ' ' ? strspn(w->at + 1, digits) : 0;
    uint64_t n = 0;

    if (w->bad || len == 0 || len > 20) {
        w->bad = true;
        return 0;
    }
    errno = 0;
    n = strtoull(w->at + 1, NULL, base);
    w->bad = errno != 0 || n > max;
    w->at += 1 + len;
    return n;
}

static void read_app(struct words *w, struct pk_sight_app *out)
{
    out->package = number(w, 16, UINT64_MAX);
    out->file = number(w, 16, UINT64_MAX);
    out->signer = number(w, 16, UINT64_MAX);
    out->permissions = number(w, 16, UINT64_MAX);
    out->version = (uint32_t)number(w, 10, UINT32_MAX);
    out->source = (uint8_t)number(w, 10, PK_SIGHT_FROM_UNKNOWN);
    out->risk = (uint8_t)number(w, 10, 100);
}

static void read_incident(struct words *w, struct pk_sight_incident *out)
{
    out->package = number(w, 16, UINT64_MAX);
    out->file = number(w, 16, UINT64_MAX);
    out->confidence = (uint8_t)number(w, 10, 100);
    out->attack = PK_SIGHT_MALWARE;
}

/* Ids are UUIDs; other text without blanks is as good. */
static void read_id(struct words *w, char out[PK_VISIT_DEVICE_TEXT])
{
    size_t len = *w->at == ' ' ? strcspn(w->at + 1, " \n") : 0;

    if (w->bad || len == 0 || len >= PK_VISIT_DEVICE_TEXT) {
        w->bad = true;
        return;
    }
    memcpy(out, w->at + 1, len);
    out[len] = '\0';
    w->at += 1 + len;
}

int pk_visit_app_read(const char **text, struct pk_sighting *out, char device[PK_VISIT_DEVICE_TEXT])
{
    struct words w = { .at = *text + 1 };
    struct pk_sighting s = { .kind = **text == 'm' ? PK_SIGHTING_INCIDENT : PK_SIGHTING_APP };
    char id[PK_VISIT_DEVICE_TEXT] = "";

    if (**text != 'a' && **text != 'm') {
        return PK_EMALF;
    }
    read_id(&w, id);
    s.device = pk_crowd_hash(id);
    s.tenant = (uint32_t)number(&w, 10, UINT32_MAX);
    s.at_s = (int64_t)number(&w, 10, INT64_MAX);
    if (s.kind == PK_SIGHTING_APP) {
        read_app(&w, &s.app);
    } else {
        read_incident(&w, &s.incident);
    }
    if (w.bad || *w.at != '\n') {
        return PK_EMALF;
    }
    *out = s;
    memcpy(device, id, sizeof(id));
    *text = w.at + 1;
    return PK_OK;
}
