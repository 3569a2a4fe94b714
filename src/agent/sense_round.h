/* sense_round.h - inside of the senses (sense.c, sense_settings.c, sense_network.c, sense_round.c):
 * the state they share and what they call of each other. Loop thread only. */
#pragma once

#include "agent/known.h"
#include "agent/lan_files.h"
#include "agent/loop.h"
#include "agent/probe_dns.h"
#include "agent/probe_env.h"
#include "agent/sense.h"
#include "agent/watch_arp.h"
#include "agent/watch_files.h"
#include "agent/watch_link.h"
#include "model/trust.h"
#include "track/gateway.h"

struct pk_packet_watch;

#define PK_SENSE_TARGETS_MAX 16
#define PK_SENSE_PROBES      10
#define PK_SENSE_SENSORS     11

#define PK_SENSE_PARTS_MAX 12

enum pk_portal_state { /* pk_portal_state_names */
    PK_PORTAL_UNKNOWN,
    PK_PORTAL_NONE,
    PK_PORTAL_CAPTIVE
};

enum pk_sense_sensor {
    SENSOR_ARP,
    SENSOR_DNS,
    SENSOR_TLS,
    SENSOR_PORTAL,
    SENSOR_POSTURE,
    SENSOR_WIFI,
    SENSOR_NDP,
    SENSOR_DHCP,
    SENSOR_HTTP,
    SENSOR_PROXY,
    SENSOR_CELL,
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

/* What the checks of name servers remember from round to round. */
struct pk_sense_names {
    struct pk_dns_memory memory[PK_DNS_NAMES_MAX];
    struct pk_dns_made_up made_up;
    enum pk_dns_via last_via;
    /* Of each name server: so that what was said of it can be taken back when it is gone. */
    char server[PK_PROBE_SERVERS_MAX][PK_ADDRESS_TEXT];
    bool odd[PK_PROBE_SERVERS_MAX];
    bool better[PK_PROBE_SERVERS_MAX]; /* after that it was right once */
};

#define PK_SENSE_VISIT_LIST 6

/* What one network showed in this session. */
struct pk_sense_visit {
    char network[PK_NETWORK_ID]; /* "": no row */
    int security;                /* the best */
    char bssids[PK_SENSE_VISIT_LIST][PK_MAC_TEXT];
    char gateways[PK_SENSE_VISIT_LIST][PK_MAC_TEXT];
};

/* One question that is asked on a thread beside the loop. */
struct pk_sense_job {
    struct pk_sense *sense;
    const struct pk_probe_kind *kind;
    size_t which; /* server, host, page */
    unsigned generation;
    bool loud;
    struct pk_probe_env env; /* its arena lives as long as the job */
    void *in;                /* what prepare() copied for the thread */
    void *result;            /* what run() returned; NULL: nothing to tell */
    struct pk_sense_job *next;
};

/* A kind of question. Rows of the table in sense_round.c; one file each. */
struct pk_probe_kind {
    unsigned probe;    /* enum pk_probe */
    bool after_portal; /* its answer waits for the portal's: pk_sense_captive() is right in tell() */
    size_t (*count)(const struct pk_sense *sense); /* jobs of a round; NULL: one */
    /* Loop: copies into job->env.arena what the thread needs of what may change; false: not now. */
    bool (*prepare)(struct pk_sense *sense, struct pk_sense_job *job);
    void *(*run)(struct pk_sense_job *job); /* thread: of job->sense only `set` and `targets` */
    void (*tell)(struct pk_sense *sense, struct pk_sense_job *job); /* loop */
    void (*forget)(struct pk_sense *sense);                         /* loop: another network */
};

extern const struct pk_probe_kind pk_sense_posture_probe;
extern const struct pk_probe_kind pk_sense_portal_probe;
extern const struct pk_probe_kind pk_sense_dns_probe;
extern const struct pk_probe_kind pk_sense_tls_probe;
extern const struct pk_probe_kind pk_sense_http_probe;
extern const struct pk_probe_kind pk_sense_proxy_probe;

/* What changed on a network that the device stays on; bits. */
enum pk_sense_change {
    PK_CHANGED_NAMES = 1 << 0, /* name servers */
    PK_CHANGED_LEASE = 1 << 1,
    PK_CHANGED_WIFI = 1 << 2,
    PK_CHANGED_LINK = 1 << 3, /* the carrier was gone for a moment */
    PK_CHANGED_TRUST = 1 << 4,
    PK_CHANGED_ADDRESS = 1 << 5, /* addresses or routes of either family */
    PK_CHANGED_AIR = 1 << 6,     /* the Wi-Fi card's report was read again */
};

/* A part of the senses that lives on events of its own: packets, files, netlink. Rows of the table in
 * sense_parts.c; one file each. All in the loop; any function may be NULL. */
struct pk_sense_part {
    unsigned probes; /* enum pk_probe bits that check() answers */
    /* *state is given to the others. A sense that cannot work here is "limited", not an error. */
    int (*create)(struct pk_sense *sense, void **state, struct pk_error *err);
    void (*destroy)(void *state);
    void (*join)(void *state);                     /* the link is up; the network has no name yet */
    void (*announced)(void *state);                /* now it has; the first round of probes runs */
    void (*change)(void *state, unsigned changes); /* enum pk_sense_change */
    void (*leave)(void *state);
    /* The neighbour table holds this hardware address for an IPv6 address now. */
    void (*neighbour6)(void *state, const uint8_t address[16], const uint8_t mac[6]);
    /* Looks again and calls pk_sense_checked() for its bits, now or later; loud: tells in any case. */
    void (*check)(void *state, unsigned probes, bool loud);
};

extern const struct pk_sense_part pk_sense_cell_part;
extern const struct pk_sense_part pk_sense_lease_part;
extern const struct pk_sense_part pk_sense_redirect_part;
extern const struct pk_sense_part pk_sense_router6_part;
extern const struct pk_sense_part pk_sense_wifi_part;

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
    struct pk_packet_watch *echo; /* while two claim to be the router */
    struct pk_gateway *gateway;
    struct pk_resolv resolv;
    struct pk_lease lease;
    struct pk_wifi wifi; /* that it is connected to */
    struct pk_wifi air[PK_WIFI_ROWS_MAX];
    size_t air_count;
    bool on_network;      /* linked */
    bool announced;       /* and told so */
    bool attacked;        /* an attack is open: nothing is learnt */
    bool few;             /* the round that begins now is a quiet one: not all need be asked */
    bool dead;            /* to be freed with the last job */
    uint16_t echo_id;     /* of the packets of `echo` */
    int64_t announced_ms; /* when; monotonic */
    int64_t attacked_ms;  /* since when; monotonic */
    char network[PK_NETWORK_ID];
    unsigned generation; /* answers of jobs that were started on another network are dropped */
    int portal_state;    /* enum pk_portal_state */

