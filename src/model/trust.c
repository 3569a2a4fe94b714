#include "model/trust.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "model/observation.h"

const char *const pk_block_mode_names[] = { "off", "warn", "block", NULL };

#define AT(s, m) offsetof(struct s, m)
#define DOMAIN   .min = 1, .max = 253

/* clang-format off */
static const struct pk_field network_fields[] = {
    { "name", PK_TYPE_STRING, PK_REQUIRED, AT(pk_trust_network, name), .min = 1, .max = 32,
      .help = "the network's name (SSID)" },
    { "bssids", PK_TYPE_STRINGS, 0, AT(pk_trust_network, bssids), .min = 17, .max = 17,
      .count_max = PK_TRUST_BSSIDS_MAX, .help = "hardware addresses of its access points; none: any" },
    { "security", PK_TYPE_ENUM, 0, AT(pk_trust_network, security), .names = pk_security_names,
      .def = "unknown", .help = "it is at least this well secured" },
    { "certificate", PK_TYPE_STRING, 0, AT(pk_trust_network, certificate), .min = 64, .max = 95,
      .help = "SHA-256 of the certificate that vouches for it" },
};
static const struct pk_schema network_schema =
    PK_SCHEMA(struct pk_trust_network, network_fields, "trusted network");

static const struct pk_field names_fields[] = {
    { "phishing", PK_TYPE_ENUM, 0, AT(pk_trust_names, phishing), .names = pk_block_mode_names,
      .def = "block", .help = "what happens to names of known phishing sites" },
    { "control", PK_TYPE_ENUM, 0, AT(pk_trust_names, control), .names = pk_block_mode_names,
      .def = "block", .help = "what happens to names of hosts that control malware" },
    { "lookalikes", PK_TYPE_BOOL, 0, AT(pk_trust_names, lookalikes), .def = "true",
      .help = "warn of names on no list that look like those of phishing sites" },
    { "allow", PK_TYPE_STRINGS, 0, AT(pk_trust_names, allow), DOMAIN, .count_max = 1000,
      .help = "domains, with all below them, that are never blocked" },
    { "deny", PK_TYPE_STRINGS, 0, AT(pk_trust_names, deny), DOMAIN, .count_max = 1000,
      .help = "domains, with all below them, that are always blocked" },
    { "tell_name", PK_TYPE_BOOL, 0, AT(pk_trust_names, tell_name), .def = "false",
      .help = "tell the server the harmful domain, not only that one was blocked" },
};
static const struct pk_schema names_schema = PK_SCHEMA(struct pk_trust_names, names_fields, "names");

static const struct pk_field trust_fields[] = {
    { "inspection_cas", PK_TYPE_STRINGS, 0, AT(pk_trust, inspection_cas), .min = 64, .max = 95,
      .count_max = PK_TRUST_LIST_MAX,
      .help = "SHA-256 of the certificates of the organisation's own TLS inspection authorities" },
    { "pac_urls", PK_TYPE_STRINGS, 0, AT(pk_trust, pac_urls), .min = 8, .max = 1024,
      .count_max = PK_TRUST_LIST_MAX, .help = "addresses of the organisation's own proxy scripts" },
    { "split_zones", PK_TYPE_STRINGS, 0, AT(pk_trust, split_zones), DOMAIN,
      .count_max = PK_TRUST_LIST_MAX,
      .help = "DNS zones whose answers differ inside and outside of the organisation" },
    { "hosts", PK_TYPE_STRINGS, 0, AT(pk_trust, hosts), .min = 1, .max = 260, .count_max = 16,
      .help = "the organisation's own TLS hosts (mail, sign-on, VPN) that every network is checked with" },
    { "networks", PK_TYPE_OBJECTS, 0, AT(pk_trust, networks), .sub = &network_schema,
      .count_max = PK_TRUST_NETWORKS_MAX, .help = "the organisation's own networks" },
    { "names", PK_TYPE_OBJECT, 0, AT(pk_trust, names), .sub = &names_schema, .def = "{}",
      .help = "what the agent's own resolver does about harmful names" },
};
/* clang-format on */
const struct pk_schema pk_trust_schema = PK_SCHEMA(struct pk_trust, trust_fields, "trust");

