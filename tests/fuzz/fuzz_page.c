/* A hostile page: as a body that travelled (chunked, packed), compared with the page before, as a portal's
 * page and as its API's answer. The input is "before NUL now"; without a NUL it is an answer with its head. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/http_body.h"
#include "agent/page_diff.h"
#include "agent/probe_portal.h"
#include "base/arena.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_answer(struct pk_slice in)
{
    struct pk_buffer out = pk_buffer_of(4096);
    struct pk_http_head head;

    if (pk_http_head_parse(in, &head) == PK_OK && pk_http_body(&head, in, true, &out) == PK_OK &&
            out.len > 4096) {
        abort();
    }
    pk_buffer_finish(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pk_arena *arena = pk_arena_create(1UL << 20);
    const uint8_t *end = size > 0 ? memchr(data, '\0', size) : NULL;
    struct pk_slice before = pk_slice_of(data, end != NULL ? (size_t)(end - data) : 0);
    struct pk_slice now = end != NULL ? pk_slice_of(end + 1, size - before.len - 1)
                                      : pk_slice_of(data, size);
    struct pk_page_diff diff = { .changes = 0 };
    struct pk_portal_result result = { .again_ms = 0 };
    enum pk_tri captive;

    read_answer(pk_slice_of(data, size));
    if (pk_page_compare(before, now, arena, &diff) == PK_OK &&
            ((diff.changes == 0) != pk_slice_eq(before, now) ||
                    diff.hosts.count > PK_PAGE_HOSTS_MAX ||
                    (diff.added != NULL && strlen(diff.added) > PK_PAGE_TEXT_MAX))) {
        abort();
    }
    (void)pk_page_summary(now, arena);
    (void)pk_portal_refresh_host(now, arena);
    (void)pk_portal_api_read(now, "https://portal.test/api", arena, &captive, &result);
    pk_arena_destroy(arena);
    return 0;
}
