/* sighting.h - what the crowd learns from: one dated, non-private fact of one device.
 *
 * Numbers only. Names, addresses and fingerprints come as (keyed) hashes, so the crowd can tell that two
 * things are the same and nothing else. 0 in a hash means: not known; what is not known is neither normal
 * nor strange. Made from a device's observations by visit.h, or read from a simulator's lines by
 * sim_line.h. */
#pragma once

#include <stdint.h>
#include <stdbool.h>

enum pk_sighting_kind {
    PK_SIGHTING_DEVICE,   /* it was enrolled */
    PK_SIGHTING_NETWORK,  /* it joined a network */
    PK_SIGHTING_MAST,     /* it is served by a cell of a mobile network */
    PK_SIGHTING_APP,      /* it has an app */
    PK_SIGHTING_POSTURE,  /* its own state */
    PK_SIGHTING_INCIDENT, /* an attack was confirmed on it */
};

enum pk_attestation { /* what vouches for it being a real, unaltered device */
    PK_ATTESTED_NOT,
    PK_ATTESTED_SOFTWARE,
    PK_ATTESTED_HARDWARE,
};

struct pk_sight_device {
    int64_t enrolled_s;
    uint32_t asn; /* network it was enrolled from; with the day it makes the cohort */
    uint8_t attestation;
    bool ios;
};

enum pk_sight_security { /* in the order of pk_security_names where both know it */
    PK_SIGHT_OPEN,
    PK_SIGHT_OWE,
    PK_SIGHT_WPA2, /* and older */
    PK_SIGHT_WPA3,
    PK_SIGHT_EAP,
};

enum pk_sight_flag {
    PK_SIGHT_GATEWAY_CHANGED = 1, /* during the visit */
    PK_SIGHT_STRIPPED = 2,        /* a page that must lead to https did not */
    PK_SIGHT_DNS_DIFFERS = 4,     /* the resolver's answer is not the trusted one's */
};

enum pk_sight_valid { /* a check host's certificate chain */
    PK_SIGHT_FORGED = 0,
    PK_SIGHT_INTACT = 1,
    PK_SIGHT_INSPECTED = 2, /* valid only by an authority that the user or the organisation added */
};

#define PK_SIGHT_HOSTS 8 /* check hosts are counted in so many classes */

struct pk_sight_check {
    uint32_t key;  /* of the leaf's public key (SPKI) */
    uint8_t host;  /* < PK_SIGHT_HOSTS */
    uint8_t valid; /* enum pk_sight_valid */
};

struct pk_sight_network {
    uint64_t network;  /* keyed hash of the SSID */
    uint64_t point;    /* BSSID, 48 bits */
    uint64_t gateway;  /* hardware address of the router, 48 bits; phones may not know it */
    uint32_t resolver; /* hash of the first name server; 0 also when the device uses its own */
    uint32_t lease;    /* fingerprint of the DHCP options */
    uint32_t egress;   /* ASN by which it reaches the internet; 0 also behind a VPN */
    uint32_t portal;   /* fingerprint of the sign-in page; 0: none was met */
    int16_t dbm;       /* 0: not known */
    uint8_t security;  /* enum pk_sight_security */
    uint8_t flags;     /* enum pk_sight_flag */
    uint8_t check_count;
    struct pk_sight_check checks[PK_SIGHT_HOSTS];
};

enum pk_sight_identity {
    PK_SIGHT_IDENTITY_ASKED = 1,
    PK_SIGHT_IDENTITY_UNPROVEN = 2, /* asked, and the network never proved itself */
};

struct pk_sight_mast {
    uint64_t cell; /* CI, ECI or NCI */
    uint32_t plmn; /* MCC and MNC as digits */
    uint32_t area; /* LAC or TAC */
    uint32_t arfcn;
    uint16_t pci;
    int16_t dbm;
    uint16_t neighbours;
    uint8_t radio; /* 2..5: generation */
    int8_t cipher; /* 0 null, 1 weak, 2 strong, -1 not known */
    uint8_t flags; /* enum pk_sight_identity */
};

enum pk_sight_source { /* where an app came from */
    PK_SIGHT_FROM_PLAY,
    PK_SIGHT_FROM_APPSTORE,
    PK_SIGHT_FROM_FDROID,
    PK_SIGHT_FROM_OEM,
    PK_SIGHT_FROM_AMAZON,
    PK_SIGHT_FROM_MDM,
    PK_SIGHT_FROM_THIRD,
    PK_SIGHT_FROM_SIDELOAD,
    PK_SIGHT_FROM_BROWSER,
    PK_SIGHT_FROM_UNKNOWN,
};

struct pk_sight_app {
    uint64_t package;
    uint64_t file; /* its SHA-256, first 64 bits */
    uint64_t signer;
    uint64_t permissions; /* one bit a dangerous permission */
    uint32_t version;
    uint8_t source; /* enum pk_sight_source */
    uint8_t risk;   /* 0-100: what reading the file said */
};

struct pk_sight_posture {
    uint16_t patch_days; /* age of the newest security update */
    uint16_t os;
    bool root, hook, developer, passcode, unknown_sources, extra_ca;
};

enum pk_sight_attack {
    PK_SIGHT_INTERCEPTION,
    PK_SIGHT_STRIPPING,
    PK_SIGHT_MALWARE,
    PK_SIGHT_EXPLOIT,
};

struct pk_sight_incident {
    uint64_t network, point; /* interception, stripping */
    uint64_t file, package;  /* malware */
    uint8_t attack;          /* enum pk_sight_attack */
    uint8_t confidence;      /* 0-100 */
};

struct pk_sighting {
    int64_t at_s; /* seconds since 1970; never before the sighting before by more than a report's delay */
    uint64_t device; /* pseudonym; never 0 */
    uint32_t tenant; /* organisation or group whose voice it is; 0: it stands for itself */
    uint32_t place;  /* coarse location cell of about 5 km; 0: not known */
    uint32_t city;   /* the area around it; 0: not known */
    enum pk_sighting_kind kind;
    union {
        struct pk_sight_device enrolment;
        struct pk_sight_network network;
        struct pk_sight_mast mast;
        struct pk_sight_app app;
        struct pk_sight_posture posture;
        struct pk_sight_incident incident;
    };
};