static bool same_hex(const char *a, const char *b)
{
    for (;;) {
        a += *a == ':';
        b += *b == ':';
        if (tolower((unsigned char)*a) != tolower((unsigned char)*b)) {
            return false;
        }
        if (*a == '\0') {
            return true;
        }
        a++;
        b++;
    }
}

bool pk_trust_has_certificate(const struct pk_strings *list, const char *sha256)
{
    for (size_t i = 0; i < list->count; i++) {
        if (same_hex(list->items[i], sha256)) {
            return true;
        }
    }
    return false;
}

static size_t bare_length(const char *name)
{
    size_t len = strlen(name);

    return len > 0 && name[len - 1] == '.' ? len - 1 : len;
}

bool pk_trust_has_zone(const struct pk_strings *zones, const char *name)
{
    size_t len = bare_length(name);

    for (size_t i = 0; i < zones->count; i++) {
        const char *zone = zones->items[i] + (zones->items[i][0] == '.');
        size_t zlen = bare_length(zone);

        if (zlen > 0 && zlen <= len && strncasecmp(name + len - zlen, zone, zlen) == 0 &&
                (zlen == len || name[len - zlen - 1] == '.')) {
            return true;
        }
    }
    return false;
}

const struct pk_trust_network *pk_trust_network(const struct pk_trust *trust, const char *ssid)
{
    const struct pk_trust_network *rows = trust->networks.items;

    for (size_t i = 0; i < trust->networks.count; i++) {
        if (strcmp(rows[i].name, ssid) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

/* The item's twin: an equal text, or the network of the same name. The list's size: none. */
static size_t index_of(const json_t *list, const json_t *item)
{
    const json_t *name = json_object_get(item, "name");
    size_t i = 0;

    while (i < json_array_size(list) && json_equal(json_array_get(list, i), item) == 0 &&
            (name == NULL ||
                    json_equal(json_object_get(json_array_get(list, i), "name"), name) == 0)) {
        i++;
    }
    return i;
}

/* A list holds what its row allows: the last source counts, so the first values make room. */
static void cut(json_t *list, const struct pk_field *row)
{
    while (row != NULL && json_array_size(list) > row->count_max) {
        (void)json_array_remove(list, 0);
    }
}

/* Takes the keys of from into to. */
static void unite(json_t *to, json_t *from, const struct pk_schema *schema)
{
    const char *key;
    json_t *value;

    json_object_foreach (from, key, value) {
        const struct pk_field *row = schema != NULL ? pk_schema_field(schema, key) : NULL;
        json_t *there = json_object_get(to, key);

        if (json_is_array(there) && json_is_array(value)) {
            for (size_t i = 0; i < json_array_size(value); i++) {
                json_t *item = json_array_get(value, i);
                size_t at = index_of(there, item);

                if (at < json_array_size(there)) {
                    (void)json_array_set(there, at, item);
                } else {
                    (void)json_array_append(there, item);
                }
            }
            cut(there, row);
        } else if (json_is_object(there) && json_is_object(value) && row != NULL) {
            unite(there, value, row->sub);
        } else {
            (void)json_object_set(to, key, value);
        }
    }
}

int pk_trust_merge(const struct pk_trust *const *sources, size_t count, struct pk_arena *arena,
        struct pk_trust *out, struct pk_error *err)
{
    json_t *all = json_object();
    int rc = PK_OK;

    for (size_t i = 0; i < count && all != NULL; i++) {
        json_t *one = sources[i] != NULL ? pk_schema_encode(&pk_trust_schema, sources[i], false)
                                         : NULL;

        if (one != NULL) {
            unite(all, one, &pk_trust_schema);
        }
        json_decref(one);
    }
    rc = all == NULL ? pk_error_set(err, PK_ENOMEM, "out of memory")
                     : pk_schema_decode(&pk_trust_schema, all, arena, out, err);
    json_decref(all);
    return rc;
}
