#include "agent/crowd_store.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/crowd_vouch.h"
#include "base/file.h"
#include "base/sign.h"
#include "crowd/share.h"

#define FOLDER   "crowd"
#define KEY_FILE "key.der"
#define HEARD    "heard"
#define HOUR_S   INT64_C(3600)
#define KEY_MAX  4096

/* A filter as its file lies in memory; its pages come when they are asked for. */
struct held {
    struct pk_slice bytes; /* ptr NULL: none */
    struct pk_filter16 filter;
};

struct pk_crowd_store {
    char dir[PATH_MAX];
    char *ca_file;
    uint8_t secret[64];
    size_t secret_len;
    bool has_key;
    uint8_t key[PK_SIGN_KEY_SIZE];
    struct held held[PK_SHARE_CLASSES];
    struct pk_heard_list heard;
};

static void path_of(const struct pk_crowd_store *s, const char *name, char out[PATH_MAX])
{
    if (snprintf(out, PATH_MAX, "%s/%s", s->dir, name) >= PATH_MAX) {
        out[0] = '\0';
    }
}

static void filter_path(
        const struct pk_crowd_store *s, enum pk_share_class class, char out[PATH_MAX])
{
    char name[32];

    (void)snprintf(name, sizeof(name), "%s.filter", pk_share_class_names[class]);
    path_of(s, name, out);
}

/* ---- reading the folder -------------------------------------------------------------------------- */

static void let_go(struct held *held)
{
    if (held->bytes.ptr != NULL) {
        (void)munmap((void *)held->bytes.ptr, held->bytes.len);
    }
    *held = (struct held){ .bytes = { 0 } };
}

static int map_file(const char *path, struct pk_slice *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat st;
    void *at = MAP_FAILED;

    if (fd < 0) {
        return -errno;
    }
    if (fstat(fd, &st) == 0 && st.st_size > 0 &&
            (size_t)st.st_size <= PK_FILTER16_MAX + PK_FILTER16_HEAD + PK_SIGN_SIZE) {
        at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    }
    (void)close(fd);
    if (at == MAP_FAILED) {
        return PK_EIO;
    }
    *out = pk_slice_of(at, (size_t)st.st_size);
    return PK_OK;
}

static int load_filter(struct pk_crowd_store *s, enum pk_share_class class)
{
    struct held fresh = { .bytes = { 0 } };
    char path[PATH_MAX];
    int rc;

    filter_path(s, class, path);
    rc = map_file(path, &fresh.bytes);
    if (rc == PK_OK) {
        rc = pk_sign_ends(s->key, fresh.bytes) ? pk_filter16_read(fresh.bytes, &fresh.filter)
                                               : PK_ECRYPTO;
    }
    if (rc == PK_OK && fresh.filter.class != class) {
        rc = PK_EMALF;
    }
    if (rc < 0) {
        let_go(&fresh);
        return rc;
    }
    let_go(&s->held[class]);
    s->held[class] = fresh;
    return PK_OK;
}

static void load_key(struct pk_crowd_store *s)
{
    struct pk_buffer der = pk_buffer_of(KEY_MAX);
    char path[PATH_MAX];

    path_of(s, KEY_FILE, path);
    s->has_key = pk_file_read(path, &der, NULL) == PK_OK &&
            pk_crowd_vouch(pk_buffer_slice(&der), s->ca_file, 0, s->key, NULL) == PK_OK;
    pk_buffer_finish(&der);
}

static void load_heard(struct pk_crowd_store *s)
{
    struct pk_buffer bytes = pk_buffer_of(PK_HEARD_FILE);
    char path[PATH_MAX];

    path_of(s, HEARD, path);
    if (pk_file_read(path, &bytes, NULL) == PK_OK) {
        (void)!pk_heard_read(pk_buffer_slice(&bytes), &s->heard);
    }
    pk_buffer_finish(&bytes);
}

int pk_crowd_store_open(const char *state_dir, struct pk_slice secret, const char *ca_file,
        struct pk_crowd_store **out, struct pk_error *err)
{
    struct pk_crowd_store *s = calloc(1, sizeof(*s));

