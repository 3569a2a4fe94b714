/* threat_words.h - what an employee reads of a threat, in a language. Made of data/threats.yaml (English) and
 * data/lang at build time; all pointers live as long as the program. Any thread may call. */
#pragma once

#include "model/threat.h"

/* "{subject}" stands in the texts as it does in English: pk_threat_text() puts the name in. */
struct pk_threat_words {
    const char *title;
    const char *why;
    const char *const *next; /* as many steps as in English */
    size_t next_count;
};

/* language: "de", "de-AT", "de_AT.UTF-8"; NULL, "", "C" and unknown ones are English. Never NULL for a threat of
 * the catalogue. */
const struct pk_threat_words *pk_threat_words(const struct pk_threat *threat, const char *language);
