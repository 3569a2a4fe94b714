/* communication.h - which administrators hear of what, by which way and how often: the document "communication".
 *
 * The policy says that administrators are to be told; this says who. It is one JSON object (docs/channels.md), kept
 * in the store with its versions. Pure: values in, values out; any thread. */
#pragma once

#include "base/schema.h"
#include "model/incident.h"

#define PK_COMMUNICATION_DOCUMENT "communication" /* its name in the store */
#define PK_COMMUNICATION_RULES    64
#define PK_MAIL_ADDRESS_MAX       254 /* RFC 5321 4.5.3.1.3, without the angle brackets */

enum pk_notice_when {
    PK_NOTICE_NOW,    /* at once */
    PK_NOTICE_HOURLY, /* gathered */
    PK_NOTICE_DAILY,
    PK_NOTICE_WEEKLY,
    PK_NOTICE_LASTING, /* when the incident is still open after 24 hours */
};
extern const char *const pk_notice_when_names[]; /* NULL-terminated */

struct pk_notice_rule {
    const char *name;          /* unique */
    struct pk_strings threats; /* patterns like "network.*"; none: any */
    int severity;              /* enum pk_severity: this or worse */
    struct pk_strings groups;  /* of the device; none: any */
    struct pk_strings mail;    /* addresses */
    struct pk_strings hooks;   /* names of webhooks in the settings */
    int when;                  /* enum pk_notice_when */
};

struct pk_communication {
    bool user_mail;        /* people get a copy of their alerts by mail */
    struct pk_array rules; /* struct pk_notice_rule */
};

extern const struct pk_schema pk_communication_schema;

/* Text as it stands in the store; everything lives in the arena. */
PK_MUST_USE int pk_communication_parse(const char *text, size_t len, struct pk_arena *arena,
        struct pk_communication *out, struct pk_error *err);
/* What the table cannot say: names are unique, patterns fit a threat, addresses are addresses, somebody is told.
 * *err has the path. */
PK_MUST_USE int pk_communication_check(
        const struct pk_communication *communication, struct pk_error *err);

/* Is this rule about it? threat NULL: about a device as a whole, which fits rules for any threat. */
bool pk_notice_fits(const struct pk_notice_rule *rule, const char *threat,
        enum pk_severity severity, const char *group);

/* An address that can stand in a header and in an SMTP command as it is: ASCII, "local@domain", no quotes, no
 * white space, at most PK_MAIL_ADDRESS_MAX bytes. */
bool pk_mail_address_ok(const char *address);
