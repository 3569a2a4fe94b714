/* The second form of the exchange: STIX 2.1 (OASIS, 2021). A bundle of what this server may tell, and the
 * indicators of partners, which picket reads out of their bundles. */
#include <math.h>
#include <openssl/evp.h>
#include <stdio.h>

#include "base/clock.h"
#include "crowd/key.h"
#include "server/call.h"
#include "server/exchange.h"
#include "server/view.h"
#include "store/exchange.h"

/* Of the ids of this program's objects (RFC 4122 version 5: the same thing gets the same id again). */
static const uint8_t namespace_id[16] = { 0x5a, 0x1c, 0x70, 0x3e, 0x9b, 0x42, 0x5d, 0x0f, 0x8e,
    0x61, 0x2f, 0x9d, 0x3c, 0x77, 0xa1, 0x04 };
#define ID_TEXT        80
#define IDENTITY_AT    "2026-01-01T00:00:00.000Z" /* when objects of this kind were first made */
#define VALID_HALVES   4 /* an indicator holds until a sixteenth of its weight is left */
#define CONFIDENCE_MAX 99
#define ITEMS_MAX      20000

/* ---- ids ------------------------------------------------------------------------------------------------- */

static void id_of(const char *type, const char *name, char out[ID_TEXT])
{
    uint8_t digest[EVP_MAX_MD_SIZE] = { 0 };
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();

    if (ctx != NULL && EVP_DigestInit_ex(ctx, EVP_sha1(), NULL) == 1) {
        (void)EVP_DigestUpdate(ctx, namespace_id, sizeof(namespace_id));
        (void)EVP_DigestUpdate(ctx, type, strlen(type));
        (void)EVP_DigestUpdate(ctx, ":", 1);
        (void)EVP_DigestUpdate(ctx, name, strlen(name));
        (void)EVP_DigestFinal_ex(ctx, digest, NULL);
    }
    EVP_MD_CTX_free(ctx);
    digest[6] = (uint8_t)((digest[6] & 0x0fU) | 0x50U);
    digest[8] = (uint8_t)((digest[8] & 0x3fU) | 0x80U);
    (void)snprintf(out, ID_TEXT,
            "%s--%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", type,
            digest[0], digest[1], digest[2], digest[3], digest[4], digest[5], digest[6], digest[7],
            digest[8], digest[9], digest[10], digest[11], digest[12], digest[13], digest[14],
            digest[15]);
}

/* ---- what we tell ------------------------------------------------------------------------------------------ */

struct bundle {
    struct pk_call *call;
    json_t *objects;
    char identity[ID_TEXT];
    const char *self; /* our key's name: others find the same thing, and that is another object */
};

static json_t *hour(uint32_t h)
{
    return pk_view_time((int64_t)h * PK_HOUR_MS);
}

/* NULL: STIX has no words for it, or we do not know the whole of it. */
static const char *pattern_of(
        struct pk_call *call, const struct pk_crowd_key *key, const char **name)
{
    struct pk_exchange_file file;
    char text[PK_CROWD_TEXT];

    if (key->kind == PK_CROWD_POINT) {
        *name = "Access point of an attack";
        return pk_arena_printf(
                call->arena, "[mac-addr:value = '%s']", pk_crowd_hardware_text(key->b, text));
    }
    (void)snprintf(text, sizeof(text), "%016llx", (unsigned long long)key->a);
    if (key->kind == PK_CROWD_APP &&
            pk_exchange_file_of(call->store, text, call->arena, &file, NULL) == PK_OK) {
        *name = "Harmful app file";
        return pk_arena_printf(call->arena, "[file:hashes.'SHA-256' = '%s']", file.sha256);
    }
    return NULL;
}

static int confidence_of(const struct pk_exchange_word *w)
{
    double p = 100 / (1 + exp(-(double)pk_exchange_lo(w->lo)));

    return p > CONFIDENCE_MAX ? CONFIDENCE_MAX : (int)lround(p);
}

