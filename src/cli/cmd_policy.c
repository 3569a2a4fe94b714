/* picket policy check - is this file a policy, and what does it say? */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "policy/policy.h"

static const char usage[] =
        "usage: picket policy check [--json] FILE\n"
        "Checks a policy: unknown keys, patterns that fit no threat and unknown acts are errors\n"
        "with their line. Exit status: 0 good, 1 not good, 2 wrong usage, 3 could not read it.\n";

static int check(const char *file, bool json)
{
    struct pk_policy *policy = NULL;
    struct pk_error err = { 0 };
    int rc = pk_policy_load(file, &policy, &err);

    if (json) {
        json_t *o = rc == PK_OK ? json_pack("{s:s, s:b, s:s}", "file", file, "good", 1, "name",
                                          pk_policy_name(policy))
                                : json_pack("{s:s, s:b, s:i, s:s, s:s}", "file", file, "good", 0,
                                          "line", err.line, "path", err.path, "error", err.text);

        (void)json_dumpf(o, stdout, JSON_COMPACT);
        (void)putchar('\n');
        json_decref(o);
    } else if (rc == PK_OK) {
        (void)printf("'%s' is a good policy: \"%s\", at most %lld alerts a week and user\n", file,
                pk_policy_name(policy), (long long)pk_policy_alerts_per_week(policy));
    } else {
        (void)fprintf(stderr, "picket policy: %s\n", err.text);
    }
    pk_policy_destroy(policy);
    if (rc == PK_OK) {
        return PK_EXIT_FINE;
    }
    return err.line > 0 ? PK_EXIT_NEWS : PK_EXIT_FAILED;
}

int pk_cmd_policy(int argc, char **argv)
{
    const char *file = NULL;
    bool json = false;

    if (argc >= 2 && strcmp(argv[1], "--help") == 0) {
        (void)fputs(usage, stdout);
        return PK_EXIT_FINE;
    }
    if (argc < 3 || strcmp(argv[1], "check") != 0) {
        (void)fputs(usage, stderr);
        return PK_EXIT_USAGE;
    }
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            json = true;
        } else if (argv[i][0] == '-' || file != NULL) {
            (void)fputs(usage, stderr);
            return PK_EXIT_USAGE;
        } else {
            file = argv[i];
        }
    }
    if (file == NULL) {
        (void)fputs(usage, stderr);
        return PK_EXIT_USAGE;
    }
    return check(file, json);
}
