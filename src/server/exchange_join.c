/* Joining a hub: the invitation, the hub's certificate by its pin, and the proof that the key is ours. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/event.h"
#include "crowd/exchange_trust.h"
#include "server/auth.h"
#include "server/exchange_internal.h"

#define PATH       "/v1/exchange/join"
#define CONTEXT    "picket exchange join 1"
#define TIMEOUT_S  20L
#define ANSWER_MAX (16UL * 1024)
#define TOKEN_HEX  32U
#define PROOF_SIZE (sizeof(CONTEXT) + TOKEN_HEX + 2UL * PK_SIGN_KEY_SIZE)

/* ---- both sides -------------------------------------------------------------------------------------------- */

struct request {
    const char *invitation;
    const char *key;
    const char *name;
    const char *signature;
};
struct answer {
    const char *hub;
    const char *name;
    const char *member;
};

#define AT(type, m) offsetof(struct type, m)
/* clang-format off */
static const struct pk_field request_fields[] = {
    { "invitation", PK_TYPE_STRING, PK_REQUIRED, AT(request, invitation), .min = 32, .max = 32 },
    { "key", PK_TYPE_STRING, PK_REQUIRED, AT(request, key), .min = 64, .max = 64 },
    { "name", PK_TYPE_STRING, PK_REQUIRED, AT(request, name), .min = 1, .max = 64 },
    { "signature", PK_TYPE_STRING, PK_REQUIRED, AT(request, signature), .min = 128, .max = 128 },
};
static const struct pk_schema request_schema =
    PK_SCHEMA(struct request, request_fields, "exchange join");
static const struct pk_field answer_fields[] = {
    { "hub", PK_TYPE_STRING, PK_REQUIRED, AT(answer, hub), .min = 32, .max = 32 },
    { "name", PK_TYPE_STRING, PK_REQUIRED, AT(answer, name), .min = 1, .max = 64 },
    { "member", PK_TYPE_STRING, PK_REQUIRED, AT(answer, member), .min = 32, .max = 32 },
};
static const struct pk_schema answer_schema =
    PK_SCHEMA(struct answer, answer_fields, "exchange joined");
/* clang-format on */

/* What proves that who brings the invitation holds the key, to this hub and no other. */
static void proof_text(const char *invitation, const uint8_t hub_key[PK_SIGN_KEY_SIZE],
        const uint8_t key[PK_SIGN_KEY_SIZE], uint8_t out[PROOF_SIZE])
{
    uint8_t *at = out;

    memcpy(at, CONTEXT, sizeof(CONTEXT));
    at += sizeof(CONTEXT);
    memcpy(at, invitation, TOKEN_HEX);
    at += TOKEN_HEX;
    memcpy(at, hub_key, PK_SIGN_KEY_SIZE);
    memcpy(at + PK_SIGN_KEY_SIZE, key, PK_SIGN_KEY_SIZE);
}

/* ---- the hub's side -------------------------------------------------------------------------------------------- */

struct joining {
    struct pk_exchange_member member;
    char id[PK_SIGN_FINGER_AS];
    const char *invited_by;
};

static int admit(struct pk_store *store, const struct request *r, int64_t now_ms,
        struct pk_arena *arena, struct joining *j, struct pk_error *err)
{
    struct pk_exchange_invite invite;
    struct pk_exchange_member before;
    struct pk_audit_row audit = { .at_ms = now_ms, .act = "exchange.joined", .target = j->id };
    char hash[PK_SHA256_HEX];
    int rc;

    pk_auth_hash(r->invitation, hash);
    rc = pk_exchange_invite_take(store, hash, now_ms, arena, &invite, err);
    if (rc < 0) {
        return rc;
    }
    j->member = (struct pk_exchange_member){ .id = j->id,
        .key = r->key,
        .name = invite.name[0] != '\0' ? invite.name : r->name,
        .vouched = invite.vouched,
        .a = PK_EXCHANGE_RECORD_A,
        .b = PK_EXCHANGE_RECORD_B,
        .joined_ms = now_ms,
        .seen_ms = now_ms };
    rc = pk_exchange_member_get(store, j->id, arena, &before, err);
    rc = rc == PK_OK
            ? pk_exchange_member_renew(store, j->id, j->member.name, j->member.vouched, err)
            : rc == PK_ENOENT ? pk_exchange_member_add(store, &j->member, err)
                              : rc;
    if (rc < 0) {
        return rc;
    }
    audit.actor = pk_arena_printf(arena, "invited by %s", invite.created_by);
    audit.detail = json_pack("{s:s, s:b}", "name", j->member.name, "vouched", invite.vouched);
    rc = pk_audit_add(store, &audit, err);
    json_decref(audit.detail);
    return rc;
}

static void refuse(struct pk_request *request, const char *detail)
{
    pk_event(PK_WARN, "exchange.join_refused", { "address", pk_request_address(request) },
            { "why", detail });
    pk_reply_problem(request, 403, "forbidden", detail, NULL);
}

