#include "respond/url.h"

#include <stddef.h>
#include <string.h>

static const char *host_of(const char *url)
{
    const char *at = strstr(url, "://");

    return at != NULL ? at + 3 : url;
}

bool pk_url_ok(const char *url, const char *scheme)
{
    size_t len = strlen(scheme);
    const char *host = host_of(url);

    if (strncmp(url, scheme, len) != 0 || strncmp(url + len, "://", 3) != 0) {
        return false;
    }
    for (const char *p = host; *p != '\0'; p++) {
        if (*p <= ' ' || *p >= 0x7f || strchr("@#\"<>\\^`{|}", *p) != NULL) {
            return false;
        }
    }
    return *host != '\0' && *host != '/' && *host != ':' && *host != '?';
}

bool pk_url_is_loopback(const char *url)
{
    const char *host = host_of(url);
    size_t len = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/?");

    if (len == strlen("localhost") && strncmp(host, "localhost", len) == 0) {
        return true;
    }
    if (len == strlen("[::1]") && strncmp(host, "[::1]", len) == 0) {
        return true;
    }
    return strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == len;
}
