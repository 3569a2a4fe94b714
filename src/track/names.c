/* Answers to DNS questions in a recorded network: two different answers to one question (somebody raced the server),
 * and one address of the inside under many names (somebody answers for everything). */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "track/trackers.h"
#include "wire/dns_question.h"

#define DNS_PORT      53
#define QUESTIONS_MAX 256     /* a ring */
#define WAIT_US       5000000 /* an answer that comes later is none */
#define TRAPS_MAX     32      /* inside addresses that are counted */
#define TRAP_NAMES    4       /* unrelated names with one inside address are no accident */

struct question {
    int64_t at_us; /* 0: free */
    int64_t answer_us;
    struct pk_address client;
    struct pk_address server;
    struct pk_dns_question q;
    struct pk_dns_answer first;
    bool answered;
    bool again; /* it was sent twice: two answers are only right */
    bool told;
};

/* One address that was answered for several names. */
struct trap {
    struct pk_address address;
    struct pk_address server;
    char names[TRAP_NAMES][PK_DNS_NAME_MAX];
    size_t count;
    bool told;
};

struct tracker {
    const struct pk_track_sink *sink;
    struct question ring[QUESTIONS_MAX];
    size_t next;
    struct trap traps[TRAPS_MAX];
    size_t trap_count;
};

static void *create(const struct pk_track_sink *sink)
{
    struct tracker *t = calloc(1, sizeof(*t));

    if (t != NULL) {
        t->sink = sink;
    }
    return t;
}

static void destroy(void *state)
{
    free(state);
}

static void ask(struct tracker *t, const struct pk_frame *f, const struct pk_dns_question *q)
{
    struct question *row = &t->ring[t->next];

    for (size_t i = 0; i < QUESTIONS_MAX; i++) { /* sent again: still the same question */
        struct question *r = &t->ring[i];

        if (r->at_us != 0 && r->q.id == q->id && r->client.port == f->from.port &&
                pk_address_same(&r->client, &f->from) && pk_address_same(&r->server, &f->to) &&
                f->at_us - r->at_us < WAIT_US && strcmp(r->q.name, q->name) == 0) {
            r->again = true;
            return;
        }
    }
    *row = (struct question){ .at_us = f->at_us, .client = f->from, .server = f->to, .q = *q };
    t->next = (t->next + 1) % QUESTIONS_MAX;
}

static struct question *find(
        struct tracker *t, const struct pk_frame *f, const struct pk_dns_question *q)
{
    for (size_t i = 0; i < QUESTIONS_MAX; i++) {
        struct question *r = &t->ring[i];

        if (r->at_us != 0 && r->q.id == q->id && r->q.type == q->type &&
                r->client.port == f->to.port && pk_address_same(&r->client, &f->to) &&
                pk_address_same(&r->server, &f->from) && strcmp(r->q.name, q->name) == 0 &&
                f->at_us - r->at_us < WAIT_US) {
            return r;
        }
    }
    return NULL;
}

static bool overlaps(const struct pk_dns_answer *a, const struct pk_dns_answer *b)
{
    for (size_t i = 0; i < a->count; i++) {
        for (size_t k = 0; k < b->count; k++) {
            if (pk_address_same(&a->addresses[i], &b->addresses[k])) {
                return true;
            }
        }
    }
    return false;
}

static struct pk_strings texts(const struct pk_dns_answer *a,
        char text[PK_DNS_ADDRESSES_MAX][PK_ADDRESS_TEXT], const char *list[PK_DNS_ADDRESSES_MAX])
{
    for (size_t i = 0; i < a->count; i++) {
        list[i] = pk_address_text(&a->addresses[i], text[i]);
    }
    return (struct pk_strings){ .items = list, .count = a->count };
}

static void tell(struct tracker *t, const struct pk_address *server, struct pk_dns_check *checks,
        size_t count, int64_t now_us)
{
    char resolver[PK_ADDRESS_TEXT];
    struct pk_obs_dns body = { .resolver = pk_address_text(server, resolver),
        .checks = { .items = checks, .count = count } };

    t->sink->tell(t->sink->ctx,
            &(struct pk_observation){ .kind = PK_OBS_DNS, .at_ms = now_us / 1000, .dns = &body });
}

static void tell_second(
        struct tracker *t, struct question *r, const struct pk_dns_answer *second, int64_t now_us)
{
    char first_text[PK_DNS_ADDRESSES_MAX][PK_ADDRESS_TEXT];
    char second_text[PK_DNS_ADDRESSES_MAX][PK_ADDRESS_TEXT];
    const char *first_list[PK_DNS_ADDRESSES_MAX];
    const char *second_list[PK_DNS_ADDRESSES_MAX];
    struct pk_dns_check check = {
        .name = r->q.name,
        .rcode = r->first.rcode,
        .addresses = texts(&r->first, first_text, first_list),
        .trusted_rcode = -1,
        .second = texts(second, second_text, second_list),
        .second_ms = (now_us - r->answer_us) / 1000,
    };

