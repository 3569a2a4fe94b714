/* picket - the command line for administrators and analysts. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"

static const struct pk_command commands[] = {
    { "scan", pk_cmd_scan, "judge app files: APK, IPA, DEX, Mach-O and kin" },
    { "device", pk_cmd_device, "protected devices: list, show, revoke" },
    { "incident", pk_cmd_incident, "incidents: list, show, dismiss, reopen" },
    { "events", pk_cmd_events, "the event stream, as it happens with --follow" },
    { "enrollment", pk_cmd_enrollment, "links that let devices in: list, create, remove" },
    { "token", pk_cmd_token, "API tokens: list, create, remove" },
    { "user", pk_cmd_user, "sign-in links for people" },
    { "audit", pk_cmd_audit, "who did what" },
    { "health", pk_cmd_health, "is the server well?" },
    { "threat", pk_cmd_threat, "the threat catalogue: list, show" },
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
