#include "model/text_overrides.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "model/words.h"

#define ARENA_MAX (16UL * 1024 * 1024)
#define HOLE      "{subject}"
#define UTF8_MAX  4

#define AT(m) offsetof(struct pk_text_override, m)
/* clang-format off */
static const struct pk_field text_fields[] = {
    { "threat", PK_TYPE_STRING, PK_REQUIRED, AT(threat), .min = 1, .max = 80, .help = "id of the catalogue" },
    { "language", PK_TYPE_STRING, PK_REQUIRED, AT(language), .min = 1, .max = PK_LANGUAGE_TEXT - 1,
      .help = "code of a language that there are texts in" },
    { "title", PK_TYPE_STRING, 0, AT(title), .min = 1, .max = PK_TEXT_TITLE_MAX * UTF8_MAX,
      .help = "what happened; at most 80 characters" },
    { "why", PK_TYPE_STRING, 0, AT(why), .min = 1, .max = PK_TEXT_NOTICE_MAX * UTF8_MAX,
      .help = "what it means; with the title at most 140 characters" },
    { "next", PK_TYPE_STRINGS, 0, AT(next), .min = 1, .max = PK_TEXT_STEP_MAX * UTF8_MAX,
      .count_max = PK_TEXT_STEPS_MAX, .help = "1 to 3 steps; at most 100 characters each" },
};
const struct pk_schema pk_text_override_schema = PK_SCHEMA(struct pk_text_override, text_fields, "text");
static const struct pk_field document_fields[] = {
    { "version", PK_TYPE_INT, PK_REQUIRED, offsetof(struct pk_text_document, version),
      .min = PK_TEXT_DOCUMENT_FORMAT, .max = PK_TEXT_DOCUMENT_FORMAT },
    { "texts", PK_TYPE_OBJECTS, PK_REQUIRED, offsetof(struct pk_text_document, texts),
      .count_max = PK_TEXT_OVERRIDES_MAX, .sub = &pk_text_override_schema },
};
const struct pk_schema pk_text_document_schema = PK_SCHEMA(struct pk_text_document, document_fields, "texts");
/* clang-format on */

struct entry {
    struct pk_text_override given;
    const struct pk_threat *threat;
    struct pk_threat_words words;
};

struct pk_text_overrides {
    struct pk_arena *arena;
    struct entry *entries; /* sorted */
    size_t count;
    int64_t version;
};

/* ---- is one good? ------------------------------------------------------------------------------------- */

/* Characters that are not seen or that change how others are shown. */
static bool is_hidden(uint32_t rune)
{
    return rune < 0x20 || (rune >= 0x7f && rune < 0xa0) || rune == 0xad || rune == 0x61c ||
            (rune >= 0x200b && rune <= 0x200f) || (rune >= 0x2028 && rune <= 0x202e) ||
            (rune >= 0x2060 && rune <= 0x206f) || rune == 0xfeff ||
            (rune >= 0xfff9 && rune <= 0xfffb) || (rune >= 0xe0000 && rune <= 0xe0fff);
}

/* Characters; PK_EMALF: hidden ones, or no UTF-8. */
static int count_runes(const char *text, size_t *out)
{
    const uint8_t *p = (const uint8_t *)text;
    size_t left = strlen(text);

    *out = 0;
    while (left > 0) {
        uint32_t rune = 0;
        size_t step = pk_utf8_next(p, left, &rune);

        if (step == 0 || is_hidden(rune)) {
            return PK_EMALF;
        }
        p += step;
        left -= step;
        (*out)++;
    }
    return PK_OK;
}

/* Every brace belongs to "{subject}" in double quotes: its value is somebody else's. */
static bool holes_are_good(const char *text, bool may)
{
    const size_t len = strlen(HOLE);

    for (const char *at = strpbrk(text, "{}"); at != NULL; at = strpbrk(at + len, "{}")) {
        if (!may || strncmp(at, HOLE, len) != 0 || at == text || at[-1] != '"' || at[len] != '"') {
            return false;
        }
    }
    return true;
}

static int check_text(const char *text, bool may, size_t max, size_t *count, const char *key,
        struct pk_error *err)
{
    size_t len = strlen(text);
    int rc = count_runes(text, count);

    if (rc < 0) {
        return pk_error_set(err, rc, "%s has control or hidden characters, or line breaks", key);
    }
    if (*count > max) {
        return pk_error_set(err, PK_EBOUNDS, "%s has %zu characters, at most %zu are allowed", key,
                *count, max);
    }
    if (len == 0 || text[0] == ' ' || text[len - 1] == ' ') {
        return pk_error_set(err, PK_EMALF, "%s is empty or has spaces at its ends", key);
    }
    return holes_are_good(text, may)
            ? PK_OK
            : pk_error_set(err, PK_EMALF,
                      may ? "%s: the only placeholder is {subject}, in double quotes"
                          : "%s has a placeholder where the original has none",
                      key);
}

