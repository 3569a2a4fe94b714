/* glob.h - patterns of the organisation's lists over texts of attackers: * stands for any run of characters,
 * everything else for itself. Bounded by the product of both lengths, whatever they hold. */
#pragma once

#include <stdbool.h>

bool pk_glob(const char *pattern, const char *text);
/* The same in any case of ASCII letters. */
bool pk_glob_case(const char *pattern, const char *text);

/* "play.example.com" is of "example.com", "*.example.com" and "com"; a pattern with * anywhere but as a
 * first label is matched as it stands. */
bool pk_glob_host(const char *pattern, const char *host);
