/* due.h - the thread that lets time pass for policies: grace that is over, reminders, holds that end, and devices that
 * do not follow the newest version of the policy yet. */
#pragma once

#include "server/server.h"

struct pk_due;

PK_MUST_USE int pk_due_start(struct pk_server *server, struct pk_due **out, struct pk_error *err);
void pk_due_stop(struct pk_due *due); /* NULL is fine */
/* The policy changed: bring it to all devices. Any thread; NULL is fine. */
void pk_due_wake(struct pk_due *due);
