#include <inttypes.h>

#include "formats/android/dex.h"
#include "formats/android/dex_bytes.h"
#include "formats/android/dex_opcode.h"
#include "formats/android/dex_record.h"
#include "formats/limits.h"

#define CLASS_DEF_SIZE  32U
#define CODE_ITEM_SIZE  16U
#define TRY_ITEM_SIZE   8U
#define ACCESS_NATIVE   0x0100U
#define PACKED_SWITCH   0x0100U
#define SPARSE_SWITCH   0x0200U
#define FILL_ARRAY_DATA 0x0300U

struct walk {
    const struct pk_dex *dex;
    const struct pk_dex_visitor *visitor;
    struct pk_dex_calls *calls; /* NULL: nobody wants them */
    struct pk_dex_totals totals;
    uint64_t budget;                   /* bytes that may still be read */
    bool spent;                        /* the budget was not enough: everything ends */
    uint32_t counts[PK_DEX_REF_COUNT]; /* an index of a reference must be below */
};

static void spend(struct walk *w, uint64_t bytes)
{
    if (bytes <= w->budget) {
        w->budget -= bytes;
        return;
    }
    if (!w->spent) {
        w->spent = true;
        pk_anomaly_add(w->dex->anomalies, PK_ANOMALY_LIMIT_DEX,
                "'%s': class data and code are read more than %lu times over", w->dex->name,
                PK_DEX_WALK_RATIO);
    }
}

static void bad_reference(
        struct walk *w, const struct pk_dex_code *code, uint32_t pc, uint64_t index)
{
    pk_anomaly_add(w->dex->anomalies, PK_ANOMALY_DEX_RANGE,
            "'%s': method %" PRIu32 ", unit %" PRIu32 ": index %" PRIu64 " is out of range",
            w->dex->name, code->method, pc, index);
}

static void bad_instruction(
        struct walk *w, const struct pk_dex_code *code, uint32_t pc, uint16_t unit)
{
    w->totals.invalid_instructions++;
    pk_anomaly_add(w->dex->anomalies, PK_ANOMALY_DEX_INSTRUCTION,
            "'%s': method %" PRIu32 ", unit %" PRIu32 " of %zu: %04x", w->dex->name, code->method,
            pc, code->insns.len / 2, unit);
}

/* Code units of what a nop's opcode begins at p: one, or the data of a switch or an array. */
static uint64_t nop_width(const uint8_t *p, size_t left)
{
    uint16_t ident = pk_dex_le16(p);

    if (ident == PACKED_SWITCH && left >= 2) {
        return 4 + 2ULL * pk_dex_le16(p + 2);
    }
    if (ident == SPARSE_SWITCH && left >= 2) {
        return 2 + 4ULL * pk_dex_le16(p + 2);
    }
    if (ident == FILL_ARRAY_DATA && left >= 4) {
        return 4 + ((uint64_t)pk_dex_le16(p + 2) * pk_dex_le32(p + 4) + 1) / 2;
    }
    return 1;
}

/* Tells the visitor of a reference whose index is in range. */
static inline void tell(struct walk *w, const struct pk_dex_code *code, uint32_t pc,
        enum pk_dex_ref ref, uint8_t opcode, uint32_t index)
{
    const struct pk_dex_visitor *v = w->visitor;

    switch (ref) {
    case PK_DEX_REF_STRING:
    case PK_DEX_REF_JUMBO:
        w->totals.strings_used++;
        if (v->on_string != NULL) {
            v->on_string(v->ctx, w->dex, code, pc, index);
        }
        break;
    case PK_DEX_REF_FIELD:
        if (v->on_field != NULL) {
            v->on_field(v->ctx, w->dex, code, pc, opcode, index);
        }
        break;
    case PK_DEX_REF_METHOD:
    case PK_DEX_REF_GENERIC:
        w->totals.invokes++;
        if (w->calls != NULL) {
            pk_dex_record_call(w->calls, index);
        }
        if (v->on_invoke != NULL) {
            v->on_invoke(v->ctx, w->dex, code, pc, index);
        }
        break;
    case PK_DEX_REF_SITE:
        w->totals.invokes++;
        if (v->on_call_site != NULL) {
            v->on_call_site(v->ctx, w->dex, code, pc, index);
        }
        break;
    case PK_DEX_REF_NONE:
    case PK_DEX_REF_NOP:
    case PK_DEX_REF_UNUSED:
    case PK_DEX_REF_TYPE:
    case PK_DEX_REF_HANDLE:
    case PK_DEX_REF_PROTO:
        break;
    }
}

