/* Any text as a host name and as a URL. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "defense/network/names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    struct pk_name_looks opinion;

    if (text == NULL) {
        return 0;
    }
    if (size > 0) {
        memcpy(text, data, size);
    }
    text[size] = '\0';
    pk_name_judge(text, &opinion);
    if (opinion.score < -1 || opinion.score > 100) {
        abort();
    }
    pk_url_judge(text, &opinion);
    if (opinion.score < -1 || opinion.score > 100 || opinion.reason_count > PK_NAME_REASONS) {
        abort();
    }
    free(text);
    return 0;
}
