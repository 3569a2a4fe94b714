/* page.h - what a letter says, block by block, before it is text or HTML. Internal to letter.c. */
#pragma once

#include "base/arena.h"
#include "base/buffer.h"

enum pk_block {
    PK_BLOCK_TITLE,
    PK_BLOCK_TEXT,
    PK_BLOCK_HEADING,
    PK_BLOCK_STEP, /* numbered from 1 after anything else */
    PK_BLOCK_FACT, /* a: key, b: value */
    PK_BLOCK_LINK, /* a: text with "{link}" or before it, b: address */
    PK_BLOCK_SMALL,
};

#define PK_PAGE_BLOCKS 1100

struct pk_page_of_letter {
    const char *language; /* of the words, for the HTML */
    struct {
        enum pk_block kind;
        const char *a;
        const char *b;
    } blocks[PK_PAGE_BLOCKS];
    size_t count; /* more are left out */
};

void pk_page_add(struct pk_page_of_letter *page, enum pk_block kind, const char *a, const char *b);
void pk_page_text(const struct pk_page_of_letter *page, struct pk_buffer *out);
void pk_page_html(const struct pk_page_of_letter *page, struct pk_buffer *out);
