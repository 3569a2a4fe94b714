/* Does a name server of the network tell the truth?
 *
 * An address is right when the trusted resolver gives it too, or when the host there proves the name
 * by its certificate: so content networks that vary their answers, other resolvers, address
 * translation (DNS64) and inside answers are honest. It is forged when that is excluded. Who forged
 * it decides between two threats: the name server that the network uses lies (dns_hijack), or
 * somebody answers in its place (dns_spoof). A server that is silent, fails or refuses proves nothing. */
#include <stdio.h>

#include "defense/defense.h"
#include "wire/address_kind.h"

#define HIJACK "network.dns_hijack"
#define SPOOF  "network.dns_spoof"
#define CHANGE "network.dns_change"

#define CHECKS_MAX        14 /* two words on each, and three more, fit into PK_FINDINGS_MAX */
#define MADE_UP           "made-up names"
#define ONE_ADDRESS_NAMES 4
#define PART_BYTES        96 /* as much as is compared of a part's name */

enum via {
    VIA_NONE,
    VIA_UDP,
    VIA_TCP,
    VIA_DOT,
    VIA_DOH
};

enum verdict {
    CANNOT_TELL,
    RIGHT,
    BLOCKED, /* a filter's answer: no address at all, or one of nobody */
    FORGED,
};

struct opinion {
    enum verdict verdict;
    double confidence;
    const char *rule;
    const char *seen;
};

/* --- addresses ---------------------------------------------------------------------------- */

static bool parse(const char *text, struct pk_address *out)
{
    return pk_address_parse(text, 0, out) == PK_OK;
}

static bool has(const struct pk_strings *list, const struct pk_address *address)
{
    struct pk_address one;

    for (size_t i = 0; i < list->count; i++) {
        if (parse(list->items[i], &one) && pk_address_same(&one, address)) {
            return true;
        }
    }
    return false;
}

/* An IPv6 address made of a right IPv4 one: RFC 6147. */
static bool is_translated(const struct pk_obs_dns *d, const struct pk_strings *right,
        const struct pk_address *address)
{
    struct pk_nat64 nat64 = pk_nat64_well_known;
    struct pk_address inner;

    if (pk_nat64_inner(&nat64, address, &inner) == PK_OK && has(right, &inner)) {
        return true;
    }
    for (size_t i = 0; i < d->nat64.count; i++) {
        if (pk_nat64_parse(d->nat64.items[i], &nat64) == PK_OK &&
                pk_nat64_inner(&nat64, address, &inner) == PK_OK && has(right, &inner)) {
            return true;
        }
    }
    return false;
}

struct counts {
    size_t wrong;   /* neither of the trusted resolver nor made of its */
    size_t near;    /* of which private */
    size_t nowhere; /* of all */
};

static struct counts count(const struct pk_obs_dns *d, const struct pk_strings *answer,
        const struct pk_strings *trusted)
{
    struct counts n = { 0 };

    for (size_t i = 0; i < answer->count; i++) {
        struct pk_address address;

        if (!parse(answer->items[i], &address)) {
            continue;
        }
        enum pk_address_kind kind = pk_address_kind(&address);

        n.nowhere += kind == PK_ADDRESS_NOWHERE;
        if (kind != PK_ADDRESS_NOWHERE && !has(trusted, &address) &&
                !is_translated(d, trusted, &address)) {
            n.wrong++;
            n.near += kind == PK_ADDRESS_PRIVATE;
        }
    }
    return n;
}

static bool is_near(const struct pk_obs_dns *d, const struct pk_strings *list)
{
    static const struct pk_strings none = { 0 };

    return count(d, list, &none).near > 0;
}

/* --- one answer --------------------------------------------------------------------------- */

static struct opinion forged(double confidence, const char *rule, const char *seen)
{
    return (struct opinion){ FORGED, confidence, rule, seen };
}

/* The host there did not prove the name, while the host at an address of which it is known that it is
 * right did so at the same time. Where nobody listens at all that may be an own host's inside address
 * in a zone that nobody listed, or an address that was right once. */
