/* hook.h - a webhook as a channel of the dispatcher: one POST an event, in order, signed. */
#pragma once

#include "base/buffer.h"
#include "respond/channel.h"
#include "respond/hook/settings.h"

/* settings is borrowed. */
struct pk_channel pk_hook_channel(const struct pk_hook_settings *settings);

/* The value of X-Picket-Signature: "t=SECONDS,v1=HEX", HMAC-SHA-256 by the secret over "SECONDS.BODY". */
void pk_hook_sign(const char *secret, int64_t at_s, struct pk_slice body, struct pk_buffer *out);