/* Every instruction of a body, in the order of their addresses. */
static void walk_insns(struct walk *w, const struct pk_dex_code *code)
{
    const uint8_t *insns = code->insns.ptr;
    size_t count = code->insns.len / 2;
    size_t pc = 0;

    while (pc < count) {
        const uint8_t *p = insns + 2 * pc;
        uint16_t unit = pk_dex_le16(p);
        uint8_t info = pk_dex_opcodes[unit & 0xff];
        size_t width = info & PK_DEX_WIDTH_MASK;
        enum pk_dex_ref ref = info >> PK_DEX_REF_SHIFT;

        if (ref == PK_DEX_REF_NONE) {
            pc += width;
            continue;
        }
        if (ref <= PK_DEX_REF_UNUSED) {
            if (ref == PK_DEX_REF_UNUSED) {
                bad_instruction(w, code, (uint32_t)pc, unit);
                pc += width;
            } else {
                pc += nop_width(p, count - pc);
            }
            continue;
        }
        if (width > count - pc) {
            pc += width;
            break;
        }
        uint32_t index = ref == PK_DEX_REF_JUMBO ? pk_dex_le32(p + 2) : pk_dex_le16(p + 2);
        if (index < w->counts[ref]) {
            tell(w, code, (uint32_t)pc, ref, (uint8_t)unit, index);
        } else {
            bad_reference(w, code, (uint32_t)pc, index);
        }
        pc += width;
    }
    if (pc > count) {
        bad_instruction(w, code, (uint32_t)count, 0);
    }
}

/* Fills the rest of *code from the code item at its offset; without instructions when it is not there. */
static void read_code(struct walk *w, struct pk_dex_code *code)
{
    const struct pk_dex *dex = w->dex;
    const uint8_t *item = dex->file.ptr + code->offset;
    uint32_t units = 0;
    uint64_t size = 0;

    if (pk_dex_has(dex, code->offset, CODE_ITEM_SIZE)) {
        units = pk_dex_le32(item + 12);
        size = CODE_ITEM_SIZE + 2ULL * units;
    }
    if (size == 0 || !pk_dex_has(dex, code->offset, size)) {
        pk_anomaly_add(dex->anomalies, PK_ANOMALY_DEX_RANGE,
                "'%s': method %" PRIu32 ": code of %" PRIu32 " units at %" PRIu32, dex->name,
                code->method, units, code->offset);
        return;
    }
    code->registers = pk_dex_le16(item);
    code->ins = pk_dex_le16(item + 2);
    code->outs = pk_dex_le16(item + 4);
    code->tries = pk_dex_le16(item + 6);
    code->insns = pk_slice_of(item + CODE_ITEM_SIZE, 2UL * units);
    size += code->tries != 0 ? (units & 1) * 2ULL + (uint64_t)code->tries * TRY_ITEM_SIZE : 0;
    if (code->offset % 4 != 0 || !pk_dex_has(dex, code->offset, size)) {
        pk_anomaly_add(dex->anomalies, PK_ANOMALY_DEX_RANGE,
                "'%s': method %" PRIu32 ": %u try blocks of the code at %" PRIu32, dex->name,
                code->method, code->tries, code->offset);
    }
}

