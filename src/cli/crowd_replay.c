#include "cli/crowd_replay.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "cli/line_source.h"
#include "cli/sim_line.h"
#include "crowd/terms.h"

#define REASONS_ARENA (16UL * 1024)
#define PROGRESS_EACH 100000

bool pk_crowd_replay_fits(const char *file)
{
    struct pk_line_source *source = NULL;
    struct pk_slice line = { 0 };
    bool more = false;
    bool fits;

    if (pk_line_source_open(file, &source, NULL) < 0) {
        return false;
    }
    fits = pk_line_source_next(source, &line, &more, NULL) == PK_OK && more &&
            pk_sim_line_fits(line);
    pk_line_source_close(source);
    return fits;
}

static int write_verdict(FILE *out, const struct pk_sim_line *line,
        const struct pk_crowd_opinion *opinion, struct pk_error *err)
{
    struct pk_arena *arena = pk_arena_create(REASONS_ARENA);
    json_t *why = json_array();
    json_t *verdict;
    char *text;
    int rc = PK_OK;

    if (arena == NULL) {
        json_decref(why);
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < opinion->reason_count; i++) {
        const char *reason = pk_crowd_reason_text(&opinion->reasons[i], arena);

        (void)json_array_append_new(why, json_string(reason != NULL ? reason : ""));
    }
    verdict = json_pack("{s:I, s:i, s:i, s:f, s:o}", "i", (json_int_t)line->index, "pre",
            opinion->before ? 1 : 0, "post", opinion->after ? 1 : 0, "s", (double)opinion->score,
            "why", why);
    text = json_dumps(verdict, JSON_COMPACT | JSON_REAL_PRECISION(4));
    if (text == NULL || fprintf(out, "%s\n", text) < 0) {
        rc = pk_error_set(err, PK_EIO, "cannot write the verdicts");
    }
    free(text);
    json_decref(verdict);
    pk_arena_destroy(arena);
    return rc;
}

static void show_progress(const struct pk_crowd_replay *r, const struct pk_line_source *source)
{
    uint64_t size = pk_line_source_size(source);

    if (r->progress && r->lines % PROGRESS_EACH == 0) {
        (void)fprintf(stderr, "\r%lld lines, %.0f %%", (long long)r->lines,
                size != 0 ? 100.0 * (double)pk_line_source_at(source) / (double)size : 0.0);
    }
}

/* What tools/train-crowd.py reads: line number, kind, score, terms; in this machine's byte order. */
struct terms_row {
    int32_t index, kind;
    float score;
    float terms[PK_TERMS_MAX];
};

struct terms_out {
    FILE *file; /* NULL: not asked for */
    float terms[PK_TERMS_MAX];
};

static int open_terms(
        const char *file, struct terms_out *out, struct pk_crowd *crowd, struct pk_error *err)
{
    out->file = fopen(file, "we");
    if (out->file == NULL) {
        return pk_error_set(err, -errno, "cannot write '%s': %s", file, pk_code_text(-errno));
    }
    pk_crowd_tell_terms(crowd, out->terms);
    return PK_OK;
}

static int close_terms(struct terms_out *out, int rc, struct pk_error *err)
{
    if (out->file != NULL && fclose(out->file) != 0 && rc == PK_OK) {
        rc = pk_error_set(err, -errno, "cannot write terms: %s", pk_code_text(-errno));
    }
    return rc;
}

static int write_terms(
        struct terms_out *out, const struct pk_sim_line *line, float score, struct pk_error *err)
{
    struct terms_row row = { (int32_t)line->index, (int32_t)line->sighting.kind, score, { 0 } };

    if (line->sighting.kind != PK_SIGHTING_NETWORK && line->sighting.kind != PK_SIGHTING_MAST &&
            line->sighting.kind != PK_SIGHTING_APP) {
        return PK_OK;
    }
    memcpy(row.terms, out->terms, sizeof(row.terms));
    memset(out->terms, 0, sizeof(out->terms));
    return fwrite(&row, sizeof(row), 1, out->file) == 1
            ? PK_OK
            : pk_error_set(err, PK_EIO, "cannot write terms");
}

static int take(struct pk_crowd_replay *r, struct pk_crowd *crowd, struct pk_replay_preds *preds,
        struct pk_slice text, struct terms_out *terms, struct pk_error *err)
{
    struct pk_sim_line line;
    struct pk_crowd_opinion opinion;
    int rc = pk_sim_line_read(text, &line, err);

    if (rc == PK_OK && preds != NULL) {
        rc = pk_replay_preds_before(preds, crowd, &line, err);
    }
    if (rc < 0) {
        return rc;
    }
    rc = pk_crowd_take(crowd, &line.sighting, &opinion);
    if (rc < 0) {
        return pk_error_set(err, rc, "the crowd cannot take it: %s", pk_code_text(rc));
    }
    if (opinion.before || opinion.after) {
        r->bad++;
        rc = write_verdict(r->out, &line, &opinion, err);
    }
    if (rc == PK_OK && terms->file != NULL) {
        rc = write_terms(terms, &line, opinion.score, err);
    }
    if (rc == PK_OK && preds != NULL) {
        rc = pk_replay_preds_after(preds, crowd, &line, &opinion, err);
    }
    return rc;
}

int pk_crowd_replay_run(const char *file, struct pk_crowd_replay *r, struct pk_error *err)
{
    struct pk_crowd_settings settings = { .trusting = !r->believing };
    struct pk_line_source *source = NULL;
    struct pk_replay_preds *preds = NULL;
    struct pk_crowd *crowd = NULL;
    struct terms_out terms = { 0 };
    int rc = pk_crowd_create(&settings, &crowd, err);

    if (rc == PK_OK && r->terms != NULL) {
        rc = open_terms(r->terms, &terms, crowd, err);
    }
    if (rc == PK_OK && r->preds != NULL) {
        rc = pk_replay_preds_create(r->preds, &preds, err);
    }
    if (rc == PK_OK) {
        rc = pk_line_source_open(file, &source, err);
    }
    while (rc == PK_OK) {
        struct pk_slice text;
        bool more;

        rc = pk_line_source_next(source, &text, &more, err);
        if (rc < 0 || !more) {
            break;
        }
        r->lines++;
        if (text.len != 0) {
            rc = take(r, crowd, preds, text, &terms, err);
        }
        show_progress(r, source);
    }
    if (r->progress && r->lines >= PROGRESS_EACH) {
        (void)fputc('\n', stderr);
    }
    if (rc < 0) {
        pk_error_prefix(err, "'%s' line %lld", file, (long long)r->lines);
    } else {
        pk_crowd_count(crowd, &r->counts);
        if (preds != NULL) {
            pk_replay_preds_count(preds, &r->hazard);
            rc = pk_replay_preds_finish(preds, err);
        }
    }
    rc = close_terms(&terms, rc, err);
    pk_replay_preds_destroy(preds);
    pk_line_source_close(source);
    pk_crowd_destroy(crowd);
    return rc;
}
