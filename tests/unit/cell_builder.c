#include "cell_builder.h"

#include <assert.h>

void cell_put(struct cell_pdu *p, uint64_t value, unsigned bits)
{
    assert(p->bits + bits <= sizeof(p->bytes) * 8);
    for (unsigned i = bits; i-- > 0; p->bits++) {
        if (value >> i & 1) {
            p->bytes[p->bits / 8] |= (uint8_t)(0x80 >> p->bits % 8);
        }
    }
}

void cell_put_bytes(struct cell_pdu *p, const void *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        cell_put(p, ((const uint8_t *)bytes)[i], 8);
    }
}

struct cell_pdu cell_raw(const void *bytes, size_t len)
{
    struct cell_pdu p = { .bits = 0 };

    cell_put_bytes(&p, bytes, len);
    return p;
}

struct cell_pdu cell_gsmtap(unsigned type, unsigned subtype, int uplink, const struct cell_pdu *pdu)
{
    const uint8_t head[16] = { 2, 4, (uint8_t)type, 0, uplink ? 0x40 : 0, 0, 0xb0, 0, 0, 0, 0, 0,
        (uint8_t)subtype };
    struct cell_pdu p = cell_raw(head, sizeof(head));

    cell_put_bytes(&p, pdu->bytes, (pdu->bits + 7) / 8);
    return p;
}

struct cell_pdu cell_gsmtap3(unsigned type, unsigned subtype, const struct cell_pdu *pdu)
{
    struct cell_pdu p = { .bits = 0 };

    cell_put(&p, 3, 8);
    cell_put(&p, 0, 8);
    cell_put(&p, 3, 16);
    cell_put(&p, type, 16);
    cell_put(&p, subtype, 16);
    cell_put(&p, 0, 32); /* metadata of one word */
    cell_put_bytes(&p, pdu->bytes, (pdu->bits + 7) / 8);
    return p;
}

/* --- LTE ------------------------------------------------------------------------------------ */

static void octets(struct cell_pdu *p, const void *nas, size_t len)
{
    assert(len < 16384);
    if (len < 128) {
        cell_put(p, len, 8);
    } else {
        cell_put(p, 2, 2);
        cell_put(p, len, 14);
    }
    cell_put_bytes(p, nas, len);
}

struct cell_pdu cell_lte_request(unsigned cause)
{
    struct cell_pdu p = { .bits = 0 };

    cell_put(&p, 0, 1); /* c1 */
    cell_put(&p, 1, 1); /* rrcConnectionRequest */
    cell_put(&p, 0, 1);
    cell_put(&p, 1, 1); /* random value */
    cell_put(&p, 0x123456789a, 40);
    cell_put(&p, cause, 3);
    cell_put(&p, 0, 1);
    return p;
}

struct cell_pdu cell_lte_setup_complete(const void *nas, size_t len)
{
    struct cell_pdu p = { .bits = 0 };

    cell_put(&p, 4, 5);
    cell_put(&p, 1, 2); /* transaction */
    cell_put(&p, 0, 3);
    cell_put(&p, 0, 2); /* nothing optional */
    cell_put(&p, 0, 3);
    octets(&p, nas, len);
    return p;
}

struct cell_pdu cell_lte_down(const void *nas, size_t len)
{
    struct cell_pdu p = { .bits = 0 };

    cell_put(&p, 1, 5);
    cell_put(&p, 2, 2);
    cell_put(&p, 0, 3);
    cell_put(&p, 0, 1);
    cell_put(&p, 0, 2);
    octets(&p, nas, len);
    return p;
}

struct cell_pdu cell_lte_up(const void *nas, size_t len)
{
    struct cell_pdu p = { .bits = 0 };

    cell_put(&p, 9, 5);
    cell_put(&p, 0, 3);
    cell_put(&p, 0, 1);
    cell_put(&p, 0, 2);
    octets(&p, nas, len);
    return p;
}

struct cell_pdu cell_lte_security(unsigned eea, unsigned eia)
{
    struct cell_pdu p = { .bits = 0 };

    cell_put(&p, 6, 5);
    cell_put(&p, 0, 2);
    cell_put(&p, 0, 3);
    cell_put(&p, 0, 2);
    cell_put(&p, eea, 4); /* with extension mark */
    cell_put(&p, eia, 4);
    return p;
}

struct cell_pdu cell_lte_security_complete(void)
{
    struct cell_pdu p = { .bits = 0 };

    cell_put(&p, 5, 5);
    cell_put(&p, 0, 2);
    cell_put(&p, 0, 2);
    return p;
}