static bool any_hole(const struct pk_threat_words *words)
{
    bool any = false;

    for (size_t i = 0; i < words->next_count; i++) {
        any |= strstr(words->next[i], HOLE) != NULL;
    }
    return any;
}

/* *key: what is wrong with it; on success e->words is what is read. */
static int check_words(struct entry *e, const char **key, struct pk_error *err)
{
    const struct pk_text_override *g = &e->given;
    const struct pk_threat_words *original = pk_threat_words(e->threat, g->language);
    size_t title = 0;
    size_t why = 0;
    size_t step;
    int rc;

    e->words = *original;
    e->words.title = g->title != NULL ? g->title : original->title;
    e->words.why = g->why != NULL ? g->why : original->why;
    *key = "title";
    rc = check_text(e->words.title, strstr(original->title, HOLE) != NULL, PK_TEXT_TITLE_MAX,
            &title, *key, err);
    if (rc < 0) {
        return rc;
    }
    *key = "why";
    rc = check_text(
            e->words.why, strstr(original->why, HOLE) != NULL, PK_TEXT_NOTICE_MAX, &why, *key, err);
    if (rc == PK_OK && title + why > PK_TEXT_NOTICE_MAX) {
        *key = g->why != NULL ? "why" : "title";
        rc = pk_error_set(err, PK_EBOUNDS,
                "title and why have %zu characters together, at most %d are allowed", title + why,
                PK_TEXT_NOTICE_MAX);
    }
    for (size_t i = 0; rc == PK_OK && i < g->next.count; i++) {
        *key = "next";
        rc = check_text(
                g->next.items[i], any_hole(original), PK_TEXT_STEP_MAX, &step, "a step", err);
    }
    if (g->next.count > 0) {
        e->words.next = g->next.items;
        e->words.next_count = g->next.count;
    }
    return rc;
}

static int check_entry(struct entry *e, const char **key, struct pk_error *err)
{
    const struct pk_text_override *g = &e->given;
    const char *code = pk_language_known(g->language);

    e->threat = pk_threat_find(g->threat);
    if (e->threat == NULL) {
        *key = "threat";
        return pk_error_set(err, PK_ENOENT, "no threat '%s' in the catalogue", g->threat);
    }
    if (code == NULL || strcmp(code, g->language) != 0) {
        *key = "language";
        return pk_error_set(err, PK_ENOENT, "there are no texts in '%s'", g->language);
    }
    if (g->title == NULL && g->why == NULL && g->next.count == 0) {
        *key = "";
        return pk_error_set(err, PK_EMISSING, "title, why or next must be given");
    }
    return check_words(e, key, err);
}

/* ---- all of them --------------------------------------------------------------------------------------- */

static int compare(const char *threat, const char *language, const struct entry *e)
{
    int order = strcmp(threat, e->given.threat);

    return order != 0 ? order : strcmp(language, e->given.language);
}

static bool copy_text(struct pk_arena *arena, const char **text)
{
    *text = *text != NULL ? pk_arena_strdup(arena, *text) : NULL;
    return *text != NULL;
}

static int copy(struct pk_arena *arena, const struct pk_text_override *from, struct entry *to)
{
    bool good;

    *to = (struct entry){ .given = *from };
    good = copy_text(arena, &to->given.threat) && copy_text(arena, &to->given.language);
    good = good && (from->title == NULL || copy_text(arena, &to->given.title));
    good = good && (from->why == NULL || copy_text(arena, &to->given.why));
    to->given.next = (struct pk_strings){ 0 };
    if (good && from->next.count > 0) {
        to->given.next.items = pk_arena_alloc(arena, from->next.count, sizeof(const char *));
        good = to->given.next.items != NULL;
    }
    for (size_t i = 0; good && i < from->next.count; i++) {
        to->given.next.items[i] = from->next.items[i];
        to->given.next.count++;
        good = copy_text(arena, &to->given.next.items[i]);
    }
    return good ? PK_OK : PK_ENOMEM;
}

/* Puts it into its place; PK_EEXIST: there is one. */
static int insert(struct pk_text_overrides *texts, const struct entry *e, struct pk_error *err)
{
    size_t at = texts->count;

    while (at > 0 && compare(e->given.threat, e->given.language, &texts->entries[at - 1]) < 0) {
        at--;
    }
    if (at > 0 && compare(e->given.threat, e->given.language, &texts->entries[at - 1]) == 0) {
        return pk_error_set(
                err, PK_EEXIST, "'%s' stands twice in '%s'", e->given.threat, e->given.language);
    }
    memmove(&texts->entries[at + 1], &texts->entries[at],
            (texts->count - at) * sizeof(texts->entries[0]));
    texts->entries[at] = *e;
    texts->count++;
    return PK_OK;
}

