#include "agent/sense_round.h"

/* Ends with NULL. */
static const struct pk_sense_part *const parts[] = { &pk_sense_cell_part, &pk_sense_lease_part,
    &pk_sense_redirect_part, &pk_sense_router6_part, &pk_sense_wifi_part, NULL };

int pk_sense_parts_create(struct pk_sense *sense, struct pk_error *err)
{
    int rc = PK_OK;

    for (size_t i = 0; parts[i] != NULL && rc == PK_OK; i++) {
        rc = parts[i]->create(sense, &sense->parts[i], err);
    }
    return rc;
}

void pk_sense_parts_destroy(struct pk_sense *sense)
{
    for (size_t i = 0; parts[i] != NULL; i++) {
        if (sense->parts[i] != NULL && parts[i]->destroy != NULL) {
            parts[i]->destroy(sense->parts[i]);
        }
        sense->parts[i] = NULL;
    }
}

void pk_sense_parts_join(struct pk_sense *sense)
{
    for (size_t i = 0; parts[i] != NULL; i++) {
        if (sense->parts[i] != NULL && parts[i]->join != NULL) {
            parts[i]->join(sense->parts[i]);
        }
    }
}

void pk_sense_parts_announced(struct pk_sense *sense)
{
    for (size_t i = 0; parts[i] != NULL; i++) {
        if (sense->parts[i] != NULL && parts[i]->announced != NULL) {
            parts[i]->announced(sense->parts[i]);
        }
    }
}

void pk_sense_parts_change(struct pk_sense *sense, unsigned changes)
{
    for (size_t i = 0; parts[i] != NULL && changes != 0; i++) {
        if (sense->parts[i] != NULL && parts[i]->change != NULL) {
            parts[i]->change(sense->parts[i], changes);
        }
    }
}

void pk_sense_parts_leave(struct pk_sense *sense)
{
    for (size_t i = 0; parts[i] != NULL; i++) {
        if (sense->parts[i] != NULL && parts[i]->leave != NULL) {
            parts[i]->leave(sense->parts[i]);
        }
    }
}

void pk_sense_parts_neighbour6(void *ctx, const uint8_t address[16], const uint8_t mac[6])
{
    struct pk_sense *sense = ctx;

    for (size_t i = 0; parts[i] != NULL; i++) {
        if (sense->parts[i] != NULL && parts[i]->neighbour6 != NULL) {
            parts[i]->neighbour6(sense->parts[i], address, mac);
        }
    }
}

void pk_sense_parts_check(struct pk_sense *sense, unsigned probes, bool loud)
{
    for (size_t i = 0; parts[i] != NULL; i++) {
        unsigned mine = probes & parts[i]->probes;

        if (mine != 0 && sense->on_network && sense->parts[i] != NULL && parts[i]->check != NULL) {
            probes &= ~mine;
            parts[i]->check(sense->parts[i], mine, loud);
        }
    }
    pk_sense_checked(sense, probes);
}
