/* app_upload.h - POST /v1/app/{sha256}: a device sends the app file that it was asked for. docs/protocol.md
 * is the contract. */
#pragma once

#include "server/http.h"

/* Before the body: is it wanted, and from this device? */
void pk_app_upload_gate(struct pk_request *request, void *server);
void pk_app_upload_handler(struct pk_request *request, void *server);
