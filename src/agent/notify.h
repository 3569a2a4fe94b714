/* notify.h - desktop notifications where there is a desktop, and taking them back.
 *
 * They are shown by notify-send, which says the desktop's number of each, and closed by dbus-send
 * (CloseNotification of the Desktop Notifications Specification 1.2). Loop thread. */
#pragma once

#include "agent/alert.h"

struct pk_loop;
struct pk_notify;

/* NULL when memory is short. Outlives the loop: its jobs end in it. */
struct pk_notify *pk_notify_create(struct pk_loop *loop);
void pk_notify_destroy(struct pk_notify *notify); /* NULL is fine */

/* Whether this process has a session bus and notify-send is installed. */
bool pk_notify_possible(void);

/* Starts notify-send beside the loop (no shell; killed after some seconds). One of the same threat and subject, or
 * the one that the alert replaces, gives way to it. subject: the server's name of it, not the person's. */
void pk_notify_send(struct pk_notify *notify, const struct pk_alert *alert, const char *subject);

/* Gives a notification that is already there the server's number, so that it can be taken back by it. */
void pk_notify_name(
        struct pk_notify *notify, const char *threat, const char *subject, const char *alert);

/* Takes the notification back, silently: the one of that number, else of that threat and subject. alert may be
 * NULL. False when there is none. */
bool pk_notify_close(
        struct pk_notify *notify, const char *alert, const char *threat, const char *subject);
