/* crowd_words.h - an opinion of the crowd in sentences for people. */
#pragma once

#include "crowd/opinion.h"

#define PK_CROWD_SENTENCES 4

/* At most PK_CROWD_SENTENCES, the weightiest first: who speaks against it, since when, what is odd, what speaks for
 * it. Numbers of devices below min_devices are not said (1: all are). A new array, empty when there is nothing
 * to say. */
json_t *pk_crowd_words(
        const struct pk_crowd_opinion *opinion, int64_t min_devices, struct pk_arena *arena);
