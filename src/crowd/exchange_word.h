/* exchange_word.h - what one organisation's server tells another of one thing, and what it may never tell.
 *
 * A word is an aggregate: a blinded id, a verdict, a coarse log-odds, how many devices (only when there are
 * many, only as a step of a series), whole hours. Its form cannot carry a device, a name, or a count below
 * PK_EXCHANGE_K. docs/exchange.md has the bytes. Pure. */
#pragma once

#include <stdint.h>
#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/reader.h"
#include "crowd/kanon.h"
#include "crowd/opinion.h"

#define PK_EXCHANGE_K          10U /* devices that must stand behind what is told of ordinary things */
#define PK_EXCHANGE_WORD_SIZE  36U
#define PK_EXCHANGE_KEY_SIZE   32U
#define PK_EXCHANGE_LO_STEP    0.5F /* log-odds are told in such steps ... */
#define PK_EXCHANGE_LO_MAX     9.0F /* ... up to this, either way */
#define PK_EXCHANGE_HALF_MAX_H 720U /* longest half-life */
#define PK_EXCHANGE_VOICES     3U

enum pk_exchange_verdict {
    PK_EXCHANGE_GONE, /* nothing is said of it any more */
    PK_EXCHANGE_BAD,
    PK_EXCHANGE_CLEAN,   /* others call it bad; many of our devices used it and nothing was wrong */
    PK_EXCHANGE_KNOWN,   /* an app or signer that many have; says nothing about good or bad */
    PK_EXCHANGE_CLAIMED, /* hub only: called bad, but not by enough to believe it */
    PK_EXCHANGE_VERDICTS,
};
extern const char *const pk_exchange_verdict_names[]; /* NULL-terminated */

enum pk_exchange_flag {
    PK_EXCHANGE_GROUPS = 1,  /* two or more independent groups of the sender saw it */
    PK_EXCHANGE_SEVERAL = 2, /* hub only: two or more independent members say so */
};

/* One side of what members say, as the hub weighs it. [0], [1]: the strongest two that call it bad, each an
 * independent member; [2]: the strongest that calls it clean. weight 0: there is none. */
struct pk_exchange_voice {
    int8_t lo;      /* steps of PK_EXCHANGE_LO_STEP */
    uint8_t weight; /* 255: full trust */
};

struct pk_exchange_word {
    uint64_t id;      /* blinded; see pk_exchange_blind() */
    uint32_t first_h; /* hours since 1970 */
    uint32_t last_h;
    uint32_t city;    /* 1 + four characters of a geohash as 20 bits, about 40 km; 0: not told */
    uint32_t devices; /* a step of the series, >= PK_EXCHANGE_K; 0: not told */
    uint16_t epoch;   /* whose key blinded the id */
    uint16_t half_h;  /* half-life of the log-odds, hours, >= 1 */
    uint8_t kind;     /* enum pk_crowd_kind */
    uint8_t verdict;  /* enum pk_exchange_verdict */
    uint8_t flags;    /* enum pk_exchange_flag */
    uint8_t cause;    /* enum pk_sight_attack; 0xff: none */
    int8_t lo;        /* steps of PK_EXCHANGE_LO_STEP; a hub's: of all members together */
    struct pk_exchange_voice voices[PK_EXCHANGE_VOICES]; /* hub only */
};

/* The name that members share for a thing without telling which it is: the first 8 bytes of HMAC-SHA256 with
 * the epoch's key over its kind and what it is in the world (an access point: its BSSID alone, since networks
 * are named differently by each organisation). 0: things of this kind are not shared (sites), or the key names
 * nothing. */
uint64_t pk_exchange_blind(
        const uint8_t key[PK_EXCHANGE_KEY_SIZE], const struct pk_crowd_key *thing);

/* ---- coarse ---------------------------------------------------------------------------------------- */

/* The largest of 10 20 50 100 200 500 ... that is not above count; 0 when count < k or < PK_EXCHANGE_K. */
uint32_t pk_exchange_round_devices(uint64_t count, uint32_t k);
int8_t pk_exchange_round_lo(float log_odds);
float pk_exchange_lo(int8_t steps);
/* The log-odds after a while: halved every half_h hours. */
float pk_exchange_lo_at(int8_t steps, uint16_t half_h, int64_t told_s, int64_t now_s);
/* Of a geohash of four characters or more, else 0. */
uint32_t pk_exchange_city(const char *geohash);
/* "u33d"; "" for 0. */
void pk_exchange_city_text(uint32_t city, char out[5]);

/* ---- what may leave --------------------------------------------------------------------------------- */

/* What a server itself knows of a thing. */
struct pk_exchange_facts {
    struct pk_crowd_opinion opinion;
    uint32_t devices;         /* that met it, over all time that is kept */
    uint32_t clean_devices;   /* of these, without anything wrong */
    uint8_t security;         /* of the network it belongs to: enum pk_kanon_security */
    bool own;                 /* it is on the organisation's own list */
    uint32_t network_devices; /* that met the network it belongs to */
    const char *place;        /* geohash; NULL: not known */
    int64_t first_s, last_s;
    uint32_t heard; /* voices of other servers in the opinion: never told on as our own */
    float heard_lo; /* what they add to its log-odds */
    bool accused;   /* another server calls it bad */
    uint8_t cause;  /* enum pk_sight_attack; 0xff */
};

enum pk_exchange_why {
    PK_EXCHANGE_MAY,
    PK_EXCHANGE_NOTHING, /* there is nothing to say */
    PK_EXCHANGE_KIND,    /* things of this kind stay here */
    PK_EXCHANGE_HOME,    /* a home network */
    PK_EXCHANGE_FEW,     /* fewer than k devices, and no attack that proves itself */
};
extern const char *const pk_exchange_why_names[];

/* May this be told, and what exactly. Fills all of *out but id and epoch. k: at least PK_EXCHANGE_K is used.
 * Bad: k devices speak against it, or it is an attack with log-odds above 3 that two independent groups saw.
 * Clean: only of what others accuse, and only when k devices used it. Known: apps and signers with k devices. */
enum pk_exchange_why pk_exchange_tell(const struct pk_exchange_facts *facts, uint32_t k,
        int64_t now_s, struct pk_exchange_word *out);

/* ---- bytes ------------------------------------------------------------------------------------------- */

int pk_exchange_word_write(struct pk_buffer *out, const struct pk_exchange_word *word);
/* from_hub: what only a hub may say is allowed. The reader's rc: PK_ETRUNC, PK_EMALF. */
PK_MUST_USE int pk_exchange_word_read(
        struct pk_reader *in, bool from_hub, struct pk_exchange_word *out);
