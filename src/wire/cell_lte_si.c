/* System information of a 4G cell (TS 36.331 6.3.1): who it is (block 1), and which generation it would
 * have phones prefer (blocks 3, 5, 6, 7). Blocks stand one behind the other without lengths, so all fields
 * of those before the wanted one must be read; at one that is not known here reading ends. */
#include "wire/cell_decode.h"

#define PRIORITY_NONE (-1)

static bool digits(struct pk_bits *b, unsigned count, char *out, size_t *len)
{
    bool fine = true;

    for (unsigned i = 0; i < count; i++) {
        unsigned digit = (unsigned)pk_bits_read(b, 4);

        fine &= digit <= 9;
        out[(*len)++] = (char)('0' + digit % 10);
    }
    out[*len] = '\0';
    return fine;
}

/* The first carrier of the list; others share the cell. */
static void carriers(struct pk_bits *b, char out[PK_CELL_PLMN])
{
    size_t count = pk_bits_read(b, 3) + 1;
    char mcc[4] = "";

    for (size_t i = 0; i < count && b->rc == PK_OK; i++) {
        char text[PK_CELL_PLMN];
        size_t len = 0;
        bool fine = true;

        if (pk_bits_flag(b)) {
            fine = digits(b, 3, mcc, &len);
        }
        len = strlen(mcc);
        memcpy(text, mcc, sizeof(mcc)); /* without a country: that of the one before */
        fine = digits(b, pk_bits_flag(b) ? 3 : 2, text, &len) && fine;
        pk_bits_skip(b, 1);
        if (i == 0 && fine && b->rc == PK_OK && len >= 5) {
            memcpy(out, text, sizeof(text));
        }
    }
}

/* How many blocks beyond the second are announced; TS 36.331: schedulingInfoList. */
static int scheduled(struct pk_bits *b)
{
    size_t messages = pk_bits_read(b, 5) + 1;
    int blocks = 0;

    for (size_t i = 0; i < messages && b->rc == PK_OK; i++) {
        size_t count;

        pk_bits_skip(b, 3);
        count = pk_bits_read(b, 5);
        for (size_t k = 0; k < count && b->rc == PK_OK; k++, blocks++) {
            pk_bits_skip(b, pk_bits_flag(b) ? 7 : 4);
        }
    }
    return b->rc == PK_OK ? blocks : -1;
}

void pk_cell_lte_sib1(struct pk_bits *b, struct pk_cell_messages *out)
{
    struct pk_cell_message m = *pk_cell_add(out, PK_CELL_SYSTEM, PK_CELL_4G);
    uint64_t present = pk_bits_read(b, 3); /* p-Max, tdd-Config, nonCriticalExtension */
    bool closed_group = pk_bits_flag(b);

    carriers(b, m.plmn);
    m.area = (int64_t)pk_bits_read(b, 16);
    m.cell = (int64_t)pk_bits_read(b, 28);
    if (b->rc < 0) {
        out->count--;
        return;
    }
    pk_bits_skip(b, 1 + 1 + 1); /* barred, intra frequency reselection, closed group */
    pk_bits_skip(b, closed_group ? 27 : 0);
    pk_bits_skip(b, pk_bits_flag(b) ? 6 + 3 : 6); /* cellSelectionInfo */
    pk_bits_skip(b, (present & 4U) != 0 ? 6 : 0);
    pk_bits_skip(b, 6); /* band */
    m.count = (int16_t)scheduled(b);
    out->items[out->count - 1] = m;
}

/* --- blocks 2 to 7 -------------------------------------------------------------------------- */

struct found {
    int own;
    int older2;
    int older3;
    int neighbours; /* -1: no list was there */
};

static void note(int *best, int value)
{
    *best = value > *best ? value : *best;
}

static void end_of(struct pk_bits *b, bool extended)
{
    if (extended) {
        pk_bits_skip_additions(b);
    }
}

static void barring(struct pk_bits *b)
{
    unsigned present = (unsigned)pk_bits_read(b, 2);

    pk_bits_skip(b, 1);
    pk_bits_skip(b, (present & 2U) != 0 ? 4 + 3 + 5 : 0);
    pk_bits_skip(b, (present & 1U) != 0 ? 4 + 3 + 5 : 0);
}

static void random_access(struct pk_bits *b)
{
    bool extended = pk_bits_flag(b);
    bool group_a = pk_bits_flag(b);

    pk_bits_skip(b, 4);
    if (group_a) {
        bool more = pk_bits_flag(b);

        pk_bits_skip(b, 4 + 2 + 3);
        end_of(b, more);
    }
    pk_bits_skip(b, 2 + 4);     /* powerRampingParameters */
    pk_bits_skip(b, 4 + 3 + 3); /* ra-SupervisionInfo */
    pk_bits_skip(b, 3);
    end_of(b, extended);
}

