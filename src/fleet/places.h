/* places.h - where simulated phones are, and what happens there. */
#pragma once

#include "fleet/facts.h"

enum pk_place_kind {
    PK_PLACE_OFFICE,
    PK_PLACE_PUBLIC,
    PK_PLACE_HOME,
    PK_PLACE_MOBILE,
};

struct pk_place {
    enum pk_place_kind kind;
    const char *name; /* of the network */
    int link;         /* as in struct pk_obs_network */
    int security;
    const char *portal;  /* host of the sign-in page, NULL: none */
    const char *geohash; /* where it is, coarsely; NULL: not told, as homes are not */
};

/* The public places and the offices; homes and mobile networks are numbered behind them. */
#define PK_PLACES_PUBLIC      12
#define PK_PLACES_OFFICE      3
#define PK_PLACE_OFFICE_FIRST PK_PLACES_PUBLIC
#define PK_PLACE_MOBILE_ONE   (PK_PLACES_PUBLIC + PK_PLACES_OFFICE)
#define PK_PLACE_HOME_FIRST   (PK_PLACE_MOBILE_ONE + 1) /* + index of the device */

/* Some public ones that the week is about. */
enum {
    PK_PLACE_CAFE,
    PK_PLACE_STATION,
    PK_PLACE_AIRPORT,
    PK_PLACE_HOTEL,
    PK_PLACE_COWORKING,
    PK_PLACE_LIBRARY = 6,
    PK_PLACE_CONFERENCE = 7,
};

/* name_room and the router's texts: storage for what is numbered, as long as *out and *router. */
struct pk_place_text {
    char name[40];
    char address[24];
    char mac[18];
    char bssid[18];
};
void pk_place_get(
        int place, struct pk_place *out, struct pk_fact_router *router, struct pk_place_text *text);

enum pk_trouble {
    PK_TROUBLE_NONE,
    PK_TROUBLE_ARP,    /* another device claims to be the router, which still answers */
    PK_TROUBLE_TLS,    /* secure connections end at an interceptor */
    PK_TROUBLE_DNS,    /* the resolver lies */
    PK_TROUBLE_ROUTER, /* the router was replaced: harmless */
    PK_TROUBLE_TWIN,   /* a copy of the network, stronger than itself, that reads along */
};

struct pk_incidence {
    int place; /* -1: some homes */
    enum pk_trouble trouble;
    int64_t from_ms;
    int64_t to_ms;
};

/* The access point and the router of the copy. */
void pk_place_twin(int place, struct pk_fact_router *router, struct pk_place_text *text);

#define PK_INCIDENCES_MAX 16

/* What happens in the week that ends at end_ms; the last three go on at its end. Returns how many. */
size_t pk_places_troubles(
        int64_t start_ms, int64_t end_ms, struct pk_incidence out[PK_INCIDENCES_MAX]);

/* What happens at the place then. */
enum pk_trouble pk_places_trouble_at(
        const struct pk_incidence *list, size_t count, int place, int64_t at_ms);
