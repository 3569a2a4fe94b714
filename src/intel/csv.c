#include "intel/csv.h"

void pk_csv_init(struct pk_csv *csv, struct pk_slice in, char separator)
{
    csv->in = in;
    csv->pos = 0;
    csv->line = 0;
    csv->next = 1;
    csv->separator = separator;
    csv->count = 0;
}

static bool at_end(const struct pk_csv *csv)
{
    return csv->pos >= csv->in.len;
}

static char peek(const struct pk_csv *csv)
{
    return (char)csv->in.ptr[csv->pos];
}

static void skip_line(struct pk_csv *csv)
{
    while (!at_end(csv) && peek(csv) != '\n') {
        csv->pos++;
    }
    if (!at_end(csv)) {
        csv->pos++;
        csv->next++;
    }
}

struct place {
    size_t used; /* of cells */
    size_t start;
};

static int put(struct pk_csv *csv, struct place *place, char c)
{
    if (place->used + 1 >= PK_CSV_ROW_MAX) {
        return PK_ELIMIT;
    }
    csv->cells[place->used++] = c;
    return PK_OK;
}

/* Behind the opening quote. A quote that does not close within the row's limit is an error, and the row ends
 * with its first line. */
static int quoted(struct pk_csv *csv, struct place *place)
{
    int rc = PK_OK;

    for (; !at_end(csv) && rc == PK_OK; csv->pos++) {
        char c = peek(csv);

        if (c == '"') {
            if (csv->pos + 1 < csv->in.len && csv->in.ptr[csv->pos + 1] == '"') {
                csv->pos++;
            } else {
                csv->pos++;
                return PK_OK;
            }
        }
        if (c == '\n') {
            csv->next++;
        }
        rc = put(csv, place, c == '\n' || c == '\r' ? ' ' : c);
    }
    return rc < 0 ? rc : PK_EMALF;
}

static int end_cell(struct pk_csv *csv, struct place *place)
{
    if (csv->count == PK_CSV_CELLS_MAX || put(csv, place, '\0') < 0) {
        return PK_ELIMIT;
    }
    csv->cell[csv->count] = csv->cells + place->start;
    csv->len[csv->count++] = place->used - 1 - place->start;
    place->start = place->used;
    return PK_OK;
}

static int read_row(struct pk_csv *csv)
{
    struct place place = { 0 };
    bool quotes = csv->separator != '\t';

    csv->count = 0;
    while (!at_end(csv)) {
        char c = peek(csv);
        int rc = PK_OK;

        if (quotes && c == '"' && place.used == place.start) {
            csv->pos++;
            rc = quoted(csv, &place);
        } else if (c == csv->separator) {
            csv->pos++;
            rc = end_cell(csv, &place);
        } else if (c == '\n') {
            csv->pos++;
            csv->next++;
            return end_cell(csv, &place);
        } else {
            csv->pos++;
            rc = c == '\r' ? PK_OK : put(csv, &place, c);
        }
        if (rc < 0) {
            return rc;
        }
    }
    return end_cell(csv, &place);
}

int pk_csv_next(struct pk_csv *csv)
{
    while (!at_end(csv)) {
        size_t start = csv->pos;
        size_t line = csv->next;
        int rc;

        csv->line = line;
        rc = read_row(csv);
        if (rc < 0) { /* the row's first line is passed over, whatever its quotes swallowed */
            csv->pos = start;
            csv->next = line;
            skip_line(csv);
            return rc;
        }
        if (csv->count > 1 || csv->len[0] > 0) {
            return PK_OK;
        }
    }
    return PK_ENOENT;
}
