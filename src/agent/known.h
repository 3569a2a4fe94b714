/* known.h - what this device learnt on visits on which all was well: of a network (by its id), of a check host, of a
 * check page. Values that are seen are noted first; they count as learnt when the visit has proved clean
 * (pk_known_settle), so that an attacker who is there from the start teaches nothing on a network that is
 * known. Kept in known.json of the state folder, never sent. Loop thread only. */
#pragma once

#include <stdint.h>

#include "base/schema.h"

struct pk_known;

enum pk_known_list {
    PK_KNOWN_SECURITY, /* of a network: pk_security_names */
    PK_KNOWN_BSSID,
    PK_KNOWN_MAKER,   /* first three bytes of a BSSID, "02:00:5e" */
    PK_KNOWN_GATEWAY, /* hardware address of the IPv4 router */
    PK_KNOWN_ROUTER6, /* hardware address of an IPv6 router */
    PK_KNOWN_DHCP,    /* server identifier */
    PK_KNOWN_DNS,
    PK_KNOWN_WPAD,    /* URL of a proxy script; its SHA-256 when it is long */
    PK_KNOWN_ROOT,    /* of a host "name:port": SHA-256 of the root that vouched for it */
    PK_KNOWN_VERSION, /* of a host: newest version of TLS */
    PK_KNOWN_HTTPS,   /* of a page: "yes", it leads to https */
    PK_KNOWN_CONTENT, /* of a page: "length sha256 stamp" of its body and its own mark, if any */
    PK_KNOWN_ADDRESS, /* of a host: an address that was proved to be its own */
};
#define PK_KNOWN_LISTS 13

#define PK_KNOWN_SUBJECTS_MAX 200 /* the one seen longest ago gives way */
#define PK_KNOWN_VALUES_MAX   12  /* of one list; the same */
#define PK_KNOWN_TEXT         104 /* bytes of a subject or value with its NUL */

/* state_dir NULL: in memory only. A file that cannot be read counts as empty (*err says why, PK_OK). */
PK_MUST_USE int pk_known_open(const char *state_dir, struct pk_known **out, struct pk_error *err);
void pk_known_close(struct pk_known *known); /* NULL is fine; saves nothing */

/* YES: learnt. NO: others were learnt, this one was not. UNKNOWN: nothing was learnt of it. */
enum pk_tri pk_known_has(const struct pk_known *known, const char *subject, enum pk_known_list list,
        const char *value);
/* The learnt values, newest first; NULL behind the last one. Valid until the next settle. */
const char *pk_known_at(
        const struct pk_known *known, const char *subject, enum pk_known_list list, size_t index);
/* Clean visits so far; of a page: networks on which it was so. 0: not known. */
int64_t pk_known_visits(const struct pk_known *known, const char *subject);

/* This was seen on this visit; too long a text is left out. */
void pk_known_note(
        struct pk_known *known, const char *subject, enum pk_known_list list, const char *value);
/* Everything that was noted counts as learnt now, and is saved when it is news. network: the one
 * that is visited; NULL: none. */
void pk_known_settle(struct pk_known *known, const char *network, int64_t now_ms);
/* Something was wrong: what was noted is forgotten. */
void pk_known_forget_notes(struct pk_known *known);
/* The visit is over: the next settle on this network counts as another visit. */
void pk_known_left(struct pk_known *known);
