#include "agent/lan_files.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agent/resolv_conf.h"
#include "base/utf8.h"
#include "wire/ie80211.h"

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

/* The first word of value, when it is a name that can be asked for; else nothing. */
static void copy_domain(char out[PK_LAN_DOMAIN], const char *value)
{
    size_t len;

    value += strspn(value, " \t.");
    len = strcspn(value, " \t\r\n,;");
    out[0] = '\0';
    while (len > 0 && value[len - 1] == '.') {
        len--;
    }
    for (size_t i = 0; i < len; i++) {
        if (!isalnum((unsigned char)value[i]) && strchr("-_.", value[i]) == NULL) {
            return;
        }
    }
    if (len < PK_LAN_DOMAIN) {
        memcpy(out, value, len);
        out[len] = '\0';
    }
}

/* The value behind this word; NULL: another line. */
static char *word_value(char *line, const char *word)
{
    size_t len = strlen(word);

    return strncmp(line, word, len) == 0 && isspace((unsigned char)line[len])
            ? line + len + strspn(line + len, " \t")
            : NULL;
}

void pk_resolv_parse(struct pk_slice text, struct pk_resolv *out)
{
    char row[256];
    bool own = false;

    *out = (struct pk_resolv){ 0 };
    while (next_line(&text, row, sizeof(row))) {
        struct pk_address address;
        bool was = strncmp(row, PK_RESOLV_WAS, strlen(PK_RESOLV_WAS)) == 0;
        char *line = was ? row + strlen(PK_RESOLV_WAS) : row;
        char *value = word_value(line, "nameserver");
        char *search = word_value(line, "search");
        bool skip = own;

        own = strncmp(row, PK_RESOLV_OWN, strlen(PK_RESOLV_OWN)) == 0;
        search = search != NULL ? search : word_value(line, "domain");
        if (search != NULL) {
            copy_domain(out->domain, search);
        }
        if (skip || value == NULL || out->count == PK_RESOLV_MAX) {
            continue;
        }
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

/* "192.0.2.1 192.0.2.2" or with commas: at most max of them. */
static size_t take_addresses(char *value, uint16_t port, struct pk_address *out, size_t max)
{
    size_t count = 0;
    char *rest = NULL;

    for (char *one = strtok_r(value, " ,\t\r", &rest); one != NULL && count < max;
            one = strtok_r(NULL, " ,\t\r", &rest)) {
        if (pk_address_parse(one, port, &out[count]) == PK_OK) {
            count++;
        }
    }
    return count;
}

enum lease_key {
    KEY_ADDRESS,
    KEY_ROUTER,
    KEY_DNS,
    KEY_SERVER,
    KEY_WPAD,
    KEY_PORTAL,
    KEY_DOMAIN,
};

struct lease_word {
    const char *word;
    enum lease_key key;
};

static void take_lease_value(struct pk_lease *lease, enum lease_key key, char *value)
{
    struct pk_address address;

    switch (key) {
    case KEY_ADDRESS:
        (void)take_addresses(value, 0, &lease->address, 1);
        break;
    case KEY_ROUTER:
        (void)take_addresses(value, 0, &lease->router, 1);
        break;
    case KEY_DNS:
        lease->dns_count = take_addresses(value, 53, lease->dns, PK_LEASE_DNS_MAX);
        break;
    case KEY_SERVER:
        if (take_addresses(value, 0, &address, 1) == 1) {
            pk_address_text(&address, lease->server);
        }
        break;
    case KEY_WPAD:
        copy_text(lease->wpad, sizeof(lease->wpad), value);
        break;
    case KEY_PORTAL:
        copy_text(lease->portal_api, sizeof(lease->portal_api), value);
        break;
    case KEY_DOMAIN:
        copy_domain(lease->domain, value);
        break;
    }
}

static void take_lease_word(struct pk_lease *lease, const struct lease_word *words, size_t count,
        const char *word, char *value)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(words[i].word, word) == 0) {
            take_lease_value(lease, words[i].key, value);
            return;
        }
    }
}

void pk_lease_parse(struct pk_slice text, struct pk_lease *out)
{
    static const struct lease_word words[] = {
        { "ip", KEY_ADDRESS },
        { "ADDRESS", KEY_ADDRESS },
        { "router", KEY_ROUTER },
        { "ROUTER", KEY_ROUTER },
        { "dns", KEY_DNS },
        { "DNS", KEY_DNS },
        { "serverid", KEY_SERVER },
        { "SERVER_ADDRESS", KEY_SERVER },
        { "wpad", KEY_WPAD },
        { "opt114", KEY_PORTAL },
        { "domain", KEY_DOMAIN },
        { "DOMAINNAME", KEY_DOMAIN },
    };
    char line[512];

    *out = (struct pk_lease){ 0 };
    while (next_line(&text, line, sizeof(line))) {
        char *value = strchr(line, '=');

        if (value != NULL) {
            *value++ = '\0';
            take_lease_word(out, words, PK_COUNT(words), line, value);
        }
    }
}

