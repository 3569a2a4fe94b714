#include "dex_world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define HEADER_SIZE 0x70U

struct list {
    uint32_t *items;
    size_t count, cap;
};

struct class
{
    uint32_t name, super, interface;
    size_t first_method;
    size_t data_at;
};

struct method {
    uint32_t reference;
    size_t first_call;
    size_t code_at;
};

struct dex_world {
    char **texts;
    size_t text_count, text_cap;
    bool *is_type;
    struct list reference_class, reference_name;
    struct class *classes;
    size_t class_count, class_cap;
    struct method *methods;
    size_t method_count, method_cap;
    struct list calls;
    /* Once finished: places in the file's tables. */
    uint32_t *string_of, *type_of, *method_of;
    size_t string_count, type_count, reference_count;
};

static void *grown(void *items, size_t count, size_t *cap, size_t size)
{
    if (count == *cap) {
        *cap = *cap == 0 ? 64 : *cap * 2;
        items = realloc(items, *cap * size);
        assert_non_null(items);
    }
    return items;
}

static void push(struct list *list, uint32_t value)
{
    list->items = grown(list->items, list->count, &list->cap, sizeof(*list->items));
    list->items[list->count++] = value;
}

struct dex_world *dex_world_create(void)
{
    struct dex_world *world = calloc(1, sizeof(*world));

    assert_non_null(world);
    return world;
}

uint32_t dex_world_text(struct dex_world *world, const char *text)
{
    world->texts = grown(world->texts, world->text_count, &world->text_cap, sizeof(*world->texts));
    world->texts[world->text_count] = strdup(text);
    return (uint32_t)world->text_count++;
}

uint32_t dex_world_textf(struct dex_world *world, const char *format, ...)
{
    char text[256];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return dex_world_text(world, text);
}

uint32_t dex_world_reference(struct dex_world *world, uint32_t class, uint32_t name)
{
    push(&world->reference_class, class);
    push(&world->reference_name, name);
    return (uint32_t)world->reference_class.count - 1;
}

void dex_world_class(struct dex_world *world, uint32_t name, uint32_t super, uint32_t interface)
{
    world->classes = grown(
            world->classes, world->class_count, &world->class_cap, sizeof(*world->classes));
    world->classes[world->class_count++] = (struct class){
        .name = name, .super = super, .interface = interface, .first_method = world->method_count
    };
}

void dex_world_method(struct dex_world *world, uint32_t reference)
{
    world->methods = grown(
            world->methods, world->method_count, &world->method_cap, sizeof(*world->methods));
    world->methods[world->method_count++] = (struct method){ .reference = reference,
        .first_call = world->calls.count };
}

void dex_world_call(struct dex_world *world, uint32_t reference)
{
    push(&world->calls, reference);
}

/* --- the file */

static struct dex_world *sorting; /* for qsort() */

static int by_text(const void *a, const void *b)
{
    return strcmp(sorting->texts[*(const uint32_t *)a], sorting->texts[*(const uint32_t *)b]);
}

static int by_reference(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    const struct dex_world *w = sorting;
    uint32_t tx = w->type_of[w->reference_class.items[x]];
    uint32_t ty = w->type_of[w->reference_class.items[y]];
    uint32_t nx = w->string_of[w->reference_name.items[x]];
    uint32_t ny = w->string_of[w->reference_name.items[y]];

    return tx != ty ? (tx > ty) - (tx < ty) : (nx > ny) - (nx < ny);
}

static uint32_t *numbers(size_t count)
{
    uint32_t *items = malloc((count + 1) * sizeof(*items));

    assert_non_null(items);
    for (size_t i = 0; i < count; i++) {
        items[i] = (uint32_t)i;
    }
    return items;
}

/* Gives each text its place; order lists one text a string. */
static uint32_t *sort_texts(struct dex_world *w)
{
    uint32_t *order = numbers(w->text_count);
    size_t kept = 0;

    sorting = w;
    qsort(order, w->text_count, sizeof(*order), by_text);
    w->string_of = numbers(w->text_count);
    for (size_t i = 0; i < w->text_count; i++) {
        if (kept == 0 || strcmp(w->texts[order[kept - 1]], w->texts[order[i]]) != 0) {
            w->string_of[order[i]] = (uint32_t)kept;
            order[kept++] = order[i];
        } else {
            w->string_of[order[i]] = (uint32_t)kept - 1;
        }
    }
    w->string_count = kept;
    return order;
}

