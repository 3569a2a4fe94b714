#include "defense/reputation/origin.h"

#include <string.h>

static const char *const known_stores[] = {
    /* stores */
    "com.android.vending", "com.amazon.venezia", "com.sec.android.app.samsungapps",
    "com.huawei.appmarket", "com.xiaomi.mipicks", "com.heytap.market", "com.oppo.market",
    "com.vivo.appstore", "com.hihonor.appmarket", "org.fdroid.fdroid", "org.fdroid.basic",
    "app.accrescent.client", "com.apple.AppStore", "com.apple.TestFlight",
    /* device management */
    "com.google.android.apps.work.clouddpc", "com.microsoft.windowsintune.companyportal",
    "com.airwatch.androidagent", "com.mobileiron", "com.mobileiron.anyware.android",
    "com.hmdm.launcher", "com.sophos.mobilecontrol.client.android"
};

enum pk_app_origin pk_app_origin_of(
        const struct pk_app_situation *situation, const struct pk_strings *stores)
{
    if (situation == NULL) {
        return PK_ORIGIN_UNKNOWN;
    }
    if (situation->system == PK_TRI_YES) {
        return PK_ORIGIN_SYSTEM;
    }
    if (situation->installer == NULL) {
        return PK_ORIGIN_UNKNOWN;
    }
    for (size_t i = 0; i < PK_COUNT(known_stores); i++) {
        if (strcmp(situation->installer, known_stores[i]) == 0) {
            return PK_ORIGIN_STORE;
        }
    }
    for (size_t i = 0; stores != NULL && i < stores->count; i++) {
        if (strcmp(situation->installer, stores->items[i]) == 0) {
            return PK_ORIGIN_STORE;
        }
    }
    return PK_ORIGIN_HAND;
}
