#include "wire/wifi80211.h"

#include "base/reader.h"
#include "wire/frame.h"

#define HEADER_BYTES  24
#define FC1_RETRY     0x08
#define FC1_PROTECTED 0x40
#define FC1_ORDER     0x80
#define CAP_PRIVACY   0x10
#define PRISM_MAGIC   0x41 /* of the long form; the length stands behind it */

/* Fields of the radiotap header up to the one that is wanted: size, alignment (radiotap.org). */
enum {
    TAP_TSFT,
    TAP_FLAGS,
    TAP_RATE,
    TAP_CHANNEL
};

#define TAP_FLAG_FCS 0x10

struct radio {
    size_t skip; /* bytes of the header */
    int freq_mhz;
    bool fcs; /* four bytes of checksum at the end */
};

static int read_radiotap(struct pk_slice bytes, struct radio *out)
{
    struct pk_reader r = pk_reader_of(bytes);
    unsigned version = pk_read_u8(&r);
    uint32_t present;
    uint32_t more;

    pk_read_skip(&r, 1);
    out->skip = pk_read_le16(&r);
    present = more = pk_read_le32(&r);
    while (r.rc == PK_OK && (more & 0x80000000U) != 0 && r.pos < out->skip) {
        more = pk_read_le32(&r);
    }
    if (r.rc < 0 || version != 0 || out->skip < 8 || out->skip > bytes.len || r.pos > out->skip ||
            (more & 0x80000000U) != 0) {
        return r.rc < 0 ? r.rc : PK_EMALF;
    }
    r.in.len = out->skip;
    if ((present & 1U << TAP_TSFT) != 0) {
        pk_read_skip(&r, (8 - r.pos % 8) % 8 + 8);
    }
    if ((present & 1U << TAP_FLAGS) != 0) {
        out->fcs = (pk_read_u8(&r) & TAP_FLAG_FCS) != 0;
    }
    if ((present & 1U << TAP_RATE) != 0) {
        pk_read_skip(&r, 1);
    }
    if ((present & 1U << TAP_CHANNEL) != 0) {
        pk_read_skip(&r, r.pos % 2);
        out->freq_mhz = pk_read_le16(&r);
    }
    if (r.rc < 0) { /* the field lists promise more than the header holds */
        out->freq_mhz = 0;
    }
    return PK_OK;
}

/* Message code and length; both byte orders are met. */
static int read_prism(struct pk_slice bytes, struct radio *out)
{
    struct pk_reader r = pk_reader_of(bytes);
    struct pk_slice code = pk_read_slice(&r, 4);
    bool big;

    if (r.rc < 0) {
        return r.rc;
    }
    big = code.ptr[0] == 0;
    out->skip = big ? pk_read_be32(&r) : pk_read_le32(&r);
    if (r.rc < 0 || code.ptr[big ? 3 : 0] < PRISM_MAGIC || out->skip < 8 || out->skip > bytes.len) {
        return r.rc < 0 ? r.rc : PK_EMALF;
    }
    return PK_OK;
}

static int read_radio(int link, struct pk_slice bytes, struct radio *out)
{
    *out = (struct radio){ .skip = 0 };
    switch (link) {
    case PK_LINK_80211:
        return PK_OK;
    case PK_LINK_80211_RADIOTAP:
        return read_radiotap(bytes, out);
    case PK_LINK_80211_PRISM:
        return read_prism(bytes, out);
    default:
        return PK_EMALF;
    }
}

static void take_mac(struct pk_reader *r, uint8_t out[6])
{
    struct pk_slice mac = pk_read_slice(r, 6);

    if (r->rc == PK_OK) {
        memcpy(out, mac.ptr, 6);
    }
}

int pk_wifi_frame_parse(int link, struct pk_slice bytes, struct pk_wifi_frame *out)
{
    struct radio radio;
    int rc = read_radio(link, bytes, &radio);
    struct pk_wifi_frame f = { .subtype = -1 };

    if (rc < 0) {
        return rc;
    }
    if (radio.fcs && bytes.len - radio.skip >= HEADER_BYTES + 4) {
        bytes.len -= 4;
    }
    struct pk_reader r = pk_reader_of(bytes);

    pk_read_skip(&r, radio.skip);
    unsigned fc0 = pk_read_u8(&r);
    unsigned fc1 = pk_read_u8(&r);

    pk_read_skip(&r, 2);
    take_mac(&r, f.to);
    take_mac(&r, f.from);
    take_mac(&r, f.bssid);
    pk_read_skip(&r, 2);
    if ((fc1 & FC1_ORDER) != 0) {
        pk_read_skip(&r, 4); /* HT control */
    }
    if (r.rc < 0) {
        return r.rc;
    }
    if ((fc0 & 0x0f) != 0) { /* version 0, type 0 */
        return PK_EMALF;
    }
    f.subtype = (int)(fc0 >> 4);
    f.retry = (fc1 & FC1_RETRY) != 0;
    f.encrypted = (fc1 & FC1_PROTECTED) != 0;
    f.freq_mhz = radio.freq_mhz;
    if (!f.encrypted && (f.subtype == PK_WIFI_DEAUTH || f.subtype == PK_WIFI_DISASSOC)) {
        f.reason = pk_read_le16(&r);
    } else if (!f.encrypted && (f.subtype == PK_WIFI_BEACON || f.subtype == PK_WIFI_PROBE_ANSWER)) {
        pk_read_skip(&r, 10); /* timestamp, interval */
        unsigned capabilities = pk_read_le16(&r);

        pk_ie_parse(pk_read_slice(&r, pk_reader_left(&r)), (capabilities & CAP_PRIVACY) != 0,
                &f.traits);
    }
    if (r.rc == PK_OK) {
        *out = f;
    }
    return r.rc;
}