static bool proven(const struct pk_exchange *x, const struct request *r, struct joining *j)
{
    uint8_t key[PK_SIGN_KEY_SIZE];
    uint8_t finger[PK_SIGN_FINGER];
    uint8_t signature[PK_SIGN_SIZE];
    uint8_t text[PROOF_SIZE];

    if (pk_unhex(r->key, key, sizeof(key)) < 0 ||
            pk_unhex(r->signature, signature, sizeof(signature)) < 0) {
        return false;
    }
    proof_text(r->invitation, x->signer.key, key, text);
    pk_sign_finger(key, finger);
    pk_hex(pk_slice_of(finger, sizeof(finger)), j->id);
    return pk_sign_holds(key, pk_slice_of(text, sizeof(text)), signature);
}

void pk_exchange_join_handler(struct pk_request *request, void *context)
{
    struct pk_server *server = context;
    struct pk_exchange *x = server->exchange;
    struct pk_error err = { 0 };
    struct joining j = { 0 };
    struct request r;
    struct pk_store *store;
    int rc;

    if (x == NULL || x->desk == NULL) {
        pk_reply_problem(request, 404, "not_found", "this server is no hub", NULL);
        return;
    }
    if (!pk_server_admit(server, request) || pk_request_decode(request, &request_schema, &r) < 0) {
        return;
    }
    if (!proven(x, &r, &j)) {
        refuse(request, "the signature does not hold");
        return;
    }
    store = pk_server_store_for(server, request);
    if (store == NULL) {
        return;
    }
    rc = pk_store_begin(store, &err);
    if (rc == PK_OK) {
        rc = admit(store, &r, pk_server_now(server), pk_request_arena(request), &j, &err);
        if (rc == PK_OK) {
            rc = pk_store_commit(store, &err);
        } else {
            pk_store_rollback(store);
        }
    }
    if (rc == PK_ENOENT) {
        refuse(request, "the invitation is unknown, used or expired");
    } else if (rc < 0) {
        pk_reply_error(request, &err);
    } else {
        pk_event(PK_INFO, "exchange.joined", { "member", j.id }, { "name", j.member.name });
        pk_server_events_changed(server);
        pk_reply_json(request, 200,
                json_pack("{s:s, s:s, s:s}", "hub", x->signer.finger_text, "name",
                        pk_exchange_name(server), "member", j.id));
    }
}

/* ---- the member's side ------------------------------------------------------------------------------------------ */

static bool hex_of(const char *text, size_t len, char *out)
{
    uint8_t bytes[32];

    memcpy(out, text, len);
    out[len] = '\0';
    for (char *p = out; *p != '\0'; p++) {
        *p = (char)(*p >= 'A' && *p <= 'F' ? *p + ('a' - 'A') : *p);
    }
    return pk_unhex(out, bytes, len / 2) == PK_OK;
}

int pk_exchange_link_read(const char *text, struct pk_exchange_link *out, struct pk_error *err)
{
    const char *mark = strstr(text, "/exchange#");
    const char *secrets = mark != NULL ? mark + strlen("/exchange#") : NULL;
    size_t url_len = mark != NULL ? (size_t)(mark - text) : 0;

    if (mark == NULL || strncmp(text, "https://", 8) != 0 || url_len <= 8 ||
            url_len >= sizeof(out->url) || strlen(secrets) != 32 + 1 + 64 + 1 + 64 ||
            secrets[32] != '.' || secrets[97] != '.' || !hex_of(secrets, 32, out->token) ||
            !hex_of(secrets + 33, 64, out->pin) || !hex_of(secrets + 98, 64, out->key)) {
        return pk_error_set(err, PK_EMALF,
                "this is no invitation: https://HOST:PORT/exchange#TOKEN.PIN.KEY is wanted");
    }
    memcpy(out->url, text, url_len);
    out->url[url_len] = '\0';
    return PK_OK;
}

static int prove(struct pk_exchange *x, const struct pk_exchange_link *link,
        const uint8_t hub_key[PK_SIGN_KEY_SIZE], struct pk_buffer *body, struct pk_error *err)
{
    uint8_t text[PROOF_SIZE];
    uint8_t signature[PK_SIGN_SIZE];
    char key_hex[2 * PK_SIGN_KEY_SIZE + 1];
    char signature_hex[2 * PK_SIGN_SIZE + 1];
    json_t *json;
    char *dumped;

    proof_text(link->token, hub_key, x->signer.key, text);
    if (pk_sign(&x->signer, pk_slice_of(text, sizeof(text)), signature) < 0) {
        return pk_error_set(err, PK_ECRYPTO, "the key cannot sign");
    }
    pk_hex(pk_slice_of(x->signer.key, PK_SIGN_KEY_SIZE), key_hex);
    pk_hex(pk_slice_of(signature, sizeof(signature)), signature_hex);
    json = json_pack("{s:s, s:s, s:s, s:s}", "invitation", link->token, "key", key_hex, "name",
            pk_exchange_name(x->server), "signature", signature_hex);
    dumped = json != NULL ? pk_json_text(json) : NULL;
    json_decref(json);
    if (dumped != NULL) {
        (void)pk_buffer_puts(body, dumped);
    }
    free(dumped);
    return body->len > 0 && body->rc == PK_OK ? PK_OK
                                              : pk_error_set(err, PK_ENOMEM, "out of memory");
}

