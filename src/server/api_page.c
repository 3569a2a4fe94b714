#include "server/call.h"
#include "server/me.h"
#include "server/view.h"

static int make(struct pk_call *call, void *ctx, struct pk_error *err)
{
    struct pk_me_link *link = ctx;
    int rc = pk_me_link_make(call->server, call->store, link, call->arena, err);

    /* Not the device's own ledger alone: whoever opens it sees the page of somebody else. */
    return rc < 0 ? rc
                  : pk_call_audit(call, "device.page_link", link->device,
                            json_pack("{s:s}", "role", pk_role_names[call->actor.role]), err);
}

int pk_api_device_page_link(struct pk_call *call, struct pk_error *err)
{
    struct pk_me_link link = { .device = pk_request_param(call->request, "id"),
        .by = pk_actor_text(&call->actor, call->arena) };
    int rc = pk_call_transaction(call, make, &link, err);

    return rc < 0 ? rc
                  : pk_call_reply(call, 201,
                            json_pack("{s:s, s:o}", "url", link.url, "expires_at",
                                    pk_view_time(link.expires_ms)));
}
