#include <sys/mman.h>
#include <sys/stat.h>

#include "server/apps.h"
#include "server/call.h"
#include "server/view_app.h"

/* Who put the set there; both NULL or 0 when nobody has. */
static int read_origin(struct pk_call *call, struct pk_document *out, struct pk_error *err)
{
    int rc = pk_document_get(call->store, PK_INTEL_DOCUMENT, call->arena, out, err);

    if (rc == PK_ENOENT) {
        *out = (struct pk_document){ .text = "" };
        return PK_OK;
    }
    return rc;
}

static int reply_intel(struct pk_call *call, const struct pk_intel_set *set, struct pk_error *err)
{
    struct pk_document origin = { 0 };
    int64_t number = 0;
    int64_t behind = 0;
    int rc = read_origin(call, &origin, err);

    if (rc == PK_OK) {
        rc = pk_knowledge_number_get(call->store, &number, err);
    }
    if (rc == PK_OK) {
        rc = pk_app_file_count_stale(call->store, number, &behind, err);
    }
    if (rc < 0) {
        return rc;
    }
    return pk_call_reply(call, 200,
            json_pack("{s:o, s:o, s:o, s:I, s:I}", "set", pk_view_intel_set(set), "changed_at",
                    pk_view_time(origin.at_ms), "changed_by", pk_view_text(origin.who), "knowledge",
                    (json_int_t)number, "behind", (json_int_t)behind));
}

int pk_api_intel_get(struct pk_call *call, struct pk_error *err)
{
    struct pk_knowledge *known = pk_shelf_take(call->server->shelf);
    int rc = reply_intel(call, pk_knowledge_set(known), err);

    pk_knowledge_unref(known);
    return rc;
}

struct change {
    struct pk_slice bytes; /* empty: remove it */
    struct pk_intel_info info;
};

static json_t *detail_of(const struct change *change)
{
    return change->bytes.len == 0
            ? json_pack("{s:b}", "removed", 1)
            : json_pack("{s:s, s:I, s:I}", "version", change->info.version, "indicators",
                      (json_int_t)change->info.indicators, "bytes", (json_int_t)change->bytes.len);
}

static int put_set(struct pk_call *call, void *ctx, struct pk_error *err)
{
    const struct change *change = ctx;
    struct pk_document document = {
        .at_ms = call->now_ms,
        .who = pk_actor_text(&call->actor, call->arena),
        .text = change->info.version, /* "": there is no set any more */
    };
    int64_t version = 0;
    int rc = pk_blob_put(call->store, PK_INTEL_BLOB, change->bytes, err);

    if (rc == PK_OK) {
        rc = pk_document_put(call->store, PK_INTEL_DOCUMENT, &document, &version, err);
    }
    if (rc == PK_OK) {
        rc = pk_call_app_change(call, "intel.changed", PK_INTEL_DOCUMENT, detail_of(change), err);
    }
    return rc < 0 ? rc
                  : pk_call_audit(call, "intel.put", PK_INTEL_DOCUMENT, detail_of(change), err);
}

static int take_set(struct pk_call *call, struct change *change, struct pk_error *err)
{
    struct pk_intel_set *set = NULL;
    int rc = pk_intel_set_open(change->bytes, &set, err);

    if (rc < 0) {
        return rc == PK_ENOMEM ? rc
                               : pk_error_set(err, PK_EMALF, "this is no whole set of indicators");
    }
    pk_intel_set_info(set, &change->info);
    rc = pk_call_transaction(call, put_set, change, err);
    if (rc == PK_OK) {
        pk_apps_relearn(call->server->apps);
        rc = reply_intel(call, set, err);
    }
    pk_intel_set_destroy(set);
    return rc;
}

int pk_api_intel_put(struct pk_call *call, struct pk_error *err)
{
    int fd = pk_request_body_file(call->request);
    struct change change = { 0 };
    struct stat st;
    void *map;
    int rc;

    if (fd < 0 || fstat(fd, &st) < 0 || st.st_size == 0) {
        return pk_error_set(err, PK_EMISSING, "the set is wanted as the body");
    }
    map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (map == MAP_FAILED) {
        return pk_error_set(err, -errno, "the set cannot be read: %s", pk_code_text(-errno));
    }
    change.bytes = pk_slice_of(map, (size_t)st.st_size);
    rc = take_set(call, &change, err);
    (void)munmap(map, (size_t)st.st_size);
    return rc;
}

int pk_api_intel_remove(struct pk_call *call, struct pk_error *err)
{
    struct change change = { 0 };
    struct pk_document origin;
    int rc = read_origin(call, &origin, err);

    if (rc == PK_OK && origin.text[0] == '\0') {
        rc = pk_error_set(err, PK_ENOENT, "there is no set of indicators");
    }
    if (rc == PK_OK) {
        rc = pk_call_transaction(call, put_set, &change, err);
    }
    if (rc < 0) {
        return rc;
    }
    pk_apps_relearn(call->server->apps);
    return pk_call_reply(call, 204, NULL);
}
