/* What an administrator can get wrong in a trust section and no type notices: an entry that can never
 * match is worse than none, since its author believes in it. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "model/trust.h"

#define LABEL_MAX 63 /* bytes between two dots, RFC 1035 section 2.3.4 */

/* 64 hex digits; colons between bytes are fine. */
static const char *wrong_certificate(const char *text)
{
    size_t digits = 0;

    for (; *text != '\0'; text++) {
        if (*text == ':' && digits % 2 == 0 && digits > 0) {
            continue;
        }
        if (!isxdigit((unsigned char)*text)) {
            return "must be the SHA-256 of a certificate: 64 hex digits";
        }
        digits++;
    }
    return digits == 64 ? NULL : "must be the SHA-256 of a certificate: 64 hex digits";
}

static const char *wrong_url(const char *text)
{
    bool plain = strncasecmp(text, "http://", 7) == 0;
    const char *host = text + (plain ? 7 : 8);

    if (!plain && strncasecmp(text, "https://", 8) != 0) {
        return "must begin with http:// or https://";
    }
    return *host == '\0' || *host == '/' || strpbrk(host, " \t\n\"<>") != NULL
            ? "must be an address: http(s)://host/path"
            : NULL;
}

static bool is_name(const char *text, size_t len)
{
    size_t label = 0;

    if (len > 0 && text[len - 1] == '.') {
        len--;
    }
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c == '.') {
            if (label == 0) {
                return false;
            }
            label = 0;
        } else if ((!isalnum(c) && c != '-' && c != '_' && c < 0x80) || ++label > LABEL_MAX) {
            return false;
        }
    }
    return label > 0;
}

static const char *wrong_zone(const char *text)
{
    text += *text == '.';
    return is_name(text, strlen(text)) ? NULL : "must be a DNS name, such as corp.example";
}

/* "host", "host:port" or "[v6]:port". */
static const char *wrong_host(const char *text)
{
    const char *colon = strrchr(text, ':');
    size_t len = strlen(text);
    char *end = NULL;
    long port = 443;

    if (*text == '[') {
        const char *close = strchr(text, ']');

        if (close == NULL || (close[1] != '\0' && close[1] != ':')) {
            return "must be host, host:port or [address]:port";
        }
        colon = close[1] == ':' ? close + 1 : NULL;
        len = 0;
    }
    if (colon != NULL) {
        port = strtol(colon + 1, &end, 10);
        if (end == colon + 1 || *end != '\0' || port < 1 || port > 65535) {
            return "must be host or host:port, with a port from 1 to 65535";
        }
        len = len > 0 ? (size_t)(colon - text) : 0;
    }
    return *text == '[' || is_name(text, len) ? NULL : "must be the name of a host";
}

static const char *wrong_bssid(const char *text)
{
    for (size_t i = 0; i < 17; i++) {
        bool good = i % 3 == 2 ? text[i] == ':' : isxdigit((unsigned char)text[i]) != 0;

        if (!good) {
            return "must be a hardware address, such as 02:00:5e:10:00:01";
        }
    }
    return text[17] == '\0' ? NULL : "must be a hardware address, such as 02:00:5e:10:00:01";
}

static int check_list(const struct pk_strings *list, const char *path,
        const char *(*wrong)(const char *text), struct pk_error *err)
{
    for (size_t i = 0; i < list->count; i++) {
        const char *why = wrong(list->items[i]);

        if (why != NULL) {
            (void)pk_error_set(err, PK_EBOUNDS, "%s", why);
            if (err != NULL) {
                (void)snprintf(err->path, sizeof(err->path), "%s[%zu]", path, i);
            }
            return PK_EBOUNDS;
        }
    }
    return PK_OK;
}

static int check_network(const struct pk_trust *trust, size_t at, struct pk_error *err)
{
    const struct pk_trust_network *rows = trust->networks.items;
    const char *why = rows[at].certificate != NULL ? wrong_certificate(rows[at].certificate) : NULL;
    const char *key = "certificate";
    char path[64];

    for (size_t i = 0; i < at && why == NULL; i++) {
        if (strcmp(rows[i].name, rows[at].name) == 0) {
            why = "a network of this name stands here already";
            key = "name";
        }
    }
    if (why != NULL) {
        (void)pk_error_set(err, PK_EBOUNDS, "%s", why);
        if (err != NULL) {
            (void)snprintf(err->path, sizeof(err->path), "networks[%zu].%s", at, key);
        }
        return PK_EBOUNDS;
    }
    (void)snprintf(path, sizeof(path), "networks[%zu].bssids", at);
    return check_list(&rows[at].bssids, path, wrong_bssid, err);
}

int pk_trust_check(const struct pk_trust *trust, struct pk_error *err)
{
    int rc = check_list(&trust->inspection_cas, "inspection_cas", wrong_certificate, err);

    if (rc == PK_OK) {
        rc = check_list(&trust->pac_urls, "pac_urls", wrong_url, err);
    }
    if (rc == PK_OK) {
        rc = check_list(&trust->split_zones, "split_zones", wrong_zone, err);
    }
    if (rc == PK_OK) {
        rc = check_list(&trust->hosts, "hosts", wrong_host, err);
    }
    for (size_t i = 0; i < trust->networks.count && rc == PK_OK; i++) {
        rc = check_network(trust, i, err);
    }
    if (rc == PK_OK && trust->names != NULL) {
        rc = check_list(&trust->names->allow, "names.allow", wrong_zone, err);
    }
    if (rc == PK_OK && trust->names != NULL) {
        rc = check_list(&trust->names->deny, "names.deny", wrong_zone, err);
    }
    return rc;
}
