#include <string.h>

#include "model/threat_words.h"
#include "model/words.h"
#include "server/call.h"
#include "server/view.h"

struct args {
    const char *language;
    struct pk_error *err;
};

static int take(const char *name, const char *value, void *ctx)
{
    struct args *args = ctx;

    if (strcmp(name, "language") != 0) {
        (void)pk_error_set(args->err, PK_EUNKNOWN, "this call has no such parameter");
        return pk_query_path(args->err, name);
    }
    args->language = pk_language_known(value);
    if (args->language == NULL) {
        (void)pk_error_set(args->err, PK_EMALF, "there are no texts in this language");
        return pk_query_path(args->err, name);
    }
    return PK_OK;
}

int pk_api_threat_list(struct pk_call *call, struct pk_error *err)
{
    struct args args = { .language = "en", .err = err };
    size_t count = pk_threat_count();
    int rc = pk_request_query_each(call->request, take, &args);
    json_t *items;

    if (rc < 0) {
        return rc;
    }
    items = json_array();
    for (size_t i = 0; i < count; i++) {
        (void)json_array_append_new(items, pk_view_threat(pk_threat_at(i), args.language));
    }
    return pk_call_reply(call, 200,
            json_pack(
                    "{s:o, s:n, s:I}", "items", items, "next_cursor", "total", (json_int_t)count));
}
