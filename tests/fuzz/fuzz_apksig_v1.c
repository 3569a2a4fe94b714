/* fuzz_apksig_v1.c - an APK with JAR signatures. First as it is; then the signature file is taken as if its
 * block had verified, because no fuzzer forges signatures and what comes behind them must be tried, too. */
#include <stdint.h>
#include <stdlib.h>

#include "formats/android/apksig_v1_internal.h"
#include "formats/limits.h"

#define ARENA_MAX (32UL << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void check_result(const struct pk_apksig_context *ctx)
{
    const struct pk_apksig_issue_met *met = ctx->out->met.items;
    size_t errors = 0;

    for (size_t i = 0; i < ctx->out->met.count; i++) {
        require(met[i].details != NULL && pk_apksig_issue_name(met[i].issue) != NULL);
        errors += met[i].error;
    }
    if ((ctx->out->schemes & PK_APKSIG_V1) != 0) {
        require(errors == 0 && !ctx->out->format_error && ctx->out->all_signers.count > 0);
    } else {
        require(ctx->errors > 0 || ctx->out->format_error || ctx->rc == PK_ENOMEM);
    }
}

static void verify_as_it_is(const struct pk_apksig_input *in, struct pk_arena *arena,
        struct pk_anomalies *anomalies, int min_sdk)
{
    struct pk_apksig_result result = { .verified = false };
    struct pk_apksig_context ctx = { .in = in,
        .arena = arena,
        .anomalies = anomalies,
        .out = &result,
        .min_sdk = min_sdk,
        .max_sdk = PK_APKSIG_SDK_MAX };

    pk_apksig_v1_verify(&ctx, 0);
    check_result(&ctx);
}

static void read_file(struct pk_v1 *v, const char *name)
{
    const struct pk_zip_entry *file = pk_zip_find(v->zip, name);
    struct pk_v1_signer *signer = &v->signers[0];

    if (file == NULL) {
        return;
    }
    *signer = (struct pk_v1_signer){ .file_entry = (size_t)(file - v->zip->entries) };
    v->signer_count = 1;
    if (pk_v1_read(v, signer->file_entry, &signer->file)) {
        pk_v1_verify_file(v, signer);
        require(v->errors == 0 && signer->note_count <= PK_APKSIG_ISSUES_MAX);
        require(pk_v1_verify_entries(v) <= 1);
    }
    pk_zip_release(&signer->file);
}

static void verify_behind_the_block(struct pk_apksig_context *ctx)
{
    struct pk_zip *zip = ctx->in->zip;
    const struct pk_zip_entry *manifest = pk_zip_find(zip, "META-INF/MANIFEST.MF");
    struct pk_v1 v = {
        .ctx = ctx,
        .zip = zip,
        .sections = pk_arena_alloc(ctx->arena, zip->count, sizeof(*v.sections)),
        .named_by = pk_arena_alloc(ctx->arena, zip->count, sizeof(*v.named_by)),
        .joined = pk_buffer_of(PK_JAR_FILE_MAX),
    };

    require(v.sections != NULL && v.named_by != NULL);
    if (manifest != NULL) {
        v.manifest_entry = (size_t)(manifest - zip->entries);
        if (pk_v1_read(&v, v.manifest_entry, &v.manifest)) {
            pk_v1_index_manifest(&v);
            v.errors = 0; /* apksig would end here */
            read_file(&v, "META-INF/CERT.SF");
        }
    }
    pk_zip_release(&v.manifest);
    pk_buffer_finish(&v.joined);
    EVP_MD_CTX_free(v.md[0]);
    EVP_MD_CTX_free(v.md[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pk_arena *arena = pk_arena_create(ARENA_MAX);
    struct pk_anomalies anomalies;
    struct pk_zip zip;

    require(arena != NULL && pk_anomalies_init(&anomalies, arena) == PK_OK);
    if (pk_zip_open(pk_slice_of(data, size), arena, &anomalies, &zip, NULL) == PK_OK) {
        struct pk_apksig_input in = { .zip = &zip };
        struct pk_apksig_result result = { .verified = false };
        struct pk_apksig_context ctx = { .in = &in,
            .arena = arena,
            .anomalies = &anomalies,
            .out = &result,
            .min_sdk = 8,
            .max_sdk = PK_APKSIG_SDK_MAX };

        verify_as_it_is(&in, arena, &anomalies, 1);
        verify_as_it_is(&in, arena, &anomalies, 24);
        verify_behind_the_block(&ctx);
    }
    pk_arena_destroy(arena);
    return 0;
}
