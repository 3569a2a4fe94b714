#include "crowd/kanon.h"

#include <math.h>

const struct pk_kanon pk_kanon_default = {
    .least = { 5, 10 },
    .home = 5,
    .place = 20,
    .attack = { 3.0F, INFINITY },
};

#define PLACE_CELL   5
#define PLACE_PARENT 4

static uint32_t least_of(const struct pk_kanon *k, enum pk_kanon_door door)
{
    return k->least[door] > 0 ? k->least[door] : 1;
}

bool pk_kanon_is_home(const struct pk_kanon *k, const struct pk_kanon_thing *thing)
{
    if (thing->own || thing->devices > k->home) {
        return false;
    }
    switch ((enum pk_kanon_security)thing->security) {
    case PK_KANON_UNKNOWN:
    case PK_KANON_PROTECTED:
        return true;
    case PK_KANON_OPEN:
    case PK_KANON_PERSONAL:
    case PK_KANON_NOTHING:
        return false;
    }
    return true; /* a number that nobody knows: the careful guess */
}

enum pk_kanon_answer pk_kanon_ask(
        const struct pk_kanon *k, enum pk_kanon_door door, const struct pk_kanon_thing *thing)
{
    bool home = pk_kanon_is_home(k, thing);

    if (home && door == PK_KANON_EXCHANGE) {
        return PK_KANON_HIDDEN;
    }
    if (!home && thing->devices >= least_of(k, door)) {
        return PK_KANON_SHOWN;
    }
    /* A NaN is no proof of anything: the comparison is false. */
    return thing->log_odds > k->attack[door] ? PK_KANON_BARE : PK_KANON_HIDDEN;
}

uint32_t pk_kanon_sum(const struct pk_kanon *k, enum pk_kanon_door door, uint32_t number)
{
    static const uint8_t steps[] = { 5, 2, 1 };
    uint32_t least = least_of(k, door);
    uint32_t decade = 1;
    uint32_t told = 1;

    if (number < least) {
        return 0;
    }
    while (decade <= number / 10) {
        decade *= 10;
    }
    for (size_t i = 0; i < sizeof(steps); i++) {
        if (number / decade >= steps[i]) {
            told = steps[i] * decade;
            break;
        }
    }
    return told > least ? told : least;
}

size_t pk_kanon_place(
        const struct pk_kanon *k, enum pk_kanon_door door, uint32_t devices, uint32_t parent)
{
    uint32_t least = least_of(k, door);

    if (devices >= k->place && devices >= least) {
        return PLACE_CELL;
    }
    return parent >= least ? PLACE_PARENT : 0;
}

unsigned pk_kanon_prefix_bits(uint64_t keys, uint32_t least, unsigned bits_max)
{
    uint64_t buckets = keys / (least > 0 ? least : 1);
    unsigned bits = 0;

    while (bits < bits_max && buckets >= 2) {
        buckets /= 2;
        bits++;
    }
    return bits;
}
