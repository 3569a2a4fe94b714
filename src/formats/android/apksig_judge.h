/* apksig_judge.h - what a finished verification means: who the signers are, what is odd, and the order in
 * which apksig lists its issues. Only apksig*.c files include this. */
#pragma once

#include "formats/android/apksig_run.h"

/* Fills the result's signers and found, orders its issues and says the anomalies. looked_at: enum
 * pk_apksig_scheme bits of the blocks and files that some platform of the range looks at. */
void pk_apksig_judge(struct pk_apksig_run *run, unsigned looked_at);