static int add(struct pk_text_overrides *texts, const struct pk_text_override *given, size_t index,
        struct pk_error *err)
{
    const char *key = "threat";
    struct entry e;
    int rc = copy(texts->arena, given, &e);

    if (rc < 0) {
        return pk_error_set(err, rc, "out of memory");
    }
    rc = check_entry(&e, &key, err);
    if (rc == PK_OK) {
        key = "threat";
        rc = insert(texts, &e, err);
    }
    if (rc < 0 && err != NULL) {
        (void)snprintf(err->path, sizeof(err->path), "texts[%zu]%s%s", index,
                key[0] != '\0' ? "." : "", key);
    }
    return rc;
}

int pk_text_overrides_create(const struct pk_array *texts, size_t *dropped,
        struct pk_text_overrides **out, struct pk_error *err)
{
    struct pk_arena *arena = pk_arena_create(ARENA_MAX);
    struct pk_text_overrides *made = arena != NULL ? pk_arena_alloc(arena, 1, sizeof(*made)) : NULL;
    const struct pk_text_override *given = texts->items;
    size_t bad = 0;
    int rc = PK_OK;

    if (texts->count > PK_TEXT_OVERRIDES_MAX) {
        rc = pk_error_set(err, PK_ELIMIT, "at most %d texts are allowed", PK_TEXT_OVERRIDES_MAX);
    } else if (made != NULL) {
        made->arena = arena;
        made->entries = pk_arena_alloc(arena, texts->count + 1, sizeof(made->entries[0]));
    }
    if (rc == PK_OK && (made == NULL || made->entries == NULL)) {
        rc = pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    for (size_t i = 0; rc == PK_OK && i < texts->count; i++) {
        rc = add(made, &given[i], i, err);
        if (rc < 0 && rc != PK_ENOMEM && dropped != NULL) {
            bad++;
            rc = PK_OK;
        }
    }
    if (rc < 0) {
        pk_arena_destroy(arena);
        return rc;
    }
    if (dropped != NULL) {
        *dropped = bad;
    }
    *out = made;
    return PK_OK;
}

int pk_text_overrides_parse(const char *text, size_t len, size_t *dropped,
        struct pk_text_overrides **out, struct pk_error *err)
{
    struct pk_arena *arena;
    struct pk_text_document document;
    json_t *json = NULL;
    int rc = len <= PK_TEXT_DOCUMENT_MAX
            ? pk_json_parse(text, len, &json, err)
            : pk_error_set(err, PK_ELIMIT, "the document is larger than allowed");

    if (rc < 0) {
        return rc;
    }
    arena = pk_arena_create(ARENA_MAX);
    rc = arena != NULL ? pk_schema_decode(&pk_text_document_schema, json, arena, &document, err)
                       : pk_error_set(err, PK_ENOMEM, "out of memory");
    if (rc == PK_OK) {
        rc = pk_text_overrides_create(&document.texts, dropped, out, err);
    }
    pk_arena_destroy(arena);
    json_decref(json);
    return rc;
}

void pk_text_overrides_destroy(struct pk_text_overrides *texts)
{
    if (texts != NULL) {
        pk_arena_destroy(texts->arena);
    }
}

void pk_text_overrides_set_version(struct pk_text_overrides *texts, int64_t version)
{
    texts->version = version;
}

int64_t pk_text_overrides_version(const struct pk_text_overrides *texts)
{
    return texts != NULL ? texts->version : 0;
}

/* ---- reading ------------------------------------------------------------------------------------------- */

size_t pk_text_overrides_count(const struct pk_text_overrides *texts)
{
    return texts != NULL ? texts->count : 0;
}

const struct pk_text_override *pk_text_overrides_at(
        const struct pk_text_overrides *texts, size_t index)
{
    return &texts->entries[index].given;
}

static const struct entry *find(
        const struct pk_text_overrides *texts, const struct pk_threat *threat, const char *language)
{
    size_t low = 0;
    size_t high = pk_text_overrides_count(texts);

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare(threat->id, language, &texts->entries[middle]);

        if (order == 0) {
            return &texts->entries[middle];
        }
        low = order > 0 ? middle + 1 : low;
        high = order > 0 ? high : middle;
    }
    return NULL;
}

const struct pk_text_override *pk_text_overrides_find(
        const struct pk_text_overrides *texts, const struct pk_threat *threat, const char *language)
{
    const struct entry *e = find(texts, threat, pk_language_of(language));

    return e != NULL ? &e->given : NULL;
}

const struct pk_threat_words *pk_text_overrides_words(
        const struct pk_text_overrides *texts, const struct pk_threat *threat, const char *language)
{
    const struct entry *e = find(texts, threat, pk_language_of(language));

    return e != NULL ? &e->words : pk_threat_words(threat, language);
}
