/* Tables with a line of headings: what a column holds is told by its heading. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "intel/csv.h"
#include "intel/import_internal.h"

enum column {
    C_OTHER,
    C_VALUE, /* of the kind in struct heading; -1: by content */
    C_TYPED, /* a value whose kind stands in C_TYPE */
    C_TYPE,
    C_FAMILY,
    C_CATEGORY,
    C_REFERENCE,
    C_DATE,
    C_CERT, /* of a package that is good */
    C_LIST, /* of root tools */
    C_CODE, /* expressions over code: not ours */
};

/* clang-format off */
static const struct heading { const char *name; enum column column; int kind; } headings[] = {
    { "sha256", C_VALUE, PK_INTEL_SHA256 },
    { "sha-256", C_VALUE, PK_INTEL_SHA256 },
    { "sha1", C_VALUE, PK_INTEL_SHA1 },
    { "sha-1", C_VALUE, PK_INTEL_SHA1 },
    { "md5", C_VALUE, PK_INTEL_MD5 },
    { "hash", C_VALUE, -1 },
    { "file hash", C_VALUE, -1 },
    { "package", C_VALUE, PK_INTEL_PACKAGE },
    { "package name", C_VALUE, PK_INTEL_PACKAGE },
    { "certificate", C_VALUE, PK_INTEL_SIGNER },
    { "signer", C_VALUE, PK_INTEL_SIGNER },
    { "domain", C_VALUE, PK_INTEL_DOMAIN },
    { "hostname", C_VALUE, PK_INTEL_DOMAIN },
    { "ip", C_VALUE, PK_INTEL_IP },
    { "url", C_VALUE, PK_INTEL_URL },
    { "email", C_VALUE, PK_INTEL_EMAIL },
    { "trail", C_VALUE, -1 },
    { "ioc", C_TYPED, -1 },
    { "indicator", C_TYPED, -1 },
    { "value", C_TYPED, -1 },
    { "type", C_TYPE, 0 },
    { "kind", C_TYPE, 0 },
    { "family", C_FAMILY, 0 },
    { "reported family", C_FAMILY, 0 },
    { "malware", C_FAMILY, 0 },
    { "app", C_FAMILY, 0 },
    { "category", C_CATEGORY, 0 },
    { "description", C_CATEGORY, 0 },
    { "report url", C_REFERENCE, 0 },
    { "reference", C_REFERENCE, 0 },
    { "date", C_DATE, 0 },
    { "first seen", C_DATE, 0 },
    { "first submission date", C_DATE, 0 },
    { "cert sha256", C_CERT, 0 },
    { "list", C_LIST, 0 },
    { "code signature regex", C_CODE, 0 },
};
/* clang-format on */

struct table {
    struct pk_csv csv;
    const struct heading *columns[PK_CSV_CELLS_MAX];
    size_t count;
    bool has[C_CODE + 1];
};

static const struct heading *heading_of(const char *cell)
{
    char name[32];
    size_t n = 0;

    while (*cell == ' ') {
        cell++;
    }
    for (; cell[n] != '\0' && n + 1 < sizeof(name); n++) {
        name[n] = (char)(cell[n] == '_' ? ' ' : cell[n]);
    }
    while (n > 0 && name[n - 1] == ' ') {
        n--;
    }
    name[n] = '\0';
    for (size_t i = 0; i < PK_COUNT(headings); i++) {
        if (strcasecmp(name, headings[i].name) == 0) {
            return &headings[i];
        }
    }
    return NULL;
}

/* Is a cell of the first row a value already? Then the text is a list. */
static bool has_values(const struct table *t)
{
    for (size_t i = 0; i < t->csv.count; i++) {
        if (pk_intel_guess(t->csv.cell[i], t->csv.len[i]) >= 0) {
            return true;
        }
    }
    return false;
}

