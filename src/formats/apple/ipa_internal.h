/* ipa_internal.h - what the parts of the IPA reader share. Private to ipa*.c. */
#pragma once

#include "formats/apple/ipa.h"
#include "formats/limits.h"

struct pk_ipa_job {
    struct pk_zip *zip;
    struct pk_slice folder; /* "Payload/X.app/", as the archive spells it */
    struct pk_arena *arena;
    struct pk_anomalies *anomalies;
    struct pk_ipa *out;
    struct pk_error *err;
    unsigned depth;     /* of what is being read: 0 the app, 1 its parts, 2 theirs */
    size_t *parts_left; /* that may still be read in all */
};

int pk_ipa_no_memory(struct pk_ipa_job *job); /* PK_ENOMEM with its sentence */
/* Notes the first thing that does not hold in *problem. PK_ENOMEM. */
PK_MUST_USE int pk_ipa_problem(
        struct pk_ipa_job *job, const char **problem, const char *format, ...) PK_PRINTF(3, 4);

/* The entry folder + path of the archive, or NULL. */
const struct pk_zip_entry *pk_ipa_entry(
        struct pk_ipa_job *job, struct pk_slice folder, struct pk_slice path);
static inline const struct pk_zip_entry *pk_ipa_named(
        struct pk_ipa_job *job, struct pk_slice folder, const char *path)
{
    return pk_ipa_entry(job, folder, pk_slice_str(path));
}
/* Reads an entry that ends with the arena. PK_ENOENT for NULL; what pk_zip_read() says. */
PK_MUST_USE int pk_ipa_read(struct pk_ipa_job *job, const struct pk_zip_entry *entry,
        struct pk_slice *out, struct pk_error *err);

/* Checks the files under folder against its CodeResources (bytes; ptr NULL: there is none). executable is
 * the path of the one file that the list does not seal. PK_ENOMEM. */
PK_MUST_USE int pk_ipa_check_seal(struct pk_ipa_job *job, struct pk_slice folder,
        struct pk_slice resources, struct pk_slice executable, struct pk_ipa_seal *out);

/* Reads the bundle or library folder + path, whose strings live in job->arena, with the rest forgotten.
 * What does not hold is its problem. PK_ENOENT: nothing there, too deep or too many; PK_ENOMEM. */
PK_MUST_USE int pk_ipa_read_part(struct pk_ipa_job *job, struct pk_slice folder,
        struct pk_slice path, struct pk_ipa_part *out);

/* Finds and reads frameworks and extensions of the app. PK_ENOMEM. */
PK_MUST_USE int pk_ipa_read_parts(struct pk_ipa_job *job);
