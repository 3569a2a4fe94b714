/* fuzz_confusable.c - labels of attackers against each other: bounded, and equal to themselves. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "defense/reputation/confusable.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    char skeleton[PK_SKELETON_MAX];
    char again[PK_SKELETON_MAX];
    size_t len;

    if (text == NULL) {
        abort();
    }
    memcpy(text, data, size);
    text[size] = '\0';
    len = pk_confusable_skeleton(text, skeleton);
    if (len >= PK_SKELETON_MAX || strlen(skeleton) != len ||
            pk_confusable_same(text, text) != (len > 0) || !pk_confusable_plain(text, text)) {
        abort();
    }
    (void)pk_confusable_skeleton(skeleton, again);
    (void)pk_confusable_disguised(text);
    (void)pk_confusable_contains(text, "whatsapp");
    free(text);
    return 0;
}