/* Is the first row one of headings? Tries the separators that occur in it. */
static int read_headings(struct table *t, struct pk_slice text)
{
    static const char separators[] = "\t,;";

    for (const char *s = separators; *s != '\0'; s++) {
        bool values = false;

        pk_csv_init(&t->csv, text, *s);
        if (pk_csv_next(&t->csv) != PK_OK) {
            continue;
        }
        memset(t->has, 0, sizeof(t->has));
        t->count = t->csv.count;
        for (size_t i = 0; i < t->count; i++) {
            t->columns[i] = heading_of(t->csv.cell[i]);
            if (t->columns[i] != NULL) {
                t->has[t->columns[i]->column] = true;
                values = values || t->columns[i]->column == C_VALUE ||
                        t->columns[i]->column == C_TYPED;
            }
        }
        if (values) {
            return PK_OK;
        }
        if (t->count > 2 && text.ptr[0] != '#' && !has_values(t)) {
            return PK_EMISSING; /* many columns, none of which holds anything that is known */
        }
    }
    return PK_ENOENT;
}

static const char *cell_of(const struct table *t, enum column column)
{
    for (size_t i = 0; i < t->count && i < t->csv.count; i++) {
        if (t->columns[i] != NULL && t->columns[i]->column == column && t->csv.len[i] > 0) {
            return t->csv.cell[i];
        }
    }
    return NULL;
}

static int kind_of_type(const char *type)
{
    static const struct {
        const char *type;
        int kind;
    } rows[] = { { "ipv4", PK_INTEL_IP }, { "ipv6", PK_INTEL_IP }, { "hostname", PK_INTEL_DOMAIN },
        { "host", PK_INTEL_DOMAIN }, { "app", PK_INTEL_PACKAGE }, { "uri", PK_INTEL_URL },
        { "certificate", PK_INTEL_SIGNER } };

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        if (strcasecmp(type, rows[i].type) == 0) {
            return rows[i].kind;
        }
    }
    return pk_intel_kind_of(type);
}

/* "android_fakeapp" is the feed's way of saying "fakeapp". */
static const char *family_of(const char *cell)
{
    return cell != NULL && strncmp(cell, "android_", 8) == 0 ? cell + 8 : cell;
}

static int take_value(struct pk_feed *feed, const struct table *t, struct pk_feed_row row, int kind)
{
    row.kind = kind;
    if (kind < 0) {
        row.kind = pk_intel_guess(row.value, row.len);
    }
    if (kind < 0 && row.kind < 0 && strpbrk(row.value, "\\*^$[{|") != NULL) {
        pk_feed_skip(feed, t->csv.line, "a regular expression, not a value", row.value, row.len);
        return PK_OK;
    }
    if (kind < 0 && row.kind == PK_INTEL_FILE_PATH) {
        pk_feed_skip(feed, t->csv.line, "a path without its host", row.value, row.len);
        return PK_OK;
    }
    return pk_feed_add(feed, &row);
}

static int take_row(struct pk_feed *feed, const struct table *t)
{
    const char *type = cell_of(t, C_TYPE);
    struct pk_feed_row row = {
        .family = family_of(cell_of(t, C_FAMILY)),
        .reference = cell_of(t, C_REFERENCE),
        .date = cell_of(t, C_DATE),
        .category = (int)pk_feed_category(cell_of(t, C_CATEGORY)),
        .line = t->csv.line,
    };
    size_t taken = 0;

    for (size_t i = 0; i < t->count && i < t->csv.count; i++) {
        const struct heading *column = t->columns[i];
        int kind;
        int rc;

        if (column == NULL || t->csv.len[i] == 0 ||
                (column->column != C_VALUE && column->column != C_TYPED)) {
            continue;
        }
        kind = column->column == C_TYPED && type != NULL ? kind_of_type(type) : column->kind;
        row.value = t->csv.cell[i];
        row.len = strcspn(row.value, "#"); /* maltrail: "name    # was: ..." */
        if (kind == PK_INTEL_URL || row.len == 0) {
            row.len = t->csv.len[i];
        }
        taken++;
        rc = take_value(feed, t, row, kind);
        if (rc < 0) {
            return rc;
        }
    }
    if (taken == 0) {
        pk_feed_skip(feed, t->csv.line, "a row without a value", "", 0);
    }
    return PK_OK;
}

