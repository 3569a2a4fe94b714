#include "track/cell_memory.h"

#include <stdio.h>
#include <stdlib.h>

#define LEFT_MAX     8
#define HABIT_MS     3600000 /* without encryption for so long: it is the carrier's way */
#define CELLS_ENOUGH 6       /* of one carrier: only then "not met before" says something */

struct row {
    int64_t area;
    int64_t cell;
    int64_t arfcn;
    int64_t met_ms;  /* last */
    int64_t null_ms; /* when it was first met without encryption */
    int radio;
    int cipher; /* the best; index into pk_cell_cipher_names */
    bool odd;   /* was told of as odd, and not yet as left */
    char plmn[8];
};

struct pk_cell_memory {
    size_t count;
    struct row rows[PK_CELL_MEMORY_ROWS];
    char left[LEFT_MAX][PK_CELL_KEY];
    const char *left_items[LEFT_MAX];
};

struct pk_cell_memory *pk_cell_memory_create(void)
{
    return calloc(1, sizeof(struct pk_cell_memory));
}

void pk_cell_memory_destroy(struct pk_cell_memory *memory)
{
    free(memory);
}

static const char *plmn_of(const struct pk_obs_cell *cell)
{
    return cell->plmn != NULL ? cell->plmn : "";
}

static bool is_row(const struct row *row, const struct pk_obs_cell *cell)
{
    return row->radio == cell->radio && row->area == cell->area && row->cell == cell->cell &&
            strcmp(row->plmn, plmn_of(cell)) == 0;
}

static struct row *find(struct pk_cell_memory *memory, const struct pk_obs_cell *cell)
{
    for (size_t i = 0; i < memory->count; i++) {
        if (is_row(&memory->rows[i], cell)) {
            return &memory->rows[i];
        }
    }
    return NULL;
}

static struct row *add(struct pk_cell_memory *memory, const struct pk_obs_cell *cell)
{
    struct row *row = &memory->rows[0];

    if (memory->count < PK_CELL_MEMORY_ROWS) {
        row = &memory->rows[memory->count++];
    } else {
        for (size_t i = 1; i < memory->count; i++) {
            row = memory->rows[i].met_ms < row->met_ms ? &memory->rows[i] : row;
        }
    }
    *row = (struct row){
        .area = cell->area, .cell = cell->cell, .arfcn = cell->arfcn, .radio = cell->radio
    };
    (void)snprintf(row->plmn, sizeof(row->plmn), "%s", plmn_of(cell));
    return row;
}

static int cipher_of(const struct row *row, int64_t at_ms)
{
    return row->cipher == 1 && at_ms - row->null_ms < HABIT_MS ? 0 : row->cipher;
}

/* Of one carrier and generation: how many cells, how many of the same area, and the best cipher. */
static void compare(const struct pk_cell_memory *memory, struct pk_obs_cell *cell,
        const struct row *self, int64_t at_ms)
{
    size_t cells = 0;
    int64_t area = 0;
    int best = 0;

    for (size_t i = 0; i < memory->count; i++) {
        const struct row *row = &memory->rows[i];

        if (row == self || row->radio != cell->radio || strcmp(row->plmn, plmn_of(cell)) != 0 ||
                (row->odd && row->cipher != 1)) {
            continue;
        }
        cells += row->cell >= 0;
        area += row->area == cell->area;
        best = cipher_of(row, at_ms) > best ? row->cipher : best;
    }
    if (cell->cipher_before == 0) {
        cell->cipher_before = self != NULL && cipher_of(self, at_ms) > best ? self->cipher : best;
    }
    if (cell->cell < 0) {
        return;
    }
    if (cell->known == PK_TRI_UNKNOWN && (self != NULL || cells >= CELLS_ENOUGH)) {
        cell->known = self != NULL ? PK_TRI_YES : PK_TRI_NO;
    }
    if (cell->area_known < 0 && cells >= CELLS_ENOUGH) {
        cell->area_known = area;
    }
}

static void list_left(struct pk_cell_memory *memory, struct pk_obs_cell *cell,
        const struct row *self, int64_t at_ms)
{
    size_t count = 0;

    for (size_t i = 0; i < memory->count && count < LEFT_MAX; i++) {
        struct row *row = &memory->rows[i];

        if (row->odd && row != self && at_ms - row->met_ms >= PK_CELL_LEFT_MS) {
            const struct pk_obs_cell was = { .radio = row->radio,
                .plmn = row->plmn[0] != '\0' ? row->plmn : NULL,
                .area = row->area,
                .cell = row->cell };

            memory->left_items[count] = pk_cell_key(&was, memory->left[count]);
            count++;
            row->odd = false;
        }
    }
    cell->left = (struct pk_strings){ .items = memory->left_items, .count = count };
}

void pk_cell_memory_take(struct pk_cell_memory *memory, struct pk_obs_cell *cell, int64_t at_ms)
{
    struct row *row = find(memory, cell);

    compare(memory, cell, row, at_ms);
    if (row != NULL && cell->arfcn_before < 0) {
        cell->arfcn_before = row->arfcn;
    }
    if (cell->left.count == 0) {
        list_left(memory, cell, row, at_ms);
    }
    row = row != NULL ? row : add(memory, cell);
    row->met_ms = at_ms;
    row->arfcn = cell->arfcn >= 0 ? cell->arfcn : row->arfcn;
    if (row->cipher == 0 && cell->cipher == 1) {
        row->null_ms = at_ms;
    }
    row->cipher = cell->cipher > row->cipher ? cell->cipher : row->cipher;
    row->odd |= pk_cell_is_odd(cell);
}

int64_t pk_cell_memory_due(const struct pk_cell_memory *memory, const struct pk_obs_cell *now)
{
    int64_t due = INT64_MAX;

    for (size_t i = 0; i < memory->count; i++) {
        const struct row *row = &memory->rows[i];

        if (row->odd && !is_row(row, now) && row->met_ms + PK_CELL_LEFT_MS < due) {
            due = row->met_ms + PK_CELL_LEFT_MS;
        }
    }
    return due;
}
