#include <stdlib.h>
#include <string.h>

#include "server/call.h"
#include "server/openapi.h"

int pk_api_openapi_get(struct pk_call *call, struct pk_error *err)
{
    struct pk_slice text = pk_openapi_json();
    void *copy = malloc(text.len);

    if (copy == NULL) {
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    memcpy(copy, text.ptr, text.len);
    pk_reply_bytes(call->request, 200, "application/json", copy, text.len);
    return PK_OK;
}
