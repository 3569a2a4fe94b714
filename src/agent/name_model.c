#include "agent/name_model.h"

#include <stdio.h>

#include "defense/network/names.h"

bool pk_name_model(const char *name, struct pk_name_opinion *out)
{
    struct pk_name_looks looks;

    pk_name_judge(name, &looks);
    if (looks.score < 0) {
        return false;
    }
    *out = (struct pk_name_opinion){ .score = looks.score, .warn_from = PK_NAME_HARMFUL };
    (void)snprintf(out->brand, sizeof(out->brand), "%s", looks.brand != NULL ? looks.brand : "");
    for (size_t i = 0; i < looks.reason_count && i < PK_NAME_REASONS_MAX; i++) {
        (void)snprintf(out->reasons[out->reason_count++], PK_NAME_REASON, "%s", looks.reasons[i]);
    }
    return true;
}
