#include "server/crowd_door.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "crowd/key.h"
#include "model/observation.h"
#include "server/crowd.h"
#include "store/apps.h"

void pk_crowd_door_init(struct pk_crowd_door *door, struct pk_call *call)
{
    const struct pk_settings *s = &call->server->settings;

    *door = (struct pk_crowd_door){ .call = call,
        .kanon = pk_privacy_kanon(s->privacy, s->crowd->min_devices, s->exchange->min_devices) };
}

static bool is_of_network(const struct pk_crowd_key *key)
{
    return key->kind == PK_CROWD_POINT || key->kind == PK_CROWD_SITE;
}

static void look_up(struct pk_crowd_door *door, uint64_t network)
{
    char id[PK_CROWD_TEXT];

    if (door->network == network && network != 0) {
        return;
    }
    door->network = network;
    door->row = (struct pk_network_row){ 0 };
    door->has_row = pk_network_get(door->call->store, pk_crowd_network_text(network, id),
                            door->call->arena, &door->row, NULL) == PK_OK;
}

/* By pk_security_names. */
static uint8_t security_of(int security)
{
    static const uint8_t by_index[] = { PK_KANON_UNKNOWN, PK_KANON_OPEN, PK_KANON_OPEN,
        PK_KANON_PROTECTED, PK_KANON_PROTECTED, PK_KANON_PROTECTED, PK_KANON_PROTECTED,
        PK_KANON_PERSONAL };

    return security >= 0 && (size_t)security < PK_COUNT(by_index) ? by_index[security]
                                                                  : PK_KANON_UNKNOWN;
}

/* Devices that have the file, or an app of the signer. The crowd counts them by trust, the store by heads. */
static uint32_t holders(struct pk_crowd_door *door, const struct pk_crowd_key *key)
{
    bool file = key->kind == PK_CROWD_APP;
    struct pk_app_file row;
    struct pk_crowd_app app;
    uint32_t count = 0;

    if (pk_crowd_server_app(
                door->call->server->crowd, 0, file ? key->a : 0, file ? 0 : key->a, &app)) {
        count = file ? app.devices : app.signer_devices;
    }
    if (file && pk_crowd_door_file(door, key->a, &row) && row.devices > (int64_t)count) {
        count = (uint32_t)row.devices;
    }
    return count;
}

enum pk_kanon_answer pk_crowd_door_ask(struct pk_crowd_door *door, const struct pk_crowd_key *key,
        const struct pk_crowd_opinion *opinion)
{
    struct pk_kanon_thing thing = {
        .devices = opinion != NULL ? opinion->devices : 0,
        .security = PK_KANON_NOTHING,
        .log_odds = opinion != NULL && opinion->before ? opinion->log_odds : 0,
    };

    if (is_of_network(key)) {
        look_up(door, key->a);
        thing.security = door->has_row ? security_of(door->row.security) : PK_KANON_UNKNOWN;
        thing.own = door->has_row && door->row.name != NULL;
        if (door->has_row && door->row.devices > thing.devices) {
            thing.devices = (uint32_t)door->row.devices;
        }
    } else if (key->kind != PK_CROWD_MAST) {
        uint32_t count = holders(door, key);

        thing.devices = count > thing.devices ? count : thing.devices;
    }
    return pk_kanon_ask(&door->kanon, PK_KANON_VIEW, &thing);
}

bool pk_crowd_door_file(struct pk_crowd_door *door, uint64_t file, struct pk_app_file *out)
{
    const char *digits = pk_arena_printf(door->call->arena, "%016llx", (unsigned long long)file);
    struct pk_filter filter = { .field = "q", .values = { &digits, 1 } };
    struct pk_query query = { .limit = 1, .filters = &filter, .filter_count = 1 };
    struct pk_page page = { 0 };
    const struct pk_app_file *row;

    if (digits == NULL ||
            pk_app_file_list(door->call->store, &query, door->call->arena, &page, NULL) < 0 ||
            page.count == 0) {
        return false;
    }
    row = page.items;
    if (strncmp(row->sha256, digits, strlen(digits)) != 0) {
        return false;
    }
    *out = *row;
    return true;
}

static const char *app_name(struct pk_crowd_door *door, uint64_t file)
{
    struct pk_app_file row;

    if (!pk_crowd_door_file(door, file, &row)) {
        return NULL;
    }
    return row.label != NULL && row.label[0] != '\0' ? row.label : row.package;
}

const char *pk_crowd_door_name(struct pk_crowd_door *door, const struct pk_crowd_key *key)
{
    if (is_of_network(key)) {
        look_up(door, key->a);
        return door->row.name;
    }
    return key->kind == PK_CROWD_APP ? app_name(door, key->a) : NULL;
}

uint32_t pk_crowd_door_sum(const struct pk_crowd_door *door, double number)
{
    uint32_t whole = number >= (double)UINT32_MAX ? UINT32_MAX
            : number > 0                          ? (uint32_t)lround(number)
                                                  : 0;

    return pk_kanon_sum(&door->kanon, PK_KANON_VIEW, whole);
}

json_t *pk_crowd_door_number(const struct pk_crowd_door *door, double number)
{
    uint32_t told = pk_crowd_door_sum(door, number);

    return told > 0 ? json_integer(told) : json_null();
}
