/* picket - the command line for administrators and analysts. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"

static const struct pk_command commands[] = {
    { "policy", pk_cmd_policy, "check a policy file" },
    { "replay", pk_cmd_replay, "recorded observations through the real pipeline" },
};

static void help(FILE *to)
{
    (void)fputs("usage: picket COMMAND [ARGUMENTS]\n\n", to);
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        (void)fprintf(to, "  %-12s %s\n", commands[i].name, commands[i].what);
    }
    (void)fputs("\npicket COMMAND --help tells more; picket --version the version.\n"
                "Exit status: 0 fine, 1 bad news found, 2 wrong usage, 3 could not do it.\n",
            to);
}

int main(int argc, char **argv)
{
    if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)) {
        help(stdout);
        return PK_EXIT_FINE;
    }
    if (argc >= 2 && strcmp(argv[1], "--version") == 0) {
        (void)printf("picket %s\n", PK_VERSION);
        return PK_EXIT_FINE;
    }
    for (size_t i = 0; argc >= 2 && i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            return commands[i].run(argc - 1, argv + 1);
        }
    }
    if (argc >= 2) {
        (void)fprintf(stderr, "picket: there is no command '%s'\n", argv[1]);
    }
    help(stderr);
    return PK_EXIT_USAGE;
}