    if (s == NULL || snprintf(s->dir, sizeof(s->dir), "%s/" FOLDER, state_dir) >= PATH_MAX - 64) {
        free(s);
        return pk_error_set(err, PK_ENOMEM, "out of memory");
    }
    s->ca_file = ca_file != NULL ? strdup(ca_file) : NULL;
    s->secret_len = secret.len < sizeof(s->secret) ? secret.len : sizeof(s->secret);
    if (s->secret_len > 0) {
        memcpy(s->secret, secret.ptr, s->secret_len);
    }
    load_key(s);
    for (int c = 0; s->has_key && c < PK_SHARE_CLASSES; c++) {
        (void)!load_filter(s, (enum pk_share_class)c);
    }
    load_heard(s);
    *out = s;
    return PK_OK;
}

void pk_crowd_store_close(struct pk_crowd_store *store)
{
    if (store == NULL) {
        return;
    }
    for (int c = 0; c < PK_SHARE_CLASSES; c++) {
        let_go(&store->held[c]);
    }
    pk_heard_finish(&store->heard);
    free(store->ca_file);
    free(store);
}

/* ---- what is here -------------------------------------------------------------------------------- */

const struct pk_filter16 *pk_crowd_store_filter(
        const struct pk_crowd_store *store, enum pk_share_class class)
{
    return store->held[class].bytes.ptr != NULL ? &store->held[class].filter : NULL;
}

bool pk_crowd_store_has_key(const struct pk_crowd_store *store)
{
    return store->has_key;
}

bool pk_crowd_store_place(
        const struct pk_crowd_store *store, unsigned classes, uint32_t *epoch, uint64_t *seq)
{
    uint64_t base = UINT64_MAX;
    uint32_t number = 0;

    for (int c = 0; c < PK_SHARE_CLASSES; c++) {
        const struct pk_filter16 *filter = pk_crowd_store_filter(store, (enum pk_share_class)c);

        if ((classes & 1U << c) == 0) {
            continue;
        }
        if (filter == NULL || (number != 0 && filter->epoch != number)) {
            return false;
        }
        number = filter->epoch;
        base = filter->base < base ? filter->base : base;
    }
    if (number == 0) {
        return false;
    }
    *epoch = number;
    *seq = store->heard.epoch == number && store->heard.seq > base ? store->heard.seq : base;
    return true;
}

/* ---- taking -------------------------------------------------------------------------------------- */

static int write_file(
        struct pk_crowd_store *s, const char *path, struct pk_slice bytes, struct pk_error *err)
{
    int rc = pk_file_mkdirs(s->dir, 0700, err);

    return rc < 0 ? rc : pk_file_write(path, bytes, 0600, err);
}

static int save_heard(struct pk_crowd_store *s, struct pk_error *err)
{
    struct pk_buffer bytes = pk_buffer_of(PK_HEARD_FILE);
    char path[PATH_MAX];
    int rc = pk_heard_write(&s->heard, &bytes);

    path_of(s, HEARD, path);
    rc = rc < 0 ? pk_error_set(err, rc, "out of memory")
                : write_file(s, path, pk_buffer_slice(&bytes), err);
    pk_buffer_finish(&bytes);
    return rc;
}

int pk_crowd_store_take_key(
        struct pk_crowd_store *store, struct pk_slice der, int64_t now_ms, struct pk_error *err)
{
    uint8_t key[PK_SIGN_KEY_SIZE];
    char path[PATH_MAX];
    int rc = pk_crowd_vouch(der, store->ca_file, now_ms, key, err);

    path_of(store, KEY_FILE, path);
    if (rc == PK_OK) {
        rc = write_file(store, path, der, err);
    }
    if (rc == PK_OK) {
        memcpy(store->key, key, sizeof(key));
        store->has_key = true;
    }
    return rc;
}

static int check_signature(
        const struct pk_crowd_store *s, struct pk_slice bytes, struct pk_error *err)
{
    return s->has_key && pk_sign_ends(s->key, bytes)
            ? PK_OK
            : pk_error_set(err, PK_ECRYPTO, "the crowd's words carry no signature of the server");
}

struct sweep {
    uint64_t base;
    enum pk_share_class class;
    bool whole; /* nothing was missed before the base */
};

/* Who heard every word up to the base keeps what is bad, with its evidence; a gap may hide withdrawals, so
 * then the base alone counts, and what it says is confirmed anew. */
static bool keep(void *ctx, const struct pk_heard *heard)
{
    const struct sweep *s = ctx;

    return pk_share_class_of((enum pk_crowd_kind)heard->kind) != s->class || heard->seq > s->base ||
            (s->whole && heard->bad);
}