/* radioResourceConfigCommon: nothing of it is needed. */
static void radio_resources(struct pk_bits *b)
{
    bool extended = pk_bits_flag(b);

    random_access(b);
    pk_bits_skip(b, 2);                  /* bcch-Config */
    pk_bits_skip(b, 2 + 3);              /* pcch-Config */
    pk_bits_skip(b, 10 + 6 + 1 + 4 + 7); /* prach-Config */
    pk_bits_skip(b, 7 + 2);              /* pdsch */
    pk_bits_skip(b, 2 + 1 + 7 + 1);      /* pusch-ConfigBasic */
    pk_bits_skip(b, 1 + 5 + 1 + 3);      /* ul-ReferenceSignalsPUSCH */
    pk_bits_skip(b, 2 + 7 + 3 + 11);     /* pucch */
    if (pk_bits_flag(b)) {               /* sounding is set up */
        pk_bits_skip(b, 1 + 3 + 4 + 1);
    }
    pk_bits_skip(b, 8 + 3 + 5 + 2 + 2 + 2 + 2 + 2 + 3); /* uplinkPowerControlCommon */
    pk_bits_skip(b, 1);                                 /* ul-CyclicPrefixLength */
    end_of(b, extended);
}

static void multicast_frames(struct pk_bits *b)
{
    size_t count = pk_bits_read(b, 3) + 1;

    for (size_t i = 0; i < count && b->rc == PK_OK; i++) {
        pk_bits_skip(b, 3 + 3);
        pk_bits_skip(b, pk_bits_flag(b) ? 24 : 6);
    }
}

static void block2(struct pk_bits *b)
{
    bool extended = pk_bits_flag(b);
    unsigned present = (unsigned)pk_bits_read(b, 2);
    unsigned freq;
    bool timers;

    if ((present & 2U) != 0) {
        barring(b);
    }
    radio_resources(b);
    timers = pk_bits_flag(b);
    pk_bits_skip(b, 6UL * 3);
    end_of(b, timers);
    freq = (unsigned)pk_bits_read(b, 2);
    pk_bits_skip(b, (freq & 2U) != 0 ? 16 : 0);
    pk_bits_skip(b, (freq & 1U) != 0 ? 3 : 0);
    pk_bits_skip(b, 5);
    if ((present & 1U) != 0) {
        multicast_frames(b);
    }
    pk_bits_skip(b, 3);
    end_of(b, extended);
}

static void block3(struct pk_bits *b, struct found *found)
{
    bool extended = pk_bits_flag(b);
    bool speed = pk_bits_flag(b);
    unsigned present;
    int own;

    pk_bits_skip(b, 4);
    pk_bits_skip(b, speed ? 3 + 3 + 4 + 4 + 2 + 2 : 0);
    pk_bits_skip(b, pk_bits_flag(b) ? 5 : 0);
    pk_bits_skip(b, 5);
    own = (int)pk_bits_read(b, 3);
    if (b->rc == PK_OK) {
        note(&found->own, own);
    }
    present = (unsigned)pk_bits_read(b, 4);
    pk_bits_skip(b, 6);
    pk_bits_skip(b, (present & 8U) != 0 ? 6 : 0);
    pk_bits_skip(b, (present & 4U) != 0 ? 5 : 0);
    pk_bits_skip(b, (present & 2U) != 0 ? 3 : 0);
    pk_bits_skip(b, 1 + 2 + 3);
    pk_bits_skip(b, (present & 1U) != 0 ? 4 : 0);
    end_of(b, extended);
}

/* PhysCellIdRange lists; returns how many. */
static void ranges(struct pk_bits *b)
{
    size_t count = pk_bits_read(b, 4) + 1;

    for (size_t i = 0; i < count && b->rc == PK_OK; i++) {
        bool range = pk_bits_flag(b);

        pk_bits_skip(b, range ? 9 + 4 : 9);
    }
}

static void count_in(struct found *found, size_t count)
{
    found->neighbours = (found->neighbours > 0 ? found->neighbours : 0) + (int)count;
}

static void block4(struct pk_bits *b, struct found *found)
{
    bool extended = pk_bits_flag(b);
    unsigned present = (unsigned)pk_bits_read(b, 3);

    if ((present & 4U) != 0) {
        size_t count = pk_bits_read(b, 4) + 1;

        for (size_t i = 0; i < count && b->rc == PK_OK; i++) {
            bool more = pk_bits_flag(b);

            pk_bits_skip(b, 9 + 5);
            end_of(b, more);
        }
        count_in(found, count);
    }
    if ((present & 2U) != 0) {
        ranges(b);
    }
    if ((present & 1U) != 0) {
        pk_bits_skip(b, pk_bits_flag(b) ? 9 + 4 : 9);
    }
    end_of(b, extended);
}

static void frequency(struct pk_bits *b, struct found *found)
{
    bool extended = pk_bits_flag(b);
    unsigned present = (unsigned)pk_bits_read(b, 6);

    pk_bits_skip(b, 16 + 6);
    pk_bits_skip(b, (present & 32U) != 0 ? 6 : 0);
    pk_bits_skip(b, 3);
    pk_bits_skip(b, (present & 16U) != 0 ? 4 : 0);
    pk_bits_skip(b, 5 + 5 + 3 + 1);
    if ((present & 8U) != 0) {
        int priority = (int)pk_bits_read(b, 3);

        if (b->rc == PK_OK) {
            note(&found->own, priority);
        }
    }
    pk_bits_skip(b, 2);
    pk_bits_skip(b, (present & 4U) != 0 ? 5 : 0);
    if ((present & 2U) != 0) {
        size_t count = pk_bits_read(b, 4) + 1;

        pk_bits_skip(b, count * (9 + 5));
    }
    if ((present & 1U) != 0) {
        ranges(b);
    }
    end_of(b, extended);
}

