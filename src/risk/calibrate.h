/* calibrate.h - a model's score into a probability that keeps what it says, learnt from closed windows.
 *
 * Three candidates: the model as it is; shifted by z (a Newton solution of sum of events = sum of probabilities);
 * shaped by z and half an isotonic regression. A candidate is used only while it has the least log loss on rows
 * that it had not seen when it was made (prequential test); the simpler one stays when they are level. Pure. */
#pragma once

#include "base/buffer.h"
#include "base/reader.h"

#define PK_CALIBRATE_BINS 4096
#define PK_CALIBRATE_FROM (-14.0) /* lowest and */
#define PK_CALIBRATE_TO   6.0     /* highest score */

enum pk_calibrate_map {
    PK_MAP_PLAIN,
    PK_MAP_SHIFTED,
    PK_MAP_SHAPED,
    PK_MAPS
};

struct pk_calibrate {
    double n[PK_CALIBRATE_BINS]; /* closed rows and events by score, faded */
    double y[PK_CALIBRATE_BINS];
    float shape[PK_CALIBRATE_BINS]; /* isotonic probability, where shaped */
    double rows, events;
    double days; /* that the rows are of, faded */
    double z;
    double loss[PK_MAPS], loss_rows; /* prequential, faded */
    int using;                       /* enum pk_calibrate_map */
    int shaped;                      /* there is a shape */
    /* Rows that closed since the last solution. */
    double fresh_n[PK_CALIBRATE_BINS];
    double fresh_y[PK_CALIBRATE_BINS];
};

uint16_t pk_calibrate_bin(double score);
double pk_calibrate_score(uint16_t bin); /* of its middle */
double pk_sigmoid(double x);
double pk_logit(double p);

/* One window closed: y is 0..1 (.5: half an event). */
void pk_calibrate_row(struct pk_calibrate *c, uint16_t bin, double y);
/* A day ends: judges the candidates on the rows that closed since the last time, then learns them. z moves by at
 * most z_step (limit against poisoned labels). */
void pk_calibrate_day(struct pk_calibrate *c, double half_days, double z_step);
double pk_calibrate_p(const struct pk_calibrate *c, double score);
double pk_calibrate_map_p(const struct pk_calibrate *c, enum pk_calibrate_map map, double score);

/* The shift z with sum over bins of n sigmoid(score + z) = sum of y, found from z. lean: what the rows' weight is
 * divided by, less one, before they stand against a shift of 0 (0: not at all; 1: half the way). */
double pk_calibrate_solve(const double *n, const double *y, double z, double lean);
/* Pool adjacent violators: out[i] is the non-decreasing sequence closest to y[i]/n[i] weighted by n; bins without
 * rows take their lower neighbour's (the lowest: the first one's) value. */
void pk_calibrate_pav(const double *n, const double *y, size_t count, float *out);
