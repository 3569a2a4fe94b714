/* action.h - something to be done about an incident; kept in the store until it is done. */
#pragma once

#include "model/incident.h"

enum pk_action_kind {
    PK_ACTION_ALERT,  /* tell the employee, by the agent */
    PK_ACTION_SIEM,   /* tell the SOC: one row per target */
    PK_ACTION_ASK,    /* ask a device for something, by the agent: a file, a simulated threat */
    PK_ACTION_CLOSE,  /* an alert is over: the agent takes it back, silently */
    PK_ACTION_MAIL,   /* a letter: target is the address; payload as docs/channels.md says */
    PK_ACTION_HOOK,   /* a webhook: target is its name in the settings */
    PK_ACTION_PUSH,   /* wake the device: target is the service ("apns", "fcm") */
    PK_ACTION_DIGEST, /* a notice that waits for its digest: target is the rule of communication */
};

extern const char *const pk_action_kind_names[]; /* NULL-terminated */

enum pk_action_state {
    PK_ACTION_PENDING,
    PK_ACTION_DELIVERED, /* handed over: the agent has it, the SOC's receiver took it */
    PK_ACTION_SHOWN,     /* alerts: the person saw it */
    PK_ACTION_FAILED,    /* given up, with the reason */
};

extern const char *const pk_action_state_names[]; /* NULL-terminated */

struct pk_action {
    int64_t id;         /* ascending in order of creation: the order of delivery per target */
    int kind;           /* enum pk_action_kind */
    const char *target; /* device id for alerts and questions, the target's name for the SOC */
    const char *device;
    const char *incident; /* id, or NULL */
    int state;            /* enum pk_action_state */
    int64_t created_ms;
    int64_t done_ms;
    int64_t attempts;
    const char *last_error;
    json_t *payload; /* alert: the command; SIEM: the event, see docs/protocol.md */
};