static void block5(struct pk_bits *b, struct found *found)
{
    bool extended = pk_bits_flag(b);
    size_t count = pk_bits_read(b, 3) + 1;

    for (size_t i = 0; i < count && b->rc == PK_OK; i++) {
        frequency(b, found);
    }
    if (b->rc == PK_OK) {
        count_in(found, count); /* a further frequency is at least one neighbour */
    }
    end_of(b, extended);
}

static void older3_list(struct pk_bits *b, bool fdd, struct found *found)
{
    size_t count = pk_bits_read(b, 4) + 1;

    for (size_t i = 0; i < count && b->rc == PK_OK; i++) {
        bool extended = pk_bits_flag(b);
        bool has = pk_bits_flag(b);
        int priority;

        pk_bits_skip(b, 14);
        priority = has ? (int)pk_bits_read(b, 3) : PRIORITY_NONE;
        pk_bits_skip(b, 5 + 5 + 6 + 7 + (fdd ? 5U : 0U));
        end_of(b, extended);
        if (b->rc == PK_OK) {
            note(&found->older3, priority);
        }
    }
    if (b->rc == PK_OK) {
        count_in(found, count);
    }
}

static void block6(struct pk_bits *b, struct found *found)
{
    bool extended = pk_bits_flag(b);
    unsigned present = (unsigned)pk_bits_read(b, 3);

    if ((present & 4U) != 0) {
        older3_list(b, true, found);
    }
    if ((present & 2U) != 0) {
        older3_list(b, false, found);
    }
    pk_bits_skip(b, 3);
    pk_bits_skip(b, (present & 1U) != 0 ? 4 : 0);
    end_of(b, extended);
}

static void block7(struct pk_bits *b, struct found *found)
{
    bool extended = pk_bits_flag(b);
    unsigned present = (unsigned)pk_bits_read(b, 2);
    size_t count;

    pk_bits_skip(b, 3);
    pk_bits_skip(b, (present & 2U) != 0 ? 4 : 0);
    count = (present & 1U) != 0 ? pk_bits_read(b, 4) + 1 : 0;
    for (size_t i = 0; i < count && b->rc == PK_OK; i++) {
        bool more = pk_bits_flag(b);
        unsigned has;
        int priority;

        pk_cell_lte_geran_freqs(b);
        has = (unsigned)pk_bits_read(b, 2);
        priority = (has & 2U) != 0 ? (int)pk_bits_read(b, 3) : PRIORITY_NONE;
        pk_bits_skip(b, 8 + 6);
        pk_bits_skip(b, (has & 1U) != 0 ? 6 : 0);
        pk_bits_skip(b, 5 + 5);
        end_of(b, more);
        if (b->rc == PK_OK) {
            note(&found->older2, priority);
        }
    }
    if (b->rc == PK_OK && count > 0) {
        count_in(found, count);
    }
    end_of(b, extended);
}

static bool block(struct pk_bits *b, struct found *found)
{
    if (pk_bits_flag(b)) {
        /* A block of a later release is an open type: its number, then its length. */
        if (pk_bits_flag(b)) {
            return false;
        }
        pk_bits_skip(b, 6);
        pk_bits_skip(b, pk_bits_length(b) * 8);
        return b->rc == PK_OK;
    }
    switch (pk_bits_read(b, 4)) {
    case 0:
        block2(b);
        break;
    case 1:
        block3(b, found);
        break;
    case 2:
        block4(b, found);
        break;
    case 3:
        block5(b, found);
        break;
    case 4:
        block6(b, found);
        break;
    case 5:
        block7(b, found);
        break;
    default:
        return false;
    }
    return b->rc == PK_OK;
}

void pk_cell_lte_si(struct pk_bits *b, struct pk_cell_messages *out)
{
    struct found found = { PRIORITY_NONE, PRIORITY_NONE, PRIORITY_NONE, -1 };
    size_t count;

    if (pk_bits_flag(b)) { /* critical extensions of a later release */
        return;
    }
    pk_bits_skip(b, 1);
    count = pk_bits_read(b, 5) + 1;
    for (size_t i = 0; i < count && block(b, &found); i++) {
    }
    if (found.neighbours >= 0) {
        pk_cell_add(out, PK_CELL_NEIGHBOURS, PK_CELL_4G)->count = (int16_t)(found.neighbours < 1000
                        ? found.neighbours
                        : 1000);
    }
    if (found.own >= 0 || found.older2 >= 0 || found.older3 >= 0) {
        struct pk_cell_message *m = pk_cell_add(out, PK_CELL_PRIORITIES, PK_CELL_4G);

        m->own = (int16_t)found.own;
        m->older2 = (int16_t)found.older2;
        m->older3 = (int16_t)found.older3;
    }
}
