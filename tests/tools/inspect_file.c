/* inspect_file - the inspection of each file in this very process, for tests, profiles and debuggers:
 * one JSON object a line. Not a sandbox: give it no file that you do not trust.
 *
 *     inspect_file [-n ROUNDS] FILE...       with -n: no output, for a profiler */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/limits.h"
#include "scan/inspect.h"

static int inspect(const char *path, bool print)
{
    struct pk_inspect_options options = { 0 };
    struct pk_arena *arena = pk_arena_create(PK_SCAN_ARENA_MAX);
    struct pk_app_report report;
    struct pk_error err = { 0 };
    struct stat st;
    void *map = NULL;
    char *text;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int rc;

    if (arena == NULL || fd < 0 || fstat(fd, &st) < 0) {
        perror(path);
        exit(3);
    }
    if (st.st_size > 0) {
        map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    }
    rc = pk_inspect(pk_slice_of(map, (size_t)st.st_size), &options, arena, &report, &err);
    if (rc == PK_OK && print) {
        json_t *json;

        report.file = path;
        json = pk_app_report_json(&report);
        text = json != NULL ? pk_json_text(json) : NULL;
        (void)puts(text != NULL ? text : "out of memory");
        free(text);
        json_decref(json);
    } else if (rc < 0) {
        (void)fprintf(stderr, "%s: %s\n", path, err.text);
    }
    if (map != NULL) {
        (void)munmap(map, (size_t)st.st_size);
    }
    (void)close(fd);
    pk_arena_destroy(arena);
    return rc;
}

int main(int argc, char **argv)
{
    int rounds = 1;
    int first = 1;
    int rc = 0;

    if (argc > 3 && strcmp(argv[1], "-n") == 0) {
        rounds = (int)strtol(argv[2], NULL, 10);
        first = 3;
    }
    for (int round = 0; round < rounds; round++) {
        for (int i = first; i < argc; i++) {
            rc |= inspect(argv[i], first == 1);
        }
    }
    return rc < 0 ? 3 : 0;
}