    struct pk_timer gateway_timer, announce_timer, files_timer, roots_timer;
    struct pk_timer watch_timer, dns_timer, tls_timer, posture_timer, captive_timer;

    unsigned watched;                  /* probes whose findings are open */
    unsigned pending[PK_SENSE_PROBES]; /* jobs under way, by bit number of enum pk_probe */
    unsigned again;                    /* probes to start anew when theirs have ended */
    unsigned asking;           /* parts (their probes' bits) whose questions are under way */
    unsigned loud;             /* probes whose results are told even when they are no news */
    unsigned jobs;             /* threads that still read this struct */
    unsigned check;            /* probes that pk_sense_check() waits for */
    struct pk_sense_job *held; /* results that wait for the portal's */
    int64_t portal_ms;         /* when the portal was last asked; monotonic, 0: not yet */
    int64_t captive_since_ms;
    char portal_host[256];        /* where the test page leads; "": nowhere */
    struct pk_sense_http *http;   /* sense_http.c */
    struct pk_sense_proxy *proxy; /* sense_proxy.c */
    struct pk_known *known;       /* what was learnt on earlier visits; never NULL */
    const struct pk_trust *trust; /* never NULL; changes between callbacks only */
    struct pk_arena *trust_arena;
    struct pk_sense_visit visits[8], visit; /* of this session, newest first; the one that runs */
    struct pk_sense_tls *tls;               /* of sense_tls.c; never NULL */
    void *parts[PK_SENSE_PARTS_MAX];
    int64_t checked_ms;      /* when DNS and TLS were last asked */
    int64_t diverted_gap_ms; /* until they are asked again while a rival takes the traffic; 0: soon */
    struct pk_sense_names names;
    struct pk_sense_told told_dns[PK_PROBE_SERVERS_MAX];
    struct pk_sense_told told_portal;

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
/* Whether a portal holds the device, as far as is known now. */
enum pk_tri pk_sense_captive(const struct pk_sense *sense);
/* In a quiet round: is this worth telling? Remembers it when it is. loud: in any case. */
bool pk_sense_is_news(struct pk_sense_told *told, const char *text, bool good, bool loud);
/* Fills in time and network, and tells the sink. */
void pk_sense_tell(struct pk_sense *sense, struct pk_observation *obs);
/* Frees a dead one that no job uses any more. */
void pk_sense_release(struct pk_sense *sense);
/* One of the probes that pk_sense_check() waits for has reported. */
void pk_sense_checked(struct pk_sense *sense, unsigned probes);
/* A part that had set its bits in sense->asking has told its result. What the visit showed is learnt
 * only when nothing asks any more. */
void pk_sense_asked(struct pk_sense *sense, unsigned probes);

/* Frees what the two keep between rounds, with the senses. */
void pk_sense_http_finish(struct pk_sense *sense);
void pk_sense_proxy_finish(struct pk_sense *sense);

/* --- sense_learn.c: what clean visits taught --- */

/* Nothing is under way any more: what this visit showed may be learnt. */
void pk_sense_rested(struct pk_sense *sense);
/* Fills in what was before. */
void pk_sense_compare_network(const struct pk_sense *sense, struct pk_obs_network *net);
/* The organisation's list: does an access point of this name fit? UNKNOWN: the name is not on it. */
enum pk_tri pk_sense_listed(
        const struct pk_sense *sense, const char *ssid, const char *bssid, int security);
void pk_sense_note_network(struct pk_sense *sense, const struct pk_obs_network *net);

/* --- sense_visits.c: what this session showed --- */

/* Something changes: what was seen until now is remembered, unless an attack is open. */
void pk_sense_visit_next(struct pk_sense *sense);
/* Adds to pk_sense_compare_network(), and begins anew with what is seen now. */
void pk_sense_visit_compare(struct pk_sense *sense, struct pk_obs_network *net);
/* The best that the network had in this session; 0: not known. */
int pk_sense_visit_security(const struct pk_sense *sense, const char *network);
/* Was the network joined by this access point in this session? */
enum pk_tri pk_sense_visit_bssid(
        struct pk_sense *sense, const char *network, const char *bssid, enum pk_tri otherwise);

/* --- sense_parts.c: what happens, told to all parts --- */

int pk_sense_parts_create(struct pk_sense *sense, struct pk_error *err);
void pk_sense_parts_destroy(struct pk_sense *sense);
void pk_sense_parts_join(struct pk_sense *sense);
void pk_sense_parts_announced(struct pk_sense *sense);
void pk_sense_parts_change(struct pk_sense *sense, unsigned changes);
void pk_sense_parts_leave(struct pk_sense *sense);
/* For struct pk_link_handlers; ctx is the struct pk_sense. */
void pk_sense_parts_neighbour6(void *ctx, const uint8_t address[16], const uint8_t mac[6]);
/* Bits that no part answers are done at once. */
void pk_sense_parts_check(struct pk_sense *sense, unsigned probes, bool loud);

/* --- sense_tls.c --- */

/* state_dir may be NULL. The settings are there already. */
PK_MUST_USE int pk_sense_tls_create(
        struct pk_sense *sense, const char *state_dir, struct pk_error *err);
void pk_sense_tls_destroy(struct pk_sense *sense);
/* Asks one check host, each time another one. */
void pk_sense_tls_turn(struct pk_sense *sense, bool loud);

/* --- sense_settings.c --- */

/* Copies the settings and fills in the defaults. */
PK_MUST_USE int pk_sense_take_settings(
        struct pk_sense *sense, const struct pk_sense_settings *in, struct pk_error *err);

/* --- sense_gateway.c: who the router is --- */

extern const struct pk_gateway_ops pk_sense_gateway_ops;
void pk_sense_gateway_join(struct pk_sense *sense);
void pk_sense_gateway_leave(struct pk_sense *sense);
void pk_sense_on_neighbour(void *ctx, const uint8_t mac[6]);

/* --- sense_network.c: joining, changing, leaving --- */

/* For struct pk_link_handlers; ctx is the struct pk_sense. */
void pk_sense_on_link(void *ctx, const struct pk_link_state *state);
/* Tells that a network was joined and begins the first round, once. */
void pk_sense_announce(struct pk_sense *sense);
/* Asks beyond the link again while a rival takes the traffic; true: it did so now. */
bool pk_sense_check_diverted(struct pk_sense *sense);
/* Until the resolver is asked again, ms. */
int64_t pk_sense_dns_gap(const struct pk_sense *sense, int64_t now_ms);
void pk_sense_leave(struct pk_sense *sense);
/* A sense works, or lacks something (why: a constant); told when it is news. */
void pk_sense_set_sensor(
        struct pk_sense *sense, enum pk_sense_sensor which, int state, const char *why);
/* Tells of the network again: what is compared with is another now. */
void pk_sense_tell_again(struct pk_sense *sense);
/* Reads the files again and acts on what is different. */
void pk_sense_refresh(struct pk_sense *sense);
