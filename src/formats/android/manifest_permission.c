#include "formats/android/manifest_permission.h"

#include "formats/limits.h"

#define SLOTS 4096UL /* a power of two, twice PK_PERMISSIONS_MAX */
/* Elements that are looked at: names may be made to collide, so each one can cost a walk. */
#define SEEN_MAX (10 * PK_PERMISSIONS_MAX)

_Static_assert(SLOTS > PK_PERMISSIONS_MAX, "the set of names never fills up");

/* What an old app gets more of when it asks for one of these by <uses-permission>. */
enum asked {
    ASKED_WRITE_STORAGE = 1U << 0,
    ASKED_READ_CONTACTS = 1U << 1,
    ASKED_WRITE_CONTACTS = 1U << 2,
};

int pk_manifest_permissions_init(struct pk_manifest_permissions *p, struct pk_manifest_lists *lists)
{
    *p = (struct pk_manifest_permissions){
        .lists = lists,
        .names = pk_arena_alloc(lists->arena, SLOTS, sizeof(*p->names)),
    };
    return p->names != NULL ? PK_OK : PK_ENOMEM;
}

static const char **slot_of(struct pk_manifest_permissions *p, const char *name)
{
    uint32_t hash = 2166136261U; /* FNV-1a */
    size_t i;

    for (const char *c = name; *c != '\0'; c++) {
        hash = (hash ^ (uint8_t)*c) * 16777619U;
    }
    i = hash % SLOTS;
    while (p->names[i] != NULL && strcmp(p->names[i], name) != 0) {
        i = (i + 1) % SLOTS;
    }
    return &p->names[i];
}

/* True when it is new. */
static bool add(struct pk_manifest_permissions *p, const char *name)
{
    const char **slot = slot_of(p, name);

    if (*slot != NULL) {
        return false;
    }
    if (p->all.count >= PK_PERMISSIONS_MAX) {
        pk_anomaly_add(p->lists->anomalies, PK_ANOMALY_LIMIT_MANIFEST, "more than %lu permissions",
                PK_PERMISSIONS_MAX);
        return false;
    }
    *slot = name;
    pk_manifest_add_text(p->lists, &p->all, name);
    return true;
}

static void note_asked(struct pk_manifest_permissions *p, const char *name)
{
    static const struct {
        const char *name;
        unsigned asked;
    } rows[] = {
        { "android.permission.WRITE_EXTERNAL_STORAGE", ASKED_WRITE_STORAGE },
        { "android.permission.READ_CONTACTS", ASKED_READ_CONTACTS },
        { "android.permission.WRITE_CONTACTS", ASKED_WRITE_CONTACTS },
    };

    for (size_t i = 0; i < PK_COUNT(rows); i++) {
        if (strcmp(name, rows[i].name) == 0) {
            p->asked |= rows[i].asked;
        }
    }
}

void pk_manifest_ask(struct pk_manifest_permissions *p, const char *name, bool sdk_23)
{
    if (name == NULL || name[0] == '\0') {
        return;
    }
    if (p->seen >= SEEN_MAX) {
        pk_anomaly_add(p->lists->anomalies, PK_ANOMALY_LIMIT_MANIFEST,
                "more than %lu requests for permissions", SEEN_MAX);
        return;
    }
    p->seen++;
    if (!sdk_23) {
        note_asked(p, name);
    }
    (void)add(p, name);
}

static void imply(struct pk_manifest_permissions *p, const char *name)
{
    if (add(p, name)) {
        pk_manifest_add_text(p->lists, &p->implied, name);
    }
}

void pk_manifest_imply(struct pk_manifest_permissions *p, int64_t target)
{
    if (target < 4) {
        imply(p, "android.permission.WRITE_EXTERNAL_STORAGE");
        imply(p, "android.permission.READ_PHONE_STATE");
        p->asked |= ASKED_WRITE_STORAGE;
    }
    if ((p->asked & ASKED_WRITE_STORAGE) != 0) {
        imply(p, "android.permission.READ_EXTERNAL_STORAGE");
    }
    if (target < 16 && (p->asked & ASKED_READ_CONTACTS) != 0) {
        imply(p, "android.permission.READ_CALL_LOG");
    }
    if (target < 16 && (p->asked & ASKED_WRITE_CONTACTS) != 0) {
        imply(p, "android.permission.WRITE_CALL_LOG");
    }
}
