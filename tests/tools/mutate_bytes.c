#include "mutate.h"

#define BLOCK_MAX 4096UL

struct mutate_random mutate_random_of(uint64_t seed, uint64_t index)
{
    return (struct mutate_random){ .state = seed * UINT64_C(0x9e3779b97f4a7c15) + index };
}

/* splitmix64: neighbouring states give unrelated numbers. */
uint64_t mutate_next(struct mutate_random *random)
{
    uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

size_t mutate_below(struct mutate_random *random, size_t below)
{
    return below == 0 ? 0 : (size_t)(mutate_next(random) % below);
}

/* Lengths, counts and offsets that are off by one, by a sign, by everything. */
static uint64_t hurting_number(struct mutate_random *random, size_t size)
{
    static const uint64_t numbers[] = { 0, 1, 2, 3, 7, 8, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000,
        0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff, 0x100000000,
        0x7fffffffffffffff, 0xffffffffffffffff };
    size_t i = mutate_below(random, PK_COUNT(numbers) + 3);

    if (i < PK_COUNT(numbers)) {
        return numbers[i];
    }
    return i == PK_COUNT(numbers)        ? size
            : i == PK_COUNT(numbers) + 1 ? size - 1
                                         : mutate_below(random, size + 1);
}

static void put_number(struct mutate_random *random, struct pk_buffer *file, size_t at, size_t left)
{
    static const size_t widths[] = { 1, 2, 4, 4, 4, 8 };
    size_t width = widths[mutate_below(random, PK_COUNT(widths))];
    uint64_t number = hurting_number(random, file->len);
    bool big = mutate_below(random, 8) == 0; /* DER, property lists, fat Mach-O */

    for (size_t i = 0; i < width && i < left; i++) {
        file->ptr[at + i] = (char)(number >> 8 * (big ? width - 1 - i : i));
    }
}

static void add_number(struct mutate_random *random, struct pk_buffer *file, size_t at)
{
    int delta = (int)mutate_below(random, 9) - 4;

    file->ptr[at] = (char)(file->ptr[at] + delta);
}

/* count bytes at `at` become those of with. */
static void splice(struct pk_buffer *file, size_t at, size_t count, struct pk_slice with)
{
    struct pk_buffer out = pk_buffer_of(MUTATE_MAX);

    (void)pk_buffer_put(&out, file->ptr, at);
    (void)pk_buffer_put(&out, with.ptr, with.len);
    (void)pk_buffer_put(&out, file->ptr + at + count, file->len - at - count);
    if (out.rc == PK_OK) {
        pk_buffer_finish(file);
        *file = out;
    } else {
        pk_buffer_finish(&out);
    }
}

static struct pk_slice any_block(struct mutate_random *random, struct pk_slice in)
{
    size_t at = mutate_below(random, in.len);
    size_t len = 1 + mutate_below(random, BLOCK_MAX);

    return pk_slice_of(in.ptr + at, len < in.len - at ? len : in.len - at);
}

/* A copy, since what it is put into moves. */
static void put_block(struct mutate_random *random, struct pk_buffer *file, size_t at, size_t left,
        struct pk_slice from, bool insert)
{
    struct pk_slice block = from.len > 0 ? any_block(random, from) : from;
    struct pk_buffer copy = pk_buffer_of(BLOCK_MAX + 1);

    if (from.len > 0 && pk_buffer_put(&copy, block.ptr, block.len) == PK_OK) {
        splice(file, at, insert ? 0 : (copy.len < left ? copy.len : left), pk_buffer_slice(&copy));
    }
    pk_buffer_finish(&copy);
}

static void flip(struct mutate_random *random, struct pk_buffer *file, size_t from, size_t to)
{
    for (size_t n = 1 + mutate_below(random, 8); n > 0; n--) {
        file->ptr[from + mutate_below(random, to - from)] ^= (char)(1U << mutate_below(random, 8));
    }
}

void mutate_bytes(struct mutate_random *random, struct pk_buffer *file, size_t from, size_t to,
        struct pk_slice other)
{
    if (from >= to || to > file->len) {
        from = 0;
        to = file->len;
    }
    if (to == 0) {
        return;
    }
    size_t at = from + mutate_below(random, to - from);
    size_t left = to - at;
    switch (mutate_below(random, 12)) {
    case 0:
    case 1:
        flip(random, file, from, to);
        break;
    case 2:
    case 3:
    case 4:
        put_number(random, file, at, left);
        break;
    case 5:
        add_number(random, file, at);
        break;
    case 6:
        file->ptr[at] = (char)mutate_next(random);
        break;
    case 7:
        put_block(random, file, at, left, pk_buffer_slice(file), false);
        break;
    case 8:
        put_block(random, file, at, left, pk_buffer_slice(file), true);
        break;
    case 9:
        put_block(random, file, at, left, other, mutate_below(random, 2) == 0);
        break;
    case 10:
        splice(file, at, 1 + mutate_below(random, left < BLOCK_MAX ? left : BLOCK_MAX),
                pk_slice_of(NULL, 0));
        break;
    default:
        splice(file, at, left, pk_slice_of(NULL, 0)); /* cut, of a part or of the file */
        break;
    }
}
