/* model_bench VECTORS ROUNDS - microseconds of one judgement and of one explanation, by process time. VECTORS: lines
 * of features, one character each, as bench/model.py writes them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "defense/malware/model.h"

#define ROWS_MAX 20000UL

static double now_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static size_t read_rows(const char *path, size_t features, struct pk_model_vector *rows)
{
    char line[1024];
    size_t count = 0;
    FILE *file = fopen(path, "re");

    while (file != NULL && count < ROWS_MAX && fgets(line, sizeof(line), file) != NULL) {
        if (strlen(line) < features) {
            break;
        }
        for (size_t i = 0; i < features; i++) {
            rows[count].values[i] = line[i] == '1';
        }
        count++;
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return count;
}

int main(int argc, char **argv)
{
    struct pk_model *model = NULL;
    static struct pk_model_vector rows[ROWS_MAX];
    size_t count;
    double sum = 0;
    double from;

    if (argc < 3 || pk_model_create_android(&model, NULL) < 0) {
        return 2;
    }
    count = read_rows(argv[1], pk_model_feature_count(model), rows);
    if (count == 0) {
        return 3;
    }
    for (long round = 0; round < strtol(argv[2], NULL, 10); round++) {
        double judged;
        double explained;

        from = now_us();
        for (size_t i = 0; i < count; i++) {
            struct pk_model_opinion opinion;

            pk_model_judge(model, &rows[i], &opinion);
            sum += opinion.probability;
        }
        judged = now_us() - from;
        from = now_us();
        for (size_t i = 0; i < count; i++) {
            struct pk_model_part parts[12];

            (void)pk_model_explain(model, &rows[i], parts, 12);
        }
        explained = now_us() - from;
        (void)printf("%.3f %.3f\n", judged / (double)count, explained / (double)count);
    }
    from = now_us();
    pk_model_destroy(model);
    if (pk_model_create_android(&model, NULL) == 0) {
        (void)fprintf(stderr, "model read in %.0f us (%.1f)\n", now_us() - from, sum);
        pk_model_destroy(model);
    }
    return 0;
}
