/* roots.h - where the authorities come from that this system trusts: with the system (public), from
 * before the agent (original), or added later (installed). The first time the agent runs it
 * remembers the store as it is (roots.json of the state folder, never sent).
 *
 * "With the system" is what the package manager lists for the package ca-certificates: a file that
 * somebody put beside them does not count. Loop thread only; reads a few hundred small files when
 * asked for the first time and after the store has changed. */
#pragma once

#include <stdbool.h>

#include "agent/tls_client.h"

struct pk_roots;

struct pk_roots_places {
    struct pk_tls_roots store; /* what programs trust; both NULL: OpenSSL's own places */
    const char *system_dir;    /* NULL: /usr/share/ca-certificates */
    const char *system_list;   /* the package's files; NULL: dpkg's list of ca-certificates */
    const char *state_dir;     /* NULL: in memory only */
};

/* A store that cannot be read is an empty one. Strings are copied. */
PK_MUST_USE int pk_roots_open(
        const struct pk_roots_places *places, struct pk_roots **out, struct pk_error *err);
void pk_roots_close(struct pk_roots *roots); /* NULL is fine */

/* PK_TLS_TRUST_PUBLIC, _ORIGINAL or _INSTALLED; sha256 is hex. */
enum pk_tls_trust pk_roots_origin(struct pk_roots *roots, const char *sha256);

/* Does a public or original authority have this name (RFC 2253; case and spaces do not count), and
 * none of them this key? spki_sha256 NULL: the key is not known to be theirs. */
bool pk_roots_lookalike(struct pk_roots *roots, const char *subject, const char *spki_sha256);
/* An intermediate authority of a chain that led to a public or original root: its name, too, can be
 * imitated. Kept while the agent runs. */
void pk_roots_vouched(struct pk_roots *roots, const char *subject, const char *spki_sha256);

/* Since the store was changed on disk, ms; INT64_MAX: long ago. */
int64_t pk_roots_changed_ms(const struct pk_roots *roots);
