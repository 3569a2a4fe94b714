/* rights.h - which of Android's permissions matter to people. Names as in the manifest; ours is a list of facts from
 * Android's documentation. */
#pragma once

#include <stdbool.h>

/* Lets an app read or change what is private: place, messages, calls, contacts, calendar, camera, microphone, files,
 * sensors of the body, the list of apps. */
bool pk_right_is_private(const char *permission);
/* Lets an app act over other apps or in a person's name: overlay, installing, messages and calls. What copies of
 * known apps ask for. */
bool pk_right_is_strong(const char *permission);