static void mark_type(struct dex_world *w, uint32_t text)
{
    if (text != UINT32_MAX) {
        w->is_type[w->string_of[text]] = true;
    }
}

/* type_of[text]: its type; types lists their strings. */
static uint32_t *sort_types(struct dex_world *w, uint32_t void_text)
{
    uint32_t *types = numbers(w->string_count);
    uint32_t *of_string = numbers(w->string_count);

    w->is_type = calloc(w->string_count + 1UL, sizeof(*w->is_type));
    assert_non_null(w->is_type);
    mark_type(w, void_text);
    for (size_t i = 0; i < w->class_count; i++) {
        mark_type(w, w->classes[i].name);
        mark_type(w, w->classes[i].super);
        mark_type(w, w->classes[i].interface);
    }
    for (size_t i = 0; i < w->reference_class.count; i++) {
        mark_type(w, w->reference_class.items[i]);
    }
    for (uint32_t i = 0; i < w->string_count; i++) {
        if (w->is_type[i]) {
            of_string[i] = (uint32_t)w->type_count;
            types[w->type_count++] = i;
        }
    }
    w->type_of = numbers(w->text_count);
    for (size_t i = 0; i < w->text_count; i++) {
        w->type_of[i] = of_string[w->string_of[i]];
    }
    free(of_string);
    return types;
}

static uint32_t *sort_references(struct dex_world *w)
{
    uint32_t *order = numbers(w->reference_class.count);
    size_t kept = 0;

    sorting = w;
    qsort(order, w->reference_class.count, sizeof(*order), by_reference);
    w->method_of = numbers(w->reference_class.count);
    for (size_t i = 0; i < w->reference_class.count; i++) {
        if (kept == 0 || by_reference(&order[kept - 1], &order[i]) != 0) {
            w->method_of[order[i]] = (uint32_t)kept;
            order[kept++] = order[i];
        } else {
            w->method_of[order[i]] = (uint32_t)kept - 1;
        }
    }
    w->reference_count = kept;
    return order;
}

static void put16(struct pk_buffer *b, uint32_t value)
{
    const uint8_t bytes[2] = { (uint8_t)value, (uint8_t)(value >> 8) };

    assert_int_equal(pk_buffer_put(b, bytes, 2), 0);
}

static void put32(struct pk_buffer *b, uint32_t value)
{
    put16(b, value & 0xffff);
    put16(b, value >> 16);
}

static void put_uleb(struct pk_buffer *b, uint32_t value)
{
    for (; value >= 0x80; value >>= 7) {
        assert_int_equal(pk_buffer_putc(b, (char)(value | 0x80)), 0);
    }
    assert_int_equal(pk_buffer_putc(b, (char)value), 0);
}

static size_t align4(struct pk_buffer *b)
{
    while (b->len % 4 != 0) {
        assert_int_equal(pk_buffer_putc(b, 0), 0);
    }
    return b->len;
}

static void patch(struct pk_buffer *b, size_t at, size_t value)
{
    dex_put32((uint8_t *)b->ptr + at, (uint32_t)value);
}

static void set_table(struct pk_buffer *b, size_t at, size_t count, size_t offset)
{
    patch(b, at, count);
    patch(b, at + 4, count > 0 ? offset : 0);
}

static void put_codes(struct dex_world *w, struct pk_buffer *b)
{
    for (size_t i = 0; i < w->method_count; i++) {
        struct method *m = &w->methods[i];
        size_t end = i + 1 < w->method_count ? m[1].first_call : w->calls.count;

        m->code_at = align4(b);
        put16(b, 1); /* registers, ins, outs, tries, debug information, units */
        put16(b, 1);
        put16(b, 1);
        put16(b, 0);
        put32(b, 0);
        put32(b, (uint32_t)(3 * (end - m->first_call) + 1));
        for (size_t c = m->first_call; c < end; c++) {
            put16(b, 0x106e); /* invoke-virtual {v0} */
            put16(b, w->method_of[w->calls.items[c]]);
            put16(b, 0);
        }
        put16(b, 0x000e);
    }
}

static int by_method(const void *a, const void *b)
{
    uint32_t x = sorting->method_of[((const struct method *)a)->reference];
    uint32_t y = sorting->method_of[((const struct method *)b)->reference];

    return (x > y) - (x < y);
}

