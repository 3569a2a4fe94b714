/* html.h - foreign text inside HTML. Pure. */
#pragma once

#include "base/buffer.h"

/* Escapes & < > " ' and cleans as pk_mime_clean() does; line ends become spaces. NULL is "". */
void pk_html_put(struct pk_buffer *out, const char *text);
