/* group.h - commands that speak with a server: a group ("device") of verbs ("list", "show ID"),
 * with the options that all of them share. */
#pragma once

#include <stdbool.h>

#include "cli/command.h"
#include "cli/print.h"
#include "cli/rest.h"

/* Options that a verb can take besides --url --ca --token --json --help. Bits. */
enum pk_option {
    PK_OPT_LIST = 1, /* --filter --sort --limit --all */
    PK_OPT_REASON = 2,
    PK_OPT_ROLE = 4,
    PK_OPT_TTL = 8,
    PK_OPT_ENROL = 16,    /* --label --group --uses */
    PK_OPT_FOLLOW = 32,   /* --after --follow */
    PK_OPT_EXCEPT = 64,   /* --sha256 --package --signer --team --threat --rule --device --group */
    PK_OPT_ABOUT = 128,   /* --network --bssid --place --mast --app --signer */
    PK_OPT_DAYS = 256,    /* --days */
    PK_OPT_GROUP = 16384, /* --group */
    PK_OPT_DRILL = 65536, /* --threat --minutes */
    PK_OPT_MISTAKE = 131072, /* --threat --subject --rule --device --group --ttl */
    PK_OPT_TEXT = 262144,    /* --language */
    PK_OPT_WORDS = 524288,   /* --title --why --step */
    PK_OPT_PLAN = 1048576,   /* --every --to --group */
};

struct pk_cli {
    struct pk_rest *rest;
    const char *args[2]; /* what follows the verb */
    bool json;
    bool all;
    bool follow;
    const char *filter;
    const char *sort;
    long limit;
    const char *reason;
    const char *role;
    const char *label;
    const char *group;
    const char *after;
    const char *sha256;
    const char *package;
    const char *signer;
    const char *team;
    const char *threat;
    const char *rule;
    const char *device;
    const char *subject;
    const char *language;
    const char *title;
    const char *why;
    const char *every;
    const char *to;
    const char *steps[4]; /* one more than there may be: the server tells */
    size_t step_count;
    const char *network;
    const char *bssid;
    const char *place;
    const char *mast;
    const char *app;
    long days;    /* 0: not given */
    long minutes; /* 0: not given */
    long ttl_s;   /* 0: not given */
    long uses;    /* 0: not given */
};

struct pk_verb {
    const char *name;
    const char *args; /* for the help: "ID"; NULL: none. As many words as arguments */
    unsigned options; /* enum pk_option */
    unsigned needed;  /* of which these must be given */
    int (*run)(struct pk_cli *cli, struct pk_error *err); /* enum pk_exit, or < 0 with *err */
    const char *what;
};

struct pk_group {
    const char *name;
    const struct pk_verb *verbs; /* end with a NULL name */
};

/* argv[0] is the group's name. Gives an enum pk_exit. */
int pk_group_run(const struct pk_group *group, int argc, char **argv);

/* GET path, page after page until --limit or --all are satisfied; prints a table or JSON. */
PK_MUST_USE int pk_cli_list(struct pk_cli *cli, const char *path, const struct pk_column *columns,
        struct pk_error *err);
/* GET path (params: NULL for none), which gives all there is at once; prints its items as a table, or the answer as JSON. */
PK_MUST_USE int pk_cli_table(struct pk_cli *cli, const char *path,
        const struct pk_rest_param *params, const struct pk_column *columns, struct pk_error *err);
/* GET prefix/ID; prints it. */
PK_MUST_USE int pk_cli_show(struct pk_cli *cli, const char *prefix, struct pk_error *err);
/* DELETE prefix/ID. */
PK_MUST_USE int pk_cli_remove(struct pk_cli *cli, const char *prefix, struct pk_error *err);
/* POST prefix/ID/act {"reason"}; prints done on success. */
PK_MUST_USE int pk_cli_act(struct pk_cli *cli, const char *prefix, const char *act,
        const char *done, struct pk_error *err);
/* PUT path body, a document of which a new version is in force then; prints which. */
PK_MUST_USE int pk_cli_put_version(
        struct pk_cli *cli, const char *path, const json_t *body, struct pk_error *err);

/* The words of "a,b,c" (NULL: none), empty ones left out, at most max. The caller owns the array.
 * NULL: not UTF-8. */
json_t *pk_cli_words(const char *text, size_t max);
