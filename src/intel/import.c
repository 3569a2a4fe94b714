#include "intel/import.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "intel/import_internal.h"
#include "intel/unpack.h"

struct pk_intel_import *pk_intel_import_create(
        struct pk_intel_builder *builder, const struct pk_intel_import_settings *settings)
{
    struct pk_intel_import *run = calloc(1, sizeof(*run));

    if (run != NULL) {
        run->builder = builder;
        run->settings = settings;
    }
    return run;
}

void pk_intel_import_destroy(struct pk_intel_import *run)
{
    free(run);
}

bool pk_intel_import_skip_at(
        const struct pk_intel_import *run, size_t index, struct pk_intel_skip *out)
{
    if (index >= run->skip_count) {
        return false;
    }
    *out = run->skips[index];
    return true;
}

void pk_feed_skip(struct pk_feed *feed, size_t line, const char *why, const char *value, size_t len)
{
    struct pk_intel_import *run = feed->run;
    char text[PK_INTEL_VALUE_MAX];
    size_t i = 0;

    feed->result->skipped++;
    while (i < run->skip_count && strcmp(run->skips[i].why, why) != 0) {
        i++;
    }
    if (i == run->skip_count && i < PK_INTEL_SKIPS_MAX) {
        struct pk_intel_skip *skip = &run->skips[run->skip_count++];

        skip->why = why;
        if (line > 0) {
            (void)snprintf(skip->first, sizeof(skip->first), "%s:%zu", feed->path, line);
        } else {
            (void)snprintf(skip->first, sizeof(skip->first), "%s", feed->path);
        }
    }
    if (i < PK_INTEL_SKIPS_MAX) {
        run->skips[i].count++;
    }
    if (run->settings->skipped != NULL) {
        len = len < sizeof(text) ? len : sizeof(text) - 1;
        memcpy(text, value, len);
        text[len] = '\0';
        run->settings->skipped(run->settings->to, feed->path, line, why, text);
    }
}

bool pk_feed_full(struct pk_feed *feed, size_t line, const char *value, size_t len)
{
    if (feed->result->rows < PK_INTEL_FEED_ROWS_MAX) {
        return false;
    }
    pk_feed_skip(feed, line, "more values than one feed may have", value, len);
    return true;
}

int pk_feed_refuse(struct pk_feed *feed, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(feed->result->why, sizeof(feed->result->why), format, args);
    va_end(args);
    return PK_OK;
}

static bool of_network(int kind)
{
    return kind == PK_INTEL_DOMAIN || kind == PK_INTEL_IP || kind == PK_INTEL_URL ||
            kind == PK_INTEL_TLS_CERT || kind == PK_INTEL_JA3 || kind == PK_INTEL_EMAIL;
}

static const char *not_of_kind(int kind)
{
    static const char *const texts[PK_INTEL_KIND_COUNT] = {
        [PK_INTEL_MD5] = "not an MD5",
        [PK_INTEL_SHA1] = "not a SHA-1",
        [PK_INTEL_SHA256] = "not a SHA-256",
        [PK_INTEL_SIGNER] = "not a certificate's hash",
        [PK_INTEL_PACKAGE] = "not a package name",
        [PK_INTEL_DOMAIN] = "not a domain name",
        [PK_INTEL_IP] = "not an address",
        [PK_INTEL_URL] = "not a URL",
        [PK_INTEL_EMAIL] = "not an e-mail address",
    };

    return texts[kind] != NULL ? texts[kind] : "not a value of its kind";
}

static int add_as(struct pk_feed *feed, const struct pk_feed_row *row, int kind, const char *value)
{
    enum pk_app_weight weight = of_network(kind) ? feed->weight_net : feed->weight;
    struct pk_intel_entry entry = {
        .kind = (enum pk_intel_kind)kind,
        .value = value,
        .family = row->family != NULL && row->family[0] != '\0' ? row->family : feed->family,
        .reference = row->reference,
        .date = row->date != NULL ? row->date : feed->date,
        .category = row->category > 0 ? (enum pk_intel_category)row->category : feed->category,
        .weight = row->weight > 0 ? (enum pk_app_weight)(row->weight - 1) : weight,
    };
    int rc = pk_feed_source(feed);

    if (rc < 0) {
        return rc;
    }
    entry.source = feed->source;
    if (feed->run->settings->category > 0) {
        entry.category = (enum pk_intel_category)feed->run->settings->category;
    }
    rc = pk_intel_builder_add(feed->run->builder, &entry);
    if (rc == PK_OK) {
        feed->result->rows++;
    }
    return rc;
}

/* A URL without a path is its host; of a list of hosts the host is taken beside the URL. */
static int add_url(struct pk_feed *feed, const struct pk_feed_row *row, const char *url)
{
    const char *key = strstr(url, "://");
    char host[PK_INTEL_VALUE_MAX];
    char normal[PK_INTEL_VALUE_MAX];
    const char *at;
    size_t len;
    int kind = -1;
    int rc = PK_OK;

    key = key != NULL ? key + 3 : url;
    len = strcspn(key, "/?");
    at = memchr(key, '@', len);
    if (at == NULL && len < sizeof(host)) {
        memcpy(host, key, len);
        host[len] = '\0';
        kind = pk_intel_normalise(PK_INTEL_IP, host, len, normal)        ? PK_INTEL_IP
                : pk_intel_normalise(PK_INTEL_DOMAIN, host, len, normal) ? PK_INTEL_DOMAIN
                                                                         : -1;
    }
    if (kind >= 0 && (key[len] == '\0' || feed->hosts)) {
        rc = add_as(feed, row, kind, normal);
    }
    if (rc == PK_OK && (kind < 0 || key[len] != '\0')) {
        rc = add_as(feed, row, PK_INTEL_URL, url);
    }
    return rc;
}

