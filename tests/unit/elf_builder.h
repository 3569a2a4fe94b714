/* elf_builder.h - a small shared library of either width and byte order for tests: one loadable segment
 * over the whole file, a dynamic segment, a stack mark, a note, symbols and their hash table. */
#pragma once

#include <stdbool.h>

#include "check.h"

struct elf_spec {
    bool is64, big_endian;
    uint16_t machine;
    bool gnu_hash;    /* instead of the older table */
    bool no_hash;     /* neither */
    bool no_sections; /* no section headers */
    bool exec_stack;  /* the stack mark allows to run */
    uint32_t flags;   /* DT_FLAGS */
};

/* Places of what tests change. */
struct elf_made {
    uint8_t *bytes; /* exactly len; the caller frees */
    size_t len;
    size_t segments, dynamic, symbols, strings, hash, sections;
};

/* Needs libc.so and liblog.so; is called libt.so; imports puts, __stack_chk_fail and __strcpy_chk; exports
 * run, JNI_OnLoad (weak) and Java_a_B_c; has one local symbol; build id 0badcafe; runpath "/x". */
struct elf_made elf_build(const struct elf_spec *spec);
void elf_put(const struct elf_spec *spec, uint8_t *p, size_t size, uint64_t value);
