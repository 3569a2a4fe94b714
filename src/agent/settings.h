/* settings.h - agent.yaml: a snapshot that does not change while the agent runs. Each key stands in
 * one table that the parser, --check-config and the documentation read. */
#pragma once

#include "base/schema.h"

struct pk_sense_settings;
struct pk_trust;

#define PK_AGENT_CONFIG    "/etc/picket/agent.yaml"
#define PK_AGENT_STATE_DIR "/var/lib/picket-agent"

struct pk_server_settings {
    const char *url; /* NULL: the one of the enrolment */
    const char *ca;  /* PEM file that replaces the CA of the enrolment; NULL */
};

struct pk_report_settings {
    int64_t min_delay_s;
    int64_t max_batch;
    int64_t wait_s;
    int64_t spool_bytes;
};

struct pk_notify_settings {
    bool desktop;
    bool terminal;
};

enum pk_apps_report {
    PK_APPS_REPORT_ALL,
    PK_APPS_REPORT_WORK, /* what is personal is judged here and told to nobody */
    PK_APPS_REPORT_NONE,
};

struct pk_app_folder {
    const char *path; /* may hold * and begin with ~/ */
    int profile;      /* enum pk_app_profile_kind */
};

struct pk_app_settings {
    int report; /* enum pk_apps_report */
    bool send;
    int64_t file_max_mb;
    const char *intel;       /* a set of indicators; NULL: where picket intel keeps it */
    struct pk_array folders; /* struct pk_app_folder */
};

struct pk_names_settings {
    const char *listen; /* loopback address[:port] of the agent's own resolver; NULL: none */
    const char *page;   /* of the page that explains; NULL: port 80 of the same address */
    int64_t rate;       /* questions a second */
};

struct pk_agent_settings {
    const char *state_dir;
    struct pk_trust *trust; /* of agent.yaml; never NULL after loading */
    const char *trust_file; /* the same as YAML or JSON in a file of its own, watched; NULL: none */
    const char *resolver_name;
    struct pk_strings redirects;
    struct pk_array pages; /* struct pk_page */
    const char *place;
    const char *place_file;
    const char *language;              /* of what the person reads; NULL: the locale's */
    struct pk_server_settings *server; /* never NULL after loading, nor the four below */
    struct pk_report_settings *report;
    struct pk_notify_settings *notify;
    struct pk_app_settings *apps;
    struct pk_names_settings *names;
    struct pk_strings canaries;
    const char *probe_url;
    const char *probe_domain;
    const char *resolver;
    const char *ca_file;
    const char *ca_dir;
    const char *wifi_file;
    const char *cell_file;
    const char *lease_file;
    const char *resolv_file;
    const char *interface;
    int64_t recheck_minutes;
    int64_t posture_hours;
    int64_t probe_ms;
};

extern const struct pk_schema pk_agent_settings_schema;

/* Reads the file into the arena. path NULL: PK_AGENT_CONFIG when it exists, else the defaults.
 * Errors are "FILE:LINE: key: sentence". */
PK_MUST_USE int pk_agent_settings_load(const char *path, struct pk_arena *arena,
        struct pk_agent_settings *out, struct pk_error *err);
/* The same for text in memory. */
PK_MUST_USE int pk_agent_settings_decode(const char *name, const char *text, size_t len,
        struct pk_arena *arena, struct pk_agent_settings *out, struct pk_error *err);

/* The language of what the person reads: as set, else the locale's; of words.h. */
const char *pk_agent_settings_language(const struct pk_agent_settings *in);

/* What the senses need of it; borrowed strings. Leaves own_server, own_ca and network_key empty. */
void pk_agent_settings_sense(const struct pk_agent_settings *in, struct pk_sense_settings *out);

struct pk_buffer;
/* Every key with its value and meaning, as YAML. */
void pk_agent_settings_explain(const struct pk_agent_settings *in, struct pk_buffer *out);
