/* dex_builder.h - small DEX files for tests, put together piece by piece: one class with the bodies
 * that a test gives. */
#pragma once

#include <stdbool.h>

#include "base/buffer.h"
#include "check.h"

#define DEX_METHODS_MAX 8

struct dex_body {
    const uint16_t *units;
    uint32_t count;
    uint16_t tries;
    uint32_t access;
    bool bare; /* no code item: abstract or native */
};

struct dex_spec {
    const char *version; /* "035" */
    const struct dex_body *bodies;
    uint32_t body_count;
    uint32_t call_sites; /* entries of the map's table */
    uint32_t handles;
    bool directory; /* annotation directories behind the map, where some tools put them */
};

/* What a finished file is made of; tests change single fields by these places. */
struct dex_made {
    uint8_t *bytes; /* exactly len; the caller frees */
    size_t len;
    size_t class_defs, class_data, map;
    size_t codes[DEX_METHODS_MAX]; /* of each body */
};

/* Strings "LCls;", "V", "go"; types LCls; and V; one prototype ()V; one field LCls;->go:LCls; and as many
 * methods LCls;->go()V as there are bodies, at least one. */
struct dex_made dex_build(const struct dex_spec *spec);
/* Adler-32 and SHA-1 anew, after a change. */
void dex_seal(uint8_t *dex, size_t len);
void dex_put32(uint8_t *p, uint32_t value);
