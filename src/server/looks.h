/* looks.h - who looked at a device: a promise to the people who carry them. A look goes into the
 * audit (and so into the device's own ledger) once an hour for each actor, device and kind, since a
 * page that refreshes itself is still one look. */
#pragma once

#include <stdint.h>
#include <stdbool.h>

struct pk_call;
struct pk_looks;

struct pk_looks *pk_looks_create(void); /* NULL: memory is short */
void pk_looks_destroy(struct pk_looks *looks);

/* True when this one is to be written down; remembers it. Any thread. */
bool pk_looks_first(struct pk_looks *looks, const char *actor, const char *act, const char *device,
        int64_t now_ms);

/* Writes it down when it is the first. A store that cannot take it does not keep an administrator
 * from looking: that is logged. act: "device.look" or "incident.look". */
void pk_call_look(struct pk_call *call, const char *act, const char *device);