static void follow_base(struct pk_crowd_store *s, enum pk_share_class class, int64_t now_s)
{
    const struct pk_filter16 *filter = &s->held[class].filter;
    struct sweep sweep = { .base = filter->base, .class = class };

    if (s->heard.epoch != filter->epoch) {
        s->heard.count = 0;
        s->heard.epoch = filter->epoch;
        s->heard.seq = filter->base;
    }
    sweep.whole = s->heard.seq >= filter->base;
    pk_heard_sweep(&s->heard, now_s, keep, &sweep);
}

int pk_crowd_store_take_filter(struct pk_crowd_store *store, struct pk_slice bytes,
        enum pk_share_class class, int64_t now_s, struct pk_error *err)
{
    const struct pk_filter16 *old = pk_crowd_store_filter(store, class);
    struct pk_filter16 filter;
    char path[PATH_MAX];
    int rc = check_signature(store, bytes, err);

    if (rc < 0) {
        return rc;
    }
    rc = pk_filter16_read(bytes, &filter);
    if (rc < 0 || filter.class != class) {
        return pk_error_set(err, rc < 0 ? rc : PK_EMALF, "the filter cannot be read");
    }
    if (old != NULL &&
            (filter.epoch < old->epoch || filter.base < old->base || filter.made_s < old->made_s)) {
        return pk_error_set(err, PK_EEXIST, "the filter is older than the one that is here");
    }
    filter_path(store, class, path);
    rc = write_file(store, path, bytes, err);
    if (rc == PK_OK) {
        rc = load_filter(store, class);
    }
    if (rc < 0) {
        return rc;
    }
    follow_base(store, class, now_s);
    return save_heard(store, err);
}

struct taking {
    struct pk_crowd_store *store;
    int64_t now_s;
    uint64_t after; /* up to here it was heard */
    int rc;
};

static void take_delta(void *ctx, const struct pk_delta *delta)
{
    struct taking *t = ctx;
    const struct pk_heard heard = {
        .seq = delta->seq,
        .print40 = delta->print40,
        .heard_s = t->now_s,
        .until_s = t->now_s + HOUR_S * (delta->bad ? delta->ttl_hours : PK_SHARE_QUIET_H),
        .since_h = delta->bad ? (uint32_t)(t->now_s / HOUR_S) : 0,
        .score = delta->score,
        .cause = PK_PREFIX_NO_CAUSE,
        .kind = (uint8_t)delta->kind,
        .bad = delta->bad,
    };

    if (delta->seq > t->after && t->rc == PK_OK) {
        t->rc = pk_heard_put(&t->store->heard, &heard);
    }
}

int pk_crowd_store_take_batch(struct pk_crowd_store *store, struct pk_slice bytes, int64_t now_s,
        struct pk_delta_head *head, struct pk_error *err)
{
    struct taking t = { .store = store, .now_s = now_s };
    struct pk_delta_head said = { 0 };
    uint32_t epoch = 0;
    int rc = check_signature(store, bytes, err);

    rc = rc < 0 ? rc : pk_delta_read(bytes, &said, NULL, NULL);
    if (rc < 0) {
        return rc == PK_ECRYPTO ? rc : pk_error_set(err, rc, "the crowd's words cannot be read");
    }
    if (head != NULL) {
        *head = said;
    }
    if (!pk_crowd_store_place(store, 1U << PK_SHARE_NETWORK, &epoch, &t.after) ||
            said.epoch != epoch || said.base > t.after) {
        return pk_error_set(err, PK_ENOENT, "something that was said before was not heard");
    }
    if (said.last <= t.after) {
        return pk_error_set(err, PK_EEXIST, "it was heard before");
    }
    (void)!pk_delta_read(bytes, &said, take_delta, &t);
    if (t.rc < 0) {
        return pk_error_set(err, t.rc, "out of memory");
    }
    store->heard.epoch = epoch;
    store->heard.seq = said.last;
    return save_heard(store, err);
}

struct looking {
    uint64_t print;
    bool there;
    struct pk_prefix_thing thing;
};

static void look(void *ctx, const struct pk_prefix_thing *thing)
{
    struct looking *l = ctx;

    if (thing->print == l->print) {
        l->there = true;
        l->thing = *thing;
    }
}