static int read_answer(const struct pk_buffer *text, struct pk_arena *arena, struct answer *out,
        struct pk_error *err)
{
    json_t *json = NULL;
    int rc = text->len > 0 ? pk_json_parse(text->ptr, text->len, &json, err) : PK_ETRUNC;

    if (rc == PK_OK) {
        rc = pk_schema_decode(&answer_schema, json, arena, out, err);
    }
    json_decref(json);
    return rc == PK_OK ? PK_OK : pk_error_set(err, PK_EPEER, "the hub's answer cannot be read");
}

/* Talks with the hub; what it says goes into *hub. */
static int ask_to_join(struct pk_exchange *x, const struct pk_exchange_link *link,
        struct pk_arena *arena, struct pk_exchange_hub *hub, struct pk_error *err)
{
    struct pk_exchange_http http = { 0 };
    struct pk_buffer ca = pk_buffer_of(ANSWER_MAX);
    struct pk_buffer body = pk_buffer_of(PK_EXCHANGE_JOIN_MAX);
    struct pk_buffer text = pk_buffer_of(ANSWER_MAX);
    uint8_t hub_key[PK_SIGN_KEY_SIZE];
    uint8_t finger[PK_SIGN_FINGER];
    char finger_text[PK_SIGN_FINGER_AS];
    struct answer a = { 0 };
    int rc = pk_unhex(link->key, hub_key, sizeof(hub_key));

    if (rc == PK_OK) {
        rc = pk_exchange_http_open(&http, NULL, err);
    }
    if (rc == PK_OK) {
        rc = pk_exchange_http_ca(&http, link->url, link->pin, &ca, err);
    }
    if (rc == PK_OK) {
        rc = prove(x, link, hub_key, &body, err);
    }
    if (rc == PK_OK) {
        rc = pk_exchange_http_post(&http, link->url, PATH, ca.ptr, "application/json",
                pk_buffer_slice(&body), TIMEOUT_S, &text, err);
    }
    if (rc == PK_OK) {
        rc = read_answer(&text, arena, &a, err);
    }
    pk_sign_finger(hub_key, finger);
    pk_hex(pk_slice_of(finger, sizeof(finger)), finger_text);
    if (rc == PK_OK &&
            (strcmp(a.hub, finger_text) != 0 || strcmp(a.member, x->signer.finger_text) != 0)) {
        rc = pk_error_set(err, PK_ECRYPTO, "the hub's key is not the one of the invitation");
    }
    if (rc == PK_OK) {
        *hub = (struct pk_exchange_hub){ .id = pk_arena_strdup(arena, finger_text),
            .key = pk_arena_strdup(arena, link->key),
            .name = pk_arena_strdup(arena, a.name),
            .url = pk_arena_strdup(arena, link->url),
            .ca = pk_arena_strdup(arena, ca.ptr),
            .keys = "",
            .joined_ms = pk_server_now(x->server) };
        rc = hub->id != NULL && hub->ca != NULL ? PK_OK : pk_error_set(err, PK_ENOMEM, "no memory");
    }
    pk_exchange_http_close(&http);
    pk_buffer_finish(&ca);
    pk_buffer_finish(&body);
    pk_buffer_finish(&text);
    return rc;
}

int pk_exchange_follow(struct pk_exchange *exchange, const char *id, struct pk_error *err)
{
    struct pk_exchange_guest *guest = NULL;
    int rc;

    pk_exchange_leave(exchange, id); /* one guest a hub */
    rc = pk_exchange_guest_start(exchange, id, &guest, err);
    if (rc < 0) {
        return rc;
    }
    pthread_mutex_lock(&exchange->lock);
    guest->next = exchange->guests;
    exchange->guests = guest;
    pthread_mutex_unlock(&exchange->lock);
    return PK_OK;
}

int pk_exchange_join(struct pk_exchange *exchange, const struct pk_exchange_link *link,
        struct pk_store *store, struct pk_arena *arena, const char **id, struct pk_error *err)
{
    struct pk_exchange_hub hub = { 0 };
    int rc = ask_to_join(exchange, link, arena, &hub, err);

    if (rc == PK_OK) {
        rc = pk_exchange_hub_put(store, &hub, err);
    }
    if (rc == PK_OK) {
        rc = pk_exchange_follow(exchange, hub.id, err);
    }
    *id = hub.id;
    return rc;
}