static void add_finding(struct bundle *b, const struct pk_exchange_finding *f)
{
    const struct pk_exchange_word *w = &f->word;
    const char *name = NULL;
    const char *pattern = pattern_of(b->call, &f->key, &name);
    const char *seed = pattern != NULL ? pk_arena_printf(b->call->arena, "%s %s", b->self, pattern)
                                       : NULL;
    char indicator[ID_TEXT];
    char sighting[ID_TEXT];
    json_t *seen;

    if (seed == NULL) {
        return;
    }
    id_of("indicator", seed, indicator);
    id_of("sighting", seed, sighting);
    (void)json_array_append_new(b->objects,
            json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:s, s:[s], s:s, s:s, s:o, s:o, s:i}", "type",
                    "indicator", "spec_version", "2.1", "id", indicator, "created_by_ref",
                    b->identity, "created", hour(w->first_h), "modified", hour(w->last_h), "name",
                    name, "indicator_types", "malicious-activity", "pattern", pattern,
                    "pattern_type", "stix", "valid_from", hour(w->first_h), "valid_until",
                    hour(w->last_h + (uint32_t)VALID_HALVES * w->half_h), "confidence",
                    confidence_of(w)));
    seen = json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:s, s:[s]}", "type", "sighting",
            "spec_version", "2.1", "id", sighting, "created_by_ref", b->identity, "created",
            hour(w->first_h), "modified", hour(w->last_h), "first_seen", hour(w->first_h),
            "last_seen", hour(w->last_h), "sighting_of_ref", indicator, "where_sighted_refs",
            b->identity);
    if (w->devices > 0) { /* by fewer than k: it was seen, not how often */
        (void)json_object_set_new(seen, "count", json_integer(w->devices));
    }
    (void)json_array_append_new(b->objects, seen);
}

int pk_api_exchange_stix_get(struct pk_call *call, struct pk_error *err)
{
    struct pk_exchange *exchange = call->server->exchange;
    struct bundle b = {
        .call = call, .objects = json_array(), .self = pk_exchange_signer(exchange)->finger_text
    };
    const struct pk_exchange_finding *f;
    struct pk_array found = { 0 };
    char *seed;
    char id[ID_TEXT];
    int rc = pk_exchange_findings(exchange, call->store, call->arena, &found, err);

    if (rc < 0) {
        json_decref(b.objects);
        return rc;
    }
    id_of("identity", b.self, b.identity);
    (void)json_array_append_new(b.objects,
            json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "type", "identity", "spec_version",
                    "2.1", "id", b.identity, "created", IDENTITY_AT, "modified", IDENTITY_AT,
                    "name", pk_exchange_name(call->server), "identity_class", "organization"));
    f = found.items;
    for (size_t i = 0; i < found.count; i++) {
        add_finding(&b, &f[i]);
    }
    seed = pk_arena_printf(call->arena, "%s %lld", b.self, (long long)call->now_ms);
    id_of("bundle", seed != NULL ? seed : b.self, id);
    return pk_call_reply(call, 200,
            json_pack("{s:s, s:s, s:o}", "type", "bundle", "id", id, "objects", b.objects));
}

/* ---- what partners tell -------------------------------------------------------------------------------------- */

static const char *const kinds[] = { "point", "app", "signer", NULL };
static const enum pk_crowd_kind kind_of[] = { PK_CROWD_POINT, PK_CROWD_APP, PK_CROWD_SIGNER };

struct item {
    int kind;
    const char *value;
    int64_t confidence;
    int64_t until_ms;
};
struct body {
    const char *name;
    double trust;
    struct pk_array items;
};

