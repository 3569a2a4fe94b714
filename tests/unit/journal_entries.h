/* journal_entries.h - reports to append, and what the writer says about them. */
#pragma once

#include <pthread.h>

#include "base/crypt.h"
#include "base/zpack.h"
#include "database.h"
#include "journal/journal.h"

#define NOW INT64_C(1795000000000)

static struct pk_error err;

/* What the writer said about one append. */
struct answer {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int count;
    int stored;
    int duplicates;
    int failed;
    int rc;
    int64_t acked_seq;
    int64_t offset;
    int64_t after_seq;
};

static inline void answer_start(struct answer *a)
{
    memset(a, 0, sizeof(*a));
    (void)pthread_mutex_init(&a->lock, NULL);
    (void)pthread_cond_init(&a->changed, NULL);
}

static inline void on_done(
        struct pk_entry *entry, enum pk_append_result result, int rc, int64_t acked_seq, void *ctx)
{
    struct answer *a = ctx;

    pthread_mutex_lock(&a->lock);
    a->count++;
    a->stored += result == PK_APPEND_STORED ? 1 : 0;
    a->duplicates += result == PK_APPEND_DUPLICATE ? 1 : 0;
    a->failed += result == PK_APPEND_FAILED ? 1 : 0;
    a->rc = rc;
    a->acked_seq = acked_seq;
    a->offset = entry->offset;
    a->after_seq = entry->after_seq;
    pthread_cond_signal(&a->changed);
    pthread_mutex_unlock(&a->lock);
    pk_entry_destroy(entry);
}

static inline void answer_wait(struct answer *a, int count)
{
    pthread_mutex_lock(&a->lock);
    while (a->count < count) {
        pthread_cond_wait(&a->changed, &a->lock);
    }
    pthread_mutex_unlock(&a->lock);
}

enum weight {
    LIGHT,
    HEAVY, /* each observation holds 28 bytes that no compression takes away */
};

/* A report with observations first..last. */
static inline struct pk_entry *make_entry(
        const char *device, int64_t first, int64_t last, enum weight weight)
{
    struct pk_arena *arena = pk_arena_create(16 * 1024 * 1024);
    struct pk_entry *e = pk_arena_alloc(arena, 1, sizeof(*e));
    struct pk_zpack *z = pk_zpack_create(pk_zpack_report_dictionary(), 3);
    struct pk_buffer packed = pk_buffer_of(1024 * 1024);
    json_t *list = json_array();
    json_t *json;
    char *text;

    for (int64_t seq = first; seq <= last; seq++) {
        char pad[60] = "x";

        if (weight == HEAVY) {
            pk_random_hex(28, pad);
        }
        json_array_append_new(list,
                json_pack("{s:I, s:s, s:s, s:{s:s, s:s}}", "seq", (json_int_t)seq, "at",
                        "2026-11-18T11:06:40.000Z", "kind", "choice", "choice", "threat", pad,
                        "choice", "shown"));
    }
    json = json_pack("{s:i, s:o}", "v", 1, "observations", list);
    text = pk_json_text(json);
    assert_int_equal(pk_zpack_pack(z, pk_slice_str(text), &packed), PK_OK);
    e->arena = arena;
    e->device = pk_arena_strdup(arena, device);
    e->received_ms = NOW + last;
    e->last_seq = last;
    e->packed = pk_slice_of(
            memcpy(pk_arena_alloc(arena, packed.len, 1), packed.ptr, packed.len), packed.len);
    assert_ok(pk_report_decode(json, arena, &e->report, &err));
    free(text);
    json_decref(json);
    pk_buffer_finish(&packed);
    pk_zpack_destroy(z);
    return e;
}

static inline void append(struct pk_journal *j, struct pk_entry *entry, struct answer *a)
{
    assert_int_equal(pk_journal_append(j, entry, on_done, a), PK_OK);
}

static inline int set_up(void **state)
{
    struct test_database *t = calloc(1, sizeof(*t));

    assert_non_null(t);
    test_database_start(t);
    *state = t;
    return 0;
}

static inline int tear_down(void **state)
{
    test_database_end(*state);
    free(*state);
    return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
