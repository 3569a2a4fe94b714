/* confusable.h - names as the eye takes them. An app that pretends to be another one writes "WhatsApp" with a
 * Cyrillic letter, a digit, an accent or a sign that is not shown; the skeleton of both is the same. In the manner
 * of Unicode's TR 39, with a table of our own for the scripts that are met in labels.
 *
 * Bounded: a skeleton has at most PK_SKELETON_MAX bytes; what is longer is not compared. */
#pragma once

#include <stddef.h>
#include <stdbool.h>

#define PK_SKELETON_MAX 128UL /* bytes, NUL included: labels have 10 to 40 letters */

/* Writes the skeleton of UTF-8 text: small letters and digits, what looks alike made the same, without blanks, signs,
 * accents and what is not shown. Returns its length; 0 when nothing is left. */
size_t pk_confusable_skeleton(const char *text, char out[PK_SKELETON_MAX]);
/* Do both look the same? Never true for names of which nothing is left. */
bool pk_confusable_same(const char *a, const char *b);
/* Does the name hold the word, however it is disguised? */
bool pk_confusable_contains(const char *name, const char *word);
/* The same but for case and blanks: nothing is disguised. */
bool pk_confusable_plain(const char *a, const char *b);

/* Is it written to deceive: Latin letters mixed with look-alikes of another script, or signs that are not shown
 * between letters? Accents, digits and a picture behind the name are no disguise. */
bool pk_confusable_disguised(const char *name);
