/* bpf.h - a small interpreter of classic BPF for tests of socket filters (the kernel runs the same
 * program). A load beyond the packet ends it with 0, as in the kernel; other instructions than those
 * that the filters use fail the test. */
#pragma once

#include <linux/filter.h>
#include <stdbool.h>

#include "check.h"

static inline bool pk_test_load(
        const uint8_t *bytes, size_t len, size_t at, size_t size, uint32_t *out)
{
    *out = 0;
    for (size_t i = 0; i < size && at + size <= len; i++) {
        *out = *out << 8 | bytes[at + i];
    }
    return at + size <= len;
}

/* What the filter returns: bytes to pass, 0: none. */
static inline uint32_t pk_test_bpf(
        const struct sock_filter *code, size_t count, const uint8_t *bytes, size_t len)
{
    uint32_t a = 0;
    uint32_t x = 0;
    bool there = true;

    for (size_t pc = 0; pc < count && there; pc++) {
        const struct sock_filter *i = &code[pc];

        switch (i->code) {
        case BPF_LD | BPF_B | BPF_ABS:
            there = pk_test_load(bytes, len, i->k, 1, &a);
            break;
        case BPF_LD | BPF_H | BPF_ABS:
            there = pk_test_load(bytes, len, i->k, 2, &a);
            break;
        case BPF_LD | BPF_W | BPF_ABS:
            there = pk_test_load(bytes, len, i->k, 4, &a);
            break;
        case BPF_LD | BPF_B | BPF_IND:
            there = pk_test_load(bytes, len, x + i->k, 1, &a);
            break;
        case BPF_LD | BPF_H | BPF_IND:
            there = pk_test_load(bytes, len, x + i->k, 2, &a);
            break;
        case BPF_LDX | BPF_B | BPF_MSH:
            there = pk_test_load(bytes, len, i->k, 1, &x);
            x = (x & 15) * 4;
            break;
        case BPF_JMP | BPF_JEQ | BPF_K:
            pc += a == i->k ? i->jt : i->jf;
            break;
        case BPF_JMP | BPF_JSET | BPF_K:
            pc += (a & i->k) != 0 ? i->jt : i->jf;
            break;
        case BPF_RET | BPF_K:
            return i->k;
        default:
            fail_msg("instruction %#x", i->code);
        }
    }
    assert_false(there); /* the program must not run out */
    return 0;
}