static uint64_t print_of(
        const struct pk_crowd_store *s, uint32_t epoch, const struct pk_crowd_key *thing)
{
    struct pk_print_key key;

    pk_print_key_of(pk_slice_of(s->secret, s->secret_len), epoch, &key);
    return pk_print_of(&key, thing);
}

int pk_crowd_store_take_answer(struct pk_crowd_store *store, struct pk_slice bytes,
        const struct pk_crowd_key *thing, int64_t now_s, struct pk_error *err)
{
    struct looking l = { 0 };
    struct pk_prefix_head head = { 0 };
    struct pk_heard heard;
    uint32_t epoch = 0;
    uint64_t seq = 0;
    int rc = check_signature(store, bytes, err);

    if (rc < 0) {
        return rc;
    }
    rc = pk_prefix_read(bytes, &head, NULL, NULL);
    if (rc < 0) {
        return pk_error_set(err, rc, "the second stage's answer cannot be read");
    }
    l.print = print_of(store, head.epoch, thing);
    if (!pk_crowd_store_place(store, 1U << PK_SHARE_NETWORK, &epoch, &seq) || head.epoch != epoch ||
            head.class != pk_share_class_of(thing->kind) ||
            pk_prefix_of(l.print, head.bits) != head.prefix) {
        return pk_error_set(err, PK_EMALF, "the second stage answers another question");
    }
    if (head.seq < seq) {
        return pk_error_set(err, PK_EEXIST, "the second stage's answer is old");
    }
    (void)!pk_prefix_read(bytes, &head, look, &l);
    heard = (struct pk_heard){
        .seq = head.seq,
        .print40 = pk_print_40(l.print),
        .heard_s = now_s,
        .until_s = now_s + HOUR_S * (l.there ? l.thing.ttl_hours : PK_SHARE_QUIET_H),
        .since_h = l.thing.since_h,
        .devices = l.thing.devices,
        .groups = l.thing.groups,
        .score = l.thing.score,
        .cause = l.there ? l.thing.cause : PK_PREFIX_NO_CAUSE,
        .kind = (uint8_t)thing->kind,
        .bad = l.there,
    };
    store->heard.epoch = epoch;
    store->heard.seq = store->heard.seq < seq ? seq : store->heard.seq;
    rc = pk_heard_put(&store->heard, &heard);
    return rc < 0 ? pk_error_set(err, rc, "out of memory") : save_heard(store, err);
}

/* ---- asking -------------------------------------------------------------------------------------- */

void pk_crowd_store_ask(const struct pk_crowd_store *store, const struct pk_crowd_key *thing,
        int64_t now_s, struct pk_crowd_verdict *out)
{
    const struct pk_filter16 *filter = pk_crowd_store_filter(store, pk_share_class_of(thing->kind));
    const struct pk_heard *heard;
    uint64_t print;

    *out = (struct pk_crowd_verdict){ .said = PK_CROWD_NOTHING };
    if (filter == NULL) {
        return;
    }
    out->made_s = filter->made_s;
    print = print_of(store, filter->epoch, thing);
    heard = store->heard.epoch == filter->epoch
            ? pk_heard_find(&store->heard, thing->kind, print, now_s)
            : NULL;
    if (heard != NULL) {
        out->heard = *heard;
        out->said = heard->bad ? PK_CROWD_BAD : PK_CROWD_NOTHING;
    } else if (filter->until_s > now_s && pk_filter16_maybe(filter, print)) {
        out->said = PK_CROWD_MAYBE;
    }
}

int pk_crowd_store_question(const struct pk_crowd_store *store, const struct pk_crowd_key *thing,
        char *out, size_t size)
{
    enum pk_share_class class = pk_share_class_of(thing->kind);
    const struct pk_filter16 *filter = pk_crowd_store_filter(store, class);
    unsigned bits;
    int len;

    if (filter == NULL) {
        return PK_ENOENT;
    }
    bits = pk_prefix_bits(filter->fuse.count);
    len = snprintf(out, size, "class=%s&epoch=%u&bits=%u&prefix=%08x", pk_share_class_names[class],
            filter->epoch, bits, pk_prefix_of(print_of(store, filter->epoch, thing), bits));
    return len > 0 && (size_t)len < size ? PK_OK : PK_EBOUNDS;
}