static struct opinion judge_unproven(
        const struct pk_obs_dns *d, const struct pk_dns_check *c, bool near)
{
    bool strong = d->trusted_via >= VIA_DOT;

    if (c->refused && (near ? c->own && !c->on_link : !strong)) {
        return (struct opinion){ .verdict = CANNOT_TELL };
    }
    if (near) {
        return forged(strong ? 0.97 : 0.9, "near",
                "A name of the internet leads to a device near by, which is not the right one");
    }
    return forged(!strong        ? 0.85
                    : c->refused ? 0.9
                                 : 0.95,
            "no-proof", "A name leads to a host that is not the right one");
}

static struct opinion judge_answer(const struct pk_obs_dns *d, const struct pk_dns_check *c,
        const struct pk_strings *answer, enum pk_tri proves)
{
    bool compared = d->trusted_via != VIA_NONE && c->trusted_addresses.count > 0;
    bool strong = d->trusted_via >= VIA_DOT;
    struct counts n = count(d, answer, &c->trusted_addresses);
    bool near = is_near(d, answer) || (answer == &c->addresses && c->on_link);

    if (answer->count == n.nowhere) {
        return (struct opinion){ .verdict = BLOCKED };
    }
    /* A trusted resolver whose answers could be forged, too, does not vouch for neighbours. */
    if (proves == PK_TRI_YES || (compared && n.wrong == 0 && (strong || !near))) {
        return (struct opinion){ .verdict = RIGHT };
    }
    if (proves == PK_TRI_NO) {
        return judge_unproven(d, c, near);
    }
    /* Inside answers of the organisation for its own hosts look alike when nobody listed the zone. */
    if (!compared || n.wrong == 0 || !near || c->own || is_near(d, &c->trusted_addresses)) {
        return (struct opinion){ .verdict = CANNOT_TELL };
    }
    return forged(!strong        ? 0.85
                    : c->on_link ? 0.95
                                 : 0.9,
            "near",
            c->on_link ? "A name of the internet leads to a device on this network"
                       : "A name of the internet leads to a private address");
}

/* Nobody answers one question twice. (Two copies of one answer, and answers to a question that had to
 * be repeated, are not told as a second answer.) */
static struct opinion judge_second(
        const struct pk_obs_dns *d, const struct pk_dns_check *c, const struct opinion *first)
{
    struct opinion second = judge_answer(d, c, &c->second, c->second_proves);
    const char *seen = "Two different answers came to one question, and one of them is false";

    if (first->verdict == FORGED || second.verdict == FORGED) {
        return forged(0.97, "second-answer", seen);
    }
    if (first->verdict != RIGHT || second.verdict != RIGHT) {
        bool near = is_near(d, &c->addresses) || c->on_link;

        if (near != is_near(d, &c->second) && c->addresses.count > 0) {
            return forged(0.9, "second-answer", seen);
        }
    }
    return *first;
}

static struct opinion judge_check(const struct pk_obs_dns *d, const struct pk_dns_check *c)
{
    struct opinion first;

    if (c->split) {
        return (struct opinion){ .verdict = RIGHT };
    }
    if (c->rcode != 0 && c->rcode != 3 && c->rcode != 5) {
        return (struct opinion){ .verdict = CANNOT_TELL };
    }
    first = judge_answer(d, c, &c->addresses, c->proves);
    return c->second.count > 0 ? judge_second(d, c, &first) : first;
}

/* --- who did it --------------------------------------------------------------------------- */

/* Somebody in the place of the name server, or the name server itself? A new one among the neighbours
 * put itself there. */
static bool is_displaced(const struct pk_obs_dns *d)
{
    return d->contested == PK_TRI_YES ||
            (d->on_link == PK_TRI_YES && d->router != PK_TRI_YES &&
                    d->resolver_known != PK_TRI_YES);
}

static bool is_impostor(const struct pk_obs_dns *d, const struct pk_dns_check *c)
{
    return c->second.count > 0 || c->tcp_right == PK_TRI_YES || d->nx_raced > 0 || is_displaced(d);
}

/* --- what is said ------------------------------------------------------------------------- */

struct saying {
    const struct pk_observation *o;
    struct pk_arena *arena;
    struct pk_findings *out;
    int rc;
};

static json_t *strings(const struct pk_strings *list)
{
    json_t *array = json_array();

    for (size_t i = 0; i < list->count; i++) {
        (void)json_array_append_new(array, json_string(list->items[i]));
    }
    return array;
}

