/* qr_svg.h - a text as a QR code (ISO/IEC 18004) in SVG: black on white whatever the page's
 * colours, with the quiet zone of four modules; nothing is referenced from outside. */
#pragma once

#include "base/buffer.h"

#define PK_QR_TEXT_MAX 1024 /* bytes */

/* Appends the SVG. PK_ELIMIT: the text is longer than PK_QR_TEXT_MAX; PK_ENOMEM. */
PK_MUST_USE int pk_qr_svg(const char *text, struct pk_buffer *out, struct pk_error *err);
