#include "model/action.h"

const char *const pk_action_kind_names[] = { "alert", "siem", "ask", "close", "mail", "hook",
    "push", "digest", NULL };
const char *const pk_action_state_names[] = { "pending", "delivered", "shown", "failed", NULL };
