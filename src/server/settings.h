/* settings.h - picketd.yaml: the rows of the schema tables in settings.c are the list of settings.
 * Constant after start; any thread may read. */
#pragma once

#include "base/buffer.h"
#include "base/schema.h"
#include "respond/hook/settings.h"
#include "respond/mail/settings.h"
#include "respond/push/settings.h"
#include "respond/siem/settings.h"
#include "server/settings_privacy.h"

struct pk_listen {
    const char *address;
    int64_t port;
};

struct pk_limit_settings {
    int64_t connections;                /* at the same time */
    int64_t connections_per_address;    /* 0: no own limit */
    int64_t idle_timeout_s;             /* of a connection without a request */
    int64_t reports_per_minute;         /* of one device */
    int64_t enrolment_tries_per_minute; /* wrong tokens, of one address */
    int64_t api_per_minute;             /* calls of the REST interface, of one address */
};

#define PK_SCAN_YARA_MAX 64

struct pk_scan_settings {
    int64_t processes;      /* sandboxed readers at a time */
    int64_t upload_max_mb;  /* of one file */
    int64_t timeout_s;      /* of reading one file */
    struct pk_strings yara; /* rule files and folders of the organisation */
};

struct pk_app_settings {
    bool ask;            /* devices are asked for app files that nobody has read */
    int64_t ask_again_s; /* another device is asked when one does not send for so long */
    int64_t asks_open;   /* files that one device is asked for at a time */
};

struct pk_network_settings {
    int64_t keep_days;   /* that nobody met a network until it is forgotten */
    int64_t min_devices; /* fewer met it: somebody's home, which is only counted */
};

struct pk_crowd_server_settings {
    bool enabled;
    int enrolled;          /* enum pk_attestation: what an enrolled device is believed to be */
    int64_t memory_max_mb; /* of what is remembered */
    int64_t checkpoint_s;  /* so often it is written down as a whole */
    int64_t min_devices;   /* k: numbers below are not shown to others */
};

struct pk_exchange_settings {
    bool hub;              /* other organisations' servers may join this one, by invitation */
    const char *name;      /* of this organisation, for the others */
    int64_t min_devices;   /* k: fewer are not told of */
    double trust;          /* in what a hub says, 0..1 */
    bool prevalence;       /* tell how many devices have an app */
    int64_t epoch_hours;   /* hub: how long things keep their shared names */
    int64_t newcomer_days; /* hub: until a member that nobody vouches for counts in full */
    int64_t words_max;     /* hub: of one member */
};

#define PK_SSO_MAPS_MAX 64

/* Who is in this group of the identity provider gets the role, for these groups of devices. */
struct pk_sso_map {
    const char *group;
    int role; /* index into pk_sso_roles */
    struct pk_strings groups;
};
extern const char *const pk_sso_roles[]; /* "none", then as pk_role_choices; NULL-terminated */

/* OpenID Connect. */
struct pk_sso_settings {
    const char *name;   /* "Sign in with NAME" */
    const char *issuer; /* https://... */
    const char *client_id;
    const char *client_secret_file; /* NULL: a public client */
    struct pk_strings scopes;
    const char *groups_claim; /* a path: "groups", "realm_access.roles" */
    struct pk_array role_map; /* struct pk_sso_map; the first that fits */
    int auth_method;          /* 0: client_secret_basic, 1: client_secret_post */
    int default_role;         /* of who fits none; index into pk_sso_roles, 0: not let in */
    const char *ca;           /* PEM file; NULL: the system's roots */
    struct pk_strings algorithms;
};

struct pk_log_settings {
    int format; /* enum pk_event_format */
    int level;  /* enum pk_level */
};

struct pk_settings {
    const char *name; /* what the console calls this server */
    const char *state_dir;
    const char *console_dir; /* NULL: the installed one */
    struct pk_listen *listen;
    struct pk_strings
            names;     /* host names and addresses of the certificate; the first one in links */
    const char *store; /* URL, see store/db.h */
    const char *journal;
    int64_t threads; /* HTTP; 0: one a processor, at least 2 */
    int64_t workers; /* pipeline; 0: one a processor, at least 2 */
    struct pk_limit_settings *limits;
    struct pk_scan_settings *scan;
    struct pk_app_settings *apps;
    struct pk_network_settings *networks;
    struct pk_crowd_server_settings *crowd;
    struct pk_retention_settings *retention;
    struct pk_privacy_settings *privacy;
    struct pk_exchange_settings *exchange;
    struct pk_sso_settings *sso; /* NULL: none */
    bool demo;
    struct pk_log_settings *log;
    const char *policy;            /* file; NULL: the built-in policy */
    struct pk_array siem;          /* struct pk_siem_settings */
    struct pk_mail_settings *mail; /* NULL: no letters */
    struct pk_array webhooks;      /* struct pk_hook_settings */
    struct pk_push_settings *push; /* NULL: nobody is woken */
};

extern const struct pk_schema pk_settings_schema;

/* Reads the file and fills in what depends on other settings (store, journal, groups that are left
 * out). Everything lives in the arena. file NULL: all defaults. */
PK_MUST_USE int pk_settings_load(
        const char *file, struct pk_arena *arena, struct pk_settings *out, struct pk_error *err);
/* The same for text in memory. */
PK_MUST_USE int pk_settings_decode(const char *name, const char *text, size_t len,
        struct pk_arena *arena, struct pk_settings *out, struct pk_error *err);
/* Every setting with its value and meaning, for --check-config. */
void pk_settings_explain(const struct pk_settings *settings, struct pk_buffer *out);
