/* Prints every entry of a journal as the pipeline would read it, one line each:
 *
 *   PARTITION OFFSET DEVICE SEQ SEQ ...     (only the numbers that were new in it)
 *
 * For tests that compare a journal with what was acknowledged. */
#include <stdio.h>
#include <stdlib.h>

#include "journal/journal.h"

static int dump(struct pk_journal_reader *reader, int partition, struct pk_error *err)
{
    struct pk_entry *entry = NULL;
    int64_t after = 0;
    int rc;

    while ((rc = pk_journal_read(reader, partition, after, &entry, err)) == PK_OK &&
            entry != NULL) {
        const struct pk_observation *items = entry->report.observations.items;

        (void)printf("%d %lld %s", partition, (long long)entry->offset, entry->device);
        for (size_t i = 0; i < entry->report.observations.count; i++) {
            if (items[i].seq > entry->after_seq) {
                (void)printf(" %lld", (long long)items[i].seq);
            }
        }
        (void)putchar('\n');
        after = entry->offset;
        pk_entry_destroy(entry);
    }
    return rc;
}

int main(int argc, char **argv)
{
    struct pk_journal_reader *reader = NULL;
    struct pk_error err = { 0 };
    int rc;

    if (argc != 2) {
        (void)fprintf(stderr, "usage: journal_dump JOURNAL-URL\n");
        return 2;
    }
    rc = pk_journal_reader_open(argv[1], &reader, &err);
    for (int partition = 0; partition < PK_PARTITIONS && rc == PK_OK; partition++) {
        rc = dump(reader, partition, &err);
    }
    pk_journal_reader_close(reader);
    if (rc < 0) {
        (void)fprintf(stderr, "journal_dump: %s\n", err.text);
        return 3;
    }
    return 0;
}
