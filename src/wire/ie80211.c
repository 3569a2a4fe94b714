#include "wire/ie80211.h"

#include <stdio.h>

#include "base/reader.h"
#include "base/utf8.h"

enum element {
    ELEMENT_SSID = 0,
    ELEMENT_CHANNEL = 3,
    ELEMENT_RSN = 48,
    ELEMENT_HT = 61,
    ELEMENT_VENDOR = 221,
};

#define OUI_RSN 0x000fac00U
#define OUI_WPA 0x0050f200U
#define WPA_IE  0x0050f201U

#define MFP_MUST 0x40
#define MFP_ABLE 0x80

/* Kinds of authentication that were offered; bits. */
enum offer {
    OFFER_EAP = 1 << 0,
    OFFER_PSK = 1 << 1,
    OFFER_SAE = 1 << 2,
    OFFER_OWE = 1 << 3,
};

struct suites {
    bool present;
    unsigned offers;
    int cipher;
    unsigned flags;
};

/* IEEE 802.11-2020 table 9-149. */
static int cipher_of(uint32_t suite, uint32_t oui)
{
    if ((suite & 0xffffff00U) != oui) {
        return PK_CIPHER_UNKNOWN;
    }
    switch (suite & 0xff) {
    case 1:
    case 5:
        return PK_CIPHER_WEP;
    case 2:
        return PK_CIPHER_TKIP;
    case 4:
    case 10:
        return PK_CIPHER_CCMP;
    case 8:
    case 9:
        return PK_CIPHER_GCMP;
    default:
        return PK_CIPHER_UNKNOWN;
    }
}

/* Table 9-151. */
static unsigned offer_of(uint32_t suite, uint32_t oui)
{
    if ((suite & 0xffffff00U) != oui) {
        return 0;
    }
    switch (suite & 0xff) {
    case 1:
    case 3:
    case 5:
    case 11:
    case 12:
    case 13:
        return OFFER_EAP;
    case 2:
    case 4:
    case 6:
    case 19:
    case 20:
        return OFFER_PSK;
    case 8:
    case 9:
    case 24:
    case 25:
        return OFFER_SAE;
    case 18:
        return OFFER_OWE;
    default:
        return 0;
    }
}

/* Version, group cipher, list of ciphers, list of authentications, capabilities; may end after each. */
static void read_suites(struct pk_reader *r, uint32_t oui, struct suites *out)
{
    size_t count;

    *out = (struct suites){ .present = true };
    pk_read_skip(r, 2);
    out->cipher = cipher_of(pk_read_be32(r), oui); /* of the group: when no list follows */
    count = pk_read_le16(r);
    for (size_t i = 0; i < count && r->rc == PK_OK; i++) {
        int cipher = cipher_of(pk_read_be32(r), oui);

        if (r->rc == PK_OK) {
            out->cipher = i == 0 || cipher > out->cipher ? cipher : out->cipher;
        }
    }
    count = pk_read_le16(r);
    for (size_t i = 0; i < count && r->rc == PK_OK; i++) {
        out->offers |= offer_of(pk_read_be32(r), oui);
    }
    out->flags = pk_read_le16(r);
}

static int security_of(const struct suites *rsn, const struct suites *wpa, bool privacy)
{
    if (!rsn->present) {
        return wpa->present ? PK_WIFI_WPA : privacy ? PK_WIFI_WEP : PK_WIFI_OPEN;
    }
    if (rsn->cipher == PK_CIPHER_WEP || rsn->cipher == PK_CIPHER_TKIP) {
        return PK_WIFI_WPA; /* the new frame around the old cipher */
    }
    return (rsn->offers & OFFER_EAP) != 0    ? PK_WIFI_EAP
            : (rsn->offers & OFFER_SAE) != 0 ? PK_WIFI_WPA3
            : (rsn->offers & OFFER_PSK) != 0 ? PK_WIFI_WPA2
            : (rsn->offers & OFFER_OWE) != 0
            ? PK_WIFI_OWE
            : PK_WIFI_WPA2; /* what RSN means when it says nothing */
}

static void take_element(struct pk_wifi_traits *out, unsigned id, struct pk_slice body,
        struct suites *rsn, struct suites *wpa)
{
    struct pk_reader r = pk_reader_of(body);

    switch (id) {
    case ELEMENT_SSID:
        if (body.len <= PK_SSID_MAX && out->ssid_len == 0) {
            out->ssid_len = body.len;
            memcpy(out->ssid, body.ptr, body.len);
        }
        break;
    case ELEMENT_CHANNEL:
    case ELEMENT_HT:
        if (body.len > 0 && out->channel == 0) {
            out->channel = body.ptr[0];
        }
        break;
    case ELEMENT_RSN:
        read_suites(&r, OUI_RSN, rsn);
        break;
    case ELEMENT_VENDOR:
        if (pk_read_be32(&r) == WPA_IE) {
            read_suites(&r, OUI_WPA, wpa);
        }
        break;
    default:
        break;
    }
}

void pk_ie_parse(struct pk_slice elements, bool privacy, struct pk_wifi_traits *out)
{
    struct pk_reader r = pk_reader_of(elements);
    struct suites rsn = { .present = false };
    struct suites wpa = { .present = false };
    bool blank = true;

    *out = (struct pk_wifi_traits){ 0 };
    for (size_t i = 0; i < PK_IE_MAX && pk_reader_left(&r) >= 2; i++) {
        unsigned id = pk_read_u8(&r);
        struct pk_slice body = pk_read_slice(&r, pk_read_u8(&r));

        if (r.rc < 0) {
            break;
        }
        take_element(out, id, body, &rsn, &wpa);
    }
    for (size_t i = 0; i < out->ssid_len; i++) {
        blank &= out->ssid[i] == 0;
    }
    if (blank) { /* hidden names are empty, or as many zeros */
        out->ssid_len = 0;
    }
    out->security = security_of(&rsn, &wpa, privacy);
    out->cipher = rsn.present ? rsn.cipher
            : wpa.present     ? wpa.cipher
            : privacy         ? PK_CIPHER_WEP
                              : PK_CIPHER_NONE;
    out->mfp_able = (rsn.flags & MFP_ABLE) != 0;
    out->mfp_must = (rsn.flags & MFP_MUST) != 0;
}

char *pk_ssid_text(const uint8_t *ssid, size_t len, char out[PK_SSID_TEXT])
{
    size_t at = 0;

    len = len > PK_SSID_MAX ? PK_SSID_MAX : len;
    for (size_t i = 0; i < len;) {
        uint32_t rune = 0;
        size_t bytes = pk_utf8_next(ssid + i, len - i, &rune);

        if (bytes == 0 || rune < ' ' || (rune >= 0x7f && rune < 0xa0)) {
            (void)snprintf(out + at, 5, "\\x%02x", ssid[i]);
            at += 4;
            i++;
        } else {
            memcpy(out + at, ssid + i, bytes);
            at += bytes;
            i += bytes;
        }
    }
    out[at] = '\0';
    return out;
}
