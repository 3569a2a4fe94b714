/* words.h - every other word that an employee reads, in a language. Made of data/lang at build time
 * (docs/words.md); all pointers live as long as the program. Any thread may call. */
#pragma once

#include <stddef.h>

#define PK_LANGUAGE_TEXT 9 /* bytes of a language's code as devices tell it, NUL included */

/* Languages that there are texts in; English is the first. */
size_t pk_language_count(void);
const char *pk_language_code(size_t index); /* "de" */
const char *pk_language_name(size_t index); /* "Deutsch" */

/* The code of the language that is spoken to someone who asked for this one ("de-AT", "de_AT.UTF-8", NULL, "C"):
 * "de"; "en" when there is no other. */
const char *pk_language_of(const char *wanted);
/* The same, but NULL when there are no texts in it. */
const char *pk_language_known(const char *wanted);

/* The language of this process by its environment (LC_ALL, LC_MESSAGES, LANG, in this order, as POSIX has it; an
 * empty one counts as unset). Not to be called while another thread changes the environment. */
const char *pk_language_of_locale(void);

/* The text of a key of data/lang/en.yaml in that language. An unknown key is a bug: it comes back itself. */
const char *pk_word(const char *language, const char *key);

size_t pk_word_key_count(void);
const char *pk_word_key(size_t index); /* sorted in byte order */

/* A placeholder of a text and what to put there. */
struct pk_word_part {
    const char *name;  /* "n" for {n} */
    const char *value; /* NULL stands for "" */
};

/* Copies text with every placeholder that is in parts replaced into out (always terminated; cut at size at the
 * boundary of a character). Values go in as they are: the caller cleans what is not its own. */
void pk_word_fill(
        const char *text, const struct pk_word_part *parts, size_t count, char *out, size_t size);
/* The same with one placeholder that is a number. */
void pk_word_number(const char *text, const char *name, long long value, char *out, size_t size);