static void geran_freqs(struct cell_pdu *p)
{
    cell_put(p, 62, 10);
    cell_put(p, 0, 1);
    cell_put(p, 0, 2); /* explicit list */
    cell_put(p, 2, 5);
    cell_put(p, 70, 10);
    cell_put(p, 75, 10);
}

struct cell_pdu cell_lte_release(enum cell_to to)
{
    struct cell_pdu p = { .bits = 0 };

    cell_put(&p, 5, 5);
    cell_put(&p, 3, 2);
    cell_put(&p, 0, 3);
    cell_put(&p, to == CELL_TO_NONE ? 0 : 4, 3);
    cell_put(&p, 1, 2); /* other */
    if (to != CELL_TO_NONE) {
        cell_put(&p, (unsigned)to, 4);
        if (to == CELL_TO_2G) {
            geran_freqs(&p);
        } else {
            cell_put(&p, 1234, to == CELL_TO_4G ? 16 : 14);
        }
    }
    return p;
}

struct cell_pdu cell_lte_sib1(const char *plmn, unsigned area, unsigned cell, unsigned blocks)
{
    struct cell_pdu p = { .bits = 0 };

    cell_put(&p, 1, 2); /* c1, block 1 */
    cell_put(&p, 0, 3);
    cell_put(&p, 0, 1);
    cell_put(&p, 0, 3); /* one carrier */
    cell_put(&p, 1, 1);
    for (int i = 0; i < 3; i++) {
        cell_put(&p, (unsigned)(plmn[i] - '0'), 4);
    }
    cell_put(&p, plmn[5] != '\0', 1);
    for (int i = 3; plmn[i] != '\0'; i++) {
        cell_put(&p, (unsigned)(plmn[i] - '0'), 4);
    }
    cell_put(&p, 1, 1);
    cell_put(&p, area, 16);
    cell_put(&p, cell, 28);
    cell_put(&p, 2, 3); /* not barred, reselection allowed, no closed group */
    cell_put(&p, 0, 1);
    cell_put(&p, 10, 6);     /* q-RxLevMin */
    cell_put(&p, 6, 6);      /* band 7 */
    cell_put(&p, blocks, 5); /* messages, less one: the first carries block 2 alone */
    for (unsigned i = 0; i <= blocks; i++) {
        cell_put(&p, 1, 3);
        cell_put(&p, i > 0, 5);
        if (i > 0) {
            cell_put(&p, i - 1, 5); /* extension mark, block i + 2 */
        }
    }
    cell_put(&p, 3, 3); /* si-WindowLength */
    cell_put(&p, 7, 5); /* systemInfoValueTag */
    return p;
}

static void block2(struct cell_pdu *p)
{
    cell_put(p, 0, 5);
    cell_put(p, 0, 1);
    cell_put(p, 0, 2);
    cell_put(p, 0, 1); /* radioResourceConfigCommon */
    cell_put(p, 0, 1); /* rach */
    cell_put(p, 0, 1); /* no group A */
    cell_put(p, 12, 4);
    cell_put(p, 1, 2);
    cell_put(p, 9, 4);
    cell_put(p, 6, 4);
    cell_put(p, 7, 3);
    cell_put(p, 5, 3);
    cell_put(p, 4, 3);
    cell_put(p, 1, 2); /* bcch */
    cell_put(p, 2, 2); /* pcch */
    cell_put(p, 2, 3);
    cell_put(p, 400, 10); /* prach */
    cell_put(p, 3, 6);
    cell_put(p, 0, 1);
    cell_put(p, 12, 4);
    cell_put(p, 4, 7);
    cell_put(p, 75, 7); /* pdsch */
    cell_put(p, 1, 2);
    cell_put(p, 0, 2); /* pusch */
    cell_put(p, 0, 1);
    cell_put(p, 4, 7);
    cell_put(p, 0, 1);
    cell_put(p, 0, 1);
    cell_put(p, 0, 5);
    cell_put(p, 0, 1);
    cell_put(p, 0, 3);
    cell_put(p, 0, 2); /* pucch */
    cell_put(p, 2, 7);
    cell_put(p, 0, 3);
    cell_put(p, 18, 11);
    cell_put(p, 1, 1); /* sounding is set up */
    cell_put(p, 0, 1);
    cell_put(p, 2, 3);
    cell_put(p, 3, 4);
    cell_put(p, 1, 1);
    cell_put(p, 40, 8); /* uplink power */
    cell_put(p, 5, 3);
    cell_put(p, 10, 5);
    cell_put(p, 1, 2);
    cell_put(p, 1, 2);
    cell_put(p, 1, 2);
    cell_put(p, 1, 2);
    cell_put(p, 1, 2);
    cell_put(p, 4, 3);
    cell_put(p, 0, 1);
    cell_put(p, 0, 1); /* timers */
    for (int i = 0; i < 6; i++) {
        cell_put(p, 3, 3);
    }
    cell_put(p, 3, 2); /* freqInfo with both */
    cell_put(p, 19000, 16);
    cell_put(p, 4, 3);
    cell_put(p, 0, 5);
    cell_put(p, 5, 3);
}

