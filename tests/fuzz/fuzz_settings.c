/* fuzz_settings.c - picketd.yaml: the parser, the tables and the rules between settings. What was
 * accepted must explain itself. */
#include <stdint.h>
#include <stdlib.h>

#include "server/settings.h"

#define ARENA_MAX   (8UL << 20)
#define EXPLAIN_MAX (8UL << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pk_arena *arena = pk_arena_create(ARENA_MAX);
    struct pk_buffer text = pk_buffer_of(EXPLAIN_MAX);
    struct pk_settings settings = { 0 };
    struct pk_error err = { 0 };
    int rc;

    if (arena == NULL) {
        abort();
    }
    rc = pk_settings_decode("fuzz.yaml", (const char *)data, size, arena, &settings, &err);
    if (rc == PK_OK) {
        pk_settings_explain(&settings, &text);
        if (text.rc < 0 || text.len == 0 || settings.listen == NULL || settings.limits == NULL ||
                settings.log == NULL || settings.store == NULL || settings.journal == NULL) {
            abort();
        }
    } else if (err.text[0] == '\0' || settings.state_dir != NULL) {
        abort(); /* a failure says why and leaves the output alone */
    }
    pk_buffer_finish(&text);
    pk_arena_destroy(arena);
    return 0;
}
