#include "server/todo.h"

#include <stdio.h>

static void add(json_t *list, const char *link, const char *format, ...) PK_PRINTF(3, 4);

static void add(json_t *list, const char *link, const char *format, ...)
{
    char text[320];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    (void)json_array_append_new(list, json_pack("{s:s, s:s}", "text", text, "link", link));
}

static const char *plural(int64_t n)
{
    return n == 1 ? "" : "s";
}

static void add_targets(json_t *list, const struct pk_array *targets)
{
    const struct pk_target_state *target = targets->items;

    for (size_t i = 0; i < targets->count; i++) {
        if (target[i].last_error != NULL && target[i].pending > 0) {
            add(list, "/system/health", "'%s' does not take events: %lld wait (%s)",
                    target[i].target, (long long)target[i].pending, target[i].last_error);
        }
    }
}

json_t *pk_todo(
        const struct pk_overview *overview, const struct pk_array *targets, size_t siem_count)
{
    int64_t urgent = overview->by_severity[PK_SEVERITY_CRITICAL] +
            overview->by_severity[PK_SEVERITY_HIGH];
    json_t *list = json_array();

    if (urgent > 0) {
        add(list, "/incidents?filter=state:open|mitigated,severity:high|critical",
                "Look at %lld open incident%s of high or critical severity", (long long)urgent,
                plural(urgent));
    }
    add_targets(list, targets);
    if (overview->devices == 0) {
        add(list, "/enrolment", "Enrol the first device");
    }
    if (overview->silent > 0) {
        add(list, "/devices?filter=status:silent",
                "%lld device%s said nothing for more than 7 days: find out why",
                (long long)overview->silent, plural(overview->silent));
    }
    if (overview->never > 0) {
        add(list, "/devices?filter=status:never",
                "%lld enrolled device%s never reported: check the agent there",
                (long long)overview->never, plural(overview->never));
    }
    if (overview->devices > 0 && siem_count == 0) {
        add(list, "/system/health",
                "No SIEM receives the incidents: name one under 'siem' in picketd.yaml");
    }
    return list;
}