/* package, cert_sha256: who may sign what. */
static int take_signer(struct pk_feed *feed, const struct table *t)
{
    const char *package = cell_of(t, C_VALUE);
    const char *cert = cell_of(t, C_CERT);
    int rc = pk_feed_source(feed);

    if (rc < 0 || pk_feed_full(feed, t->csv.line, "", 0)) {
        return rc;
    }
    rc = PK_EMALF;
    if (package != NULL && cert != NULL) {
        rc = pk_intel_builder_add_signer(feed->run->builder, package, cert, feed->source);
    }
    if (rc == PK_EMALF) {
        pk_feed_skip(feed, t->csv.line, "not a package with a certificate's SHA-256",
                package != NULL ? package : "", package != NULL ? strlen(package) : 0);
        return PK_OK;
    }
    if (rc == PK_OK) {
        feed->result->rows++;
    }
    return rc;
}

/* platform, list, indicator: tools that root a phone or hide it, and where su lies. */
static int take_root(struct pk_feed *feed, const struct table *t)
{
    const char *list = cell_of(t, C_LIST);
    const char *value = cell_of(t, C_TYPED);
    char path[PK_INTEL_VALUE_MAX];
    struct pk_feed_row row = { .value = value, .line = t->csv.line };

    if (list == NULL || value == NULL) {
        pk_feed_skip(feed, t->csv.line, "a row without a value", "", 0);
        return PK_OK;
    }
    row.len = strlen(value);
    if (strstr(list, "Packages") != NULL) {
        row.kind = PK_INTEL_PACKAGE;
        row.category = strstr(list, "Dangerous") != NULL ? PK_INTEL_CAT_RISKWARE : 0;
    } else if (strcmp(list, "suPaths") == 0 && row.len + 3 < sizeof(path)) {
        memcpy(path, value, row.len);
        memcpy(path + row.len, "su", 3);
        row.value = path;
        row.len += 2;
        row.kind = PK_INTEL_FILE_PATH;
    } else {
        pk_feed_skip(feed, t->csv.line, "a condition, not a value", value, row.len);
        return PK_OK;
    }
    return pk_feed_add(feed, &row);
}

static int read_rows(struct pk_feed *feed, struct table *t)
{
    int (*take)(struct pk_feed *, const struct table *) = t->has[C_CERT] ? take_signer
            : t->has[C_LIST] && t->has[C_TYPED]                          ? take_root
                                                                         : take_row;

    for (;;) {
        int rc = pk_csv_next(&t->csv);

        if (rc == PK_ENOENT) {
            return PK_OK;
        }
        if (rc < 0) {
            pk_feed_skip(feed, t->csv.line,
                    rc == PK_ELIMIT ? "a row that is too long" : "a quote that is not closed", "",
                    0);
            continue;
        }
        rc = take(feed, t);
        if (rc < 0) {
            return rc;
        }
    }
}

int pk_feed_read_table(struct pk_feed *feed)
{
    struct table *t = malloc(sizeof(*t));
    int rc;

    if (t == NULL) {
        return PK_ENOMEM;
    }
    rc = read_headings(t, feed->text);
    if (rc == PK_OK && t->has[C_CODE]) {
        rc = pk_feed_refuse(feed, "signatures of trackers: picket scan knows trackers by itself");
    } else if (rc == PK_OK) {
        feed->result->format = t->has[C_CERT] ? "signers" : "table";
        feed->hosts = false;
        rc = read_rows(feed, t);
    } else if (rc == PK_EMISSING) {
        /* A plain list has no separators; a table without a known column says nothing. */
        rc = pk_feed_refuse(feed, "a table without a column of indicators");
    }
    free(t);
    return rc;
}
