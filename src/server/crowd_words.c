#include "server/crowd_words.h"

#include "crowd/terms.h"

json_t *pk_crowd_words(
        const struct pk_crowd_opinion *opinion, int64_t min_devices, struct pk_arena *arena)
{
    json_t *list = json_array();

    for (size_t i = 0; i < opinion->reason_count && i < PK_CROWD_SENTENCES; i++) {
        const struct pk_crowd_reason *reason = &opinion->reasons[i];
        const char *text = pk_crowd_reason_text(reason, arena);

        if (reason->term == PK_TERM_WITNESSES && reason->a < (double)min_devices) {
            text = "Other devices confirmed it";
        }
        if (text != NULL && text[0] != '\0') {
            (void)json_array_append_new(list, json_string(text));
        }
    }
    return list;
}
