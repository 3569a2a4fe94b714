/* `picket-agent network check SSID [BSSID]`: before joining, from what lies in the state folder; asks nobody.
 * Without a BSSID every access point that carries the name now is asked about. */
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/crowd.h"
#include "agent/crowd_store.h"
#include "agent/crowd_text.h"
#include "agent/identity.h"
#include "agent/nl80211.h"
#include "agent/place_file.h"
#include "agent/places_watch.h"
#include "agent/settings.h"
#include "base/clock.h"
#include "base/file.h"
#include "crowd/key.h"
#include "model/situation.h"

#define AIR_MAX  64
#define FILE_MAX (64UL * 1024)

enum {
    FINE = 0,
    BAD_NEWS = 1,
    USAGE = 2,
    FAILED = 3,
};

struct question {
    const struct pk_agent_settings *settings;
    struct pk_crowd_store *store;
    char name[64];
    char network[PK_NETWORK_ID];
    const char *bssid; /* NULL: whatever is in the air */
    json_t *points;
    struct pk_crowd_verdict worst;
    int64_t now_s;
    int light;     /* enum pk_zone_standing of where it is, as the server said last */
    double chance; /* of an attack, for a join of an open network there */
};

static const char *const verdicts[] = { "unknown", "maybe", "bad" };

static void ask_one(struct question *q, const struct pk_crowd_key *key, const char *what)
{
    struct pk_crowd_verdict v;

    pk_crowd_store_ask(q->store, key, q->now_s, &v);
    (void)json_array_append_new(
            q->points, json_pack("{s:s, s:s}", "thing", what, "verdict", verdicts[v.said]));
    if (v.said > q->worst.said ||
            (v.said == q->worst.said && v.heard.score >= q->worst.heard.score)) {
        q->worst = v;
    }
}

static void ask_point(struct question *q, const char *bssid)
{
    struct pk_crowd_key key = pk_crowd_key_of_point(q->network, bssid);

    if (key.b != 0) {
        ask_one(q, &key, bssid);
    }
}

static size_t read_file(const char *path, struct pk_wifi *rows)
{
    struct pk_buffer text = pk_buffer_of(FILE_MAX);
    size_t count = pk_file_read(path, &text, NULL) == PK_OK
            ? pk_wifi_rows(pk_buffer_slice(&text), rows, AIR_MAX)
            : 0;

    pk_buffer_finish(&text);
    return count;
}

static void ask_rows(struct question *q, const struct pk_wifi *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].ssid, q->name) == 0) {
            ask_point(q, rows[i].bssid);
        }
    }
}

static void ask_air(struct question *q)
{
    static struct pk_wifi rows[AIR_MAX];
    struct if_nameindex *all;

    if (q->settings->wifi_file != NULL) {
        ask_rows(q, rows, read_file(q->settings->wifi_file, rows));
        return;
    }
    all = if_nameindex();
    for (size_t i = 0; all != NULL && all[i].if_index != 0; i++) {
        size_t count = 0;

        if (pk_nl80211_scan((int)all[i].if_index, rows, AIR_MAX, &count)) {
            ask_rows(q, rows, count);
        }
    }
    if_freenameindex(all);
}

static void ask_all(struct question *q)
{
    char text[PK_PLACE_TEXT];
    const char *place;

    if (q->bssid != NULL) {
        ask_point(q, q->bssid);
    } else {
        ask_air(q);
    }
    place = pk_place_now(q->settings->place_file, q->settings->place, text);
    if (place != NULL) {
        struct pk_crowd_key site = pk_crowd_key_of_site(q->network, place);

        ask_one(q, &site, "site");
    }
}

static json_t *answer_of(const struct question *q, const struct pk_filter16 *filter)
{
    char made[PK_TIME_TEXT];
    json_t *out = json_pack("{s:s, s:s, s:s, s:O, s:{s:s, s:I, s:I, s:b}}", "name", q->name,
            "network", q->network, "verdict", verdicts[q->worst.said], "points", q->points, "list",
            "made", pk_time_format(filter->made_s * PK_SECOND_MS, made), "age_s",
            (json_int_t)(q->now_s - filter->made_s), "networks", (json_int_t)filter->fuse.count,
            "good", filter->until_s > q->now_s);

    if (out != NULL) {
        (void)json_object_set_new(out, "here",
                q->light != PK_ZONE_STANDING_UNKNOWN
                        ? json_pack("{s:s, s:f}", "light", pk_zone_standing_names[q->light],
                                  "chance", q->chance)
                        : json_null());
    }
    if (out != NULL && q->worst.said == PK_CROWD_BAD) {
        (void)json_object_set_new(out, "evidence", pk_crowd_text_evidence(&q->worst, q->now_s));
    }
    return out;
}

