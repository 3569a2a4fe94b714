#include "agent/frugal.h"

#include <stdint.h>
#include <link.h>
#include <malloc.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define KEEP_FREE 65536 /* bytes of free heap that may stay */

void pk_frugal_begin(void)
{
    /* NOLINTBEGIN(concurrency-mt-unsafe): before any thread */
    (void)mallopt(M_ARENA_MAX, 1);
    (void)mallopt(M_TRIM_THRESHOLD, KEEP_FREE);
    (void)mallopt(M_MMAP_THRESHOLD, KEEP_FREE);
    (void)setenv("RES_OPTIONS", "timeout:2 attempts:2", 0);
    /* NOLINTEND(concurrency-mt-unsafe) */
}

/* Segments that the program headers call read-only are never written, relocations included (those
 * lie in writable segments, protected later), unless the object has text relocations. */
static int forget(struct dl_phdr_info *object, size_t size, void *ctx)
{
    size_t page = *(const size_t *)ctx;

    (void)size;
    for (size_t i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        const ElfW(Dyn) * dynamic;

        if (segment->p_type != PT_DYNAMIC) {
            continue;
        }
        /* NOLINTNEXTLINE(performance-no-int-to-ptr): where the loader put it */
        dynamic = (const void *)(object->dlpi_addr + segment->p_vaddr);
        for (; dynamic->d_tag != DT_NULL; dynamic++) {
            if (dynamic->d_tag == DT_TEXTREL) {
                return 0;
            }
        }
    }
    for (size_t i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        uintptr_t from = object->dlpi_addr + segment->p_vaddr;
        uintptr_t end = from + segment->p_filesz;

        if (segment->p_type == PT_LOAD && (segment->p_flags & PF_W) == 0) {
            from &= ~(uintptr_t)(page - 1);
            /* NOLINTNEXTLINE(performance-no-int-to-ptr): where the loader put it */
            (void)madvise((void *)from, end - from, MADV_DONTNEED);
        }
    }
    return 0;
}

void pk_frugal_rest(void)
{
    long page = sysconf(_SC_PAGESIZE);
    size_t size = page > 0 ? (size_t)page : 4096;

    (void)malloc_trim(0);
    (void)dl_iterate_phdr(forget, &size);
}
