#include "intel/kind.h"

#include <string.h>

#include "base/error.h"

static const char *const kinds[] = {
#define ROW(id, name) name,
    PK_INTEL_KINDS(ROW)
#undef ROW
};

static const char *const categories[] = {
#define ROW(id, name) name,
    PK_INTEL_CATEGORIES(ROW)
#undef ROW
};

static int place(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

const char *pk_intel_kind_name(int kind)
{
    return kind >= 0 && kind < PK_INTEL_KIND_COUNT ? kinds[kind] : "";
}

const char *pk_intel_category_name(int category)
{
    return category > 0 && category < PK_INTEL_CATEGORY_COUNT ? categories[category] : NULL;
}

int pk_intel_kind_of(const char *name)
{
    return place(kinds, PK_COUNT(kinds), name);
}

int pk_intel_category_of(const char *name)
{
    return place(categories, PK_COUNT(categories), name);
}
