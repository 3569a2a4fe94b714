/* fuzz_policy.c - the policy file with what the organisation trusts. What was accepted must be taken by a device: the text
 * that is pushed decodes, passes the same checks, says the same, and unites with itself to itself. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/policy.h"

#define ARENA_MAX (16UL << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void push(const struct pk_policy *policy)
{
    const char *text = pk_policy_trust_text(policy);
    struct pk_arena *arena = pk_arena_create(ARENA_MAX);
    struct pk_trust pushed;
    struct pk_trust united;
    const struct pk_trust *sources[] = { &pushed, NULL, &pushed };
    json_t *json = NULL;

    if (arena == NULL || pk_json_parse(text, strlen(text), &json, NULL) < 0 ||
            pk_schema_decode(&pk_trust_schema, json, arena, &pushed, NULL) < 0 ||
            pk_trust_check(&pushed, NULL) < 0 ||
            pk_trust_merge(sources, PK_COUNT(sources), arena, &united, NULL) < 0) {
        abort();
    }
    /* Values that stand twice are one. */
    if (united.networks.count != pushed.networks.count ||
            united.split_zones.count > pushed.split_zones.count ||
            united.names->phishing != pushed.names->phishing ||
            united.names->lookalikes != pushed.names->lookalikes) {
        abort();
    }
    json_decref(json);
    pk_arena_destroy(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pk_policy *policy = NULL;
    struct pk_error err = { 0 };

    if (pk_policy_parse("fuzz", (const char *)data, size, &policy, &err) < 0) {
        if (policy != NULL || err.text[0] == '\0') {
            abort(); /* a failure says why and leaves the output alone */
        }
        return 0;
    }
    (void)pk_trust_has_zone(&pk_policy_trust(policy)->split_zones, "mail.corp.example.");
    (void)pk_trust_has_certificate(&pk_policy_trust(policy)->inspection_cas, "ab:cd");
    if (pk_policy_trust_text(policy) != NULL) {
        push(policy);
    }
    pk_policy_destroy(policy);
    return 0;
}
