#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "model/observation_network.h"

enum {
    CIPHER_NULL = 1
};
enum {
    IDENTITY_IMSI = 2
};

static void number(int64_t value, char out[24])
{
    if (value < 0) {
        (void)snprintf(out, 24, "?");
    } else {
        (void)snprintf(out, 24, "%" PRId64, value);
    }
}

const char *pk_cell_key(const struct pk_obs_cell *cell, char out[PK_CELL_KEY])
{
    char area[24];
    char id[24];

    number(cell->area, area);
    number(cell->cell, id);
    (void)snprintf(out, PK_CELL_KEY, "%s %s %s %s", pk_radio_names[cell->radio],
            cell->plmn != NULL ? cell->plmn : "?", area, id);
    return out;
}

bool pk_cell_is_odd(const struct pk_obs_cell *c)
{
    bool unproven = c->identity >= IDENTITY_IMSI && c->authenticated != PK_TRI_YES &&
            c->accepted != PK_TRI_YES;

    return unproven || c->cipher == CIPHER_NULL || c->redirect == PK_RADIO_2G ||
            c->prefers != PK_RADIO_UNKNOWN || c->refused == PK_TRI_YES ||
            c->after_proof == PK_TRI_YES || c->alarm > 0 || c->sib_downgrade == PK_TRI_YES ||
            c->sib_incomplete == PK_TRI_YES;
}

#define IDENTITY_DIGITS 8

void pk_cell_hide(char *text)
{
    char *to = text;

    for (const char *from = text; *from != '\0';) {
        size_t run = 0;
        size_t digits = 0;

        while (isxdigit((unsigned char)from[run])) {
            digits += isdigit((unsigned char)from[run]) != 0;
            run++;
        }
        if (run >= IDENTITY_DIGITS && digits > 0) {
            *to++ = '#';
            from += run;
            continue;
        }
        run = run > 0 ? run : 1;
        memmove(to, from, run);
        to += run;
        from += run;
    }
    *to = '\0';
}
