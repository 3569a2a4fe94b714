#include "crowd/opinion.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "crowd/internal.h"

#define SHOWN_MAX 1e15

const char *const pk_crowd_kind_names[] = { "point", "site", "mast", "app", "signer", NULL };
const char *const pk_crowd_attribute_names[] = { "gateway", "gateway maker", "resolver", "lease",
    "egress", "portal", "security", "point maker", NULL };

#define PK_TEXT(name, text)   text,
#define PK_NAME_N(name, text) "network." #name,
#define PK_NAME_C(name, text) "mast." #name,
#define PK_NAME_A(name, text) "app." #name,
static const char *const network_texts[] = { PK_NETWORK_TERMS(PK_TEXT) };
static const char *const mast_texts[] = { PK_MAST_TERMS(PK_TEXT) };
static const char *const app_texts[] = { PK_APP_TERMS(PK_TEXT) };
static const char *const network_names[] = { PK_NETWORK_TERMS(PK_NAME_N) };
static const char *const mast_names[] = { PK_MAST_TERMS(PK_NAME_C) };
static const char *const app_names[] = { PK_APP_TERMS(PK_NAME_A) };
static const char *const crowd_names[] = { "crowd.witnesses", "crowd.clean", "crowd.history" };
static const char *const crowd_texts[] = {
    "{a} devices confirmed it, {b} of them independently of each other",
    "About {a} clean visits since then speak against it",
    "It was clean on about {a} visits before",
};

static const char *of(uint16_t term, const char *const *network, const char *const *mast,
        const char *const *app, const char *const *crowd)
{
    if (term < PK_N_COUNT) {
        return network[term];
    }
    if (term >= PK_TERM_MAST && term < PK_TERM_MAST + PK_C_COUNT) {
        return mast[term - PK_TERM_MAST];
    }
    if (term >= PK_TERM_APP && term < PK_TERM_APP + PK_A_COUNT) {
        return app[term - PK_TERM_APP];
    }
    if (term >= PK_TERM_WITNESSES && term <= PK_TERM_HISTORY) {
        return crowd[term - PK_TERM_WITNESSES];
    }
    return "";
}

const char *pk_crowd_term_name(uint16_t term)
{
    return of(term, network_names, mast_names, app_names, crowd_names);
}

/* Fits into the room that is kept for a number, whatever it is. */
static double shown(double x)
{
    return x > SHOWN_MAX ? SHOWN_MAX : x >= -SHOWN_MAX ? x : -SHOWN_MAX;
}

const char *pk_crowd_reason_text(const struct pk_crowd_reason *reason, struct pk_arena *arena)
{
    const char *from = of(reason->term, network_texts, mast_texts, app_texts, crowd_texts);
    char text[320];
    size_t len = 0;

    while (*from != '\0' && len + 24 < sizeof(text)) {
        if (from[0] == '{' && (from[1] == 'a' || from[1] == 'b') && from[2] == '}') {
            len += (size_t)snprintf(text + len, sizeof(text) - len, "%.0f",
                    shown(from[1] == 'a' ? reason->a : reason->b));
            from += 3;
        } else {
            text[len++] = *from++;
        }
    }
    return pk_arena_strndup(arena, text, len);
}

void pk_opinion_reason(
        struct pk_crowd_opinion *out, uint16_t term, float weight, double a, double b)
{
    size_t at = out->reason_count;

    if (fabsf(weight) < .05F ||
            of(term, network_texts, mast_texts, app_texts, crowd_texts)[0] == 0) {
        return;
    }
    while (at > 0 && fabsf(out->reasons[at - 1].weight) < fabsf(weight)) {
        at--;
    }
    if (at >= PK_CROWD_REASONS) {
        return;
    }
    if (out->reason_count < PK_CROWD_REASONS) {
        out->reason_count++;
    }
    memmove(&out->reasons[at + 1], &out->reasons[at],
            (out->reason_count - at - 1) * sizeof(out->reasons[0]));
    out->reasons[at] = (struct pk_crowd_reason){ term, weight, a, b };
}
