#include "cli/sim_line.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define VPN_FIRST  9000 /* ASNs of VPNs and relays in these worlds */
#define VPN_LAST   9099
#define CITY_CELLS 100 /* location cells are numbered city * 100 + k */

static const char *const securities[] = { "open", "owe", "wpa2", "wpa3", "eap", NULL };
static const char *const sources[] = { "play", "appstore", "fdroid", "oem", "amazon", "mdm",
    "thirdparty", "sideload", "browser", NULL };
static const char *const attacks[] = { "mitm", "strip", "malware", "exploit", NULL };

/* FNV-1a; 0 for what is absent. */
static uint64_t hash_of(const json_t *line, const char *key)
{
    const char *text = json_string_value(json_object_get(line, key));
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    if (text == NULL) {
        return 0;
    }
    for (; *text != '\0'; text++) {
        h = (h ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
    }
    h ^= h >> 29;
    return h != 0 ? h : 1;
}

static uint32_t hash32_of(const json_t *line, const char *key)
{
    uint64_t h = hash_of(line, key);
    uint32_t folded = (uint32_t)(h ^ (h >> 32));

    return h != 0 && folded == 0 ? 1 : folded;
}

static uint64_t mac_of(const json_t *line, const char *key)
{
    const char *text = json_string_value(json_object_get(line, key));

    return text != NULL ? strtoull(text, NULL, 16) & UINT64_C(0xffffffffffff) : 0;
}

static int64_t number_of(const json_t *line, const char *key)
{
    return json_integer_value(json_object_get(line, key));
}

/* Seconds since 1970; 0 for what is none. */
static int64_t time_of(const json_t *line, const char *key)
{
    int64_t at_s = number_of(line, key);

    return at_s > 0 && at_s <= UINT32_MAX ? at_s : 0;
}

static int index_of(const char *const *names, const json_t *line, const char *key, int otherwise)
{
    const char *text = json_string_value(json_object_get(line, key));

    for (int i = 0; text != NULL && names[i] != NULL; i++) {
        if (strcmp(names[i], text) == 0) {
            return i;
        }
    }
    return otherwise;
}

static void read_checks(const json_t *line, struct pk_sight_network *net)
{
    const json_t *list = json_object_get(line, "tl");
    size_t count = json_array_size(list);

    for (size_t i = 0; i < count && net->check_count < PK_SIGHT_HOSTS; i++) {
        const json_t *row = json_array_get(list, i);
        const char *key = json_string_value(json_array_get(row, 1));
        uint64_t host = (uint64_t)json_integer_value(json_array_get(row, 0));
        uint64_t valid = (uint64_t)json_integer_value(json_array_get(row, 2));

        if (key != NULL && host < PK_SIGHT_HOSTS && valid <= PK_SIGHT_INSPECTED) {
            net->checks[net->check_count++] = (struct pk_sight_check){ .key = (uint32_t)strtoul(
                                                                               key, NULL, 16),
                .host = (uint8_t)host,
                .valid = (uint8_t)valid };
        }
    }
}

/* ss SSID, bs BSSID, se security, gm router's hardware address, dn name server, dh DHCP fingerprint, as egress
 * ASN, tl check hosts [[host, key, valid]], cp portal, rs dBm, fl flags. */
static void read_network(const json_t *line, struct pk_sight_network *net)
{
    const char *resolver = json_string_value(json_object_get(line, "dn"));
    int64_t asn = number_of(line, "as");

    net->network = hash_of(line, "ss");
    net->point = mac_of(line, "bs");
    net->gateway = mac_of(line, "gm");
    net->resolver = resolver != NULL && strcmp(resolver, "dns.private") == 0
            ? 0
            : hash32_of(line, "dn");
    net->lease = hash32_of(line, "dh");
    net->egress = asn >= VPN_FIRST && asn <= VPN_LAST ? 0 : (uint32_t)asn;
    net->portal = hash32_of(line, "cp");
    net->dbm = (int16_t)number_of(line, "rs");
    net->security = (uint8_t)index_of(securities, line, "se", PK_SIGHT_WPA2);
    net->flags = (uint8_t)number_of(line, "fl");
    read_checks(line, net);
}

/* pl carrier, rt radio, la area, ci cell, pc PCI, af ARFCN, cy cipher, nn neighbours, rs dBm, fl flags. */
static void read_mast(const json_t *line, struct pk_sight_mast *mast)
{
    const char *radio = json_string_value(json_object_get(line, "rt"));
    const char *plmn = json_string_value(json_object_get(line, "pl"));

    mast->plmn = plmn != NULL ? (uint32_t)strtoul(plmn, NULL, 10) : 0;
    mast->radio = radio != NULL ? (uint8_t)(radio[0] - '0') : 0;
    mast->area = (uint32_t)number_of(line, "la");
    mast->cell = (uint64_t)number_of(line, "ci");
    mast->pci = (uint16_t)number_of(line, "pc");
    mast->arfcn = (uint32_t)number_of(line, "af");
    mast->cipher = (int8_t)number_of(line, "cy");
    mast->neighbours = (uint16_t)number_of(line, "nn");
    mast->dbm = (int16_t)number_of(line, "rs");
    mast->flags = (uint8_t)number_of(line, "fl");
}

/* p package, v version, h file, sg signer, src source, pm permissions, rs risk. */
static void read_app(const json_t *line, struct pk_sight_app *app)
{
    app->package = hash_of(line, "p");
    app->file = hash_of(line, "h");
    app->signer = hash_of(line, "sg");
    app->permissions = (uint64_t)number_of(line, "pm");
    app->version = (uint32_t)number_of(line, "v");
    app->source = (uint8_t)index_of(sources, line, "src", PK_SIGHT_FROM_UNKNOWN);
    app->risk = (uint8_t)number_of(line, "rs");
}

/* pa patch age in days, os version, rt root, hk hook, dv developer mode, pc passcode, ua unknown sources, ca
 * authority added. */
static void read_posture(const json_t *line, struct pk_sight_posture *posture)
{
    posture->patch_days = (uint16_t)number_of(line, "pa");
    posture->os = (uint16_t)number_of(line, "os");
    posture->root = number_of(line, "rt") != 0;
    posture->hook = number_of(line, "hk") != 0;
    posture->developer = number_of(line, "dv") != 0;
    posture->passcode = number_of(line, "pc") != 0;
    posture->unknown_sources = number_of(line, "ua") != 0;
    posture->extra_ca = number_of(line, "ca") != 0;
}

static int read_kind(const json_t *line, struct pk_sighting *s, struct pk_error *err)
{
    const char *kind = json_string_value(json_object_get(line, "k"));
    const char *platform = json_string_value(json_object_get(line, "pf"));

    if (kind == NULL) {
        return pk_error_set(err, PK_EMALF, "\"k\" is missing");
    }
    if (strcmp(kind, "net") == 0) {
        s->kind = PK_SIGHTING_NETWORK;
        read_network(line, &s->network);
    } else if (strcmp(kind, "cell") == 0) {
        s->kind = PK_SIGHTING_MAST;
        read_mast(line, &s->mast);
    } else if (strcmp(kind, "app") == 0) {
        s->kind = PK_SIGHTING_APP;
        read_app(line, &s->app);
    } else if (strcmp(kind, "os") == 0) {
        s->kind = PK_SIGHTING_POSTURE;
        read_posture(line, &s->posture);
    } else if (strcmp(kind, "enr") == 0) {
        s->kind = PK_SIGHTING_DEVICE;
        s->enrolment = (struct pk_sight_device){ .enrolled_s = time_of(line, "te"),
            .asn = (uint32_t)number_of(line, "ea"),
            .attestation = (uint8_t)number_of(line, "att"),
            .ios = platform != NULL && strcmp(platform, "ios") == 0 };
    } else if (strcmp(kind, "inc") == 0) {
        s->kind = PK_SIGHTING_INCIDENT;
        s->incident = (struct pk_sight_incident){ .network = hash_of(line, "ss"),
            .point = mac_of(line, "bs"),
            .file = hash_of(line, "h"),
            .package = hash_of(line, "p"),
            .attack = (uint8_t)index_of(attacks, line, "ty", PK_SIGHT_EXPLOIT),
            .confidence = (uint8_t)number_of(line, "cf") };
    } else {
        return pk_error_set(err, PK_EUNKNOWN, "kind %.16s is not known", kind);
    }
    return PK_OK;
}

int pk_sim_line_read(struct pk_slice text, struct pk_sim_line *out, struct pk_error *err)
{
    json_error_t why;
    json_t *line = json_loadb((const char *)text.ptr, text.len, JSON_REJECT_DUPLICATES, &why);
    const char *device;
    int64_t place;
    int rc;

    if (line == NULL) {
        return pk_error_set(err, PK_EMALF, "%s", why.text);
    }
    memset(out, 0, sizeof(*out));
    device = json_string_value(json_object_get(line, "d"));
    if (device == NULL || strlen(device) >= sizeof(out->device) ||
            !json_is_integer(json_object_get(line, "i")) ||
            !json_is_integer(json_object_get(line, "t"))) {
        json_decref(line);
        return pk_error_set(err, PK_EMALF, "\"i\", \"t\" or \"d\" is missing");
    }
    memcpy(out->device, device, strlen(device) + 1);
    out->index = number_of(line, "i");
    place = number_of(line, "ce");
    out->sighting.at_s = number_of(line, "t");
    if (out->sighting.at_s <= 0 || out->sighting.at_s > UINT32_MAX) {
        json_decref(line);
        return pk_error_set(err, PK_EMALF, "\"t\" is no time");
    }
    out->sighting.device = hash_of(line, "d");
    out->sighting.tenant = (uint32_t)number_of(line, "tn") + 1;
    if (json_object_get(line, "ce") != NULL) {
        out->sighting.place = (uint32_t)place + 1;
        out->sighting.city = (uint32_t)(place / CITY_CELLS) + 1;
    }
    rc = read_kind(line, &out->sighting, err);
    json_decref(line);
    return rc;
}

bool pk_sim_line_fits(struct pk_slice text)
{
    static const char start[] = "{\"i\":";

    return text.len > sizeof(start) && memcmp(text.ptr, start, sizeof(start) - 1) == 0;
}
