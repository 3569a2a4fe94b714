/* set.h - what is known: indicators, known-good signers, reference apps, and lists of what must not
 * raise an alarm. One read-only file, mapped as it is; a look-up is one hash, one line of a directory
 * and one or two rows. Built by intel/builder.h.
 *
 * A set may come over the network. pk_intel_set_open() checks every byte's meaning; pk_intel_set_load() checks only
 * frame and borders, and reading stays within the borders whatever the rest says. Reading is safe from
 * any number of threads. Texts that are handed out live as long as the set. */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "base/slice.h"
#include "intel/kind.h"
#include "model/app_report.h" /* enum pk_app_weight */

struct pk_intel_set;

#define PK_INTEL_SET_MAX (1024UL * 1024 * 1024)

/* A set in memory, which must stay while the set lives (8-byte alignment is not needed). Strict: what is not as the
 * builder writes it is refused. PK_ETRUNC, PK_EMALF, PK_ELIMIT, PK_ENOMEM. */
PK_MUST_USE int pk_intel_set_open(
        struct pk_slice bytes, struct pk_intel_set **out, struct pk_error *err);
/* Maps a file. PK_ENOENT when there is none. The file must be replaced, never written into. */
PK_MUST_USE int pk_intel_set_load(
        const char *path, struct pk_intel_set **out, struct pk_error *err);
/* The strict check of a set that was loaded. */
PK_MUST_USE int pk_intel_set_check(const struct pk_intel_set *set, struct pk_error *err);
void pk_intel_set_destroy(struct pk_intel_set *set); /* NULL is fine */

/* What stands in the lists about a value; field by field what struct pk_app_hit needs. */
struct pk_intel_hit {
    const char *value; /* as it was asked for: borrowed from the caller */
    const char *
            indicator; /* as it stands in the list; another text than value: a parent domain, a network */
    const char *family;    /* NULL: not said */
    const char *category;  /* NULL: not said */
    const char *source;    /* the feed */
    const char *reference; /* URL; of the entry, else of the feed; NULL */
    const char *date; /* first seen, "YYYY-MM-DD"; when the entry tells none: of the list; NULL */
    const char *licence; /* of the feed; NULL */
    const char *
            marked; /* the warning list that has it, too ("Top 20 000 websites ..."): it does not decide
                            * alone, weight is NONE; NULL: on none */
    enum pk_intel_kind kind;
    enum pk_app_weight weight; /* what this hit alone says about an app */
    bool good;                 /* of a warning list (pk_intel_warned() only) */
    bool dated;                /* date is the entry's own */
    size_t row;                /* for pk_intel_next() */
};

/* Looks a value up in normal or raw form of its kind; a domain also by its parents, an address by the networks around it, a
 * URL by itself alone. The nearest and gravest hit comes first. False: not in the set. */
bool pk_intel_find(const struct pk_intel_set *set, enum pk_intel_kind kind, const char *value,
        struct pk_intel_hit *out);
/* The same over several sets, of which the last is followed by NULL (NULL: none): the best hit of all, marked when any
 * of them has a warning. *which (NULL is fine) is the set that has it, for pk_intel_next(). */
bool pk_intel_find_in(const struct pk_intel_set *const *sets, enum pk_intel_kind kind,
        const char *value, struct pk_intel_hit *out, const struct pk_intel_set **which);
/* The next source that knows the same indicator, best first; false: none. */
bool pk_intel_next(const struct pk_intel_set *set, struct pk_intel_hit *hit);

/* Which warning list has this value (itself, or a parent or network that it lists whole)? False: none. Ask every set that there is:
 * an indicator of one may be warned of in another. */
bool pk_intel_warned(const struct pk_intel_set *set, enum pk_intel_kind kind, const char *value,
        struct pk_intel_hit *out);

/* A certificate that may sign a package. */
struct pk_intel_signer {
    const char *package;
    const char *cert;   /* SHA-256, lower-case hex */
    const char *source; /* the list that says so */
};

/* How many certificates are known for the package; *first is the index of the first of them, the others
 * follow it. 0: the package is not known. */
size_t pk_intel_signers(const struct pk_intel_set *set, const char *package, size_t *first);
/* The signer of that index, up to the number that pk_intel_signer_count() tells. False: beyond it. */
bool pk_intel_signer_at(const struct pk_intel_set *set, size_t index, struct pk_intel_signer *out);
size_t pk_intel_signer_count(const struct pk_intel_set *set);
/* Does this certificate sign any known-good package? */
bool pk_intel_signer_known(const struct pk_intel_set *set, const char *cert);

/* An app that is what it says: repackaged copies are measured against it. */
struct pk_intel_app {
    const char *package;
    const char *label;  /* NULL: not known */
    const char *cert;   /* SHA-256 of its signer */
    const char *source; /* "local" when `picket intel trust` put it there */
    uint64_t phash;     /* of its icon; 0: not known */
    uint64_t dhash;
};

size_t pk_intel_app_count(const struct pk_intel_set *set);
bool pk_intel_app_at(const struct pk_intel_set *set, size_t index, struct pk_intel_app *out);

/* A feed. */
struct pk_intel_source {
    const char *name;
    const char *reference; /* NULL */
    const char *licence;   /* NULL */
    const char *date;      /* newest entry or day of import, "YYYY-MM-DD"; NULL */
    size_t indicators;
    size_t warnings; /* entries of warning lists */
    size_t signers;
    size_t apps;
};

size_t pk_intel_source_count(const struct pk_intel_set *set);
bool pk_intel_source_at(const struct pk_intel_set *set, size_t index, struct pk_intel_source *out);

struct pk_intel_info {
    char version
            [17]; /* 16 hex digits of its content's digest: the same content, the same version */
    int64_t created_ms; /* when it was built */
    size_t bytes;
    size_t indicators;                 /* rows, each source counted */
    size_t values;                     /* different ones */
    size_t marked;                     /* indicators on a warning list */
    size_t warnings;                   /* rows of warning lists */
    size_t kinds[PK_INTEL_KIND_COUNT]; /* indicators */
};

/* Walks over all rows: for people, not for every look-up. */
void pk_intel_set_info(const struct pk_intel_set *set, struct pk_intel_info *out);
/* Row by row: indicators and entries of warning lists (good), in no order that means anything. False: beyond the end. */
bool pk_intel_row_at(const struct pk_intel_set *set, size_t index, struct pk_intel_hit *out);
size_t pk_intel_row_count(const struct pk_intel_set *set);
/* The bytes of the set, to write or send them. */
struct pk_slice pk_intel_set_bytes(const struct pk_intel_set *set);
