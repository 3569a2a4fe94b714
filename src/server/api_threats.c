#include "server/call.h"
#include "server/view.h"

int pk_api_threat_list(struct pk_call *call, struct pk_error *err)
{
    json_t *items = json_array();
    size_t count = pk_threat_count();

    (void)err;
    for (size_t i = 0; i < count; i++) {
        (void)json_array_append_new(items, pk_view_threat(pk_threat_at(i)));
    }
    return pk_call_reply(call, 200,
            json_pack(
                    "{s:o, s:n, s:I}", "items", items, "next_cursor", "total", (json_int_t)count));
}
