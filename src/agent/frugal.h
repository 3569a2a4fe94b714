/* frugal.h - an agent that sleeps for hours should weigh little meanwhile. */
#pragma once

/* Once, before anything else: one heap, unused pieces go back to the system early, short waits for
 * names. */
void pk_frugal_begin(void);

/* After work: gives unused heap back, and forgets the mapped pages of program code and constants;
 * those that are needed again come back from the page cache by themselves. Costs some microseconds
 * now and a page fault for each 64 KiB that is used again. */
void pk_frugal_rest(void);