static void print_answer(const struct question *q, const json_t *answer)
{
    const char *seen = json_string_value(
            json_object_get(json_object_get(answer, "evidence"), "seen"));
    const json_t *list = json_object_get(answer, "list");

    switch (q->worst.said) {
    case PK_CROWD_BAD:
        (void)printf("Do not join \"%s\": %s.\n", q->name, seen != NULL ? seen : "it is known bad");
        break;
    case PK_CROWD_MAYBE:
        (void)printf("Better do not join \"%s\": it is most likely one that other devices were "
                     "attacked on. Only the server can confirm it.\n",
                q->name);
        break;
    case PK_CROWD_NOTHING:
        (void)printf("Nothing is known against \"%s\"%s.\n", q->name,
                json_array_size(q->points) == 0
                        ? "; without its address (BSSID) nothing could be looked up"
                        : "");
        break;
    }
    if (q->light != PK_ZONE_STANDING_UNKNOWN) {
        (void)printf("Around here, %s: of joins of open networks about one in %.0f is attacked.\n",
                pk_zone_standing_names[q->light], q->chance > 0 ? 1 / q->chance : 1000000);
    }
    (void)printf("Asked: %zu, from a list of %lld hours ago%s\n", json_array_size(q->points),
            (long long)(json_integer_value(json_object_get(list, "age_s")) / 3600),
            json_is_true(json_object_get(list, "good")) ? "" : " that is too old to say more");
}

static int tell(const struct question *q, const struct pk_filter16 *filter, bool json)
{
    json_t *answer = answer_of(q, filter);
    char *text = json ? json_dumps(answer, JSON_COMPACT) : NULL;

    if (json) {
        (void)puts(text != NULL ? text : "{}");
    } else {
        print_answer(q, answer);
    }
    free(text);
    json_decref(answer);
    return q->worst.said == PK_CROWD_NOTHING ? FINE : BAD_NEWS;
}

static int fail(const char *why)
{
    (void)fprintf(stderr, "picket-agent: %s\n", why);
    return FAILED;
}

static int check(struct question *q, const char *ssid, bool json)
{
    const struct pk_agent_settings *s = q->settings;
    struct pk_identity *identity = NULL;
    const struct pk_filter16 *filter;
    struct pk_error err;
    int result = FAILED;
    int rc = pk_identity_load(s->state_dir, &identity, &err);

    if (rc == PK_OK) {
        rc = pk_crowd_store_open(s->state_dir, pk_identity_network_key(identity),
                s->server->ca != NULL ? s->server->ca : pk_identity_ca_file(identity), &q->store,
                &err);
    }
    if (rc < 0) {
        pk_identity_destroy(identity);
        return fail(err.text);
    }
    pk_wifi_name(ssid, q->name);
    pk_network_id(pk_identity_network_key(identity), q->name, q->network);
    filter = pk_crowd_store_filter(q->store, PK_SHARE_NETWORK);
    q->points = json_array();
    if (filter == NULL) {
        result = fail("the server has told nothing of bad networks yet");
    } else {
        ask_all(q);
        q->light = pk_places_light_here(s, &q->chance);
        result = tell(q, filter, json);
    }
    json_decref(q->points);
    pk_crowd_store_close(q->store);
    pk_identity_destroy(identity);
    return result;
}

int pk_network_command(const struct pk_agent_settings *settings, const char *verb, const char *ssid,
        const char *bssid, bool json)
{
    struct question q = {
        .settings = settings, .bssid = bssid, .now_s = pk_clock_ms() / PK_SECOND_MS
    };

    if (verb == NULL || strcmp(verb, "check") != 0 || ssid == NULL || ssid[0] == '\0' ||
            (bssid != NULL && pk_crowd_hardware_of(bssid) == 0)) {
        (void)fprintf(stderr, "picket-agent: usage: network check SSID [BSSID]\n");
        return USAGE;
    }
    return check(&q, ssid, json);
}
