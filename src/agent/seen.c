#include "agent/seen.h"

#include <ctype.h>
#include <stdio.h>

bool pk_seen_is_id(const char *text)
{
    size_t len = text != NULL ? strlen(text) : 0;

    for (size_t i = 0; i < len; i++) {
        if (!isalnum((unsigned char)text[i]) && strchr("._-", text[i]) == NULL) {
            return false;
        }
    }
    return len > 0 && len < PK_SEEN_ID;
}

bool pk_seen_note(struct pk_seen *seen, const char *id)
{
    bool fresh = true;
    size_t at = 0;

    while (at < seen->count && strcmp(seen->ids[at], id) != 0) {
        at++;
    }
    if (at < seen->count) { /* to the end: those are said */
        fresh = false;
    } else if (seen->count == PK_SEEN_MAX) {
        at = 0;
    } else {
        at = seen->count++;
    }
    if (at + 1 < seen->count) {
        memmove(seen->ids[at], seen->ids[at + 1], (seen->count - at - 1) * sizeof(seen->ids[0]));
    }
    (void)snprintf(seen->ids[seen->count - 1], sizeof(seen->ids[0]), "%s", id);
    if (seen->unsaid < PK_SEEN_MAX) {
        seen->unsaid++;
    }
    return fresh;
}

bool pk_seen_list(const struct pk_seen *seen, struct pk_buffer *out)
{
    size_t said = seen->unsaid < seen->count ? seen->unsaid : seen->count;

    for (size_t i = 0; i < said; i++) {
        (void)pk_buffer_printf(out, "%s%s", i > 0 ? "," : "", seen->ids[seen->count - said + i]);
    }
    return said > 0;
}

void pk_seen_said(struct pk_seen *seen)
{
    seen->unsaid = 0;
}
