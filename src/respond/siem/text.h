/* text.h - text for other people's parsers: valid UTF-8, nothing that could forge a line. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Decodes one character at *p (< end) and advances. Bytes that are not UTF-8 (RFC 3629) give U+FFFD,
 * one for each byte. */
uint32_t pk_text_next(const uint8_t **p, const uint8_t *end);

/* Writes the character (at most 4 bytes) and returns how many. */
size_t pk_text_put(uint32_t c, char out[4]);

/* True for what must not reach a log: C0 and C1 controls, DEL, line and paragraph separators, and
 * the marks that turn the direction of the text around (they hide what stands there). */
int pk_text_is_control(uint32_t c);
