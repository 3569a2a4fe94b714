#include "risk/calibrate.h"

#include <math.h>
#include <string.h>

#define NEWTON_STEPS 30
#define SHIFT_ROWS   500 /* closed rows before a shift is judged, */
#define SHIFT_EVENTS 20
#define SHAPE_ROWS   2000 /* and before a shape is made */
#define SHAPE_EVENTS 100
#define BLOCK_LEAN \
    12.0 /* rows that the shifted model is worth in a block of the isotonic regression */
/* Attacks come in waves, so the rows of a fortnight say less about the next one than their number promises: a shift
 * is believed when days speak for it, not devices. */
#define LEAN_DAYS    10.0
#define SHAPE_MARGIN 5e-4 /* steps cost order: a shape must be worth it */
#define LOSS_HALF    7.0  /* days: the newest closed week counts most */
#define LOSS_MARGIN  1e-5 /* nats a row: a simpler candidate stays until it is worse by this */

double pk_sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

double pk_logit(double p)
{
    p = p < 1e-9 ? 1e-9 : p > 1 - 1e-9 ? 1 - 1e-9 : p;
    return log(p / (1 - p));
}

uint16_t pk_calibrate_bin(double score)
{
    double at = (score - PK_CALIBRATE_FROM) * PK_CALIBRATE_BINS /
            (PK_CALIBRATE_TO - PK_CALIBRATE_FROM);

    return at >= PK_CALIBRATE_BINS - 1 ? PK_CALIBRATE_BINS - 1 : at > 0 ? (uint16_t)at : 0;
}

double pk_calibrate_score(uint16_t bin)
{
    return PK_CALIBRATE_FROM +
            (bin + 0.5) * (PK_CALIBRATE_TO - PK_CALIBRATE_FROM) / PK_CALIBRATE_BINS;
}

void pk_calibrate_row(struct pk_calibrate *c, uint16_t bin, double y)
{
    bin = bin < PK_CALIBRATE_BINS ? bin : PK_CALIBRATE_BINS - 1;
    c->fresh_n[bin]++;
    c->fresh_y[bin] += y;
}

double pk_calibrate_map_p(const struct pk_calibrate *c, enum pk_calibrate_map map, double score)
{
    double p = pk_sigmoid(map == PK_MAP_PLAIN ? score : score + c->z);

    if (map != PK_MAP_SHAPED || !c->shaped) {
        return p;
    }
    return (p + (double)c->shape[pk_calibrate_bin(score)]) / 2;
}

double pk_calibrate_p(const struct pk_calibrate *c, double score)
{
    return pk_calibrate_map_p(c, (enum pk_calibrate_map)c->using, score);
}

/* What n sigmoid(score) weighs in a Newton step without a shift. */
static double weight_of(const double *n)
{
    double sum = 0;

    for (uint16_t i = 0; i < PK_CALIBRATE_BINS; i++) {
        double p = n[i] > 0 ? pk_sigmoid(pk_calibrate_score(i)) : 0;

        sum += n[i] * p * (1 - p);
    }
    return sum;
}

double pk_calibrate_solve(const double *n, const double *y, double z, double lean)
{
    double hold = lean > 0 ? lean * weight_of(n) : 0;

    for (int step = 0; step < NEWTON_STEPS; step++) {
        double miss = -hold * z;
        double slope = 1 + hold;

        for (uint16_t i = 0; i < PK_CALIBRATE_BINS; i++) {
            if (n[i] > 0) {
                double p = pk_sigmoid(pk_calibrate_score(i) + z);

                miss += y[i] - n[i] * p;
                slope += n[i] * p * (1 - p);
            }
        }
        double by = miss / slope;

        z += by > 1 ? 1 : by < -1 ? -1 : by; /* far off, the slope says too little */
    }
    return z;
}

struct block {
    double n, y;
    size_t from;
};

void pk_calibrate_pav(const double *n, const double *y, size_t count, float *out)
{
    struct block blocks[PK_CALIBRATE_BINS];
    size_t used = 0;

    for (size_t i = 0; i < count; i++) {
        if (n[i] <= 0) {
            continue;
        }
        blocks[used++] = (struct block){ n[i], y[i], i };
        while (used > 1 &&
                blocks[used - 1].y * blocks[used - 2].n <=
                        blocks[used - 2].y * blocks[used - 1].n) {
            used--;
            blocks[used - 1].n += blocks[used].n;
            blocks[used - 1].y += blocks[used].y;
        }
    }
    for (size_t b = 0; b < used; b++) {
        size_t end = b + 1 < used ? blocks[b + 1].from : count;

        for (size_t i = b == 0 ? 0 : blocks[b].from; i < end; i++) {
            out[i] = (float)(blocks[b].y / blocks[b].n);
        }
    }
}

