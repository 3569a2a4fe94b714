/* mistake.h - an entry of the memory for false positives (incident/mistake.h says what it means). */
#pragma once

#include <stdint.h>

enum pk_mistake_scope {
    PK_MISTAKE_ALL,
    PK_MISTAKE_GROUP,
    PK_MISTAKE_DEVICE,
};
extern const char *const pk_mistake_scope_names[]; /* "all" "group" "device", NULL-terminated */

struct pk_mistake {
    const char *id;
    const char *reason;
    int scope;           /* enum pk_mistake_scope */
    const char *target;  /* group or device; "" for all */
    const char *threat;  /* id */
    const char *subject; /* NULL: any */
    const char *rule;    /* NULL: any */
    int64_t created_ms;
    const char *created_by;
    int64_t expires_ms; /* 0: never */
    int64_t uses;       /* incidents that it dismissed */
    int64_t used_ms;    /* when last; 0: never */
};
