/* fuzz_texts.c - the document of own words for threats. What was accepted is told within the limits, encodes, and is
 * accepted again with the same words; leaving out what is bad never takes what is good. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model/text_overrides.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *encode(const struct pk_text_overrides *texts)
{
    json_t *list = json_array();
    json_t *document;
    char *text;

    for (size_t i = 0; i < pk_text_overrides_count(texts); i++) {
        (void)json_array_append_new(list,
                pk_schema_encode(&pk_text_override_schema, pk_text_overrides_at(texts, i), false));
    }
    document = json_pack("{s:i, s:o}", "version", PK_TEXT_DOCUMENT_FORMAT, "texts", list);
    text = document != NULL ? pk_json_text(document) : NULL;
    json_decref(document);
    return text;
}

static void look(const struct pk_text_overrides *texts)
{
    for (size_t i = 0; i < pk_text_overrides_count(texts); i++) {
        const struct pk_text_override *o = pk_text_overrides_at(texts, i);
        const struct pk_threat *threat = pk_threat_find(o->threat);
        const struct pk_threat_words *words = threat != NULL
                ? pk_text_overrides_words(texts, threat, o->language)
                : NULL;

        if (words == NULL || pk_text_overrides_find(texts, threat, o->language) != o ||
                (o->title != NULL && words->title != o->title) || words->next_count == 0 ||
                words->next_count > PK_TEXT_STEPS_MAX ||
                strlen(words->title) > 4 * PK_TEXT_TITLE_MAX) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pk_text_overrides *texts = NULL;
    struct pk_text_overrides *again = NULL;
    struct pk_error err = { 0 };
    size_t dropped = 0;
    char *text;
    int rc = pk_text_overrides_parse((const char *)data, size, NULL, &texts, &err);

    if (rc < 0 && (texts != NULL || err.text[0] == '\0')) {
        abort(); /* a failure says why and leaves the output alone */
    }
    if (pk_text_overrides_parse((const char *)data, size, &dropped, &again, &err) == PK_OK) {
        look(again);
        if (rc == PK_OK &&
                (dropped > 0 || pk_text_overrides_count(again) != pk_text_overrides_count(texts))) {
            abort();
        }
    } else if (rc == PK_OK) {
        abort();
    }
    pk_text_overrides_destroy(again);
    again = NULL;
    if (rc == PK_OK) {
        look(texts);
        text = encode(texts);
        if (text == NULL || pk_text_overrides_parse(text, strlen(text), NULL, &again, &err) < 0 ||
                pk_text_overrides_count(again) != pk_text_overrides_count(texts)) {
            abort();
        }
        free(text);
    }
    pk_text_overrides_destroy(again);
    pk_text_overrides_destroy(texts);
    return 0;
}
