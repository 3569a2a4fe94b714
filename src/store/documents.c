#include "store/apps.h"
#include "store/room.h"

static int read_document(struct pk_get *get, void *out, struct pk_error *err)
{
    struct pk_document *d = out;

    (void)err;
    d->version = pk_get_int(get);
    d->at_ms = pk_get_int(get);
    d->who = pk_get_word(get);
    d->text = pk_get_word(get);
    return PK_OK;
}

int pk_document_get(struct pk_store *store, const char *name, struct pk_arena *arena,
        struct pk_document *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT version, at_ms, who, text FROM documents WHERE name = ?1"
            " ORDER BY version DESC LIMIT 1",
            err);

    pk_put_text(&put, name);
    return pk_put_get(&put, arena, read_document, out, "document", err);
}

static int read_number(struct pk_get *get, void *out, struct pk_error *err)
{
    (void)err;
    *(int64_t *)out = pk_get_int(get);
    return PK_OK;
}

int pk_document_put(struct pk_store *store, const char *name, const struct pk_document *document,
        int64_t *version, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "INSERT INTO documents (name, version, at_ms, who, text) VALUES (?1,"
            " (SELECT coalesce(max(d.version), 0) + 1 FROM documents d WHERE d.name = ?1),"
            " ?2, ?3, ?4) RETURNING version",
            err);

    pk_put_text(&put, name);
    pk_put_int(&put, document->at_ms);
    pk_put_word(&put, document->who);
    pk_put_text(&put, document->text);
    return pk_put_get_changed(&put, NULL, read_number, version, "document", err);
}

int pk_document_version(struct pk_store *store, const char *name, int64_t version,
        struct pk_arena *arena, struct pk_document *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT version, at_ms, who, text FROM documents WHERE name = ?1 AND version = ?2",
            err);

    pk_put_text(&put, name);
    pk_put_int(&put, version);
    return pk_put_get(&put, arena, read_document, out, "version", err);
}

int pk_document_versions(struct pk_store *store, const char *name, int64_t limit,
        struct pk_arena *arena, struct pk_array *out, struct pk_error *err)
{
    struct pk_put put = pk_put_start(store,
            "SELECT version, at_ms, who, text FROM documents WHERE name = ?1"
            " ORDER BY version DESC LIMIT ?2",
            err);

    pk_put_text(&put, name);
    pk_put_int(&put, limit);
    return pk_put_get_all(&put, arena, read_document, sizeof(struct pk_document), out, err);
}
