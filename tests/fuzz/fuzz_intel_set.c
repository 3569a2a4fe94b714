/* fuzz_intel_set.c - a set of indicators from anywhere. Its digest is made to hold, so that the checks behind it
 * are reached; look-ups are also done in a set that nobody checked. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "intel/set_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void touch(const char *text)
{
    if (text != NULL && strlen(text) > SIZE_MAX / 2) {
        abort();
    }
}

static void touch_hit(const struct pk_intel_hit *hit)
{
    touch(hit->indicator);
    touch(hit->family);
    touch(hit->source);
    touch(hit->reference);
    touch(hit->date);
    touch(hit->licence);
    touch(hit->marked);
}

/* Everything that can be asked; the sanitizers watch. */
static void ask(const struct pk_intel_set *set)
{
    static const char *const values[] = { "a.b.evil.com", "evil.com", "10.1.2.3", "2001:db8::1",
        "https://evil.com/a", "com.spy", "d41d8cd98f00b204e9800998ecf8427e", "/private/var/tmp/l/x",
        "5e52438f28275dc2a7e83b989e726f86ba53c915b44f126507763850197646f6" };
    const struct pk_intel_set *sets[] = { set, NULL };
    struct pk_intel_source source;
    struct pk_intel_signer signer;
    struct pk_intel_info info;
    struct pk_intel_app app;
    struct pk_intel_hit hit;
    size_t first;

    for (size_t v = 0; v < PK_COUNT(values); v++) {
        for (int kind = 0; kind < PK_INTEL_KIND_COUNT; kind++) {
            if (pk_intel_find_in(sets, (enum pk_intel_kind)kind, values[v], &hit, NULL)) {
                touch_hit(&hit);
                while (pk_intel_next(set, &hit)) {
                    touch_hit(&hit);
                }
            }
            if (pk_intel_warned(set, (enum pk_intel_kind)kind, values[v], &hit)) {
                touch_hit(&hit);
            }
        }
        (void)pk_intel_signers(set, values[v], &first);
        (void)pk_intel_signer_known(set, values[v]);
    }
    for (size_t i = 0; i < 64 && pk_intel_row_at(set, i, &hit); i++) {
        touch_hit(&hit);
        (void)pk_intel_find(set, hit.kind, hit.indicator, &hit);
    }
    for (size_t i = 0; i < 64 && pk_intel_source_at(set, i, &source); i++) {
        touch(source.name);
    }
    for (size_t i = 0; i < 64 && pk_intel_signer_at(set, i, &signer); i++) {
        touch(signer.package);
        touch(signer.cert);
    }
    for (size_t i = 0; i < 64 && pk_intel_app_at(set, i, &app); i++) {
        touch(app.package);
        touch(app.label);
    }
    pk_intel_set_info(set, &info);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    struct pk_intel_set *set = NULL;
    struct pk_error err = { 0 };

    if (copy == NULL) {
        return 0;
    }
    memcpy(copy, data, size);
    if (pk_intel_set_view(pk_slice_of(copy, size), &set, &err) == PK_OK) {
        ask(set);
        pk_intel_set_digest(pk_slice_of(copy, size), copy + PK_AT_DIGEST);
        if (pk_intel_set_check(set, &err) < 0 && err.text[0] == '\0') {
            abort(); /* a failure says why */
        }
    }
    pk_intel_set_destroy(set);
    free(copy);
    return 0;
}
