/* The organisation's own words for threats: what there is, what is read instead of what, and new ones. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/words.h"
#include "pipeline/pipeline.h"
#include "server/call.h"
#include "server/life.h"
#include "server/texts.h"
#include "server/view.h"
#include "store/apps.h"

struct body {
    struct pk_array texts; /* struct pk_text_override */
    const char *note;
    int64_t replaces;
};
#define AT(m) offsetof(struct body, m)

/* clang-format off */
static const struct pk_field fields[] = {
    { "texts", PK_TYPE_OBJECTS, PK_REQUIRED, AT(texts), .count_max = PK_TEXT_OVERRIDES_MAX,
      .sub = &pk_text_override_schema, .help = "all of them: what is not there is the catalogue's again" },
    { "note", PK_TYPE_STRING, 0, AT(note), .max = 300, .help = "why, for the audit" },
    { "replaces", PK_TYPE_INT, 0, AT(replaces), .min = -1, .max = 1e15, .def = "-1",
      .help = "the version that was changed; another one in force is an error" },
};
static const struct pk_schema schema = PK_SCHEMA(struct body, fields, "texts");
/* clang-format on */

/* ---- what there is -------------------------------------------------------------------------------------- */

struct args {
    const struct pk_threat *threat;
    const char *language;
    struct pk_error *err;
};

static int take(const char *name, const char *value, void *ctx)
{
    struct args *args = ctx;
    bool threat = strcmp(name, "threat") == 0;

    if (!threat && strcmp(name, "language") != 0) {
        (void)pk_error_set(args->err, PK_EUNKNOWN, "this call has no such parameter");
        return pk_query_path(args->err, name);
    }
    if (threat) {
        args->threat = pk_threat_find(value);
    } else {
        args->language = pk_language_known(value);
    }
    if ((threat && args->threat == NULL) || (!threat && args->language == NULL)) {
        (void)pk_error_set(args->err, PK_EMALF,
                threat ? "the catalogue has no such threat"
                       : "there are no texts in this language");
        return pk_query_path(args->err, name);
    }
    return PK_OK;
}

static json_t *view_override(const struct pk_text_override *text)
{
    return text != NULL ? pk_schema_encode(&pk_text_override_schema, text, false) : json_null();
}

static json_t *view_words(const struct pk_threat_words *words)
{
    return json_pack("{s:s, s:s, s:o}", "title", words->title, "why", words->why, "next",
            pk_view_strings(words->next, words->next_count));
}

static json_t *view_one(const struct pk_text_overrides *texts, const struct args *args)
{
    const struct pk_threat *t = args->threat;
    const char *language = args->language;

    return json_pack("{s:s, s:s, s:b, s:o, s:o, s:o}", "threat", t->id, "language", language,
            "careful", (int)t->careful, "own",
            view_override(pk_text_overrides_find(texts, t, language)), "original",
            view_words(pk_threat_words(t, language)), "effective",
            view_words(pk_text_overrides_words(texts, t, language)));
}

/* What is in force is what is told: it and its version belong together. */
static int reply(struct pk_call *call, const struct args *args, struct pk_error *err)
{
    const struct pk_text_overrides *texts = call->server->pipeline->texts;
    struct pk_document document = { .who = "" };
    json_t *languages = json_array();
    json_t *items = json_array();
    json_t *body;
    int64_t version = pk_text_overrides_version(texts);
    int rc = version > 0 ? pk_document_version(call->store, PK_TEXTS_DOCUMENT, version, call->arena,
                                   &document, err)
                         : PK_OK;

    for (size_t i = 0; i < pk_language_count(); i++) {
        (void)json_array_append_new(languages,
                json_pack("{s:s, s:s}", "code", pk_language_code(i), "name", pk_language_name(i)));
    }
    for (size_t i = 0; i < pk_text_overrides_count(texts); i++) {
        (void)json_array_append_new(items, view_override(pk_text_overrides_at(texts, i)));
    }
    if (rc < 0) {
        json_decref(languages);
        json_decref(items);
        return rc;
    }
    body = json_pack("{s:I, s:o, s:s, s:o, s:o}", "version", (json_int_t)version, "at",
            pk_view_time(document.at_ms), "by", document.who, "languages", languages, "items",
            items);
    if (body != NULL && args->threat != NULL) {
        (void)json_object_set_new(body, "words", view_one(texts, args));
    }
    return pk_call_reply(call, 200, body);
}

