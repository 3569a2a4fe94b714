/* app_local.h - what `picket app` does without a server: two files compared, a document of rules checked. The
 * other verbs live in picket-admin. */
#pragma once

#include <stdbool.h>

/* argv[0] is "app". True: pk_cmd_app_local() is meant; false: the server. */
bool pk_app_is_local(int argc, char **argv);
/* Gives an enum pk_exit. */
int pk_cmd_app_local(int argc, char **argv);

/* argv[0] is the verb's name. */
int pk_app_local_diff(int argc, char **argv);
int pk_app_local_rules(int argc, char **argv);
