/* fuzz_judge_dns.c - what a device reports of name servers, judged: the server must not trust it. */
#include <stdlib.h>

#include "base/arena.h"
#include "defense/defense.h"
#include "model/observation_schemas.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pk_arena *arena = pk_arena_create(1 << 20);
    struct pk_obs_dns dns;
    struct pk_findings findings = { .count = 0 };
    json_t *in = NULL;

    if (arena == NULL) {
        return 0;
    }
    if (pk_json_parse((const char *)data, size, &in, NULL) == PK_OK &&
            pk_schema_decode(&pk_obs_dns_schema, in, arena, &dns, NULL) == PK_OK) {
        struct pk_observation o = { .kind = PK_OBS_DNS, .network = "net-0", .dns = &dns };
        int rc = pk_judge_dns(&o, arena, &findings);

        if (rc != PK_OK && rc != PK_ELIMIT && rc != PK_ENOMEM) {
            abort();
        }
        for (size_t i = 0; i < findings.count; i++) {
            const struct pk_finding *f = &findings.items[i];

            if (f->confidence < 0 || f->confidence > 1 || (!f->cleared && f->evidence == NULL)) {
                abort();
            }
        }
    }
    json_decref(in);
    pk_arena_destroy(arena);
    return 0;
}
