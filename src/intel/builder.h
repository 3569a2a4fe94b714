/* builder.h - makes a set (intel/set.h): values are brought to normal form, texts interned, the same value of
 * several sources kept once for each, warning lists applied. Not thread-safe. */
#pragma once

#include "base/buffer.h"
#include "intel/set.h"

struct pk_intel_builder;

struct pk_intel_builder *pk_intel_builder_create(void); /* NULL: out of memory */
void pk_intel_builder_destroy(struct pk_intel_builder *b);

/* Names a feed; the same name gives the same number. reference, licence and date may be NULL; they fill what was not known. PK_ELIMIT: too many. */
PK_MUST_USE int pk_intel_builder_source(struct pk_intel_builder *b, const char *name,
        const char *reference, const char *licence, const char *date, unsigned *source);

enum pk_intel_class {
    PK_INTEL_INDICATOR,
    PK_INTEL_WARN,       /* exactly this value is known to raise false alarms */
    PK_INTEL_WARN_BELOW, /* so is every name below this domain */
    PK_INTEL_WARN_SHARED, /* many use it at once (hosting, VPN): an indicator there says at most "suspicious" */
};

struct pk_intel_entry {
    enum pk_intel_kind kind;
    enum pk_intel_class class_;
    const char *value; /* raw; normalised here */
    const char *family;
    const char *reference;
    const char *date; /* "YYYY-MM-DD" and anything behind it, or NULL */
    enum pk_intel_category category;
    enum pk_app_weight weight;
    unsigned source;
};

/* PK_EMALF: the value cannot be of its kind; PK_ELIMIT; PK_ENOMEM. */
PK_MUST_USE int pk_intel_builder_add(
        struct pk_intel_builder *b, const struct pk_intel_entry *entry);
/* cert: SHA-256 as hex, colons are fine. */
PK_MUST_USE int pk_intel_builder_add_signer(
        struct pk_intel_builder *b, const char *package, const char *cert, unsigned source);
PK_MUST_USE int pk_intel_builder_add_app(
        struct pk_intel_builder *b, const struct pk_intel_app *app);

/* Takes over what another set has, but for the named source (NULL: all of it). */
PK_MUST_USE int pk_intel_builder_add_set(
        struct pk_intel_builder *b, const struct pk_intel_set *set, const char *but);

/* The same, but only sources that the builder does not know yet. */
PK_MUST_USE int pk_intel_builder_add_missing(
        struct pk_intel_builder *b, const struct pk_intel_set *set);

/* Writes the set. The builder can only be destroyed afterwards. */
PK_MUST_USE int pk_intel_builder_finish(
        struct pk_intel_builder *b, int64_t now_ms, struct pk_buffer *out, struct pk_error *err);