static void name_part(struct saying *s, const char *what)
{
    char part[PART_BYTES];

    if (s->rc == PK_OK) {
        const char *copy;

        (void)snprintf(part, sizeof(part), "%s at %s", what, s->o->dns->resolver);
        copy = pk_arena_strdup(s->arena, part);
        if (copy == NULL) {
            s->rc = PK_ENOMEM;
            return;
        }
        pk_findings_part(s->out, copy);
    }
}

static void clear(struct saying *s, const char *threat, const char *what)
{
    if (s->rc == PK_OK) {
        s->rc = pk_findings_clear(s->out, threat, s->o->network, s->o->at_ms);
        name_part(s, what);
    }
}

static void add(struct saying *s, const char *threat, const char *what, double confidence,
        const char *rule, json_t *evidence)
{
    if (s->rc < 0) {
        json_decref(evidence);
        return;
    }
    s->rc = pk_findings_add(
            s->out, s->arena, threat, s->o->network, confidence, rule, evidence, s->o->at_ms);
    name_part(s, what);
}

static json_t *evidence(
        const struct pk_obs_dns *d, const struct pk_dns_check *c, const struct opinion *opinion)
{
    static const char *const vias[] = { "earlier visits", "plain DNS", "plain DNS over TCP",
        "encrypted DNS (TLS)", "encrypted DNS (HTTPS)" };
    json_t *out = json_pack("{s:s, s:s, s:s, s:o, s:o, s:s}", "seen", opinion->seen, "name",
            c->name, "resolver", d->resolver, "answer", strings(&c->addresses), "expected",
            strings(c->trusted_addresses.count > 0 ? &c->trusted_addresses : &c->known),
            "expected_by", vias[c->trusted_addresses.count > 0 ? d->trusted_via : 0]);

    if (c->second.count > 0) {
        (void)json_object_set_new(out, "second_answer", strings(&c->second));
        (void)json_object_set_new(out, "second_answer_after_ms", json_integer(c->second_ms));
    }
    if (c->proves == PK_TRI_NO) {
        (void)json_object_set_new(
                out, "the_host_there", json_string(c->shown != NULL ? c->shown : "is another"));
    }
    if (c->secure == PK_TRI_YES) {
        (void)json_object_set_new(out, "expected_is_signed", json_true());
    }
    if (c->tcp_right == PK_TRI_YES) {
        (void)json_object_set_new(out, "right_over_tcp", json_true());
    }
    return out;
}

/* Says so and returns true when the name is forged. */
static bool say_check(struct saying *s, const struct pk_dns_check *c, bool *right)
{
    const struct pk_obs_dns *d = s->o->dns;
    struct opinion opinion = judge_check(d, c);

    switch (opinion.verdict) {
    case CANNOT_TELL:
        return false;
    case RIGHT:
    case BLOCKED:
        *right = *right || opinion.verdict == RIGHT;
        clear(s, SPOOF, c->name);
        clear(s, HIJACK, c->name);
        return false;
    case FORGED:
        break;
    }
    bool impostor = is_impostor(d, c);
    char rule[64];

    (void)snprintf(rule, sizeof(rule), "%s/%s", impostor ? SPOOF : HIJACK, opinion.rule);
    const char *kept = pk_arena_strdup(s->arena, rule);

    if (kept == NULL) {
        s->rc = PK_ENOMEM;
        return true;
    }
    clear(s, impostor ? HIJACK : SPOOF, c->name);
    add(s, impostor ? SPOOF : HIJACK, c->name, opinion.confidence, kept, evidence(d, c, &opinion));
    return true;
}

static json_t *made_up_evidence(const struct pk_obs_dns *d)
{
    return json_pack("{s:s, s:s, s:I, s:I, s:o, s:b, s:I}", "seen",
            "The network's name server gives addresses for names that do not exist", "resolver",
            d->resolver, "made_up_names_asked", (json_int_t)d->nx_probes,
            "answered_with_an_address", (json_int_t)d->nx_answered, "addresses",
            strings(&d->nx_addresses), "trusted_resolver_says_no_such_name",
            d->trusted_nx == PK_TRI_YES, "answered_twice", (json_int_t)d->nx_raced);
}

/* Answers for names that cannot exist. A filter that answers "nowhere" to what it does not know leads
 * nobody anywhere; a router without its uplink often answers everything with itself, and so do
 * sign-in pages: without a second opinion a private address says nothing. */
