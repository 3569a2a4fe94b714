#include "cli/model_rows.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CELL_SHOWN 40

/* Names of commands are features, but tables of system calls count calls of the same names. Such a
 * column is the feature only where the table names a feature that no table of calls has. */
static const char *const ambiguous[] = { "mount", "chmod", "chown" };
#define TELLTALE "/system/bin"

static bool is_ambiguous(struct pk_slice name)
{
    for (size_t i = 0; i < PK_COUNT(ambiguous); i++) {
        if (pk_slice_eq(name, pk_slice_str(ambiguous[i]))) {
            return true;
        }
    }
    return false;
}

static bool has_column(const struct pk_slice *header, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (pk_slice_eq(header[i], pk_slice_str(name))) {
            return true;
        }
    }
    return false;
}

static size_t find_feature(const struct pk_model *model, struct pk_slice name)
{
    static const char *const before[] = { "", "android.permission.",
        "com.android.browser.permission.", "com.android.alarm.permission." };

    for (size_t i = 0; i < PK_COUNT(before); i++) {
        size_t len = strlen(before[i]);

        if (name.len > len && memcmp(name.ptr, before[i], len) == 0) {
            size_t at = pk_model_feature_find(model, pk_slice_of(name.ptr + len, name.len - len));

            if (at != SIZE_MAX) {
                return at;
            }
        }
    }
    return PK_MODEL_NO_COLUMN;
}

static int wanted(const struct pk_slice *header, size_t count, const char *name, size_t *out,
        struct pk_error *err)
{
    *out = PK_MODEL_NO_COLUMN;
    for (size_t i = 0; name != NULL && i < count; i++) {
        if (pk_slice_eq(header[i], pk_slice_str(name))) {
            *out = i;
        }
    }
    return name == NULL || *out != PK_MODEL_NO_COLUMN
            ? PK_OK
            : pk_error_set(err, PK_EMALF, "there is no column '%s'", name);
}

int pk_model_columns_map(const struct pk_model *model, const struct pk_slice *header, size_t count,
        const char *label, const char *part, struct pk_model_columns *out, struct pk_error *err)
{
    bool seen[PK_MODEL_FEATURES_MAX + 1] = { false };
    bool telltale = has_column(header, count, TELLTALE);
    int rc = wanted(header, count, label, &out->label, err);

    rc = rc < 0 ? rc : wanted(header, count, part, &out->part, err);
    if (rc < 0) {
        return rc;
    }
    out->count = count;
    out->features = 0;
    for (size_t i = 0; i < count; i++) {
        size_t at = find_feature(model, header[i]);

        if (i == out->label || i == out->part || (is_ambiguous(header[i]) && !telltale)) {
            at = PK_MODEL_NO_COLUMN;
        }
        out->feature[i] = at;
        if (at == PK_MODEL_NO_COLUMN) {
            continue;
        }
        if (seen[at]) {
            return pk_error_set(err, PK_EMALF, "two columns for the feature '%s'",
                    pk_model_feature(model, at)->name);
        }
        seen[at] = true;
        out->features++;
    }
    return PK_OK;
}

static bool is_word(struct pk_slice cell, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (cell.len == strlen(*words) &&
                strncasecmp((const char *)cell.ptr, *words, cell.len) == 0) {
            return true;
        }
    }
    return false;
}

static struct pk_slice trim(struct pk_slice cell)
{
    while (cell.len > 0 && cell.ptr[0] == ' ') {
        cell = pk_slice_of(cell.ptr + 1, cell.len - 1);
    }
    while (cell.len > 0 && cell.ptr[cell.len - 1] == ' ') {
        cell.len--;
    }
    return cell;
}

/* An enum pk_model_value, or PK_EMALF. */
static int value_of(struct pk_slice cell)
{
    static const char *const unknown[] = { "", "?", "na", "nan", "null", "none", NULL };
    char text[32];
    char *end;
    double number;

    cell = trim(cell);
    if (cell.len == 1 && (cell.ptr[0] == '0' || cell.ptr[0] == '1')) {
        return cell.ptr[0] == '1' ? PK_MODEL_YES : PK_MODEL_NO;
    }
    if (is_word(cell, unknown)) {
        return PK_MODEL_UNKNOWN;
    }
    if (is_word(cell, (const char *const[]){ "true", "yes", NULL })) {
        return PK_MODEL_YES;
    }
    if (is_word(cell, (const char *const[]){ "false", "no", NULL })) {
        return PK_MODEL_NO;
    }
    if (cell.len >= sizeof(text)) {
        return PK_EMALF;
    }
    memcpy(text, cell.ptr, cell.len);
    text[cell.len] = '\0';
    number = strtod(text, &end);
    if (*end != '\0' || strspn(text, "0123456789.eE+-") != cell.len || !(number >= 0)) {
        return PK_EMALF;
    }
    return number > 0 ? PK_MODEL_YES : PK_MODEL_NO;
}

int pk_model_row(const struct pk_model *model, const struct pk_model_columns *columns,
        const struct pk_slice *fields, size_t count, struct pk_model_vector *out,
        struct pk_error *err)
{
    if (count != columns->count) {
        return pk_error_set(
                err, PK_EMALF, "%zu fields, but the header has %zu", count, columns->count);
    }
    memset(out, PK_MODEL_UNKNOWN, sizeof(*out));
    for (size_t i = 0; i < count; i++) {
        int value;

        if (columns->feature[i] == PK_MODEL_NO_COLUMN) {
            continue;
        }
        value = value_of(fields[i]);
        if (value < 0) {
            return pk_error_set(err, PK_EMALF, "'%.*s' in column '%s' is neither yes nor no",
                    (int)(fields[i].len < CELL_SHOWN ? fields[i].len : CELL_SHOWN),
                    (const char *)fields[i].ptr,
                    pk_model_feature(model, columns->feature[i])->name);
        }
        out->values[columns->feature[i]] = (uint8_t)value;
    }
    return PK_OK;
}

int pk_model_label(struct pk_slice text, struct pk_error *err)
{
    static const char *const bad[] = { "s", "1", "1.0", "malware", "malicious", "true", NULL };
    static const char *const good[] = { "b", "0", "0.0", "benign", "benignware", "goodware",
        "harmless", "clean", "false", NULL };

    text = trim(text);
    if (is_word(text, bad) || is_word(text, good)) {
        return is_word(text, bad) ? 1 : 0;
    }
    return pk_error_set(err, PK_EMALF, "the label '%.*s' says neither malware nor harmless",
            (int)(text.len < CELL_SHOWN ? text.len : CELL_SHOWN), (const char *)text.ptr);
}