static void block3(struct cell_pdu *p, int own)
{
    cell_put(p, 1, 5);
    cell_put(p, 0, 1);
    cell_put(p, 1, 1); /* with speed */
    cell_put(p, 4, 4);
    cell_put(p, 0x2aaaa, 18);
    cell_put(p, 1, 1); /* s-NonIntraSearch */
    cell_put(p, 5, 5);
    cell_put(p, 3, 5);
    cell_put(p, (unsigned)own, 3);
    cell_put(p, 15, 4); /* all optional ones */
    cell_put(p, 10, 6);
    cell_put(p, 20, 6);
    cell_put(p, 20, 5);
    cell_put(p, 2, 3);
    cell_put(p, 1, 1);
    cell_put(p, 1, 2);
    cell_put(p, 1, 3);
    cell_put(p, 6, 4);
}

static void block5(struct cell_pdu *p, int priority)
{
    cell_put(p, 3, 5);
    cell_put(p, 0, 1);
    cell_put(p, 0, 3);
    cell_put(p, 1, 1); /* one carrier, with an addition of a later release */
    cell_put(p, 32 + 8 + 2 + 1, 6);
    cell_put(p, 6300, 16);
    cell_put(p, 10, 6);
    cell_put(p, 20, 6);
    cell_put(p, 1, 3);
    cell_put(p, 5, 5);
    cell_put(p, 4, 5);
    cell_put(p, 3, 3);
    cell_put(p, 1, 1);
    cell_put(p, (unsigned)priority, 3);
    cell_put(p, 1, 2);
    cell_put(p, 1, 4); /* two neighbours */
    cell_put(p, 100, 9);
    cell_put(p, 15, 5);
    cell_put(p, 101, 9);
    cell_put(p, 15, 5);
    cell_put(p, 0, 4); /* one that is barred, as a range */
    cell_put(p, 1, 1);
    cell_put(p, 300, 9);
    cell_put(p, 2, 4);
    cell_put(p, 0, 7); /* one addition */
    cell_put(p, 1, 1);
    cell_put(p, 1, 8);
    cell_put(p, 0, 8); /* nothing of it is there */
}

static void block6(struct cell_pdu *p, int priority)
{
    cell_put(p, 4, 5);
    cell_put(p, 0, 1);
    cell_put(p, 4, 3);
    cell_put(p, 0, 4);
    cell_put(p, 1, 2); /* no addition, with priority */
    cell_put(p, 10700, 14);
    cell_put(p, (unsigned)priority, 3);
    cell_put(p, 5, 5);
    cell_put(p, 4, 5);
    cell_put(p, 10, 6);
    cell_put(p, 60, 7);
    cell_put(p, 10, 5);
    cell_put(p, 1, 3);
}

static void block7(struct cell_pdu *p, int priority)
{
    cell_put(p, 5, 5);
    cell_put(p, 0, 1);
    cell_put(p, 1, 2);
    cell_put(p, 1, 3);
    cell_put(p, 0, 4);
    cell_put(p, 0, 1);
    geran_freqs(p);
    cell_put(p, 3, 2);
    cell_put(p, (unsigned)priority, 3);
    cell_put(p, 0xff, 8);
    cell_put(p, 10, 6);
    cell_put(p, 30, 6);
    cell_put(p, 5, 5);
    cell_put(p, 4, 5);
}

struct cell_pdu cell_lte_si(int own, int other4, int fdd3, int gsm2, int with2)
{
    struct cell_pdu p = { .bits = 0 };
    int count = (own >= 0) + (other4 >= 0) + (fdd3 >= 0) + (gsm2 >= 0) + (with2 != 0);

    cell_put(&p, 0, 2);
    cell_put(&p, 0, 1);
    cell_put(&p, 0, 1);
    cell_put(&p, (unsigned)count - 1, 5);
    if (with2) {
        block2(&p);
    }
    if (own >= 0) {
        block3(&p, own);
    }
    if (other4 >= 0) {
        block5(&p, other4);
    }
    if (fdd3 >= 0) {
        block6(&p, fdd3);
    }
    if (gsm2 >= 0) {
        block7(&p, gsm2);
    }
    return p;
}
