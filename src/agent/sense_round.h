/* sense_round.h - inside of the senses (sense.c, sense_settings.c, sense_network.c, sense_round.c):
 * the state they share and what they call of each other. Loop thread only. */
#pragma once

#include "agent/gateway.h"
#include "agent/lan_files.h"
#include "agent/loop.h"
#include "agent/probe_env.h"
#include "agent/sense.h"
#include "agent/watch_arp.h"
#include "agent/watch_files.h"
#include "agent/watch_link.h"

#define PK_SENSE_TARGETS_MAX 16
#define PK_SENSE_PROBES      5
#define PK_SENSE_SENSORS     6

enum pk_sense_sensor {
    SENSOR_ARP,
    SENSOR_DNS,
    SENSOR_TLS,
    SENSOR_PORTAL,
    SENSOR_POSTURE,
    SENSOR_WIFI,
};
enum pk_sense_sensor_state {
    SENSOR_ON,
    SENSOR_LIMITED,
};

struct pk_sense_target {
    const char *host; /* in the senses' own arena */
    uint16_t port;
    const char *own_ca;
};

/* What was last told about one thing, so that quiet rounds tell news only. */
struct pk_sense_told {
    char text[96];
    int64_t at_ms;
};

struct pk_sense_job;

struct pk_sense {
    struct pk_loop *loop;
    struct pk_arena *arena; /* of the settings */
    struct pk_sense_settings set;
    struct pk_address trusted; /* family 0: none */
    struct pk_sense_target targets[PK_SENSE_TARGETS_MAX];
    size_t target_count;
    void (*sink)(const struct pk_observation *obs, void *ctx);
    void *ctx;

    struct pk_link_watch *link;
    struct pk_link_state state;
    struct pk_file_watch *files;
    struct pk_arp_watch *arp;
    struct pk_gateway *gateway;
    struct pk_resolv resolv;
    struct pk_lease lease;
    struct pk_wifi wifi;
    bool on_network;      /* linked */
    bool announced;       /* and told so */
    int64_t announced_ms; /* when; monotonic */
    char network[PK_NETWORK_ID];
    unsigned generation; /* answers of jobs that were started on another network are dropped */

    struct pk_timer gateway_timer, announce_timer, files_timer, roots_timer;
    struct pk_timer watch_timer, dns_timer, tls_timer, posture_timer, captive_timer;

    unsigned watched;                  /* probes whose findings are open */
    unsigned pending[PK_SENSE_PROBES]; /* jobs under way, by bit number of enum pk_probe */
    unsigned again;                    /* probes to start anew when theirs have ended */
    unsigned loud;             /* probes whose results are told even when they are no news */
    unsigned jobs;             /* threads that still read this struct */
    bool dead;                 /* to be freed with the last of them */
    struct pk_sense_job *held; /* results that wait for the portal's */
    int portal_state;          /* index into pk_portal_state_names */
    int64_t checked_ms;        /* when DNS and TLS were last asked */
    struct pk_sense_told told_dns[PK_PROBE_SERVERS_MAX], told_tls[PK_SENSE_TARGETS_MAX];
    struct pk_sense_told told_portal;

    unsigned check; /* probes that pk_sense_check() waits for */
    void (*check_done)(void *ctx);
    void *check_ctx;
    struct pk_sensor sensors[PK_SENSE_SENSORS];
};

/* --- sense_round.c: rounds of probes that run beside the loop --- */

/* Starts these probes; those that run already run once more afterwards. loud: tell also what is no
 * news. PK_PROBE_GATEWAY is not for this one. */
void pk_sense_round(struct pk_sense *sense, unsigned probes, bool loud);
/* Drops what is under way: the network is another one. */
void pk_sense_forget_round(struct pk_sense *sense);
/* Fills in time and network, and tells the sink. */
void pk_sense_tell(struct pk_sense *sense, struct pk_observation *obs);
/* Frees a dead one that no job uses any more. */
void pk_sense_release(struct pk_sense *sense);
/* One of the probes that pk_sense_check() waits for has reported. */
void pk_sense_checked(struct pk_sense *sense, unsigned probes);

/* --- sense_settings.c --- */

/* Copies the settings and fills in the defaults. */
PK_MUST_USE int pk_sense_take_settings(
        struct pk_sense *sense, const struct pk_sense_settings *in, struct pk_error *err);

/* --- sense_network.c: joining, changing, leaving; who the router is --- */

extern const struct pk_gateway_ops pk_sense_gateway_ops;
/* For struct pk_link_handlers; ctx is the struct pk_sense. */
void pk_sense_on_link(void *ctx, const struct pk_link_state *state);
void pk_sense_on_neighbour(void *ctx, const uint8_t mac[6]);
/* Tells that a network was joined and begins the first round, once. */
void pk_sense_announce(struct pk_sense *sense);
/* Until the resolver is asked again, ms. */
int64_t pk_sense_dns_gap(const struct pk_sense *sense, int64_t now_ms);
void pk_sense_leave(struct pk_sense *sense);
/* Reads the files again and acts on what is different. */
void pk_sense_refresh(struct pk_sense *sense);
