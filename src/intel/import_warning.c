/* MISP warning lists: values that raise false alarms. */
#include <string.h>
#include <strings.h>

#include "intel/import_internal.h"

/* What lists of this name say, where the form of the list does not tell it. */
static const struct {
    const char *mark;
    enum pk_intel_class class_;
} names[] = {
    /* An indicator below a provider of dynamic DNS is one; the provider itself is not. */
    { "dynamic DNS", PK_INTEL_WARN },
    { "Second level TLDs", PK_INTEL_WARN },
    /* Command servers are rented, too: most of those known lie in such ranges. */
    { "VPN providers", PK_INTEL_WARN_SHARED },
    { "Private Relay", PK_INTEL_WARN_SHARED },
};

static enum pk_intel_class class_of(const json_t *list)
{
    const char *name = pk_feed_string(list, "name");
    const char *type = pk_feed_string(list, "type");

    for (size_t i = 0; i < PK_COUNT(names); i++) {
        if (strcasestr(name, names[i].mark) != NULL) {
            return names[i].class_;
        }
    }
    return type != NULL && strcmp(type, "hostname") == 0 ? PK_INTEL_WARN_BELOW : PK_INTEL_WARN;
}

/* Is one of the list's attributes of this word? */
static bool matches(const json_t *list, const char *word)
{
    const json_t *item;
    size_t index;

    json_array_foreach (json_object_get(list, "matching_attributes"), index, item) {
        const char *text = json_string_value(item);

        if (text != NULL && strcmp(text, word) == 0) {
            return true;
        }
    }
    return false;
}

/* The kinds that a value of the list stands for, ends with -1. A certificate's hash can also be a signer's. */
static void kinds_of(const json_t *list, const char *value, int kinds[3])
{
    int guess = pk_intel_guess(value, strlen(value));
    size_t n = 0;

    if (guess == PK_INTEL_MD5 || guess == PK_INTEL_SHA1 || guess == PK_INTEL_SHA256) {
        kinds[n++] = matches(list, "signer") ? PK_INTEL_SIGNER : guess;
        if (matches(list, "x509-fingerprint-sha1") || matches(list, "x509-fingerprint-sha256")) {
            kinds[n++] = PK_INTEL_TLS_CERT;
        }
    } else if (guess == PK_INTEL_IP || guess == PK_INTEL_URL) {
        kinds[n++] = guess;
    } else if (matches(list, "domain") || matches(list, "hostname")) {
        kinds[n++] = PK_INTEL_DOMAIN;
    }
    kinds[n] = -1;
}

static int add(
        struct pk_feed *feed, const json_t *list, const char *value, enum pk_intel_class role)
{
    struct pk_intel_entry entry = {
        .class_ = role,
        .value = value,
        .family = pk_feed_string(list, "name"),
    };
    int kinds[3];
    int rc = pk_feed_source(feed);

    if (rc < 0) {
        return rc;
    }
    entry.source = feed->source;
    rc = PK_EMALF;
    kinds_of(list, value, kinds);
    for (size_t i = 0; kinds[i] >= 0; i++) {
        entry.kind = (enum pk_intel_kind)kinds[i];
        rc = pk_intel_builder_add(feed->run->builder, &entry);
        if (rc < 0) {
            break;
        }
        feed->result->rows++;
    }
    if (rc == PK_EMALF) {
        bool label = strchr(value, '.') == NULL && value[0] != '\0';

        pk_feed_skip(feed, 0,
                label ? "warning for a whole top-level domain, or of a kind that is not used"
                      : "warning that is no name, address or hash",
                value, strlen(value));
        return PK_OK;
    }
    return rc;
}

int pk_feed_read_warning(struct pk_feed *feed, const json_t *list)
{
    enum pk_intel_class role = class_of(list);
    const json_t *item;
    size_t index;

    feed->result->format = "warninglist";
    json_array_foreach (json_object_get(list, "list"), index, item) {
        const char *value = json_string_value(item);
        int rc = value != NULL && !pk_feed_full(feed, 0, value, strlen(value))
                ? add(feed, list, value, role)
                : PK_OK;

        if (rc < 0) {
            return rc;
        }
    }
    return PK_OK;
}
