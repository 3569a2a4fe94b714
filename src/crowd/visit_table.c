/* The seats of all devices: a dense array, found through an index of open addressing. */
#include <stdlib.h>

#include "crowd/visit_internal.h"

#define DEVICES_MAX 1000000
#define FIRST_CAP   64
#define LOOK        16 /* seats that are compared when one must go */

uint32_t visit_digest(const uint64_t *values, size_t count)
{
    uint64_t h = 0x9e3779b97f4a7c15ULL;

    for (size_t i = 0; i < count; i++) { /* the finalizer of splitmix64 */
        h ^= values[i];
        h = (h ^ h >> 30) * 0xbf58476d1ce4e5b9ULL;
        h = (h ^ h >> 27) * 0x94d049bb133111ebULL;
        h ^= h >> 31;
    }
    h ^= h >> 32;
    return (uint32_t)h != 0 ? (uint32_t)h : 1;
}

int pk_visits_create(
        const struct pk_visits_settings *settings, struct pk_visits **out, struct pk_error *err)
{
    struct pk_visits *visits = calloc(1, sizeof(*visits));

    if (visits == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    if (settings != NULL) {
        visits->settings = *settings;
    }
    if (visits->settings.devices_max == 0 || visits->settings.devices_max > DEVICES_MAX * 100UL) {
        visits->settings.devices_max = DEVICES_MAX;
    }
    *out = visits;
    return PK_OK;
}

void pk_visits_destroy(struct pk_visits *visits)
{
    if (visits != NULL) {
        free(visits->seats);
        free(visits->index);
        free(visits);
    }
}

size_t pk_visits_devices(const struct pk_visits *visits)
{
    return visits->count;
}

size_t pk_visits_bytes(const struct pk_visits *visits)
{
    return sizeof(*visits) + visits->cap * sizeof(*visits->seats) +
            visits->index_cap * sizeof(*visits->index);
}

/* --- the index ---------------------------------------------------------------------------- */

/* Where the device stands, or the free place where it would. index_cap > 0. */
static size_t index_at(const struct pk_visits *visits, uint64_t device)
{
    size_t mask = visits->index_cap - 1;
    size_t i = (size_t)device & mask;

    while (visits->index[i] != 0 && visits->seats[visits->index[i] - 1].device != device) {
        i = (i + 1) & mask;
    }
    return i;
}

static struct visit_seat *find(const struct pk_visits *visits, uint64_t device)
{
    size_t at = visits->index_cap > 0 ? index_at(visits, device) : 0;

    return visits->index_cap > 0 && visits->index[at] != 0 ? &visits->seats[visits->index[at] - 1]
                                                           : NULL;
}

/* Takes out a place and closes the gap, so that what stands behind it is still found. */
static void index_remove(struct pk_visits *visits, size_t hole)
{
    size_t mask = visits->index_cap - 1;

    for (size_t i = (hole + 1) & mask; visits->index[i] != 0; i = (i + 1) & mask) {
        size_t home = (size_t)visits->seats[visits->index[i] - 1].device & mask;

        if (((i - home) & mask) >= ((i - hole) & mask)) {
            visits->index[hole] = visits->index[i];
            hole = i;
        }
    }
    visits->index[hole] = 0;
}

static int grow(struct pk_visits *visits)
{
    size_t cap = visits->cap > 0 ? visits->cap * 2 : FIRST_CAP;
    size_t index_cap = cap * 2;
    uint32_t *index = calloc(index_cap, sizeof(*index));
    struct visit_seat *seats = realloc(visits->seats, cap * sizeof(*seats));

    if (seats != NULL) {
        visits->seats = seats;
    }
    if (seats == NULL || index == NULL) {
        free(index);
        return PK_ENOMEM;
    }
    free(visits->index);
    visits->cap = cap;
    visits->index = index;
    visits->index_cap = index_cap;
    for (size_t i = 0; i < visits->count; i++) {
        index[index_at(visits, seats[i].device)] = (uint32_t)i + 1;
    }
    return PK_OK;
}

/* --- seats -------------------------------------------------------------------------------- */

static void drop(struct pk_visits *visits, size_t seat)
{
    size_t last = visits->count - 1;

    index_remove(visits, index_at(visits, visits->seats[seat].device));
    if (seat != last) {
        visits->index[index_at(visits, visits->seats[last].device)] = (uint32_t)seat + 1;
        visits->seats[seat] = visits->seats[last];
    }
    visits->count--;
}

/* The one of the next few that was silent longest: near enough to the oldest of all, and cheap. */
static void make_room(struct pk_visits *visits)
{
    size_t oldest = visits->hand % visits->count;

    for (size_t i = 0; i < LOOK; i++) {
        size_t at = (visits->hand + i) % visits->count;

        oldest = visits->seats[at].seen_s < visits->seats[oldest].seen_s ? at : oldest;
    }
    visits->hand = (visits->hand + LOOK) % visits->count;
    drop(visits, oldest);
}

struct visit_seat *visit_seat_of(struct pk_visits *visits, uint64_t device)
{
    struct visit_seat *seat = find(visits, device);

    if (seat != NULL) {
        return seat;
    }
    if (visits->count >= visits->settings.devices_max) {
        make_room(visits);
    }
    if (visits->count == visits->cap && grow(visits) < 0) {
        return NULL;
    }
    seat = &visits->seats[visits->count];
    *seat = (struct visit_seat){ .device = device };
    visits->index[index_at(visits, device)] = (uint32_t)visits->count + 1;
    visits->count++;
    return seat;
}

bool pk_visits_where(const struct pk_visits *visits, uint64_t device, struct pk_visit_where *out)
{
    const struct visit_seat *seat = find(visits, device);

    if (seat == NULL || !seat->now.open || seat->now.network == 0) {
        return false;
    }
    *out = (struct pk_visit_where){ .network = seat->now.network,
        .point = seat->now.point,
        .place = seat->now.place,
        .city = seat->now.city,
        .at_s = seat->now.at_s,
        .security = seat->now.security,
        .portal = seat->now.portal != 0 };
    return true;
}

void pk_visits_forget(struct pk_visits *visits, const char *device)
{
    const struct visit_seat *seat = find(visits, pk_crowd_hash(device));

    if (seat != NULL) {
        drop(visits, (size_t)(seat - visits->seats));
    }
}