static void walk_method(struct walk *w, const struct pk_dex_class *cls, struct pk_dex_code *code)
{
    const struct pk_dex_visitor *v = w->visitor;

    w->totals.methods++;
    w->totals.native_methods += (code->access & ACCESS_NATIVE) != 0;
    if (code->offset != 0) {
        read_code(w, code);
        spend(w, CODE_ITEM_SIZE + code->insns.len);
    }
    if (w->spent) {
        return;
    }
    if (w->calls != NULL) {
        pk_dex_record_body(w->calls, code);
    }
    if (v->on_method != NULL) {
        v->on_method(v->ctx, w->dex, cls, code);
    }
    if (code->offset != 0) {
        w->totals.methods_with_code++;
        w->totals.code_units += code->insns.len / 2;
        walk_insns(w, code);
    }
}

/* One list of encoded fields: indexes are checked, that is all there is to them. */
static const uint8_t *walk_fields(
        struct walk *w, const uint8_t *p, const uint8_t *end, uint32_t count)
{
    uint32_t field = 0;

    for (uint32_t i = 0; i < count && p != NULL; i++) {
        uint32_t delta;
        uint32_t access;

        p = pk_dex_uleb(p, end, &delta);
        p = p != NULL ? pk_dex_uleb(p, end, &access) : NULL;
        if (p != NULL) {
            field += delta;
            if (field >= w->dex->field_count) {
                pk_anomaly_add(w->dex->anomalies, PK_ANOMALY_DEX_RANGE,
                        "'%s': a class declares field %" PRIu32, w->dex->name, field);
            }
        }
    }
    return p;
}

/* One list of encoded methods. */
static const uint8_t *walk_methods(struct walk *w, const struct pk_dex_class *cls, const uint8_t *p,
        const uint8_t *end, uint32_t count, bool direct)
{
    uint32_t method = 0;

    for (uint32_t i = 0; i < count && !w->spent; i++) {
        struct pk_dex_code code = { .direct = direct };
        uint32_t delta;

        p = pk_dex_uleb(p, end, &delta);
        p = p != NULL ? pk_dex_uleb(p, end, &code.access) : NULL;
        p = p != NULL ? pk_dex_uleb(p, end, &code.offset) : NULL;
        if (p == NULL) {
            return NULL;
        }
        method += delta;
        code.method = method;
        if (method < w->dex->method_count) {
            walk_method(w, cls, &code);
        } else {
            pk_anomaly_add(w->dex->anomalies, PK_ANOMALY_DEX_RANGE,
                    "'%s': a class declares method %" PRIu32, w->dex->name, method);
        }
    }
    return p;
}

static void walk_class_data(struct walk *w, const struct pk_dex_class *cls)
{
    const struct pk_dex *dex = w->dex;
    const uint8_t *end = dex->file.ptr + dex->file.len;
    const uint8_t *begin = dex->file.ptr + cls->class_data;
    const uint8_t *p = cls->class_data < dex->file.len ? begin : NULL;
    uint32_t sizes[4] = { 0 }; /* static fields, instance fields, direct methods, virtual methods */

    for (size_t i = 0; i < PK_COUNT(sizes) && p != NULL; i++) {
        p = pk_dex_uleb(p, end, &sizes[i]);
    }
    p = p != NULL ? walk_fields(w, p, end, sizes[0]) : NULL;
    p = p != NULL ? walk_fields(w, p, end, sizes[1]) : NULL;
    if (p != NULL) {
        spend(w,
                (uint64_t)(p -
                        begin)); /* the fields are behind us, the methods are counted below */
        begin = p;
    }
    p = p != NULL ? walk_methods(w, cls, p, end, sizes[2], true) : NULL;
    p = p != NULL ? walk_methods(w, cls, p, end, sizes[3], false) : NULL;
    if (p == NULL) {
        pk_anomaly_add(dex->anomalies, PK_ANOMALY_DEX_RANGE,
                "'%s': class %" PRIu32 ": its data at %" PRIu32 " do not end", dex->name,
                cls->index, cls->class_data);
        spend(w, (uint64_t)(end - begin));
        return;
    }
    spend(w, (uint64_t)(p - begin));
}

/* True when offset is none or inside the file; lists behind it are nobody's concern here. */
static bool is_place(const struct pk_dex *dex, uint32_t offset)
{
    return offset == 0 || offset < dex->file.len;
}

