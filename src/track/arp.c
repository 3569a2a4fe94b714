/* Who claims which IPv4 address, from what the stations of a recorded network said by themselves. Nobody can be asked any
 * more, so that the old holder counts as alive when it spoke as the address after the new one did; and a station that
 * claims an address, but asks who has it, has refuted itself. */
#include "wire/arp.h"

#include <net/ethernet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "track/trackers.h"

#define ADDRESSES_MAX 1024 /* more are not watched */
#define HOLDERS_MAX   4    /* of an address; the one heard last longest ago gives way */
#define ASKED_MAX     64   /* questions that are remembered */
#define ASKED_US      2000000
#define ALIVE_US      60000000 /* so long a holder is remembered */
#define CLAIMS_US     10000000
#define ALSO_MAX      8
#define OFTEN         3 /* unasked claims that are no slip */

struct holder {
    uint8_t mac[6];
    int64_t first_us; /* spoke as the address, by ARP or IP */
    int64_t last_us;
    int64_t claim_us; /* first unasked claim by ARP; 0: none */
    int64_t claims;   /* by ARP */
    int64_t unasked;
    int64_t asks;  /* asked who has the very address, under another one */
    int64_t after; /* spoke after another one's claim began */
    bool used;
};

struct address {
    uint8_t ip[4];
    struct holder holders[HOLDERS_MAX];
    uint8_t told_rival[6];
    bool told;
    bool told_after;
};

struct asked {
    uint8_t asker[4];
    uint8_t target[4];
    int64_t at_us;
};

struct tracker {
    const struct pk_track_sink *sink;
    struct address *rows; /* open addressing by ip; 0.0.0.0: free */
    size_t count;
    struct asked asked[ASKED_MAX]; /* a ring */
    size_t next_asked;
    uint8_t routers[2][6]; /* whose frames bring packets from outside; the one before */
    size_t router_count;
};

static void *create(const struct pk_track_sink *sink)
{
    struct tracker *t = calloc(1, sizeof(*t));

    if (t != NULL) {
        t->sink = sink;
        t->rows = calloc(2UL * ADDRESSES_MAX, sizeof(*t->rows));
        if (t->rows == NULL) {
            free(t);
            return NULL;
        }
    }
    return t;
}

static void destroy(void *state)
{
    struct tracker *t = state;

    free(t->rows);
    free(t);
}

static bool is_zero(const uint8_t ip[4])
{
    return (ip[0] | ip[1] | ip[2] | ip[3]) == 0;
}

static bool is_private(const uint8_t ip[4])
{
    return ip[0] == 10 || (ip[0] == 172 && (ip[1] & 0xf0) == 16) ||
            (ip[0] == 192 && ip[1] == 168) || (ip[0] == 169 && ip[1] == 254);
}

static bool is_group(const uint8_t mac[6])
{
    return (mac[0] & 1) != 0;
}

/* The row of an address; add: makes one while there is room. */
static struct address *row_of(struct tracker *t, const uint8_t ip[4], bool add)
{
    uint32_t hash = ((uint32_t)ip[0] << 24 | (uint32_t)ip[1] << 16 | (uint32_t)ip[2] << 8 | ip[3]) *
            2654435761U;
    size_t at = hash >> 21; /* 11 bits */

    while (!is_zero(t->rows[at].ip)) {
        if (memcmp(t->rows[at].ip, ip, 4) == 0) {
            return &t->rows[at];
        }
        at = (at + 1) % (2UL * ADDRESSES_MAX);
    }
    if (!add || t->count == ADDRESSES_MAX || is_zero(ip)) {
        return NULL;
    }
    memcpy(t->rows[at].ip, ip, 4);
    t->count++;
    return &t->rows[at];
}

static struct holder *holder_of(struct address *row, const uint8_t mac[6], int64_t now, bool add)
{
    struct holder *oldest = &row->holders[0];

    for (size_t i = 0; i < HOLDERS_MAX; i++) {
        struct holder *h = &row->holders[i];

        if (h->used && memcmp(h->mac, mac, 6) == 0) {
            return h;
        }
        if (!h->used || (oldest->used && h->last_us < oldest->last_us)) {
            oldest = h;
        }
    }
    if (!add) {
        return NULL;
    }
    *oldest = (struct holder){ .used = true, .first_us = now };
    memcpy(oldest->mac, mac, 6);
    return oldest;
}

