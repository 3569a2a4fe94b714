/* names.h - how much a host name, or a whole URL, looks like phishing, by its letters alone: logistic regression over hashed
 * letter groups and some plain numbers, trained by tools/train-names.py (figures: docs/names-model.md). A sign, no proof: it
 * may warn, only lists may block. Pure; any thread. */
#pragma once

#include <stddef.h>
#include <stdbool.h>

#define PK_NAME_HARMFUL 81 /* fewer than one in 10,000 names of the top lists score as much */
#define PK_NAME_REASONS 4

struct pk_name_looks {
    int score;         /* 0-100; -1: no host name that can be judged */
    const char *brand; /* that it imitates, static; NULL: none */
    const char
            *reasons[PK_NAME_REASONS]; /* static sentences, the strongest first, without the name */
    size_t reason_count;
};

void pk_name_judge(const char *host, struct pk_name_looks *out);
/* The scheme may be missing. Hostile input: more than 1024 bytes behind the host do not count. */
void pk_url_judge(const char *url, struct pk_name_looks *out);
