/* The head of a hostile HTTP answer, and the same bytes as a URL and as files of the system. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/http_message.h"
#include "agent/lan_files.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pk_slice in = pk_slice_of(data, size);
    struct pk_http_head head;
    struct pk_http_url url;
    struct pk_resolv resolv;
    struct pk_lease lease;
    struct pk_wifi wifi;
    char *text = strndup((const char *)data, size);

    if (pk_http_head_parse(in, &head) == PK_OK && head.body > size) {
        abort();
    }
    if (text != NULL && pk_http_url_parse(text, &url) == PK_OK && url.path[0] != '/') {
        abort();
    }
    free(text);
    pk_resolv_parse(in, &resolv);
    pk_lease_parse(in, &lease);
    pk_wifi_parse(in, &wifi);
    return 0;
}
