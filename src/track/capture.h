/* capture.h - recorded packets as a device on that network would have judged them: each frame goes to all
 * trackers, and what they conclude are observations like an agent's. Passive: in a capture nobody can be
 * asked, so the trackers use what the stations said by themselves. Pure: time is that of the frames. */
#pragma once

#include "model/observation.h"
#include "wire/frame.h"

/* Where observations go; valid until tell() returns. Time is set, seq and network are not. */
struct pk_track_sink {
    void (*tell)(void *ctx, struct pk_observation *obs);
    void *ctx;
};

/* One way to look at frames. Rows of the table in capture.c; one file each. */
struct pk_tracker {
    const char *name;
    void *(*create)(const struct pk_track_sink *sink); /* sink is borrowed; NULL: out of memory */
    void (*destroy)(void *state);
    void (*frame)(void *state, const struct pk_frame *frame);
    void (*tick)(void *state, int64_t now_us); /* about each second of the capture; NULL */
    void (*end)(void *state, int64_t now_us);  /* after the last frame; NULL */
};

struct pk_capture;

/* NULL: out of memory. */
struct pk_capture *pk_capture_create(const struct pk_track_sink *sink);
void pk_capture_destroy(struct pk_capture *capture); /* NULL is fine */
void pk_capture_frame(struct pk_capture *capture, const struct pk_frame *frame);
void pk_capture_end(struct pk_capture *capture);
