/* nl80211.h - what the kernel's Wi-Fi (nl80211 over generic netlink) knows of the air: the results of scans
 * that the system made for its own reasons. Nothing here starts a scan. Needs no rights. Loop thread. */
#pragma once

#include "agent/lan_files.h"

struct nlmsghdr;
struct pk_loop;
struct pk_nl80211;

/* Calls fn when a scan has ended, or the card has joined, roamed or left. PK_ENOENT: this system has no
 * Wi-Fi. */
PK_MUST_USE int pk_nl80211_create(struct pk_loop *loop, void (*fn)(void *ctx), void *ctx,
        struct pk_nl80211 **out, struct pk_error *err);
void pk_nl80211_destroy(struct pk_nl80211 *nl); /* NULL is fine */

/* The access points that this interface's card heard last. False: the kernel does not tell. */
bool pk_nl80211_scan(int index, struct pk_wifi *rows, size_t max, size_t *count);

/* One answer to NL80211_CMD_GET_SCAN: PK_OK; PK_ENOENT: no access point with an address. */
PK_MUST_USE int pk_nl80211_parse(const struct nlmsghdr *message, struct pk_wifi *out);
