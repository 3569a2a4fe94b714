/* crowd_foresee.h - what the crowd's thread thinks will happen to devices, into the store: after news about a device,
 * at each midnight and at the start. It stands in the store as it was told; nothing here is replayed, because all
 * of it follows from what is. The crowd's own thread. */
#pragma once

#include "risk/table.h"
#include "server/crowd.h"

#define PK_FORESEE_NEWS_MS \
    (INT64_C(5) * 60 * 1000)             /* at most so often for a device that stays where it is */
#define PK_FORESEE_MOVE_MS INT64_C(1000) /* one that went elsewhere, or was attacked */

struct pk_foresee {
    struct pk_rows rows; /* struct told of crowd_foresee.c: what each device was told last */
    uint32_t *queue;     /* rows that are to be told */
    size_t count, room;
    char (*gone)[40]; /* whom the crowd forgot while they go on in the store */
    size_t gone_count, gone_room;
    char after[40];   /* read from the store so far */
    bool read;        /* all of it */
    int64_t day;      /* of the newest midnight */
    int64_t pause_ms; /* monotonic: the store had trouble, not before then */
};

/* Something was learnt of the device; it was attacked, or the report may say that it moved. */
void pk_foresee_news(struct pk_crowd_server *c, uint64_t device, bool attacked);
void pk_foresee_forget(struct pk_crowd_server *c, const char *id);
/* Works a little: reads what was told, tells what is due. */
void pk_foresee_step(struct pk_crowd_server *c);
/* How long the thread may rest. */
int64_t pk_foresee_rest_ms(const struct pk_crowd_server *c, int64_t most_ms);
void pk_foresee_finish(struct pk_foresee *f);
