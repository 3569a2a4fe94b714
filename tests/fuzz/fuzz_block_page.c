/* fuzz_block_page.c - what anybody on the device sends to the page for blocked names; and the page with
 * foreign text in all places: markup of others must not come through. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/block_page.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t count_of(const char *text, const char *what)
{
    size_t count = 0;

    while ((text = strstr(text, what)) != NULL) {
        count++;
        text++;
    }
    return count;
}

static void write_page(const char *host, const char *foreign, enum pk_page_state state, int by)
{
    struct pk_page_facts facts = { .state = state,
        .decision = { .by = (enum pk_name_by)by,
                .hit = { .indicator = foreign,
                        .family = foreign,
                        .source = foreign,
                        .reference = foreign,
                        .date = foreign },
                .opinion = { .reason_count = 1 } } };
    struct pk_buffer out = pk_buffer_of(1UL << 20);

    (void)snprintf(
            facts.decision.opinion.brand, sizeof(facts.decision.opinion.brand), "%s", foreign);
    (void)snprintf(facts.decision.opinion.reasons[0], PK_NAME_REASON, "%s", foreign);
    pk_page_write(host, &facts, false, &out);
    if (out.rc == PK_OK &&
            (strstr(out.ptr, "<script") != NULL || strstr(out.ptr, "<img") != NULL ||
                    count_of(out.ptr, "<style") != 1 || count_of(out.ptr, "\r\n\r\n") != 1)) {
        abort();
    }
    pk_buffer_finish(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pk_page_request request;
    uint8_t *copy = malloc(size > 0 ? size : 1);
    char foreign[1024];
    size_t len = size < sizeof(foreign) - 1 ? size : sizeof(foreign) - 1;

    if (copy == NULL) {
        return 0;
    }
    if (size > 0) {
        memcpy(copy, data, size);
    }
    if (pk_page_read(pk_slice_of(copy, size), &request) == PK_OK) {
        if (strlen(request.host) >= PK_PAGE_HOST_MAX ||
                strpbrk(request.host, "<>\"'& \r\n") != NULL ||
                (request.goes_on && strlen(request.token) != PK_SHA256_HEX - 1)) {
            abort();
        }
        write_page(request.host, "x", PK_PAGE_WARNED, PK_NAME_BY_LIST);
    }
    if (size > 0) {
        memcpy(foreign, data, len);
    }
    foreign[len] = '\0';
    write_page(foreign, foreign, PK_PAGE_BLOCKED, PK_NAME_BY_LIST);
    write_page("h.example", foreign, PK_PAGE_WARNED, PK_NAME_BY_MODEL);
    free(copy);
    return 0;
}
