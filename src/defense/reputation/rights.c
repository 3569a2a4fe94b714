#include "defense/reputation/rights.h"

#include <string.h>

#include "base/error.h"

static const char prefix[] = "android.permission.";

static const char *const private_rights[] = { "ACCESS_BACKGROUND_LOCATION",
    "ACCESS_COARSE_LOCATION", "ACCESS_FINE_LOCATION", "ACCESS_MEDIA_LOCATION",
    "ACTIVITY_RECOGNITION", "ANSWER_PHONE_CALLS", "BODY_SENSORS", "BODY_SENSORS_BACKGROUND",
    "CAMERA", "GET_ACCOUNTS", "MANAGE_EXTERNAL_STORAGE", "PACKAGE_USAGE_STATS",
    "PROCESS_OUTGOING_CALLS", "QUERY_ALL_PACKAGES", "READ_CALENDAR", "READ_CALL_LOG",
    "READ_CELL_BROADCASTS", "READ_CONTACTS", "READ_EXTERNAL_STORAGE", "READ_MEDIA_AUDIO",
    "READ_MEDIA_IMAGES", "READ_MEDIA_VIDEO", "READ_PHONE_NUMBERS", "READ_PHONE_STATE", "READ_SMS",
    "RECEIVE_MMS", "RECEIVE_SMS", "RECEIVE_WAP_PUSH", "RECORD_AUDIO", "WRITE_CALENDAR",
    "WRITE_CALL_LOG", "WRITE_CONTACTS", "WRITE_EXTERNAL_STORAGE" };

static const char *const strong_rights[] = { "CALL_PHONE", "DISABLE_KEYGUARD",
    "MANAGE_EXTERNAL_STORAGE", "PROCESS_OUTGOING_CALLS", "READ_CALL_LOG", "READ_SMS", "RECEIVE_SMS",
    "REQUEST_DELETE_PACKAGES", "REQUEST_INSTALL_PACKAGES", "SEND_SMS", "SYSTEM_ALERT_WINDOW",
    "WRITE_SETTINGS" };

static bool has(const char *const *list, size_t count, const char *permission)
{
    if (strncmp(permission, prefix, sizeof(prefix) - 1) != 0) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(permission + sizeof(prefix) - 1, list[i]) == 0) {
            return true;
        }
    }
    return false;
}

bool pk_right_is_private(const char *permission)
{
    return has(private_rights, PK_COUNT(private_rights), permission);
}

bool pk_right_is_strong(const char *permission)
{
    return has(strong_rights, PK_COUNT(strong_rights), permission);
}
