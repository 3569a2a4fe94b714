#include "track/capture.h"

#include <stdlib.h>

#include "track/trackers.h"

#define TICK_US 1000000

static const struct pk_tracker *const trackers[] = { &pk_arp_tracker, &pk_names_tracker,
    &pk_cell_tracker, &pk_air_tracker };

struct pk_capture {
    int64_t now_us;
    int64_t tick_us;
    bool begun;
    void *states[PK_COUNT(trackers)];
};

struct pk_capture *pk_capture_create(const struct pk_track_sink *sink)
{
    struct pk_capture *capture = calloc(1, sizeof(*capture));

    for (size_t i = 0; capture != NULL && i < PK_COUNT(trackers); i++) {
        capture->states[i] = trackers[i]->create(sink);
        if (capture->states[i] == NULL) {
            pk_capture_destroy(capture);
            return NULL;
        }
    }
    return capture;
}

void pk_capture_destroy(struct pk_capture *capture)
{
    if (capture == NULL) {
        return;
    }
    for (size_t i = 0; i < PK_COUNT(trackers); i++) {
        if (capture->states[i] != NULL) {
            trackers[i]->destroy(capture->states[i]);
        }
    }
    free(capture);
}

void pk_capture_frame(struct pk_capture *capture, const struct pk_frame *frame)
{
    /* Captures of several cards may step back a little; time never does. */
    if (!capture->begun || frame->at_us > capture->now_us) {
        capture->now_us = frame->at_us;
    }
    if (!capture->begun || capture->now_us - capture->tick_us >= TICK_US) {
        capture->tick_us = capture->now_us;
        for (size_t i = 0; i < PK_COUNT(trackers) && capture->begun; i++) {
            if (trackers[i]->tick != NULL) {
                trackers[i]->tick(capture->states[i], capture->now_us);
            }
        }
    }
    capture->begun = true;
    for (size_t i = 0; i < PK_COUNT(trackers); i++) {
        trackers[i]->frame(capture->states[i], frame);
    }
}

void pk_capture_end(struct pk_capture *capture)
{
    for (size_t i = 0; i < PK_COUNT(trackers); i++) {
        if (trackers[i]->end != NULL) {
            trackers[i]->end(capture->states[i], capture->now_us);
        }
    }
}