int pk_api_text_list(struct pk_call *call, struct pk_error *err)
{
    struct args args = { .err = err };
    int rc = pk_request_query_each(call->request, take, &args);

    if (rc < 0) {
        return rc;
    }
    if ((args.threat == NULL) != (args.language == NULL)) {
        (void)pk_error_set(err, PK_EMISSING, "threat and language belong together");
        return pk_query_path(err, args.threat == NULL ? "threat" : "language");
    }
    return reply(call, &args, err);
}

/* ---- new ones ------------------------------------------------------------------------------------------- */

struct change {
    struct body body;
    const struct pk_text_overrides *made;
};

/* {"version":1,"texts":[...]} in the order of threats. */
static char *document_text(const struct pk_text_overrides *made)
{
    json_t *list = json_array();
    json_t *document;
    char *text;

    for (size_t i = 0; i < pk_text_overrides_count(made); i++) {
        (void)json_array_append_new(list, view_override(pk_text_overrides_at(made, i)));
    }
    document = json_pack("{s:i, s:o}", "version", PK_TEXT_DOCUMENT_FORMAT, "texts", list);
    text = document != NULL ? pk_json_text(document) : NULL;
    json_decref(document);
    return text;
}

static int put(struct pk_call *call, void *ctx, struct pk_error *err)
{
    struct change *c = ctx;
    char *text = document_text(c->made);
    struct pk_document before = { 0 };
    struct pk_document document = {
        .at_ms = call->now_ms, .who = pk_actor_text(&call->actor, call->arena), .text = text
    };
    int64_t version = 0;
    int rc = text != NULL
            ? pk_document_get(call->store, PK_TEXTS_DOCUMENT, call->arena, &before, err)
            : pk_error_set(err, PK_ENOMEM, "out of memory");

    rc = rc == PK_ENOENT ? PK_OK : rc;
    if (rc == PK_OK && c->body.replaces >= 0 && c->body.replaces != before.version) {
        rc = pk_error_set(err, PK_EEXIST, "somebody has changed the texts meanwhile");
        (void)pk_query_path(err, "replaces");
    }
    if (rc == PK_OK) {
        rc = pk_document_put(call->store, PK_TEXTS_DOCUMENT, &document, &version, err);
    }
    free(text);
    return rc < 0 ? rc
                  : pk_call_audit(call, "texts.put", PK_TEXTS_DOCUMENT,
                            json_pack("{s:I, s:I, s:I, s:s}", "version", (json_int_t)version,
                                    "replaces", (json_int_t)before.version, "texts",
                                    (json_int_t)pk_text_overrides_count(c->made), "note",
                                    c->body.note != NULL ? c->body.note : ""),
                            err);
}

int pk_api_text_put(struct pk_call *call, struct pk_error *err)
{
    struct change change = { 0 };
    struct pk_text_overrides *made = NULL;
    struct pk_error why = { 0 };
    int rc;

    if (pk_request_decode(call->request, &schema, &change.body) < 0) {
        return PK_OK;
    }
    rc = pk_text_overrides_create(&change.body.texts, NULL, &made, &why);
    if (rc == PK_ENOMEM) {
        return pk_error_set(err, rc, "out of memory");
    }
    if (rc < 0) {
        pk_reply_problem(call->request, 400, "bad_request", why.text, why.path);
        return PK_OK;
    }
    change.made = made;
    rc = pk_call_transaction(call, put, &change, err);
    pk_text_overrides_destroy(made);
    if (rc == PK_OK) {
        rc = pk_server_reload_texts(call->server, err);
    }
    return rc < 0 ? rc : reply(call, &(struct args){ 0 }, err);
}
