/* url.h - the few things that settings want to know of an address of a partner. Pure. */
#pragma once

#include <stdbool.h>

/* scheme://HOST[:PORT][/PATH], ASCII without white space, a user name or a fragment. scheme: "https". */
bool pk_url_ok(const char *url, const char *scheme);
/* Is its host this machine: localhost, 127.x.x.x or [::1]? */
bool pk_url_is_loopback(const char *url);
