/* The body of a model file: what is accepted answers for any app, within its bounds. The header and the digest are
 * put around it here. The corpus is made by tests/tools/model_samples.py. */
#include <stdint.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypt.h"
#include "defense/malware/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEAD 12UL

static void must(int holds)
{
    if (!holds) {
        abort();
    }
}

static void ask(const struct pk_model *model, const struct pk_model_vector *vector)
{
    struct pk_model_part parts[4];
    struct pk_model_opinion opinion;
    size_t count;

    pk_model_judge(model, vector, &opinion);
    must(opinion.probability >= 0 && opinion.probability <= 1);
    must(opinion.unknown >= 0 && !isnan(opinion.distance));
    count = pk_model_explain(model, vector, parts, 4);
    must(count <= 4);
    for (size_t i = 0; i < count; i++) {
        must(parts[i].feature < pk_model_feature_count(model) && isfinite(parts[i].weight));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t head[] = { 'P', 'K', 'M', 'O', 'D', 'E', 'L', '1' };
    size_t len = HEAD + size + PK_SHA256_SIZE;
    uint8_t *file = malloc(len);
    struct pk_model *model = NULL;

    must(file != NULL);
    memcpy(file, head, sizeof(head));
    for (unsigned i = 0; i < 4; i++) {
        file[8 + i] = (uint8_t)(size >> (8 * i));
    }
    if (size > 0) {
        memcpy(file + HEAD, data, size);
    }
    pk_sha256(pk_slice_of(file, HEAD + size), file + HEAD + size);
    if (pk_model_create(pk_slice_of(file, len), &model, NULL) == PK_OK) {
        for (unsigned kind = 0; kind < 6; kind++) {
            struct pk_model_vector vector;

            for (size_t i = 0; i < sizeof(vector.values); i++) {
                vector.values[i] = (uint8_t)(kind < 3 ? kind
                                : kind == 3           ? i % 2
                                : kind == 4           ? i % 3
                                                      : data[i % size] % 3);
            }
            ask(model, &vector);
        }
        pk_model_destroy(model);
    }
    free(file);
    return 0;
}
