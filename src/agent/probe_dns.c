#include "agent/probe_dns.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/crypt.h"

#define NAMES_MAX     4
#define NAME_BYTES    256
#define KEPT_MAX      4
#define LABEL_LETTERS 12

struct names {
    char text[NAMES_MAX][NAME_BYTES];
    size_t count;
};

static void random_label(char *out, size_t letters)
{
    uint8_t bytes[32];

    pk_random(bytes, letters);
    for (size_t i = 0; i < letters; i++) {
        out[i] = (char)('a' + bytes[i] % 26);
    }
    out[letters] = '\0';
}

/* No top-level domain of the root zone is 12 random letters (26^12 against some 1,500); .invalid
 * never exists (RFC 6761 section 6.4). Some hijackers spare one kind, so all are tried. */
static void make_names(const char *domain, struct names *out)
{
    char a[33];
    char b[33];

    out->count = 0;
    for (size_t i = 0; i < 2; i++) {
        random_label(a, LABEL_LETTERS);
        random_label(b, LABEL_LETTERS);
        snprintf(out->text[out->count++], NAME_BYTES, "%s.%s", a, b);
    }
    random_label(a, LABEL_LETTERS);
    snprintf(out->text[out->count++], NAME_BYTES, "%s.invalid", a);
    if (domain != NULL && strlen(domain) + LABEL_LETTERS + 2 < NAME_BYTES) {
        random_label(a, LABEL_LETTERS);
        snprintf(out->text[out->count++], NAME_BYTES, "%s.%s", a, domain);
    }
}

static void keep_addresses(
        const struct pk_dns_answer *answer, struct pk_arena *arena, struct pk_strings *out)
{
    char text[PK_ADDRESS_TEXT];

    for (size_t i = 0; i < answer->count && out->count < KEPT_MAX; i++) {
        bool known = false;

        pk_address_text(&answer->addresses[i], text);
        for (size_t j = 0; j < out->count; j++) {
            known = known || strcmp(out->items[j], text) == 0;
        }
        if (!known) {
            out->items[out->count] = pk_arena_strdup(arena, text);
            out->count += out->items[out->count] != NULL;
        }
    }
}

/* What the trusted resolver says to the names that the other one invented. */
static enum pk_tri trusted_verdict(
        const struct pk_dns_question *asked, const struct pk_dns_question *trusted, size_t count)
{
    enum pk_tri verdict = PK_TRI_UNKNOWN;

    for (size_t i = 0; i < count; i++) {
        const struct pk_dns_answer *answer = &trusted[i].answer;

        if (asked[i].rc != PK_OK || asked[i].answer.total == 0 || trusted[i].rc != PK_OK) {
            continue;
        }
        if (answer->total > 0) {
            return PK_TRI_NO; /* it exists after all */
        }
        if (answer->rcode == PK_DNS_NXDOMAIN || answer->rcode == PK_DNS_NOERROR) {
            verdict = PK_TRI_YES;
        }
    }
    return verdict;
}

static void ask_names(const struct names *names, const struct pk_address *server,
        struct pk_dns_question *questions, const struct pk_deadline *deadline)
{
    for (size_t i = 0; i < names->count; i++) {
        questions[i] = (struct pk_dns_question){
            .server = *server, .name = names->text[i], .type = PK_DNS_A
        };
    }
    pk_dns_ask(questions, names->count, deadline);
}

struct pk_obs_dns *pk_probe_dns(const struct pk_probe_env *env, const struct pk_address *server,
        const char *domain, const struct pk_address *trusted)
{
    struct pk_dns_question questions[2 * NAMES_MAX] = { 0 };
    struct pk_obs_dns *out = pk_arena_alloc(env->arena, 1, sizeof(*out));
    const char **kept = pk_arena_alloc(env->arena, KEPT_MAX, sizeof(*kept));
    struct names names;
    char text[PK_ADDRESS_TEXT];

    if (out == NULL || kept == NULL) {
        return NULL;
    }
    make_names(domain, &names);
    ask_names(&names, server, questions, &env->deadline);
    *out = (struct pk_obs_dns){ .nx_probes = (int64_t)names.count, .nx_addresses.items = kept };
    out->resolver = pk_arena_strdup(env->arena, pk_address_text(server, text));
    for (size_t i = 0; i < names.count; i++) {
        /* A server that refuses or fails says nothing about names: counted like silence. */
        bool says = questions[i].rc == PK_OK &&
                (questions[i].answer.rcode == PK_DNS_NOERROR ||
                        questions[i].answer.rcode == PK_DNS_NXDOMAIN);

        out->timeouts += !says;
        if (says && questions[i].answer.total > 0) {
            out->nx_answered++;
            keep_addresses(&questions[i].answer, env->arena, &out->nx_addresses);
        }
    }
    if (trusted != NULL && out->nx_answered > 0) { /* honest answers need no second opinion */
        ask_names(&names, trusted, questions + names.count, &env->deadline);
        out->trusted_nx = trusted_verdict(questions, questions + names.count, names.count);
    }
    return out->resolver != NULL ? out : NULL;
}
