#include "server/trust_push.h"

#include <stdio.h>
#include <string.h>

void pk_trust_known(struct pk_request *request, char out[PK_TRUST_VERSION])
{
    const char *said = pk_request_header(request, PK_TRUST_HEADER);

    (void)snprintf(out, PK_TRUST_VERSION, "%s", said != NULL ? said : "");
}

json_t *pk_trust_push(const struct pk_server *server, const char *known)
{
    const struct pk_policy *policy = pk_server_policy(server);
    const char *version = pk_policy_trust_version(policy);
    const char *text = pk_policy_trust_text(policy);

    if (known[0] == '\0' || strcmp(known, version) == 0) {
        return NULL;
    }
    /* Parsed anew for each: values of jansson do not like to be shared between threads. */
    return json_pack("{s:s, s:o}", "trust_version", version, "trust",
            text != NULL ? json_loads(text, 0, NULL) : json_object());
}