static void put_class_data(struct dex_world *w, struct pk_buffer *b)
{
    for (size_t i = 0; i < w->class_count; i++) {
        struct class *c = &w->classes[i];
        size_t end = i + 1 < w->class_count ? c[1].first_method : w->method_count;
        uint32_t before = 0;

        if (end > c->first_method) {
            qsort(w->methods + c->first_method, end - c->first_method, sizeof(*w->methods),
                    by_method);
        }
        c->data_at = b->len;
        put_uleb(b, 0);
        put_uleb(b, 0);
        put_uleb(b, 0);
        put_uleb(b, (uint32_t)(end - c->first_method));
        for (size_t m = c->first_method; m < end; m++) {
            uint32_t method = w->method_of[w->methods[m].reference];

            put_uleb(b, method - before);
            put_uleb(b, 1);
            put_uleb(b, (uint32_t)w->methods[m].code_at);
            before = method;
        }
    }
}

static void put_classes(struct dex_world *w, struct pk_buffer *b, const size_t *interfaces)
{
    for (size_t i = 0; i < w->class_count; i++) {
        const struct class *c = &w->classes[i];

        put32(b, w->type_of[c->name]);
        put32(b, 1);
        put32(b, w->type_of[c->super]);
        put32(b, (uint32_t)interfaces[i]);
        put32(b, UINT32_MAX);
        put32(b, 0);
        put32(b, (uint32_t)c->data_at);
        put32(b, 0);
    }
}

static void free_world(struct dex_world *w)
{
    for (size_t i = 0; i < w->text_count; i++) {
        free(w->texts[i]);
    }
    free((void *)w->texts);
    free(w->is_type);
    free(w->reference_class.items);
    free(w->reference_name.items);
    free(w->classes);
    free(w->methods);
    free(w->calls.items);
    free(w->string_of);
    free(w->type_of);
    free(w->method_of);
    free(w);
}

/* The data first, then the tables that point into them; offsets do not mind the order. */
static void write_file(struct dex_world *w, struct pk_buffer *b, uint32_t void_text)
{
    uint32_t *order = sort_texts(w);
    uint32_t *types = sort_types(w, void_text);
    uint32_t *references = sort_references(w);
    size_t *strings = calloc(w->string_count + 1, sizeof(*strings));
    size_t *interfaces = calloc(w->class_count + 1, sizeof(*interfaces));
    uint8_t header[HEADER_SIZE] = "dex\n035";

    assert_int_equal(pk_buffer_put(b, header, sizeof(header)), 0);
    put_codes(w, b);
    put_class_data(w, b);
    for (size_t i = 0; i < w->class_count; i++) {
        if (w->classes[i].interface != UINT32_MAX) {
            interfaces[i] = align4(b);
            put32(b, 1);
            put16(b, w->type_of[w->classes[i].interface]);
        }
    }
    for (size_t i = 0; i < w->string_count; i++) {
        const char *text = w->texts[order[i]];

        strings[i] = b->len;
        put_uleb(b, (uint32_t)strlen(text));
        assert_int_equal(pk_buffer_put(b, text, strlen(text) + 1), 0);
    }
    set_table(b, 56, w->string_count, align4(b));
    for (size_t i = 0; i < w->string_count; i++) {
        put32(b, (uint32_t)strings[i]);
    }
    set_table(b, 64, w->type_count, b->len);
    for (size_t i = 0; i < w->type_count; i++) {
        put32(b, types[i]);
    }
    set_table(b, 72, 1, b->len);
    put32(b, w->string_of[void_text]);
    put32(b, w->type_of[void_text]);
    put32(b, 0);
    set_table(b, 88, w->reference_count, b->len);
    for (size_t i = 0; i < w->reference_count; i++) {
        put16(b, w->type_of[w->reference_class.items[references[i]]]);
        put16(b, 0);
        put32(b, w->string_of[w->reference_name.items[references[i]]]);
    }
    set_table(b, 96, w->class_count, b->len);
    put_classes(w, b, interfaces);
    free(order);
    free(types);
    free(references);
    free(strings);
    free(interfaces);
}

struct dex_made dex_world_finish(struct dex_world *world)
{
    struct pk_buffer b = pk_buffer_of(256UL * 1024 * 1024);
    struct dex_made made = { 0 };

    write_file(world, &b, dex_world_text(world, "V"));
    patch(&b, 32, b.len);
    patch(&b, 36, HEADER_SIZE);
    patch(&b, 40, 0x12345678U);
    assert_int_equal(b.rc, 0);
    made.len = b.len;
    made.bytes = pk_test_dup(b.ptr, b.len);
    pk_buffer_finish(&b);
    dex_seal(made.bytes, made.len);
    free_world(world);
    return made;
}
