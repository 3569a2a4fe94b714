/* words_table.h - the tables that tools/gen-words.py makes of data/lang; for words.c alone. Keys are sorted in
 * byte order; threats stand in the order of pk_threat_table; English is the first language. */
#pragma once

#include "model/threat_words.h"

struct pk_language_row {
    const char *code;
    const char *name;
    const struct pk_threat_words *threats;
    const char *const *words; /* in the order of the keys */
};

extern const char *const pk_word_key_table[];
extern const size_t pk_word_key_table_count;
extern const struct pk_language_row pk_language_table[];
extern const size_t pk_language_table_count;