static void walk_class(struct walk *w, uint32_t index)
{
    const struct pk_dex *dex = w->dex;
    const uint8_t *def = dex->file.ptr + dex->class_defs + (size_t)index * CLASS_DEF_SIZE;
    struct pk_dex_class cls = {
        .index = index,
        .type = pk_dex_le32(def),
        .access = pk_dex_le32(def + 4),
        .super = pk_dex_le32(def + 8),
        .source_file = pk_dex_le32(def + 16),
        .class_data = pk_dex_le32(def + 24),
    };
    bool super_ok = cls.super == PK_DEX_NO_INDEX || cls.super < dex->type_count;
    bool source_ok = cls.source_file == PK_DEX_NO_INDEX || cls.source_file < dex->string_count;
    /* Interfaces, annotations and static values. */
    bool places_ok = is_place(dex, pk_dex_le32(def + 12)) && is_place(dex, pk_dex_le32(def + 20)) &&
            is_place(dex, pk_dex_le32(def + 28));

    if (cls.type >= dex->type_count || !super_ok || !source_ok || !places_ok) {
        pk_anomaly_add(dex->anomalies, PK_ANOMALY_DEX_RANGE,
                "'%s': class definition %" PRIu32 ": type %" PRIu32 ", super %" PRIu32
                ", source %" PRIu32,
                dex->name, index, cls.type, cls.super, cls.source_file);
        cls.super = super_ok ? cls.super : PK_DEX_NO_INDEX;
        cls.source_file = source_ok ? cls.source_file : PK_DEX_NO_INDEX;
    }
    if (cls.type >= dex->type_count) {
        return;
    }
    w->totals.classes++;
    if (w->visitor->on_class != NULL) {
        w->visitor->on_class(w->visitor->ctx, dex, &cls);
    }
    if (cls.class_data != 0) {
        walk_class_data(w, &cls);
    }
}

/* What a walk may read: each logical DEX of a container has its own part, which may be shared, and its
 * share of the whole, so that many headers over the same bytes do not add up. */
static uint64_t walk_budget(const struct pk_dex *dex)
{
    uint64_t budget = PK_DEX_WALK_RATIO * dex->file_size;

    if (dex->container_count > 1) {
        budget += PK_DEX_WALK_RATIO * dex->file.len / dex->container_count;
    }
    return budget;
}

void pk_dex_walk(const struct pk_dex *dex, const struct pk_dex_visitor *visitor,
        struct pk_dex_totals *totals)
{
    pk_dex_walk_calls(dex, visitor, totals, NULL);
}

void pk_dex_walk_calls(const struct pk_dex *dex, const struct pk_dex_visitor *visitor,
        struct pk_dex_totals *totals, struct pk_dex_calls *calls)
{
    static const struct pk_dex_visitor nobody = { 0 };
    struct walk w = {
        .dex = dex,
        .visitor = visitor != NULL ? visitor : &nobody,
        .calls = calls,
        .budget = walk_budget(dex),
        .counts = {
            [PK_DEX_REF_STRING] = dex->string_count,
            [PK_DEX_REF_JUMBO] = dex->string_count,
            [PK_DEX_REF_TYPE] = dex->type_count,
            [PK_DEX_REF_FIELD] = dex->field_count,
            [PK_DEX_REF_METHOD] = dex->method_count,
            [PK_DEX_REF_GENERIC] = dex->method_count,
            [PK_DEX_REF_SITE] = dex->call_site_count,
            [PK_DEX_REF_HANDLE] = dex->method_handle_count,
            [PK_DEX_REF_PROTO] = dex->proto_count,
        },
    };

    for (uint32_t i = 0; i < dex->class_count && !w.spent; i++) {
        walk_class(&w, i);
    }
    if (calls != NULL && calls->body_count > 0) {
        calls->bodies[calls->body_count].first = (uint32_t)calls->callee_count;
    }
    if (totals != NULL) {
        *totals = w.totals;
    }
}
