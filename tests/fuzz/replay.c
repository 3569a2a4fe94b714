/* replay.c - runs a fuzz target over the files of a corpus, without a fuzzer. Each input sits in an
 * exact heap block, so that a sanitizer sees one byte too many. An empty or missing corpus fails:
 * a target without examples tests nothing. */
#include <stdint.h>
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_SIZE_MAX (16UL << 20) /* a corpus file is small; anything above is a mistake */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_all(FILE *file, uint8_t **out, size_t *out_size)
{
    long end;

    if (fseek(file, 0, SEEK_END) != 0 || (end = ftell(file)) < 0 || fseek(file, 0, SEEK_SET) != 0) {
        return -1;
    }
    size_t size = (size_t)end;
    if (size > INPUT_SIZE_MAX) {
        errno = EFBIG;
        return -1;
    }
    uint8_t *data = malloc(size > 0 ? size : 1);
    if (data == NULL || fread(data, 1, size, file) != size) {
        free(data);
        return -1;
    }
    *out = data;
    *out_size = size;
    return 0;
}

static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = NULL;
    size_t size = 0;

    if (file == NULL) {
        perror(path);
        return -1;
    }
    int rc = read_all(file, &data, &size);
    if (rc != 0) {
        perror(path);
    } else {
        rc = LLVMFuzzerTestOneInput(data, size);
    }
    free(data);
    (void)fclose(file);
    return rc;
}

static int is_input(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int replay_dir(const char *dir)
{
    struct dirent **entries = NULL;
    int count = scandir(dir, &entries, is_input, alphasort);
    int bad = 0;

    if (count <= 0) {
        (void)fprintf(
                stderr, "%s: %s\n", dir, count < 0 ? strerrordesc_np(errno) : "no inputs in it");
        free(entries);
        return -1;
    }
    printf("1..%d\n", count);
    for (int i = 0; i < count; i++) {
        char path[4096];
        int length = snprintf(path, sizeof(path), "%s/%s", dir, entries[i]->d_name);
        bool fine = length > 0 && (size_t)length < sizeof(path);

        /* Told before it runs: after a crash the last line names the input. */
        (void)fprintf(stderr, "%s\n", entries[i]->d_name);
        fine = fine && replay_file(path) == 0;
        printf("%sok %d - %s\n", fine ? "" : "not ", i + 1, entries[i]->d_name);
        bad += fine ? 0 : 1;
        free(entries[i]);
    }
    free(entries);
    return bad;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        (void)fprintf(stderr, "usage: %s CORPUS_DIR\n", argv[0]);
        return 2;
    }
    return replay_dir(argv[1]) == 0 ? 0 : 1;
}
