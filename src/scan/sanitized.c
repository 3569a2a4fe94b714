/* How a picket-scan that was built with a sanitizer behaves: it has no environment to read that from. Any
 * finding ends the reader with a status of its own; in a normal build nobody calls these. */
#include "scan/sandbox.h"

const char *__asan_default_options(void);  /* NOLINT: the sanitizer's names */
const char *__ubsan_default_options(void); /* NOLINT */

const char *__asan_default_options(void) /* NOLINT */
{
    return "exitcode=99:detect_leaks=0:allocator_may_return_null=1:symbolize=0";
}

const char *__ubsan_default_options(void) /* NOLINT */
{
    return "halt_on_error=1:exitcode=98:symbolize=0";
}
