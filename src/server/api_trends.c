#include <string.h>

#include "server/call.h"
#include "server/trends.h"

#define DAYS_MAX     400
#define DAYS_DEFAULT 90
#define GROUP_MAX    64

struct args {
    int64_t days;
    const char *group;
    struct pk_call *call;
    struct pk_error *err;
};

static int take_arg(const char *name, const char *value, void *ctx)
{
    struct args *args = ctx;

    if (strcmp(name, "days") == 0) {
        return pk_query_int(name, value, 1, DAYS_MAX, &args->days, args->err);
    }
    if (strcmp(name, "group") != 0) {
        (void)pk_error_set(args->err, PK_EUNKNOWN, "this call has no such parameter");
        return pk_query_path(args->err, name);
    }
    if (strlen(value) > GROUP_MAX) {
        (void)pk_error_set(
                args->err, PK_EBOUNDS, "a group's name has at most %d characters", GROUP_MAX);
        return pk_query_path(args->err, name);
    }
    args->group = pk_arena_strdup(args->call->arena, value);
    return args->group != NULL ? PK_OK : pk_error_set(args->err, PK_ENOMEM, "out of memory");
}

int pk_api_trends_get(struct pk_call *call, struct pk_error *err)
{
    struct args args = { .days = DAYS_DEFAULT, .group = "", .call = call, .err = err };
    json_t *days = NULL;
    int rc = pk_request_query_each(call->request, take_arg, &args);

    if (rc == PK_OK) {
        rc = pk_trends_read(
                call->store, args.group, args.days, call->now_ms, call->arena, &days, err);
    }
    return rc < 0
            ? rc
            : pk_call_reply(call, 200, json_pack("{s:s, s:o}", "group", args.group, "days", days));
}
