/* A capture from its first byte to the observations: file, layers, trackers. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "track/capture.h"
#include "wire/pcap.h"

#define PACKETS_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take(void *ctx, struct pk_observation *obs)
{
    json_t *wire;

    (void)ctx;
    obs->seq = 1;
    wire = pk_observation_encode(obs, true);
    if (wire == NULL) {
        abort();
    }
    json_decref(wire);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct pk_track_sink sink = { .tell = take };
    struct pk_capture *capture = pk_capture_create(&sink);
    struct pk_pcap_packet packet;
    struct pk_pcap pcap;
    struct pk_frame frame;
    struct pk_error err;
    int rc = pk_pcap_open(pk_slice_of(data, size), &pcap, &err);

    for (int i = 0; rc == PK_OK && i < PACKETS_MAX; i++) {
        rc = pk_pcap_next(&pcap, &packet, &err);
        if (rc == PK_OK &&
                pk_frame_parse(packet.link, packet.bytes, packet.at_us, &frame) == PK_OK) {
            pk_capture_frame(capture, &frame);
        }
    }
    pk_capture_end(capture);
    pk_capture_destroy(capture);
    return 0;
}
