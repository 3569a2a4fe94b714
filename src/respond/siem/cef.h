/* cef.h - an event as one line of ArcSight's Common Event Format, version 0.
 *
 *     CEF:0|Picket|Picket MTD|0.1.0|network.arp_spoof|ARP spoof|8|rt=... externalId=... msg=...
 *
 * Sources: "ArcSight Common Event Format" guide and its extension dictionary. Header fields escape
 * \ and |; values escape \ and = and write line ends as \n and \r; other control characters go,
 * bytes that are not UTF-8 become U+FFFD; sizes are the dictionary's and cut between characters.
 * Pure. */
#pragma once

#include "base/buffer.h"
#include "model/threat.h"
#include "respond/siem/target.h"

/* Appends the line (no line end), at most max bytes: what does not fit goes from the least
 * important end, and msg is shortened. console_url may be NULL. PK_EMISSING, PK_ETYPE or
 * PK_EUNKNOWN when the event lacks what a line needs: it can never be sent. */
PK_MUST_USE int pk_cef_format(const json_t *event, const struct pk_origin *origin,
        const char *console_url, size_t max, struct pk_buffer *out, struct pk_error *err);

/* The two escapings; characters_max counts characters of text. Leading and trailing spaces go. */
void pk_cef_header(struct pk_buffer *out, struct pk_slice text, size_t characters_max);
void pk_cef_value(struct pk_buffer *out, struct pk_slice text, size_t characters_max);

/* The Name of a threat: from its id alone, so the same for ever ("network.arp_spoof" -> "ARP
 * spoof"). Returns out. */
char *pk_cef_name(const char *threat, char *out, size_t size);

/* 0, 3, 5, 8, 10 for info .. critical. */
int pk_cef_severity(enum pk_severity severity);
