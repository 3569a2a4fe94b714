/* origin.h - where an app came from, by the name of what installed it. */
#pragma once

#include "defense/reputation/reputation.h"

enum pk_app_origin {
    PK_ORIGIN_UNKNOWN,
    PK_ORIGIN_SYSTEM, /* came with the device */
    PK_ORIGIN_STORE, /* a store that checks what it offers, or the organisation's device management */
    PK_ORIGIN_HAND, /* a file that somebody opened, a browser, another app */
};

/* stores: installers that the organisation trusts as well. */
enum pk_app_origin pk_app_origin_of(
        const struct pk_app_situation *situation, const struct pk_strings *stores);