/* The first of the others that is remembered. */
static struct holder *rival_to(struct address *row, const struct holder *than, int64_t now)
{
    struct holder *found = NULL;

    for (size_t i = 0; i < HOLDERS_MAX; i++) {
        struct holder *h = &row->holders[i];

        if (h->used && h != than && now - h->last_us < ALIVE_US &&
                (found == NULL || h->first_us < found->first_us)) {
            found = h;
        }
    }
    return found;
}

static size_t others_of(struct tracker *t, const uint8_t mac[6], const uint8_t but[4],
        char out[ALSO_MAX][PK_ADDRESS_TEXT])
{
    size_t count = 0;

    for (size_t i = 0; i < 2UL * ADDRESSES_MAX && count < ALSO_MAX; i++) {
        struct address *row = &t->rows[i];

        if (!is_zero(row->ip) && memcmp(row->ip, but, 4) != 0 &&
                holder_of(row, mac, 0, false) != NULL) {
            struct pk_address a = { .family = AF_INET };

            memcpy(a.bytes, row->ip, 4);
            (void)pk_address_text(&a, out[count++]);
        }
    }
    return count;
}

/* The router's hardware address as far as it is not the rival's. */
static const uint8_t *router_but(const struct tracker *t, const struct holder *rival)
{
    for (size_t i = 0; i < t->router_count; i++) {
        if (memcmp(t->routers[i], rival->mac, 6) != 0) {
            return t->routers[i];
        }
    }
    return rival->mac;
}

static void note_router(struct tracker *t, const uint8_t mac[6])
{
    if (t->router_count > 0 && memcmp(t->routers[0], mac, 6) == 0) {
        return;
    }
    memcpy(t->routers[1], t->routers[0], 6);
    memcpy(t->routers[0], mac, 6);
    t->router_count += t->router_count < 2;
}

static void tell(struct tracker *t, struct address *row, const struct holder *rival,
        const struct holder *old, int64_t now)
{
    char also[ALSO_MAX][PK_ADDRESS_TEXT];
    const char *list[ALSO_MAX];
    char address[PK_ADDRESS_TEXT];
    char mac[PK_MAC_TEXT];
    char before[PK_MAC_TEXT];
    struct pk_address a = { .family = AF_INET };
    struct pk_obs_gateway body = {
        .address = address,
        .mac = mac,
        .mac_before = before,
        .mac_rival = mac,
        .old_answers = old != NULL ? old->after : 0,
        .rival_claims = rival->claims,
        .unasked_claims = rival->unasked,
        .rival_asks = rival->asks,
    };

    memcpy(a.bytes, row->ip, 4);
    (void)pk_address_text(&a, address);
    (void)pk_mac_text(rival->mac, mac);
    (void)pk_mac_text(old != NULL ? old->mac : router_but(t, rival), before);
    body.rival_also.count = others_of(t, rival->mac, row->ip, also);
    body.rival_also.items = list;
    for (size_t i = 0; i < body.rival_also.count; i++) {
        list[i] = also[i];
    }
    t->sink->tell(t->sink->ctx,
            &(struct pk_observation){
                    .kind = PK_OBS_GATEWAY, .at_ms = now / 1000, .gateway = &body });
    row->told = true;
    row->told_after = body.old_answers > 0 || body.rival_asks > 0;
    memcpy(row->told_rival, rival->mac, 6);
}

/* Two stations that both speak as the address, of which one pushes itself forward; a mere move (the old one silent), a
 * proxy that answers when asked, and two machines with one address by mistake are left alone. */
