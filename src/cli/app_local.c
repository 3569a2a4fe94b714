#include "cli/app_local.h"

#include <string.h>
#include <unistd.h>

#define HASH_DIGITS 64UL

/* An app that a server has, by its SHA-256; a file of that name comes first. */
static bool is_hash(const char *text)
{
    return strlen(text) == HASH_DIGITS && strspn(text, "0123456789abcdefABCDEF") == HASH_DIGITS &&
            access(text, F_OK) != 0;
}

static bool names_hash(int argc, char **argv)
{
    for (int i = 2; i < argc; i++) {
        if (is_hash(argv[i])) {
            return true;
        }
    }
    return false;
}

bool pk_app_is_local(int argc, char **argv)
{
    if (argc >= 2 && strcmp(argv[1], "diff") == 0) {
        return !names_hash(argc, argv);
    }
    return argc >= 3 && strcmp(argv[1], "rules") == 0 &&
            (strcmp(argv[2], "check") == 0 || strcmp(argv[2], "attributes") == 0);
}

int pk_cmd_app_local(int argc, char **argv)
{
    return strcmp(argv[1], "diff") == 0 ? pk_app_local_diff(argc - 1, argv + 1)
                                        : pk_app_local_rules(argc - 1, argv + 1);
}