    if (check.second_ms < 1) {
        check.second_ms = 1;
    }
    r->told = true;
    tell(t, &r->server, &check, 1, now_us);
}

static bool is_inside(const struct pk_address *a)
{
    const uint8_t *b = a->bytes;

    return a->family == AF_INET
            ? b[0] == 10 || (b[0] == 172 && (b[1] & 0xf0) == 16) || (b[0] == 192 && b[1] == 168)
            : (b[0] & 0xfe) == 0xfc;
}

/* The last two labels: names below one domain may well share an address. */
static const char *base_of(const char *name)
{
    const char *dot = strrchr(name, '.');

    while (dot != NULL && dot > name) {
        dot--;
        if (*dot == '.') {
            return dot + 1;
        }
    }
    return name;
}

/* A public name has a dot and ends in letters that are no inside suffix. */
static bool is_public(const char *name)
{
    static const char *const inside[] = { "local", "lan", "home", "internal", "intranet", "corp",
        "arpa", "test", "localdomain", "private" };
    const char *last = strrchr(name, '.');

    if (last == NULL) {
        return false;
    }
    for (size_t i = 0; i < PK_COUNT(inside); i++) {
        if (strcmp(last + 1, inside[i]) == 0) {
            return false;
        }
    }
    return true;
}

static struct trap *trap_of(
        struct tracker *t, const struct pk_address *address, const struct pk_address *server)
{
    struct trap *row;

    for (size_t i = 0; i < t->trap_count; i++) {
        if (pk_address_same(&t->traps[i].address, address) &&
                pk_address_same(&t->traps[i].server, server)) {
            return &t->traps[i];
        }
    }
    if (t->trap_count == TRAPS_MAX) {
        return NULL;
    }
    row = &t->traps[t->trap_count++];
    row->address = *address;
    row->server = *server;
    return row;
}

static void count_trap(struct tracker *t, const struct question *r, int64_t now_us)
{
    struct pk_dns_check checks[TRAP_NAMES];
    char text[PK_ADDRESS_TEXT];
    const char *list[1];
    struct trap *trap;

    if (r->first.count == 0 || !is_inside(&r->first.addresses[0]) || !is_public(r->q.name)) {
        return;
    }
    trap = trap_of(t, &r->first.addresses[0], &r->server);
    if (trap == NULL || trap->told) {
        return;
    }
    for (size_t i = 0; i < trap->count; i++) {
        if (strcmp(base_of(trap->names[i]), base_of(r->q.name)) == 0) {
            return;
        }
    }
    (void)snprintf(trap->names[trap->count++], PK_DNS_NAME_MAX, "%s", r->q.name);
    if (trap->count < TRAP_NAMES) {
        return;
    }
    list[0] = pk_address_text(&trap->address, text);
    for (size_t i = 0; i < TRAP_NAMES; i++) {
        checks[i] = (struct pk_dns_check){
            .name = trap->names[i], .addresses = { .items = list, .count = 1 }, .trusted_rcode = -1
        };
    }
    trap->told = true;
    tell(t, &trap->server, checks, TRAP_NAMES, now_us);
}

static void answer(struct tracker *t, const struct pk_frame *f, const struct pk_dns_question *q)
{
    struct question *r = find(t, f, q);
    struct pk_dns_answer a;

    if (r == NULL || q->truncated ||
            pk_dns_parse(f->data, q->id, q->name, (enum pk_dns_type)q->type, &a) < 0) {
        return;
    }
    if (!r->answered) {
        r->answered = true;
        r->answer_us = f->at_us;
        r->first = a;
        count_trap(t, r, f->at_us);
        return;
    }
    if (!r->told && !r->again && r->first.count > 0 && a.count > 0 && !overlaps(&r->first, &a)) {
        tell_second(t, r, &a, f->at_us);
    }
}

static void frame(void *state, const struct pk_frame *f)
{
    struct tracker *t = state;
    struct pk_dns_question q;

    if (f->protocol != IPPROTO_UDP || (f->from.port != DNS_PORT && f->to.port != DNS_PORT) ||
            pk_dns_question_read(f->data, &q) < 0 ||
            (q.type != PK_DNS_A && q.type != PK_DNS_AAAA)) {
        return;
    }
    if (q.answer && f->from.port == DNS_PORT) {
        answer(t, f, &q);
    } else if (!q.answer && f->to.port == DNS_PORT) {
        ask(t, f, &q);
    }
}

const struct pk_tracker pk_names_tracker = {
    .name = "names",
    .create = create,
    .destroy = destroy,
    .frame = frame,
};