static void judge(struct tracker *t, struct address *row, struct holder *rival, int64_t now)
{
    char also[ALSO_MAX][PK_ADDRESS_TEXT];
    struct holder *old = rival_to(row, rival, now);
    bool refuted = rival->asks > 0 && rival->unasked > 0;
    bool contested;

    if (old != NULL && old->first_us > rival->first_us) {
        return; /* the rival was there first */
    }
    contested = old != NULL && old->after > 0 && rival->unasked > 0 &&
            (rival->unasked >= OFTEN || others_of(t, rival->mac, row->ip, also) > 0);
    if (!refuted && !contested) {
        return;
    }
    if (!row->told || !row->told_after || memcmp(row->told_rival, rival->mac, 6) != 0) {
        tell(t, row, rival, old, now);
    }
}

/* A station spoke as the address. */
static void spoke(struct tracker *t, const uint8_t ip[4], const uint8_t mac[6], int64_t now,
        bool by_arp, bool unasked)
{
    struct address *row = !is_zero(ip) && !is_group(mac) ? row_of(t, ip, true) : NULL;
    struct holder *h;

    if (row == NULL) {
        return;
    }
    h = holder_of(row, mac, now, true);
    h->last_us = now;
    h->claims += by_arp;
    h->unasked += unasked;
    if (unasked && h->claim_us == 0) {
        h->claim_us = now;
    }
    for (size_t i = 0; i < HOLDERS_MAX; i++) {
        struct holder *other = &row->holders[i];

        if (other->used && other != h && other->claim_us != 0 && other->first_us > h->first_us) {
            h->after++;
            judge(t, row, other, now);
        }
    }
    judge(t, row, h, now);
}

static bool was_asked(const struct tracker *t, const struct pk_arp_frame *f, int64_t now)
{
    for (size_t i = 0; i < ASKED_MAX; i++) {
        const struct asked *a = &t->asked[i];

        if (a->at_us != 0 && now - a->at_us < ASKED_US && memcmp(a->target, f->sender_ip, 4) == 0 &&
                memcmp(a->asker, f->target_ip, 4) == 0) {
            return true;
        }
    }
    return false;
}

static void on_request(struct tracker *t, const struct pk_arp_frame *f, int64_t now)
{
    bool gratuitous = memcmp(f->sender_ip, f->target_ip, 4) == 0;
    struct address *row = row_of(t, f->target_ip, false);
    struct holder *claimed = row != NULL ? holder_of(row, f->sender_mac, now, false) : NULL;

    t->asked[t->next_asked] = (struct asked){ .at_us = now };
    memcpy(t->asked[t->next_asked].asker, f->sender_ip, 4);
    memcpy(t->asked[t->next_asked].target, f->target_ip, 4);
    t->next_asked = (t->next_asked + 1) % ASKED_MAX;
    spoke(t, f->sender_ip, f->sender_mac, now, true, gratuitous);
    if (claimed != NULL && !gratuitous && !is_zero(f->sender_ip) && claimed->unasked > 0) {
        claimed->asks++;
        judge(t, row, claimed, now);
    }
}

static void frame(void *state, const struct pk_frame *f)
{
    struct tracker *t = state;
    struct pk_arp_frame arp;

    if (f->ethertype == ETHERTYPE_ARP) {
        if (f->link != PK_LINK_ETHERNET || pk_arp_parse(f->bytes, &arp) < 0) {
            return;
        }
        if (arp.op == PK_ARP_REQUEST) {
            on_request(t, &arp, f->at_us);
        } else if (arp.op == PK_ARP_REPLY) {
            spoke(t, arp.sender_ip, arp.sender_mac, f->at_us, true, !was_asked(t, &arp, f->at_us));
        }
        return;
    }
    if (!f->has_mac || f->from.family != AF_INET || is_group(f->mac_from)) {
        return;
    }
    if (!is_private(f->from.bytes)) { /* from outside: by the router's hands */
        note_router(t, f->mac_from);
        return;
    }
    /* Only of addresses that ARP spoke of: behind a router private addresses are many. */
    if (row_of(t, f->from.bytes, false) != NULL &&
            holder_of(row_of(t, f->from.bytes, false), f->mac_from, 0, false) != NULL) {
        spoke(t, f->from.bytes, f->mac_from, f->at_us, false, false);
    }
}

const struct pk_tracker pk_arp_tracker = {
    .name = "arp",
    .create = create,
    .destroy = destroy,
    .frame = frame,
};
