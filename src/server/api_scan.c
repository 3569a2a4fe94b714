#include <string.h>

#include "server/call.h"
#include "server/scans.h"

#define NAME_MAX_BYTES 255
#define SDK_MAX        10000 /* apksig's number for a development release */

/* The parameters of the call. */
struct args {
    struct pk_scan_ask ask;
    struct pk_error *err;
};

static int take_sdk(const char *name, const char *value, int *out, struct pk_error *err)
{
    char *end;
    long number = strtol(value, &end, 10);

    if (value[0] < '0' || value[0] > '9' || *end != '\0' || number < 1 || number > SDK_MAX) {
        (void)pk_error_set(err, PK_EBOUNDS, "a level from 1 to %d is wanted", SDK_MAX);
        return pk_query_path(err, name);
    }
    *out = (int)number;
    return PK_OK;
}

static int take_arg(const char *name, const char *value, void *ctx)
{
    struct args *args = ctx;

    if (strcmp(name, "min_sdk") == 0) {
        return take_sdk(name, value, &args->ask.min_sdk, args->err);
    }
    if (strcmp(name, "max_sdk") == 0) {
        return take_sdk(name, value, &args->ask.max_sdk, args->err);
    }
    if (strcmp(name, "name") != 0) {
        (void)pk_error_set(args->err, PK_EUNKNOWN, "this call has no such parameter");
        return pk_query_path(args->err, name);
    }
    if (strlen(value) > NAME_MAX_BYTES || value[0] == '\0') {
        (void)pk_error_set(args->err, PK_EBOUNDS, "1 to %d bytes are wanted", NAME_MAX_BYTES);
        return pk_query_path(args->err, name);
    }
    args->ask.name = value;
    return PK_OK;
}

static int audit(struct pk_call *call, void *ctx, struct pk_error *err)
{
    const struct args *args = ctx;

    return pk_call_audit(call, "app.scan", args->ask.name, NULL, err);
}

int pk_api_scan(struct pk_call *call, struct pk_error *err)
{
    struct args args = { .ask = { .name = "upload" }, .err = err };
    int rc = pk_request_query_each(call->request, take_arg, &args);

    if (rc == PK_OK && pk_request_body_file(call->request) < 0) {
        rc = pk_error_set(err, PK_EMISSING, "the file is wanted as the body");
    }
    if (rc == PK_OK) {
        rc = pk_call_transaction(call, audit, &args, err);
    }
    if (rc == PK_OK) {
        pk_scans_submit(call->server->scans, call->request, &args.ask);
    }
    return rc;
}
