/* name_world.h - a small set of indicators for the tests of names. */
#pragma once

#include "base/buffer.h"
#include "check.h"
#include "intel/builder.h"

struct name_entry {
    enum pk_intel_class class_;
    enum pk_intel_kind kind;
    const char *value;
    const char *category; /* NULL: none */
    enum pk_app_weight weight;
};

/* Builds a set of these; the bytes stay the caller's. */
static inline struct pk_intel_set *name_world(
        const struct name_entry *rows, size_t count, struct pk_buffer *bytes)
{
    struct pk_intel_builder *b = pk_intel_builder_create();
    struct pk_intel_set *set = NULL;
    unsigned source;

    assert_non_null(b);
    assert_int_equal(pk_intel_builder_source(
                             b, "feed", "https://feed.example/", "CC0", "2026-01-02", &source),
            PK_OK);
    for (size_t i = 0; i < count; i++) {
        int category = rows[i].category != NULL ? pk_intel_category_of(rows[i].category) : 0;
        struct pk_intel_entry entry = { .kind = rows[i].kind,
            .class_ = rows[i].class_,
            .value = rows[i].value,
            .family = "fam",
            .category = (enum pk_intel_category)category,
            .weight = rows[i].weight,
            .source = source };

        assert_int_equal(pk_intel_builder_add(b, &entry), PK_OK);
    }
    *bytes = pk_buffer_of(64UL * 1024 * 1024);
    assert_int_equal(pk_intel_builder_finish(b, 1, bytes, NULL), PK_OK);
    pk_intel_builder_destroy(b);
    assert_int_equal(pk_intel_set_open(pk_buffer_slice(bytes), &set, NULL), PK_OK);
    return set;
}
