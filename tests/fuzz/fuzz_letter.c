/* A letter from a hostile payload: whatever the texts are, the message keeps its form. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/schema.h"
#include "respond/mail/letter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pk_buffer out = pk_buffer_of(PK_LETTER_MAX);
    struct pk_letter letter = { .to = "a@b",
        .from = "c@d",
        .from_name = "P",
        .reply_to = "e@f",
        .url = "https://h",
        .incident = "i",
        .id = 1,
        .created_ms = 2,
        .now_ms = 3 };
    json_t *payload = NULL;

    if (pk_json_parse((const char *)data, size, &payload, NULL) == PK_OK) {
        letter.payload = payload;
        if (pk_letter_compose(&letter, &out, NULL) == PK_OK) {
            const char *head = strstr(out.ptr, "\r\n\r\n");
            const char *bcc = strstr(out.ptr, "\r\nBcc");

            for (size_t i = 0; i < out.len; i++) { /* ASCII, and no line end of its own */
                unsigned char c = (unsigned char)out.ptr[i];

                if (c >= 0x80 || (c == '\n' && (i == 0 || out.ptr[i - 1] != '\r'))) {
                    abort();
                }
            }
            if (head == NULL || (bcc != NULL && bcc < head)) {
                abort();
            }
        }
    }
    json_decref(payload);
    pk_buffer_finish(&out);
    return 0;
}
