#include "fleet/places.h"

#include <stdio.h>

#include "base/clock.h"

/* Indexes into pk_link_names and pk_security_names. */
enum {
    WIFI = 1,
    CELLULAR = 3,
    OPEN = 1,
    OWE = 2,
    WPA2 = 5,
    WPA3 = 6,
    EAP = 7,
};

static const struct pk_place fixed[] = {
    { PK_PLACE_PUBLIC, "Kaffeehaus am Markt", WIFI, WPA2, NULL, "u33dc" },
    { PK_PLACE_PUBLIC, "Station-WiFi", WIFI, OPEN, "portal.station-wifi.example", "u33db" },
    { PK_PLACE_PUBLIC, "Airport Free WiFi", WIFI, OPEN, "wifi.airport.example", "u339g" },
    { PK_PLACE_PUBLIC, "Hotel Meridian Guests", WIFI, OPEN, "login.meridian.example", "u05kq" },
    { PK_PLACE_PUBLIC, "Loft Coworking", WIFI, WPA2, NULL, "u336y" },
    { PK_PLACE_PUBLIC, "ICE Onboard", WIFI, OPEN, "portal.onboard.example", NULL },
    { PK_PLACE_PUBLIC, "City Library", WIFI, OWE, NULL, "u33dc" },
    { PK_PLACE_PUBLIC, "Conference 2026", WIFI, WPA3, NULL, "u281z" },
    { PK_PLACE_PUBLIC, "Bistro Lumen", WIFI, WPA2, NULL, "u09tv" },
    { PK_PLACE_PUBLIC, "Gym & Spa", WIFI, WPA2, NULL, "u336y" },
    { PK_PLACE_PUBLIC, "Supermarket", WIFI, OPEN, "hello.market.example", "u3361" },
    { PK_PLACE_PUBLIC, "Clinic Visitors", WIFI, OPEN, "guest.clinic.example", "eycs2" },
    { PK_PLACE_OFFICE, "corp-berlin", WIFI, EAP, NULL, "u33dc" },
    { PK_PLACE_OFFICE, "corp-lyon", WIFI, EAP, NULL, "u05kq" },
    { PK_PLACE_OFFICE, "corp-porto", WIFI, EAP, NULL, "ez3fh" },
    { PK_PLACE_MOBILE, "mobile", CELLULAR, 0, NULL, NULL },
};
_Static_assert(PK_COUNT(fixed) == PK_PLACE_HOME_FIRST, "the numbers of places follow the table");

void pk_place_get(
        int place, struct pk_place *out, struct pk_fact_router *router, struct pk_place_text *text)
{
    unsigned n = (unsigned)place;

    if (place < PK_PLACE_HOME_FIRST) {
        *out = fixed[place];
    } else {
        (void)snprintf(text->name, sizeof(text->name), "home-%d", place - PK_PLACE_HOME_FIRST);
        *out = (struct pk_place){ PK_PLACE_HOME, text->name, WIFI, place % 3 == 0 ? WPA3 : WPA2,
            NULL, NULL };
    }
    if (out->kind == PK_PLACE_HOME) {
        (void)snprintf(
                text->address, sizeof(text->address), "192.168.%u.1", n % 4 == 0 ? 178 : n % 4);
    } else {
        (void)snprintf(text->address, sizeof(text->address), "10.%u.0.1", 16 + n);
    }
    (void)snprintf(
            text->mac, sizeof(text->mac), "3c:a6:2f:%02x:%02x:01", n >> 8 & 0xFFU, n & 0xFFU);
    (void)snprintf(
            text->bssid, sizeof(text->bssid), "3c:a6:2f:%02x:%02x:80", n >> 8 & 0xFFU, n & 0xFFU);
    *router = (struct pk_fact_router){ text->address, text->mac, text->address };
}

void pk_place_twin(int place, struct pk_fact_router *router, struct pk_place_text *text)
{
    unsigned n = (unsigned)place;

    (void)snprintf(text->address, sizeof(text->address), "172.16.42.1");
    (void)snprintf(text->mac, sizeof(text->mac), "00:13:37:%02x:00:01", n & 0xFFU);
    (void)snprintf(text->bssid, sizeof(text->bssid), "00:13:37:%02x:00:80", n & 0xFFU);
    *router = (struct pk_fact_router){ text->address, text->mac, text->address };
}

size_t pk_places_troubles(
        int64_t start_ms, int64_t end_ms, struct pk_incidence out[PK_INCIDENCES_MAX])
{
    /* Day of the week that is played, minutes after midnight UTC, minutes long. */
    static const struct {
        int place;
        enum pk_trouble trouble;
        int day;
        int from_min;
        int long_min;
    } rows[] = {
        { PK_PLACE_CAFE, PK_TROUBLE_ARP, 1, 11 * 60 + 20, 45 },
        { PK_PLACE_HOTEL, PK_TROUBLE_TLS, 2, 17 * 60, 150 },
        { PK_PLACE_STATION, PK_TROUBLE_DNS, 3, 6 * 60, 16 * 60 },
        { -1, PK_TROUBLE_ROUTER, 3, 19 * 60, 25 },
        { PK_PLACE_OFFICE_FIRST + 1, PK_TROUBLE_ROUTER, 4, 9 * 60 + 30, 40 },
        { PK_PLACE_AIRPORT, PK_TROUBLE_TLS, 4, 7 * 60, 4 * 60 },
        { PK_PLACE_CAFE, PK_TROUBLE_ARP, 5, 11 * 60, 90 },
        { PK_PLACE_STATION, PK_TROUBLE_ARP, 6, 15 * 60, 120 },
        { PK_PLACE_LIBRARY, PK_TROUBLE_TWIN, 5, 10 * 60, 10 * 60 },
    };
    size_t count = 0;

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        int64_t from_ms = start_ms + rows[i].day * PK_DAY_MS + rows[i].from_min * PK_MINUTE_MS;

        if (from_ms < end_ms - 2 * PK_HOUR_MS) {
            out[count++] = (struct pk_incidence){ rows[i].place, rows[i].trouble, from_ms,
                from_ms + rows[i].long_min * PK_MINUTE_MS };
        }
    }
    out[count++] = (struct pk_incidence){ PK_PLACE_CONFERENCE, PK_TROUBLE_TWIN,
        end_ms - 9 * PK_HOUR_MS, INT64_MAX };
    out[count++] = (struct pk_incidence){ PK_PLACE_COWORKING, PK_TROUBLE_ARP,
        end_ms - 25 * PK_MINUTE_MS, INT64_MAX };
    out[count++] = (struct pk_incidence){ PK_PLACE_HOTEL, PK_TROUBLE_TLS,
        end_ms - 14 * PK_MINUTE_MS, INT64_MAX };
    return count;
}

enum pk_trouble pk_places_trouble_at(
        const struct pk_incidence *list, size_t count, int place, int64_t at_ms)
{
    for (size_t i = 0; i < count; i++) {
        bool here = list[i].place == place ||
                (list[i].place < 0 && place >= PK_PLACE_HOME_FIRST &&
                        place % 16 == 5); /* some streets get new routers */

        if (here && at_ms >= list[i].from_ms && at_ms < list[i].to_ms) {
            return list[i].trouble;
        }
    }
    return PK_TROUBLE_NONE;
}
