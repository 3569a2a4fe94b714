/* key.h - from the texts of observations to the numbers that the crowd knows things by. Server, agent and
 * tools all use these, so that a key made on a device finds what the server learnt.
 *
 * Texts come from devices and may be anything: what is no such thing gives 0, "not known". Stable for
 * ever: numbers at rest and in devices' filters are made by them. */
#pragma once

#include "crowd/opinion.h"

/* The first 64 bits of the text's SHA-256; never 0 for a text. NULL, "": 0. */
uint64_t pk_crowd_hash(const char *text);

/* "net-" and 16 hex digits (pk_network_id()). */
uint64_t pk_crowd_network_of(const char *id);
/* "02:00:5e:00:53:01", either case: 48 bits. 0 also for 00:00:00:00:00:00 and ff:ff:ff:ff:ff:ff. */
uint64_t pk_crowd_hardware_of(const char *mac);
/* A file's, certificate's or key's SHA-256 in hex: its first 64 bits. */
uint64_t pk_crowd_digest_of(const char *sha256);
/* A geohash: its first 5 letters (a square of about 5 km) and its first 4 (the area around it), the letters
 * as they are: a place shifted right by 5 bits is its city. */
uint32_t pk_crowd_place_of(const char *geohash);
uint32_t pk_crowd_city_of(const char *geohash);
/* The city of a place. 0: of none. */
uint32_t pk_crowd_city_of_place(uint32_t place);
/* MCC and MNC as 5 or 6 digits. */
uint32_t pk_crowd_plmn_of(const char *digits);
/* Name of a group or organisation, as a voice. */
uint32_t pk_crowd_tenant_of(const char *name);

/* Keys of things. Parts that are not known are 0. A wired network has no BSSID (NULL). */
struct pk_crowd_key pk_crowd_key_of_point(const char *network, const char *bssid);
struct pk_crowd_key pk_crowd_key_of_site(const char *network, const char *geohash);
/* plmn and cell (CI, ECI, NCI: at most 36 bits) as numbers, place as of pk_crowd_place_of(). */
struct pk_crowd_key pk_crowd_key_of_mast(uint32_t plmn, uint64_t cell, uint32_t place);
struct pk_crowd_key pk_crowd_key_of_app(const char *sha256);
struct pk_crowd_key pk_crowd_key_of_signer(const char *sha256);

/* And back, for people. */
#define PK_CROWD_TEXT 24
const char *pk_crowd_network_text(uint64_t network, char out[PK_CROWD_TEXT]);
const char *pk_crowd_hardware_text(uint64_t hardware, char out[PK_CROWD_TEXT]);
const char *pk_crowd_place_text(uint32_t place, char out[PK_CROWD_TEXT]); /* "": it is none */
