/* text_overrides.h - an organisation's own words for threats, in place of the catalogue's. Pure; what was made is
 * constant and may be read by any thread. */
#pragma once

#include <stdint.h>

#include "base/schema.h"
#include "model/threat_words.h"

#define PK_TEXT_OVERRIDES_MAX   500
#define PK_TEXT_TITLE_MAX       80  /* characters; these are the limits of data/threats.yaml */
#define PK_TEXT_NOTICE_MAX      140 /* title and why together: what a notification shows */
#define PK_TEXT_STEP_MAX        100
#define PK_TEXT_STEPS_MAX       3
#define PK_TEXT_DOCUMENT_MAX    (2UL * 1024 * 1024) /* bytes of the document */
#define PK_TEXT_DOCUMENT_FORMAT 1

/* Own words of one threat in one language; what is NULL or empty stays the catalogue's, one must be there. */
struct pk_text_override {
    const char *threat;
    const char *language; /* "de" */
    const char *title;
    const char *why;
    struct pk_strings next;
};
extern const struct pk_schema pk_text_override_schema;

/* {"version":1,"texts":[...]}, as it is kept. */
struct pk_text_document {
    int64_t version;       /* PK_TEXT_DOCUMENT_FORMAT */
    struct pk_array texts; /* struct pk_text_override */
};
extern const struct pk_schema pk_text_document_schema;

struct pk_text_overrides;

/* Copies texts (struct pk_text_override) when they are good: threat and language are known and stand together once,
 * every text is one line without control characters and within its limit, "{subject}" stands in double quotes and
 * only where the catalogue has it. *err has the path ("texts[3].title").
 * dropped (NULL: nothing may be wrong): those that are not good are left out and counted, as an older document may
 * have some that a newer catalogue does not take. */
PK_MUST_USE int pk_text_overrides_create(const struct pk_array *texts, size_t *dropped,
        struct pk_text_overrides **out, struct pk_error *err);
/* The same from a document's text. */
PK_MUST_USE int pk_text_overrides_parse(const char *text, size_t len, size_t *dropped,
        struct pk_text_overrides **out, struct pk_error *err);
void pk_text_overrides_destroy(struct pk_text_overrides *texts); /* NULL is fine */

/* The number of the document that they were made of; 0 until it is said. */
void pk_text_overrides_set_version(struct pk_text_overrides *texts, int64_t version);
int64_t pk_text_overrides_version(const struct pk_text_overrides *texts); /* NULL: 0 */

size_t pk_text_overrides_count(const struct pk_text_overrides *texts); /* NULL: 0 */
/* As they were given; sorted by threat and language. */
const struct pk_text_override *pk_text_overrides_at(
        const struct pk_text_overrides *texts, size_t index);
/* Those of a threat in a language as pk_threat_words() takes it; NULL: none. texts may be NULL. */
const struct pk_text_override *pk_text_overrides_find(const struct pk_text_overrides *texts,
        const struct pk_threat *threat, const char *language);

/* What an employee reads: pk_threat_words() with what is overridden. texts may be NULL. Lives as long as both. */
const struct pk_threat_words *pk_text_overrides_words(const struct pk_text_overrides *texts,
        const struct pk_threat *threat, const char *language);
