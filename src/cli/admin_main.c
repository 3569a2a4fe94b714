/* picket-admin - the commands of picket that need more than a file. picket starts it; people do not. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/commands.h"

static const struct pk_command commands[] = {
#define PK_COMMAND_ROW(name, what) { #name, pk_cmd_##name, what },
    PK_ADMIN_COMMANDS(PK_COMMAND_ROW)
#undef PK_COMMAND_ROW
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc >= 2 && i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            return commands[i].run(argc - 1, argv + 1);
        }
    }
    (void)fputs("picket-admin is a part of picket: call picket --help\n", stderr);
    return PK_EXIT_USAGE;
}
