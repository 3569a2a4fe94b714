/* What the services that wake phones answer: the first byte says which, the second the status. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "respond/push/answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const long statuses[] = { 200, 400, 401, 403, 404, 410, 413, 429, 500, 503 };
    struct pk_push_answer answer;
    struct pk_slice body;
    char token[64];
    int64_t lives_ms = 0;
    long status;

    if (size < 2) {
        return 0;
    }
    status = statuses[data[1] % (sizeof(statuses) / sizeof(statuses[0]))];
    body = pk_slice_of(data + 2, size - 2);
    switch (data[0] % 3) {
    case 0:
        pk_apns_answer(status, body, &answer);
        break;
    case 1:
        pk_fcm_answer(status, body, &answer);
        break;
    default:
        if (pk_fcm_access_token(body, token, sizeof(token), &lives_ms, NULL) == PK_OK &&
                (strpbrk(token, " \r\n") != NULL || lives_ms <= 0)) {
            abort();
        }
        return 0;
    }
    if (strlen(answer.reason) >= sizeof(answer.reason) || strpbrk(answer.reason, " \r\n") != NULL) {
        abort();
    }
    return 0;
}
