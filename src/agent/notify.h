/* notify.h - a desktop notification through notify-send, where there is a desktop. */
#pragma once

#include "agent/alert.h"

struct pk_loop;

/* Whether this process has a session bus and notify-send is installed. */
bool pk_notify_possible(void);

/* Starts notify-send beside the loop (no shell; killed after some seconds) and forgets about it. */
void pk_notify_send(struct pk_loop *loop, const struct pk_alert *alert);
