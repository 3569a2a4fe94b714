/* visit.h - from what devices observe to what the crowd learns from: one visit to a network is one
 * sighting, however often its facts are told.
 *
 * A report's observations go in, in order; sightings come out, in order. Of each device little is kept
 * (about 450 bytes): the facts of the visit that it is on, and what was told of the last few networks and
 * masts. Pure and deterministic; one writer.
 *
 *  - A visit begins with "joined" (or another access point) and is told when the report ends that its
 *    joining checks came in, with what is known then. Cellular links and VPNs are no visits.
 *  - It is told again, at most PK_VISIT_FURTHER_MAX times in 6 hours, when something stands against it that
 *    was not told yet (a forged certificate, a contested router, a stripped page, other answers to names,
 *    an inspection, a portal), when a router, name server or lease is another one than before, or when the
 *    first was told without any proven check host. What is merely the same is told once in 6 hours.
 *  - Flags and confirmed incidents are what the judges say of the observations (`judge`): those know mesh,
 *    standby routers, portals and filters. Judged present with at least 80 %: a flag; with at least 95 %, and
 *    from evidence that proves itself: an incident as well. Without a judge there are neither, and a
 *    certificate that does not verify is forged only by its own words.
 *  - A check host is FORGED when somebody else answers for it (untrusted, wrong name, wrong key, another
 *    defect) and the judges do not say otherwise; not when it is expired (clocks), broken off or silent. By an
 *    authority that was installed, or that the organisation allows, it is INSPECTED: never an attack. One of the
 *    organisation's own hosts counts only where it is known to have proved itself before: a company's own
 *    authority that is missing on a phone is missing on every network.
 *
 * Apps are not here: what is known of them stands in the store (apps.h). */
#pragma once

#include "base/buffer.h"
#include "crowd/key.h"
#include "crowd/sighting.h"
#include "model/finding.h"
#include "model/observation.h"

struct pk_visits;

#define PK_VISIT_REPEAT_S    (6 * 3600) /* the same of one network or mast once in so long */
#define PK_VISIT_FURTHER_MAX 6          /* sightings more of one access point meanwhile */
#define PK_VISIT_BUDGET      48         /* sightings of one device in that time, of all kinds */
#define PK_VISIT_DELAY_S     (7L * 24 * 3600) /* what came later than this is dated so */
#define PK_VISIT_POSTURE_S   (7L * 24 * 3600) /* an unchanged posture is told so often */

/* pk_defense_judge(): of a room above this one. */
typedef int (*pk_visit_judge)(
        const struct pk_observation *o, struct pk_arena *arena, struct pk_findings *out);

struct pk_visits_settings {
    size_t devices_max; /* 0: 1,000,000; then those that were silent longest make room */
    pk_visit_judge judge;
};

/* Who reports. */
struct pk_visit_device {
    const char *id;
    uint32_t tenant; /* as in struct pk_sighting: pk_crowd_tenant_of(), or 0 */
    struct pk_sight_device enrolment;
};

typedef void (*pk_visit_tell)(void *ctx, const struct pk_sighting *sighting);

/* settings NULL: defaults. PK_ENOMEM. */
PK_MUST_USE int pk_visits_create(
        const struct pk_visits_settings *settings, struct pk_visits **out, struct pk_error *err);
void pk_visits_destroy(struct pk_visits *visits); /* NULL is fine */

/* One report. Its sightings are dated by their observations, within PK_VISIT_DELAY_S before received_ms. A device's
 * first report, and one with other facts of enrolment, begins with PK_SIGHTING_DEVICE. PK_ENOMEM: some
 * of it may be untold. */
PK_MUST_USE int pk_visits_take(struct pk_visits *visits, const struct pk_visit_device *device,
        const struct pk_observation *observations, size_t count, int64_t received_ms,
        pk_visit_tell tell, void *ctx);

/* The same in pieces: one observation of a report that goes on, and its end (device->id is enough), at which the
 * visit is told. */
PK_MUST_USE int pk_visits_note(struct pk_visits *visits, const struct pk_visit_device *device,
        const struct pk_observation *o, int64_t received_ms, pk_visit_tell tell, void *ctx);
PK_MUST_USE int pk_visits_end(struct pk_visits *visits, const struct pk_visit_device *device,
        pk_visit_tell tell, void *ctx);

/* Everything that is kept of one device is gone. */
void pk_visits_forget(struct pk_visits *visits, const char *device);

/* Where a device is now: on a network that was joined and not left, as far as its reports go. */
struct pk_visit_where {
    uint64_t network, point;
    uint32_t place, city; /* 0: not known */
    uint32_t at_s;        /* of its newest observation there */
    uint8_t security;     /* enum pk_sight_security */
    bool portal;          /* one was met */
};
/* false: on none, or the device is not known. */
bool pk_visits_where(const struct pk_visits *visits, uint64_t device, struct pk_visit_where *out);

size_t pk_visits_devices(const struct pk_visits *visits);
size_t pk_visits_bytes(const struct pk_visits *visits);

/* ---- at rest ------------------------------------------------------------------------------------- */

/* Everything, appended to out (the caller bounds it; about 150 bytes a device), so that visits that were
 * loaded go on exactly as those that were saved. PK_ENOMEM, PK_ELIMIT. No checksum: it lies inside the crowd's. */
PK_MUST_USE int pk_visits_save(const struct pk_visits *visits, struct pk_buffer *out);
/* PK_EMALF, PK_ETRUNC: damaged or of another version: begin anew. PK_ENOMEM. */
PK_MUST_USE int pk_visits_load(struct pk_slice bytes, const struct pk_visits_settings *settings,
        struct pk_visits **out, struct pk_error *err);
