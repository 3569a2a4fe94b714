#include "agent/crowd_text.h"

#include <stdio.h>

#include "base/clock.h"

#define SURE_MIN 0.8
#define SURE_MAX 0.99
#define HOUR_S   INT64_C(3600)

static const char *const attacks[] = { "interception", "stripping", "malware", "exploit" };
static const char *const attack_words[] = { "somebody read or changed encrypted traffic",
    "somebody kept pages from being encrypted", "it spread malware", "devices were attacked" };

double pk_crowd_text_sure(const struct pk_heard *heard)
{
    double sure = pk_share_confidence(heard->score);

    return sure < SURE_MIN ? SURE_MIN : sure > SURE_MAX ? SURE_MAX : sure;
}

static void put_time(json_t *out, const char *name, int64_t at_s)
{
    char text[PK_TIME_TEXT];

    (void)json_object_set_new(out, name, json_string(pk_time_format(at_s * PK_SECOND_MS, text)));
}

json_t *pk_crowd_text_evidence(const struct pk_crowd_verdict *verdict, int64_t now_s)
{
    const struct pk_heard *h = &verdict->heard;
    const char *what = h->cause < PK_COUNT(attacks) ? attack_words[h->cause] : "it is hostile";
    json_t *out = json_object();
    char seen[160];

    if (h->devices > 0) {
        (void)snprintf(
                seen, sizeof(seen), "at least %u other devices say that %s here", h->devices, what);
    } else {
        (void)snprintf(seen, sizeof(seen), "other devices say that %s here", what);
    }
    (void)json_object_set_new(out, "seen", json_string(seen));
    (void)json_object_set_new(out, "source", json_string("crowd"));
    (void)json_object_set_new(out, "log_odds", json_real((double)pk_share_log_odds(h->score)));
    put_time(out, "heard_at", h->heard_s);
    put_time(out, "until", h->until_s);
    (void)json_object_set_new(out, "heard_s_ago", json_integer(now_s - h->heard_s));
    if (h->since_h > 0) {
        put_time(out, "since", (int64_t)h->since_h * HOUR_S);
    }
    if (h->devices > 0) {
        (void)json_object_set_new(out, "devices", json_integer(h->devices));
    }
    if (h->groups > 0) {
        (void)json_object_set_new(out, "groups", json_integer(h->groups));
    }
    if (h->cause < PK_COUNT(attacks)) {
        (void)json_object_set_new(out, "attack", json_string(attacks[h->cause]));
    }
    return out;
}
