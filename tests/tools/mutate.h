/* mutate.h - good app files made bad, the same way for the same number: for tests/tools/mutate.c. The
 * input is ours and well-formed; what comes out is not meant to be. */
#pragma once

#include "base/buffer.h"

/* The largest mutated file. */
#define MUTATE_MAX (16UL << 20)

struct mutate_random {
    uint64_t state;
};

struct mutate_random mutate_random_of(uint64_t seed, uint64_t index);
uint64_t mutate_next(struct mutate_random *random);
/* 0 to below - 1; 0 when below is 0. */
size_t mutate_below(struct mutate_random *random, size_t below);

/* One change of bytes in place or in length: flipped, overwritten with a number that hurts, copied,
 * inserted, deleted, cut, or taken from other. Between from and to when they are not equal. */
void mutate_bytes(struct mutate_random *random, struct pk_buffer *file, size_t from, size_t to,
        struct pk_slice other);

/* An archive's directory; entries are in its order. */
struct mutate_entry {
    size_t header; /* of the entry's directory header */
    size_t local;  /* of its local header */
    size_t data;
    size_t packed;
    size_t size;
    unsigned method;
    struct pk_slice name;
};

struct mutate_zip {
    struct mutate_entry *entries;
    size_t count;
    size_t directory;
    size_t end; /* of the end record */
};

/* PK_EMALF: no archive, or one that is too strange to be taken apart by us. */
PK_MUST_USE int mutate_zip_read(struct pk_slice file, struct mutate_zip *out);
void mutate_zip_finish(struct mutate_zip *zip);

/* A change of the archive's structure: a field of a header, two headers swapped, the place of the
 * directory, the signing block between data and directory. */
void mutate_zip_structure(
        struct mutate_random *random, struct pk_buffer *file, const struct mutate_zip *zip);
/* A change inside an entry: it is unpacked, changed, and the archive put together anew around it, with
 * sizes and checksum right, so that readers get as far as the content. PK_EMALF, PK_ENOMEM. */
PK_MUST_USE int mutate_zip_content(struct mutate_random *random, struct pk_buffer *file,
        const struct mutate_zip *zip, struct pk_slice other);