#define AT(type, m) offsetof(struct type, m)
/* clang-format off */
static const struct pk_field item_fields[] = {
    { "kind", PK_TYPE_ENUM, PK_REQUIRED, AT(item, kind), .names = kinds, .help = "of the thing" },
    { "value", PK_TYPE_STRING, PK_REQUIRED, AT(item, value), .min = 12, .max = 64,
      .help = "hardware address of an access point, SHA-256 of a file or certificate" },
    { "confidence", PK_TYPE_INT, 0, AT(item, confidence), .min = 0, .max = 100, .def = "75",
      .help = "that it is bad, in percent" },
    { "until", PK_TYPE_TIME, 0, AT(item, until_ms), .help = "it holds; absent: 30 days" },
};
static const struct pk_schema item_schema = PK_SCHEMA(struct item, item_fields, "indicator");
static const struct pk_field body_fields[] = {
    { "name", PK_TYPE_STRING, PK_REQUIRED, AT(body, name), .min = 1, .max = 64,
      .help = "of the partner" },
    { "trust", PK_TYPE_REAL, 0, AT(body, trust), .min = 0, .max = 1, .def = "0.5",
      .help = "how much its word counts" },
    { "items", PK_TYPE_OBJECTS, PK_REQUIRED, AT(body, items), .count_max = ITEMS_MAX,
      .sub = &item_schema, .help = "all that it calls bad" },
};
/* clang-format on */
static const struct pk_schema body_schema = PK_SCHEMA(struct body, body_fields, "partner");

static bool read_item(const struct item *in, int64_t now_ms, struct pk_exchange_told *out)
{
    double p = fmin(0.99, fmax(0.01, (double)in->confidence / 100));
    int64_t hours = in->until_ms > 0 ? (in->until_ms - now_ms) / PK_HOUR_MS : 30 * INT64_C(24);

    out->key = (struct pk_crowd_key){ .kind = kind_of[in->kind] };
    if (out->key.kind == PK_CROWD_POINT) {
        out->key.b = pk_crowd_hardware_of(in->value);
    } else {
        out->key.a = pk_crowd_digest_of(in->value);
    }
    out->log_odds = (float)log(p / (1 - p));
    out->half_h = hours / VALID_HALVES;
    return hours > 0 && (out->key.a != 0 || out->key.b != 0);
}

struct partner {
    const struct body *body;
    struct pk_exchange_told *told;
    size_t count;
    const char *id;
};

static int put_partner(struct pk_call *call, void *ctx, struct pk_error *err)
{
    struct partner *p = ctx;
    int rc = pk_exchange_partner_put(call->server->exchange, call->store, p->body->name,
            p->body->trust, p->told, p->count, call->arena, &p->id, err);

    return rc < 0 ? rc
                  : pk_call_audit(call, "exchange.partner", p->id,
                            json_pack("{s:s, s:f, s:I}", "name", p->body->name, "trust",
                                    p->body->trust, "items", (json_int_t)p->count),
                            err);
}

int pk_api_exchange_partner(struct pk_call *call, struct pk_error *err)
{
    struct body body;
    struct partner p = { .body = &body };
    const struct item *items;
    int rc;

    if (pk_request_decode(call->request, &body_schema, &body) < 0) {
        return PK_OK;
    }
    p.told = pk_arena_alloc(call->arena, body.items.count + 1, sizeof(*p.told));
    if (p.told == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    items = body.items.items;
    for (size_t i = 0; i < body.items.count; i++) {
        p.count += read_item(&items[i], call->now_ms, &p.told[p.count]) ? 1 : 0;
    }
    rc = pk_call_transaction(call, put_partner, &p, err);
    if (rc == PK_OK) {
        rc = pk_exchange_follow(call->server->exchange, p.id, err);
    }
    return rc < 0 ? rc
                  : pk_call_reply(call, 201,
                            json_pack("{s:s, s:s, s:I, s:I}", "id", p.id, "name", body.name,
                                    "taken", (json_int_t)p.count, "skipped",
                                    (json_int_t)(body.items.count - p.count)));
}