static bool say_made_up(struct saying *s)
{
    const struct pk_obs_dns *d = s->o->dns;
    static const struct pk_strings none = { 0 };
    struct counts n = count(d, &d->nx_addresses, &none);
    bool blocked = d->nx_addresses.count > 0 && n.nowhere == d->nx_addresses.count;
    bool raced = d->nx_raced > 0;
    bool displaced = raced || is_displaced(d);

    if (!raced && (d->nx_answered == 0 || blocked)) {
        if (2 * (d->nx_probes - d->timeouts) >= d->nx_probes) {
            clear(s, HIJACK, MADE_UP);
            clear(s, SPOOF, MADE_UP);
        }
        return false;
    }
    if (d->trusted_nx == PK_TRI_NO || (d->trusted_nx == PK_TRI_UNKNOWN && !raced && n.near > 0)) {
        return false; /* the names do exist somewhere, or nobody can say */
    }
    clear(s, displaced ? HIJACK : SPOOF, MADE_UP);
    add(s, displaced ? SPOOF : HIJACK, MADE_UP, raced || d->trusted_nx == PK_TRI_YES ? 0.95 : 0.7,
            displaced ? SPOOF "/nx-answered" : HIJACK "/nx-answered", made_up_evidence(d));
    return true;
}

/* Unrelated names of the internet with one private address, and nobody to compare with: a recording shows that. A
 * sign-in page may do so, too, therefore it is no more than likely. */
static bool say_one_address(struct saying *s)
{
    const struct pk_obs_dns *d = s->o->dns;
    const struct pk_dns_check *checks = d->checks.items;

    /* Where names were made up the device itself asked: a router without its uplink answers so. */
    if (d->trusted_via != VIA_NONE || d->nx_probes > 0 || d->checks.count < ONE_ADDRESS_NAMES) {
        return false;
    }
    for (size_t i = 0; i < d->checks.count; i++) {
        if (checks[i].split || checks[i].addresses.count != 1 || checks[0].addresses.count != 1 ||
                strcmp(checks[i].addresses.items[0], checks[0].addresses.items[0]) != 0) {
            return false;
        }
    }
    if (!is_near(d, &checks[0].addresses)) {
        return false;
    }
    add(s, HIJACK, "one address", 0.75, "network.dns_hijack/one-address",
            json_pack("{s:s, s:s, s:I, s:o}", "seen",
                    "Unrelated names of the internet all lead to one private address", "resolver",
                    d->resolver, "names", (json_int_t)d->checks.count, "answer",
                    strings(&checks[0].addresses)));
    return true;
}

static void say_change(struct saying *s)
{
    add(s, CHANGE, "name server", 0.9, "network.dns_change/new",
            json_pack("{s:s, s:s}", "seen",
                    "The network uses another name server than before; its answers are right",
                    "resolver", s->o->dns->resolver));
}

static void say_gone(struct saying *s)
{
    const struct pk_obs_dns *d = s->o->dns;
    const struct pk_dns_check *checks = d->checks.items;

    for (size_t i = 0; i < d->checks.count && i < CHECKS_MAX; i++) {
        clear(s, SPOOF, checks[i].name);
        clear(s, HIJACK, checks[i].name);
    }
    clear(s, HIJACK, MADE_UP);
    clear(s, SPOOF, MADE_UP);
    clear(s, CHANGE, "name server");
}

int pk_judge_dns(const struct pk_observation *o, struct pk_arena *arena, struct pk_findings *out)
{
    const struct pk_obs_dns *d = o->dns;
    const struct pk_dns_check *checks = d->checks.items;
    struct saying s = { .o = o, .arena = arena, .out = out };
    bool right = false;
    bool wrong = false;

    if (o->network == NULL) {
        return PK_OK;
    }
    if (d->gone) {
        say_gone(&s);
        return s.rc;
    }
    if (d->captive == PK_TRI_YES) {
        return PK_OK;
    }
    if (d->nx_probes > d->timeouts) {
        wrong = say_made_up(&s);
    }
    for (size_t i = 0; i < d->checks.count && i < CHECKS_MAX; i++) {
        wrong |= say_check(&s, &checks[i], &right);
    }
    wrong |= say_one_address(&s);
    if (d->resolver_known == PK_TRI_NO && right && !wrong) {
        say_change(&s);
    } else if (d->resolver_known == PK_TRI_YES) {
        clear(&s, CHANGE, "name server");
    }
    return s.rc;
}