/* Feeds write addresses into columns of domains and pages into those of hosts: what a value of the network
 * plainly is counts. */
static int plain_kind(const struct pk_feed_row *row)
{
    int guess = pk_intel_guess(row->value, row->len);
    bool host = row->kind == PK_INTEL_DOMAIN || row->kind == PK_INTEL_IP;

    return host && (guess == PK_INTEL_IP || guess == PK_INTEL_URL || guess == PK_INTEL_DOMAIN)
            ? guess
            : row->kind;
}

int pk_feed_add(struct pk_feed *feed, const struct pk_feed_row *given)
{
    struct pk_feed_row copy = *given;
    const struct pk_feed_row *row = &copy;
    char value[PK_INTEL_VALUE_MAX];
    int rc;

    if (pk_feed_full(feed, copy.line, copy.value, copy.len)) {
        return PK_OK;
    }
    if (copy.kind >= 0 && !pk_intel_normalise(copy.kind, copy.value, copy.len, value)) {
        copy.kind = plain_kind(&copy);
    }
    if (row->kind < 0 || !pk_intel_normalise(row->kind, row->value, row->len, value)) {
        pk_feed_skip(feed, row->line,
                row->kind < 0 ? "cannot tell what it is" : not_of_kind(row->kind), row->value,
                row->len);
        return PK_OK;
    }
    rc = row->kind == PK_INTEL_URL ? add_url(feed, row, value)
                                   : add_as(feed, row, row->kind, value);
    if (rc == PK_EMALF) {
        pk_feed_skip(feed, row->line, not_of_kind(row->kind), row->value, row->len);
        return PK_OK;
    }
    return rc;
}

/* Is it text? A NUL in the first kilobytes says no. */
static bool is_text(struct pk_slice text)
{
    return text.len > 0 && memchr(text.ptr, 0, text.len < 4096 ? text.len : 4096) == NULL;
}

static bool begins(struct pk_slice text, const char *with)
{
    size_t len = strlen(with);

    return text.len >= len && memcmp(text.ptr, with, len) == 0;
}

static bool begins_line(struct pk_slice text, const char *with)
{
    char line[64];

    (void)snprintf(line, sizeof(line), "\n%s", with);
    return begins(text, with) || memmem(text.ptr, text.len, line, strlen(line)) != NULL;
}

static int read_any(struct pk_feed *feed)
{
    struct pk_slice text;
    int rc;

    if (begins(feed->text, "\xef\xbb\xbf")) {
        feed->text = pk_slice_of(feed->text.ptr + 3, feed->text.len - 3);
    }
    text = feed->text;
    while (text.len > 0 && isspace(text.ptr[0])) {
        text = pk_slice_of(text.ptr + 1, text.len - 1);
    }
    if (!is_text(text)) {
        return pk_feed_refuse(feed, text.len == 0 ? "empty" : "not a text");
    }
    if (text.ptr[0] == '{' || text.ptr[0] == '[') {
        return pk_feed_read_json(feed);
    }
    if (begins(text, "alert ")) {
        return pk_feed_refuse(
                feed, "rules of a network sensor: import the list they were made from");
    }
    if (begins(text, "= ") || begins_line(text, "== ") || begins(text, "# ")) {
        if (begins_line(text, "== ") || begins_line(text, "## ") || begins(text, "= ")) {
            return pk_feed_read_prose(feed);
        }
    }
    if (begins(text, "- ") || begins(text, "-\n") || begins(text, "---") ||
            begins(text, "indicators:")) {
        return pk_feed_read_yaml(feed);
    }
    rc = pk_feed_read_table(feed);
    return rc == PK_ENOENT ? pk_feed_read_list(feed) : rc;
}

int pk_intel_import_bytes(struct pk_intel_import *run, const char *path, struct pk_slice bytes,
        struct pk_intel_file_result *result, struct pk_error *err)
{
    struct pk_buffer unpacked = pk_buffer_of(PK_INTEL_UNPACKED_MAX);
    struct pk_feed feed = { .run = run, .path = path, .text = bytes, .result = result };
    struct pk_error bad = { 0 };
    bool packed = false;
    int rc;

    *result = (struct pk_intel_file_result){ 0 };
    rc = pk_intel_unpack(bytes, &unpacked, &packed, &bad);
    if (rc < 0 && rc != PK_ENOMEM) {
        rc = pk_feed_refuse(&feed, "%.120s", bad.text);
    } else if (rc == PK_OK) {
        if (packed) {
            feed.text = pk_buffer_slice(&unpacked);
        }
        rc = pk_feed_recognise(&feed);
        rc = rc < 0 || result->why[0] != '\0' ? rc : read_any(&feed);
    }
    pk_buffer_finish(&unpacked);
    if (rc < 0) {
        return pk_error_set(
                err, rc, "'%s': %s", path, rc == PK_ELIMIT ? "the set is full" : pk_code_text(rc));
    }
    return PK_OK;
}
