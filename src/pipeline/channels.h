/* channels.h - who is told besides the device and the SOC: administrators and people by letter, other programs by
 * webhook, sleeping devices by push. All of it are rows of the outbox, written in the caller's transaction; the
 * payloads are docs/channels.md. */
#pragma once

#include "pipeline/circle.h"
#include "respond/communication.h"

/* A rule of the policy, or a step of its escalation, wants administrators to know. Who hears of it, how and when says
 * the document "communication"; nobody does when it has no rule for it. incident NULL: about the device as a whole.
 * rule: of the policy. title, why: sentences for administrators. One address gets at most PK_NOTICES_PER_HOUR at
 * once; the rest comes gathered. The time line of the incident shows that they were told. */
#define PK_NOTICES_PER_HOUR 30
PK_MUST_USE int pk_circle_tell_admins(struct pk_circle *c, const struct pk_incident *incident,
        const char *rule, const char *title, const char *why, int64_t at_ms);

/* A copy of this alert for the person, when the device's row knows an address, there is a relay and the document
 * "communication" wants it. alert: the payload of the PK_ACTION_ALERT, borrowed. */
PK_MUST_USE int pk_circle_mail_user(struct pk_circle *c, const struct pk_incident *incident,
        const json_t *alert, int64_t at_ms);

/* The device has a new command (call it after each PK_ACTION_ALERT and PK_ACTION_CLOSE): it is woken by push when it
 * has a token and does not listen right now. Many commands are one wake. */
PK_MUST_USE int pk_circle_wake(struct pk_circle *c, int64_t at_ms);

/* Adds a row to the outbox and shows it to the watch. incident may be NULL; payload is taken over (NULL: memory was
 * short). Sets news->siem for what is not for the device. */
PK_MUST_USE int pk_circle_act(struct pk_circle *c, int kind, const char *target,
        const struct pk_incident *incident, int64_t at_ms, json_t *payload);
