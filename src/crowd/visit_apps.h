/* visit_apps.h - from an app on a device to what the crowd learns from it. Numbers alone: no name of an app, a
 * file or a person leaves here. Pure.
 *
 * Each file on a device is told once: whoever calls knows which ones are new (the pipeline: rows of
 * device_apps), and tells some of them again when the file's report has come, so that the crowd learns
 * risk and permissions. */
#pragma once

#include "base/buffer.h"
#include "base/error.h"
#include "base/schema.h"
#include "crowd/sighting.h"

extern const char *const pk_sight_source_names[]; /* "play" ... "unknown"; NULL-terminated */

/* Where an app came from, by the package of what installed it: "" by hand, NULL not known; system: it came with the
 * device. Package installers and file managers of the system are no source: a person opened a file. */
enum pk_sight_source pk_visit_source(const char *installer, bool system);
/* A store that anybody can be in and that looks at what it offers. */
bool pk_visit_source_is_public(enum pk_sight_source source);
/* Somebody brought it past every store. */
bool pk_visit_source_is_hand(enum pk_sight_source source);

/* One bit for each of Android's permissions that matter to people ("android.permission.READ_SMS"); others
 * give none. The bits keep their meaning for ever. */
uint64_t pk_visit_permissions(const struct pk_strings *names);

struct pk_visit_app {
    const char *package;
    const char *sha256;    /* of the file */
    const char *signer;    /* SHA-256 of the certificate; NULL, "": not known */
    const char *installer; /* as above */
    int64_t version_code;
    uint64_t permissions; /* pk_visit_permissions(); 0 also when nobody has read the file */
    int risk;             /* 0-100; below 0: nobody has read the file */
    bool system;
};
/* false: it says nothing to the crowd, as its file or package is not known. */
bool pk_visit_app(const struct pk_visit_app *app, struct pk_sight_app *out);

/* The sighting of an app, or the incident of malware, as one line of text as it waits in the store and stands in the
 * crowd's log, its end included; hashes in hex, DEVICE by its id:
 *     a DEVICE TENANT SECONDS PACKAGE FILE SIGNER PERMISSIONS VERSION SOURCE RISK
 *     m DEVICE TENANT SECONDS PACKAGE FILE CONFIDENCE
 * Exactly: what is read is what was written. place and city are not kept: an app is nowhere. */
#define PK_VISIT_DEVICE_TEXT 40 /* bytes of an id, its NUL included */
void pk_visit_app_write(
        const struct pk_sighting *sighting, const char *device, struct pk_buffer *out);
/* Reads the line that *text begins with and moves on behind its end; sighting->device is the id's hash. PK_EMALF: it
 * is no such line. */
PK_MUST_USE int pk_visit_app_read(
        const char **text, struct pk_sighting *out, char device[PK_VISIT_DEVICE_TEXT]);
