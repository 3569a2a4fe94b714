#include "formats/apple/provision.h"

#include "formats/apple/codesign_parts.h"

/* Apple's own keys; what they hold is documented in TN3125. */
#define CERTS_MAX     512 /* a team has a few dozen */
#define PLATFORMS_MAX 32

struct profile {
    const struct pk_plist *list;
    struct pk_arena *arena;
    struct pk_provision *out;
    struct pk_error *err;
};

static int no_memory(struct profile *p)
{
    return pk_error_set(p->err, PK_ENOMEM, "out of memory");
}

/* "" when it is not there; NULL only when memory is short. */
static const char *text(struct profile *p, const struct pk_plist *dict, const char *key)
{
    return pk_plist_get_as(dict, key, PK_PLIST_STRING) == NULL ? ""
                                                               : pk_plist_text(dict, key, p->arena);
}

/* The first string of an array of strings, as clean text. */
static const char *first_text(struct profile *p, const char *key)
{
    const struct pk_plist *list = pk_plist_get_as(p->list, key, PK_PLIST_ARRAY);

    if (list == NULL || list->count == 0 || list->items[0].type != PK_PLIST_STRING) {
        return "";
    }
    return pk_printable(p->arena, list->items[0].data.ptr, list->items[0].data.len, 1024);
}

static bool is_true(const struct pk_plist *dict, const char *key)
{
    const struct pk_plist *value = pk_plist_get_as(dict, key, PK_PLIST_BOOL);

    return value != NULL && value->boolean;
}

static int platforms(struct profile *p)
{
    const struct pk_plist *list = pk_plist_get_as(p->list, "Platform", PK_PLIST_ARRAY);
    size_t most = list == NULL ? 0 : list->count < PLATFORMS_MAX ? list->count : PLATFORMS_MAX;
    const char **items = pk_arena_alloc(p->arena, most + 1, sizeof(*items));

    if (items == NULL) {
        return no_memory(p);
    }
    p->out->platforms.items = items;
    for (size_t i = 0; i < most; i++) {
        const struct pk_plist *item = &list->items[i];

        if (item->type != PK_PLIST_STRING) {
            continue;
        }
        items[p->out->platforms.count] = pk_printable(p->arena, item->data.ptr, item->data.len, 64);
        if (items[p->out->platforms.count++] == NULL) {
            return no_memory(p);
        }
    }
    return PK_OK;
}

/* Certificates that cannot be read are left out. */
static int developers(struct profile *p)
{
    const struct pk_plist *list = pk_plist_get_as(p->list, "DeveloperCertificates", PK_PLIST_ARRAY);
    size_t most = list == NULL ? 0 : list->count < CERTS_MAX ? list->count : CERTS_MAX;
    struct pk_cert *certs = pk_arena_alloc(p->arena, most + 1, sizeof(*certs));
    size_t count = 0;

    if (certs == NULL) {
        return no_memory(p);
    }
    for (size_t i = 0; i < most; i++) {
        int rc = list->items[i].type != PK_PLIST_DATA
                ? PK_ETYPE
                : pk_cert_parse(list->items[i].data, p->arena, &certs[count], NULL);

        if (rc == PK_ENOMEM) {
            return no_memory(p);
        }
        count += rc == PK_OK ? 1 : 0;
    }
    p->out->certs = (struct pk_array){ .items = certs, .count = count };
    return PK_OK;
}

static int describe(struct profile *p)
{
    const struct pk_plist *devices = pk_plist_get_as(p->list, "ProvisionedDevices", PK_PLIST_ARRAY);
    const struct pk_plist *entitlements = pk_plist_get_as(p->list, "Entitlements", PK_PLIST_DICT);
    struct pk_provision *out = p->out;

    out->name = text(p, p->list, "Name");
    out->uuid = text(p, p->list, "UUID");
    out->team_name = text(p, p->list, "TeamName");
    out->app_id_name = text(p, p->list, "AppIDName");
    out->team_id = first_text(p, "TeamIdentifier");
    if (out->team_id != NULL && out->team_id[0] == '\0') {
        out->team_id = first_text(p, "ApplicationIdentifierPrefix");
    }
    out->app_id = text(p, entitlements, "application-identifier");
    if (out->app_id != NULL && out->app_id[0] == '\0') {
        out->app_id = text(p, entitlements, "com.apple.application-identifier"); /* macOS */
    }
    out->created = pk_plist_date_text(pk_plist_get(p->list, "CreationDate"), p->arena);
    out->expires = pk_plist_date_text(pk_plist_get(p->list, "ExpirationDate"), p->arena);
    out->all_devices = is_true(p->list, "ProvisionsAllDevices");
    out->device_count = devices != NULL ? devices->count : 0;
    out->get_task_allow = is_true(entitlements, "get-task-allow") ||
            is_true(entitlements, "com.apple.security.get-task-allow");
    out->entitlements = entitlements;
    if (out->name == NULL || out->uuid == NULL || out->team_name == NULL ||
            out->app_id_name == NULL || out->team_id == NULL || out->app_id == NULL ||
            out->created == NULL || out->expires == NULL) {
        return no_memory(p);
    }
    return PK_OK;
}

/* Any developer's certificate leads to Apple; profiles are signed by one that is for nothing else. */
static bool is_profile_signer(const struct pk_cert *cert)
{
    return strstr(cert->subject, "Provisioning Profile Signing") != NULL;
}

static int check_cms(struct profile *p, const struct pk_cms *cms)
{
    struct pk_cms_signed made = { .signing_time = "" };
    struct pk_error why = { 0 };
    int rc = pk_cms_verify(cms, cms->content, p->arena, &made, &why);

    if (rc == PK_ENOMEM) {
        return no_memory(p);
    }
    p->out->cms_verified = rc == PK_OK;
    p->out->chain_to_apple = rc == PK_OK && is_profile_signer(&made.certs[0]) &&
            pk_apple_chain(made.certs, made.chain_count, p->arena);
    p->out->signers = (struct pk_array){ .items = made.certs, .count = made.cert_count };
    p->out->problem = rc == PK_OK ? "" : pk_arena_strdup(p->arena, why.text);
    return p->out->problem != NULL ? PK_OK : no_memory(p);
}

int pk_provision_parse(struct pk_slice bytes, struct pk_arena *arena,
        struct pk_anomalies *anomalies, struct pk_provision *out, struct pk_error *err)
{
    struct pk_provision made = { 0 };
    struct profile p = { .arena = arena, .out = &made, .err = err };
    struct pk_cms cms;
    int rc = pk_cms_parse(bytes, arena, &cms, err);

    if (rc == PK_OK && !cms.has_content) {
        rc = pk_error_set(err, PK_EMALF, "the profile has no content");
    }
    if (rc == PK_OK) {
        rc = pk_plist_parse(cms.content, arena, anomalies, &p.list, NULL, err);
    }
    if (rc == PK_OK && p.list->type != PK_PLIST_DICT) {
        rc = pk_error_set(err, PK_EMALF, "the profile's content is no dictionary");
    }
    if (rc == PK_OK) {
        rc = describe(&p);
    }
    if (rc == PK_OK) {
        rc = platforms(&p);
    }
    if (rc == PK_OK) {
        rc = developers(&p);
    }
    if (rc == PK_OK) {
        rc = check_cms(&p, &cms);
    }
    if (rc == PK_OK) {
        *out = made;
    }
    return rc;
}
