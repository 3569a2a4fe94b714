#include "server/call.h"
#include "server/me.h"
#include "server/qr_svg.h"
#include "server/view.h"

#define SVG_MAX (64UL * 1024)

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
    struct pk_buffer svg = pk_buffer_of(SVG_MAX);
    json_t *body = NULL;
    int rc = pk_call_transaction(call, make, &link, err);

    if (rc == PK_OK) {
        rc = pk_qr_svg(link.url, &svg, err);
    }
    if (rc == PK_OK) {
        body = json_pack("{s:s, s:s, s:o}", "url", link.url, "qr_svg", svg.ptr, "expires_at",
                pk_view_time(link.expires_ms));
    }
    pk_buffer_finish(&svg);
    return rc < 0 ? rc : pk_call_reply(call, 201, body);
}
