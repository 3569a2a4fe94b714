/* intel.h - picket intel: what its verbs share. */
#pragma once

#include <stdbool.h>

#include "cli/command.h"
#include "cli/rest.h"
#include "intel/places.h"

struct pk_intel_cli {
    char **args; /* what follows verb and options */
    int count;
    bool json;
    bool verbose;
    bool replace;
    int kind;     /* -1: not given */
    int category; /* 0: not given */
    long limit;
    const char *set; /* file of the local set; NULL: the usual place */
    const char *source;
    const char *licence;
    const char *reference;
    const char *date;
    const char *family;
    const char *format;
    const char *out;
    struct pk_rest_settings server;
};

/* Verbs: enum pk_exit, or < 0 with *err. */
int pk_intel_cli_import(struct pk_intel_cli *cli, struct pk_error *err);
int pk_intel_cli_lookup(struct pk_intel_cli *cli, struct pk_error *err);
int pk_intel_cli_show(struct pk_intel_cli *cli, struct pk_error *err);
int pk_intel_cli_list(struct pk_intel_cli *cli, struct pk_error *err);
int pk_intel_cli_export(struct pk_intel_cli *cli, struct pk_error *err);
int pk_intel_cli_remove(struct pk_intel_cli *cli, struct pk_error *err);
int pk_intel_cli_trust(struct pk_intel_cli *cli, struct pk_error *err);
int pk_intel_cli_push(struct pk_intel_cli *cli, struct pk_error *err);

/* The path of the local set, from --set or the usual place. PK_ENOENT: none is known. */
PK_MUST_USE int pk_intel_cli_path(
        const struct pk_intel_cli *cli, char out[PATH_MAX], struct pk_error *err);

/* Changing the local set: one writer at a time, the others wait. */
struct pk_intel_builder;

struct pk_intel_change {
    char path[PATH_MAX];
    int lock;
    struct pk_intel_set *old; /* NULL: there was none */
};

PK_MUST_USE int pk_intel_change_begin(
        const struct pk_intel_cli *cli, struct pk_intel_change *change, struct pk_error *err);
/* Replaces the file as a whole by what the builder has (the builder is used up), and opens it as *made (NULL is fine). */
PK_MUST_USE int pk_intel_change_commit(struct pk_intel_change *change, struct pk_intel_builder *b,
        struct pk_intel_set **made, struct pk_error *err);
void pk_intel_change_end(struct pk_intel_change *change);

/* All sets of this machine, or the one of --set with the built-in one behind it. */
PK_MUST_USE int pk_intel_cli_sets(const struct pk_intel_cli *cli,
        struct pk_intel_set *sets[PK_INTEL_SETS_MAX], struct pk_error *err);
void pk_intel_cli_close(struct pk_intel_set *sets[PK_INTEL_SETS_MAX]);
