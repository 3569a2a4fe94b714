#include "server/call.h"
#include "server/view.h"

int pk_api_audit_list(struct pk_call *call, struct pk_error *err)
{
    static const struct pk_filter_rule filters[] = {
        { "day", NULL },
        { "actor", NULL },
        { "act", NULL },
        { "target", NULL },
        { "q", NULL },
        { NULL, NULL },
    };
    static const char *const sorts[] = { "at", NULL };
    static const struct pk_list_rules rules = { filters, sorts };
    const struct pk_audit_row *rows;
    struct pk_query query;
    struct pk_page page = { 0 };
    json_t *items;
    int rc = pk_call_list_args(call, &rules, &query, err);

    if (rc == PK_OK) {
        rc = pk_audit_list(call->store, &query, call->arena, &page, err);
    }
    if (rc < 0) {
        return rc;
    }
    items = json_array();
    rows = page.items;
    for (size_t i = 0; i < page.count; i++) {
        (void)json_array_append_new(items, pk_view_audit(&rows[i]));
    }
    return pk_call_reply_page(call, &page, items);
}
