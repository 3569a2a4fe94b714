/* picket - the command line for administrators and analysts. It scans by itself and starts picket-admin
 * for the other commands. */
#include <stddef.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/app_local.h"
#include "cli/command.h"
#include "cli/commands.h"

#define HELPER "picket-admin"

struct row {
    const char *name;
    const char *what;
};

static const struct row admin[] = {
#define PK_COMMAND_ROW(name, what) { #name, what },
    PK_ADMIN_COMMANDS(PK_COMMAND_ROW)
#undef PK_COMMAND_ROW
};

static void help(FILE *to)
{
    static const char row[] = "  %-12s %s\n";

    (void)fputs("usage: picket COMMAND [ARGUMENTS]\n\n", to);
    (void)fprintf(to, row, "scan", "judge app files: APK, IPA, DEX, Mach-O and kin");
    for (size_t i = 0; i < PK_COUNT(admin); i++) {
        (void)fprintf(to, row, admin[i].name, admin[i].what);
    }
    (void)fputs("\npicket COMMAND --help tells more; picket --version the version.\n"
                "Exit status: 0 fine, 1 bad news found, 2 wrong usage, 3 could not do it.\n",
            to);
}

/* Becomes picket-admin: beside this program (a build folder), from there in the installed place, and
 * where it was installed. Comes back only when there is none. */
static int become_admin(char **argv)
{
    static const char *const places[] = { HELPER, PK_ADMIN_FROM_BIN "/" HELPER };
    char self[PATH_MAX];
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    char *slash;

    self[n > 0 ? n : 0] = '\0';
    slash = strrchr(self, '/');
    for (size_t i = 0; slash != NULL && i < PK_COUNT(places); i++) {
        slash[1] = '\0';
        if (snprintf(path, sizeof(path), "%s%s", self, places[i]) < (int)sizeof(path)) {
            (void)execv(path, argv);
        }
    }
    (void)execv(PK_ADMIN_INSTALLED "/" HELPER, argv);
    (void)fprintf(stderr, "picket: cannot start %s: %s; is Picket installed as a whole?\n",
            PK_ADMIN_INSTALLED "/" HELPER, pk_code_text(-errno));
    return PK_EXIT_FAILED;
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
    if (argc >= 2 && strcmp(argv[1], "scan") == 0) {
        return pk_cmd_scan(argc - 1, argv + 1);
    }
    if (argc >= 2 && strcmp(argv[1], "app") == 0 && pk_app_is_local(argc - 1, argv + 1)) {
        return pk_cmd_app_local(argc - 1, argv + 1);
    }
    for (size_t i = 0; argc >= 2 && i < PK_COUNT(admin); i++) {
        if (strcmp(argv[1], admin[i].name) == 0) {
            return become_admin(argv);
        }
    }
    if (argc >= 2) {
        (void)fprintf(stderr, "picket: there is no command '%s'\n", argv[1]);
    }
    help(stderr);
    return PK_EXIT_USAGE;
}