bool pk_lease_same(const struct pk_lease *a, const struct pk_lease *b)
{
    bool same = strcmp(a->server, b->server) == 0 && strcmp(a->wpad, b->wpad) == 0 &&
            strcmp(a->portal_api, b->portal_api) == 0 && strcmp(a->domain, b->domain) == 0 &&
            pk_address_same(&a->address, &b->address) && pk_address_same(&a->router, &b->router) &&
            a->dns_count == b->dns_count;

    for (size_t i = 0; i < a->dns_count && same; i++) {
        same = pk_address_same(&a->dns[i], &b->dns[i]);
    }
    return same;
}

/* "  option routers 192.0.2.1;" -> "routers", "192.0.2.1"; quotes are taken off. */
static bool split_dhclient(char *line, char **word, char **value)
{
    char *at = line + strspn(line, " \t");
    size_t len;

    if (strncmp(at, "option ", 7) == 0) {
        at += 7;
    }
    len = strcspn(at, " \t");
    if (at[len] == '\0') {
        return false;
    }
    *word = at;
    at[len] = '\0';
    *value = at + len + 1 + strspn(at + len + 1, " \t\"");
    (*value)[strcspn(*value, ";\"")] = '\0';
    return true;
}

bool pk_lease_parse_dhclient(struct pk_slice text, const char *interface, struct pk_lease *out)
{
    static const struct lease_word words[] = {
        { "fixed-address", KEY_ADDRESS },
        { "routers", KEY_ROUTER },
        { "domain-name-servers", KEY_DNS },
        { "dhcp-server-identifier", KEY_SERVER },
        { "wpad", KEY_WPAD },
        { "wpad-url", KEY_WPAD },
        { "v4-captive-portal", KEY_PORTAL },
        { "domain-name", KEY_DOMAIN },
    };
    struct pk_lease lease = { 0 };
    bool ours = false;
    bool found = false;
    char line[512];

    while (next_line(&text, line, sizeof(line))) {
        char *word;
        char *value;

        if (line[0] == '}') {
            if (ours) {
                *out = lease;
                found = true;
            }
            continue;
        }
        if (strncmp(line, "lease", 5) == 0) {
            lease = (struct pk_lease){ 0 };
            ours = false;
        } else if (split_dhclient(line, &word, &value)) {
            ours = strcmp(word, "interface") == 0 ? strcmp(value, interface) == 0 : ours;
            take_lease_word(&lease, words, PK_COUNT(words), word, value);
        }
    }
    return found;
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

void pk_wifi_name(const char *text, char out[64])
{
    size_t len = strlen(text);
    size_t at = 0;

    for (size_t i = 0; i < len;) {
        uint32_t rune = 0;
        size_t bytes = pk_utf8_next((const uint8_t *)text + i, len - i, &rune);

        if (bytes > 0 && rune >= ' ' && (rune < 0x7f || rune >= 0xa0)) {
            if (at + bytes > 63) {
                break;
            }
            memcpy(out + at, text + i, bytes);
            at += bytes;
        }
        i += bytes > 0 ? bytes : 1;
    }
    out[at] = '\0';
}

static int number_of(const char *text, int min, int max)
{
    char *end;
    long value = strtol(text, &end, 10);

    return end == text || value < min || value > max ? 0 : (int)value;
}

static int cipher_of(const char *text)
{
    static const char *const words[] = { "GCMP", "CCMP", "TKIP", "WEP" };
    static const int ciphers[] = { PK_CIPHER_GCMP, PK_CIPHER_CCMP, PK_CIPHER_TKIP, PK_CIPHER_WEP };

    for (size_t i = 0; i < PK_COUNT(words); i++) {
        if (strcasestr(text, words[i]) != NULL) {
            return ciphers[i];
        }
    }
    return PK_CIPHER_UNKNOWN;
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
        pk_wifi_name(value, wifi->ssid);
    } else if (strcmp(name, "security") == 0) {
        wifi->security = security_of(value);
        wifi->cipher = cipher_of(value);
    } else if (strcmp(name, "freq") == 0) {
        wifi->freq_mhz = number_of(value, 1, 100000);
    } else if (strcmp(name, "signal") == 0) {
        wifi->signal_dbm = number_of(value, -200, 50);
    }
}

size_t pk_wifi_rows(struct pk_slice text, struct pk_wifi *rows, size_t max)
{
    char head[512];
    char line[512];
    char *names[COLUMNS_MAX];
    char *values[COLUMNS_MAX];
    size_t columns;
    size_t count = 0;

    if (!next_line(&text, head, sizeof(head))) {
        return 0;
    }
    columns = split_columns(head, names);
    while (count < max && next_line(&text, line, sizeof(line))) {
        struct pk_wifi row = { 0 };
        size_t got = split_columns(line, values);

        for (size_t i = 0; i < columns && i < got; i++) {
            take_column(&row, names[i], values[i]);
        }
        if (row.connected || (row.bssid[0] != '\0' && row.ssid[0] != '\0')) {
            rows[count++] = row;
        }
    }
    return count;
}

void pk_wifi_parse(struct pk_slice text, struct pk_wifi *out)
{
    struct pk_wifi rows[PK_WIFI_ROWS_MAX];
    size_t count = pk_wifi_rows(text, rows, PK_COUNT(rows));

    *out = (struct pk_wifi){ 0 };
    for (size_t i = 0; i < count; i++) {
        if (rows[i].connected) {
            *out = rows[i];
            return;
        }
    }
}
