/* jar_manifest.h - the text format of META-INF/MANIFEST.MF and of signature files (.SF): a main section and
 * one section for each entry of the archive.
 *
 * Source: JAR File Specification, "JAR Manifest"; AOSP tools/apksig internal/jar/ManifestParser, which
 * is more lenient than the specification, as Android was when the signed apps were made: a line
 * ends with CR, LF or both; a name may hold spaces; an attribute without ": " has an empty value.
 * Linear in the text, whatever it is; sections are not kept but found again by their bytes. */
#pragma once

#include "base/buffer.h"
#include "base/error.h"
#include "base/slice.h"

/* Lines of a text. Private, but for the callers who make one with pk_jar_lines_of(). */
struct pk_jar_lines {
    struct pk_slice in;
    size_t pos;
    size_t cr; /* the first CR and LF not before pos, in.len when there are no more */
    size_t lf;
};

struct pk_jar_lines pk_jar_lines_of(struct pk_slice in);

/* The next section: from its first line with text to the empty line that ends it, which belongs to it.
 * Empty lines before it are skipped. False at the end. */
bool pk_jar_next_section(struct pk_jar_lines *lines, struct pk_slice *out);

struct pk_jar_attr {
    struct pk_slice name;
    struct pk_slice value;
};

/* The attributes of one section. Those that continue on further lines are put together in a buffer, so
 * what an attribute points to lives until the next call. */
struct pk_jar_attrs {
    struct pk_jar_lines lines;
    struct pk_slice ahead; /* a line that was read and not used; ptr NULL: none */
    struct pk_buffer *joined;
};

/* joined is the caller's; its maximum must be at least the section's length. */
struct pk_jar_attrs pk_jar_attrs_of(struct pk_slice section, struct pk_buffer *joined);
/* PK_ENOENT at the end, PK_ENOMEM. */
PK_MUST_USE int pk_jar_next_attr(struct pk_jar_attrs *attrs, struct pk_jar_attr *out);

/* The name of a section: its first attribute's value when that is called "Name". PK_ENOENT: it has none,
 * PK_ENOMEM. *out lives in joined or in the section. */
PK_MUST_USE int pk_jar_section_name(
        struct pk_slice section, struct pk_buffer *joined, struct pk_slice *out);

/* The value of the first attribute of this name, in any case. PK_ENOENT, PK_ENOMEM. */
PK_MUST_USE int pk_jar_value(
        struct pk_slice section, const char *name, struct pk_buffer *joined, struct pk_slice *out);

/* True when the bytes are the text, in any case (ASCII). */
bool pk_jar_same_name(struct pk_slice name, const char *text);
