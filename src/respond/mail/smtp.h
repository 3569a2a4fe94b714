/* smtp.h - the mail relay as a channel of the dispatcher: libcurl speaks SMTP (RFC 5321) with STARTTLS (RFC 3207).
 *
 * One queue for all addresses. What the relay refuses for good (5xx to the recipient or the message) is given up, what it
 * puts off (4xx) waits by itself; everything else is a problem of the relay, and all letters wait. */
#pragma once

#include "respond/channel.h"
#include "respond/mail/settings.h"

#define PK_MAIL_CHANNEL "mail" /* its name in the books */

/* settings is borrowed. */
struct pk_channel pk_mail_channel(const struct pk_mail_settings *settings);
