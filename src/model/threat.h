/* threat.h - the threat catalogue: what each threat id means, for the employee and for the
 * administrator. The entries come from data/threats.yaml at build time and never change while a
 * program runs; all pointers live as long as the program. Any thread may call. */
#pragma once

#include <stddef.h>
#include <stdbool.h>

enum pk_vector {
    PK_VECTOR_NETWORK,
    PK_VECTOR_MALWARE,
    PK_VECTOR_PHYSICAL,
    PK_VECTOR_VULNERABILITY,
    PK_VECTOR_BEHAVIOR,
};
#define PK_VECTOR_COUNT 5

/* Ordered: a higher value is worse. INFO is a state worth knowing, never a threat. */
enum pk_severity {
    PK_SEVERITY_INFO,
    PK_SEVERITY_LOW,
    PK_SEVERITY_MEDIUM,
    PK_SEVERITY_HIGH,
    PK_SEVERITY_CRITICAL,
};
#define PK_SEVERITY_COUNT 5

/* How soon the employee should hear of it: at once, some time today, or only when asked. */
enum pk_urgency {
    PK_URGENCY_INFO,
    PK_URGENCY_TODAY,
    PK_URGENCY_NOW,
};

struct pk_threat {
    const char *id; /* "network.arp_spoof": the vector, a dot, the name */
    enum pk_vector vector;
    enum pk_severity severity;
    enum pk_urgency urgency;
    /* A warning may put the person in danger: notifications and letters say careful.* of words.h, the way to
     * help comes before any step, nothing goes where others can read it. */
    bool careful;
    /* For the employee. "{subject}" stands for the network, app or host, by the name the person
     * knows. No jargon; title at most 80 characters, each step at most 100. */
    const char *title;
    const char *why;
    const char *const *next; /* 1 to 3 steps */
    size_t next_count;
    const char *admin;         /* one paragraph for the administrator: cause, evidence, response */
    const char *ends_when;     /* when an incident of this threat ends by itself, in words */
    const char *const *attack; /* ATT&CK Mobile technique ids, e.g. "T1638" */
    size_t attack_count;
    const char *const *nist; /* NIST Mobile Threat Catalogue ids, e.g. "LPN-2" */
    size_t nist_count;
};

/* The entry, or NULL when the id is not in the catalogue. */
const struct pk_threat *pk_threat_find(const char *id);

size_t pk_threat_count(void);
/* index < pk_threat_count(); entries are sorted by id. */
const struct pk_threat *pk_threat_at(size_t index);

const char *pk_vector_name(enum pk_vector vector);       /* "network" */
const char *pk_severity_name(enum pk_severity severity); /* "high" */
const char *pk_urgency_name(enum pk_urgency urgency);    /* "now" */

/* 0 and *out, or PK_ENOENT (error.h) when there is no such name. */
int pk_vector_parse(const char *name, enum pk_vector *out);
int pk_severity_parse(const char *name, enum pk_severity *out);

/* Copies text with every "{subject}" replaced into out (always terminated, cut at size).
 * Control characters of the subject become spaces: it can be an attacker's SSID. */
void pk_threat_text(const char *text, const char *subject, char *out, size_t size);
