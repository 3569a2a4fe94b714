/* kanon.h - how many must stand behind a thing before others are shown it (k-anonymity, Sweeney 2002).
 *
 * Two doors: VIEW, on a page or in an answer to somebody of another group of the same organisation, and
 * EXCHANGE, to another organisation's server. Whatever passes says sums, never who. A device's own
 * organisation looking at its own devices goes through neither. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>

enum pk_kanon_door {
    PK_KANON_VIEW,
    PK_KANON_EXCHANGE,
    PK_KANON_DOORS,
};

struct pk_kanon {
    uint32_t least[PK_KANON_DOORS]; /* different devices, by door; 0 counts as 1 */
    uint32_t home;                  /* a protected network that no more devices met is a home */
    uint32_t place;                 /* devices below which a place is told coarsely */
    /* An attacker's access point or file is nobody's personal data: above these log-odds it passes the door
     * with fewer devices, without any count. INFINITY: never. */
    float attack[PK_KANON_DOORS];
};
extern const struct pk_kanon pk_kanon_default; /* 5 and 10 devices, homes up to 5, places from 20 */

enum pk_kanon_security { /* what keeps strangers out of a network */
    PK_KANON_UNKNOWN,    /* counts as protected: the careful guess */
    PK_KANON_OPEN,       /* nothing: open, OWE */
    PK_KANON_PROTECTED,  /* one password for all: WEP, WPA, WPA2, WPA3 */
    PK_KANON_PERSONAL,   /* everybody proves who he is: 802.1X; homes do not have that */
    PK_KANON_NOTHING,    /* the thing is no network: a file, a signer, a mast */
};

struct pk_kanon_thing {
    uint32_t devices; /* different ones that it was met by, of all groups */
    uint8_t security; /* enum pk_kanon_security */
    bool own;         /* on the organisation's own list: no home, whoever was there */
    float log_odds;   /* that it is an attack; 0: nothing is said */
};

enum pk_kanon_answer {
    PK_KANON_HIDDEN, /* say nothing, not even that it is known */
    PK_KANON_BARE,   /* the thing and its verdict, no number, no time, no place */
    PK_KANON_SHOWN,  /* with its sums, through pk_kanon_sum() */
};

/* A home never passes the door EXCHANGE, whatever is said of it. */
enum pk_kanon_answer pk_kanon_ask(
        const struct pk_kanon *k, enum pk_kanon_door door, const struct pk_kanon_thing *thing);

/* Few devices behind one shared password: somebody's household, or a phone that lends its connection. */
bool pk_kanon_is_home(const struct pk_kanon *k, const struct pk_kanon_thing *thing);

/* A number of devices, groups or visits as it may be told: 0 below the door's least, else the largest
 * of 1, 2, 5, 10, 20, 50 ... that is not above it, and not below the least. Steps keep one device that
 * comes or goes from being seen in the difference of two answers. */
uint32_t pk_kanon_sum(const struct pk_kanon *k, enum pk_kanon_door door, uint32_t number);

/* How many letters of a geohash of five (about 5 km) may be told: 5 when enough devices are in the cell, else
 * 4 (about 40 km) when enough for the door are in that, else 0. parent: devices in the larger
 * cell, with those of the smaller. */
size_t pk_kanon_place(
        const struct pk_kanon *k, enum pk_kanon_door door, uint32_t devices, uint32_t parent);

/* Of a key whose bits are a uniform hash: how many leading bits a question may name when the
 * set has so many keys, so that at least "least" of them are expected to share them. 0..bits_max. */
unsigned pk_kanon_prefix_bits(uint64_t keys, uint32_t least, unsigned bits_max);
