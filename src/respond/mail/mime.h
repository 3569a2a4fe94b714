/* mime.h - the forms in which text travels in a letter: RFC 5322 headers, RFC 2047 encoded words, RFC 2045
 * quoted-printable. Input may be anything, also not UTF-8 and with line ends; output is ASCII, its lines end with CRLF
 * and have at most 76 characters before that (78 in headers). Pure. */
#pragma once

#include <stdint.h>

#include "base/buffer.h"

#define PK_MIME_DATE 40 /* bytes of a date with its NUL */

/* "Mon, 23 Nov 2026 18:15:50 +0000" (RFC 5322 3.3). Returns out. */
char *pk_mime_date(int64_t at_ms, char out[PK_MIME_DATE]);

/* "Name: text CRLF". What is not plain ASCII, or too long for a line, becomes encoded words; control characters become
 * spaces, so that no text can begin another header; cut at max bytes of text at the boundary of a character. */
void pk_mime_header(struct pk_buffer *out, const char *name, const char *text, size_t max);

/* "Header: Name <address> CRLF"; the name as in pk_mime_header(), the address as it is. */
void pk_mime_mailbox(
        struct pk_buffer *out, const char *header, const char *name, const char *address);

/* Text as quoted-printable: line ends become CRLF, other control characters but tab a space, bytes that are no
 * UTF-8 U+FFFD; marks that turn the direction of text are left out. Ends with a line end. */
void pk_mime_quoted(struct pk_buffer *out, const char *text, size_t len);

/* The cleaned form of one character: writes the UTF-8 to show for what stands at p (left bytes) and returns how many
 * bytes of the input that was; *len is 0 for what is left out. For text that goes elsewhere, like HTML. */
size_t pk_mime_clean(const uint8_t *p, size_t left, char out[4], size_t *len);
