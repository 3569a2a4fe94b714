/* arsc.h - resources.arsc: what a resource id stands for on a given device.
 *
 * Opening indexes the chunks only (a table of 2 MB in well under a millisecond); entries are looked
 * up and strings decoded when they are asked for. Sparse and compact entries and 16 bit offsets
 * (API 34) are read; overlays, libraries and staged ids are skipped, styles and arrays are no values.
 * The table is borrowed, everything else lives in the arena. Source: AOSP libs/androidfw. */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "base/slice.h"
#include "formats/android/resconfig.h"
#include "formats/anomaly.h"

struct pk_arsc;

struct pk_arsc_value {
    uint8_t type;     /* enum pk_res_type (axml.h) */
    uint32_t data;    /* of what is no string */
    const char *text; /* of a string, clean UTF-8; NULL otherwise */
};

/* PK_ETRUNC, PK_EMALF: no resource table; PK_ENOMEM. What contradicts itself inside is an anomaly
 * (arsc.*), and what fits is read. */
PK_MUST_USE int pk_arsc_open(struct pk_slice table, struct pk_arena *arena,
        struct pk_anomalies *anomalies, struct pk_arsc **out, struct pk_error *err);

/* Follows references until there is a value. PK_ENOENT: no such resource for this device (also what
 * only the framework has); PK_ETYPE: it is a style, an array or the like; PK_ELIMIT: references in a
 * circle, or the work that one table may ask for is used up; PK_ENOMEM. */
PK_MUST_USE int pk_arsc_resolve(const struct pk_arsc *arsc, uint32_t id,
        const struct pk_resconfig *want, struct pk_arsc_value *out);

/* A label as aapt dump badging names it: for no locale, else for the first locale of the table that has
 * it. Where aapt gives up (there are resources without a locale, but not this one) American English
 * goes before the first one. Results as above; *out only for text. */
PK_MUST_USE int pk_arsc_label(const struct pk_arsc *arsc, uint32_t id, const char **out);

/* "string/app_name", with "package:" in front when it is not of the first package; NULL when there is
 * no such resource. */
const char *pk_arsc_name(const struct pk_arsc *arsc, uint32_t id);

/* Of the packages in the table, in order; NULL behind the last one. */
const char *pk_arsc_package(const struct pk_arsc *arsc, size_t i, uint32_t *id);
/* Figures for reports and tests: chunks of type ResTable_type, strings of the value pool. */
size_t pk_arsc_type_count(const struct pk_arsc *arsc);
size_t pk_arsc_string_count(const struct pk_arsc *arsc);
