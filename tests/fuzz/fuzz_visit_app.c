/* Lines about apps as they wait for the crowd: what is read is written back the same. */
#include <stdlib.h>
#include <string.h>

#include "crowd/visit_apps.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    struct pk_buffer back = pk_buffer_of(1024);
    const char *at = text;
    struct pk_sighting s;
    char id[PK_VISIT_DEVICE_TEXT];

    if (text == NULL) {
        return 0;
    }
    if (size > 0) {
        memcpy(text, data, size);
    }
    text[size] = '\0';
    while (pk_visit_app_read(&at, &s, id) == PK_OK) {
        struct pk_sighting again;
        const char *from;

        pk_buffer_clear(&back);
        pk_visit_app_write(&s, id, &back);
        from = back.ptr;
        if (back.rc < 0 || at > text + size || pk_visit_app_read(&from, &again, id) < 0 ||
                again.at_s != s.at_s || again.device != s.device || again.kind != s.kind ||
                *from != '\0') {
            abort();
        }
    }
    pk_buffer_finish(&back);
    free(text);
    return 0;
}
