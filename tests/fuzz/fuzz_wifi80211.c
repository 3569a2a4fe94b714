/* Management frames of Wi-Fi through parser and tracker: each behind two bytes, its length and 100 ms that
 * pass before it. The first byte of the input chooses the radio header. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "track/capture.h"
#include "wire/wifi80211.h"

#define FRAMES_MAX 256

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_tell(void *ctx, struct pk_observation *obs)
{
    (void)ctx;
    if (obs->kind == PK_OBS_WIFI && (obs->wifi->deauths < 0 || obs->wifi->points.count > 2)) {
        abort();
    }
}

static void check_text(const struct pk_wifi_frame *f)
{
    char text[PK_SSID_TEXT];

    if (f->traits.ssid_len > PK_SSID_MAX ||
            strlen(pk_ssid_text(f->traits.ssid, f->traits.ssid_len, text)) >= sizeof(text)) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int links[] = { PK_LINK_80211, PK_LINK_80211_PRISM, PK_LINK_80211_RADIOTAP };
    const struct pk_track_sink sink = { .tell = on_tell };
    struct pk_capture *capture = pk_capture_create(&sink);
    struct pk_wifi_frame f;
    int64_t now_us = 1000000;
    int link;

    if (size < 1 || capture == NULL) {
        pk_capture_destroy(capture);
        return 0;
    }
    link = links[data[0] % 3];
    for (size_t at = 1, frames = 0; at + 2 <= size && frames < FRAMES_MAX; frames++) {
        size_t len = data[at] < size - at - 2 ? data[at] : size - at - 2;
        uint8_t *bytes = malloc(len > 0 ? len : 1); /* exact: one byte too many is seen */
        struct pk_frame frame;

        if (bytes == NULL) {
            break;
        }
        memcpy(bytes, data + at + 2, len);
        now_us += data[at + 1] * 100000LL;
        if (pk_wifi_frame_parse(link, pk_slice_of(bytes, len), &f) == PK_OK) {
            check_text(&f);
        }
        if (pk_frame_parse(link, pk_slice_of(bytes, len), now_us, &frame) == PK_OK) {
            pk_capture_frame(capture, &frame);
        }
        free(bytes);
        at += 2 + len;
    }
    pk_capture_end(capture);
    pk_capture_destroy(capture);
    return 0;
}
