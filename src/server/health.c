#include "server/health.h"

#include "server/ca.h"

void pk_healthz_handler(struct pk_request *request, void *server)
{
    (void)server;
    pk_reply_json(request, 200, json_pack("{s:s}", "status", "ok"));
}

void pk_readyz_handler(struct pk_request *request, void *server)
{
    struct pk_server *s = server;
    struct pk_strings problems;

    pk_server_problems(s, pk_request_arena(request), &problems);
    if (problems.count > 0) {
        pk_reply_header(request, "Retry-After", "5");
        pk_reply_problem(request, 503, "unavailable", problems.items[0], NULL);
        return;
    }
    pk_reply_json(request, 200, json_pack("{s:s}", "status", "ready"));
}

void pk_ca_pem_handler(struct pk_request *request, void *server)
{
    struct pk_server *s = server;

    pk_reply_text(request, 200, "application/x-pem-file", pk_ca_pem(s->ca));
}
