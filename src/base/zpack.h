/* zpack.h - zstd with an optional dictionary, and a cap on what may come out (a "zip bomb" is
 * refused before it is unpacked). One pk_zpack per thread; creating one is costly (dictionary). */
#pragma once

#include "base/buffer.h"

struct pk_zpack;

/* dictionary may be empty. NULL when memory is short. The dictionary is copied. */
struct pk_zpack *pk_zpack_create(struct pk_slice dictionary, int level);
void pk_zpack_destroy(struct pk_zpack *z);

/* Appends the packed form of in to out. PK_ENOMEM, PK_ELIMIT. */
PK_MUST_USE int pk_zpack_pack(struct pk_zpack *z, struct pk_slice in, struct pk_buffer *out);

/* Appends the content of exactly one frame to out. PK_ELIMIT: more than out->max; PK_EMALF: not
 * zstd, damaged, another dictionary, or bytes after the frame. */
PK_MUST_USE int pk_zpack_unpack(struct pk_zpack *z, struct pk_slice in, struct pk_buffer *out);

/* The number of a dictionary, and of the one that a frame was packed with; 0: none, or not zstd. */
uint32_t pk_zpack_dictionary_id(struct pk_slice dictionary);
uint32_t pk_zpack_frame_dictionary(struct pk_slice frame);

/* The dictionary for device reports that the build carries (data/report.dict). */
struct pk_slice pk_zpack_report_dictionary(void);