/* Blocks lean on the shifted model, so that a block of three rows does not say 0 or 1. */
static void make_shape(struct pk_calibrate *c)
{
    double n[PK_CALIBRATE_BINS];
    double y[PK_CALIBRATE_BINS];

    c->shaped = c->rows >= SHAPE_ROWS && c->events >= SHAPE_EVENTS;
    if (!c->shaped) {
        return;
    }
    pk_calibrate_pav(c->n, c->y, PK_CALIBRATE_BINS, c->shape);
    /* Each block, shrunk: sums over bins with the same value. */
    memcpy(n, c->n, sizeof(n));
    memcpy(y, c->y, sizeof(y));
    for (uint32_t from = 0; from < PK_CALIBRATE_BINS;) {
        double rows = 0;
        double events = 0;
        double model = 0;
        uint32_t end = from;

        for (; end < PK_CALIBRATE_BINS && c->shape[end] == c->shape[from]; end++) {
            rows += n[end];
            events += y[end];
            model += n[end] * pk_sigmoid(pk_calibrate_score((uint16_t)end) + c->z);
        }
        model = rows > 0 ? model / rows : 0;
        for (uint32_t i = from; i < end; i++) {
            c->shape[i] = (float)((events + BLOCK_LEAN * model) / (rows + BLOCK_LEAN));
        }
        from = end;
    }
}

static double loss_of(double p, double n, double y)
{
    p = p < 1e-6 ? 1e-6 : p > 1 - 1e-6 ? 1 - 1e-6 : p;
    return -(y * log(p) + (n - y) * log(1 - p));
}

static void judge(struct pk_calibrate *c)
{
    double fade = exp2(-1 / LOSS_HALF);

    c->loss_rows *= fade;
    for (int map = 0; map < PK_MAPS; map++) {
        c->loss[map] *= fade;
    }
    for (uint16_t i = 0; i < PK_CALIBRATE_BINS; i++) {
        if (c->fresh_n[i] <= 0) {
            continue;
        }
        c->loss_rows += c->fresh_n[i];
        for (int map = 0; map < PK_MAPS; map++) {
            double p = pk_calibrate_map_p(c, (enum pk_calibrate_map)map, pk_calibrate_score(i));

            c->loss[map] += loss_of(p, c->fresh_n[i], c->fresh_y[i]);
        }
    }
}

static void choose(struct pk_calibrate *c)
{
    double margin = LOSS_MARGIN * c->loss_rows;

    c->using = PK_MAP_PLAIN;
    if (c->rows < SHIFT_ROWS || c->events < SHIFT_EVENTS) {
        return;
    }
    if (c->loss[PK_MAP_SHIFTED] < c->loss[PK_MAP_PLAIN] - margin) {
        c->using = PK_MAP_SHIFTED;
    }
    margin = SHAPE_MARGIN * c->loss_rows;
    if (c->shaped && c->loss[PK_MAP_SHAPED] < c->loss[c->using] - margin) {
        c->using = PK_MAP_SHAPED;
    }
}

void pk_calibrate_day(struct pk_calibrate *c, double half_days, double z_step)
{
    double fade = exp2(-1 / half_days);
    double fresh = 0;
    double z;

    judge(c);
    c->rows = 0;
    c->events = 0;
    c->days *= fade;
    for (size_t i = 0; i < PK_CALIBRATE_BINS; i++) {
        c->n[i] = c->n[i] * fade + c->fresh_n[i];
        c->y[i] = c->y[i] * fade + c->fresh_y[i];
        fresh += c->fresh_n[i];
        c->rows += c->n[i];
        c->events += c->y[i];
    }
    c->days += fresh > 0 ? 1 : 0;
    memset(c->fresh_n, 0, sizeof(c->fresh_n));
    memset(c->fresh_y, 0, sizeof(c->fresh_y));
    if (c->rows < 1) {
        return;
    }
    z = pk_calibrate_solve(c->n, c->y, c->z, LEAN_DAYS / fmax(c->days, 1));
    c->z = z > c->z + z_step ? c->z + z_step : z < c->z - z_step ? c->z - z_step : z;
    make_shape(c);
    choose(c);
}
