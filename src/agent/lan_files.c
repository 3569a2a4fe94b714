#include "agent/lan_files.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define COLUMNS_MAX 12

enum security {
    SEC_UNKNOWN,
    SEC_OPEN,
    SEC_OWE,
    SEC_WEP,
    SEC_WPA,
    SEC_WPA2,
    SEC_WPA3,
    SEC_EAP
};

static bool next_line(struct pk_slice *in, char *line, size_t max)
{
    const uint8_t *end;
    size_t len;
    size_t kept;

    if (in->len == 0) {
        return false;
    }
    end = memchr(in->ptr, '\n', in->len);
    len = end != NULL ? (size_t)(end - in->ptr) : in->len;
    kept = len < max - 1 ? len : max - 1;
    memcpy(line, in->ptr, kept);
    line[kept] = '\0';
    len += end != NULL;
    *in = pk_slice_of(in->ptr + len, in->len - len);
    return true;
}

static bool is_link_local(const struct pk_address *a)
{
    return a->family == AF_INET6 && a->bytes[0] == 0xfe && (a->bytes[1] & 0xc0) == 0x80;
}

void pk_resolv_parse(struct pk_slice text, struct pk_resolv *out)
{
    char line[256];

    *out = (struct pk_resolv){ 0 };
    while (next_line(&text, line, sizeof(line)) && out->count < PK_RESOLV_MAX) {
        struct pk_address address;
        char *value = line + strlen("nameserver");

        if (strncmp(line, "nameserver", strlen("nameserver")) != 0 ||
                !isspace((unsigned char)*value)) {
            continue;
        }
        value += strspn(value, " \t");
        value[strcspn(value, " \t\r#;")] = '\0';
        if (pk_address_parse(value, 53, &address) == PK_OK && !is_link_local(&address)) {
            out->servers[out->count++] = address;
        }
    }
}

/* Facts go into reports: only printable text may pass. */
static void copy_text(char *out, size_t max, const char *value)
{
    size_t len = 0;

    for (; *value != '\0' && len < max - 1; value++) {
        if ((unsigned char)*value >= ' ' && (unsigned char)*value < 0x7f) {
            out[len++] = *value;
        }
    }
    out[len] = '\0';
}

void pk_lease_parse(struct pk_slice text, struct pk_lease *out)
{
    char line[512];

    *out = (struct pk_lease){ 0 };
    while (next_line(&text, line, sizeof(line))) {
        struct pk_address address;
        char *value = strchr(line, '=');

        if (value == NULL) {
            continue;
        }
        *value++ = '\0';
        if (strcmp(line, "serverid") == 0 && pk_address_parse(value, 0, &address) == PK_OK) {
            pk_address_text(&address, out->server);
        } else if (strcmp(line, "opt114") == 0) {
            copy_text(out->portal_api, sizeof(out->portal_api), value);
        }
    }
}

static int security_of(const char *text)
{
    static const struct {
        const char *word;
        int security;
    } words[] = {
        /* the first that fits */
        { "EAP", SEC_EAP },
        { "802.1X", SEC_EAP },
        { "ENTERPRISE", SEC_EAP },
        { "WPA3", SEC_WPA3 },
        { "SAE", SEC_WPA3 },
        { "WPA2", SEC_WPA2 },
        { "RSN", SEC_WPA2 },
        { "WPA", SEC_WPA },
        { "WEP", SEC_WEP },
        { "OWE", SEC_OWE },
        { "OPEN", SEC_OPEN },
        { "NONE", SEC_OPEN },
    };

    for (size_t i = 0; i < PK_COUNT(words); i++) {
        if (strcasestr(text, words[i].word) != NULL) {
            return words[i].security;
        }
    }
    return SEC_UNKNOWN;
}

static size_t split_columns(char *line, char *columns[COLUMNS_MAX])
{
    size_t count = 0;

    line[strcspn(line, "\r")] = '\0';
    while (count < COLUMNS_MAX) {
        columns[count++] = line;
        line = strchr(line, '\t');
        if (line == NULL) {
            break;
        }
        *line++ = '\0';
    }
    return count;
}

static bool is_mac(const char *text)
{
    for (size_t i = 0; i < PK_MAC_TEXT - 1; i++) {
        if (i % 3 == 2 ? text[i] != ':' : !isxdigit((unsigned char)text[i])) {
            return false;
        }
    }
    return text[PK_MAC_TEXT - 1] == '\0';
}

static void take_column(struct pk_wifi *wifi, const char *name, const char *value)
{
    if (strcmp(name, "connected") == 0) {
        wifi->connected = strcmp(value, "1") == 0;
    } else if (strcmp(name, "bssid") == 0 && is_mac(value)) {
        for (size_t i = 0; i < PK_MAC_TEXT; i++) {
            wifi->bssid[i] = (char)tolower((unsigned char)value[i]);
        }
    } else if (strcmp(name, "ssid") == 0) {
        copy_text(wifi->ssid, sizeof(wifi->ssid), value);
    } else if (strcmp(name, "security") == 0) {
        wifi->security = security_of(value);
    }
}

void pk_wifi_parse(struct pk_slice text, struct pk_wifi *out)
{
    char head[512];
    char line[512];
    char *names[COLUMNS_MAX];
    char *values[COLUMNS_MAX];
    size_t count;

    *out = (struct pk_wifi){ 0 };
    if (!next_line(&text, head, sizeof(head))) {
        return;
    }
    count = split_columns(head, names);
    while (next_line(&text, line, sizeof(line))) {
        struct pk_wifi row = { 0 };
        size_t got = split_columns(line, values);

        for (size_t i = 0; i < count && i < got; i++) {
            take_column(&row, names[i], values[i]);
        }
        if (row.connected) {
            *out = row;
            return;
        }
    }
}
