#include "defense/reputation/glob.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* Goes back to the last * only: earlier ones have matched as little as they can, which is enough. */
static bool match(const char *pattern, const char *text, bool any_case)
{
    const char *star = NULL;
    const char *from = NULL;

    while (*text != '\0') {
        if (*pattern == '*') {
            star = ++pattern;
            from = text;
        } else if (*pattern == *text || (any_case && lower(*pattern) == lower(*text))) {
            pattern++;
            text++;
        } else if (star != NULL) {
            pattern = star;
            text = ++from;
        } else {
            return false;
        }
    }
    while (*pattern == '*') {
        pattern++;
    }
    return *pattern == '\0';
}

bool pk_glob(const char *pattern, const char *text)
{
    return match(pattern, text, false);
}

bool pk_glob_case(const char *pattern, const char *text)
{
    return match(pattern, text, true);
}

bool pk_glob_host(const char *pattern, const char *host)
{
    size_t want;
    size_t have = strlen(host);

    if (strncmp(pattern, "*.", 2) == 0) {
        pattern += 2;
    } else if (pattern[0] == '.') {
        pattern++;
    }
    if (strchr(pattern, '*') != NULL) {
        return pk_glob_case(pattern, host);
    }
    want = strlen(pattern);
    return want > 0 && have >= want && strcasecmp(host + have - want, pattern) == 0 &&
            (have == want || host[have - want - 1] == '.');
}
