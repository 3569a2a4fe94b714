/* Frequent values in bounded memory (Misra and Gries 1982), with counts of sixteen bits. */
#include "crowd/internal.h"

const uint8_t pk_point_layout[PK_ATTR_COUNT + 1] = { 0, 4, 6, 9, 11, 15, 18, 20, 20 };
const uint8_t pk_profile_layout[PK_ATTR_COUNT + 1] = { 0, 4, 8, 12, 16, 20, 24, 27, 31 };

uint16_t pk_slot_value(uint64_t value)
{
    uint64_t h = pk_crowd_mix(value, 0x51f7);
    uint16_t v = (uint16_t)(h >> 20);

    return v != 0 ? v : 1;
}

float pk_slot_count(const struct pk_slot *slots, size_t n, uint16_t value)
{
    for (size_t i = 0; i < n; i++) {
        if (slots[i].value == value) {
            return (float)slots[i].count / PK_COUNT_ONE;
        }
    }
    return 0;
}

float pk_slot_top(const struct pk_slot *slots, size_t n, float *sum)
{
    uint32_t top = 0;
    uint32_t all = 0;

    for (size_t i = 0; i < n; i++) {
        all += slots[i].count;
        top = slots[i].count > top ? slots[i].count : top;
    }
    if (sum != NULL) {
        *sum = (float)all / PK_COUNT_ONE;
    }
    return (float)top / PK_COUNT_ONE;
}

bool pk_slot_add(struct pk_slot *slots, size_t n, uint16_t value, float weight, float dice)
{
    uint32_t step = (uint32_t)(weight * PK_COUNT_ONE + dice);
    size_t least = 0;

    if (step == 0) {
        return true;
    }
    for (size_t i = 0; i < n; i++) {
        if (slots[i].value == value) {
            step += slots[i].count;
            slots[i].count = (uint16_t)(step < UINT16_MAX ? step : UINT16_MAX);
            return slots[i].count < PK_COUNT_MAX;
        }
        least = slots[i].count < slots[least].count ? i : least;
    }
    if (slots[least].count <= step) {
        slots[least] = (struct pk_slot){ value, (uint16_t)(step - slots[least].count / 2) };
    } else {
        slots[least].count = (uint16_t)(slots[least].count - step);
    }
    return true;
}

void pk_slots_fade(struct pk_slot *slots, size_t n, float factor)
{
    for (size_t i = 0; i < n; i++) {
        slots[i].count = (uint16_t)((float)slots[i].count * factor + .5F);
        slots[i].value = slots[i].count != 0 ? slots[i].value : 0;
    }
}

void pk_count_add(uint16_t *count, float weight, float dice)
{
    uint32_t sum = *count + (uint32_t)(weight * PK_COUNT_ONE + dice);

    *count = (uint16_t)(sum < 65535 ? sum : 65535);
}

float pk_fade(uint32_t days)
{
    return exp2f(-(float)days / PK_HALF_DAYS);
}
