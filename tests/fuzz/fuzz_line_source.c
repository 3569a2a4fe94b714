/* Lines of a file, plain and compressed: damaged or not, it ends, and no line is longer than allowed. The first
 * byte chooses the form. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/line_source.h"

#define TOTAL_MAX (8UL << 20) /* what a bomb may unpack to before the target has seen enough */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[] = "/tmp/picket-lines-XXXXXX";

static void tidy(void)
{
    (void)rmdir(folder);
}

static void read_all(const char *file)
{
    struct pk_line_source *source = NULL;
    struct pk_slice line;
    size_t total = 0;
    bool more = true;

    if (pk_line_source_open(file, &source, NULL) < 0) {
        return;
    }
    while (total < TOTAL_MAX && pk_line_source_next(source, &line, &more, NULL) == PK_OK && more) {
        if (memchr(line.ptr, '\n', line.len) != NULL || line.len > (320UL << 10)) {
            abort();
        }
        total += line.len + 1;
    }
    if (pk_line_source_at(source) > pk_line_source_size(source)) {
        abort();
    }
    pk_line_source_close(source);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char names[2][64];
    const char *name;
    FILE *file;

    if (names[0][0] == '\0') {
        if (mkdtemp(folder) == NULL || atexit(tidy) != 0) {
            abort();
        }
        (void)snprintf(names[0], sizeof(names[0]), "%s/lines", folder);
        (void)snprintf(names[1], sizeof(names[1]), "%s/lines.zst", folder);
    }
    if (size == 0) {
        return 0;
    }
    name = names[data[0] & 1];
    file = fopen(name, "we");
    if (file == NULL || (size > 1 && fwrite(data + 1, 1, size - 1, file) != size - 1)) {
        abort();
    }
    (void)fclose(file);
    read_all(name);
    (void)unlink(name);
    return 0;
}
