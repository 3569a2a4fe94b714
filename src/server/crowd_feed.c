#include "server/crowd_internal.h"

static int read_head(struct pk_crowd_feed *feed, int p, struct pk_error *err)
{
    int rc;

    if (feed->heads[p] != NULL) {
        return PK_OK;
    }
    rc = pk_journal_read(feed->reader, p, feed->read[p], &feed->heads[p], err);
    if (rc < 0) {
        feed->heads[p] = NULL;
    } else if (feed->heads[p] != NULL) {
        feed->read[p] = feed->heads[p]->offset;
    }
    return rc;
}

/* Is one there that may be given out? Gaps in a partition (rows that were trimmed) are passed over. */
static int has_next(struct pk_crowd_feed *feed, int p, bool *out, struct pk_error *err)
{
    int rc = PK_OK;

    if (feed->heads[p] == NULL && feed->read[p] < feed->limit[p]) {
        rc = read_head(feed, p, err);
    }
    *out = feed->heads[p] != NULL && feed->heads[p]->offset <= feed->limit[p];
    return rc;
}

static struct pk_entry *give(struct pk_crowd_feed *feed, int p)
{
    struct pk_entry *entry = feed->heads[p];

    feed->heads[p] = NULL;
    return entry;
}

int pk_crowd_feed_next(struct pk_crowd_feed *feed, struct pk_entry **out, struct pk_error *err)
{
    int first = -1;

    for (int p = 0; p < PK_PARTITIONS; p++) {
        bool there;
        int rc = has_next(feed, p, &there, err);

        if (rc < 0) {
            return rc;
        }
        if (there && (first < 0 || feed->heads[p]->received_ms < feed->heads[first]->received_ms)) {
            first = p;
        }
    }
    *out = first >= 0 ? give(feed, first) : NULL;
    return PK_OK;
}

int pk_crowd_feed_upto(struct pk_crowd_feed *feed, int partition, int64_t upto,
        struct pk_entry **out, struct pk_error *err)
{
    int rc = read_head(feed, partition, err);
    const struct pk_entry *head = feed->heads[partition];

    if (rc == PK_OK) {
        *out = head != NULL && head->offset <= upto ? give(feed, partition) : NULL;
    }
    return rc;
}

static void drop_heads(struct pk_crowd_feed *feed)
{
    for (int p = 0; p < PK_PARTITIONS; p++) {
        if (feed->heads[p] != NULL) {
            pk_entry_destroy(feed->heads[p]);
            feed->heads[p] = NULL;
        }
    }
}

void pk_crowd_feed_seek(struct pk_crowd_feed *feed, const int64_t offsets[PK_PARTITIONS])
{
    drop_heads(feed);
    for (int p = 0; p < PK_PARTITIONS; p++) {
        feed->read[p] = offsets[p];
    }
}

void pk_crowd_feed_finish(struct pk_crowd_feed *feed)
{
    drop_heads(feed);
    if (feed->reader != NULL) {
        pk_journal_reader_close(feed->reader);
        feed->reader = NULL;
    }
}
